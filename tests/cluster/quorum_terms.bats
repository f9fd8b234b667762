#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# QUORUM_LOSS_DEADLINE is changed on one node while all runs, and the others are restarted: what it runs is never
# started elsewhere before its deadline.

# shellcheck disable=SC2016  # the nodes expand what stands in single quotes

load lab
load service

export INTERVAL=0.2 MISSES=12
TUNABLES=$(majority_settings 4 3 12)
export TUNABLES

setup_file() {
	lab_or_skip
	service_up 3
}

teardown_file() {
	lab down
}

setup() {
	lab restore
	all_started alpha beta gamma
	deadline_of alpha 4
	action alpha gen/tapp remove
	all_removed alpha beta gamma
	wait_until 60 stop_is beta alpha 4000
	wait_until 60 stop_is gamma alpha 4000
	clear
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs
}

deadline_of() {	# NODE SECONDS
	lab sh "$1" 'f=$LKROOT/etc/default/LifeKeeper
		sed "s/^QUORUM_LOSS_DEADLINE=.*/QUORUM_LOSS_DEADLINE=$1/" "$f" >"$f.new" && mv "$f.new" "$f"' "$2"
}

# Does the node reckon with this time to stop of the other one?
stop_is() {	# NODE OTHER MS
	on "$1" lk_quorum -J | jq -e --arg name "$2" --argjson ms "$3" \
		'.systems[] | select(.name == $name) | .stop_ms == $ms' >/dev/null
}

has_quorum() {	# NODE
	on "$1" lk_quorum >/dev/null
}

left_on_alpha() {	# SECONDS
	on alpha lk_quorum -J | jq -e --argjson s "$1" '.deadline_ms > $s * 1000' >/dev/null
}

lcm_is_other() {	# NODE PID
	local pid
	pid=$(on "$1" pgrep -o -x lcm) && [ "$pid" != "$2" ]
}

# Killed, and started again by lkinit.
restart_lcm() {	# NODE
	local pid
	pid=$(on "$1" pgrep -o -x lcm) || return
	on "$1" kill -KILL "$pid" || return
	wait_until 10 lcm_is_other "$1" "$pid"
}

# Does the node confirm the other one, after a bar at its start?
confirmed() {	# NODE OTHER
	on "$1" lk_quorum -J | jq -e --arg name "$2" \
		'.systems[] | select(.name == $name) | .quiet_ms < 1000 and (.barred | not)' >/dev/null
}

# One after the other: alpha must not lose its lease.
restart_others_in_turn() {
	local node
	for node in beta gamma; do
		restart_lcm "$node" || return
		wait_until 30 confirmed "$node" alpha || return
		wait_until 30 has_quorum "$node" || return
	done
	all_isp alpha
}

# Nothing there can be stopped: its watchdog ends it at its deadline.
hang_on_alpha() {
	lab sh alpha 'printf "#!/bin/sh\nexec sleep 1000\n" >"$LKROOT/subsys/gen/resources/tapp/actions/remove"'
}

# Until the watchdog has ended alpha nobody else starts what it runs; then beta does.
only_after_alpha() {
	local states n=0
	while lab alive alpha; do
		states=$(on beta ins_list -f: | cut -d: -f7; on gamma ins_list -f: | cut -d: -f7)
		if [[ $states == *IS[PU]* ]] && lab alive alpha; then
			echo "started while alpha lives"
			return 1
		fi
		n=$((n + 1))
	done
	[ "$n" -gt 1 ]
	wait_until 60 all_isp beta
}

@test "a deadline that was raised is waited for by systems whose lcm was restarted" {
	in_service_on alpha
	deadline_of alpha 25
	wait_until 20 stop_is beta alpha 25000
	wait_until 20 stop_is gamma alpha 25000
	wait_until 20 left_on_alpha 22
	hang_on_alpha
	lab cut alpha
	restart_lcm beta
	restart_lcm gamma
	only_after_alpha
}

@test "a deadline that was lowered is waited for as long as the old one was published" {
	in_service_on alpha
	deadline_of alpha 40
	wait_until 20 stop_is beta alpha 40000
	wait_until 20 left_on_alpha 38
	deadline_of alpha 4
	wait_until 20 lowered_there
	restart_others_in_turn
	hang_on_alpha
	lab cut alpha
	only_after_alpha
}

# lcm on alpha has seen it
lowered_there() {
	! stop_is beta alpha 40000
}

@test "when the deadline of before has passed a lower one counts, and nothing of it is left" {
	in_service_on alpha
	deadline_of alpha 12
	wait_until 20 logged beta 'system "alpha" has a lease of 2800 ms and a QUORUM_LOSS_DEADLINE of 12000 ms'
	wait_until 20 stop_is beta alpha 12000
	on beta lk_quorum | grep -q '^larger: system alpha counts with a lease of 2.8 s and a deadline of 12.0 s$'
	deadline_of alpha 4
	wait_until 40 stop_is beta alpha 4000
	wait_until 10 logged beta 'system "alpha" has the same lease and QUORUM_LOSS_DEADLINE as this one again'
	[ "$(on beta grep -c 703440 "$(lab root beta)/out/lifekeeper.log")" -eq 1 ]
	restart_others_in_turn
	wait_until 30 stop_is beta alpha 4000
	all_isp alpha
}

kept() {
	lab sh beta 'grep -qx stop=4000 "$LKROOT/run/terms.alpha"'
}

@test "of a damaged record the longest times count until the system is heard" {
	in_service_on alpha
	lab cut beta alpha
	lab sh beta 'echo >>"$LKROOT/run/terms.alpha"'
	restart_lcm beta
	wait_until 30 logged beta 'what was kept of the lease of system "alpha" cannot be read'
	wait_until 30 stop_is beta alpha 600000
	lab restore
	wait_until 60 stop_is beta alpha 4000
	wait_until 30 has_quorum beta
	all_isp alpha
	wait_until 40 kept
}
