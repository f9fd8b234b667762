#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: eqv_list [-d destsys] [-s sys] [-t tag] [-e SHARED] [-fC] [-J]

load ../helpers/tree

setup() {
	f2
}

@test "EL1: all pairs are listed in order of their tags" {
	expect 0 eqv_list -f:
	lines_are alpha:app1:beta:app1:SHARED:1:10 alpha:ip1:beta:ip1:SHARED:1:10 \
		alpha:vol1:beta:vol1:SHARED:1:10
}

@test "EL2: -t lists the pairs with a tag" {
	expect 0 eqv_list -f: -t ip1
	lines_are alpha:ip1:beta:ip1:SHARED:1:10
}

@test "EL4: a tag's pairs are in order of the other systems" {
	join gamma 20 1510 10.1.0.3
	expect 0 eqv_list -f: -t ip1
	lines_are alpha:ip1:beta:ip1:SHARED:1:10 alpha:ip1:gamma:ip1:SHARED:1:20
}

@test "EL5: all filters must be met" {
	join gamma 20 1510 10.1.0.3
	expect 0 eqv_list -f: -s gamma -t vol1
	lines_are alpha:vol1:gamma:vol1:SHARED:1:20
}

@test "EL6: without pairs nothing is printed" {
	eqv_remove -t ip1 -S beta
	eqv_remove -t vol1 -S beta
	eqv_remove -t app1 -S beta
	expect 0 eqv_list
	lines_are
	expect 0 eqv_list -J
	lines_are '[]'
}

@test "EL7: the separator is 0x01, and there are 7 fields" {
	expect 0 eqv_list -e SHARED -t app1
	lines_are $'alpha\001app1\001beta\001app1\001SHARED\0011\00110'
}

@test "-t finds a tag on either side" {
	eqv_remove -t ip1 -S beta
	eqv_create --local-only -t ip1 -S beta -o ip.beta -e SHARED
	expect 0 eqv_list -f: -t ip.beta
	lines_are alpha:ip1:beta:ip.beta:SHARED:1:10
}

@test "-s with this system lists all pairs" {
	expect 0 eqv_list -s alpha
	[ "${#lines[@]}" -eq 3 ]
}

@test "an unknown tag or system matches nothing and gives 0" {
	expect 0 eqv_list -t nope
	lines_are
	expect 0 eqv_list -s nope
	lines_are
}

@test "a type other than SHARED gives 5" {
	expect 5 eqv_list -e COPY
	lines_are
}

@test "-J prints one array with documented keys" {
	expect 0 eqv_list -J -t ip1
	lines_are '[{"system":"alpha","tag":"ip1","other_system":"beta","other_tag":"ip1","type":"SHARED","priority":1,"other_priority":10}]'
}

@test "a temporary priority above 999 is shown" {
	sed -i 's/SHARED\t1\t10$/SHARED\t1\t1003/' "$LKROOT/config/eqv"
	expect 0 eqv_list -f: -t ip1
	lines_are alpha:ip1:beta:ip1:SHARED:1:1003
}

@test "a damaged file gives 3 with file and line" {
	sed -i 's/^ip1\t/.ip1\t/' "$LKROOT/config/eqv"
	expect 3 eqv_list
	says 'config/eqv:'
	lines_are
}

@test "an unreachable system gives 9" {
	unreachable
	expect 9 eqv_list -d beta
	lines_are
}

@test "an operand gives 2" {
	expect 2 eqv_list x
}
