#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: flg_list [-d destsys] [-J]

load ../helpers/tree

@test "FL1: without flags the list is empty" {
	f0
	expect 0 flg_list
	lines_are
}

@test "FL2: all flags are listed, in order" {
	f0
	flg_create -f shutdown_switchover
	flg_create -f '!nofailover!beta'
	expect 0 flg_list
	lines_are '!nofailover!beta' shutdown_switchover
}

@test "FL4: a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 flg_list -d beta
	lines_are
}

@test "FL5: -f gives 2, because a line is one field" {
	f0
	flg_create -f x
	expect 2 flg_list -f x
	says 'Usage: flg_list'
	lines_are
}

@test "an operand gives 2" {
	f0
	expect 2 flg_list x
	lines_are
}

@test "-J gives an array of objects" {
	f0
	expect 0 flg_list -J
	lines_are '[]'
	flg_create -f $'quote"back\\'
	flg_create -f '!a'
	expect 0 flg_list -J
	jq -e '. == [{flag: "!a"}, {flag: "quote\"back\\"}]' <<<"$output"
}

@test "a damaged file gives 3 and no list" {
	f0
	flg_create -f x
	flg_create -f y
	sed -i '$d' "$LKROOT/config/flg"
	expect 3 flg_list
	lines_are
	says 'config/flg:4: '
}
