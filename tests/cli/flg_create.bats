#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: flg_create [-d destsys] -f flag

load ../helpers/tree

@test "FC1: a new flag is set" {
	f0
	expect 0 flg_create -f shutdown_switchover
	lines_are
	expect 0 flg_test -f shutdown_switchover
}

@test "FC2: a flag that is set gives 4" {
	f0
	flg_create -f shutdown_switchover
	expect 4 flg_create -f shutdown_switchover
	says 'is set already'
	expect 0 flg_list
	lines_are shutdown_switchover
}

@test "FC3: special characters are kept literally" {
	f0
	expect 0 flg_create -f '!nofailover!beta'
	expect 0 flg_create -f '!action!02833!701236710!alpha:Restore_hierarchy'
	expect 0 flg_create -f "#a/%41\$x"
	expect 0 flg_list
	lines_are '!action!02833!701236710!alpha:Restore_hierarchy' '!nofailover!beta' "#a/%41\$x"
}

@test "FC4: without -f the usage is shown" {
	f0
	expect 2 flg_create
	says 'Usage: flg_create [-d destsys] -f flag'
	expect 2 flg_create x
}

@test "FC5: blanks, control characters and other bytes give 5" {
	f0
	local flag
	for flag in 'a b' '' $'a\tb' $'a\nb' $'a\001' $'\177' $'\303\251'; do
		expect 5 flg_create -f "$flag"
	done
	expect 0 flg_list
	lines_are
}

@test "FC6: of 50 that set one flag at once, one succeeds and 49 get 4" {
	f0
	local pids=() pid
	local -A count=()
	for _ in {1..50}; do
		flg_create -f x 2>/dev/null 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		local code=0
		wait "$pid" || code=$?
		count[$code]=$((${count[$code]:-0} + 1))
	done
	[ "${count[0]}" -eq 1 ]
	[ "${count[4]}" -eq 49 ]
	expect 0 flg_list
	lines_are x
}

@test "flags set at once by many are all there" {
	f0
	local n
	for n in {10..39}; do
		flg_create -f "f$n" 3>&- &
	done
	wait
	expect 0 flg_list
	lines_are "$(printf 'f%s\n' {10..39})"
}

@test "FC7: a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 flg_create -d beta -f x
	says 'destination system "beta" is out of service'
	expect 7 flg_test -f x
}

@test "a flag has at most 511 characters" {
	f0
	local long
	long=$(printf 'a%.0s' {1..511})
	expect 0 flg_create -f "$long"
	expect 5 flg_create -f "${long}a"
	expect 0 flg_test -f "$long"
}

@test "a flag that begins with a dash can be given" {
	f0
	expect 0 flg_create -f -x
	expect 0 flg_list
	lines_are -x
}

@test "a damaged file gives 3 and is not overwritten" {
	f0
	flg_create -f x
	sed -i '3s/.*/a b/' "$LKROOT/config/flg"
	local before
	before=$(database)
	expect 3 flg_create -f y
	says 'config/flg:3: '
	[ "$(database)" = "$before" ]
}
