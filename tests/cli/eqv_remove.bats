#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: eqv_remove [-d destsys] [-s sys] -t tag [-S othersys] [-o othertag] [-e SHARED] [--local-only]

load ../helpers/tree

setup() {
	f2
}

@test "ER1: a pair is removed" {
	expect 0 eqv_remove -t ip1 -S beta -o ip1 -e SHARED
	lines_are
	expect 0 eqv_list -f: -t ip1
	lines_are
	expect 0 eqv_list
	[ "${#lines[@]}" -eq 2 ]
}

@test "ER2: the other tag is the same by default" {
	expect 0 eqv_remove -s alpha -t ip1 -S beta -e SHARED
	expect 0 eqv_list -t ip1
	lines_are
}

@test "ER3: an unreachable other side is no error" {
	expect 0 eqv_remove -t ip1 -S beta -o ip1 -e SHARED
	[ -z "$stderr" ]
	expect 0 eqv_list -t ip1
	lines_are
}

@test "ER4: an unknown pair gives 7" {
	expect 7 eqv_remove -t nope -S beta -o nope
	says '"nope" has no equivalency with "nope" on system "beta"'
	expect 7 eqv_remove -t ip1 -S beta -o vol1
	expect 7 eqv_remove -t ip1 -S nosuch
}

@test "ER5: without -t the usage is shown" {
	expect 2 eqv_remove -S beta
	says 'Usage: eqv_remove'
}

@test "ER6: pairs with other systems stay" {
	join gamma 20 1510 10.1.0.3
	expect 0 eqv_remove -t ip1 -S gamma -o ip1
	expect 0 eqv_list -f: -t ip1
	lines_are alpha:ip1:beta:ip1:SHARED:1:10
}

@test "the other system may be named first" {
	expect 0 eqv_remove -s beta -t ip1
	expect 0 eqv_list -t ip1
	lines_are
}

@test "with different tags each belongs to its system" {
	eqv_remove -t ip1 -S beta
	eqv_create --local-only -t ip1 -S beta -o ip.beta -e SHARED
	expect 7 eqv_remove -s beta -t ip1 -o ip.beta
	expect 0 eqv_remove -s beta -t ip.beta -o ip1
	expect 0 eqv_list -t ip1
	lines_are
}

@test "a pair with a system that was removed can still be removed" {
	sys_remove -s beta
	expect 0 eqv_remove -t ip1 -S beta
	expect 0 eqv_list -t ip1
	lines_are
}

@test "--local-only removes this system's half" {
	expect 0 eqv_remove --local-only -t ip1 -S beta
	expect 0 eqv_list -t ip1
	lines_are
	expect 7 eqv_remove --local-only -t ip1 -S beta
}

@test "both or neither side on this system give 5" {
	expect 5 eqv_remove -t ip1
	says 'both sides are on system "alpha"'
	expect 5 eqv_remove -s beta -t ip1 -S gamma
	says 'neither side is on system "alpha"'
}

@test "a type other than SHARED gives 5 and removes nothing" {
	expect 5 eqv_remove -t ip1 -S beta -e COPY
	expect 0 eqv_list -f: -t ip1
	lines_are alpha:ip1:beta:ip1:SHARED:1:10
}

@test "a damaged file gives 3 with file and line" {
	sed -i 's/SHARED\t1\t10$/SHARED\t1\t/' "$LKROOT/config/eqv"
	expect 3 eqv_remove -t ip1 -S beta
	says 'config/eqv:3: '
}

@test "-d a system that cannot be reached gives 9, -d the local one is a local call" {
	unreachable
	expect 9 eqv_remove -d beta -t vol1 -S alpha -o vol1
	says 'destination system "beta" is out of service'
	expect 0 eqv_remove -d alpha -t vol1 -S beta -o vol1
}
