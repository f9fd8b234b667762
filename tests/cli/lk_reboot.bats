#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lk_reboot -w seconds -r reason [-t tag -p pid]
#
# It really calls reboot(2), so each call has a process namespace of its own, which is what ends then.

load ../helpers/tree

setup() {
	unshare -fp --mount-proc true 2>/dev/null || skip 'process namespaces need root'
	f1
	mkdir -p "$LKROOT/run/recover"
}

teardown() {
	[ -z "${HOLDER:-}" ] || kill "$HOLDER" 2>/dev/null || :
}

inside() {	# COMMAND...
	# never where reboot(2) would be the machine's
	unshare -fp --mount-proc -- bash -c '[ $$ -eq 1 ] && exec "$@"' bash "$@"
}

# The namespace was rebooted, which its first process and so unshare see as HUP.
rebooted() {	# OPTION...
	expect 129 inside "$LK_BIN/lk_reboot" "$@"
}

logged() {	# TEXT
	grep -qF -- "$1" "$LKROOT/out/lifekeeper.log"
}

recovering() {	# TAG PID
	echo -n "$2" >"$LKROOT/run/recover/$1"
}

# As if lkinit ran.
lockkeeper_runs() {
	: >"$LKROOT/run/lkinit.pid"
	flock -x "$LKROOT/run/lkinit.pid" sh -c "echo >'$BATS_TEST_TMPDIR/held'; exec sleep 1000" 3>&- &
	HOLDER=$!
	wait_until 10 test -e "$BATS_TEST_TMPDIR/held"
}

@test "it counts down, says why, and reboots" {
	rebooted -w 2 -r 'web is slow'
	lines_are 'this system reboots in 2 s: web is slow' 'this system reboots in 1 s: web is slow' \
		'this system reboots now: web is slow'
	logged ':703070:this system reboots in 2 s: web is slow'
	logged ':703071:this system reboots now: web is slow'
}

@test "the countdown cannot be called off" {
	# shellcheck disable=SC2016	# the inner shell expands it
	expect 129 inside bash -c '"$0" -w 2 -r slow >"$1" &
		until grep -q "in 2 s" "$1"; do sleep 0.02; done
		kill -TERM $!; kill -INT $!; kill -HUP $!; kill -QUIT $!
		wait $!' "$LK_BIN/lk_reboot" "$BATS_TEST_TMPDIR/out"
	grep -q 'reboots now' "$BATS_TEST_TMPDIR/out"
}

@test "with -t it waits for the end of that recovery, and then does nothing" {
	lockkeeper_runs
	recovering app1 4711
	# shellcheck disable=SC2016	# the inner shell expands it
	expect 0 inside bash -c '"$0" -w 600 -r late -t app1 -p 4711 &
		until grep -qx "State:.*S.*" /proc/$!/status && [ "$(cat /proc/$!/comm)" = lk_reboot ]; do sleep 0.02; done
		: >"$1"
		wait $!' "$LK_BIN/lk_reboot" "$LKROOT/run/recover/app1"
	lines_are
}

@test "a recovery that is not there, or not that process's, has ended" {
	lockkeeper_runs
	expect 0 inside "$LK_BIN/lk_reboot" -w 600 -r late -t app1 -p 4711
	recovering app1 4712
	expect 0 inside "$LK_BIN/lk_reboot" -w 600 -r late -t app1 -p 4711
	lines_are
}

@test "a recovery that has not ended when the time is over reboots, unless Lockkeeper was stopped" {
	recovering app1 4711
	expect 0 inside "$LK_BIN/lk_reboot" -w 1 -r late -t app1 -p 4711
	lines_are
	lockkeeper_runs
	rebooted -w 1 -r late -t app1 -p 4711
	lines_are 'this system reboots now: late'
	logged ':703071:this system reboots now: late'
}

@test "who may not reboot is told, with 1" {
	expect 1 inside setpriv --bounding-set=-sys_boot --inh-caps=-sys_boot "$LK_BIN/lk_reboot" -w 0 -r late
	says 'reboot: Operation not permitted'
}

@test "wrong options are refused before anything happens" {
	expect 2 inside "$LK_BIN/lk_reboot"
	expect 2 inside "$LK_BIN/lk_reboot" -w 0
	expect 2 inside "$LK_BIN/lk_reboot" -r late
	expect 2 inside "$LK_BIN/lk_reboot" -w 0 -r late -t app1
	says 'options -t and -p belong together'
	expect 2 inside "$LK_BIN/lk_reboot" -w 0 -r late -p 1
	expect 2 inside "$LK_BIN/lk_reboot" -w 0 -r late now
	expect 5 inside "$LK_BIN/lk_reboot" -w x -r late
	expect 5 inside "$LK_BIN/lk_reboot" -w 1000001 -r late
	expect 5 inside "$LK_BIN/lk_reboot" -w 0 -r late -t app1 -p 0
	[ ! -e "$LKROOT/out/lifekeeper.log" ] || ! logged reboots
}
