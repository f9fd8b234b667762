#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Quorum of two systems by a host outside, which is the switch of the lab.

# shellcheck disable=SC2016  # the nodes expand what stands in single quotes

load lab
load service

export TUNABLES='QUORUM_MODE=tcp_remote
QUORUM_HOSTS=10.1.0.254:7001
QUORUM_TIMEOUT_SECS=3
QUORUM_LOSS_DEADLINE=4
QUORUM_QUARANTINE_SECS=3
QUORUM_LOSS_ACTION=osu
LCMHBEATTIME=0.2
LCMNUMHBEATS=3'

setup_file() {
	lab_or_skip
	service_up 2
	lab__switch_daemon socat TCP-LISTEN:7001,fork,reuseaddr EXEC:true 2>/dev/null &
	wait_until 10 on beta socat -u TCP:10.1.0.254:7001 /dev/null
	cp "$(lab root alpha)/etc/default/LifeKeeper" "$BATS_FILE_TMPDIR/alpha"
	cp "$(lab root beta)/etc/default/LifeKeeper" "$BATS_FILE_TMPDIR/beta"
}

teardown_file() {
	lab down
}

setup() {
	lab restore
	cp "$BATS_FILE_TMPDIR/alpha" "$(lab root alpha)/etc/default/LifeKeeper"
	cp "$BATS_FILE_TMPDIR/beta" "$(lab root beta)/etc/default/LifeKeeper"
	rm -rf "$(lab root beta)/etc/fence"
	all_started alpha beta
	all_removed alpha beta
	clear
	action alpha gen/tapp remove
	timed alpha
	timed beta
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs
}

# Note when ip1 comes and goes there.
timed() {	# NODE
	lab sh "$1" 'rm -f "$LKROOT/tmp/times"
		for a in restore remove; do
			f=$LKROOT/subsys/comm/resources/tip/actions/$a
			grep -q tmp/times "$f" ||
				sed -i "\$i date \"+$a %s%3N\" >>\"\$LKROOT/tmp/times\"" "$f"
		done'
}

time_of() {	# NODE ACTION
	sed -n "s/^$2 //p" "$(lab root "$1")/tmp/times"
}

# The time of a takeover as it is printed there, in milliseconds.
takeover() {	# NODE
	on "$1" lk_quorum -J | jq .takeover_ms
}

takeover_is_long() {	# NODE
	[ "$(takeover "$1")" -gt 400000 ]
}

# As good as for ever.
long_deadline() {	# NODE
	echo QUORUM_LOSS_DEADLINE=400 >>"$(lab root "$1")/etc/default/LifeKeeper"
	wait_until 30 takeover_is_long "$1"
}

is_dead() {	# NODE
	! lab alive "$1"
}

nothing_runs() {	# NODE
	! on "$1" pgrep -x sendevent >/dev/null
}

@test "more than half of the hosts must take a connection, in time" {
	local without second
	# net2 will drop what is sent there
	printf '%s\n' QUORUM_TIMEOUT_SECS=2 \
		"QUORUM_HOSTS=10.1.0.254:7001,10.1.0.254:7002,$(lab addr alpha net2):7003" >>"$(lab root beta)/etc/default/LifeKeeper"
	lab cut beta alpha net2
	run on beta perform_action -t app1 -a restore
	without=$status
	lab__switch_daemon socat TCP-LISTEN:7002,fork,reuseaddr EXEC:true 2>/dev/null 3>&- &
	second=$!
	wait_until 10 on beta socat -u TCP:10.1.0.254:7002 /dev/null
	run on beta perform_action -t app1 -a restore
	kill "$second"
	[ "$without" -eq 3 ]
	[ "$status" -eq 0 ]
	all_isp beta
}

@test "who is cut off from its peer and the hosts has stopped before the peer takes over" {
	local cut bound
	in_service_on alpha
	bound=$(takeover beta)
	# lease, question, deadline and what comes between
	[ "$bound" -eq $(((1000 + 3000 + 4000 + 3000) * 65 / 64 + 100)) ]
	cut=$(now_ms)
	lab cut alpha
	wait_until 90 all_isp beta
	[ "$(time_of alpha remove)" -lt "$(time_of beta restore)" ]
	[ $(($(now_ms) - cut)) -lt $((bound + 30000)) ]
	logged beta 'system "alpha" may run what it had in service for '
	logged alpha 'quorum_verify(COMM_DOWN, beta): '
	none_isp alpha
}

@test "a remove that hangs when the hosts are lost ends with the node" {
	in_service_on alpha
	lab sh alpha 'printf "#!/bin/sh\nexec sleep 1000\n" >"$LKROOT/subsys/gen/resources/tapp/actions/remove"'
	lab cut alpha
	wait_until 90 is_dead alpha
	logged alpha 'resources may be in service: this node is ended (reboot)'
	wait_until 90 all_isp beta
}

@test "a link that is mended before the time of a takeover has passed costs nothing" {
	in_service_on alpha
	long_deadline beta
	lab cut alpha beta
	wait_until 30 logged beta 'system "alpha" may run what it had in service for 4'
	lab restore
	wait_until 60 settled
	wait_until 30 nothing_runs beta
	all_isp alpha
	none_isp beta
	[ -z "$(journal beta)" ]
}

@test "a system that was fenced is not waited for" {
	local root
	root=$(lab root beta)
	in_service_on alpha
	long_deadline beta
	mkdir -p "$root/etc/fence"
	printf '#!/bin/sh\ngrep -qx action=off || exit 2\nuntil [ -e "%s/tmp/power.off" ]; do sleep 0.1; done\n' "$root" \
		>"$root/tmp/agent"
	chmod 755 "$root/tmp/agent"
	(umask 077 && echo "device power agent=$root/tmp/agent retries=0" >"$root/etc/fence/alpha")
	lab off alpha
	: >"$root/tmp/power.off"
	wait_until 90 all_isp beta
}

@test "a survivor that loses the hosts while it waits stops what it runs, and recovers nothing" {
	in_service_on alpha
	on beta ins_create -a gen -r tapp -t own -i ownid
	on beta ins_setit -t own -I INIT_OSU
	on beta perform_action -t own -a restore
	lab cut alpha beta
	wait_until 30 logged beta 'system "alpha" may run what it had in service for '
	lab cut beta
	wait_until 90 logged beta 'this system has no quorum: nothing is recovered'
	wait_until 30 states_are beta own=OSU
	[ -z "$(time_of beta restore)" ]
	lab restore
	all_started alpha beta
	on beta ins_remove -t own
	all_isp alpha
}

# The deadline that is published there.
published() {	# NODE
	awk 'NR == 1 { print $4 }' "$(lab root "$1")/run/lease"
}

has_no_deadline() {	# NODE
	[ "$(published "$1")" = 09223372036854775807 ]
}

has_deadline() {	# NODE
	! has_no_deadline "$1"
}

# The supervisor has started another one.
has_new_lcm() {	# NODE OLD-PID
	local pid
	pid=$(lcm_pid "$1") && [ "$pid" != "$2" ]
}

@test "lcm that is killed while quorum is lost takes the deadline from nothing, and finishes what was begun" {
	local old deadline
	in_service_on alpha
	long_deadline alpha
	echo QUORUM_QUARANTINE_SECS=600 >>"$(lab root alpha)/etc/default/LifeKeeper"
	lab sh alpha 'echo waits >"$LKROOT/tmp/waits"
		printf "#!/bin/sh\nwhile [ -e \"%s/tmp/waits\" ]; do sleep 0.1; done\n" "$LKROOT" \
			>"$LKROOT/subsys/gen/resources/tapp/actions/remove"'
	lab cut alpha
	wait_until 60 logged alpha 'quorum is lost and resources are in service: osu'
	wait_until 30 has_deadline alpha
	deadline=$(published alpha)
	old=$(lcm_pid alpha)
	on alpha pkill -KILL -x lk_quorumloss
	on alpha pkill -KILL -o -x lcm
	wait_until 60 logged alpha 'what that has begun is finished, and its deadline stays'
	has_new_lcm alpha "$old"
	[ "$(published alpha)" = "$deadline" ]
	# once more, while another lk_quorumloss is at work
	old=$(lcm_pid alpha)
	on alpha pkill -KILL -o -x lcm
	wait_until 60 has_new_lcm alpha "$old"
	on alpha rm "$(lab root alpha)/tmp/waits"
	wait_until 90 has_no_deadline alpha
	none_isp alpha
	wait_until 30 logged alpha 'quarantine after a loss of quorum'
	on alpha lkstop
}
