#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lcdlockf filename process_id

load ../helpers/tree

setup() {
	new_tree
	L=$BATS_TEST_TMPDIR/L
}

teardown() {
	[ -z "${HOLDER:-}" ] || kill "$HOLDER" 2>/dev/null || true
}

new_holder() {
	sleep 60 3>&- &
	HOLDER=$!
}

dead_pid() {
	sh -c 'exit 0' &
	local pid=$!
	wait "$pid"
	echo "$pid"
}

@test "LF1: a free lock is taken and holds the process id" {
	expect 0 lcdlockf "$L" $$
	lines_are
	[ "$(cat "$L")" = $$ ]
}

@test "LF2: a lock of a running process gives 1" {
	new_holder
	lcdlockf "$L" "$HOLDER"
	expect 1 lcdlockf "$L" $$
	says "is held by process $HOLDER"
	lines_are
	[ "$(cat "$L")" = "$HOLDER" ]
}

@test "LF3: a lock of a dead process is replaced" {
	dead_pid >"$L"
	expect 0 lcdlockf "$L" $$
	[ "$(cat "$L")" = $$ ]
}

@test "LF4: the owner gets its lock again" {
	lcdlockf "$L" $$
	expect 0 lcdlockf "$L" $$
	[ "$(cat "$L")" = $$ ]
}

@test "LF5: both arguments are needed" {
	expect 2 lcdlockf "$L"
	expect 2 lcdlockf
	expect 2 lcdlockf "$L" $$ x
	says 'Usage: lcdlockf filename process_id'
	[ ! -e "$L" ]
}

@test "of many takers at once exactly one wins, also over a dead holder" {
	local pid pids won
	for _ in 1 2 3; do
		dead_pid >"$L"
		pids=()
		for _ in $(seq 12); do
			sh -c 'lcdlockf "$0" $$ 2>/dev/null && echo $$ >>"$0.won"
				while [ ! -e "$0.end" ]; do sleep 0.05; done' "$L" 3>&- &
			pids+=($!)
		done
		wait_until 10 test -s "$L.won"
		sleep 0.5
		: >"$L.end"
		for pid in "${pids[@]}"; do wait "$pid"; done
		won=$(cat "$L.won")
		[ "$won" = "$(cat "$L")" ]
		rm "$L" "$L.won" "$L.end"
	done
}

@test "a file that is no lock file is left alone" {
	echo 'precious data' >"$L"
	expect 3 lcdlockf "$L" $$
	says 'does not hold a process id'
	[ "$(cat "$L")" = 'precious data' ]
	: >"$L"
	expect 3 lcdlockf "$L" $$
	expect 3 lcdlockf "$BATS_TEST_TMPDIR" $$
}

@test "bad process ids give 5" {
	local pid
	for pid in 0 -1 x '' 99999999999 "$(dead_pid)"; do
		expect 5 lcdlockf -- "$L" "$pid"
	done
	[ ! -e "$L" ]
}

@test "a missing directory gives 1" {
	expect 1 lcdlockf "$BATS_TEST_TMPDIR/no/L" $$
	says 'No such file'
}

@test "a relative name is one of the working directory" {
	cd "$BATS_TEST_TMPDIR"
	expect 0 lcdlockf L $$
	[ "$(cat "$L")" = $$ ]
}
