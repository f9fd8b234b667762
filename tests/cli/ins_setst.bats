#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: ins_setst [-d destsys] -t tag -S {ISP|ISU|OSU} [-R reason] [-A]

load ../helpers/tree

@test "IS1: state and reason are set and no script runs" {
	f1
	expect 0 ins_setst -t ip1 -S ISP -R "by hand"
	lines_are
	field_is ip1 7,8 'ISP|by hand'
	field_is app1 7,8 'OSU|'
	[ ! -s "$J" ]
}

@test "IS2: ins_setstate is the same command, and without -R the reason becomes empty" {
	f1s
	expect 0 ins_setstate -t ip1 -S ISU
	field_is ip1 7,8 'ISU|'
}

@test "IS3: -A sets what depends on the instance too" {
	f1s
	expect 0 ins_setst -t ip1 -S OSU -A -R maintenance
	field_is ip1 7,8 'OSU|maintenance'
	field_is app1 7,8 'OSU|maintenance'
	field_is vol1 7,8 'ISP|restore action has succeeded'
}

@test "IS4: OSF, ILLSTATE and other words give 5" {
	f1
	local state
	for state in OSF ILLSTATE isp '' UNKNOWN; do
		expect 5 ins_setst -t ip1 -S "$state"
		says 'ISP, ISU, OSU'
	done
	field_is ip1 7 OSU
}

@test "IS5: an unknown tag gives 7" {
	f1
	expect 7 ins_setst -t nope -S ISP
	expect 7 ins_setst -t nope -S ISP -A
}

@test "IS6: a missing option gives 2" {
	f1
	expect 2 ins_setst -t ip1
	says 'Usage: ins_setst'
	expect 2 ins_setst -S ISP
}

@test "IS7: a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 ins_setst -d beta -t ip1 -S OSU
	says 'destination system "beta" is out of service'
}

@test "-A goes up several levels and never down" {
	f1s
	dep_create -p ip1 -c vol1
	expect 0 ins_setst -t vol1 -S OSU -A
	field_is vol1 7 OSU
	field_is ip1 7 OSU
	field_is app1 7 OSU
	expect 0 ins_setst -t app1 -S ISP -A
	field_is app1 7 ISP
	field_is ip1 7 OSU
	field_is vol1 7 OSU
}

@test "a failed instance can be set out of service" {
	f1
	sed -i '/^ip1/s/\tOSU\t/\tOSF\t/' "$LKROOT/subsys/comm/resources/ip/instances"
	field_is ip1 7 OSF
	expect 0 ins_setst -t ip1 -S OSU
	field_is ip1 7 OSU
}

@test "a reason that cannot be stored gives 5 and changes nothing" {
	f1
	expect 5 ins_setst -t ip1 -S ISP -R $'a\001b'
	expect 5 ins_setst -t ip1 -S ISP -R "$(printf 'x%.0s' {1..4097})"
	field_is ip1 7 OSU
}

@test "-A with a damaged dependency file gives 3 and changes nothing" {
	f1s
	sed -i '3s/ip1/../' "$LKROOT/config/dep"
	local before
	before=$(database)
	expect 3 ins_setst -t ip1 -S OSU -A
	says 'config/dep:3: '
	[ "$(database)" = "$before" ]
}
