#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: flg_remove [-d destsys] -f flag

load ../helpers/tree

@test "FR1: a flag that was set is not set any more" {
	f0
	flg_create -f shutdown_switchover
	flg_create -f other
	expect 0 flg_remove -f shutdown_switchover
	lines_are
	expect 7 flg_test -f shutdown_switchover
	expect 0 flg_list
	lines_are other
}

@test "FR2: a flag that is not set gives 7" {
	f0
	flg_create -f xy
	expect 7 flg_remove -f x
	says 'flag "x" is not set'
	expect 0 flg_list
	lines_are xy
}

@test "FR3: without -f the usage is shown" {
	f0
	flg_create -f x
	expect 2 flg_remove
	says 'Usage: flg_remove'
	expect 0 flg_list
	lines_are x
}

@test "FR5: a system that cannot be reached gives 9" {
	f2
	unreachable
	flg_create -f x
	expect 9 flg_remove -d beta -f x
	expect 0 flg_test -f x
}

@test "of several that clear one flag at once, one succeeds" {
	f0
	flg_create -f x
	local pids=() pid codes=""
	for _ in {1..10}; do
		flg_remove -f x 2>/dev/null 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		local code=0
		wait "$pid" || code=$?
		codes+=$code
	done
	[ "${codes//7/}" = 0 ]
	[ "${#codes}" -eq 10 ]
}

@test "a damaged file gives 3 and is not overwritten" {
	f0
	flg_create -f x
	sed -i '1s/1$/2/' "$LKROOT/config/flg"
	local before
	before=$(database)
	expect 3 flg_remove -f x
	says 'config/flg:1: '
	[ "$(database)" = "$before" ]
}
