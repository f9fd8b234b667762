#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: delallsys [-f] [-o] node

load ../helpers/tree

setup() {
	f3
}

@test "DA1: equivalencies, paths and the system go, one line each" {
	expect 0 delallsys -f gamma
	lines_are 'Removing equivalency app1 -> app1 on gamma...' \
		'Removing equivalency ip1 -> ip1 on gamma...' \
		'Removing equivalency vol1 -> vol1 on gamma...' \
		'Removing network comm path(s) 10.1.0.1 -> 10.1.0.3...'
	expect 0 sys_list
	lines_are alpha beta
	expect 0 eqv_list -f:
	lines_are alpha:app1:beta:app1:SHARED:1:10 alpha:ip1:beta:ip1:SHARED:1:10 \
		alpha:vol1:beta:vol1:SHARED:1:10
	expect 0 net_list -f,
	fields 1,2 ,
	lines_are beta,TCP:1500
}

@test "DA2: a system that nothing refers to gives 7" {
	delallsys -f gamma
	expect 7 delallsys -f gamma
	says 'nothing refers to system "gamma"'
	lines_are
}

@test "DA3: the local system stays, with the documented message" {
	local before
	before=$(database)
	expect 5 delallsys -f alpha
	says "*ERROR* (No. 424) can't remove entry for local system \"alpha\""
	lines_are
	[ "$before" = "$(database)" ]
}

@test "DA4: without a node the usage is shown" {
	expect 2 delallsys
	says 'Usage: delallsys [-f] [-o] node'
	expect 2 delallsys -f
	expect 2 delallsys -f gamma beta
}

@test "-o: what a system owned that is gone for good belongs to nobody" {
	lk_epoch -t ip1 -e 5 -o gamma
	lk_epoch -t vol1 -e 3 -o beta
	expect 0 delallsys -f -o gamma
	expect 0 lk_epoch -l -f:
	fields 1-3 :
	lines_are ip1:6:- vol1:3:beta
	expect 7 delallsys -f -o gamma
	# also when the system was forgotten before
	expect 0 delallsys -f beta
	expect 0 delallsys -f -o beta
	expect 0 lk_epoch -l -t vol1 -f:
	fields 1-3 :
	lines_are vol1:4:-
}

@test "what is left of a removed system goes, too" {
	sys_remove -s gamma
	eqv_remove -t app1 -S gamma
	expect 0 delallsys -f gamma
	lines_are 'Removing equivalency ip1 -> ip1 on gamma...' \
		'Removing equivalency vol1 -> vol1 on gamma...' \
		'Removing network comm path(s) 10.1.0.1 -> 10.1.0.3...'
	expect 7 delallsys -f gamma
}

@test "a system without equivalencies and paths goes without a word" {
	sys_create -s delta
	expect 0 delallsys -f delta
	lines_are
	expect 0 sys_list
	lines_are alpha beta gamma
}

@test "paths without addresses are named by their device" {
	sys_create -s delta
	net_create -s delta -n TTY -D /dev/ttyS0
	expect 0 delallsys -f delta
	lines_are 'Removing network comm path(s) /dev/ttyS0...'
}

@test "flags about the system go, flags about others and admin locks stay" {
	local flag
	for flag in '!nofailover!gamma' '!restore!gamma' 'confirmso!gamma' '!nofailover!beta' \
		'confirmso!gamma2' '!action!01234!1700000000!gamma:Create' \
		'!action!01234!1700000000!gamma' shutdown_switchover gamma; do
		flg_create -f "$flag"
	done
	expect 0 delallsys -f gamma
	expect 0 flg_list
	lines_are '!action!01234!1700000000!gamma' '!action!01234!1700000000!gamma:Create' \
		'!nofailover!beta' 'confirmso!gamma2' gamma shutdown_switchover
}

@test "if one file cannot be written, none is changed" {
	local before
	mkdir "$LKROOT/config/.sys.new"
	before=$(database)
	expect 1 delallsys -f gamma
	lines_are
	[ "$before" = "$(database)" ]
	rmdir "$LKROOT/config/.sys.new"
	expect 0 delallsys -f gamma
}

@test "without a terminal and without -f nothing is done" {
	local before
	before=$(database)
	expect 2 delallsys gamma </dev/null
	says 'there is no terminal to ask on: give -f'
	[ "$before" = "$(database)" ]
}

# on_terminal ANSWER COMMAND...: the command with a terminal on which the answer is typed
on_terminal() {
	local answer=$1
	shift
	(wait_until 5 grep -q 'Go on' "$BATS_TEST_TMPDIR/tty" 2>/dev/null; echo "$answer") |
		script -qefc "$*" "$BATS_TEST_TMPDIR/tty"
}

@test "on a terminal delallsys tells what it is going to do, and asks" {
	command -v script || skip "script(1) is missing"
	expect 1 on_terminal n delallsys gamma
	[[ $output == *'Removing equivalency ip1 -> ip1 on gamma...'* ]]
	[[ $output == *'Removing system gamma...'* ]]
	[[ $output == *'not confirmed: nothing was changed'* ]]
	expect 0 sys_list
	lines_are alpha beta gamma
	expect 0 on_terminal y delallsys gamma
	expect 0 sys_list
	lines_are alpha beta
}

@test "delallsys.pl is a second name of it" {
	expect 0 delallsys.pl -f gamma
	expect 0 sys_list
	lines_are alpha beta
}

@test "a damaged file gives 3 and changes nothing" {
	sed -i '$d' "$LKROOT/config/flg"
	local before
	before=$(database)
	expect 3 delallsys -f gamma
	says 'config/flg:'
	lines_are
	[ "$before" = "$(database)" ]
}
