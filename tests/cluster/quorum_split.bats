#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Quorum by majority where a cluster of four or five nodes falls apart: QM-11 and QM-12 of spec/core.md 6.7, and
# partitions that look different from each side. Each test has a cluster of its own.

load lab
load service

TUNABLES=$(majority_settings 2 300)
export TUNABLES

setup() {
	lab_or_skip
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs
	lab down
}

# One pair after another, which may take seconds: who has the resource comes last, so that nobody who is about to lose
# quorum takes it over meanwhile.
split() {	# 'NODE...' 'NODE...'
	local a b
	for a in $1; do
		for b in $2; do
			lab cut "$a" "$b"
		done
	done
}

@test "QM-11: four nodes fall into halves: neither half starts anything" {
	service_up 4
	in_service_on alpha
	split 'beta alpha' 'gamma delta'
	local node
	for node in gamma delta; do
		wait_until 30 logged "$node" 'quorum state changed to lost quorum'
		none_isp "$node"
		[ -z "$(journal "$node")" ]
		run on "$node" perform_action -t app1 -a restore
		[ "$status" -eq 3 ]
	done
	none_isp beta
	[ -z "$(journal beta)" ]
	wait_until 40 none_isp alpha
}

@test "QM-12: two of five nodes, with the resource, are cut off: the best of the other three restores it" {
	service_up 5
	in_service_on alpha
	split 'beta alpha' 'gamma delta epsilon'
	wait_until 60 all_isp gamma
	local node
	for node in beta delta epsilon; do
		unlogged "$node" ':RESTORE: '
		none_isp "$node"
		[ -z "$(journal "$node")" ]
	done
	owner_is epsilon app1 gamma
	none_isp alpha
}

@test "two nodes that do not see each other, and both a majority, do not both restore it" {
	service_up 5
	in_service_on alpha
	lab cut beta gamma
	wait_until 30 logged beta 'witness_verify(COMM_DOWN, gamma): ALIVE'
	wait_until 30 logged gamma 'witness_verify(COMM_DOWN, beta): ALIVE'
	lab off alpha
	wait_until 60 one_of_them
	# the other one has given it up, and not only not got it yet
	wait_until 60 no_handler_of beta alpha
	wait_until 60 no_handler_of gamma alpha
	one_of_them
	none_isp delta
	none_isp epsilon
	[ "$(journal beta; journal gamma)" = $'restore ip1\nrestore vol1\nrestore app1' ] ||
		[ "$(journal beta; journal gamma)" = $'restore vol1\nrestore ip1\nrestore app1' ]
}

one_of_them() {
	{ all_isp beta && none_isp gamma; } || { all_isp gamma && none_isp beta; }
}

no_handler_of() {	# NODE SYSTEM
	! on "$1" pgrep -f "lcdmachfail -s $2" >/dev/null
}
