#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# lkwatchdog: the end of a node that may not run resources any more.
#
# usage: lkwatchdog [-f | -n]

# shellcheck disable=SC2016	# the texts for the pen are quoted
load ../helpers/tree
load ../helpers/daemons
load ../helpers/pen

setup() {
	f1
	export LKROOT
	mkdir -p "$LKROOT/sbin"
	ln -s "$LK_BIN/../sbin/lkwatchdog/lkwatchdog" "$LKROOT/sbin/lkwatchdog"
	PATH=$LKROOT/sbin:$PATH
	dev=$LKROOT/tmp/watchdog
	dog=
}

teardown() {
	[ -z "$dog" ] || kill -KILL "$dog" 2>/dev/null || :
	end_daemons
}

settings() {	# LINE...
	printf '%s\n' "$@" >"$LKROOT/etc/default/LifeKeeper"
}

# A file in place of a device: it keeps what it is fed.
with_device() {	# LINE...
	settings "WATCHDOG_DEVICE=$dev" "$@"
	: >"$dev"
}

start() {
	lkwatchdog 3>&- >>"$LKROOT/tmp/output" 2>&1 &
	dog=$!
}

stop() {	# its exit code
	local code=0
	kill "$dog"
	wait "$dog" || code=$?
	dog=
	return "$code"
}

meals() {
	tr -cd . <"$dev" | wc -c
}

never() {
	[ "$(deadline)" = never ]
}

fed() {	# at least so often
	[ "$(meals)" -ge "$1" ]
}

disarmed() {
	[ "$(tail -c 1 "$dev")" = V ]
}

@test "-n accepts no device, and one that is there" {
	expect 0 lkwatchdog -n
	lines_are
	settings WATCHDOG_DEVICE=none
	expect 0 lkwatchdog -n
	with_device
	expect 0 lkwatchdog -n
	[ ! -s "$dev" ]
}

@test "-n rejects a device that is not there with 1" {
	settings "WATCHDOG_DEVICE=$dev"
	expect 1 lkwatchdog -n
	says "watchdog device \"$dev\": No such file or directory"
	settings WATCHDOG_DEVICE=watchdog
	expect 1 lkwatchdog -n
	says 'the path must begin with a slash, or be none'
}

@test "-n rejects settings that make no sense with 5" {
	settings WATCHDOG_TIMEOUT=0
	expect 5 lkwatchdog -n
	says WATCHDOG_TIMEOUT
	settings QUORUM_LOSS_DEADLINE=0.5
	expect 5 lkwatchdog -n
	says QUORUM_LOSS_DEADLINE
	settings QUORUM_LOSS_ACTION=panic
	expect 5 lkwatchdog -n
	says 'osu, fastboot, fastkill'
}

@test "options that make no sense give 2" {
	expect 2 lkwatchdog -x
	expect 2 lkwatchdog now
}

@test "without a device it says so, and ends with 0" {
	start
	wait_until 10 logged 'there is no watchdog device'
	stop
	logged 'lkwatchdog ends in order'
}

@test "a device that is not there ends it with 1" {
	settings "WATCHDOG_DEVICE=$dev"
	expect 1 lkwatchdog
	says 'No such file or directory'
}

@test "without a lease the device is fed, and disarmed in the end" {
	with_device WATCHDOG_TIMEOUT=1
	start
	wait_until 10 fed 3
	run ! disarmed
	stop
	disarmed
	logged 'is no watchdog device'
	logged "watchdog \"$dev\" is disarmed"
}

@test "with a fresh lease the device is fed, and one that ends is not fed any more" {
	with_device WATCHDOG_TIMEOUT=4
	in_service
	lease 60000 60000
	start
	wait_until 10 fed 2
	lease -100 4000
	wait_until 20 logged 'the right to run resources has ended: this node is ended in'
	local before
	before=$(meals)
	wait_until 20 logged 'the deadline has come'
	[ "$(meals)" -eq "$before" ]
	wait_until 10 logged 'this node cannot be ended (reboot): LK_KEEP_NODE is set'
	run ! disarmed
}

@test "the deadline of a lease that was removed or damaged stays in force" {
	with_device WATCHDOG_TIMEOUT=4
	in_service
	lease 60000 60000
	start
	wait_until 10 fed 1
	lease -100 4000
	# it has to be seen first
	wait_until 20 logged 'this node is ended in'
	rm "$LKROOT/run/lease"
	echo nonsense >"$LKROOT/run/lease"
	wait_until 20 logged 'the deadline has come'
	logged 'the lease cannot be read: run/lease:1:'
}

@test "a lease that is renewed lets the node go on" {
	in_service
	lease -100 4000
	with_device WATCHDOG_TIMEOUT=9
	start
	wait_until 20 logged 'this node is ended in'
	[ "$(meals)" -eq 0 ]
	lease 60000 60000
	wait_until 10 fed 1
	stop
	disarmed
	run ! logged 'the deadline has come'
}

@test "with nothing in service the deadline goes and the node stays" {
	with_device WATCHDOG_TIMEOUT=9
	lease -5000 -1000
	start
	wait_until 10 never
	wait_until 10 fed 1
	lease -5000 9000
	wait_until 10 never
	stop
	run ! logged 'the deadline has come'
}

@test "what could not be removed counts as in service" {
	ins_setst -t app1 -S ISP
	stub_action gen/app remove 1
	expect 1 perform_action -t app1 -a remove
	expect 0 ins_list -t app1
	[[ $output == *OSF* ]]
	lease -5000 -1000
	start
	wait_until 10 logged 'the deadline has come'
	run ! never
}

@test "while the lease lasts nothing is taken for out of service" {
	lease 60000 1500
	with_device WATCHDOG_TIMEOUT=5
	start
	wait_until 10 logged 'the deadline has come'
}

@test "the end of the node is a reboot" {
	can_pen
	in_service
	expect 129 pen 'lease -100 700; lkwatchdog & wait'
	logged 'this node is ended (reboot)'
	settings QUORUM_LOSS_ACTION=fastboot
	expect 129 pen 'lease -100 700; lkwatchdog & wait'
}

@test "the end of the node is a power off with fastkill" {
	can_pen
	in_service
	settings QUORUM_LOSS_ACTION=fastkill
	expect 130 pen 'lease -100 700; lkwatchdog & wait'
	logged 'this node is ended (power off)'
}

@test "a hung process of the node goes with it" {
	can_pen
	in_service
	expect 129 pen 'trap "" TERM INT HUP; lease -100 1500; (while :; do echo alive; sleep 0.05; done) >"$LKROOT/tmp/life" &
		lkwatchdog & wait'
	local size
	size=$(stat -c %s "$LKROOT/tmp/life")
	[ "$size" -gt 0 ]
	[ "$(stat -c %s "$LKROOT/tmp/life")" -eq "$size" ]
}

@test "killed, it leaves the device armed, and the next one goes on" {
	with_device WATCHDOG_TIMEOUT=1
	start
	wait_until 10 fed 2
	kill -KILL "$dog"
	wait "$dog" || :
	run ! grep -q V "$dev"
	local before
	before=$(meals)
	start
	wait_until 10 fed $((before + 2))
	stop
	disarmed
}

@test "a stop after the end of the lease waits until nothing is in service" {
	with_device WATCHDOG_TIMEOUT=1
	in_service
	lease -100 60000
	settings "WATCHDOG_DEVICE=$dev" WATCHDOG_TIMEOUT=600 QUORUM_LOSS_DEADLINE=600
	start
	wait_until 10 logged 'this node is ended in'
	kill "$dog"
	wait_until 10 logged 'lkwatchdog does not end before they do'
	kill -0 "$dog"
	local tag
	for tag in app1 ip1 vol1; do
		ins_setst -t "$tag" -S OSU -R ''
	done
	wait_until 10 disarmed
	wait "$dog"
	dog=
	never
}

@test "a stop with a fresh lease disarms, and says what stays in service" {
	with_device
	in_service
	lease 60000 60000
	start
	wait_until 10 fed 1
	stop
	disarmed
	never
	logged 'resources stay in service and nothing ends them any more'
}

# ---- under the supervisor ----

supervised() {
	with_daemons 'lkwatchdog:respawn:sbin/lkwatchdog' 'one:respawn:sbin/testd|one ready'
}

@test "lkinit starts it first, restarts it in time, and stops it in order" {
	with_device WATCHDOG_TIMEOUT=1
	supervised
	expect 0 lkstart
	wait_until 10 fed 1
	local pid before
	pid=$(pid_of lkwatchdog)
	kill -KILL "$pid"
	wait_until 10 restarted lkwatchdog "$pid"
	before=$(meals)
	wait_until 10 fed $((before + 1))
	run ! grep -q V "$dev"
	expect 0 lkstop
	disarmed
	logged 'lkwatchdog ends in order'
}

@test "a device that cannot be opened keeps everything else from starting" {
	settings "WATCHDOG_DEVICE=$dev"
	supervised
	expect 1 lkstart -w 2
	says 'No such file or directory'
	[ "$(starts_of one)" -eq 0 ]
	expect 0 lkstop
}

@test "the death of its supervisor does not disarm it, and the next supervisor takes over" {
	with_device WATCHDOG_TIMEOUT=1
	supervised
	expect 0 lkstart
	wait_until 10 fed 1
	local pid before
	pid=$(pid_of lkwatchdog)
	dog=$pid
	kill -KILL "$(lkinit_pid)"
	wait_until 10 logged 'has ended: lkwatchdog goes on'
	before=$(meals)
	wait_until 10 fed $((before + 1))
	kill -0 "$pid"
	expect 0 lkstart
	wait_until 10 restarted lkwatchdog "$pid"
	wait_until 10 ended "$pid"
	run ! grep -q V "$dev"
	logged 'its device stays armed'
	expect 0 lkstop
	disarmed
}

@test "a TERM from anybody else does not disarm it" {
	with_device WATCHDOG_TIMEOUT=1
	supervised
	expect 0 lkstart
	wait_until 10 fed 1
	local pid
	pid=$(pid_of lkwatchdog)
	kill -TERM "$pid"
	wait_until 10 restarted lkwatchdog "$pid"
	run ! grep -q V "$dev"
	expect 0 lkstop
	disarmed
}
