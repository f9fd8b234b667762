#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Random faults on three nodes, tests/cluster/chaos: two seeds for CI, CHAOS_SECONDS (180) in all; half an hour by hand.

load lab

setup_file() {
	lab_or_skip
}

chaos() {	# ARG...
	LAB_DIR=$BATS_TEST_TMPDIR/lab run "$LAB_HOME/chaos" --out "$BATS_TEST_TMPDIR/out" "$@" 3>&-
}

@test "whatever fails, a resource has one owner, and what can run does: seed 1" {
	chaos --seed 1 --seconds $((${CHAOS_SECONDS:-180} / 2))
	[ "$status" -eq 0 ]
	[[ ${lines[-1]} == clean:* ]]
}

@test "whatever fails, a resource has one owner, and what can run does: seed 2" {
	chaos --seed 2 --seconds $((${CHAOS_SECONDS:-180} / 2))
	[ "$status" -eq 0 ]
	[[ ${lines[-1]} == clean:* ]]
}

@test "two owners do not go unnoticed" {
	printf '%s\n' 'sabotage beta' settle >"$BATS_TEST_TMPDIR/steps"
	chaos --steps "$BATS_TEST_TMPDIR/steps"
	[ "$status" -eq 1 ]
	[[ $output == *'WRONG: two owners: '*' beta app4 refused: gamma has it'* ]]
	[ -s "$BATS_TEST_TMPDIR/out/report" ]
	[ -s "$BATS_TEST_TMPDIR/out/logs" ]
}

@test "the steps that a seed gives are the same each time" {
	chaos --seed 5 --rounds 2
	[ "$status" -eq 0 ]
	printf '%s\n' "${lines[@]}" | sed -n 's/^ *[0-9.]* \([0-9]*: [a-z].*\)/\1/p' >"$BATS_TEST_TMPDIR/first"
	chaos --seed 5 --rounds 2
	[ "$status" -eq 0 ]
	printf '%s\n' "${lines[@]}" | sed -n 's/^ *[0-9.]* \([0-9]*: [a-z].*\)/\1/p' >"$BATS_TEST_TMPDIR/second"
	[ -s "$BATS_TEST_TMPDIR/first" ]
	diff "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second"
}
