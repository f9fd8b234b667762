#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The lease by majority, on three nodes: who loses it, who keeps it, and who gets it back.

# a lease of 4.4 s, so that a busy machine is not taken for a cut
export INTERVAL=0.2 MISSES=20

load lab
load cluster

setup_file() {
	lab_or_skip
	cluster_up -n 1 3
	local node
	for node in alpha beta gamma; do
		mkdir -p "$(lab root "$node")/etc/default"
		printf '%s\n' QUORUM_MODE=majority QUORUM_LOSS_DEADLINE=20 >>"$(lab root "$node")/etc/default/LifeKeeper"
	done
}

teardown_file() {
	lab down
}

setup() {
	lab restore
	local node
	for node in alpha beta gamma; do
		wait_until 40 quorum_is "$node" 0
		wait_until 40 all_confirmed "$node"
	done
	forget alpha beta gamma
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs
}

quorum_is() {	# NODE CODE
	local code=0
	on "$1" lk_quorum >/dev/null 2>&1 || code=$?
	[ "$code" -eq "$2" ]
}

# Has the node not confirmed the other one for so many milliseconds?
quiet_for() {	# NODE OTHER MS
	local quiet
	quiet=$(on "$1" lk_quorum -J | jq --arg name "$2" '.systems[] | select(.name == $name) | .quiet_ms')
	[ "${quiet:-0}" -ge "$3" ]
}

quiet_under() {	# NODE OTHER MS
	! quiet_for "$@"
}

# Does the node confirm all others?
all_confirmed() {	# NODE
	on "$1" lk_quorum -J | jq -e '(.systems | length) == 2 and all(.systems[]; .quiet_ms < 2000)' >/dev/null
}

lost_by_gamma_only() {
	wait_until 30 logged gamma 'its lease is lost'
	quorum_is alpha 0
	quorum_is beta 0
	unlogged alpha 'its lease is lost'
	unlogged beta 'its lease is lost'
}

comes_back() {
	lab restore
	wait_until 40 quorum_is gamma 0
}

@test "a node that all others have lost loses its lease, and gets one when they are back" {
	lab cut gamma
	lost_by_gamma_only
	wait_until 10 quorum_is gamma 3
	wait_until 10 logged gamma 'nothing is in service here any more'
	comes_back
}

@test "a node that is not heard loses its lease although it hears all" {
	lab oneway gamma any
	lost_by_gamma_only
	comes_back
}

@test "a node that hears nobody loses its lease although all hear it" {
	lab oneway any gamma
	lost_by_gamma_only
	comes_back
}

@test "a node that one other still hears and is heard by keeps its lease" {
	lab cut alpha gamma
	wait_until 30 quiet_for alpha gamma 6000
	quorum_is gamma 0
	quorum_is alpha 0
	unlogged gamma 'its lease is lost'
	unlogged alpha 'its lease is lost'
}

@test "a pause of lcm beyond the lease is latched: it stays lost until what ran has ended" {
	local root
	root=$(lab root gamma)
	on gamma rm "$root/bin/lk_quorumloss"
	printf '%s\n' '#!/bin/sh' "echo run >>'$root/tmp/losses'" "[ -e '$root/tmp/ended' ]" >"$root/bin/lk_quorumloss"
	chmod 755 "$root/bin/lk_quorumloss"
	on gamma pkill -STOP '^lcm'
	wait_until 30 quiet_for alpha gamma 6000
	on gamma pkill -CONT '^lcm'
	lost_by_gamma_only
	wait_until 10 logged gamma 'lk_quorumloss has ended with exit code 1'
	wait_until 30 quiet_under gamma alpha 2000
	quorum_is gamma 3
	on gamma lk_quorum -J | jq -e '.lost and .deadline_ms < 25000'
	touch "$root/tmp/ended"
	wait_until 40 quorum_is gamma 0
	[ "$(wc -l <"$root/tmp/losses")" -ge 2 ]
}

@test "lcm that was killed, and starts when the lease is over, has lost it" {
	lcm_kill gamma
	wait_until 30 quiet_for alpha gamma 6000
	lcm_start gamma
	lost_by_gamma_only
	wait_until 40 quorum_is gamma 0
}

without_deadline() {	# NODE
	on "$1" lk_quorum -J | jq -e '.quorum == "not configured" and .deadline_ms == null' >/dev/null
}

@test "where all turn the mode off there is no lease and no deadline any more, but not before" {
	local node
	sed -i 's/^QUORUM_MODE=.*/QUORUM_MODE=none/' "$(lab root gamma)/etc/default/LifeKeeper"
	wait_until 20 logged gamma 'it stays in force until this system is started anew'
	quorum_is gamma 0
	on gamma lk_quorum | grep -q '^settings: QUORUM_MODE was turned off'
	for node in alpha beta; do
		sed -i 's/^QUORUM_MODE=.*/QUORUM_MODE=none/' "$(lab root "$node")/etc/default/LifeKeeper"
	done
	for node in alpha beta gamma; do
		wait_until 20 without_deadline "$node"
		logged "$node" 'what runs here needs no lease now, and no longer the lease of a majority'
		grep -q ' 09223372036854775807 ' "$(lab root "$node")/run/lease"
	done
	for node in alpha beta gamma; do
		sed -i 's/^QUORUM_MODE=.*/QUORUM_MODE=majority/' "$(lab root "$node")/etc/default/LifeKeeper"
	done
	for node in alpha beta gamma; do
		wait_until 20 quorum_is "$node" 0
	done
}

has_deadline() {	# NODE
	on "$1" lk_quorum -J | jq -e '.mode == "majority" and .deadline_ms != null' >/dev/null
}

# 6.2: the last pair that made sense stays in force, for lcm as for the commands.
@test "a mode that makes no sense takes no lease away, nor does a restart of lcm meanwhile" {
	local conf
	conf=$(lab root gamma)/etc/default/LifeKeeper
	# the first half of two edits
	sed -i 's/^QUORUM_MODE=.*/QUORUM_MODE=storage/' "$conf"
	wait_until 20 logged gamma 'WITNESS_MODE "none" stay in force'
	has_deadline gamma
	sed -i 's/^QUORUM_MODE=.*/QUORUM_MODE=majorty/' "$conf"
	lcm_kill gamma
	forget gamma
	lcm_start gamma
	wait_until 40 has_deadline gamma
	unlogged gamma 'what runs here needs no lease'
	wait_until 40 quorum_is gamma 0
	lab cut gamma
	lost_by_gamma_only
	sed -i 's/^QUORUM_MODE=.*/QUORUM_MODE=majority/' "$conf"
	comes_back
}

@test "nodes whose terms differ say so loudly" {
	printf '%s\n' QUORUM_LOSS_DEADLINE=30 >>"$(lab root beta)/etc/default/LifeKeeper"
	wait_until 20 logged alpha 'system "beta" has a lease of 4400 ms and a QUORUM_LOSS_DEADLINE of 30000 ms'
	wait_until 20 logged beta 'has a lease of 4400 ms and a QUORUM_LOSS_DEADLINE of 20000 ms'
	[ "$(on alpha lk_quorum -J | jq .takeover_ms)" -gt 34000 ]
}
