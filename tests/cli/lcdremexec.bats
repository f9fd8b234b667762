#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016	# other shells expand it
# usage: lcdremexec [-e] -d destname [-t remotetimeout] -- cmd [arg ...]
# More, between real nodes, in tests/cluster/remote.bats.

load ../helpers/tree
load ../helpers/far

setup() {
	f0
}

teardown() {
	far_end
}

@test "RX1: the command runs on the other system" {
	far beta
	expect 0 lcdremexec -d beta -- lcduname
	lines_are beta
	expect 0 lcdremexec -d beta -- 'echo "a  b"' c
	lines_are 'a  b c'
}

@test "RX2: its exit code comes back" {
	far beta
	expect 42 lcdremexec -d beta -- exit 42
	lines_are
	[ -z "$stderr" ]
}

@test "RX3: a system that cannot be reached gives 9" {
	sys_create -s beta
	unreachable
	expect 9 lcdremexec -d beta -- true
	says 'destination system "beta" is out of service'
}

@test "RX4: it runs in the other tree" {
	far beta
	expect 0 lcdremexec -d beta -- pwd
	lines_are "$FAR/beta"
}

@test "RX5: with -e its standard error is ours" {
	far beta
	expect 0 lcdremexec -e -d beta -- 'echo e >&2; echo o'
	lines_are o
	[ "$stderr" = e ]
}

@test "RX7: on the local system it runs without lcm, and outputs stay apart" {
	expect 0 lcdremexec -d alpha -- 'echo hi; echo there >&2'
	lines_are hi
	[ "$stderr" = there ]
	expect 0 lcdremexec -d alpha -- 'pwd; echo ${PATH%%:*}; echo $LKROOT; cat' </dev/null
	lines_are "$LKROOT" "$LKROOT/bin" "$LKROOT"
	expect 42 lcdremexec -d alpha -- exit 42
	run -127 lcdremexec -d alpha -- nosuchcommand
}

@test "RX10: without a destination, a command, or with a bad option it gives 2" {
	expect 2 lcdremexec -- true
	says 'option -d is missing'
	expect 2 lcdremexec -d alpha
	says 'argument cmd is missing'
	expect 2 lcdremexec -d alpha -x -- true
}

@test "-t must be a number of seconds" {
	local seconds
	for seconds in 0 -1 x 604801; do
		expect 5 lcdremexec -d alpha -t "$seconds" -- true
		says 'option -t'
	done
	expect 0 lcdremexec -d alpha -t 1 -- true
}

@test "an unknown system gives 7" {
	expect 7 lcdremexec -d nobody -- true
	says 'system "nobody" does not exist'
}

@test "without lcm it gives 1 and says so" {
	sys_create -s beta
	expect 1 lcdremexec -d beta -- true
	[ "$stderr" = "lcdremexec: CRITICAL (No. 472) Can't run this application without LCD Daemon running." ]
}

@test "output that cannot be written gives 1" {
	far beta
	run bash -c 'lcdremexec -d beta -- echo x >/dev/full'
	[ "$status" -eq 1 ]
	[[ $output == *'standard output'* ]]
}

@test "a damaged tree gives 3" {
	echo x >"$LKROOT/config/sys"
	expect 3 lcdremexec -d alpha -- true
}
