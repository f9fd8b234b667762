#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Quorum by majority where waiting is not needed: what a system has released that only others reach, and what ran on
# one that has certainly ended. Who waits all the same waits for ever, by the deadline below.

# shellcheck disable=SC2016  # the nodes expand what stands in single quotes

load lab
load service

export INTERVAL=0.2 MISSES=12
TUNABLES=$(majority_settings 400 3 12)
export TUNABLES

setup_file() {
	lab_or_skip
	service_up 3
}

teardown_file() {
	lab down
}

setup() {
	local node
	lab restore
	for node in alpha beta gamma; do
		rm -f "$(lab root "$node")"/etc/fence/*
	done
	all_started alpha beta gamma
	clear
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs
}

out_of_service() {
	local node tag
	for node in alpha beta gamma; do
		for tag in ip1 vol1; do
			on "$node" perform_action -t $tag -a remove
		done
	done
	clear
}

# The agent of beta for alpha: SWITCH is what it does.
agent() {	# SWITCH
	local root
	root=$(lab root beta)
	mkdir -p "$root/etc/fence"
	printf '#!/bin/sh\ngrep -qx action=off || exit 2\n%s\n' "$1" >"$root/tmp/agent"
	chmod 755 "$root/tmp/agent"
	(umask 077 && echo "device power agent=$root/tmp/agent retries=0" >"$root/etc/fence/alpha")
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

@test "a system that was fenced is not waited for" {
	local root
	root=$(lab root beta)
	agent ": >'$root/tmp/power.wanted'; until [ -e '$root/tmp/power.off' ]; do sleep 0.1; done"
	in_service_on alpha
	lab cut alpha
	wait_until 60 test -e "$root/tmp/power.wanted"
	[ -z "$(journal beta)" ]
	lab off alpha
	: >"$root/tmp/power.off"
	wait_until 90 all_isp beta
	logged beta 'system "alpha" is fenced: device "power"'
	grep -q '^incarnation [0-9a-f]\{16\}$' "$root/run/fenced.alpha"
	cp "$root/run/fenced.alpha" "$root/tmp/fenced"
	none_isp gamma
	# after a new start that does not count any more
	lab restore
	lab start alpha
	on alpha lkstart
	wait_until 60 settled
	none_isp alpha
	wait_until 30 test ! -e "$root/run/fenced.alpha"
	on alpha perform_action -t app1 -a restore
	all_isp alpha
	cp "$root/tmp/fenced" "$root/run/fenced.alpha"
	lab cut alpha beta
	wait_until 60 not_alive beta alpha
	run on beta perform_action -t app1 -a restore
	[ "$status" -eq 3 ]
	[[ $output == *'alpha may have it in service'* ]]
	rm "$root/run/fenced.alpha"
	all_isp alpha
	none_isp beta
}

@test "a system that an administrator has confirmed to be off is not waited for" {
	in_service_on alpha
	on beta flg_create -f 'confirmso!alpha'
	lab off alpha
	wait_until 60 test -e "$(lab root beta)/run/confirmso.alpha"
	on beta lk_confirmso -y -s alpha
	wait_until 90 all_isp beta
	on beta flg_remove -f 'confirmso!alpha'
	none_isp gamma
}

@test "a state that is set by hand needs the grant of a majority, too" {
	local before after
	out_of_service
	before=$(on alpha lk_grant -l -f: | awk -F: '$2 == "ip1" { print $3 }')
	on alpha ins_setst -t ip1 -S ISP -R 'by hand'
	states_are alpha ip1=ISP
	after=$(on alpha lk_grant -l -f: | awk -F: '$2 == "ip1" && $5 == "alpha" { print $3 }')
	[ "$after" -gt "${before:-0}" ]
	wait_until 30 owner_is gamma ip1 alpha
	# again, or to a state that is as good
	on alpha ins_setst -t ip1 -S ISU
	on alpha lk_grant -l -f: | grep -q "^alpha:ip1:$after:alpha:alpha\$"
	run on beta ins_setst -t ip1 -S ISP
	[ "$status" -eq 3 ]
	[[ $output == *'alpha: it is in service there'* ]]
	states_are beta ip1=OSU
	run on beta ins_setst -A -t ip1 -S ISP
	[ "$status" -eq 3 ]
	states_are beta ip1=OSU app1=OSU
	on alpha ins_setst -t ip1 -S OSU
	lab cut beta
	wait_until 60 not_alive beta gamma
	wait_until 60 not_alive beta alpha
	run on beta ins_setst -t vol1 -S ISU
	[ "$status" -eq 3 ]
	[[ $output == *'no quorum'* ]]
	states_are beta vol1=OSU
	# what takes something away needs nothing
	on beta ins_setst -t vol1 -S OSU -R 'by hand'
}

@test "an action that sets the state in its restore has the grant already" {
	out_of_service
	lab sh alpha '. "$LKROOT/tmp/act"
		act comm/tip restore
		sed -i "\$i ins_setst -t ip1 -S ISP -R early || exit 9" "$LKROOT/subsys/comm/resources/tip/actions/restore"'
	on alpha perform_action -t ip1 -a restore
	action alpha comm/tip restore
	states_are alpha ip1=ISP
	journal alpha | grep -qx 'restore ip1'
}

@test "INIT_ISP at a start needs the grant of a majority, too" {
	out_of_service
	on gamma ins_setit -t ip1 -I INIT_ISP
	on gamma lkstop
	on gamma lkstart
	wait_until 60 states_are gamma ip1=ISP
	# a majority is enough, but its own is always among them
	on gamma lk_grant -l -f: | grep -q '^alpha:ip1:[0-9]*:gamma:gamma$'
	wait_until 30 owner_is alpha ip1 gamma
	on gamma ins_setit -t ip1 -I AUTORES_ISP
}

past() {	# MILLISECONDS
	[ "$(now_ms)" -ge "$1" ]
}

no_flag() {	# NODE FLAG
	! on "$1" flg_test -f "$2"
}

note() {	# NODE SYSTEM: the flag by which it knows that the system was stopped with what it had in service
	on "$1" flg_list | grep -E "^!held!$2(!|\$)"
}

no_note() {	# NODE SYSTEM
	! note "$1" "$2"
}

@test "what lkstop -f leaves in service nobody takes over, and the next start takes charge of it again" {
	in_service_on alpha
	on alpha lkstop -f
	local end=$(($(now_ms) + 4000))
	note beta alpha
	note gamma alpha
	wait_until 60 not_alive beta alpha
	run on beta perform_action -t app1 -a restore
	[ "$status" -eq 3 ]
	[[ $output == *'alpha may have it in service, and was stopped with that'* ]]
	none_isp beta
	# its lease has ended meanwhile
	wait_until 30 past "$end"
	on alpha lkstart
	wait_until 60 settled
	all_isp alpha
	if journal alpha | grep remove; then return 1; fi
	if logged alpha 'its lease is lost'; then return 1; fi
	wait_until 30 no_note beta alpha
	wait_until 30 no_note gamma alpha
	wait_until 30 no_note alpha alpha
	on beta perform_action -t app1 -a restore
	all_isp beta
	none_isp alpha
}

@test "lkstop -f is refused when others cannot note that resources stay, and nothing has been stopped" {
	in_service_on alpha
	lab cut alpha gamma
	wait_until 60 not_alive alpha gamma
	# beta and alpha are a majority
	mv "$(lab root beta)/bin/flg_create" "$(lab root beta)/bin/flg_create.away"
	printf '#!/bin/sh\necho "$2" >"$LKROOT/tmp/first"\nexit 1\n' >"$(lab root beta)/bin/flg_create"
	chmod 755 "$(lab root beta)/bin/flg_create"
	run on alpha lkstop -f
	mv "$(lab root beta)/bin/flg_create.away" "$(lab root beta)/bin/flg_create"
	[ "$status" -eq 3 ]
	[[ $output == *'only 0 of 2 other systems have noted that they stay so: nothing has been stopped'* ]]
	on alpha lktest >/dev/null
	all_isp alpha
	no_flag beta '!nofailover!alpha'
	on alpha lkstop -f
	note beta alpha
	no_note gamma alpha
	# the removal of an earlier one, should it come now, is none of this one
	[[ $(<"$(lab root beta)/tmp/first") == '!held!alpha!'* ]]
	run on beta flg_remove -f "$(<"$(lab root beta)/tmp/first")"
	[ "$status" -eq 7 ]
	note beta alpha
	on alpha lkstart
	lab restore
	wait_until 60 settled
	wait_until 30 no_note beta alpha
	wait_until 30 no_note alpha alpha
	all_isp alpha
}

@test "one that alpha does not reach is told by the others that the daemons of alpha are back" {
	in_service_on alpha
	on alpha lkstop -f
	note gamma alpha
	lab cut alpha gamma
	on alpha lkstart
	wait_until 60 no_note gamma alpha
	not_alive gamma alpha
	wait_until 30 no_note beta alpha
	wait_until 30 no_note alpha alpha
	lab restore
	wait_until 60 settled
	all_isp alpha
}

@test "while lkstop -f is at work nobody takes its note back, and nothing is brought into service" {
	local node
	out_of_service
	for node in alpha beta gamma; do
		on "$node" flg_create -f '!held!alpha'
	done
	# as it does for itself; a process that lives
	echo '1:0' >"$(lab root alpha)/run/held"
	on alpha lcdmachup -s beta
	for node in alpha beta gamma; do
		on "$node" flg_test -f '!held!alpha'
	done
	run on alpha perform_action -t vol1 -a restore
	[ "$status" -eq 3 ]
	[[ $output == *'being stopped by "lkstop -f": nothing is brought into service'* ]]
	rm "$(lab root alpha)/run/held"
	on alpha lcdmachup -s beta
	for node in alpha beta gamma; do
		no_note "$node" alpha
	done
	on alpha perform_action -t vol1 -a restore
	out_of_service
}

@test "who was stopped with resources in service and was fenced then is not waited for" {
	local root
	root=$(lab root beta)
	in_service_on alpha
	on alpha lkstop -f
	wait_until 60 not_alive beta alpha
	lab off alpha
	agent ": >'$root/tmp/power.off'"
	on beta lk_fence -s alpha
	on beta perform_action -t app1 -a restore
	all_isp beta
}

@test "lkcli cluster check names what differs between the systems" {
	run on alpha lkcli cluster check
	[[ $output != *'should be the same'* && $output != *'is not the same on both'* ]]
	echo 'QUORUM_LOSS_DEADLINE=401' >>"$(lab root beta)/etc/default/LifeKeeper"
	on gamma sys_create -s delta
	mkdir -p "$(lab root alpha)/etc/fence"
	(umask 077 && echo 'device none agent=/bin/true' | tee "$(lab root alpha)/etc/fence/beta" >"$(lab root alpha)/etc/fence/gamma")
	run on alpha lkcli cluster check
	sed -i '$d' "$(lab root beta)/etc/default/LifeKeeper"
	rm -r "$(lab root alpha)/etc/fence"
	on gamma sys_remove -s delta
	[ "$status" -eq 3 ]
	[[ $output == *'beta has QUORUM_LOSS_DEADLINE=401, this system 400: '* ]]
	[[ $output == *'beta has no fence device for alpha.'* && $output == *'gamma has no fence device for beta.'* ]]
	[[ $output == *'gamma knows the systems alpha beta delta gamma and this one alpha beta gamma : a majority is not the same on both.'* ]]
	[[ $output != *'gamma has QUORUM_LOSS'* && $output != *'beta knows the systems'* ]]
}
