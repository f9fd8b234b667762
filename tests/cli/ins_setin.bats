#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: ins_setin [-d destsys] -t tag [-v info]

load ../helpers/tree

@test "IN1: the info is replaced" {
	f1
	expect 0 ins_setin -t ip1 -v eth2
	lines_are
	[ -z "$stderr" ]
	field_is ip1 6 eth2
}

@test "IN2: ins_setinfo is the same command" {
	f1
	expect 0 ins_setinfo -t ip1 -v eth2
	field_is ip1 6 eth2
	expect 2 ins_setinfo
	says 'Usage: ins_setinfo [-d destsys] -t tag [-v info]'
}

@test "IN3: without -v the info becomes empty" {
	f1
	expect 0 ins_setin -t ip1
	expect 0 ins_list -J -t ip1
	jq -e '.[0].info == ""' <<<"$output"
}

@test "IN4: an unknown tag gives 7" {
	f1
	expect 7 ins_setin -t nope -v x
	says 'tag "nope" does not exist'
}

@test "IN5: the byte 0x01 and line breaks give 5 and change nothing" {
	f1
	expect 5 ins_setin -t ip1 -v $'a\001b'
	expect 5 ins_setin -t ip1 -v $'a\nb'
	field_is ip1 6 eth0
}

@test "an info has at most 4096 bytes" {
	f1
	local k
	k=$(printf 'x%.0s' {1..4096})
	expect 0 ins_setin -t ip1 -v "$k"
	field_is ip1 6 "$k"
	expect 5 ins_setin -t ip1 -v "x$k"
}

@test "nothing but the info of this instance changes" {
	f1s
	local before
	before=$(ins_list)
	expect 0 ins_setin -t ip1 -v eth2
	expect 0 ins_setin -t ip1 -v eth0
	[ "$(ins_list)" = "$before" ]
	[ ! -s "$J" ]
}

@test "infos set at once on several instances are all kept" {
	f1
	local n
	for n in {0..9}; do
		ins_create -a comm -r ip -t "t$n" -i "$n"
	done
	for n in {0..9}; do
		ins_setin -t "t$n" -v "new $n" 3>&- &
	done
	wait
	for n in {0..9}; do
		field_is "t$n" 6 "new $n"
	done
}

@test "without -t the usage is shown" {
	f1
	expect 2 ins_setin -v x
	says 'Usage: ins_setin [-d destsys] -t tag [-v info]'
}

@test "a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 ins_setin -d beta -t ip1 -v eth9
	field_is ip1 6 eth0
}

@test "a damaged file gives 3 and is not overwritten" {
	f1
	sed -i '/^ip1/s/$/\textra/' "$LKROOT/subsys/comm/resources/ip/instances"
	local before
	before=$(database)
	expect 3 ins_setin -t ip1 -v x
	says 'subsys/comm/resources/ip/instances:3: too many fields'
	[ "$(database)" = "$before" ]
}
