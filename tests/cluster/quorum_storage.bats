#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Quorum by shared storage: the vectors of spec/core.md 6.8 on real nodes, with the shortest times that it has: 5 s, 3
# times. A is alpha, B beta.
#
#	QS-1 to QS-6, QS-9	here
#	QS-7, QS-10		tests/cli/lkqwk.bats (QS-10 also tests/unit/qwk.c)
#	QS-8			hang.bats
#	QM-1 to QM-14		quorum.bats (QM-11 and QM-12, with four and five nodes: quorum_split.bats)

# shellcheck disable=SC2016  # the nodes expand what stands in single quotes

# heartbeats let run for 4.4 s without storage, so that a busy machine is not taken for a cut
export INTERVAL=0.2 MISSES=20

load lab
load service

setup_file() {
	lab_or_skip
	export SHARE=$BATS_FILE_TMPDIR/share
	mkdir "$SHARE"
	TUNABLES="$(storage_settings "$SHARE")
QUORUM_LOSS_DEADLINE=5
QUORUM_QUARANTINE_SECS=3
QUORUM_LOSS_ACTION=osu
LCMHBEATTIME=0.2
LCMNUMHBEATS=3"
	export TUNABLES
	service_up 2
	lab spawn beta qwk_storage_init
	on alpha qwk_storage_init >/dev/null
}

teardown_file() {
	lab down
}

setup() {
	local node
	lab restore
	for node in alpha beta; do
		lab alive "$node" || lab start "$node"
		sed -i '/^QUORUM_LOSS_DEADLINE=9$/d' "$(lab root "$node")/etc/default/LifeKeeper"
		has_storage "$node" || give_storage "$node"
		wait_until 60 started "$node"
		wait_until 60 has_quorum "$node"
	done
	wait_until 60 settled
	all_removed alpha beta
	clear
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs
}

# A report says so if not.
has_quorum() {	# NODE
	! on "$1" lk_picture -R | grep -q 'noquorum'
}

has_storage() {	# NODE
	! on "$1" mountpoint -q "$SHARE"
}

lose_storage() {	# NODE
	on "$1" mount -t tmpfs none "$SHARE"
}

give_storage() {	# NODE
	on "$1" umount "$SHARE"
}

@test "QS-1: the paths are cut, and both reach the storage: nothing moves" {
	in_service_on alpha
	lab cut alpha beta
	wait_until 60 logged alpha 'witness_verify(COMM_DOWN, beta): ALIVE'
	wait_until 60 logged beta 'witness_verify(COMM_DOWN, alpha): ALIVE'
	run on beta perform_action -t app1 -a restore
	[ "$status" -eq 3 ]
	[[ $output == *'alpha: it is not reached, and by the storage may run'* ]]
	all_isp alpha
	none_isp beta
	[ -z "$(journal alpha)$(journal beta)" ]
}

@test "QS-2, QS-2a, QS-2b: alpha crashes: beta restores it and owns it, and alpha starts nothing when it returns" {
	local epoch
	in_service_on alpha
	lab off alpha
	wait_until 120 all_isp beta
	logged beta 'witness_verify(COMM_DOWN, alpha): DEAD'
	lab cut alpha beta
	lab start alpha
	on alpha lkstart
	wait_until 60 logged alpha 'quorum_verify(LCM_AVAIL, alpha)'
	wait_until 90 settled_alone alpha
	none_isp alpha
	# as if alpha had won it alone in its turn, and beta not heard of that: each has won the same epoch
	epoch=$(on beta lk_epoch -l -f: | awk -F: '$1 == "app1" { print $2 }')
	on alpha lk_epoch -o alpha "app1=$epoch"
	lab restore
	wait_until 60 settled
	all_isp beta
	none_isp alpha
	[ -z "$(journal alpha)" ]
	# else alpha would not take it over from beta
	wait_until 60 owner_is alpha app1 beta
	owner_is beta app1 beta
}

settled_alone() {	# NODE
	! on "$1" pgrep -x sendevent >/dev/null && ! on "$1" pgrep -x lcdavail >/dev/null
}

@test "QS-3, QS-3a: alpha loses network and storage: it stops, beta restores it, and alpha returns as standby" {
	in_service_on alpha
	lab cut alpha
	lose_storage alpha
	wait_until 60 none_isp alpha
	none_isp beta
	wait_until 120 all_isp beta
	give_storage alpha
	lab restore
	wait_until 60 started alpha
	wait_until 60 settled
	all_isp beta
	none_isp alpha
	owner_is alpha app1 beta
}

@test "QS-5: only alpha loses the storage: it goes on, starts nothing more, and nothing moves" {
	in_service_on alpha
	lose_storage alpha
	wait_until 60 logged alpha 'quorum state changed to'
	run on alpha perform_action -t app1 -a restore
	[ "$status" -eq 3 ]
	# its last write alone would not let it run any more
	wait_until 30 silent_for alpha 16000
	on alpha lk_quorum -J | jq -e '.lost == false and .deadline_ms > 2000'
	all_isp alpha
	has_quorum beta
	none_isp beta
	[ -z "$(journal alpha)$(journal beta)" ]
}

# Is the own object so old, in milliseconds?
silent_for() {	# NODE MS
	local age
	age=$(on "$1" lk_quorum -J | jq -r .why | sed -n 's/.*read back \([0-9]*\) ms ago.*/\1/p')
	[ "${age:-0}" -ge "$2" ]
}

@test "a node that heartbeats let run may write again unseen: nobody takes over from it before the next look" {
	in_service_on alpha
	lose_storage alpha
	# by the storage alone it has stopped
	wait_until 60 silent_for alpha 26000
	on beta mount --bind /dev/null "$SHARE/alpha"
	give_storage alpha
	wait_until 30 on alpha lk_quorum >/dev/null
	lab cut alpha beta
	wait_until 30 no_heartbeats_of alpha beta
	run on beta perform_action -t app1 -a restore
	on beta umount "$SHARE/alpha"
	[ "$status" -eq 3 ]
	all_isp alpha
	none_isp beta
}

# By its heartbeats the node has stopped, as the other one sees it.
no_heartbeats_of() {	# NODE OTHER
	on "$2" lk_quorum -J | jq -e --arg name "$1" '.systems[] | select(.name == $name) | .stopped'
}

restored_on() {	# NODE
	on "$1" perform_action -t app1 -a restore
}

@test "a system that was granted something since the last look at its object may run it, however long it was silent" {
	in_service_on alpha
	lab off alpha
	wait_until 120 all_isp beta
	all_removed beta
	on beta mount --bind /dev/null "$SHARE/alpha"
	# as if it had asked by a third system
	awk '{ printf "%020d\n", $1 * 1000 }' /proc/uptime >"$(lab root beta)/run/granted.alpha"
	run restored_on beta
	on beta umount "$SHARE/alpha"
	[ "$status" -eq 3 ]
	none_isp beta
	wait_until 60 restored_on beta
}

@test "QS-9: alpha starts while beta, which had it, goes off: alpha restores it when beta has certainly stopped" {
	in_service_on beta
	lab off alpha
	wait_until 60 not_alive beta alpha
	lab off beta
	lab start alpha
	on alpha lkstart
	wait_until 120 all_isp alpha
	owner_is alpha app1 alpha
}

not_alive() {	# NODE SYSTEM
	[ "$(on "$1" sys_getst -s "$2")" != ALIVE ]
}

takeover() {	# NODE
	on "$1" lk_quorum -J | jq .takeover_ms
}

@test "systems whose times differ say so, and the larger ones count" {
	local settings
	settings=$(lab root beta)/etc/default/LifeKeeper
	[ "$(takeover alpha)" -lt 32000 ]
	echo QUORUM_LOSS_DEADLINE=9 >>"$settings"
	wait_until 40 logged alpha 'system "beta" has storage settings of 15000 ms'
	wait_until 40 logged beta 'system "alpha" has storage settings of 15000 ms'
	[ "$(takeover alpha)" -gt 34000 ]
	[ "$(takeover beta)" -gt 34000 ]
}

# Both lost power, and alpha, which had it in service, is back without the storage.
start_alpha_without_storage() {
	in_service_on alpha
	lab off beta
	lab off alpha
	lab start alpha
	lose_storage alpha
	on alpha lkstart
	wait_until 60 logged alpha 'quorum_verify(LCM_AVAIL, alpha)'
	wait_until 60 on alpha flg_test -f '!late!app1'
	wait_until 60 settled_alone alpha
	none_isp alpha
}

nothing_late() {	# NODE
	[ ! -e "$(lab root "$1")/run/late" ] && ! on "$1" flg_list | grep -q '^!late!'
}

@test "alpha starts before it reaches the storage: when it does the start is made up for, but for what an operator stopped" {
	start_alpha_without_storage
	on alpha perform_action -t app1 -a remove
	give_storage alpha
	wait_until 120 states_are alpha ip1=ISP vol1=ISP app1=OSU
	wait_until 30 nothing_late alpha
	logged alpha 'what was left out for want of it is made up for'
	[ "$(journal alpha | sort | tr '\n' ' ')" = 'restore ip1 restore vol1 ' ]
	lab start beta
	on beta lkstart
	wait_until 60 settled
	none_isp beta
	states_are alpha ip1=ISP vol1=ISP app1=OSU
}

@test "alpha starts without the storage while beta has it, which then goes off: with the storage alpha takes it over" {
	in_service_on beta
	lab off alpha
	lab start alpha
	lose_storage alpha
	on alpha lkstart
	wait_until 60 logged alpha 'it is in service on beta'
	wait_until 60 settled
	lab off beta
	wait_until 60 logged alpha 'this system has no quorum: nothing is recovered'
	wait_until 60 settled_alone alpha
	none_isp alpha
	give_storage alpha
	wait_until 120 all_isp alpha
	wait_until 30 nothing_late alpha
	owner_is alpha app1 alpha
	[ "$(journal alpha | wc -l)" -eq 3 ]
}

@test "QS-4, QS-6: the storage is lost for both: nothing happens until the paths are cut, too" {
	in_service_on alpha
	lose_storage alpha
	lose_storage beta
	wait_until 60 logged alpha 'quorum state changed to'
	wait_until 60 logged beta 'quorum state changed to'
	all_isp alpha
	run on beta perform_action -t app1 -a restore
	[ "$status" -eq 3 ]
	all_isp alpha
	lab cut alpha beta
	wait_until 60 none_isp alpha
	none_isp beta
	[ -z "$(journal beta)" ]
}
