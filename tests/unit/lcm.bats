#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016	# other shells expand it
# lcm's main process and its clients with a network process that needs no network, fakenet.c. Also with
# sanitizers, where namespaces would be in the way. The rest is in tests/cluster.

load ../helpers/tree

setup() {
	export FAKE_NET=$BATS_TEST_TMPDIR/net
	mkdir "$FAKE_NET"
	PIDS=()
}

teardown() {
	local pid
	for pid in "${PIDS[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" || true
	done
}

# A tree of one of two systems.
node() {	# NAME OTHER NUMBER
	export LKROOT=$BATS_TEST_TMPDIR/$1
	mkdir -p "$LKROOT"/{config,subsys,events,out,run,tmp,etc/default}
	flg_create -f x && flg_remove -f x
	sed -i "s/^$(uname -n)\tlocal$/$1\tlocal/" "$LKROOT/config/sys"
	net_create -s "$2" -n TCP -l "10.1.0.$3" -r "10.1.0.$((3 - $3))" -i 0.1 -m "${MISSES:-3}"
	printf '#lockkeeper key 1\n#secret\tcreated\n%064d\t2026-11-20T13:50:00Z\n#end\n' 7 >"$LKROOT/etc/lkkey"
	chmod 600 "$LKROOT/etc/lkkey"
	ln -s "$(cd "$LK_BIN" && pwd)" "$LKROOT/bin"
}

on() {	# NAME COMMAND...
	local LKROOT=$BATS_TEST_TMPDIR/$1
	export LKROOT
	shift
	"$@"
}

run_lcm() {	# NAME
	LKROOT=$BATS_TEST_TMPDIR/$1 "$LK_BIN/../tests/unit/lcm-fakenet" -f 2>"$BATS_TEST_TMPDIR/$1.err" 3>&- &
	PIDS+=($!)
}

# The one in the background.
own_daemon() {	# NAME
	PIDS+=("$(sed -n '/is ready$/s/.* lcm\[\([0-9]*\)\]: .*/\1/p' "$BATS_TEST_TMPDIR/$1/out/lifekeeper.log")")
}

end_first() {
	kill "${PIDS[0]}"
}

state_is() {	# NAME OTHER STATE
	[ "$(on "$1" sys_getst -s "$2")" = "$3" ]
}

both() {
	node alpha beta 1
	node beta alpha 2
	run_lcm alpha
	run_lcm beta
	wait_until 20 state_is alpha beta ALIVE
	wait_until 20 state_is beta alpha ALIVE
}

logged() {	# NAME TEXT
	grep -qF -- "$2" "$BATS_TEST_TMPDIR/$1/out/lifekeeper.log"
}

# No sanitizer has complained, and lcm ends in order.
ends_well() {
	local pid
	for pid in "${PIDS[@]}"; do
		kill "$pid"
		wait "$pid"
	done
	PIDS=()
	run grep -E 'Sanitizer|runtime error' "$BATS_TEST_TMPDIR"/{alpha,beta}.err
	[ "$status" -eq 1 ]
}

@test "a command runs on the other system, with input and output of any size" {
	both
	expect 42 on alpha lcdremexec -d beta -- 'lcduname; exit 42'
	lines_are beta
	[ "$(on alpha lcdremexec -d beta -- head -c 3000000 /dev/zero | wc -c)" -eq 3000000 ]
	head -c 2000000 /dev/urandom >"$BATS_TEST_TMPDIR/file"
	expect 0 on alpha lcdrcp "$BATS_TEST_TMPDIR/file" beta:tmp/file
	cmp "$BATS_TEST_TMPDIR/file" "$BATS_TEST_TMPDIR/beta/tmp/file"
	ends_well
}

@test "envelopes that get lost are sent again" {
	both
	: >"$FAKE_NET/lose"
	expect 3 on alpha lcdremexec -d beta -- 'seq 3; exit 3'
	lines_are 1 2 3
	ends_well
}

@test "a silent system is DEAD, one whose host answers is waited for" {
	both
	: >"$FAKE_NET/cut"
	wait_until 20 state_is alpha beta DEAD
	logged alpha 'timed out: assuming "beta" is down'
	expect 9 on alpha lcdremexec -d beta -- true
	rm "$FAKE_NET/cut"
	wait_until 20 state_is alpha beta ALIVE
	: >"$FAKE_NET/ping"
	: >"$FAKE_NET/cut"
	wait_until 20 logged alpha 'SAFETY CHECK DETECTED MACHINE "beta":PAUSING COMM_DOWN'
	state_is alpha beta UNKNOWN
	rm "$FAKE_NET/cut"
	wait_until 20 logged alpha 'SAFETY CHECK ABORTED:ABORTING COMM_DOWN'
	ends_well
}

@test "a session ends with 9 when the other lcm ends, and another one is served by its successor" {
	both
	LKROOT=$BATS_TEST_TMPDIR/alpha lcdremexec -d beta -- 'echo started; sleep 50' >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	local pid=$! status=0
	wait_until 20 grep -q started "$BATS_TEST_TMPDIR/out"
	kill -9 "${PIDS[1]}"
	wait "${PIDS[1]}" || true
	unset 'PIDS[1]'
	run_lcm beta
	wait $pid || status=$?
	[ "$status" -eq 9 ]
	wait_until 20 state_is alpha beta ALIVE
	logged alpha 'Lockkeeper on system "beta" was restarted' || logged alpha 'assuming "beta" is down'
	expect 0 on alpha lcdremexec -d beta -- true
}

has_flag() {	# NAME FLAG
	on "$1" flg_test -f "$2"
}

@test "an up clears !nofailover! at once, and what is set while comm_up waits in the queue stays" {
	node beta alpha 2
	node alpha beta 1
	mkdir -p "$LKROOT"/events/lifekeeper/{lcm_avail,comm_up}
	printf '#!/bin/sh\nwhile [ ! -e "$LKROOT/tmp/go" ]; do sleep 0.02; done\n' >"$LKROOT/events/lifekeeper/lcm_avail/x"
	printf '#!/bin/sh\n: >"$LKROOT/tmp/up"\n' >"$LKROOT/events/lifekeeper/comm_up/x"
	chmod 755 "$LKROOT"/events/lifekeeper/*/x
	flg_create -f '!nofailover!beta'
	run_lcm alpha
	run_lcm beta
	wait_until 20 state_is alpha beta ALIVE
	wait_until 20 eval '! has_flag alpha "!nofailover!beta"'
	# beta is stopped in order, before its comm_up is processed here
	flg_create -f '!nofailover!beta'
	: >"$LKROOT/tmp/go"
	wait_until 20 test -e "$LKROOT/tmp/up"
	has_flag alpha '!nofailover!beta'
	ends_well
}

# As the supervisor does it: the first one, and again after its death.
supervised() {	# NAME RESTARTS [START]
	LK_START_ID=${3:-start} LK_RESTARTS=$2 run_lcm "$1"
}

end_lcm() {	# INDEX SIGNAL
	kill "-$2" "${PIDS[$1]}"
	wait "${PIDS[$1]}" || true
	unset "PIDS[$1]"
}

note_events() {	# NAME
	local event
	for event in comm_up comm_down; do
		mkdir -p "$BATS_TEST_TMPDIR/$1/events/lifekeeper/$event"
		printf '#!/bin/sh\necho %s >>"$LKROOT/tmp/noted"\n' "$event" \
			>"$BATS_TEST_TMPDIR/$1/events/lifekeeper/$event/x"
		chmod 755 "$BATS_TEST_TMPDIR/$1/events/lifekeeper/$event/x"
	done
}

noted() {	# NAME EVENT...
	[ "$(cat "$BATS_TEST_TMPDIR/$1/tmp/noted" 2>/dev/null)" = "$(printf '%s\n' "${@:2}")" ]
}

remembers() {	# NAME OTHER STATE
	grep -q "^peer	$2	$3	" "$BATS_TEST_TMPDIR/$1/run/lcm.memory"
}

# Machines are slow: nobody is to be missed who runs. With SAFETY=60 one that is away is not given up either.
supervised_both() {
	local MISSES=20
	node alpha beta 1
	node beta alpha 2
	echo "SAFETYTIMEOUT=${SAFETY:-0}" | tee "$BATS_TEST_TMPDIR"/{alpha,beta}/etc/default/LifeKeeper >/dev/null
	note_events alpha
	note_events beta
	supervised alpha 0
	supervised beta 0
	wait_until 20 noted alpha comm_up
	wait_until 20 noted beta comm_up
	wait_until 20 remembers alpha beta ALIVE
	wait_until 20 remembers beta alpha ALIVE
}

@test "a restart of lcm alone is no comm_up, on neither side; a new start is one on both" {
	SAFETY=60 supervised_both
	end_lcm 1 KILL
	supervised beta 1
	wait_until 20 state_is beta alpha ALIVE
	wait_until 20 expect 0 on alpha lcdremexec -d beta -- true
	wait_until 20 expect 0 on beta lcdremexec -d alpha -- true
	remembers beta alpha ALIVE
	end_lcm 1 TERM
	supervised beta 0 another
	wait_until 20 noted beta comm_up comm_up
	# alpha has seen one return: that of the new start, and no more before it
	wait_until 20 noted alpha comm_up comm_up
	ends_well
}

@test "a system that was DEAD stays so over a restart of lcm, with its comm_downs" {
	supervised_both
	end_lcm 1 TERM
	wait_until 20 noted alpha comm_up comm_down
	wait_until 20 remembers alpha beta DEAD
	[ "$(on alpha net_list -f, -s beta | cut -d, -f7,11)" = DEAD,1 ]
	end_lcm 0 KILL
	# its host answers: no path would ever tell that it is not there
	: >"$FAKE_NET/ping"
	supervised alpha 1
	wait_until 20 test -S "$BATS_TEST_TMPDIR/alpha/run/lcm.sock"
	wait_until 20 state_is alpha beta DEAD
	[ "$(on alpha net_list -f, -s beta | cut -d, -f11)" = 1 ]
	supervised beta 1
	wait_until 20 noted alpha comm_up comm_down comm_up
	ends_well
}

@test "a system that died while lcm was away is found dead, and comm_down follows" {
	supervised_both
	end_lcm 0 KILL
	end_lcm 1 KILL
	supervised alpha 1
	wait_until 20 noted alpha comm_up comm_down
	state_is alpha beta DEAD
	ends_well
}

@test "a memory of another boot, or one that is cut off, is none; one that cannot be written is no harm" {
	SAFETY=60 supervised_both
	local memory=$BATS_TEST_TMPDIR/alpha/run/lcm.memory
	end_lcm 0 KILL
	sed -i 's/^boot	./&x/' "$memory"
	supervised alpha 1
	wait_until 20 noted alpha comm_up comm_up
	wait_until 20 remembers alpha beta ALIVE
	end_lcm 2 KILL
	sed -i '$d' "$memory"
	mkdir "$BATS_TEST_TMPDIR/alpha/run/.lcm.memory.new"
	supervised alpha 2
	wait_until 20 noted alpha comm_up comm_up comm_up
	wait_until 20 logged alpha 'run/lcm.memory: Is a directory'
	[ ! -e "$memory" ]
	ends_well
}

@test "a network process that dies takes lcm with it, and the log says how" {
	both
	kill -9 "$(pgrep -P "${PIDS[0]}")"
	local status=0
	wait "${PIDS[0]}" || status=$?
	[ "$status" -eq 1 ]
	unset 'PIDS[0]'
	logged alpha 'The network process is of no use: it was killed by signal 9'
	[ ! -e "$BATS_TEST_TMPDIR/alpha/run/lcm.sock" ]
}

@test "a heartbeat tunable out of its range is clipped, and the log says so once" {
	node alpha beta 1
	printf 'LCMHBEATTIME=0.01\nLCMNUMHBEATS=3\n' >"$LKROOT/etc/default/LifeKeeper"
	run_lcm alpha
	wait_until 20 logged alpha 'is out of range: heartbeats every 100 ms, 3 misses, are in force'
	flg_create -f y
	touch "$LKROOT/etc/default/LifeKeeper"
	wait_until 20 state_is alpha alpha ALIVE
	[ "$(grep -c 'is out of range' "$LKROOT/out/lifekeeper.log")" -eq 1 ]
	end_first
	wait "${PIDS[0]}"
	PIDS=()
}

@test "-n checks the configuration and the key" {
	node alpha beta 1
	expect 0 "$LK_BIN/../sbin/lcm/lcm" -n
	rm "$LKROOT/etc/lkkey"
	expect 7 "$LK_BIN/../sbin/lcm/lcm" -n
	says 'lkkey create'
	echo x >"$LKROOT/config/net"
	expect 3 "$LK_BIN/../sbin/lcm/lcm" -n
	says 'config/net:1:'
}

@test "--graph prints the states, and bad options give 2" {
	expect 0 "$LK_BIN/../sbin/lcm/lcm" --graph
	[[ $output == 'digraph peer {'* ]]
	expect 2 "$LK_BIN/../sbin/lcm/lcm" -x
	expect 2 "$LK_BIN/../sbin/lcm/lcm" extra
}

@test "without -f the starter ends when lcm is ready, and a second one is refused" {
	node alpha beta 1
	export LKROOT=$BATS_TEST_TMPDIR/alpha
	timeout 60 "$LK_BIN/../tests/unit/lcm-fakenet" >/dev/null 2>"$BATS_TEST_TMPDIR/alpha.err" 3>&-
	wait_until 20 logged alpha 'lcm of system "alpha" is ready'
	own_daemon alpha
	expect 4 "$LK_BIN/../tests/unit/lcm-fakenet" -f
	says 'lcm runs already'
	end_first
	wait_until 20 flock -n "$LKROOT/run/lcm.lock" true
}
