#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016	# other shells expand it
# What does not stop the heartbeat: load, a full disk, a clock that is stepped, a process that is stopped.
# LOAD_SECONDS says how long the load lasts.

load lab
load ../helpers/tree
load cluster

setup_file() {
	lab_or_skip
	export LAB_DIR
	local node
	cluster_up -c 2
	for node in alpha beta; do
		lcm_stop $node
		# a small disk of its own, to be filled
		on $node mount -t tmpfs -o size=4m small "$(lab root $node)/out"
		lcm_start $node
		handler $node comm_up
		handler $node comm_down
	done
	wait_until 20 all_alive
}

teardown_file() {
	lab down
}

setup() {
	local node
	lab restore
	wait_until 30 all_alive
	for node in alpha beta; do
		rm -f "$(lab root $node)/tmp/events"
		on $node sh -c ': >"$LKROOT/out/lifekeeper.log"'
	done
	BEFORE=$(downs)
}

teardown() {
	local node
	for node in alpha beta; do
		on $node pkill -KILL -x stuckdir || true
		on $node pkill -CONT '^lcm' || true
		on $node pkill -KILL -f LOAD || true
		on $node sh -c 'rm -f "$LKROOT"/out/fill* "$LKROOT"/tmp/fill*'
		[ -n "${BATS_TEST_COMPLETED:-}" ] || on $node tail -n 50 "$(log_of $node)" || true
	done
}

all_alive() {
	state_is alpha beta ALIVE && state_is beta alpha ALIVE &&
		paths_are alpha beta ALIVE ALIVE && paths_are beta alpha ALIVE ALIVE
}

# How often each has taken the other for dead.
downs() {
	echo "$(paths alpha beta 11) $(paths beta alpha 11)"
}

# Not in its log, which is on a disk that only the node sees.
inside_unlogged() {	# NODE TEXT
	if on "$1" grep -F -- "$2" "$(log_of "$1")"; then
		return 1
	fi
}

no_false_alarm() {
	[ "$(downs)" = "$BEFORE" ]
	[ -z "$(events alpha)$(events beta)" ]
	inside_unlogged alpha 'SAFETY CHECK'
	inside_unlogged beta 'SAFETY CHECK'
}

# Until killed by its word LOAD: a core each that never rests; memory taken, touched and given back, half
# a gigabyte at most; the small disk filled to the last byte and emptied; the large one written and synced.
load_node() {	# NODE
	local cpu
	for ((cpu = 0; cpu < $(nproc); cpu++)); do
		lab spawn "$1" sh -c ': LOAD; while :; do :; done'
	done
	lab spawn "$1" bash -c ': LOAD; ulimit -v 1000000
		while :; do head -c 500000000 /dev/zero | tail >/dev/null; done'
	lab spawn "$1" sh -c ': LOAD; while :; do
		cat /dev/zero >"$LKROOT/out/fill" 2>/dev/null; rm "$LKROOT/out/fill"; done'
	lab spawn "$1" sh -c ': LOAD; while :; do
		dd if=/dev/zero of="$LKROOT/tmp/fill" bs=1M count=100 conv=fsync status=none; rm "$LKROOT/tmp/fill"; done'
}

@test "nobody is taken for dead while processors, memory and disks of both nodes are at their limit" {
	local node before
	before=$(now_ms)
	for node in alpha beta; do
		load_node $node
	done
	while [ $(($(now_ms) - before)) -lt $((${LOAD_SECONDS:-30} * 1000)) ]; do
		state_is alpha beta ALIVE
		state_is beta alpha ALIVE
		expect 0 on alpha lcdremexec -d beta -- echo on
		lines_are on
	done
	for node in alpha beta; do
		[ "$(on $node pgrep -c -f 'LOAD; while')" -ge $(($(nproc) + 2)) ]
		on $node pkill -KILL -f LOAD
	done
	no_false_alarm
}

@test "while the disk under out/ is full, commands run, and events are processed" {
	local node
	for node in alpha beta; do
		on $node sh -c 'cat /dev/zero >"$LKROOT/out/fill" 2>/dev/null || df "$LKROOT/out" | grep -q 100%'
	done
	expect 0 on alpha lcdremexec -d beta -- lcduname
	lines_are beta
	lab cut net1
	lab cut net2
	wait_until 10 state_is alpha beta DEAD
	wait_until 10 events_are alpha 'comm_down beta'
	wait_until 10 events_are beta 'comm_down alpha'
	lab restore
	wait_until 20 events_are alpha 'comm_down beta' 'comm_up beta'
	wait_until 20 all_alive
}

came_up() {
	events beta | grep -qx 'comm_up alpha'
}

stuck() {
	if on beta timeout 0.2 cat "$(log_of beta)" >/dev/null; then
		return 1
	fi
}

# The paths of beta to alpha, asked by one who does not wait for ever.
beta_sees() {	# STATE...
	[ "$(on beta timeout 5 net_list -f, -s alpha | cut -d, -f7 | paste -sd ' ')" = "$*" ]
}

@test "while the disk under out/ does not answer at all, lcm goes on, and logs it later" {
	local before
	lab spawn beta "$LAB_TOOLS/stuckdir" "$(lab root beta)/out"
	wait_until 20 stuck
	lab cut net1
	wait_until 20 beta_sees DEAD ALIVE
	state_is alpha beta ALIVE
	lab restore
	wait_until 20 beta_sees ALIVE ALIVE
	before=$(now_ms)
	while [ $(($(now_ms) - before)) -lt 2000 ]; do
		state_is alpha beta ALIVE
		[ "$(on beta timeout 5 sys_getst -s alpha)" = ALIVE ]
		expect 0 on alpha lcdremexec -d beta -- lcduname
		lines_are beta
	done
	[ "$(downs)" = "$BEFORE" ]
	lab cut net1
	lab cut net2
	wait_until 20 beta_sees DEAD DEAD
	wait_until 20 events_are alpha 'comm_down beta'
	lab restore
	wait_until 20 all_alive
	stuck
	on beta pkill -KILL -x stuckdir
	wait_until 20 on beta grep -q 'SAFETY CHECK' "$(log_of beta)"
	# the handlers write to the log themselves
	wait_until 20 came_up
	inside_unlogged beta 'lines of the log are missing'
}

@test "a clock that is stepped kills nobody, and a death is noticed at a stepped time" {
	local step node before
	for step in 86400.5 -93600.5; do
		for node in alpha beta; do
			lab step $node $step
			before=$(now_ms)
			while [ $(($(now_ms) - before)) -lt 1000 ]; do
				state_is alpha beta ALIVE
				state_is beta alpha ALIVE
			done
		done
	done
	no_false_alarm
	lab cut net1
	lab cut net2
	lab step alpha -5000
	lab step beta 5000
	wait_until 10 events_are alpha 'comm_down beta'
	wait_until 10 events_are beta 'comm_down alpha'
	lab restore
	wait_until 20 all_alive
}

@test "lcm that is stopped for a moment shorter than the detection period is not missed" {
	for _ in 1 2 3; do
		on beta pkill -STOP '^lcm'
		on beta sh -c 'sleep 0.2'	# what is tested, not waited for
		on beta pkill -CONT '^lcm'
		wait_until 5 state_is alpha beta ALIVE
	done
	no_false_alarm
}

@test "lcm that is stopped for long is missed, takes nobody for dead when it goes on, and all is as before" {
	on beta pkill -STOP '^lcm'
	wait_until 10 paths_are alpha beta DEAD DEAD
	on beta pkill -CONT '^lcm'
	wait_until 20 all_alive
	inside_unlogged beta 'SAFETY CHECK for "alpha" timed out'
	expect 0 on beta lcdremexec -d alpha -- lcduname
	lines_are alpha
}

@test "the heartbeat does not need the part of lcm that executes" {
	local before
	on beta pkill -STOP -o -x lcm
	before=$(now_ms)
	while [ $(($(now_ms) - before)) -lt 3000 ]; do
		state_is alpha beta ALIVE
	done
	on beta pkill -CONT -o -x lcm
	wait_until 10 all_alive
	no_false_alarm
}
