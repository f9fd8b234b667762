#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: ins_setit [-d destsys] -t tag -I {AUTORES_ISP|INIT_ISP|INIT_OSU}

load ../helpers/tree

@test "IT1: the method is set" {
	f1
	expect 0 ins_setit -t ip1 -I INIT_ISP
	lines_are
	field_is ip1 9 INIT_ISP
	field_is vol1 9 AUTORES_ISP
}

@test "IT2: ins_setinit is the same command" {
	f1
	expect 0 ins_setinit -t ip1 -I INIT_OSU
	field_is ip1 9 INIT_OSU
	expect 0 ins_setinit -t ip1 -I AUTORES_ISP
	field_is ip1 9 AUTORES_ISP
}

@test "IT3: another word gives 5" {
	f1
	local word
	for word in auto init_osu '' INIT; do
		expect 5 ins_setit -t ip1 -I "$word"
		says 'AUTORES_ISP, INIT_ISP, INIT_OSU'
	done
	field_is ip1 9 AUTORES_ISP
}

@test "IT4: a missing option gives 2" {
	f1
	expect 2 ins_setit -t ip1
	says 'Usage: ins_setit'
	expect 2 ins_setit -I INIT_OSU
}

@test "IT5: an unknown tag gives 7" {
	f1
	expect 7 ins_setit -t nope -I INIT_OSU
}

@test "a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 ins_setit -d beta -t ip1 -I INIT_OSU
	field_is ip1 9 AUTORES_ISP
}

@test "nothing but the method changes and no action runs" {
	f1s
	local before
	before=$(ins_list)
	expect 0 ins_setit -t ip1 -I INIT_OSU
	expect 0 ins_setit -t ip1 -I AUTORES_ISP
	[ "$(ins_list)" = "$before" ]
	[ ! -s "$J" ]
}

@test "a damaged file gives 3 and is not overwritten" {
	f1
	sed -i '/^app1/s/AUTORES_ISP/AUTO/' "$LKROOT/subsys/gen/resources/app/instances"
	local before
	before=$(database)
	expect 3 ins_setit -t ip1 -I INIT_OSU
	says 'subsys/gen/resources/app/instances:3: '
	[ "$(database)" = "$before" ]
}
