#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# lkwatchdog: the end of a node that may not run resources any more.
#
# usage: lkwatchdog [-f | -n]

# shellcheck disable=SC2016,SC2030,SC2031	# the texts for the pen are quoted, and what a test sets is its own
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
	renewer=
}

teardown() {
	[ -z "$dog" ] || kill -KILL "$dog" 2>/dev/null || :
	renew_no_more
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

# A driver in place of that of the kernel: see tests/daemon/fakedog.c.
driver() {	# LEAST MOST STEP NOWAYOUT
	ln -sfn "$LK_BUILD/tests/daemon/fakedog" "$LKROOT/sbin/lkwatchdog"
	echo "$*" >"$LKROOT/tmp/driver"
	: >"$LKROOT/tmp/asked"
}

asked() {	# SECONDS BECOMES: last
	[[ $(tail -n 1 "$LKROOT/tmp/asked") == "$1 $2 "* ]]
}

# As lcm does: a lease of so many milliseconds again and again, on the terms of tmp/stop; no deadline goes back.
renew() {	# MS STOP-MS
	echo "$2" >"$LKROOT/tmp/stop"
	touch "$LKROOT/tmp/renewing"
	while [ -e "$LKROOT/tmp/renewing" ]; do
		renew_once "$1" "$(cat "$LKROOT/tmp/stop")"
		sleep 0.2
	done </dev/null >/dev/null 2>&1 3>&- &
	renewer=$!
}

renew_once() {	# MS STOP-MS
	local new=$(($1 + $2)) old=0
	[ ! -e "$LKROOT/run/lease" ] || old=$(deadline)
	[ "$old" != never ] && [ "$old" -gt "$new" ] && new=$old
	lease "$1" "$new"
}

renew_no_more() {
	rm -f "$LKROOT/tmp/renewing"
	[ -z "${renewer:-}" ] || wait "$renewer" || :
	renewer=
}

deadline_within() {	# MS
	[ "$(deadline)" != never ] && [ "$(deadline)" -le "$1" ]
}

# Both see the change: lcm at once, or so late.
terms() {	# SECONDS LINE...
	local seconds=$1
	shift
	settings "WATCHDOG_DEVICE=$dev" "QUORUM_LOSS_DEADLINE=$seconds" "$@"
	echo $((seconds * 1000)) >"$LKROOT/tmp/stop"
}

meals() {
	tr -cd . <"$dev" | wc -c
}

# What the kernel tells of the device before it is opened.
sysfs() {	# NAME VALUE...
	mkdir -p "$LKROOT/tmp/sys"
	while [ $# -gt 1 ]; do
		echo "$2" >"$LKROOT/tmp/sys/$1"
		shift 2
	done
}

opened() {	# so often
	[ "$(wc -l <"$LKROOT/tmp/asked")" -eq "$1" ]
}

protected() {	# TEXT: what lk_quorum tells
	grep -q QUORUM_MODE "$LKROOT/etc/default/LifeKeeper" || echo QUORUM_MODE=majority >>"$LKROOT/etc/default/LifeKeeper"
	run lk_quorum
	grep -qxF -- "watchdog: $1" <<<"$output"
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

# ---- the terms and the timeout ----

@test "a node that keeps its lease is fed on shorter terms, too" {
	driver 1 600 1 0
	with_device WATCHDOG_TIMEOUT=6 QUORUM_LOSS_DEADLINE=8
	in_service
	renew 3000 8000
	start
	wait_until 10 fed 2
	asked 6 6
	terms 2 WATCHDOG_TIMEOUT=6
	wait_until 10 asked 2 2
	# the old deadline has passed out of sight
	wait_until 20 deadline_within 5000
	local before
	before=$(meals)
	wait_until 10 fed $((before + 3))
	run ! logged 'hold its watchdog back'
	run ! logged 'the right to run resources has ended'
	logged "the timeout of watchdog \"$dev\" is now 2 s"
}

@test "the terms of the lease count where they are shorter than the tunable" {
	driver 1 600 1 0
	with_device WATCHDOG_TIMEOUT=6 QUORUM_LOSS_DEADLINE=8
	in_service
	renew 3000 8000
	start
	wait_until 10 fed 2
	echo 2000 >"$LKROOT/tmp/stop"
	wait_until 20 deadline_within 5000
	wait_until 10 asked 2 2
	local before
	before=$(meals)
	wait_until 10 fed $((before + 3))
	run ! logged 'the right to run resources has ended'
}

@test "the timeout follows longer terms, but with a deadline not beyond what the device had" {
	driver 1 600 1 0
	with_device WATCHDOG_TIMEOUT=6 QUORUM_LOSS_DEADLINE=4
	in_service
	renew 3000 4000
	start
	wait_until 10 asked 4 4
	terms 2 WATCHDOG_TIMEOUT=6
	wait_until 10 asked 2 2
	terms 9 WATCHDOG_TIMEOUT=6
	wait_until 10 asked 4 4
	renew_no_more
	ins_setst -t app1 -S OSU -R ''
	ins_setst -t ip1 -S OSU -R ''
	ins_setst -t vol1 -S OSU -R ''
	lease -100 never
	wait_until 10 asked 6 6
	stop
	disarmed
}

@test "no timeout that the device is asked for goes beyond the deadline" {
	driver 1 600 5 0
	with_device WATCHDOG_TIMEOUT=5 QUORUM_LOSS_DEADLINE=6
	in_service
	lease 60000 65500
	start
	wait_until 10 fed 2
	lease 3000 6000
	local end
	end=$(awk 'NR == 1 { printf "%d", $4 / 1000000 }' "$LKROOT/run/lease")
	wait_until 20 logged 'the deadline has come'
	awk -v end="$end" '$3 + 1000 * $2 > end { exit 1 }' "$LKROOT/tmp/asked"
}

@test "a device whose timeout is too long for the terms is refused with 1, and disarmed" {
	driver 60 60 1 0
	with_device
	expect 1 lkwatchdog
	says 'its timeout, 60 s, is longer than QUORUM_LOSS_DEADLINE, 15 s'
	says 'set QUORUM_LOSS_DEADLINE to 60 or more'
	disarmed
	[ "$(meals)" -eq 0 ]
	with_device QUORUM_LOSS_DEADLINE=60
	start
	wait_until 10 fed 2
	stop
	disarmed
}

@test "a refused device that cannot be disarmed is warned of" {
	driver 60 60 1 1
	with_device
	expect 1 lkwatchdog
	logged 'cannot be disarmed (nowayout): the machine is reset 60 s after'
}

@test "a refused device that cannot be disarmed is not opened again, until something has changed" {
	driver 60 60 1 1
	with_device
	expect 1 lkwatchdog
	says 'set QUORUM_LOSS_DEADLINE to 60 or more'
	opened 1
	# as after the reset, and once more
	expect 1 lkwatchdog
	says 'would reset the machine again and again'
	says 'its timeout, 60 s, is longer than QUORUM_LOSS_DEADLINE, 15 s'
	expect 1 lkwatchdog
	expect 1 lkwatchdog -n
	says 'would reset the machine again and again'
	opened 1
	[ ! -s "$dev" ] || disarmed
	# other terms that are too short, too
	with_device QUORUM_LOSS_DEADLINE=59
	expect 1 lkwatchdog
	opened 1
	with_device QUORUM_LOSS_DEADLINE=60
	start
	wait_until 10 fed 2
	opened 2
	stop
	# accepted, and so forgotten
	with_device
	expect 1 lkwatchdog
	says 'and it takes no shorter one: set'
	opened 3
}

@test "a refusal is forgotten when the device can be disarmed, has another driver or timeout, or the memory was removed" {
	driver 60 60 1 1
	with_device
	sysfs nowayout 1 identity fakedog
	expect 1 lkwatchdog
	expect 1 lkwatchdog
	opened 1
	sysfs identity otherdog
	expect 1 lkwatchdog
	opened 2
	with_device WATCHDOG_TIMEOUT=12
	sysfs identity fakedog
	expect 1 lkwatchdog
	opened 3
	expect 1 lkwatchdog
	opened 3
	rm "$LKROOT/config/watchdog.refused"
	expect 1 lkwatchdog
	opened 4
	sysfs nowayout 0
	expect 1 lkwatchdog
	opened 5
}

@test "a device that can be disarmed is refused each time anew" {
	driver 60 60 1 0
	with_device
	expect 1 lkwatchdog
	expect 1 lkwatchdog
	opened 2
}

@test "a device that cannot be disarmed is not opened without room to remember its refusal" {
	driver 60 60 1 1
	with_device
	sysfs nowayout 1
	mkdir "$LKROOT/config/watchdog.refused"
	expect 1 lkwatchdog
	says 'no refusal could be kept'
	opened 0
	rmdir "$LKROOT/config/watchdog.refused"
	expect 1 lkwatchdog
	opened 1
}

@test "a memory that is damaged, because the machine was reset meanwhile, counts for nothing" {
	driver 60 60 1 1
	with_device
	expect 1 lkwatchdog
	truncate -s 100 "$LKROOT/config/watchdog.refused"
	expect 1 lkwatchdog
	says 'and it takes no shorter one: set'
	opened 2
	expect 1 lkwatchdog
	opened 2
}

@test "a device of which the kernel tells that its timeout is too long is not even opened" {
	driver 60 60 1 1
	with_device
	sysfs timeout 60 options 0x8100 nowayout 1
	expect 1 lkwatchdog
	says 'its timeout, 60 s, is longer than QUORUM_LOSS_DEADLINE, 15 s'
	says 'it was not opened'
	expect 1 lkwatchdog -n
	says 'it was not opened'
	opened 0
	[ ! -e "$LKROOT/config/watchdog.refused" ]
	protected "none protects this system: watchdog device \"$dev\": its timeout, 60 s, is longer than QUORUM_LOSS_DEADLINE, 15 s, and it takes no shorter one: it was not opened; set QUORUM_LOSS_DEADLINE to 60 or more (600 at most)"
	# one that takes shorter ones, but none so short
	sysfs options 0x8180 min_timeout 16
	with_device QUORUM_LOSS_DEADLINE=15.5
	expect 1 lkwatchdog
	says 'its timeout, 16 s, is longer than QUORUM_LOSS_DEADLINE, 15.5 s'
	opened 0
}

@test "lk_quorum knows of a device that is used, was refused, and of an lkwatchdog that has ended" {
	driver 1 600 1 0
	with_device WATCHDOG_TIMEOUT=3
	start
	wait_until 10 protected "$dev, 3 s"
	stop
	protected 'none protects this system: lkwatchdog does not run'
	start
	wait_until 10 protected "$dev, 3 s"
	kill -KILL "$dog"
	wait "$dog" || :
	dog=
	protected 'none protects this system: lkwatchdog does not run'
	driver 60 60 1 0
	expect 1 lkwatchdog
	protected "none protects this system: watchdog device \"$dev\": its timeout, 60 s, is longer than QUORUM_LOSS_DEADLINE, 15 s, and it takes no shorter one: set QUORUM_LOSS_DEADLINE to 60 or more (600 at most)"
	echo "WATCHDOG_DEVICE=$dev.other" >>"$LKROOT/etc/default/LifeKeeper"
	protected 'none protects this system: WATCHDOG_DEVICE was changed after lkwatchdog had started'
}

@test "lk_quorum knows of a device that is no watchdog, and of terms that hold one back" {
	with_device
	start
	wait_until 10 protected "none protects this system: \"$dev\" is no watchdog device (Inappropriate ioctl for device): it ends nothing"
	stop
	driver 8 8 1 0
	with_device QUORUM_LOSS_DEADLINE=8 QUORUM_MODE=majority
	start
	wait_until 10 protected "$dev, 8 s"
	settings "WATCHDOG_DEVICE=$dev" QUORUM_LOSS_DEADLINE=4 QUORUM_MODE=majority
	wait_until 10 protected "none protects this system: the timeout of watchdog \"$dev\", 8 s, is longer than QUORUM_LOSS_DEADLINE, 4 s, and the device takes no shorter one: it may reset this node, which has the right to run resources; set QUORUM_LOSS_DEADLINE to 8 or more at once"
	stop
}

@test "a status that cannot be written does not keep the device from being fed" {
	driver 1 600 1 0
	with_device WATCHDOG_TIMEOUT=3
	mkdir "$LKROOT/run/lkwatchdog.status"
	start
	wait_until 10 fed 2
	wait_until 10 logged 'what is known of the watchdog could not be written'
	stop
	disarmed
}

# One that was accepted, and was killed near the deadline: to open the device would feed it. Its own timeout counts, not
# that which it will be asked for.
killed_near_deadline() {
	driver 6 6 1 0
	with_device WATCHDOG_TIMEOUT=1 QUORUM_LOSS_DEADLINE=6
	in_service
	lease 60000 66000
	start
	wait_until 10 fed 2
	kill -KILL "$dog"
	wait "$dog" || :
	lease -100 4000
	: >"$LKROOT/tmp/asked"
	before=$(meals)
}

not_fed_again() {
	wait_until 20 logged 'the deadline has come'
	opened 0
	[ "$(meals)" -eq "$before" ]
	run ! disarmed
}

@test "a restart near the deadline does not feed a device that would then outlast it" {
	local before
	killed_near_deadline
	start
	not_fed_again
}

@test "a restart near the deadline knows the timeout from the kernel if that tells it" {
	local before
	killed_near_deadline
	rm "$LKROOT/run/lkwatchdog.status"
	sysfs timeout 6 state active
	start
	not_fed_again
}

@test "a restart after the end of the lease does not open a device of which nothing is known" {
	local before
	killed_near_deadline
	rm "$LKROOT/run/lkwatchdog.status"
	start
	not_fed_again
}

@test "a restart with a deadline and a device that cannot be opened goes on, and ends the node in time" {
	driver 1 600 1 0
	with_device WATCHDOG_TIMEOUT=1
	rm "$dev"
	in_service
	lease 60000 64000
	start
	wait_until 10 logged 'No such file or directory'
	lease -100 3000
	wait_until 20 logged 'the deadline has come'
	kill -0 "$dog"
}

@test "a device that rounds its timeout up is accepted if that is not too long" {
	driver 8 600 8 0
	with_device WATCHDOG_TIMEOUT=10 QUORUM_LOSS_DEADLINE=15
	expect 1 lkwatchdog
	says 'its timeout, 16 s, is longer'
	with_device WATCHDOG_TIMEOUT=10 QUORUM_LOSS_DEADLINE=16
	start
	wait_until 10 logged 'is armed, timeout 16 s'
	stop
	disarmed
}

@test "terms too short for the device hold it back, and the log does not take that for a lost right" {
	driver 8 8 1 0
	with_device QUORUM_LOSS_DEADLINE=8
	in_service
	renew 3000 8000
	start
	wait_until 10 fed 2
	terms 1
	wait_until 10 logged 'and the device takes no shorter one'
	logged 'set QUORUM_LOSS_DEADLINE to 8 or more at once'
	wait_until 20 logged 'the terms hold its watchdog back: a timeout of 8 s'
	run ! logged 'the right to run resources has ended'
	local before
	before=$(meals)
	terms 8
	wait_until 10 fed $((before + 2))
	renew_no_more
	wait_until 20 logged 'the right to run resources has ended: this node is ended in'
}

@test "a device with a deadline stays armed, however long its timeout is" {
	driver 8 8 1 0
	with_device QUORUM_LOSS_DEADLINE=4
	in_service
	lease 60000 64000
	start
	wait_until 10 fed 1
	wait_until 10 logged 'and the device takes no shorter one'
	kill -0 "$dog"
	run ! disarmed
}

@test "a device that fails later leaves the node to lkwatchdog itself, and is opened again" {
	with_device WATCHDOG_TIMEOUT=1
	rm "$dev"
	mkfifo "$dev"
	exec 5<>"$dev"
	start
	wait_until 10 logged 'is no watchdog device'
	exec 5<&-
	wait_until 10 logged "watchdog device \"$dev\":"
	kill -0 "$dog"
	rm "$dev"
	: >"$dev"
	wait_until 10 fed 2
	rm "$dev"
	mkfifo "$dev"
	in_service
	lease -100 3000
	wait_until 20 logged 'the deadline has come'
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

@test "a device whose timeout is too long keeps everything else from starting" {
	driver 60 60 1 0
	with_device
	supervised
	expect 1 lkstart -w 2
	says 'set QUORUM_LOSS_DEADLINE to 60 or more'
	[ "$(starts_of one)" -eq 0 ]
	expect 0 lkstop
	disarmed
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
