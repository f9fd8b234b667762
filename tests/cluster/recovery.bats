#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What becomes of resources when systems fail, stop and return: the event vectors of spec/core.md 9.14 on two
# nodes. Nothing of the daemons is replaced; the actions only note that they ran.

# shellcheck disable=SC2016  # the nodes expand what stands in single quotes

load lab
load service

setup_file() {
	lab_or_skip
	service_up 2
}

teardown_file() {
	lab down
}

setup() {
	local node
	lab restore
	all_started alpha beta
	for node in alpha beta; do
		lab sh "$node" 'for a in "comm/tip restore" "comm/tip remove" "filesys/volume restore" "filesys/volume remove" "gen/tapp restore" "gen/tapp remove"; do
			. "$LKROOT/tmp/act"; act $a; done
			flg_list | grep "^!split!\|^nosys\|^confirm\|^shutdown\|^!nofail" | while read -r f; do flg_remove -f "$f"; done
			rm -f $LKROOT/etc/default/LifeKeeper; for t in ip1 vol1 app1; do ins_setas -t $t -s INTELLIGENT 2>/dev/null; ins_setit -t $t -I AUTORES_ISP; retstate $t; done'
	done
	all_removed alpha beta
	clear
}

# beta saw alpha fail and has finished with that.
failover_done() {
	logged beta 'FINISHED AT:'
}

@test "PA11: an in-service move takes it out of service there first, roots first" {
	in_service_on alpha
	on beta perform_action -t app1 -a restore
	all_isp beta
	none_isp alpha
	[ "$(journal alpha | head -n 1)" = 'remove app1' ]
	[ "$(journal alpha | sort | paste -sd ' ')" = 'remove app1 remove ip1 remove vol1' ]
	[ "$(journal beta | tail -n 1)" = 'restore app1' ]
	[ "$(journal beta | wc -l)" -eq 3 ]
	owner_is alpha app1 beta
	owner_is beta app1 beta
}

@test "PA12: if it cannot be taken out of service there, nothing is restored here" {
	in_service_on alpha
	action alpha filesys/volume remove 1
	run on beta perform_action -t app1 -a restore
	[ "$status" -eq 1 ]
	[ -z "$(journal beta)" ]
	states_are alpha vol1=OSF app1=OSU
	owner_is beta app1 alpha
	# it may still run there, so it is asked again, and only its remove opens the way
	run on beta perform_action -t vol1 -a restore
	[ "$status" -eq 1 ]
	[ -z "$(journal beta)" ]
	action alpha filesys/volume remove
	run on beta perform_action -t vol1 -a restore
	[ "$status" -eq 0 ]
	all_isp beta
	[ "$(journal alpha | grep -c 'remove vol1')" -eq 3 ]
	states_are alpha vol1=OSU
}

@test "EV7: alpha crashes: beta restores, children first, and says so" {
	in_service_on alpha
	lab off alpha
	wait_until 10 failover_done
	all_isp beta
	[ "$(journal beta | tail -n 1)" = 'restore app1' ]
	[ "$(journal beta | wc -l)" -eq 3 ]
	logged beta 'SAFETY CHECK for "alpha" timed out: assuming "alpha" is down'
	logged beta 'FAILOVER RECOVERY OF MACHINE alpha'
	[ "$(on beta net_list -f, -s alpha | cut -d, -f7,11 | sort -u)" = DEAD,1 ]
	owner_is beta app1 beta
}

@test "EV7: a hierarchy that an operator is at work on holds up nothing else, and is restored after that" {
	local node other
	for node in alpha beta; do
		other=beta
		[ $node = alpha ] || other=alpha
		lab sh $node 'ins_create -a filesys -r volume -t vol2 -i /mnt/d2 -Q 0 -D 0
			eqv_create --local-only -t vol2 -p "$1" -S "$2" -o vol2 -r "$((11 - $1))" -e SHARED' \
			"$([ $node = alpha ] && echo 1 || echo 10)" $other
	done
	in_service_on alpha
	on alpha perform_action -t vol2 -a restore
	printf '#!/bin/sh\nuntil [ -e tmp/go ]; do sleep 0.05; done\necho "restore $2" >>tmp/journal\n' \
		>"$(lab root beta)/tmp/new"
	chmod 755 "$(lab root beta)/tmp/new"
	mv "$(lab root beta)/tmp/new" "$(lab root beta)/subsys/comm/resources/tip/actions/restore"
	lab spawn beta perform_action -b -t ip1 -a restore
	wait_until 20 owner_is beta ip1 beta
	lab off alpha
	wait_until 20 states_are beta vol2=ISP app1=OSU ip1=OSU vol1=OSU
	if failover_done; then
		return 1
	fi
	: >"$(lab root beta)/tmp/go"
	wait_until 20 states_are beta vol2=ISP app1=ISP ip1=ISP vol1=ISP
	wait_until 20 failover_done
	[ "$(journal beta | grep -c restore)" -eq 4 ]
	[ "$(journal beta | tail -n 1)" = 'restore app1' ]
	rm "$(lab root beta)/tmp/go"
	lab start alpha
	on alpha lkstart
	wait_until 20 settled
	on beta perform_action -t vol2 -a remove
	for node in alpha beta; do
		on $node ins_remove -t vol2
	done
}

@test "EV12: alpha returns: it stays on beta, and alpha stands by" {
	in_service_on alpha
	lab off alpha
	wait_until 10 all_isp beta
	lab start alpha
	on alpha lkstart
	wait_until 20 settled
	all_isp beta
	none_isp alpha
	[ -z "$(journal alpha)" ]
	owner_is alpha app1 beta
}

@test "systems that run in turns: the record names who has it, and who is left takes it over" {
	in_service_on alpha
	lab off alpha
	wait_until 20 failover_done
	all_isp beta
	lab off beta
	lab start alpha
	on alpha lkstart
	wait_until 30 all_isp alpha
	lab start beta
	on beta lkstart
	wait_until 30 settled
	wait_until 20 owner_is alpha app1 alpha
	wait_until 20 owner_is beta app1 alpha
	all_isp alpha
	none_isp beta
	lab off alpha
	wait_until 20 all_isp beta
}

@test "EV13: with AUTOMATIC switchback on alpha it comes back" {
	on alpha ins_setas -t app1 -s AUTOMATIC
	in_service_on alpha
	lab off alpha
	wait_until 10 all_isp beta
	lab start alpha
	on alpha lkstart
	wait_until 20 all_isp alpha
	wait_until 20 settled
	none_isp beta
}

@test "EV14: beta, whose switchback is AUTOMATIC, returns: it never goes from the better to the worse" {
	on beta ins_setas -t app1 -s AUTOMATIC
	in_service_on alpha
	lab off beta
	wait_until 10 logged alpha 'FINISHED AT:'
	lab start beta
	on beta lkstart
	wait_until 20 logged beta 'Event comm_up of system "alpha" begins'
	wait_until 20 settled
	all_isp alpha
	none_isp beta
	[ -z "$(journal alpha)$(journal beta)" ]
}

@test "EV15: INTELLIGENT above AUTOMATIC: what depends on the others decides, nothing comes back" {
	on alpha ins_setas -t ip1 -s AUTOMATIC
	in_service_on alpha
	lab off alpha
	wait_until 10 failover_done
	all_isp beta
	lab start alpha
	on alpha lkstart
	wait_until 20 logged alpha 'Event comm_up of system "beta" begins'
	wait_until 20 settled
	all_isp beta
	none_isp alpha
	[ -z "$(journal alpha)" ]
}

removal_has_begun() {	# NODE
	journal "$1" | grep -qx begun
}

# A remove on the node that begins and waits for tmp/go.
hold_removal() {	# NODE
	lab sh "$1" 'rm -f "$LKROOT/tmp/go"
	cat >"$LKROOT/subsys/filesys/resources/volume/actions/remove" <<-"END"
		#!/bin/sh
		echo begun >>"$LKROOT/tmp/journal"
		until [ -e "$LKROOT/tmp/go" ]; do sleep 0.05; done
	END'
}

handed_back() {	# NODE
	lab sh "$1" 'lkwhy app1 | grep -q "died before it had it"'
}

@test "who asks for a resource and dies before it has it leaves it to the system that released it" {
	in_service_on alpha
	hold_removal alpha
	lab spawn beta perform_action -t app1 -a restore
	wait_until 30 removal_has_begun alpha
	lab off beta
	wait_until 30 handed_back alpha
	lab sh alpha ': >"$LKROOT/tmp/go"'
	wait_until 30 all_isp alpha
	wait_until 30 settled
	owner_is alpha app1 alpha
}

@test "a release that fails is no reason to restore anything when its asker dies" {
	in_service_on alpha
	action alpha filesys/volume remove 1
	run on beta perform_action -t app1 -a restore
	[ "$status" -eq 1 ]
	[ -z "$(lab sh alpha 'cat "$LKROOT/run/handover"')" ]
	on alpha perform_action -t app1 -a remove -s
	clear
	lab off beta
	wait_until 10 logged alpha 'FINISHED AT:'
	[ -z "$(journal alpha)" ]
}

@test "EV13: a switchback goes on when the other lcm dies while it takes the resource out of service" {
	on alpha ins_setas -t app1 -s AUTOMATIC
	in_service_on alpha
	lab off alpha
	wait_until 30 all_isp beta
	lab sh beta 'cat >"$LKROOT/subsys/gen/resources/tapp/actions/remove" <<-"END"
		#!/bin/sh
		echo begun >>"$LKROOT/tmp/journal"
		until [ -e "$LKROOT/tmp/go" ]; do sleep 0.05; done
	END'
	lab start alpha
	on alpha lkstart
	wait_until 60 removal_has_begun beta
	on beta pkill -KILL -o -x lcm
	wait_until 60 logged beta 'killed by signal 9'
	lab sh beta ': >"$LKROOT/tmp/go"'
	wait_until 120 all_isp alpha
	wait_until 60 settled
	none_isp beta
}

@test "EV8: what an operator stopped stays stopped when its node dies" {
	in_service_on alpha
	on alpha perform_action -t ip1 -a remove
	on alpha perform_action -t vol1 -a remove
	owner_is beta app1 -
	lab off alpha
	wait_until 10 failover_done
	none_isp beta
	[ -z "$(journal beta)" ]
}

@test "EV8: with RECOVER_STOPPED_HIERARCHIES=1 it is recovered" {
	lab sh beta 'echo RECOVER_STOPPED_HIERARCHIES=1 >$LKROOT/etc/default/LifeKeeper'
	lab off alpha
	wait_until 10 failover_done
	all_isp beta
}

@test "EV11: with system failover disabled for it beta takes nothing" {
	on beta flg_create -f 'nosysfailover!alpha'
	in_service_on alpha
	lab off alpha
	wait_until 10 failover_done
	none_isp beta
}

@test "EV3: one network of two is cut: nothing happens" {
	in_service_on alpha
	lab cut alpha beta net1
	wait_until 5 test "$(on beta net_list -f, -s alpha | cut -d, -f7 | paste -sd ' ')" = 'DEAD ALIVE' ||
		wait_until 5 path_dead
	[ "$(on beta sys_getst -s alpha)" = ALIVE ]
	[ "$(on beta lcdremexec -d alpha -- lcduname)" = alpha ]
	run ! logged beta 'FAILOVER'
	all_isp alpha
}

path_dead() {
	on beta net_list -f, -s alpha | cut -d, -f7 | grep -q DEAD
}

# Epoch and owner; when each node has noted them is its own affair.
record_of() {	# NODE TAG
	on "$1" lk_epoch -l -f: | grep "^$2:" | cut -d: -f2,3
}

@test "EV4, EV5: only the ports are blocked: paused while it answers, aborted when it is back" {
	in_service_on alpha
	for port in $(on alpha net_list -f, | cut -d, -f2 | cut -d: -f2); do
		lab block "$port" alpha beta
	done
	wait_until 10 logged beta 'SAFETY CHECK DETECTED MACHINE "alpha":PAUSING COMM_DOWN'
	logged beta 'The remote node (alpha) appears to be reachable. Waiting for confirmation.'
	run ! logged beta 'FAILOVER'
	lab restore
	wait_until 10 logged beta 'SAFETY CHECK ABORTED:ABORTING COMM_DOWN'
	wait_until 10 settled
	logged beta 'The remote node (alpha) is up.'
	all_isp alpha
	none_isp beta
}

@test "EV6: everything is cut without quorum: both have it, and the older record gives way when they meet" {
	in_service_on alpha
	lab cut alpha beta
	wait_until 10 failover_done
	all_isp beta
	all_isp alpha
	lab restore
	wait_until 20 settled
	all_isp beta
	none_isp alpha
	owner_is alpha app1 beta
	logged alpha 'YIELD: beta has it in service by a newer record'
}

@test "two owners of one epoch are split brain: both stay, moves are refused" {
	in_service_on alpha
	lab cut alpha beta
	wait_until 10 failover_done
	# alpha takes a step of its own meanwhile
	lab sh alpha 'perform_action -t ip1 -a remove; perform_action -t vol1 -a remove; perform_action -t app1 -a restore'
	on alpha lk_epoch -l -f:
	on beta lk_epoch -l -f:
	lab sh alpha 'for t in ip1 vol1 app1; do sed -i "s/^$t\t[0-9]*\t/$t\t$(($1))\t/" $LKROOT/config/epoch; done' \
		"$(on beta lk_epoch -l -f: | awk -F: '$1 == "app1" { print $2 }')"
	lab restore
	wait_until 20 settled
	all_isp alpha
	all_isp beta
	on alpha flg_test -f '!split!app1'
	on beta flg_test -f '!split!app1'
	run on alpha perform_action -t app1 -a remove
	[ "$status" -eq 3 ]
	logged alpha 'Split Brain detected'
	# what lk-quorum(7) says
	on alpha lkcli resource resolve --tag app1 --survivor beta
	all_isp beta
	none_isp alpha
	run lab sh alpha 'flg_list; flg_list -d beta'
	[[ $output != *'!split!'* ]]
	local tag
	for tag in ip1 vol1 app1; do
		owner_is alpha $tag beta
		owner_is beta $tag beta
		[ "$(record_of alpha $tag)" = "$(record_of beta $tag)" ]
	done
	on alpha perform_action -t app1 -a restore
	all_isp alpha
	none_isp beta
	on alpha lkcli resource resolve --tag app1 --survivor beta
	all_isp alpha
}

# Each resource is in service on one node at most, and both know on which.
owned_once() {
	local tag
	for tag in ip1 vol1 app1; do
		[ "$(state alpha $tag)$(state beta $tag)" != ISPISP ] || return
		[ "$(record_of alpha $tag)" = "$(record_of beta $tag)" ] || return
	done
}

@test "core 5.7: the backup dies in the middle of the failover: both return, and an operator completes it" {
	local node
	in_service_on alpha
	lab sh beta 'printf "#!/bin/sh\necho restore vol1 >>tmp/journal\nexec sleep 1000\n" >"$LKROOT/subsys/filesys/resources/volume/actions/restore"'
	lab off alpha
	wait_until 20 grep -qx 'restore vol1' "$(lab root beta)/tmp/journal"
	lab off beta
	for node in alpha beta; do
		lab start $node
	done
	action beta filesys/volume restore
	for node in alpha beta; do
		on $node lkstart
	done
	for node in alpha beta; do
		wait_until 20 logged $node 'Event comm_up of system'
	done
	wait_until 30 settled
	wait_until 10 owned_once
	on beta perform_action -t app1 -a restore
	all_isp beta
	none_isp alpha
	owned_once
	for node in alpha beta; do
		on $node lcdcheck
	done
}

@test "SP2, SP7: lkstop takes it out of service and nobody takes it; lkstart brings it back" {
	in_service_on alpha
	run on alpha lkstop
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = 'LIFEKEEPER NOW STOPPED' ]
	on beta flg_test -f '!nofailover!alpha'
	wait_until 10 failover_done
	none_isp beta
	on alpha lkstart
	wait_until 20 all_isp alpha
	wait_until 20 settled
	run on beta flg_test -f '!nofailover!alpha'
	[ "$status" -eq 7 ]
}

@test "SP3: lkstop -f leaves it running, nobody takes it, and lkstart takes charge again" {
	in_service_on alpha
	on alpha lkstop -f
	[ -z "$(journal alpha)" ]
	wait_until 10 failover_done
	none_isp beta
	on alpha lkstart
	wait_until 20 all_isp alpha
	wait_until 20 settled
	none_isp beta
	[ "$(journal alpha | grep -c remove)" -eq 0 ]
}

@test "kill -9 of every daemon of the owner: it goes on, and nobody takes it" {
	in_service_on alpha
	lab sh alpha 'pkill -9 -x lkinit; pkill -9 -x lcm; sleep 0.1; lkstart'
	wait_until 20 settled
	all_isp alpha
	none_isp beta
}

@test "restore fails on the backup: it stays out of service there, with its reason" {
	in_service_on alpha
	action beta filesys/volume restore 1
	lab off alpha
	wait_until 10 failover_done
	states_are beta ip1=ISP vol1=OSF app1=OSU
}

@test "CS1: a failover that needs confirmation waits for it" {
	on beta flg_create -f 'confirmso!alpha'
	in_service_on alpha
	lab off alpha
	wait_until 10 lab sh beta 'test -e $LKROOT/run/confirmso.alpha'
	none_isp beta
	on beta lk_confirmso -y -s alpha
	wait_until 10 all_isp beta
}
