#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# lkcli resource, dependency, server and simulate, on alpha with beta and gamma as further trees.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154	# single quotes are meant; each test has its own LKROOT

load ../kit/standard
load ../helpers/far

setup() {
	local name
	kit_tree gen/app
	export FAKELCM_STATUS=' '
	far beta gamma
	for name in beta gamma; do
		lk_install "$FAR/$name"
		kit_install "$FAR/$name" gen/app
		on "$name" app_create -a gen
		on "$name" typ_create -a gen -r app
	done
	own=$BATS_TEST_TMPDIR/own
	mkdir "$own"
	own restore 'echo "$(lcduname) restore $2" >>"$J"'
	own remove 'echo "$(lcduname) remove $2" >>"$J"'
}

teardown() {
	far_end
}

own() {	# NAME TEXT
	printf '#!/bin/sh\n%s\n' "$2" >"$own/$1"
	chmod 755 "$own/$1"
}

create() {	# TAG [OPTION]...
	local tag=$1
	shift
	lkcli resource create app --tag "$tag" --restore "$own/restore" --remove "$own/remove" "$@"
}

# web needs db, on the systems given besides alpha, out of service.
hierarchy() {	# SYSTEM...
	local system
	create db --inservice N
	create web --inservice N
	lkcli dependency create --parent web --child db
	for system; do
		lkcli resource extend --tag web --dest "$system"
	done
} >/dev/null

# TAG=STATE of a system
states() {	# SYSTEM
	ins_list -d "$1" -f: | cut -d: -f4,7 | tr : = | sort | paste -sd ' '
}

nothing_left() {	# SYSTEM: no instance, dependency, equivalency or flag
	local command
	for command in ins_list dep_list eqv_list flg_list; do
		[ -z "$("$command" -d "$1")" ] || { "$command" -d "$1" -f: 2>/dev/null || flg_list -d "$1"; return 1; }
	done
}

@test "create makes a resource, brings it into service and says what comes next" {
	expect 0 create db
	lines_are 'Created db of type gen/app on alpha: ISP.' 'Next: lkcli resource extend --tag db --dest SYSTEM'
	[ "$(states alpha)" = db=ISP ]
	[ "$(cat "$J")" = 'alpha restore db' ]
	expect 0 flg_list
	lines_are
	expect 4 create db
	says 'there is a resource db already'
	expect 0 lkcli resource create gen/app --tag=web --restore="$own/restore" --remove "$own/remove" --inservice N
	[ "$(states alpha)" = 'db=ISP web=OSU' ]
}

@test "create refuses what is missing or unknown, and a failed one leaves nothing behind" {
	expect 2 lkcli resource create
	says 'argument kit is missing'
	expect 7 lkcli resource create nosuch --tag x
	says 'there is no kit "nosuch" here, but: gen/app'
	expect 2 lkcli resource create app --restore x
	says 'option --tag is missing'
	expect 1 lkcli resource create app --tag x --nosuch y
	own restore 'exit 1'
	expect 1 create db
	says 'db was not created'
	nothing_left alpha
}

@test "create --dry-run prints the kit's program and makes nothing" {
	expect 0 create db --dry-run
	[ "${lines[0]}" = '# db of type gen/app, on alpha, and in service at once' ]
	[[ ${lines[1]} == *"/lkadm/subsys/gen/app/bin/create --tag db --restore $own/restore --remove $own/remove" ]]
	nothing_left alpha
}

@test "a create that is interrupted leaves nothing behind" {
	local pid
	own restore ': >"$J"; sleep 60'
	rm "$J"
	lkcli resource create app --tag db --restore "$own/restore" --remove "$own/remove" >/dev/null 2>&1 3>&- &
	pid=$!
	wait_until 20 test -e "$J"
	kill "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 1 ]
	nothing_left alpha
}

@test "extend takes the whole hierarchy, with all its roots, children first" {
	hierarchy
	create other --inservice N >/dev/null
	lkcli dependency create --parent other --child db
	expect 0 lkcli resource extend --tag web --dest beta
	[ "${lines[0]}" = 'Extended to beta, with priority 10: db other web' ]
	[ "$(states beta)" = 'db=OSU other=OSU web=OSU' ]
	[ "$(dep_list -d beta -f: | sort | paste -sd ' ')" = 'other:db web:db' ]
	[ "$(eqv_list -f: -t db)" = alpha:db:beta:db:SHARED:1:10 ]
	[ "$(eqv_list -d beta -f: -t db)" = beta:db:alpha:db:SHARED:10:1 ]
	expect 0 lkcli resource extend --tag db --dest beta
	lines_are 'db is extended to beta already.'
	expect 0 lkcli resource extend --tag db --dest gamma
	[ "${lines[0]}" = 'Extended to gamma, with priority 20: db other web' ]
	[ "$(eqv_list -d beta -f: -t web -s gamma)" = beta:web:gamma:web:SHARED:10:20 ]
	expect 0 flg_list
	lines_are
}

@test "extend checks all of it before it begins" {
	hierarchy
	expect 7 lkcli resource extend --tag nosuch --dest beta
	expect 7 lkcli resource extend --tag web --dest nosuch
	expect 5 lkcli resource extend --tag web --dest alpha
	expect 5 lkcli resource extend --tag web --dest beta --priority 1000
	expect 2 lkcli resource extend --tag web
	on beta ins_create -a gen -r app -t web -i web
	expect 4 lkcli resource extend --tag web --dest beta
	says 'web cannot be extended to beta: nothing was changed'
	on beta ins_remove -t web
	nothing_left beta
}

@test "extend --dry-run prints what would be made, in which order, and why" {
	hierarchy
	expect 0 lkcli --dry-run resource extend --tag web --dest beta --priority 7
	[ "${lines[0]}" = '# db, which is part of the hierarchy of web, from alpha to beta' ]
	[[ ${lines[1]} == *'/bin/extend --tag db --target beta --priority 7' ]]
	[[ ${lines[3]} == *'/bin/extend --tag web --target beta --priority 7' ]]
	nothing_left beta
}

# The kit's extend of one tag does this first.
extend_does() {	# TAG TEXT
	local file=$LKROOT/lkadm/subsys/gen/app/bin/extend
	sed -i "2i case \" \$* \" in *' --tag $1 '*) $2 ;; esac" "$file"
}

@test "an extension that fails leaves nothing behind on either side" {
	hierarchy
	extend_does web 'exit 1'
	expect 1 lkcli resource extend --tag web --dest beta
	says 'web is not extended to beta: what had been made was taken back'
	nothing_left beta
	[ -z "$(eqv_list)" ]
	[ -z "$(flg_list)" ]
}

@test "an extension that is cancelled leaves nothing behind on either side" {
	local pid signal
	hierarchy
	extend_does web ': >"$LKROOT/here"; exec sleep 60'
	for signal in TERM INT HUP; do
		rm -f "$LKROOT/here"
		env --default-signal=INT,TERM,HUP lkcli resource extend --tag web --dest beta >/dev/null 2>&1 3>&- &
		pid=$!
		wait_until 20 test -e "$LKROOT/here"
		kill -s "$signal" "$pid"
		status=0
		wait "$pid" || status=$?
		[ "$status" -eq 1 ]
		nothing_left beta
		[ -z "$(eqv_list)" ]
		[ -z "$(flg_list)" ]
	done
}

@test "an extension that was killed is completed by running it again" {
	local pid
	hierarchy
	extend_does web 'echo $$ >"$LKROOT/pid"; mv "$LKROOT/pid" "$LKROOT/here"; exec sleep 60'
	lkcli resource extend --tag web --dest beta >/dev/null 2>&1 3>&- &
	pid=$!
	wait_until 20 test -e "$LKROOT/here"
	kill -KILL "$pid"
	status=0
	wait "$pid" || status=$?
	kill -KILL "$(cat "$LKROOT/here")"
	sed -i 2d "$LKROOT/lkadm/subsys/gen/app/bin/extend"
	[ "$(flg_list | grep -c '!extend!beta!')" -eq 2 ]
	expect 0 lkcli resource extend --tag web --dest beta
	says 'an extension to beta was interrupted: it is taken back'
	[ "$(states beta)" = 'db=OSU web=OSU' ]
	[ -z "$(flg_list)" ]
}

@test "in-service moves the hierarchy, and says before what it would do" {
	hierarchy beta
	expect 0 lkcli resource in-service --tag web
	lines_are 'web is in service on alpha.'
	expect 0 lkcli resource in-service --tag web --dest beta --dry-run
	[ "${lines[0]}" = "lcdremexec -e -d beta -t 604800 -- 'perform_action -t web -a restore'" ]
	[ "$(printf '%s\n' "${lines[@]:1}")" = "$(printf '%s\n' 'alpha remove web: beta wants it' \
		'alpha remove db: beta wants it' 'beta restore db: what was asked for needs it' 'beta restore web: asked for')" ]
	[ "$(states alpha)" = 'db=ISP web=ISP' ]
	expect 0 lkcli resource in-service --tag web --dest beta
	lines_are 'web is in service on beta.'
	[ "$(states alpha) $(states beta)" = 'db=OSU web=OSU db=ISP web=ISP' ]
	expect 7 lkcli resource in-service --tag web --dest gamma
	says 'web is not on gamma'
	expect 0 lkcli resource out-of-service --tag db
	lines_are 'db and what depends on it are out of service on beta.'
	expect 0 lkcli resource out-of-service --tag db
	lines_are 'db is out of service already.'
}

@test "list shows state and priority on every system" {
	hierarchy beta
	expect 0 lkcli resource list
	[[ ${lines[1]} =~ ^db\ +alpha\ +gen/app\ +OSU\ +1\  ]]
	[[ ${lines[2]} =~ ^db\ +beta\ +gen/app\ +OSU\ +10\  ]]
	expect 0 lkcli resource list -J --tag web
	[ "$(jq -r '.[] | .system + (.priority | tostring)' <<<"$output")" = $'alpha1\nbeta10' ]
	expect 7 lkcli resource list --tag nosuch
}

@test "unextend and delete" {
	hierarchy beta gamma
	lkcli resource in-service --tag web --dest beta
	expect 8 lkcli resource unextend --tag web --dest beta
	says 'in service on beta'
	expect 0 lkcli resource unextend --tag db --dest gamma
	lines_are 'Removed from gamma: web db'
	nothing_left gamma
	expect 7 lkcli resource unextend --tag db --dest gamma
	expect 0 lkcli resource unextend --tag db --dest alpha
	lines_are 'Removed from alpha: web db'
	nothing_left alpha
	[ -z "$(eqv_list -d beta)" ]
	expect 7 lkcli resource delete --tag web
	expect 0 on beta lkcli resource delete --tag web --dry-run
	[ "${lines[0]} ${lines[1]}" = 'lcdrecover -g delete # web, from: beta ' ]
	expect 0 on beta lkcli resource delete --tag db
	lines_are 'Deleted on all systems: web db' 'What was in service goes on running, unprotected: web on beta db on beta'
	nothing_left beta
}

@test "delete stops at what something else needs" {
	hierarchy beta
	create ip --inservice N >/dev/null
	create other --inservice N >/dev/null
	lkcli resource extend --tag ip --dest beta
	lkcli resource extend --tag other --dest beta
	lkcli dependency create --parent web --child ip
	lkcli dependency create --parent other --child ip
	expect 0 lkcli resource delete --tag web
	lines_are 'Deleted on all systems: web db'
	[ "$(states beta)" = 'ip=OSU other=OSU' ]
}

priorities() {	# SYSTEM
	hry_setpri -d "$1" -l -f: -t web,db | sort | paste -sd ' '
}

@test "set-priority changes all resources in all databases, also when systems swap" {
	hierarchy beta gamma
	expect 0 lkcli resource set-priority --tag db --priority alpha=10 --priority beta=1
	lines_are 'Priorities of web on all systems: beta=1 alpha=10 gamma=20'
	local system
	for system in alpha beta gamma; do
		[ "$system" = gamma ] || [[ "$(priorities "$system")" == *web:alpha:10*web:beta:1* ]]
		expect 0 lcdcheck -d "$system"
	done
	[ "$(eqv_list -d gamma -f: -t db | cut -d: -f3,6,7 | sort | paste -sd ' ')" = 'alpha:20:10 beta:20:1' ]
	expect 5 lkcli resource set-priority --tag db --priority alpha=0
	expect 5 lkcli resource set-priority --tag db --priority alpha=1000
	expect 5 lkcli resource set-priority --tag db --priority alpha=1
	says 'two systems would have priority 1'
	expect 5 lkcli resource set-priority --tag db --priority alpha
	expect 7 lkcli resource set-priority --tag db --priority nosuch=5
}

@test "set-priority that fails changes nothing, and repairs what one has left" {
	hierarchy beta
	cat >"$own/hry_setpri" <<-EOF
	#!/bin/sh
	case "\$*" in *'-d beta'*'-s beta -p 1') exit 1 ;; esac
	exec "$LK_BIN/hry_setpri" "\$@"
	EOF
	chmod 755 "$own/hry_setpri"
	rm "$LKROOT/bin"
	mkdir "$LKROOT/bin"
	ln -s "$LK_BIN"/* "$LKROOT/bin/"
	ln -sf "$own/hry_setpri" "$LKROOT/bin/hry_setpri"
	expect 1 lkcli resource set-priority --tag db --priority alpha=10 --priority beta=1
	says 'nothing was changed'
	ln -sf "$LK_BIN/hry_setpri" "$LKROOT/bin/hry_setpri"
	[ "$(eqv_list -f: -t db | cut -d: -f6,7) $(eqv_list -d beta -f: -t web | cut -d: -f6,7)" = '1:10 10:1' ]
	hry_setpri -t db -s alpha -p 1005
	expect 0 lkcli resource set-priority --tag db --priority alpha=5
	[ "$(eqv_list -f: -t db | cut -d: -f6,7) $(eqv_list -d beta -f: -t web | cut -d: -f6,7)" = '5:10 10:5' ]
}

@test "set-switchback, set-interval and set-recovery" {
	hierarchy beta
	expect 0 lkcli resource set-switchback --tag db --switchback AUTOMATIC
	expect 5 lkcli resource set-switchback --tag db --switchback SOMETIMES
	expect 0 lkcli resource set-interval --tag db --quick 60 --deep 120
	[ "$(ins_list -d beta -t db -f: | cut -d: -f13,14)" = 60:120 ]
	expect 0 lkcli resource set-interval --tag db --quick 30 --dest beta
	[ "$(ins_list -d beta -t db -f: | cut -d: -f13) $(ins_list -t db -f: | cut -d: -f13)" = '30 60' ]
	expect 2 lkcli resource set-interval --tag db
	expect 0 lkcli resource set-recovery --tag db --recovery Y
	[ "$(ins_list -d beta -t db -f: | cut -d: -f15)" = 1 ]
	expect 5 lkcli resource set-recovery --tag db --recovery maybe
}

@test "dependency create has its rules, and works on all systems" {
	hierarchy beta
	create ip --inservice N >/dev/null
	expect 5 lkcli dependency create --parent web --child ip
	says 'extend both to the same systems first'
	lkcli resource extend --tag ip --dest beta
	lkcli resource set-priority --tag ip --priority alpha=10 --priority beta=1
	expect 5 lkcli dependency create --parent web --child ip
	says 'make it the same first'
	lkcli resource set-priority --tag ip --priority alpha=1 --priority beta=10
	lkcli resource in-service --tag web
	expect 5 lkcli dependency create --parent web --child ip
	says 'web is in service on alpha and ip is not'
	lkcli resource in-service --tag ip
	expect 0 lkcli dependency create --parent web --child ip
	lines_are 'web depends on ip, on: alpha beta '
	[ "$(dep_list -d beta -f: -c web | paste -sd ' ')" = 'web:db web:ip' ]
	expect 0 lkcli dependency create --parent web --child ip
	lines_are 'web depends on ip already.'
	expect 5 lkcli dependency create --parent db --child web
	expect 5 lkcli dependency create --parent web --child web
	expect 0 lkcli dependency list --tag ip
	[[ ${lines[1]} =~ ^web\ +ip$ ]]
	expect 0 lkcli dependency delete --parent web --child ip
	lines_are 'web does not depend on ip any more, on: alpha beta '
	expect 7 lkcli dependency delete --parent web --child ip
	[ "$(dep_list -d beta -f:)" = web:db ]
}

@test "set-failover sets the flags where they are looked for" {
	expect 5 lkcli server set-failover --dest beta --resource off
	says 'only together with --system off'
	expect 0 lkcli server set-failover --dest beta --system off --resource off
	[ "$(flg_list -d beta) $(flg_list)" = 'nosysfailover!alpha noresfailover!beta' ]
	expect 5 lkcli server set-failover --dest beta --system on
	expect 0 lkcli server properties -J
	[ "$(jq -r '.failover[] | .system + .system_failover + .resource_failover' <<<"$output")" = $'betaoffoff\ngammaonon' ]
	expect 0 lkcli server properties
	grep -qE '^beta +off +off$' <<<"$output"
	expect 0 lkcli server set-failover --dest beta --system on --resource on
	[ -z "$(flg_list -d beta)$(flg_list)" ]
	expect 5 lkcli server set-failover --dest beta --system perhaps
	expect 5 lkcli server set-failover --dest alpha --system off
	expect 2 lkcli server set-failover --dest beta
	expect 7 lkcli server set-failover --dest nosuch --system off
}

@test "set-shutdown-strategy sets the flag" {
	expect 0 lkcli server set-shutdown-strategy --strategy switchover --name beta
	[ "$(flg_list -d beta)" = shutdown_switchover ]
	expect 0 lkcli server properties --name beta
	grep -qE '^Shutdown strategy: +switchover$' <<<"$output"
	expect 0 lkcli server set-shutdown-strategy --strategy stay --name beta
	[ -z "$(flg_list -d beta)" ]
	expect 5 lkcli server set-shutdown-strategy --strategy go
}

@test "simulate node-failure asks every survivor" {
	hierarchy beta gamma
	lkcli resource in-service --tag web --dest beta
	expect 0 lkcli simulate node-failure beta
	grep -qE '^web +alpha +RESTORE ' <<<"$output"
	run ! grep -qE '^web +gamma +RESTORE ' <<<"$output"
	expect 0 lkcli simulate node-failure beta -J
	[ "$(jq -r '.[] | select(.decision == "RESTORE") | .system + "/" + .tag' <<<"$output")" = $'alpha/db\nalpha/web' ]
	expect 7 lkcli simulate node-failure nosuch
	expect 2 lkcli simulate node-failure
}

@test "resolve leaves one owner, with the higher epoch everywhere" {
	local tag
	hierarchy beta
	lkcli resource in-service --tag web
	for tag in db web; do
		ins_setst -d beta -t "$tag" -S ISP
		flg_create -f "!split!$tag"
		flg_create -d beta -f "!split!$tag"
	done
	expect 3 lkcli resource out-of-service --tag web
	expect 7 lkcli resource resolve --tag web --survivor gamma
	expect 0 lkcli resource resolve --tag db --survivor alpha
	lines_are 'alpha is the owner of: web db'
	[ "$(states alpha) $(states beta)" = 'db=ISP web=ISP db=OSU web=OSU' ]
	[ -z "$(flg_list)$(flg_list -d beta)" ]
	[ "$(lk_epoch -l -f: | cut -d: -f1,3)" = $'db:alpha\nweb:alpha' ]
	[ "$(lk_epoch -d beta -l -f: | cut -d: -f1-3)" = "$(lk_epoch -l -f: | cut -d: -f1-3)" ]
	expect 0 lkcli resource resolve --tag db --survivor alpha
	lines_are 'db has one owner: nothing is to be resolved.'
}

@test "resolve that stopped halfway is run again" {
	hierarchy beta
	lkcli resource in-service --tag db
	ins_setst -d beta -t db -S ISP
	flg_create -f '!split!db'
	own remove 'exit 1'
	on beta lkadm/subsys/gen/app/bin/update --help >/dev/null 2>&1 || :
	cp "$own/remove" "$FAR/beta/subsys/gen/resources/app/scripts/db/remove"
	expect 1 lkcli resource resolve --tag db --survivor alpha
	says 'db is still in service on beta'
	flg_test -f '!split!db'
	own remove 'exit 0'
	cp "$own/remove" "$FAR/beta/subsys/gen/resources/app/scripts/db/remove"
	ins_setst -d beta -t db -S ISP
	expect 0 lkcli resource resolve --tag db --survivor alpha
	[ "$(ins_list -d beta -t db -f: | cut -d: -f7)" = OSU ]
	[ -z "$(flg_list)" ]
}
