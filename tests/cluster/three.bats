#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What becomes of resources on three nodes when one fails: the next ones by priority.

# shellcheck disable=SC2016  # the nodes expand what stands in single quotes

# what is busy for a moment is not dead
export MISSES=10

load lab
load service

setup_file() {
	lab_or_skip
	service_up 3
}

teardown_file() {
	lab down
}

setup() {
	local node
	all_started alpha beta gamma
	for node in alpha beta gamma; do
		lab sh "$node" '. "$LKROOT/tmp/act"
			for a in "comm/tip restore" "comm/tip remove" "filesys/volume restore" "filesys/volume remove" "gen/tapp restore" "gen/tapp remove"; do act $a; done
			for t in ip1 vol1 app1; do retstate $t; done'
	done
	all_removed alpha beta gamma
	clear
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs
}

@test "EV9: alpha crashes: beta restores it, gamma does not" {
	in_service_on alpha
	lab off alpha
	wait_until 20 all_isp beta
	wait_until 20 logged gamma 'FINISHED AT:'
	none_isp gamma
	[ -z "$(journal gamma)" ]
	owner_is gamma app1 beta
}

@test "EV10: beta is dead already when alpha crashes: gamma restores it" {
	in_service_on alpha
	lab off beta
	wait_until 20 logged alpha 'FINISHED AT:'
	wait_until 20 logged gamma 'FINISHED AT:'
	all_isp alpha
	none_isp gamma
	lab off alpha
	wait_until 20 all_isp gamma
	owner_is gamma app1 gamma
	[ "$(journal gamma | wc -l)" -eq 3 ]
}

@test "a restore fails on beta: gamma gets the whole hierarchy, and beta keeps nothing of it" {
	in_service_on alpha
	action beta filesys/volume restore 1
	lab off alpha
	wait_until 20 all_isp gamma
	wait_until 20 logged beta 'FINISHED AT:'
	states_are beta ip1=OSU vol1=OSF app1=OSU
	owner_is beta app1 gamma
	logged beta 'it failed here: gamma tries next'
	logged gamma 'beta took it over, could not bring it in service, and handed it on'
}

@test "alpha and beta crash at the same moment: gamma restores it" {
	in_service_on alpha
	lab off alpha
	lab off beta
	wait_until 30 all_isp gamma
	owner_is gamma app1 gamma
}

sees() {	# NODE SYSTEM STATE
	[ "$(on "$1" sys_getst -s "$2")" = "$3" ]
}

@test "INIT_OSU: beta, for which alpha was dead from its start, is not waited for when alpha crashes" {
	local node
	for node in alpha beta gamma; do
		lab sh $node 'for t in ip1 vol1 app1; do ins_setit -t $t -I INIT_OSU; done'
	done
	in_service_on alpha
	lab off beta
	wait_until 20 sees gamma beta DEAD
	lab cut alpha beta
	lab start beta
	on beta lkstart
	wait_until 20 sees beta alpha DEAD
	wait_until 20 sees gamma beta ALIVE
	wait_until 20 sees beta gamma ALIVE
	wait_until 20 node_idle gamma
	wait_until 20 node_idle beta
	none_isp beta
	all_isp alpha
	lab off alpha
	wait_until 20 all_isp gamma
	none_isp beta
	owner_is beta app1 gamma
	logged gamma 'alpha, which had it in service, is dead, and no better system is left'
	lab restore
	for node in beta gamma; do
		lab sh $node 'for t in ip1 vol1 app1; do ins_setit -t $t -I AUTORES_ISP; done'
	done
	lab start alpha
	lab sh alpha 'for t in ip1 vol1 app1; do ins_setit -t $t -I AUTORES_ISP; done'
}

node_idle() {	# NODE: no event is being processed
	lab sh "$1" '! pgrep -x sendevent >/dev/null'
}

# Called while beta waits for alpha's remove.
gamma_is_known() {
	[ "$(on beta sys_getst -s gamma)" = ALIVE ] && logged gamma 'Event comm_up of system "beta" begins' &&
		! on gamma pgrep -x sendevent >/dev/null
}

@test "who comes back while beta takes it over from alpha learns whose it is" {
	in_service_on alpha
	on gamma lkstop
	wait_until 20 eval '[ "$(on beta sys_getst -s gamma)" = DEAD ]'
	# shellcheck disable=SC2016	# for the node
	lab sh alpha 'rm -f "$LKROOT/tmp/go"
		printf "#!/bin/sh\nuntil [ -e \"\$LKROOT/tmp/go\" ]; do sleep 0.05; done\n" >"$LKROOT/subsys/gen/resources/tapp/actions/remove"'
	on beta perform_action -t app1 -a restore 3>&- &
	local job=$!
	wait_until 30 logged alpha 'BEGIN remove of "app1"'
	on gamma lkstart
	wait_until 60 gamma_is_known
	owner_is gamma app1 alpha
	touch "$(lab root alpha)/tmp/go"
	wait $job
	owner_is beta app1 beta
	owner_is gamma app1 beta
}

# As after a network that failed before beta could tell gamma of the release.
@test "a copy of a lock that its own system has given back holds nobody" {
	local old='!action!00999!1000000000!beta:Remove_hierarchy'
	on gamma flg_create -f "$old"
	lab sh alpha 'sleep 1066 >/dev/null 2>&1 3>&- & echo $!' >"$BATS_TEST_TMPDIR/pid"
	run on alpha getlocks -a alpha -i new -e -l "$BATS_TEST_TMPDIR/L" -p "$(cat "$BATS_TEST_TMPDIR/pid")"
	[ "$status" -eq 0 ]
	on alpha rlslocks -a alpha -l "$BATS_TEST_TMPDIR/L"
	on alpha pkill -f 'sleep 1066'
	on gamma flg_remove -f "$old"
}

initialised() {	# TAG INITIALISATION NODE...
	local tag=$1 init=$2 node
	shift 2
	for node; do
		on "$node" ins_setit -t "$tag" -I "$init"
	done
}

# A resource that only beta and gamma have, gamma first.
solo_on_gamma() {
	local node
	for node in beta gamma; do
		on $node ins_create -a gen -r tapp -t solo -i soloid -Q 0 -D 0
	done
	on beta eqv_create --local-only -t solo -p 10 -S gamma -o solo -r 1 -e SHARED
	on gamma eqv_create --local-only -t solo -p 1 -S beta -o solo -r 10 -e SHARED
	initialised solo INIT_OSU beta gamma
	on gamma perform_action -t solo -a restore
}

unflagged() {	# NODE FLAG
	local code
	on "$1" flg_test -f "$2" || code=$?
	[ "${code:-0}" -eq 7 ]
}

@test "alpha is stopped in order while beta is down: when gamma dies, too, beta takes nothing but what gamma had" {
	local tag
	for tag in ip1 vol1 app1; do
		initialised $tag INIT_OSU alpha beta gamma
	done
	solo_on_gamma
	in_service_on alpha
	lab off beta
	wait_until 30 sees alpha beta DEAD
	on alpha lkstop >/dev/null
	wait_until 30 sees gamma alpha DEAD
	lab start beta
	unflagged beta '!nofailover!alpha'
	on beta lkstart
	wait_until 30 sees beta gamma ALIVE
	wait_until 30 on beta flg_test -f '!nofailover!alpha'
	wait_until 30 sees gamma beta ALIVE
	wait_until 30 node_idle beta
	wait_until 30 node_idle gamma
	lab off gamma
	wait_until 60 states_are beta solo=ISP
	wait_until 30 logged beta 'FINISHED AT:'
	states_are beta ip1=OSU vol1=OSU app1=OSU
	owner_is beta app1 alpha
	[ "$(journal beta)" = 'restore solo' ]

	# it goes as it does where it was set by lkstop
	on alpha lkstart
	wait_until 30 sees beta alpha ALIVE
	wait_until 30 unflagged beta '!nofailover!alpha'
	wait_until 30 started gamma
	wait_until 60 settled
	on beta perform_action -t solo -a remove
	for tag in ip1 vol1 app1; do
		initialised $tag AUTORES_ISP alpha beta gamma
	done
	on beta ins_remove -t solo -I
	on gamma ins_remove -t solo -I
}
