#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: sys_getds [-d destsys] -s sys

load ../helpers/tree

setup() {
	f0
	sys_create -s beta
}

@test "SD1: the reason of a system's state is one line" {
	expect 0 sys_getds -s beta
	[ "${#lines[@]}" -eq 1 ]
	[ -n "$output" ]
}

@test "the local system has a reason, too" {
	expect 0 sys_getds -s alpha
	lines_are 'this is the local system'
}

@test "SD3: an unknown system gives 7" {
	expect 7 sys_getds -s nope
	lines_are
}

@test "SD4: without -s the usage is shown" {
	expect 2 sys_getds
	says 'Usage: sys_getds [-d destsys] -s sys'
}

@test "an unreachable destination gives 9" {
	unreachable
	expect 9 sys_getds -d beta -s alpha
	lines_are
}

@test "an operand gives 2" {
	expect 2 sys_getds -s beta x
}
