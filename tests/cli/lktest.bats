#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# lktest: does Lockkeeper run?
#
# usage: lktest [-J]

load ../helpers/tree
load ../helpers/daemons

setup() {
	f0
	with_daemons 'one:respawn:sbin/testd|one ready' 'two:respawn:sbin/testd|two ready' \
		'three:off:sbin/testd|three'
}

teardown() {
	end_daemons
}

@test "LT1: a running Lockkeeper gives 0 and a line for each daemon" {
	expect 0 lkstart
	expect 0 lktest
	[ "${#lines[@]}" -eq 4 ]
	[[ ${lines[0]} =~ ^lkinit\ [0-9]+\ up\ 0$ ]]
	[[ ${lines[1]} =~ ^one\ [0-9]+\ up\ 0$ ]]
	[[ ${lines[2]} =~ ^two\ [0-9]+\ up\ 0$ ]]
	[ "${lines[3]}" = 'three - off 0' ]
}

@test "without Lockkeeper it gives 1 and no output" {
	expect 1 lktest
	lines_are
	[ -z "$stderr" ]
	expect 1 lktest -J
	lines_are
}

@test "LT2: after lkstop it gives 1 and no output" {
	expect 0 lkstart
	expect 0 lkstop
	expect 1 lktest
	lines_are
}

@test "LT3: after lkstop -f it gives 1 and no output" {
	expect 0 lkstart
	expect 0 lkstop -f
	expect 1 lktest
	lines_are
}

@test "LT4: a daemon that is killed is there again within 5 s" {
	local old
	expect 0 lkstart
	old=$(pid_of one)
	kill -KILL "$old"
	wait_until 5 restarted one "$old"
	expect 0 lktest
	[[ ${lines[1]} =~ ^one\ [0-9]+\ [a-z]+\ 1$ ]]
}

@test "LT5: an operand gives 2" {
	expect 2 lktest x
}

@test "JSON has the same" {
	expect 0 lkstart
	expect 0 lktest -J
	[ "$(jq -r 'map(.daemon) | join(" ")' <<<"$output")" = 'lkinit one two three' ]
	[ "$(jq -r '.[1].state, .[1].restarts, .[3].pid' <<<"$output")" = $'up\n0\nnull' ]
	[ "$(jq '.[1].pid' <<<"$output")" = "$(pid_of one)" ]
}

@test "a status file that is damaged or missing leaves one line" {
	expect 0 lkstart
	local pid
	pid=$(lkinit_pid)
	echo garbage >"$LKROOT/run/lkinit.status"
	expect 0 lktest
	lines_are "lkinit $pid unknown 0"
	rm "$LKROOT/run/lkinit.status"
	expect 0 lktest
	lines_are "lkinit $pid unknown 0"
}

@test "the status of a supervisor that was killed does not count" {
	expect 0 lkstart
	local pid
	pid=$(lkinit_pid)
	kill -KILL "$pid"
	wait_until 5 ended "$pid"
	[ -e "$LKROOT/run/lkinit.status" ]
	expect 1 lktest
	lines_are
}

@test "without a tree it gives 1 and says so" {
	LKROOT=/nonexistent expect 1 lktest
	says 'no Lockkeeper tree'
}
