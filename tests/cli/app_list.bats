#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: app_list [-d destsys] [-fC] [-J]

load ../helpers/tree

@test "AL1: an empty tree has no applications" {
	f0
	expect 0 app_list
	lines_are
}

@test "AL2: applications are listed in order" {
	f1
	expect 0 app_list
	lines_are comm filesys gen
}

@test "AL4: a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 app_list -d beta
	lines_are
}

@test "AL5: an operand gives 2" {
	f1
	expect 2 app_list extra
	lines_are
	says 'Usage: app_list'
}

@test "AL6 as decided: applications are listed while no daemon runs" {
	f1
	[ -z "$(ls "$LKROOT/run")" ]
	expect 0 app_list
	lines_are comm filesys gen
	[ -z "$stderr" ]
}

@test "the order is bytewise" {
	f0
	local app
	for app in b a B _ 1; do
		app_create -a "$app"
	done
	expect 0 app_list
	lines_are 1 B _ a b
}

@test "-J gives an array of objects" {
	f0
	expect 0 app_list -J
	lines_are '[]'
	app_create -a gen
	app_create -a comm
	expect 0 app_list -J
	jq -e '. == [{application: "comm"}, {application: "gen"}]' <<<"$output"
}

@test "-f takes exactly one byte" {
	f1
	expect 0 app_list -f:
	lines_are comm filesys gen
	expect 5 app_list -f ab
	expect 5 app_list -f ''
}

@test "a damaged file gives 3 and no list" {
	f1
	sed -i '3s/.*/a\tb/' "$LKROOT/config/app"
	expect 3 app_list
	lines_are
	says 'config/app:3: '
}

@test "a missing file in a tree that was used gives 3" {
	f1
	rm "$LKROOT/config/app"
	expect 3 app_list
	says 'config/app'
}

@test "output that is lost gives 1" {
	f1
	expect 1 sh -c 'app_list >/dev/full'
	says 'standard output'
}
