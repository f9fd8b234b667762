#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: sys_remove [-d destsys] -s sys

load ../helpers/tree

setup() {
	f0
	sys_create -s beta
}

@test "SR1: a system is forgotten" {
	expect 0 sys_remove -s beta
	lines_are
	expect 0 sys_list
	lines_are alpha
}

@test "SR2: the local system stays, with the documented message" {
	expect 5 sys_remove -s alpha
	says "*ERROR* (No. 424) can't remove entry for local system \"alpha\""
	expect 0 sys_list
	lines_are alpha beta
}

@test "SR3: an unknown system gives 7" {
	expect 7 sys_remove -s nope
	says 'system "nope" does not exist'
}

@test "SR4: paths to a removed system stay, and can be removed" {
	net_create -s beta -n TCP -D TCP:1500 -l 10.1.0.1 -r 10.1.0.2 -p 1
	expect 0 sys_remove -s beta
	expect 0 net_list -f,
	fields 1,2 ,
	lines_are beta,TCP:1500
	expect 0 net_list -s beta -f,
	fields 1 ,
	lines_are beta
	expect 0 net_remove -D TCP:1500
	expect 0 net_list
	lines_are
}

@test "SR5: without -s the usage is shown" {
	expect 2 sys_remove
	says 'Usage: sys_remove [-d destsys] -s sys'
}

@test "SR6: an unreachable destination gives 9" {
	unreachable
	expect 9 sys_remove -d beta -s gamma
}

@test "a name in another case is another system" {
	expect 7 sys_remove -s BETA
}

@test "a damaged file gives 3 with file and line" {
	sed -i 's/^beta\t/be ta\t/' "$LKROOT/config/sys"
	expect 3 sys_remove -s beta
	says 'config/sys:4: '
}
