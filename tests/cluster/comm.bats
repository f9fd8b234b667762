#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016	# other shells expand it
# Comm paths, states of systems and events, between two nodes over two networks (spec/core.md 5, 9.14).

load lab
load ../helpers/tree
load cluster

setup_file() {
	lab_or_skip
	export LAB_DIR
	cluster_up 2
}

teardown_file() {
	lab down
}

all_alive() {
	state_is alpha beta ALIVE && state_is beta alpha ALIVE &&
		paths_are alpha beta ALIVE ALIVE && paths_are beta alpha ALIVE ALIVE
}

flag_gone() {
	! on alpha flg_test -f '!nofailover!beta'
}

setup() {
	lab restore
	wait_until 20 all_alive
	forget alpha beta
}

@test "SG1, NL1: systems and paths are ALIVE, and the other end sees the same" {
	expect 0 on alpha sys_getst -s beta
	lines_are ALIVE
	expect 0 on alpha sys_getstate -s alpha
	lines_are ALIVE
	expect 0 on beta sys_getds -s alpha
	lines_are '2 of 2 comm paths are alive'
	expect 0 on alpha net_list -f, -s beta
	[ "${#lines[@]}" -eq 2 ]
	[ "${lines[0]}" = 'beta,TCP:1590,TLI,0,0,0,ALIVE,1,0.2,3,0,0,0,0,0,0,0,10.1.0.2,10.1.0.1' ]
	expect 0 on alpha net_list -d beta -f,
	fields 1,18,19 ,
	[ "${output%%$'\n'*}" = 'alpha,10.1.0.1,10.1.0.2' ]
	expect 0 on alpha lcdstatus
	[[ $output == *'machine=beta state=ALIVE (2 of 2 comm paths are alive)'* ]]
}

@test "EV3: the cut of one network changes the path and not the system" {
	lab cut net1
	wait_until 10 paths_are alpha beta DEAD ALIVE
	wait_until 10 paths_are beta alpha DEAD ALIVE
	expect 0 on alpha sys_getst -s beta
	lines_are ALIVE
	expect 0 on alpha sys_getds -s beta
	lines_are '1 of 2 comm paths is alive'
	expect 0 on alpha lcdremexec -d beta -- lcduname
	lines_are beta
	[ "$(paths alpha beta 11)" = '0 0' ]
	unlogged alpha 'SAFETY CHECK'
}

@test "a command under way ends with its result over the other network" {
	on alpha lcdremexec -d beta -- 'i=0; while [ $i -lt 20 ]; do echo $i; i=$((i + 1)); sleep 0.1; done; exit 7' \
		>"$BATS_TEST_TMPDIR/out" &
	local pid=$!
	wait_until 10 grep -q 3 "$BATS_TEST_TMPDIR/out"
	lab cut net1
	local status=0
	wait "$pid" || status=$?
	[ "$status" -eq 7 ]
	seq 0 19 | cmp - "$BATS_TEST_TMPDIR/out"
}

# Ten megabytes in a hundred pieces, slowly enough that something can happen meanwhile.
slow_bytes='i=0; while [ $i -lt 100 ]; do
	dd if=tmp/bytes bs=100000 skip=$i count=1 status=none
	i=$((i + 1))
	sleep 0.03
done; exit 7'

size_is() {	# FILE BYTES
	[ "$(stat -c %s "$1")" -ge "$2" ]
}

@test "ten megabytes under way while one network is cut, then the other, arrive whole and with the exit code" {
	on beta sh -c 'head -c 10000000 /dev/urandom >"$LKROOT/tmp/bytes"'
	on alpha lcdremexec -d beta -- "$slow_bytes" >"$BATS_TEST_TMPDIR/out" 3>&- &
	local pid=$! status=0
	wait_until 20 size_is "$BATS_TEST_TMPDIR/out" 1000000
	lab cut net1
	wait_until 20 size_is "$BATS_TEST_TMPDIR/out" 4000000
	lab restore
	wait_until 20 paths_are alpha beta ALIVE ALIVE
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/out")" -lt 10000000 ]
	lab cut net2
	wait "$pid" || status=$?
	[ "$status" -eq 7 ]
	cmp "$BATS_TEST_TMPDIR/out" "$(lab root beta)/tmp/bytes"
}

@test "EV2, SG2, NL3: when all networks are cut the system is DEAD and comm_down was processed" {
	local before
	before=$(now_ms)
	lab cut net1
	lab cut net2
	wait_until 10 state_is alpha beta DEAD
	[ $(($(now_ms) - before)) -ge 500 ]
	logged alpha 'SAFETY CHECK for "beta" timed out: assuming "beta" is down'
	unlogged alpha 'SAFETY CHECK DETECTED'
	expect 0 on alpha sys_getds -s beta
	[[ $output == 'all comm paths are dead: last sign of life '* ]]
	wait_until 10 test "$(paths alpha beta 7,11)" = 'DEAD,1 DEAD,1'
	expect 9 on alpha app_list -d beta
	says 'destination system "beta" is out of service'
	expect 9 on alpha lcdremexec -d beta -- true
	lab restore
	wait_until 20 all_alive
	logged alpha 'The remote node (beta) is up.'
}

@test "EV4, EV5: a host that answers pauses the check, a path that is back ends it" {
	local port
	for port in $(paths alpha beta 2); do
		lab block "${port#TCP:}"
	done
	wait_until 10 logged alpha 'SAFETY CHECK DETECTED MACHINE "beta":PAUSING COMM_DOWN'
	logged alpha 'The remote node (beta) appears to be reachable. Waiting for confirmation.'
	wait_until 5 paths_are alpha beta DEAD DEAD
	expect 0 on alpha sys_getst -s beta
	lines_are UNKNOWN
	expect 0 on alpha sys_getds -s beta
	[[ $output == 'all comm paths are dead, the safety check runs: its host answered '* ]]
	lab restore
	wait_until 20 all_alive
	logged alpha 'SAFETY CHECK ABORTED:ABORTING COMM_DOWN'
	logged alpha 'The remote node (beta) is up.'
	unlogged alpha 'Event comm_down'
	[ "$(grep -c 'SAFETY CHECK DETECTED' "$(log_of alpha)")" -eq 1 ]
}

@test "a cut in one direction is noticed at both ends" {
	lab oneway beta alpha
	wait_until 20 state_is alpha beta DEAD
	wait_until 20 state_is beta alpha DEAD
	lab restore
	wait_until 20 all_alive
}

@test "a command under way ends with 9 when the other system goes down" {
	on alpha lcdremexec -d beta -- 'echo started; sleep 60' >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &
	local pid=$!
	wait_until 10 grep -q started "$BATS_TEST_TMPDIR/out"
	lab cut net1
	lab cut net2
	local status=0
	wait "$pid" || status=$?
	[ "$status" -eq 9 ]
	grep -q 'went out of service; whether the command ended there is not known' "$BATS_TEST_TMPDIR/err"
}

@test "a node that was paused finds the others ALIVE, and they it" {
	lab pause beta
	wait_until 10 paths_are alpha beta DEAD DEAD
	lab resume beta
	wait_until 20 all_alive
	unlogged beta 'SAFETY CHECK for "alpha" timed out'
	unlogged alpha 'SAFETY CHECK for "beta" timed out'
}

@test "events are processed: comm_down, and comm_up on both ends" {
	local node
	for node in alpha beta; do
		handler $node comm_up
		handler $node comm_down
	done
	lab cut net1
	lab cut net2
	wait_until 10 events_are alpha 'comm_down beta'
	wait_until 10 events_are beta 'comm_down alpha'
	lab restore
	wait_until 20 events_are alpha 'comm_down beta' 'comm_up beta'
	wait_until 20 events_are beta 'comm_down alpha' 'comm_up alpha'
}

@test "a system that was stopped in order is DEAD although its host answers, without a safety check" {
	on alpha flg_create -f '!nofailover!beta'
	lcm_stop beta
	wait_until 10 state_is alpha beta DEAD
	logged alpha 'System "beta" was stopped in order: no safety check'
	unlogged alpha 'SAFETY CHECK'
	lcm_start beta
	wait_until 20 flag_gone
}

@test "a handler that is outdated is told to end, and the next one follows it" {
	handler alpha comm_down 'trap "echo ended >>\"\$LKROOT/tmp/events\"; exit 0" TERM; echo begun >>"$LKROOT/tmp/events"; sleep 60 & wait'
	handler alpha comm_up
	lab cut net1
	lab cut net2
	wait_until 10 events_are alpha begun
	lab restore
	wait_until 20 events_are alpha begun ended 'comm_up beta'
	logged alpha 'Event comm_down of system "beta" is outdated'
	handler alpha comm_down
}

@test "an lcm that was killed and started again within the detection period is a return, no failure" {
	handler alpha comm_up
	handler alpha comm_down
	lcm_kill beta
	lcm_start beta
	wait_until 20 events_are alpha 'comm_up beta'
	wait_until 20 all_alive
	[ "$(paths alpha beta 11 | tr ' ' '\n' | sort -u)" = "$(paths alpha beta 11 | cut -d' ' -f1)" ]
	unlogged alpha 'Event comm_down'
}

@test "lcm_avail comes before everything, once per start of the supervisor; a restart of lcm alone is no event" {
	local event
	for event in lcm_avail comm_up comm_down; do
		handler beta $event
	done
	handler beta lcm_avail 'sleep 0.5'
	lcm_stop beta
	forget beta
	lab spawn beta env LK_START_ID=one LK_RESTARTS=0 lcm -f
	wait_until 20 events_are beta 'lcm_avail beta' 'comm_up alpha'
	lcm_kill beta
	forget beta
	lab spawn beta env LK_START_ID=one LK_RESTARTS=1 lcm -f
	wait_until 20 state_is beta alpha ALIVE
	# had there been one, it would come before this
	lab cut
	wait_until 20 events_are beta 'comm_down alpha'
	lab restore
	wait_until 20 events_are beta 'comm_down alpha' 'comm_up alpha'
}

@test "the flag that a system was stopped in order goes when it is back" {
	on alpha flg_create -f '!nofailover!beta'
	lcm_kill beta
	lcm_start beta
	wait_until 20 flag_gone
}

no_path_to_nobody() {
	[ "$(on alpha sys_getds -s nobody)" = 'there is no comm path to it' ]
}

@test "a change of the comm paths counts without a restart" {
	on alpha net_remove -s beta -D "$(paths alpha beta 2 | cut -d' ' -f2)"
	wait_until 10 paths_are beta alpha ALIVE DEAD
	paths_are alpha beta ALIVE
	path_to alpha beta 2
	wait_until 20 all_alive
	on alpha sys_create -s nobody
	expect 0 on alpha sys_getds -s nobody
	wait_until 10 no_path_to_nobody
	expect 9 on alpha app_list -d nobody
	on alpha sys_remove -s nobody
}

@test "without the key no path comes up, and the message says what to do; with it all do, at once" {
	local key
	key=$(lab root beta)/etc/lkkey
	lcm_stop beta
	mv "$key" "$key.away"
	lcm_start beta
	wait_until 10 logged beta 'No comm path can come up'
	wait_until 20 paths_are alpha beta DEAD DEAD
	wait_until 20 paths_are beta alpha DEAD DEAD
	expect 0 on beta sys_getds -s alpha
	[[ $output == *'lkkey create'* ]]
	mv "$key.away" "$key"
	wait_until 20 all_alive
}

@test "while lcm does not run nothing is known, and -d gives 472" {
	lcm_stop beta
	expect 0 on beta sys_getst -s alpha
	lines_are UNKNOWN
	expect 0 on beta net_list -f,
	fields 7 ,
	lines_are UNKNOWN UNKNOWN
	expect 1 on beta app_list -d alpha
	says "CRITICAL (No. 472) Can't run this application without LCD Daemon running."
	expect 0 on beta app_list
	lcm_start beta
}

@test "a second lcm on the same tree gives up" {
	expect 4 on alpha lcm -f
	says 'lcm runs already'
}

@test "a full disk under the log does not matter" {
	local log
	log=$(log_of beta)
	rm "$log"
	ln -s /dev/full "$log"
	lab cut net1
	lab cut net2
	wait_until 10 state_is beta alpha DEAD
	lab restore
	wait_until 20 all_alive
	rm "$log"
	: >"$log"
}

path_is() {	# NODE ADDRESS STATE: of the path that ends there
	[ "$(on "$1" net_list -f, | awk -F, -v a="$2" '$19 == a || $18 == a { print $7; exit }')" = "$3" ]
}

# The last test here: the path stays as slow as that.
@test "EV1: with 5 s x 3 a path is DEAD after 15 s, give or take an interval" {
	local node before
	for node in alpha beta; do
		on $node net_remove -D "TCP:$(port_of alpha beta 1)"
	done
	INTERVAL=5 MISSES=3 path_to alpha beta 1
	INTERVAL=5 MISSES=3 path_to beta alpha 1
	wait_until 60 path_is alpha 10.1.0.2 ALIVE
	wait_until 60 path_is beta 10.1.0.2 ALIVE
	before=$(now_ms)
	lab cut net1
	wait_until 60 path_is alpha 10.1.0.2 DEAD
	echo "DEAD after $(($(now_ms) - before)) ms"
	[ $(($(now_ms) - before)) -ge 10000 ]
	state_is alpha beta ALIVE
}
