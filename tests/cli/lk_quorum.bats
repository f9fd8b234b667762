#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lk_quorum [-d destsys] [-J]
# shellcheck disable=SC2030,SC2031	# what a test sets is for the test
# What a real communication manager says is in tests/cluster/lease.bats.

load ../helpers/tree
load ../helpers/far

setup() {
	export FAKELCM_STATUS=' ' FAKELCM_QUORUM=yes
}

teardown() {
	far_end
}

# tunable KEY=VALUE
tunable() {
	echo "$1" >>"$LKROOT/etc/default/LifeKeeper"
}

cluster() {
	f1
	far beta gamma
}

@test "without a mode quorum is not configured, exit code 0" {
	f2
	expect 0 lk_quorum
	lines_are 'mode: none' 'witness: none' 'quorum: not configured' 'takeover: after 15.0 s, also from one that has not stopped'
	expect 0 lk_quorum -J
	[ "$(jq -r '.quorum, .lease_ms, .takeover_ms, .waits' <<<"$output")" = 'not configured
null
15000
false' ]
}

@test "the time of a takeover is computed from the tunables and the slowest path" {
	f2
	tunable QUORUM_MODE=majority
	tunable QUORUM_LOSS_DEADLINE=2.5
	net_create -s beta -n TCP -D TCP:1700 -l 10.1.0.1 -r 10.1.0.77 -i 10 -m 5
	expect 3 lk_quorum -J
	[ "$(jq -r '.takeover_ms, .waits' <<<"$output" | paste -sd ' ')" = "$(((70000 + 2500) * 65 / 64 + 100)) true" ]
	# nobody waits for the end of what another one runs
	tunable QUORUM_MODE=none
	expect 0 lk_quorum -J
	[ "$(jq .takeover_ms <<<"$output")" -eq 50000 ]
}

@test "with tcp_remote the question to the hosts is part of the time of a takeover" {
	f2
	tunable QUORUM_MODE=tcp_remote
	tunable QUORUM_TIMEOUT_SECS=7
	tunable QUORUM_LOSS_DEADLINE=2.5
	expect 3 lk_quorum
	grep -q '^why: .*QUORUM_HOSTS "": the tunable is not set' <<<"$output"
	grep -qx 'takeover: after 38.2 s' <<<"$output"
	echo 'QUORUM_TIMEOUT_SECS=x' >>"$LKROOT/etc/default/LifeKeeper"
	expect 3 lk_quorum -J
	[ "$(jq .takeover_ms <<<"$output")" = null ]
	[[ "$(jq -r .settings <<<"$output")" == *QUORUM_TIMEOUT_SECS* ]]
}

@test "a number that cannot be used is named in the place of the time of a takeover" {
	f2
	tunable QUORUM_MODE=majority
	tunable QUORUM_LOSS_DEADLINE=601
	expect 3 lk_quorum
	grep -q '^takeover: not known, a setting of quorum cannot be used: .*QUORUM_LOSS_DEADLINE' <<<"$output"
}

@test "without a mode, among others that hold a lease, there is no quorum" {
	f2
	echo lease >"$LKROOT/config/lease.beta"
	expect 3 lk_quorum
	grep -q '^why: .*QUORUM_MODE is none here, and system "beta" holds itself to a lease' <<<"$output"
	local word
	for word in leaving none unbound unknown; do
		echo "$word" >"$LKROOT/config/lease.beta"
		expect 0 lk_quorum
	done
	echo lease >"$LKROOT/config/lease.beta"
	: >"$LKROOT/run/confirmed.beta"
	expect 0 lk_quorum
}

@test "with a lease and a majority there is quorum, exit code 0" {
	cluster
	tunable QUORUM_MODE=majority
	tunable WITNESS_MODE=remote_verify
	expect 0 lk_quorum
	grep -qx 'mode: majority' <<<"$output"
	grep -qx 'witness: remote_verify' <<<"$output"
	grep -qx 'quorum: yes' <<<"$output"
	grep -qE '^lease: [0-9.]+ s left$' <<<"$output"
	grep -qE '^deadline: in [0-9.]+ s$' <<<"$output"
	grep -qE '^system beta: confirms, was confirmed [0-9.]+ s ago$' <<<"$output"
	expect 0 lk_quorum -d beta
	grep -qx 'quorum: not configured' <<<"$output"
	expect 0 lk_quorum -J
	[ "$(jq -r '.quorum, .lost, .systems[0].name, .systems[0].confirms' <<<"$output")" = "$(printf '%s\n' yes false \
		beta true)" ]
}

@test "a system that has been silent for the time of a takeover has stopped" {
	cluster
	touch "$LKROOT/run/dead-gamma"
	tunable QUORUM_MODE=majority
	expect 0 lk_quorum
	grep -qx 'system gamma: does not confirm, was confirmed 3600.0 s ago, has stopped' <<<"$output"
	expect 0 lk_quorum -J
	[ "$(jq '.systems[] | select(.name == "gamma") | .stopped' <<<"$output")" = true ]
}

@test "without a lease there is no quorum, exit code 3" {
	export FAKELCM_QUORUM=no
	cluster
	tunable QUORUM_MODE=majority
	expect 3 lk_quorum
	grep -qx 'quorum: no' <<<"$output"
	grep -qx 'lease: none' <<<"$output"
	grep -qx 'deadline: none' <<<"$output"
	grep -q "^why: " <<<"$output"
}

@test "a lease that was lost is told, exit code 3" {
	export FAKELCM_QUORUM=lost
	cluster
	tunable QUORUM_MODE=majority
	expect 3 lk_quorum -J
	[ "$(jq -r '.quorum, .lost, .lease_ms' <<<"$output")" = "$(printf '%s\n' no true null)" ]
}

@test "without the communication manager there is no quorum, exit code 3" {
	f3
	tunable QUORUM_MODE=majority
	expect 3 lk_quorum
	grep -qx 'quorum: no' <<<"$output"
	expect 3 lk_quorum -J
	[ "$(jq '.systems | length' <<<"$output")" -eq 0 ]
}

@test "whether a watchdog protects the system is told, and why none does" {
	f2
	tunable QUORUM_MODE=majority
	expect 3 lk_quorum
	grep -qx 'watchdog: none protects this system: WATCHDOG_DEVICE is not set' <<<"$output"
	tunable "WATCHDOG_DEVICE=$BATS_TEST_TMPDIR/dog"
	expect 3 lk_quorum
	grep -qx 'watchdog: none protects this system: lkwatchdog has not run since the machine started' <<<"$output"
	echo nonsense >"$LKROOT/run/lkwatchdog.status"
	expect 3 lk_quorum -J
	[ "$(jq -r '.watchdog.protects, .watchdog.why' <<<"$output" | paste -sd ' ')" = \
		'false run/lkwatchdog.status:0: the checksum does not match' ]
}

@test "modes that make no sense exit with 3 and a message" {
	f2
	tunable QUORUM_MODE=lots
	expect 3 lk_quorum
	says 'QUORUM_MODE "lots" is not known'
	[ -z "$output" ]
}

@test "an operand is an error, exit code 2" {
	f2
	expect 2 lk_quorum beta
	expect 2 lk_quorum -x
}
