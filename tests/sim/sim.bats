#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Random schedules of the simulator: crashes, pauses, cuts in any direction, lost and late messages, restarts, operators.

sim=$LK_BUILD/tests/sim/sim

# The seeds are the same in every run, so that a failure is one of the code; "make explore" takes new ones.
holds() {	# NODES SEED SCHEDULES
	run "$sim" -n "$1" -s "$2" -c "$3"
	echo "$output"
	[ "$status" -eq 0 ]
}

found() {	# MUTATION SCHEDULES
	run "$sim" -m "$1" -c "$2"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *'two owners'* || $output == *'forgotten'* ]]
}

@test "60,000 schedules of three nodes have one owner, forget no change of owner and serve in time" {
	holds 3 1 60000
}

@test "20,000 schedules of four nodes do, too" {
	holds 4 100001 20000
}

@test "20,000 schedules of five nodes do, too" {
	holds 5 200001 20000
}

@test "without the takeover delay two owners are found" {
	found delay 10000
}

@test "without epochs two owners are found" {
	found epoch 10000
}

@test "without the grant of a majority two owners are found" {
	found majority 10000
}

@test "without the incarnations of those that were fenced two owners are found" {
	found life 60000
}

@test "a system that has asked has not ended, although it was not heard to beat yet" {
	run "$sim" -s 100522614 -m asked
	[ "$status" -eq 1 ]
	[[ $output == *'two owners'* ]]
	run "$sim" -s 100522614
	[ "$status" -eq 0 ]
}

@test "a seed can be replayed" {
	run "$sim" -n 5 -s 7 -t
	[ "$status" -eq 0 ]
	local first=$output
	run "$sim" -n 5 -s 7 -t
	[ "$status" -eq 0 ]
	[ "$output" = "$first" ]
	[[ $output == *'starts the resource'* ]]
}

@test "bad numbers of nodes are refused" {
	run "$sim" -n 1
	[ "$status" -eq 2 ]
	run "$sim" -n 8
	[ "$status" -eq 2 ]
}
