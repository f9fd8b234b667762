#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: sys_getst [-d destsys] -s sys

load ../helpers/tree

setup() {
	f0
	sys_create -s beta
}

@test "SG3: a system without a path is UNKNOWN" {
	expect 0 sys_getst -s beta
	lines_are UNKNOWN
}

@test "SG4: the local system is ALIVE" {
	expect 0 sys_getst -s alpha
	lines_are ALIVE
}

@test "SG5: an unknown system gives 7" {
	expect 7 sys_getst -s nope
	lines_are
}

@test "SG6: sys_getstate is a second name of it" {
	expect 0 sys_getstate -s alpha
	lines_are ALIVE
	expect 2 sys_getstate
	says 'Usage: sys_getstate [-d destsys] -s sys'
}

@test "without -s the usage is shown" {
	expect 2 sys_getst
	says 'Usage: sys_getst [-d destsys] -s sys'
}

@test "-d with the local system asks here, with another one gives 9" {
	unreachable
	expect 0 sys_getst -d alpha -s beta
	lines_are UNKNOWN
	expect 9 sys_getst -d beta -s alpha
	lines_are
}

@test "a damaged file gives 3 with file and line" {
	sed -i '$d' "$LKROOT/config/sys"
	expect 3 sys_getst -s alpha
	says 'config/sys:'
}
