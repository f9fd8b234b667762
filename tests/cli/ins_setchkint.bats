#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: ins_setchkint [-d destsys] -t tag -c {q|quick|d|deep} -v interval

load ../helpers/tree

@test "CK1: the quick interval is set" {
	f1
	expect 0 ins_setchkint -t ip1 -c quick -v 120
	lines_are
	field_is ip1 13,14 '120|300'
	expect 0 ins_setchkint -t ip1 -c q -v 604800
	field_is ip1 13,14 '604800|300'
}

@test "CK2: the deep interval is set" {
	f1
	expect 0 ins_setchkint -t ip1 -c d -v 0
	field_is ip1 13,14 '180|0'
	expect 0 ins_setchkint -t ip1 -c deep -v 7
	field_is ip1 13,14 '180|7'
	field_is vol1 13,14 '180|300'
}

@test "CK3: more than a week gives 5" {
	f1
	expect 5 ins_setchkint -t ip1 -c q -v 604801
	says '0 to 604800'
	field_is ip1 13 180
}

@test "CK4: an unknown check gives 5" {
	f1
	local check
	for check in fast '' Q qu deepcheck; do
		expect 5 ins_setchkint -t ip1 -c "$check" -v 5
	done
	field_is ip1 13,14 '180|300'
}

@test "CK5: what is not a whole number gives 5" {
	f1
	local value
	for value in 1m '' -1 1.5 0x5 ' 5' +5 18446744073709551616; do
		expect 5 ins_setchkint -t ip1 -c q -v "$value"
	done
	field_is ip1 13 180
}

@test "CK6: an unknown tag gives 7" {
	f1
	expect 7 ins_setchkint -t nope -c q -v 5
}

@test "CK7: a missing option gives 2" {
	f1
	expect 2 ins_setchkint -t ip1 -c q
	says 'Usage: ins_setchkint'
	expect 2 ins_setchkint -t ip1 -v 5
	expect 2 ins_setchkint -c q -v 5
}

@test "the value may be joined with its option" {
	f1
	expect 0 ins_setchkint -tip1 -cq -v90
	field_is ip1 13 90
}

@test "a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 ins_setchkint -d beta -t ip1 -c q -v 5
	field_is ip1 13 180
}

@test "a damaged file gives 3 and is not overwritten" {
	f1
	sed -i '/^ip1/s/\t180\t/\t604801\t/' "$LKROOT/subsys/comm/resources/ip/instances"
	local before
	before=$(database)
	expect 3 ins_setchkint -t ip1 -c q -v 5
	says 'subsys/comm/resources/ip/instances:3: '
	[ "$(database)" = "$before" ]
}
