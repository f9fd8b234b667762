# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2016,SC2030,SC2031	# single quotes are meant; each test has its own LAB_DIR
# From installed machines to a cluster with lkcli, and out of it again.

load lab

setup() {
	lab_or_skip
	lab up 3
	for node in alpha beta gamma; do
		sed -i 's/^LCMHBEATTIME=.*/LCMHBEATTIME=0.2/' "$(lab root $node)/etc/default/LifeKeeper"
	done
}

teardown() {
	if [ -z "${BATS_TEST_COMPLETED:-}" ]; then
		lab logs >&3 2>&3 || :
	fi
	lab down
}

give_key() {	# SYSTEM
	lab run alpha lkkey show --secret | lab run "$1" lkkey install -
}

# The paths between alpha and another system, as alpha makes them and as the other one joins.
pairs() {	# HERE THERE
	echo "--laddr 10.1.0.$1 --raddr 10.1.0.$2 --laddr 10.2.0.$1 --raddr 10.2.0.$2"
}

two() {
	lab run alpha lkcli cluster init
	give_key beta
	# shellcheck disable=SC2046
	lab run alpha lkcli commpath create --dest beta $(pairs 1 2)
	# shellcheck disable=SC2046
	lab run beta lkcli cluster join --to alpha $(pairs 2 1) --wait 30
}

three() {
	two
	give_key gamma
	# shellcheck disable=SC2046
	lab run alpha lkcli commpath create --dest gamma $(pairs 1 3)
	# shellcheck disable=SC2046
	lab run gamma lkcli cluster join --to alpha $(pairs 3 1) --wait 30
}

# Every path of NODE is alive, and there are N of them.
alive_paths() {	# NODE N
	[ "$(lab run "$1" net_list '-f ' | awk '$7 == "ALIVE"' | wc -l)" -eq "$2" ] &&
		[ "$(lab run "$1" net_list | wc -l)" -eq "$2" ]
}

members() {	# NODE SYSTEM...
	local node=$1
	shift
	[ "$(lab run "$node" sys_list | sort | tr '\n' ' ')" = "$* " ]
}

@test "four commands make two machines a cluster of two with two comm paths" {
	two
	wait_until 20 alive_paths alpha 2
	wait_until 20 alive_paths beta 2
	[ "$(lab run alpha sys_getst -d beta -s alpha)" = ALIVE ]
	# and all of them can be run again
	lab run alpha lkcli cluster init
	# shellcheck disable=SC2046
	lab run beta lkcli cluster join --to alpha $(pairs 2 1)
	alive_paths beta 2
}

@test "a third machine gets its paths to all members, a key is changed, and it leaves again" {
	three
	local node
	for node in alpha beta gamma; do
		wait_until 20 alive_paths $node 4
		members $node alpha beta gamma
	done
	lab run beta lkkey rotate
	for node in alpha beta gamma; do
		wait_until 20 alive_paths $node 4
	done
	lab run beta lkkey rotate --finish
	[ "$(lab run gamma lkkey show)" = "$(lab run beta lkkey show)" ]
	[ "$(lab run gamma lkkey show)" = "$(lab run alpha lkkey show)" ]
	for node in alpha beta gamma; do
		wait_until 20 alive_paths $node 4
	done
	lab run gamma lkcli cluster leave
	wait_until 30 members alpha alpha beta
	wait_until 30 members beta alpha beta
	members gamma gamma
	run lab run gamma lktest
	[ "$status" -eq 1 ]
	alive_paths alpha 2
}

@test "join without the other side gives 9, says what to do, and goes on when run again" {
	lab run alpha lkcli cluster init
	give_key beta
	# shellcheck disable=SC2046
	run lab run beta lkcli cluster join --to alpha $(pairs 2 1) --wait 1
	[ "$status" -eq 9 ]
	[[ $output == *"Is it set up there: lkcli commpath create --dest beta $(pairs 1 2)?"* ]]
	# shellcheck disable=SC2046
	lab run alpha lkcli commpath create --dest beta $(pairs 1 2)
	# shellcheck disable=SC2046
	lab run beta lkcli cluster join --to alpha $(pairs 2 1) --wait 30
	wait_until 20 alive_paths alpha 2
}

@test "paths to a system that can be reached are made and removed on both sides" {
	lab run alpha lkcli cluster init
	give_key beta
	lab run alpha lkcli commpath create --dest beta --laddr 10.1.0.1 --raddr 10.1.0.2
	lab run beta lkcli cluster join --to alpha --laddr 10.1.0.2 --raddr 10.1.0.1 --wait 30
	wait_until 20 alive_paths alpha 1
	lab run alpha lkcli commpath create --dest beta --laddr fd00:2::1 --raddr fd00:2::2
	wait_until 20 alive_paths alpha 2
	wait_until 20 alive_paths beta 2
	local device
	device=$(lab run alpha net_list '-f ' | awk '$19 == "fd00:2::1" { print $2 }')
	lab run alpha lkcli commpath modify --dest beta --device "$device" --misses 7
	[ "$(lab run beta net_list '-f ' | awk -v d="$device" '$2 == d { print $10 }')" = 7 ]
	lab run alpha lkcli commpath delete --dest beta --device "$device"
	wait_until 20 alive_paths alpha 1
	wait_until 20 alive_paths beta 1
}

@test "100 MB arrive identical through lcdrcp, and a file survives a cut network" {
	two
	lab sh alpha 'head -c 100000000 /dev/urandom >$LKROOT/tmp/big'
	lab sh alpha 'lcdrcp $LKROOT/tmp/big beta:tmp'
	cmp "$(lab root alpha)/tmp/big" "$(lab root beta)/tmp/big"
	lab cut alpha beta net1
	lab sh alpha 'lcdrcp $LKROOT/tmp/big beta:tmp/again'
	cmp "$(lab root alpha)/tmp/big" "$(lab root beta)/tmp/again"
}

# app1 with vol1 below it, on all of them; every node would start it.
shared() {	# NODE...
	local node other i=0 k all=("$@")
	for node; do
		i=$((i + 1)) k=0
		cat >"$(lab root "$node")/tmp/shared" <<-'END'
			for type in filesys/volume gen/tapp; do
				dir=$LKROOT/subsys/${type%/*}/resources/${type#*/}/actions
				app_create -a "${type%/*}" 2>/dev/null
				typ_create -a "${type%/*}" -r "${type#*/}"
				mkdir -p "$dir"
				for a in restore remove; do
					printf '#!/bin/sh\necho "%s $2" >>"$LKROOT/tmp/journal"\n' "$a" >"$dir/$a"
					chmod 755 "$dir/$a"
				done
			done
			ins_create -a filesys -r volume -t vol1 -i /mnt/d1 -Q 0 -D 0
			ins_create -a gen -r tapp -t app1 -i app1id -Q 0 -D 0
			dep_create -p app1 -c vol1
		END
		lab sh "$node" '. "$LKROOT/tmp/shared"'
		for other in "${all[@]}"; do
			k=$((k + 1))
			[ "$other" = "$node" ] || lab sh "$node" "for t in app1 vol1; do
				eqv_create --local-only -t \$t -p $i -S $other -o \$t -r $k -e SHARED; done"
		done
	done
}

# Before Lockkeeper starts.
by_majority() {	# NODE...
	local node
	for node; do
		printf '%s\n' QUORUM_MODE=majority WITNESS_MODE=none >>"$(lab root "$node")/etc/default/LifeKeeper"
	done
}

journal() {	# NODE
	cat "$(lab root "$1")/tmp/journal" 2>/dev/null || :
}

granted() {	# NODE
	lab run "$1" perform_action -t app1 -a restore
}

@test "who leaves gives up what is shared, starts nothing of it alone, and joins again" {
	by_majority alpha beta gamma
	three
	shared alpha beta gamma
	wait_until 60 granted alpha
	# gamma's daemons stop with it in service nowhere there
	lab run gamma lkcli cluster leave
	wait_until 30 members alpha alpha beta
	wait_until 30 members beta alpha beta
	members gamma gamma
	[ -z "$(lab run gamma ins_list)" ]
	lab run gamma lkstart
	lab run gamma lcdavail
	[ -z "$(journal gamma)" ]
	[ "$(lab run alpha ins_list -t app1 '-f ' | cut -d ' ' -f 7)" = ISP ]
	# shellcheck disable=SC2046
	lab run alpha lkcli commpath create --dest gamma $(pairs 1 3)
	# shellcheck disable=SC2046
	lab run gamma lkcli cluster join --to alpha $(pairs 3 1) --wait 30
	wait_until 20 members beta alpha beta gamma
	[ -z "$(journal gamma)" ]
}

@test "a system that counts others gets no grant, and its log says why" {
	by_majority alpha beta gamma
	three
	shared alpha beta gamma
	wait_until 60 granted alpha
	lab run alpha perform_action -t app1 -a remove
	lab run alpha sys_create -s delta
	run lab run alpha perform_action -t app1 -a restore
	[ "$status" -eq 3 ]
	lab run alpha grep -q 'the members differ: system "alpha" knows alpha beta gamma delta, this one beta alpha gamma' \
		"$(lab root alpha)/out/lifekeeper.log"
	lab run alpha sys_remove -s delta
	wait_until 60 granted alpha
}

@test "nobody joins through a member that does not reach all others" {
	by_majority alpha beta gamma
	two
	shared alpha beta
	lab cut alpha beta
	give_key gamma
	wait_until 60 not_alive alpha beta
	# shellcheck disable=SC2046
	run lab run alpha lkcli commpath create --dest gamma $(pairs 1 3)
	[ "$status" -eq 3 ]
	members alpha alpha beta
	# shellcheck disable=SC2046
	lab run alpha lkcli commpath create --force --dest gamma $(pairs 1 3)
	# shellcheck disable=SC2046
	run lab run gamma lkcli cluster join --to alpha $(pairs 3 1) --wait 30
	[ "$status" -eq 9 ]
	[[ $output == *'beta cannot be reached'*'Changing the members'* ]]
	members gamma alpha gamma
	members beta alpha beta
	lab restore
	wait_until 60 alive alpha beta
	# shellcheck disable=SC2046
	lab run gamma lkcli cluster join --to alpha $(pairs 3 1) --wait 30
	wait_until 20 members beta alpha beta gamma
}

alive() {	# NODE SYSTEM
	[ "$(lab run "$1" sys_getst -s "$2")" = ALIVE ]
}

not_alive() {	# NODE SYSTEM
	[ "$(lab run "$1" sys_getst -s "$2")" != ALIVE ]
}
