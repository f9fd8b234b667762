#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# lk_quorumloss: what a system does that has lost quorum.
#
# usage: lk_quorumloss [-q]

# shellcheck disable=SC2016	# the texts for the pen are quoted
load ../helpers/tree
load ../helpers/daemons
load ../helpers/pen

setup() {
	f1
	with_daemons 'one:respawn:sbin/testd|one ready' 'two:respawn:sbin/testd|two ready'
}

teardown() {
	end_daemons
}

settings() {	# LINE...
	printf '%s\n' "$@" >"$LKROOT/etc/default/LifeKeeper"
}

all_out() {
	run ins_list -f ' '
	[ "$status" -eq 0 ] && ! grep -qwE 'ISP|ISU' <<<"$output"
}

quarantined() {
	state_is lkinit quarantine && state_is one down && state_is two down
}

up() {
	state_is lkinit up
}

start_id() {	# of the last start of a daemon
	tail -n 1 "$LKROOT/tmp/$1.starts" | cut -d ' ' -f 3
}

@test "options that make no sense give 2" {
	expect 2 lk_quorumloss -x
	expect 2 lk_quorumloss now
}

@test "with nothing in service it does nothing" {
	lease -100 60000
	expect 0 lkstart
	expect 0 lk_quorumloss
	[ ! -s "$J" ]
	up
	[ "$(deadline)" = never ]
	expect 7 lk_quorumloss -q
	logged 'nothing is in service here, so there is nothing to do'
	expect 0 lkstop
}

@test "everything is taken out of service, what depends on others first" {
	in_service
	settings QUORUM_QUARANTINE_SECS=0
	expect 0 lk_quorumloss
	[ "$(grep -c ' remove ' "$J")" -eq 3 ]
	[[ $(head -n 1 "$J") == 'alpha remove -t app1 '* ]]
	all_out
	[ "$(deadline)" = never ]
	logged 'quorum is lost and resources are in service: osu'
	logged 'everything has been taken out of service'
}

@test "a deadline that was set stays while it works, and where there is none it sets one" {
	in_service
	settings QUORUM_QUARANTINE_SECS=0 QUORUM_LOSS_DEADLINE=600
	printf '#!/bin/sh\ncp "$LKROOT/run/lease" "$LKROOT/tmp/lease"\n' >"$LKROOT/subsys/gen/resources/app/actions/remove"
	expect 0 lk_quorumloss
	cp "$LKROOT/tmp/lease" "$LKROOT/run/lease"
	[ "$(deadline)" -gt 400000 ] && [ "$(deadline)" -le 600000 ]
	in_service
	lease -100 100000
	cp "$LKROOT/run/lease" "$LKROOT/tmp/before"
	expect 0 lk_quorumloss
	cmp "$LKROOT/tmp/lease" "$LKROOT/tmp/before"
}

@test "what cannot be taken out of service gives 1 and leaves the deadline" {
	in_service
	stub_action comm/ip remove 1
	lease -100 60000
	expect 0 lkstart
	expect 1 lk_quorumloss
	says 'not everything could be taken out of service'
	[ "$(deadline)" != never ]
	up
	expect 7 lk_quorumloss -q
	# nor does a second time count it as stopped
	expect 1 lk_quorumloss
	[ "$(deadline)" != never ]
	expect 0 lkstop -f
}

@test "killed, it leaves the deadline" {
	in_service
	printf '#!/bin/sh\necho $$ >"$LKROOT/tmp/hangs"\nexec sleep 1000\n' >"$LKROOT/subsys/gen/resources/app/actions/remove"
	lease -100 60000
	lk_quorumloss 3>&- >/dev/null 2>&1 &
	local pid=$!
	wait_until 20 test -s "$LKROOT/tmp/hangs"
	expect 4 lk_quorumloss
	says 'another lk_quorumloss is at work'
	kill -KILL "$pid"
	wait "$pid" || :
	kill -KILL "$(cat "$LKROOT/tmp/hangs")"
	[ "$(deadline)" != never ]
}

@test "a setting that makes no sense counts as osu, with a warning" {
	in_service
	settings QUORUM_LOSS_ACTION=panic QUORUM_QUARANTINE_SECS=0
	expect 0 lk_quorumloss
	says 'QUORUM_LOSS_ACTION'
	all_out
}

@test "fastboot reboots and fastkill powers off, without any script" {
	can_pen
	in_service
	settings QUORUM_LOSS_ACTION=fastboot
	expect 129 pen 'lk_quorumloss; exit 0'
	settings QUORUM_LOSS_ACTION=fastkill
	expect 130 pen 'lk_quorumloss; exit 0'
	[ ! -s "$J" ]
}

@test "a machine that cannot be ended gives 1" {
	in_service
	settings QUORUM_LOSS_ACTION=fastboot
	expect 1 lk_quorumloss
	says 'this node cannot be ended (reboot): LK_KEEP_NODE is set'
}

@test "the quarantine stops all daemons, and then starts them as after a start" {
	in_service
	settings QUORUM_QUARANTINE_SECS=3
	expect 0 lkstart
	local id
	id=$(start_id one)
	expect 0 lk_quorumloss
	wait_until 10 quarantined
	wait_until 30 up
	[ "$(start_id one)" != "$id" ]
	[ "$(tail -n 1 "$LKROOT/tmp/one.starts" | cut -d ' ' -f 2)" = 0 ]
	[ "$(starts_of two)" -eq 2 ]
	expect 7 lk_quorumloss -q
	expect 7 lk_quorumloss -q
	says 'not in quarantine'
	logged 'the quarantine is over'
	expect 0 lkstop
}

@test "in quarantine lkstart refuses with 1 and says how long" {
	in_service
	settings QUORUM_QUARANTINE_SECS=600
	expect 0 lkstart
	expect 0 lk_quorumloss
	wait_until 10 quarantined
	expect 1 lkstart
	says 'this system is in quarantine after a loss of quorum, for '
	expect 0 lk_quorumloss -q
	[ "$output" -gt 300 ] && [ "$output" -le 600 ]
	expect 0 lkcli status
	[[ $output == *'in quarantine after a loss of quorum, for '* ]]
	expect 0 lcdstatus
	[[ ${lines[0]} == 'This system is in quarantine after a loss of quorum, for '*' s more.' ]]
	[ "$(starts_of one)" -eq 1 ]
}

@test "lkstop ends the quarantine" {
	in_service
	settings QUORUM_QUARANTINE_SECS=600
	expect 0 lkstart
	expect 0 lk_quorumloss
	wait_until 10 quarantined
	expect 0 lkstop
	stopped
	expect 7 lk_quorumloss -q
	expect 0 lkstart
	up
	expect 0 lkstop
}

@test "the death of lkinit does not end the quarantine" {
	in_service
	settings QUORUM_QUARANTINE_SECS=600
	expect 0 lkstart
	expect 0 lk_quorumloss
	wait_until 10 quarantined
	kill -KILL "$(lkinit_pid)"
	wait_until 10 stopped
	expect 1 lkstart
	says 'in quarantine'
	quarantined
	[ "$(starts_of one)" -eq 1 ]
	expect 0 lkstop
}

@test "a quarantine of another boot, or one that is damaged, does not count" {
	local until=99999999999999999
	echo "quarantine 1 $until 00000000-0000-0000-0000-000000000000 1" >"$LKROOT/run/quarantine"
	expect 7 lk_quorumloss -q
	expect 0 lkstart
	up
	expect 0 lkstop
	echo 'quarantine' >"$LKROOT/run/quarantine"
	expect 3 lk_quorumloss -q
	says 'run/quarantine:1:'
	expect 0 lkstart
	up
	expect 0 lkstop
}

# What ran has been taken out of service, but by one that was killed before it could begin the quarantine.
# vol1 is the last one that it begins to remove.
killed_half_way() {
	local pid
	printf '#!/bin/sh\necho $$ >"$LKROOT/tmp/waits"\nwhile [ -e "$LKROOT/tmp/waits" ]; do sleep 0.05; done\n' \
		>"$LKROOT/subsys/filesys/resources/volume/actions/remove"
	lk_quorumloss 3>&- >/dev/null 2>&1 &
	pid=$!
	wait_until 20 test -s "$LKROOT/tmp/waits"
	kill -KILL "$pid"
	wait "$pid" || :
	rm "$LKROOT/tmp/waits"
	wait_until 20 all_out
	stub_action filesys/volume remove
}

@test "killed when all is out of service, the next one knows that there is to be a quarantine" {
	in_service
	settings QUORUM_QUARANTINE_SECS=600
	expect 0 lkstart
	killed_half_way
	up
	expect 7 lk_quorumloss -q
	expect 0 lk_quorumloss
	wait_until 10 quarantined
	# a third one, or two at once, leave it as it is
	local until
	until=$(cat "$LKROOT/run/quarantine")
	expect 0 lk_quorumloss
	[ "$(cat "$LKROOT/run/quarantine")" = "$until" ]
	expect 0 lkstop
	expect 0 lkstart
	expect 0 lk_quorumloss
	up
	expect 0 lkstop
}

intention_is_over() {
	awk -v now="$(cut -d ' ' -f 1 /proc/uptime)" '{ exit $1 != "intended" || $3 / 1000000000 >= now }' "$LKROOT/run/quarantine"
}

@test "an intention counts as long as the quarantine would have lasted, and not at all without lkinit" {
	in_service
	settings QUORUM_QUARANTINE_SECS=1
	expect 0 lkstart
	killed_half_way
	wait_until 10 intention_is_over
	expect 0 lk_quorumloss
	logged 'nothing is in service here'
	up
	settings QUORUM_QUARANTINE_SECS=600
	in_service
	killed_half_way
	expect 0 lkstop
	in_service
	expect 1 lk_quorumloss
	expect 0 lk_quorumloss
}

# In a private mount namespace, where run/ is a file system of its own: run_apart OPTIONS TEXT.
run_apart() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	unshare -m true 2>/dev/null || skip "no private mount namespace here"
	expect 0 unshare -m bash -c '
		mount --make-rprivate / && mount -t tmpfs -o "$1" small "$LKROOT/run" || exit 10
		source "$LK_SRC/tests/helpers/wait.bash"
		source "$LK_SRC/tests/helpers/daemons.bash"
		source "$LK_SRC/tests/helpers/pen.bash"
		trap end_daemons EXIT
		eval "$2"' bash "$1" "$2"
}

@test "on a disk that has become full the quarantine begins all the same" {
	in_service
	settings QUORUM_QUARANTINE_SECS=600
	run_apart size=256k '
		lease -100 60000
		"$LKROOT/sbin/lkinit" 3>&- || exit 11
		wait_until 20 state_is two up || exit 12
		dd if=/dev/zero of="$LKROOT/run/fill" bs=1k 2>/dev/null
		(echo x >"$LKROOT/run/more") 2>/dev/null && exit 13
		lk_quorumloss || exit 14
		[ "$(deadline)" = never ] || exit 15
		wait_until 10 logged "quarantine after a loss of quorum: no daemon runs for" || exit 16
		lk_quorumloss -q >/dev/null || exit 17'
	all_out
}

@test "what has no place on a full disk does not hold up the removal" {
	in_service
	run_apart size=8k '
		lease -100 60000
		dd if=/dev/zero of="$LKROOT/run/fill" bs=1k 2>/dev/null
		"$LKROOT/sbin/lkinit" 3>&- || exit 11
		wait_until 20 logged "run/quarantine: No space left on device" || exit 12
		lk_quorumloss
		[ $? -eq 1 ] || exit 13
		[ "$(deadline)" = never ] || exit 14'
	all_out
	[ "$(grep -c ' remove ' "$J")" -eq 3 ]
}

@test "a run directory that can only be read does not hold up the removal, and leaves the deadline" {
	in_service
	run_apart size=256k '
		lease -100 60000
		mount -o remount,ro "$LKROOT/run" || exit 11
		lk_quorumloss
		[ $? -eq 1 ] || exit 12
		[ "$(deadline)" != never ] || exit 13
		grep -q " remove " "$J"'
}

@test "without lkinit there is no quarantine, which gives 1" {
	in_service
	expect 1 lk_quorumloss
	says 'lkinit does not run'
	all_out
	[ "$(deadline)" = never ]
}
