#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A generic application is created, extended, moved, changed and deleted with lkcli, on two real nodes.
# shellcheck disable=SC2016	# single quotes are meant

load lab
load service

setup_file() {
	lab_or_skip
	service_up 2
	local node
	for node in alpha beta; do
		lab sh "$node" 'cd "$LKROOT" && mkdir etc/my &&
			for a in start stop; do printf "#!/bin/sh\necho $a >>\$LKROOT/tmp/my\n" >etc/my/$a; chmod 755 etc/my/$a; done'
	done
}

teardown_file() {
	lab down
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs
}

my() {	# NODE: what the scripts there did
	paste -sd ' ' "$(lab root "$1")/tmp/my" 2>/dev/null
}

instances() {	# NODE
	on "$1" ins_list -a gen -r app -f: | cut -d: -f4,7 | sort | paste -sd ' '
}

# Nothing of the kit is there, and no flag.
gone_from() {	# NODE
	[ -z "$(instances "$1")" ] && [ -z "$(on "$1" eqv_list -t my)" ] && [ -z "$(on "$1" flg_list)" ]
}

create() {
	lab sh alpha 'lkcli resource create app --tag my --restore "$LKROOT/etc/my/start" --remove "$LKROOT/etc/my/stop"'
}

@test "an application is created, extended, moved, changed, and deleted" {
	create
	[ "$(instances alpha) $(my alpha)" = 'my:ISP start' ]
	on alpha lkcli resource extend --tag my --dest beta
	[ "$(instances beta)" = my:OSU ]
	on alpha lkcli resource in-service --tag my --dest beta
	[ "$(instances alpha) $(instances beta)" = 'my:OSU my:ISP' ]
	[ "$(my alpha) $(my beta)" = 'start stop start' ]
	on alpha lkcli resource set-priority --tag my --priority alpha=10 --priority beta=1
	[ "$(on alpha eqv_list -t my -f:) $(on beta eqv_list -t my -f:)" = \
		'alpha:my:beta:my:SHARED:10:1 beta:my:alpha:my:SHARED:1:10' ]
	on alpha lkcli simulate node-failure beta | grep -qE '^my +alpha +RESTORE '
	on alpha lkwhy my | grep -q ' beta .*restore'
	run on alpha lkcli resource unextend --tag my --dest beta
	[ "$status" -eq 8 ]
	on beta lkcli resource in-service --tag my --dest alpha
	on alpha lkcli resource unextend --tag my --dest beta
	gone_from beta
	on alpha lkcli resource delete --tag my
	gone_from alpha
}

@test "an extension whose programs are all killed is completed by running it again" {
	create
	lab sh alpha 'cd "$LKROOT" && sed -i "2i echo \$\$ >\"\$LKROOT/tmp/pid\"; mv \"\$LKROOT/tmp/pid\" \"\$LKROOT/tmp/here\"; exec sleep 60" lkadm/subsys/gen/app/bin/extend'
	lab spawn alpha sh -c 'echo $$ >"$LKROOT/tmp/cli"; exec lkcli resource extend --tag my --dest beta'
	wait_until 20 test -e "$(lab root alpha)/tmp/here"
	on beta ins_create -a gen -r app -t my -i my
	lab sh alpha 'cd "$LKROOT" && kill -KILL $(cat tmp/cli tmp/here); sed -i 2d lkadm/subsys/gen/app/bin/extend'
	wait_until 20 lab sh alpha '! kill -0 $(cat "$LKROOT/tmp/here") 2>/dev/null'
	on alpha lkcli resource extend --tag my --dest beta
	[ "$(instances beta) $(on beta eqv_list -t my -f:)" = 'my:OSU beta:my:alpha:my:SHARED:10:1' ]
	[ -z "$(on alpha flg_list)" ]
	on alpha lkcli resource delete --tag my
}
