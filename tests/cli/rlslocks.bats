#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: rlslocks -a amach -l lockfile

load ../helpers/tree

setup() {
	f0
	L=$BATS_TEST_TMPDIR/L
	getlocks -a alpha -i one -l "$L" -p $$
}

@test "RL1: flag and lock file are gone" {
	expect 0 rlslocks -a alpha -l "$L"
	lines_are
	expect 0 flg_list
	lines_are
	[ ! -e "$L" ]
	[ ! -s "$LKROOT/run/action" ]
}

@test "RL2: an unknown lock file gives 7" {
	expect 7 rlslocks -a alpha -l nofile
	says 'lock file "nofile"'
	[ -e "$L" ]
}

@test "RL3: -l is needed" {
	expect 2 rlslocks -a alpha
	says 'Usage: rlslocks'
	expect 2 rlslocks -l "$L"
	[ -e "$L" ]
}

@test "RL4: systems that cannot be reached do not matter" {
	sys_create -s beta
	expect 0 rlslocks -a beta -l "$L"
	expect 0 flg_list
	lines_are
}

@test "RL5: the second release gives 7" {
	expect 0 rlslocks -a alpha -l "$L"
	expect 7 rlslocks -a alpha -l "$L"
}

@test "only the own flag is removed" {
	flg_create -f '!action!00001!4000000000!alpha:other'
	expect 0 rlslocks -a alpha -l "$L"
	expect 0 flg_list
	lines_are '!action!00001!4000000000!alpha:other'
}

@test "a flag that is gone already is no error" {
	flg_remove -f "$(cat "$L")"
	expect 0 rlslocks -a alpha -l "$L"
	[ ! -e "$L" ]
}

@test "a file that is no lock file is left alone" {
	flg_create -f shutdown_switchover
	local text
	for text in 'shutdown_switchover\n' '!action!1\n' 'two\nlines\n' '' 'no newline'; do
		printf '%b' "$text" >"$L.2"
		expect 3 rlslocks -a alpha -l "$L.2"
		says 'lock file "'
		[ -e "$L.2" ]
	done
	expect 3 rlslocks -a alpha -l "$LKROOT"
	expect 0 flg_test -f shutdown_switchover
}

@test "an unknown system gives 7 and keeps the lock" {
	expect 7 rlslocks -a nosuch -l "$L"
	[ -e "$L" ]
}

@test "a damaged tree gives 3 and keeps the lock file" {
	echo broken >"$LKROOT/config/flg"
	expect 3 rlslocks -a alpha -l "$L"
	[ -e "$L" ]
}
