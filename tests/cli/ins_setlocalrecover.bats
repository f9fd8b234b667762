#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: ins_setlocalrecover [-d destsys] -t tag -l {Y|N}

load ../helpers/tree

@test "LR1: local recovery is switched on" {
	f1
	expect 0 ins_setlocalrecover -t ip1 -l Y
	lines_are
	field_is ip1 15 1
	field_is vol1 15 0
}

@test "LR2: ins_setlocalrecovery is the same command and switches it off" {
	f1
	ins_setlocalrecover -t ip1 -l Y
	expect 0 ins_setlocalrecovery -t ip1 -l N
	field_is ip1 15 0
}

@test "LR3: anything but yes and no gives 5" {
	f1
	local word
	for word in maybe '' yes 1 YY; do
		expect 5 ins_setlocalrecover -t ip1 -l "$word"
	done
	field_is ip1 15 0
}

@test "LR4: an unknown tag gives 7" {
	f1
	expect 7 ins_setlocalrecover -t nope -l Y
}

@test "LR5: a missing option gives 2" {
	f1
	expect 2 ins_setlocalrecover -t ip1
	says 'Usage: ins_setlocalrecover'
	expect 2 ins_setlocalrecover -l Y
}

@test "lower case will do" {
	f1
	expect 0 ins_setlocalrecover -t ip1 -l y
	field_is ip1 15 1
	expect 0 ins_setlocalrecover -t ip1 -l n
	field_is ip1 15 0
}

@test "a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 ins_setlocalrecover -d beta -t ip1 -l Y
	field_is ip1 15 0
}

@test "a damaged file gives 3 and is not overwritten" {
	f1
	sed -i '/^ip1/s/\t0\tINTELLIGENT/\t2\tINTELLIGENT/' "$LKROOT/subsys/comm/resources/ip/instances"
	local before
	before=$(database)
	expect 3 ins_setlocalrecover -t ip1 -l Y
	says 'subsys/comm/resources/ip/instances:3: '
	[ "$(database)" = "$before" ]
}
