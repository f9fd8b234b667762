#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Quorum by majority and witnesses: the vectors QM-1 to QM-14 of spec/core.md 6.7, on real nodes. A is alpha, with
# the best priority, B beta, C gamma. Each vector has a test here, but QM-11 and QM-12, which quorum_split.bats has.

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

all_have_quorum() {
	local node
	for node in alpha beta gamma; do
		on "$node" lk_quorum >/dev/null || return
	done
}

setup() {
	lab restore
	all_started alpha beta gamma
	# after a change of the heartbeats it takes a node longer than its start
	wait_until 60 all_have_quorum
	all_removed alpha beta gamma
	clear
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs
}

# Cut off from all others.
isolate() {	# NODE...
	local node
	for node; do
		lab cut "$node"
	done
}

initialise() {	# INIT_TYPE
	local node
	for node in alpha beta gamma; do
		lab sh "$node" 'for t in ip1 vol1 app1; do ins_setit -t $t -I "$1" || exit; done' "$1"
	done
}

not_alive() {	# NODE SYSTEM
	[ "$(on "$1" sys_getst -s "$2")" != ALIVE ]
}

lcm_avail_ended() {	# NODE
	! on "$1" pgrep -x lcdavail >/dev/null && logged "$1" 'quorum_verify(LCM_AVAIL, '
}

nothing_runs() {	# NODE
	! on "$1" pgrep -x sendevent >/dev/null
}

@test "a restore has the promises of a majority, and a move those of all who had it" {
	in_service_on alpha
	owner_is alpha app1 alpha
	on alpha lk_grant -l -f: | grep -q '^alpha:app1:[0-9]*:alpha:alpha$'
	on beta perform_action -t app1 -a restore
	wait_until 10 all_isp beta
	none_isp alpha
	owner_is alpha app1 beta
	owner_is gamma app1 beta
	on beta lk_grant -l -f: | grep -q '^alpha:app1:[0-9]*:beta:beta$'
}

@test "QM-2: alpha crashes: beta restores it after alpha has certainly stopped, gamma does not" {
	in_service_on alpha
	lab off alpha
	wait_until 40 all_isp beta
	none_isp gamma
	[ -z "$(journal gamma)" ]
	logged beta 'is not granted yet: '
	wait_until 20 logged gamma 'FINISHED AT:'
	unlogged gamma ':RESTORE: '
	none_isp gamma
	owner_is gamma app1 beta
}

@test "the daemons on alpha die, and its host answers still: witnesses are asked, and no safety check waits" {
	in_service_on alpha
	lab kill alpha
	wait_until 40 all_isp beta
	run logged beta 'SAFETY CHECK DETECTED MACHINE'
	[ "$status" -eq 1 ]
	none_isp gamma
}

@test "QM-1, QM-5: a path is cut, and both ends live: nothing is moved, and nothing happens when it is mended" {
	local other
	in_service_on alpha
	for other in beta gamma; do
		lab cut alpha "$other"
		wait_until 30 logged alpha "witness_verify(COMM_DOWN, $other): ALIVE"
		wait_until 30 logged "$other" 'witness_verify(COMM_DOWN, alpha): ALIVE'
		all_isp alpha
		none_isp beta
		none_isp gamma
		lab restore
		wait_until 30 settled
		all_isp alpha
		[ -z "$(journal alpha)$(journal beta)$(journal gamma)" ]
		clear
	done
}

@test "QM-3, QM-3a: alpha loses its network: it stops all and keeps away for a while, beta restores it, alpha is standby" {
	in_service_on alpha
	isolate alpha
	wait_until 40 none_isp alpha
	wait_until 40 logged alpha 'quarantine'
	wait_until 60 all_isp beta
	none_isp gamma
	[ "$(tail -1 <<<"$(journal alpha)")" != 'restore app1' ]
	lab restore
	wait_until 60 started alpha
	wait_until 60 settled
	all_isp beta
	none_isp alpha
	none_isp gamma
	owner_is alpha app1 beta
}

@test "QM-4, QM-4a: all are cut off: alpha stops, nobody starts; when the paths are back alpha starts it again" {
	in_service_on alpha
	# alpha last: two others that see each other would be a majority meanwhile
	lab cut beta gamma
	lab cut alpha beta
	lab cut alpha gamma
	wait_until 40 none_isp alpha
	wait_until 40 logged beta 'quorum state changed to lost quorum'
	wait_until 40 logged gamma 'quorum state changed to lost quorum'
	[ -z "$(journal beta)$(journal gamma)" ]
	none_isp beta
	none_isp gamma
	wait_until 60 started alpha
	wait_until 60 lcm_avail_ended alpha
	# in this order: beta and gamma alone would be a majority that may take it
	lab restore alpha beta
	wait_until 60 all_isp alpha
	lab restore
	wait_until 60 settled
	all_isp alpha
	none_isp beta
	none_isp gamma
}

@test "QM-4b: the same with INIT_OSU: nobody starts it" {
	in_service_on alpha
	initialise INIT_OSU
	isolate beta alpha
	wait_until 40 none_isp alpha
	lab restore
	wait_until 60 started alpha
	wait_until 60 lcm_avail_ended alpha
	wait_until 60 settled
	initialise AUTORES_ISP
	none_isp alpha
	none_isp beta
	none_isp gamma
	[ -z "$(journal beta)$(journal gamma)" ]
}

@test "QM-7: beta crashes, then gamma: alpha has no quorum any more and stops" {
	in_service_on alpha
	lab off beta
	wait_until 30 logged alpha 'witness_verify(COMM_DOWN, beta): DEAD'
	all_isp alpha
	lab off gamma
	wait_until 40 none_isp alpha
}

@test "QM-6: beta crashes: nothing is to be recovered" {
	in_service_on alpha
	lab off beta
	wait_until 30 logged alpha 'witness_verify(COMM_DOWN, beta): DEAD'
	wait_until 30 logged alpha 'FINISHED AT:'
	all_isp alpha
	none_isp gamma
	[ -z "$(journal alpha)$(journal gamma)" ]
}

@test "QM-9: alpha dies after its paths to beta had been cut: beta learns it from gamma and restores it" {
	in_service_on alpha
	lab cut alpha beta
	wait_until 30 logged beta 'witness_verify(COMM_DOWN, alpha): ALIVE'
	none_isp beta
	lab off alpha
	wait_until 60 all_isp beta
	logged beta 'witness_verify(COMM_DOWN, alpha): DEAD'
	none_isp gamma
}

@test "QM-2a, QM-2b: alpha returns, alone or with its paths: it starts nothing" {
	in_service_on alpha
	lab off alpha
	wait_until 40 all_isp beta
	lab cut alpha
	lab start alpha
	on alpha lkstart
	wait_until 30 lcm_avail_ended alpha
	none_isp alpha
	[ -z "$(journal alpha)" ]
	lab restore
	wait_until 30 settled
	all_isp beta
	none_isp alpha
	on alpha lkstop
	on alpha lkstart
	wait_until 30 lcm_avail_ended alpha
	wait_until 30 settled
	all_isp beta
	none_isp alpha
	owner_is alpha app1 beta
	[ -z "$(journal alpha)" ]
}

@test "QM-8: beta is down already, then alpha crashes: gamma has no quorum and starts nothing" {
	in_service_on alpha
	lab off beta
	wait_until 30 logged gamma 'witness_verify(COMM_DOWN, beta): DEAD'
	lab off alpha
	wait_until 30 logged gamma 'quorum_verify(COMM_DOWN, alpha): this system has no quorum'
	logged gamma 'quorum state changed to lost quorum'
	none_isp gamma
	[ -z "$(journal gamma)" ]
}

# Of what alpha sends.
gamma_misses() {	# BEATS
	local device
	while IFS=, read -r _ device _; do
		on gamma net_change -s alpha -D "$device" -m "$1" || return
	done <<<"$(on gamma net_list -f, -s alpha)"
}

@test "QM-10: gamma notices the death of alpha later than beta: beta asks again, and restores it" {
	gamma_misses 50
	# a changed path begins anew, and says nothing before
	wait_until 30 paths_are gamma alpha ALIVE ALIVE
	wait_until 30 all_have_quorum
	in_service_on alpha
	lab off alpha
	wait_until 60 all_isp beta
	gamma_misses "$MISSES"
	none_isp gamma
	# gamma told it for as long as it takes to be believed, and beta went on asking
	logged beta 'witness_verify(COMM_DOWN, alpha): ALIVE'
	logged beta 'witness_verify(COMM_DOWN, alpha): DEAD'
}

@test "QM-13: alpha is stopped in order: nothing fails over" {
	in_service_on alpha
	on alpha lkstop
	wait_until 30 not_alive beta alpha
	wait_until 30 not_alive gamma alpha
	wait_until 30 nothing_runs beta
	wait_until 30 nothing_runs gamma
	none_isp beta
	none_isp gamma
	[ -z "$(journal beta)$(journal gamma)" ]
}

@test "a node that reaches a majority, but not the owner, is not granted what that runs" {
	in_service_on alpha
	lab cut alpha beta
	wait_until 30 logged beta 'witness_verify(COMM_DOWN, alpha): ALIVE'
	run on beta perform_action -t app1 -a restore
	[ "$status" -eq 3 ]
	[[ $output == *'is not granted to this system by a majority: '*'gamma: alpha may have it in service'* ]]
	all_isp alpha
	none_isp beta
	[ -z "$(journal beta)" ]
}

@test "QM-14: without quorum an operator's restore is refused" {
	lab cut beta
	wait_until 30 not_alive beta gamma
	wait_until 30 not_alive beta alpha
	run on beta perform_action -t app1 -a restore
	[ "$status" -eq 3 ]
	[[ $output == *'no quorum'* ]]
	none_isp beta
}
