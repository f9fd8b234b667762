#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: typ_list [-d destsys] [-fC] [-a appname] [-J]

load ../helpers/tree

@test "TL1: all types are listed in order" {
	f1
	expect 0 typ_list -f:
	lines_are comm:ip filesys:volume gen:app
}

@test "TL2: -a lists the types of one application" {
	f1
	expect 0 typ_list -f: -a comm
	lines_are comm:ip
}

@test "TL3: the separator is the byte 0x01" {
	f1
	expect 0 typ_list
	lines_are $'comm\001ip' $'filesys\001volume' $'gen\001app'
}

@test "TL4: an unknown application gives 7" {
	f1
	expect 7 typ_list -a nope
	lines_are
}

@test "TL5: a separator of two bytes gives 5" {
	f1
	expect 5 typ_list -f ab
	lines_are
	expect 5 typ_list -f ''
}

@test "the separator may stand apart, and may be any byte" {
	f1
	expect 0 typ_list -a gen -f ,
	lines_are gen,app
	expect 0 typ_list -f= -a gen
	lines_are gen=app
	expect 0 typ_list -f- -a gen
	lines_are gen-app
}

@test "an application without types has an empty list" {
	f1
	app_create -a database
	expect 0 typ_list -a database
	lines_are
}

@test "-J gives an array of objects" {
	f1
	expect 0 typ_list -J
	jq -e '. == [{application: "comm", type: "ip"}, {application: "filesys", type: "volume"},
		{application: "gen", type: "app"}]' <<<"$output"
	expect 0 typ_list -J -a gen
	jq -e '. == [{application: "gen", type: "app"}]' <<<"$output"
	expect 7 typ_list -J -a nope
	lines_are
}

@test "a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 typ_list -d beta
	lines_are
}

@test "an operand gives 2" {
	f1
	expect 2 typ_list comm
	says 'unexpected argument "comm"'
}

@test "a damaged file gives 3 and no list" {
	f1
	sed -i '4s/volume/../' "$LKROOT/config/typ"
	expect 3 typ_list
	lines_are
	says 'config/typ:4: '
}
