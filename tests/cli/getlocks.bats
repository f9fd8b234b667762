#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: getlocks -a amach -i identifier -l lockfile [-o omach] [-e] [-p pid]
# usage: getlocks --list

load ../helpers/tree

setup() {
	f0
	L=$BATS_TEST_TMPDIR/L
}

teardown() {
	[ -z "${HOLDER:-}" ] || kill "$HOLDER" 2>/dev/null || true
}

# A process that lives until the end of the test, to hold a lock: $HOLDER.
new_holder() {
	sleep 60 3>&- &
	HOLDER=$!
}

dead_pid() {
	local pid
	sh -c 'exit 0' &
	pid=$!
	wait "$pid"
	echo "$pid"
}

flags() {
	flg_list | grep '^!action!' || true
}

@test "GL1: the flag is set and the lock file holds its name" {
	expect 0 getlocks -a alpha -i Create_Hierarchy -l "$L" -p $$
	lines_are
	[ -z "$stderr" ]
	[[ $(flags) =~ ^!action![0-9]{5,}![0-9]+!alpha:Create_Hierarchy$ ]]
	[ "$(cat "$L")" = "$(flags)" ]
}

@test "GL2: a second taker waits until the first gives the lock back" {
	new_holder
	getlocks -a alpha -i one -l "$L" -p "$HOLDER"
	sh -c 'getlocks -a alpha -i two -l "$0.2" && : >"$0.in"; exec sleep 30' "$L" 2>"$L.err" 3>&- &
	local pid=$!
	wait_until 10 grep -q 'waiting for the admin lock' "$L.err"
	[ "$(flags | wc -l)" -eq 2 ]
	[ ! -e "$L.in" ]
	expect 0 rlslocks -a alpha -l "$L"
	wait_until 10 test -e "$L.in"
	[ "$(flags | wc -l)" -eq 1 ]
	kill "$pid"
}

@test "GL3: the flag of a dead process is dropped" {
	flg_create -f "!action!$(printf %05d "$(dead_pid)")!1000000000!alpha:old"
	expect 0 getlocks -a alpha -i new -l "$L" -p $$
	says 'is dropped: its process has ended'
	[ "$(flags | wc -l)" -eq 1 ]
	[[ $(flags) == *:new ]]
}

@test "the holder's death ends the waiting of another" {
	new_holder
	getlocks -a alpha -i one -l "$L" -p "$HOLDER"
	sh -c 'getlocks -a alpha -i two -l "$0.2" && : >"$0.in"; exec sleep 30' "$L" 2>"$L.err" 3>&- &
	local pid=$!
	wait_until 10 grep -q 'waiting for the admin lock' "$L.err"
	kill -9 "$HOLDER"
	wait_until 10 test -e "$L.in"
	[[ $(flags) == *:two ]]
	kill "$pid"
}

@test "another process with the id of a dead holder does not have its lock" {
	new_holder
	getlocks -a alpha -i one -l "$L" -p "$HOLDER"
	# as if the holder had been started at another time
	sed -i 's/^[0-9]* /1 /' "$LKROOT/run/action"
	expect 0 getlocks -e -a alpha -i two -l "$L.2" -p $$
	[[ $(flags) == *:two ]]
}

@test "GL4: when the administered system cannot be reached, nothing is left" {
	unreachable
	sys_create -s beta
	expect 9 getlocks -a beta -i x -l "$L" -p $$
	says 'destination system "beta" is out of service'
	[ -z "$(flags)" ]
	[ ! -e "$L" ]
	expect 9 getlocks -a alpha -o beta -i x -l "$L" -p $$
	[ -z "$(flags)" ]
	[ ! -e "$L" ]
}

@test "GL5: -e does not wait" {
	new_holder
	getlocks -a alpha -i one -l "$L" -p "$HOLDER"
	expect 4 getlocks -e -a alpha -i two -l "$L.2" -p $$
	says 'the admin lock is held: !action!'
	[ "$(flags | wc -l)" -eq 1 ]
	[ ! -e "$L.2" ]
}

@test "-e takes a free lock" {
	expect 0 getlocks -e -a alpha -i two -l "$L" -p $$
	[[ $(flags) == *:two ]]
}

@test "GL6: -i and -l are needed" {
	expect 2 getlocks -a alpha
	says 'Usage: getlocks'
	expect 2 getlocks -a alpha -i x
	expect 2 getlocks -i x -l "$L"
	[ ! -e "$L" ]
}

@test "GL7: of 20 processes never two are inside" {
	local i pids=()
	for i in $(seq 20); do
		# shellcheck disable=SC2016
		sh -c 'getlocks -a alpha -i "p$1" -l "$0.$1" 2>/dev/null || exit 9
			mkdir "$0.inside" || exit 8
			echo "$1" >>"$0.all"
			rmdir "$0.inside"
			rlslocks -a alpha -l "$0.$1" || exit 7' "$L" "$i" 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	[ "$(sort -u "$L.all" | wc -l)" -eq 20 ]
	[ -z "$(flags)" ]
}

@test "a flag of the future still comes before a new one" {
	new_holder
	flg_create -f "!action!$(printf %05d "$HOLDER")!4000000000!alpha:future"
	timeout 1 getlocks -a alpha -i now -l "$L" -p $$ 2>/dev/null && false
	[[ $(flags) == *:future ]]
	sh -c 'getlocks -a alpha -i two -l "$0" || :; exec sleep 30' "$L" 2>"$L.err" 3>&- &
	local pid=$!
	wait_until 10 grep -q 'waiting' "$L.err"
	flags | grep -Eq '!400000000[01]!alpha:two'
	kill "$HOLDER"
	wait_until 10 test "$(flags | wc -l)" -le 2
	kill "$pid"
}

@test "an operation that holds the lock already is told so instead of waiting for ever" {
	expect 0 getlocks -a alpha -i one -l "$L" -p $$
	expect 4 timeout 10 getlocks -a alpha -i two -l "$L.2"
	says 'is held by this operation itself'
	expect 4 timeout 10 getlocks -a alpha -i two -l "$L.2" -p $$
	says 'is held by this operation itself'
	[ "$(flags | wc -l)" -eq 1 ]
	[ ! -e "$L.2" ]
}

@test "an interrupted waiter leaves nothing behind" {
	new_holder
	getlocks -a alpha -i one -l "$L" -p "$HOLDER"
	local sig pid rc
	for sig in TERM INT HUP; do
		# the shell has INT ignored in the background, nohup has HUP
		env --default-signal=INT,HUP \
			getlocks -a alpha -i two -l "$L.2" -p $$ 2>"$L.err" 3>&- &
		pid=$! rc=0
		wait_until 30 grep -q waiting "$L.err"
		# one signal: timeout(1) sends two, and a second one during the cleanup kills
		kill -s "$sig" "$pid"
		wait "$pid" || rc=$?
		[ "$rc" -eq 1 ]
		grep -q 'interrupted by signal' "$L.err"
		[ "$(flags | wc -l)" -eq 1 ]
		[ ! -e "$L.2" ]
	done
}

@test "a waiter whose flag is removed gives up with 3" {
	new_holder
	getlocks -a alpha -i one -l "$L" -p "$HOLDER"
	getlocks -a alpha -i two -l "$L.2" -p $$ 2>"$L.err" 3>&- &
	local pid=$! rc=0
	wait_until 10 grep -q waiting "$L.err"
	flg_remove -f "$(flags | grep two)"
	wait "$pid" || rc=$?
	[ "$rc" -eq 3 ]
	[ ! -e "$L.2" ]
}

@test "a lock file that another operation needs is refused" {
	new_holder
	getlocks -a alpha -i one -l "$L" -p "$HOLDER"
	expect 4 getlocks -a alpha -i two -l "$L" -p $$
	says 'is in use already'
	[ "$(flags | wc -l)" -eq 1 ]
	[ "$(cat "$L")" = "$(flags)" ]
}

@test "a lock file in a missing directory gives 1 and leaves no flag" {
	expect 1 getlocks -a alpha -i one -l "$BATS_TEST_TMPDIR/no/L" -p $$
	[ -z "$(flags)" ]
}

@test "bad arguments give 5, unknown systems 7" {
	expect 5 getlocks -a alpha -i 'a b' -l "$L" -p $$
	expect 5 getlocks -a alpha -i '' -l "$L" -p $$
	expect 5 getlocks -a alpha -i x -l "$L" -p none
	expect 5 getlocks -a alpha -i x -l "$L" -p 0
	expect 5 getlocks -a alpha -i x -l "$L" -p "$(dead_pid)"
	says 'does not run'
	expect 7 getlocks -a nosuch -i x -l "$L" -p $$
	expect 7 getlocks -a alpha -o nosuch -i x -l "$L" -p $$
	expect 2 getlocks -a alpha -i x -l "$L" extra
	[ -z "$(flags)" ]
	[ ! -e "$L" ]
}

@test "flags that only look like the lock's are left alone and do not hold it" {
	flg_create -f '!action!'
	flg_create -f '!action!x!1!alpha:y'
	expect 0 getlocks -e -a alpha -i one -l "$L" -p $$
	expect 0 flg_test -f '!action!x!1!alpha:y'
}

@test "a damaged tree gives 3" {
	echo broken >"$LKROOT/config/flg"
	expect 3 getlocks -a alpha -i one -l "$L" -p $$
	says 'config/flg:1: '
	[ ! -e "$L" ]
}

@test "an identifier that cannot be part of a flag gives 5 and is named" {
	expect 5 getlocks -a alpha -i 'a b' -l "$LKROOT/lock"
	says 'identifier "a b": only printable ASCII without blanks is allowed'
	expect 0 flg_list
	lines_are
	[ ! -e "$LKROOT/lock" ]
}

@test "--list shows the flags of the lock but those of the dead" {
	new_holder
	expect 0 getlocks --list
	lines_are
	getlocks -a alpha -i one -l "$L" -p "$HOLDER"
	flg_create -f other
	flg_create -f "!action!$(printf %05d "$(dead_pid)")!1000000000!alpha:old"
	sys_create -s beta
	flg_create -f '!action!00001!1000000000!beta:theirs'
	flg_create -f '!action!00001!1000000000!gone:stranger'
	expect 0 getlocks --list
	lines_are "$(cat "$L")" '!action!00001!1000000000!beta:theirs'
}
