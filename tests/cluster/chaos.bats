#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Random faults on three nodes, tests/cluster/chaos: for CHAOS_SECONDS (180) in all, of seeds that do not change: what
# fails here is this change's fault. CHAOS_SEED=random make check-chaos, or a number, is for other seeds; half an hour
# by hand:
#	tests/cluster/chaos --seconds 1800
# With slower heartbeats than the 0.2 s of a run by hand: here other tests may load the machine.

# shellcheck disable=SC2030,SC2031	# each test has status and lines of its own

load lab

setup_file() {
	lab_or_skip
}

# Without seconds: what is to be done ends by itself, however long it takes.
chaos() {	# ARG...
	LAB_DIR=$BATS_TEST_TMPDIR/lab run "$LAB_HOME/chaos" --interval 0.5 --out "$BATS_TEST_TMPDIR/out" "$@" 3>&-
	[ "$status" -ne 77 ] || skip "${lines[-1]}"
}

# A quick machine does not come to rounds that others have never seen.
clean() {	# SEED
	local limit=(--rounds 12)
	[ -z "${CHAOS_SECONDS:-}" ] || limit=()
	chaos --seed "$1" --seconds $((${CHAOS_SECONDS:-180} / 3)) "${limit[@]}"
	printf '%s\n' "${lines[@]}" | tail -n 120
	[ "$status" -eq 0 ]
	[[ ${lines[-1]} == clean:* ]]
	echo "# seed $1: ${lines[-1]}" >&3
}

@test "whatever fails, a resource has one owner, and what can run does: seed 1" {
	clean 1
}

@test "whatever fails, a resource has one owner, and what can run does: seed 2" {
	clean 2
}

@test "whatever fails, a resource has one owner, and what can run does: seed 3, or CHAOS_SEED" {
	local seed=${CHAOS_SEED:-3}
	[ "$seed" != random ] || seed=$((RANDOM * 32768 + RANDOM))
	clean "$seed"
}

@test "two owners do not go unnoticed" {
	printf '%s\n' 'sabotage beta' 'wait 500' settle >"$BATS_TEST_TMPDIR/steps"
	chaos --steps "$BATS_TEST_TMPDIR/steps"
	[ "$status" -eq 1 ]
	[[ $output == *'WRONG: two owners: '*' gamma app4 writes, and beta has taken it'* ]]
	[ -s "$BATS_TEST_TMPDIR/out/report" ]
	[ -s "$BATS_TEST_TMPDIR/out/logs" ]
}

@test "with quorum by storage two nodes survive what becomes of the storage" {
	printf '%s\n' 'nostore alpha 500' settle 'slowstore beta 300 500' 'restore alpha app2' settle >"$BATS_TEST_TMPDIR/steps"
	chaos --quorum storage --nodes 2 --steps "$BATS_TEST_TMPDIR/steps"
	printf '%s\n' "${lines[@]}" | tail -n 120
	[ "$status" -eq 0 ]
}

steps_of() {	# FILE
	chaos --seed 5 --rounds 2
	[ "$status" -eq 0 ]
	printf '%s\n' "${lines[@]}" | sed -n 's/^ *[0-9.]* \([0-9]*: [a-z].*\)/\1/p' | grep -v 'this machine\|this round' >"$1"
	[ -s "$1" ]
}

@test "the steps that a seed gives are the same each time" {
	steps_of "$BATS_TEST_TMPDIR/first"
	steps_of "$BATS_TEST_TMPDIR/second"
	diff "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second"
}

lab_of_this_test() {
	[ -s "$BATS_TEST_TMPDIR/lab/chaos/ticks" ]
}

@test "a run that is interrupted ends its lab and leaves nothing" {
	LAB_DIR=$BATS_TEST_TMPDIR/lab "$LAB_HOME/chaos" --out "$BATS_TEST_TMPDIR/out" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
	local chaos=$! lab code=0
	wait_until 120 lab_of_this_test
	cp "$BATS_TEST_TMPDIR/lab/.lab/pid" "$BATS_TEST_TMPDIR/pid"
	lab=$(<"$BATS_TEST_TMPDIR/lab/.lab/cgroup") || lab=''
	kill -TERM "$chaos"
	wait "$chaos" || code=$?
	[ "$code" -eq 143 ]
	[ ! -e "$BATS_TEST_TMPDIR/lab" ]
	lab__gone "$BATS_TEST_TMPDIR/pid"
	[ -z "$lab" ] || ! compgen -G "$lab-*"
}
