#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: sys_list [-d destsys] [-fC] [-J]

load ../helpers/tree

setup() {
	f0
}

@test "SL1: the local system is listed" {
	expect 0 sys_list
	lines_are alpha
}

@test "SL2: the other systems follow" {
	sys_create -s beta
	expect 0 sys_list
	lines_are alpha beta
}

@test "SL3: the local system is first, the others are sorted bytewise" {
	sys_create -s zeta
	sys_create -s Omega
	sys_create -s aaa
	expect 0 sys_list
	lines_are alpha Omega aaa zeta
}

@test "SL5: an unreachable system gives 9" {
	unreachable
	sys_create -s beta
	expect 9 sys_list -d beta
	lines_are
}

@test "SL6: an operand gives 2" {
	expect 2 sys_list x
}

@test "-f has one byte" {
	expect 0 sys_list -f:
	lines_are alpha
	expect 5 sys_list -f ::
}

@test "-J prints one array with documented keys" {
	sys_create -s beta
	expect 0 sys_list -J
	lines_are '[{"system":"alpha","local":true},{"system":"beta","local":false}]'
}

@test "before anything is stored the host's name is listed" {
	rm -r "$LKROOT/config"
	mkdir "$LKROOT/config"
	expect 0 sys_list
	lines_are "$(uname -n)"
}

@test "a file without a local system gives 3" {
	sed -i '/^alpha/d' "$LKROOT/config/sys"
	expect 3 sys_list
	says 'config/sys:0: no line names the local system'
}
