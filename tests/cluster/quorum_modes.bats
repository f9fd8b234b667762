#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A system whose QUORUM_MODE is not that of the others, on three nodes with a majority: nobody runs what another one may
# run yet.

# shellcheck disable=SC2016  # the nodes expand what stands in single quotes

load lab
load service

TUNABLES=$(majority_settings)
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
	mode majority alpha beta gamma
	all_started alpha beta gamma
	wait_until 40 all_lease
	all_removed alpha beta gamma
	clear
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs
}

mode() {	# MODE NODE...
	local mode=$1 node
	shift
	for node; do
		lab sh "$node" 'sed -i "s/^QUORUM_MODE=.*/QUORUM_MODE=$1/" "$LKROOT/etc/default/LifeKeeper"' "$mode"
	done
}

# What the nodes know of each other.
knows() {	# NODE OTHER WORD
	[ "$(cat "$(lab root "$1")/config/lease.$2" 2>/dev/null)" = "$3" ]
}

all_know() {	# WORD
	local node other
	for node in alpha beta gamma; do
		for other in alpha beta gamma; do
			[ "$node" = "$other" ] || knows "$node" "$other" "$1" || return
		done
	done
}

all_lease() {
	all_know lease && on alpha lk_quorum >/dev/null && on beta lk_quorum >/dev/null && on gamma lk_quorum >/dev/null
}

# The mode that is in force.
mode_is() {	# NODE MODE
	[ "$(on "$1" lk_quorum -J | jq -r .mode)" = "$2" ]
}

# Down, as the others see it, with all that they do about it.
recovered() {	# NODE TEXT
	logged "$1" "$2" && ! on "$1" pgrep -x lcdmachfail >/dev/null
}

another_lcm() {	# NODE PID
	local pid
	pid=$(on "$1" pgrep -o -x lcm) && [ "$pid" != "$2" ]
}

restarted() {	# NODE
	on "$1" lkstop && on "$1" lkstart
}

@test "an owner whose mode is turned off stops all the same when it is cut off, before another one starts" {
	in_service_on alpha
	mode none alpha
	wait_until 20 logged alpha 'other systems count on the lease of this one: it stays in force'
	wait_until 20 logged beta 'system "alpha" has a QUORUM_MODE without a lease: it keeps its lease'
	mode_is alpha majority
	lab cut alpha
	wait_until 40 all_isp beta
	# it was ended, or has nothing in service
	if lab alive alpha; then
		none_isp alpha
	fi
}

@test "a system without a mode among others with leases starts nothing, and they take nothing from it" {
	in_service_on alpha
	mode none gamma
	restarted gamma
	wait_until 20 logged gamma 'QUORUM_MODE asks for no lease here, and system "alpha" holds itself to one'
	wait_until 20 logged alpha 'system "gamma" holds itself to no lease'
	wait_until 20 logged beta 'system "gamma" holds itself to no lease'
	wait_until 20 knows gamma beta lease
	lab cut gamma
	wait_until 30 recovered gamma 'this system has no quorum: nothing is recovered'
	none_isp gamma
	all_isp alpha
	run on gamma perform_action -t app1 -a restore
	[ "$status" -eq 3 ]
	[[ "$output" == *'QUORUM_MODE is none here, and system "'*'" holds itself to a lease'* ]]
	# what it knows outlives its daemons
	restarted gamma
	run on gamma perform_action -t app1 -a restore
	[ "$status" -eq 3 ]
	none_isp gamma
}

@test "what a system without a lease runs is not taken over when it is cut off, until it has a lease again" {
	mode none alpha beta gamma
	wait_until 30 all_know none
	in_service_on alpha
	mode majority beta gamma
	wait_until 20 logged beta 'system "alpha" holds itself to no lease'
	wait_until 20 logged gamma 'system "alpha" holds itself to no lease'
	wait_until 20 knows alpha gamma lease
	wait_until 20 on beta lk_quorum >/dev/null
	lab cut alpha
	wait_until 60 recovered beta 'holds itself to no lease'
	wait_until 60 logged beta 'alpha may have it in service, and was stopped with that, or holds itself to no lease'
	# also a daemon that is started anew knows it
	local pid
	pid=$(on beta pgrep -o -x lcm)
	on beta pkill -KILL -o -x lcm
	wait_until 20 another_lcm beta "$pid"
	wait_until 40 on beta lk_quorum >/dev/null
	run on beta perform_action -t app1 -a restore
	[ "$status" -eq 3 ]
	[[ "$output" == *'alpha may have it in service'* ]]
	all_isp alpha
	none_isp beta
	lab restore
	mode majority alpha
	wait_until 40 all_lease
	logged gamma 'the modes of quorum here and on system "alpha" go together again'
	all_isp alpha
}

@test "the mode is turned off and on again node by node while all runs" {
	in_service_on alpha
	mode none alpha
	wait_until 20 knows gamma alpha leaving
	mode none beta
	wait_until 20 knows gamma beta leaving
	mode_is alpha majority
	mode none gamma
	wait_until 30 all_know none
	mode_is alpha none
	mode_is gamma none
	unlogged alpha 'its lease is lost'
	all_isp alpha
	on beta perform_action -t app1 -a restore
	wait_until 10 all_isp beta
	mode majority alpha
	wait_until 20 knows beta alpha lease
	mode majority beta
	mode majority gamma
	wait_until 40 all_lease
	all_isp beta
	none_isp alpha
	on alpha perform_action -t app1 -a restore
	wait_until 10 all_isp alpha
}
