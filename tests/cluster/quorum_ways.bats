#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Quorum by majority where waiting is not needed: what a system has released that only others reach.

load lab
load service

export INTERVAL=0.2 MISSES=12
export TUNABLES='QUORUM_MODE=majority
WITNESS_MODE=remote_verify
QUORUM_LOSS_DEADLINE=60
QUORUM_QUARANTINE_SECS=3
QUORUM_LOSS_ACTION=osu
LCMHBEATTIME=0.2
LCMNUMHBEATS=12'

setup_file() {
	lab_or_skip
	service_up 3
}

teardown_file() {
	lab down
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs
	lab restore
}

not_alive() {	# NODE SYSTEM
	[ "$(on "$1" sys_getst -s "$2")" != ALIVE ]
}

@test "who is reached by others only is asked by way of them, and not waited for" {
	in_service_on gamma
	lab cut alpha gamma
	wait_until 30 not_alive alpha gamma
	# as after a failure: the record names gamma still
	on gamma perform_action -t ip1 -a remove
	on gamma perform_action -t vol1 -a remove
	none_isp gamma
	owner_is alpha app1 gamma
	# answers may come too late on a slow machine, but gamma is alive, so that it would never be quiet
	wait_until 60 on alpha perform_action -t app1 -a restore
	all_isp alpha
	none_isp gamma
	on gamma lk_grant -l -f: | grep -q '^alpha:app1:[0-9]*:alpha:'
}
