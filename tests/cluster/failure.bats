#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What becomes of resources that fail: the monitor finds it, recover repairs or moves them. Event vectors 16 to
# 20 of spec/core.md 9.14, on three nodes with nothing replaced but the actions.

load lab
load service

setup_file() {
	lab_or_skip
	service_up 3
}

teardown_file() {
	lab down
}

setup() {
	local node type
	for node in alpha beta gamma; do
		rm -f "$(lab root "$node")"/tmp/{down,go,checking,checked}
		for type in comm/tip filesys/volume gen/tapp; do
			action "$node" "$type" restore
			action "$node" "$type" remove
			action "$node" "$type" quickCheck
			action "$node" "$type" deepCheck
			action "$node" "$type" recover
		done
		# shellcheck disable=SC2016
		lab sh "$node" 'flg_list | while read -r f; do flg_remove -f "$f"; done
			for t in ip1 vol1 app1; do
				ins_setchkint -t $t -c quick -v 0; ins_setchkint -t $t -c deep -v 0
				ins_setlocalrecover -t $t -l N; done
			for t in ip1 vol1; do perform_action -t $t -a remove; done
			for t in ip1 vol1 app1; do retstate $t; done
			:'
	done
	wait_until 30 settled
	clear
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs
}

checks() {	# NODE TAG SECONDS
	on "$1" ins_setchkint -t "$2" -c quick -v "$3"
}

# An action of ip1 that notes that it ran, and then does what the text says, in the root directory.
# shellcheck disable=SC2016	# the script expands it
ip1_does() {	# ACTION TEXT
	printf '#!/bin/sh\necho "%s $2" >>tmp/journal\n%s\n' "$1" "$2" >"$(lab root alpha)/tmp/new"
	chmod 755 "$(lab root alpha)/tmp/new"
	mv "$(lab root alpha)/tmp/new" "$(lab root alpha)/subsys/comm/resources/tip/actions/$1"
}

ran() {	# LINE: how often is it in alpha's journal?
	journal alpha | grep -cx "$1" || :
}

# That many more times since it was FROM times there.
ran_again() {	# LINE FROM TIMES
	[ "$(ran "$1")" -ge $(($2 + $3)) ]
}

nothing_moved() {
	none_isp beta
	none_isp gamma
	[ -z "$(journal beta)$(journal gamma)" ]
	[ "$(ran 'recover ip1')" -eq 0 ]
	states_are alpha ip1=OSU app1=OSU vol1=ISP
}

# The check of a type fails on a node.
fails() {	# NODE TYPE
	action "$1" "$2" quickCheck 1
}

@test "EV16: a failed resource that local recovery repairs stays where it is" {
	in_service_on alpha
	on alpha ins_setlocalrecover -t ip1 -l Y
	checks alpha ip1 1
	fails alpha comm/tip
	wait_until 20 logged alpha 'Resource Recovery Complete: ip1'
	action alpha comm/tip quickCheck
	all_isp alpha
	none_isp beta
	journal alpha | grep -q '^recover ip1'
	run grep -c remove <(journal alpha)
	[ "$output" -eq 0 ]
}

@test "EV17: a failed resource that cannot be repaired moves with its hierarchy" {
	in_service_on alpha
	on alpha ins_setlocalrecover -t ip1 -l Y
	action alpha comm/tip recover 1
	checks alpha ip1 1
	fails alpha comm/tip
	wait_until 30 all_isp beta
	states_are alpha ip1=OSF vol1=OSU app1=OSU
	none_isp gamma
	[ "$(journal alpha | grep -v Check | paste -sd ' ')" = 'recover ip1 remove app1 remove ip1 remove vol1' ]
	[ "$(journal beta | grep -v Check | tail -n 1)" = 'restore app1' ]
	logged alpha '*ERROR* (No. 1620) Local recovery of resource ip1 failed.'
	owner_is gamma app1 beta
}

@test "what the next system cannot restore goes to the one after it" {
	in_service_on alpha
	action beta gen/tapp restore 1
	checks alpha vol1 1
	fails alpha filesys/volume
	wait_until 30 all_isp gamma
	states_are alpha vol1=OSF ip1=OSU app1=OSU
	none_isp beta
	logged alpha 'Resource Recovery Failed: vol1: beta'
}

@test "what cannot be taken out of service is started nowhere else" {
	in_service_on alpha
	action alpha gen/tapp remove 1
	checks alpha ip1 1
	fails alpha comm/tip
	wait_until 30 logged alpha "failed to remove resource 'app1': it is not restored elsewhere"
	states_are alpha app1=OSF ip1=ISP
	none_isp beta
	none_isp gamma
}

@test "a resource barred from all systems is marked and runs on" {
	in_service_on alpha
	on alpha flg_create -f noresfailover!beta
	on alpha flg_create -f noresfailover!gamma
	checks alpha ip1 1
	fails alpha comm/tip
	wait_until 30 states_are alpha ip1=OSF vol1=ISP app1=ISP
	none_isp beta
	none_isp gamma
	run grep -c remove <(journal alpha)
	[ "$output" -eq 0 ]
}

@test "PW-5058: checks that fail while a remove is in progress move nothing" {
	in_service_on alpha
	on alpha ins_setlocalrecover -t ip1 -l Y
	ip1_does remove ': >tmp/down; until [ -e tmp/go ]; do sleep 0.05; done'
	ip1_does quickCheck '[ ! -e tmp/down ]'
	ip1_does deepCheck '[ ! -e tmp/down ]'
	on alpha ins_setchkint -t ip1 -c deep -v 2
	checks alpha ip1 1
	checks alpha vol1 1
	wait_until 30 ran_again 'quickCheck ip1' 0 1
	lab spawn alpha perform_action -t ip1 -a remove
	wait_until 20 test -e "$(lab root alpha)/tmp/down"
	# vol1 stays in service: its checks are the clock
	wait_until 30 ran_again 'quickCheck vol1' "$(ran 'quickCheck vol1')" 3
	states_are alpha ip1=ISP
	: >"$(lab root alpha)/tmp/go"
	wait_until 20 states_are alpha ip1=OSU
	wait_until 30 ran_again 'quickCheck vol1' "$(ran 'quickCheck vol1')" 1
	wait_until 20 settled
	nothing_moved
}

@test "PW-5058: nor does a check that began before the remove and fails during it" {
	in_service_on alpha
	on alpha ins_setlocalrecover -t ip1 -l Y
	ip1_does remove ': >tmp/down; until [ -e tmp/go ]; do sleep 0.05; done'
	ip1_does quickCheck ': >tmp/checking; until [ -e tmp/checked ]; do sleep 0.05; done; exit 1'
	checks alpha ip1 1
	checks alpha vol1 1
	wait_until 30 test -e "$(lab root alpha)/tmp/checking"
	lab spawn alpha perform_action -t ip1 -a remove
	wait_until 20 test -e "$(lab root alpha)/tmp/down"
	: >"$(lab root alpha)/tmp/checked"
	wait_until 30 ran_again 'quickCheck vol1' "$(ran 'quickCheck vol1')" 3
	: >"$(lab root alpha)/tmp/go"
	wait_until 20 states_are alpha ip1=OSU
	wait_until 20 settled
	nothing_moved
}

@test "EV18, EV19, EV20: at the start deep checks come first and cover quick ones; without intervals there are none" {
	in_service_on alpha
	on alpha lkstop -f
	on alpha ins_setchkint -t ip1 -c deep -v 1
	checks alpha ip1 1
	on alpha ins_setchkint -t app1 -c deep -v 4
	checks alpha app1 1
	clear
	on alpha lkstart
	wait_until 40 ran_again 'deepCheck ip1' 0 5
	wait_until 40 ran_again 'quickCheck app1' 0 2
	[ "$(ran 'quickCheck ip1')" -eq 0 ]
	[ "$(journal alpha | grep -m 1 'Check app1')" = 'deepCheck app1' ]
	[ "$(journal alpha | grep -c 'Check vol1')" -eq 0 ]
	all_isp alpha
}

tunables() {	# LINE...: alpha has these, too
	printf '%s\n' "$@" >>"$(lab root alpha)/etc/default/LifeKeeper"
}

not_alive() {
	! lab alive "$1"
}

# alpha reboots, which ends it, and its ports are down as in life. It comes back without the tunables.
reboots() {	# WHY
	wait_until 40 not_alive alpha
	lab off alpha
	wait_until 20 all_isp beta
	none_isp gamma
	logged alpha "this system reboots now: $1"
	sed -i '/^ResMon_/d; /^TIP_/d' "$(lab root alpha)/etc/default/LifeKeeper"
	ln -sf "$LK_BIN/lk_reboot" "$(lab root alpha)/bin"
	lab start alpha
	on alpha lkstart
}

@test "ResMon_RebootWaitInSec: a check over its limit reboots the system, and another one takes over" {
	in_service_on alpha
	tunables TIP_QUICKCHECK_TIMEOUT=1 ResMon_RebootWaitInSec=1
	ip1_does quickCheck 'exec sleep 1000'
	checks alpha ip1 1
	reboots 'quickCheck of "ip1" was not finished after 1 s'
}

@test "ResMon_ResFailMaxWaitInMin: a recovery that hangs reboots the system, and another one takes over" {
	in_service_on alpha
	tunables ResMon_ResFailMaxWaitInMin=1
	# nobody waits a minute here
	# shellcheck disable=SC2016	# the script expands it
	printf '#!/bin/sh\nshift 2\nexec "%s" -w 1 "$@"\n' "$LK_BIN/lk_reboot" >"$(lab root alpha)/tmp/lk_reboot"
	chmod 755 "$(lab root alpha)/tmp/lk_reboot"
	mv "$(lab root alpha)/tmp/lk_reboot" "$(lab root alpha)/bin/lk_reboot"
	ip1_does remove 'exec sleep 1000'
	ip1_does quickCheck 'exit 1'
	checks alpha ip1 1
	reboots 'the recovery of "ip1" has not ended after 1 min'
}
