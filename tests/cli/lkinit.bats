#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# lkinit: the supervisor.
#
# usage: lkinit [-f | -n | --graph]

# shellcheck disable=SC2016	# the scripts for the private namespaces are quoted
load ../helpers/tree
load ../helpers/daemons

setup() {
	f0
	with_daemons 'one:respawn:sbin/testd|one ready' 'two:respawn:sbin/testd|two ready'
}

teardown() {
	end_daemons
}

@test "-n accepts a right table and starts nothing" {
	expect 0 lkinit -n
	lines_are
	expect 1 lktest
	[ ! -e "$LKROOT/run/lkinit.pid" ]
}

@test "-n rejects a wrong table with 3, file and line" {
	table 'one:respawn:sbin/testd|one ready' 'two:always:sbin/testd'
	expect 3 lkinit -n
	says 'etc/LKinit.config:2: the action must be one of respawn, once, off'
	table 'one:respawn:sbin/nothing'
	expect 3 lkinit -n
	says 'etc/LKinit.config:1: program "sbin/nothing": No such file or directory'
	table 'one:respawn:sbin'
	expect 3 lkinit -n
	says 'Permission denied'
	table 'one:off:sbin/nothing'
	expect 0 lkinit -n
	printf 'one:off:x\0\n' >"$LKROOT/etc/LKinit.config"
	expect 3 lkinit -n
	says 'a NUL byte'
}

@test "the shipped table is right" {
	cp "$LK_SRC/etc/LKinit.config" "$LKROOT/etc/LKinit.config"
	ln -s testd "$LKROOT/sbin/lkwatchdog"
	ln -s testd "$LKROOT/sbin/lcm"
	ln -s testd "$LKROOT/sbin/lkcheck"
	expect 0 lkinit -n
}

@test "options that make no sense give 2" {
	expect 2 lkinit -x
	expect 2 lkinit now
}

@test "--graph prints the states" {
	expect 0 lkinit --graph
	[ "${lines[0]}" = 'digraph lkinit {' ]
	[[ $output == *'waiting -> starting [label="timer / spawn"];'* ]]
}

@test "a second supervisor in the same tree gives 4, names the first and changes nothing" {
	expect 0 lkstart
	local before
	before=$(lktest)
	expect 4 lkinit
	says "Lockkeeper is running already (process $(lkinit_pid))"
	expect 4 lkinit -f
	[ "$(lktest)" = "$before" ]
}

@test "of two at once one starts the daemons" {
	lkinit 3>&- 2>/dev/null &
	local code=0 other=0
	lkinit 3>&- 2>/dev/null || code=$?
	wait $! || other=$?
	[ "$((code + other))" -eq 4 ]
	wait_until 5 state_is lkinit up
	[ "$(starts_of one)" -eq 1 ]
}

@test "-f stays in the foreground and ends with 0 after TERM, the last daemon first" {
	lkinit -f 3>&- &
	wait_until 5 state_is lkinit up
	[ "$(lkinit_pid)" -eq $! ]
	kill -TERM $!
	wait $!
	[ "$(grep -oE '(one|two): process [0-9]+ ended, killed by signal 15' "$LKROOT/out/lifekeeper.log" |
		cut -c 1-3 | tr '\n' ' ')" = 'two one ' ]
	[ ! -e "$LKROOT/run/lkinit.status" ]
	[ -z "$(find "$LKROOT/run" -name '*.notify')" ]
}

@test "a daemon finds what the page promises and nothing else" {
	table 'one:respawn:sbin/testd|one look ready'
	SECRET=1 expect 0 lkstart
	local pid look=$LKROOT/tmp/one.look
	pid=$(pid_of one)
	[ "$(grep -c = "$look")" -eq 5 ]
	grep -qx "LKROOT=$LKROOT" "$look"
	grep -q "^PATH=$LKROOT/bin:" "$look"
	grep -qx 'LK_RESTARTS=0' "$look"
	grep -qE '^LK_START_ID=[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' "$look"
	grep -qx "NOTIFY_SOCKET=$LKROOT/run/lkinit.one.notify" "$look"
	[ "$(grep ^fd "$look")" = $'fd 0\nfd 1\nfd 2' ]
	grep -qx 'session own' "$look"
	[ "$(readlink "/proc/$pid/cwd")" = "$LKROOT" ]
	[ "$(readlink "/proc/$pid/fd/0")" = /dev/null ]
	[ "$(readlink "/proc/$pid/fd/2")" = "$LKROOT/out/lifekeeper.log" ]
	grep -qE '^Sig(Blk|Ign):[[:space:]]0+$' "/proc/$pid/status"
}

@test "what a daemon prints is in the log" {
	table 'one:respawn:sbin/testd|one say=hello ready'
	expect 0 lkstart
	grep -qx hello "$LKROOT/out/lifekeeper.log"
}

@test "all daemons have one start id; a restart has a number; a new start has a new id" {
	expect 0 lkstart
	local id old
	id=$(awk '{ print $3 }' "$LKROOT/tmp/one.starts")
	[ "$(awk '{ print $2, $3 }' "$LKROOT/tmp/two.starts")" = "0 $id" ]
	old=$(pid_of one)
	kill -KILL "$old"
	wait_until 5 has_started one 2
	[ "$(awk 'NR == 2 { print $2, $3 }' "$LKROOT/tmp/one.starts")" = "1 $id" ]
	expect 0 lkstop
	expect 0 lkstart
	[ "$(awk 'NR == 3 { print $2 }' "$LKROOT/tmp/one.starts")" = 0 ]
	[ "$(awk 'NR == 3 { print $3 }' "$LKROOT/tmp/one.starts")" != "$id" ]
}

@test "the first restart is at once, the second waits a second, and both are logged" {
	table 'one:respawn:sbin/testd|one exit=7'
	expect 0 lkinit
	wait_until 5 has_started one 2
	wait_until 5 state_is one waiting
	[ "$(starts_of one)" -eq 2 ]
	logged 'ended, exit code 7'
	logged 'one: restart in 1 s'
	wait_until 10 has_started one 3
	wait_until 10 logged 'one: restart in 2 s'
}

@test "a program that goes away is tried again and again, and is used when it is back" {
	table 'one:respawn:sbin/other|one ready'
	ln -s testd "$LKROOT/sbin/other"
	expect 0 lkstart
	rm "$LKROOT/sbin/other"
	kill -KILL "$(pid_of one)"
	wait_until 5 logged 'one: cannot be started: sbin/other'
	ln -s testd "$LKROOT/sbin/other"
	wait_until 10 state_is one up
}

@test "a file that is no program is reported with its reason" {
	echo 'no interpreter' >"$LKROOT/sbin/text"
	chmod 755 "$LKROOT/sbin/text"
	table 'one:respawn,noready:sbin/text'
	expect 1 lkstart -w 1
	logged "one: cannot be started: $LKROOT/sbin/text: Exec format error"
	expect 0 lkstop
}

@test "once: one that ends is not started again" {
	table 'one:once:sbin/testd|one ready' 'two:respawn:sbin/testd|two ready'
	expect 0 lkinit
	wait_until 5 state_is lkinit up
	kill -KILL "$(pid_of one)"
	wait_until 5 state_is one down
	kill -KILL "$(pid_of two)"
	wait_until 5 has_started two 2
	[ "$(starts_of one)" -eq 1 ]
}

@test "one that is not ready in time is ended and started again, and those behind it wait" {
	table 'one:respawn,ready=1:sbin/testd|one' 'two:respawn:sbin/testd|two ready'
	expect 0 lkinit
	wait_until 10 logged 'one: not ready after 1 s, it is ended'
	wait_until 10 has_started one 2
	[ "$(starts_of two)" -eq 0 ]
}

@test "if=: a daemon belongs to the table only while its file is there" {
	table 'one:respawn:sbin/testd|one ready' 'two:respawn,if=config/two:sbin/testd|two ready'
	expect 0 lkinit -n
	lkinit 3>&-
	wait_until 10 state_is one up
	[ "$(starts_of two)" -eq 0 ]
	: >"$LKROOT/config/two"
	kill -HUP "$(lkinit_pid)"
	wait_until 10 state_is two up
	local pid
	pid=$(pid_of one)
	rm "$LKROOT/config/two"
	kill -HUP "$(lkinit_pid)"
	wait_until 10 is_out two
	[ "$(pid_of one)" = "$pid" ]
}

is_out() {	# TAG
	! lktest | grep -q "^$1 "
}

@test "noready: one that says nothing counts as ready" {
	table 'one:respawn,noready:sbin/testd|one look' 'two:respawn:sbin/testd|two ready'
	expect 0 lkstart
	state_is one up
	! grep -q NOTIFY_SOCKET "$LKROOT/tmp/one.look" || false
}

@test "one that ignores TERM is killed after its limit, with its process group" {
	table 'one:respawn,stop=1:sbin/testd|one deaf helper ready'
	expect 0 lkstart
	local helper
	wait_until 5 test -s "$LKROOT/tmp/one.helper"
	helper=$(cat "$LKROOT/tmp/one.helper")
	expect 0 lkstop
	logged 'one: did not end within 1 s after TERM, it is killed'
	wait_until 5 is_gone "$helper"
}

@test "a stopped daemon can be ended" {
	expect 0 lkstart
	kill -STOP "$(pid_of one)"
	expect 0 lkstop
	! logged 'it is killed' || false
}

@test "helpers that a daemon leaves in its group are ended; applications in sessions of their own live on" {
	table 'one:respawn:sbin/testd|one helper app ready'
	expect 0 lkstart
	local helper app
	wait_until 5 test -s "$LKROOT/tmp/one.helper"
	wait_until 5 test -s "$LKROOT/tmp/one.app"
	helper=$(cat "$LKROOT/tmp/one.helper")
	app=$(cat "$LKROOT/tmp/one.app")
	kill -KILL "$(pid_of one)"
	wait_until 5 is_gone "$helper"
	expect 0 lkstop -f
	! is_gone "$app" || false
}

@test "the daemons of a supervisor that is killed end, and a new start works" {
	expect 0 lkstart
	local one two
	one=$(pid_of one)
	two=$(pid_of two)
	kill -KILL "$(lkinit_pid)"
	wait_until 5 is_gone "$one"
	wait_until 5 is_gone "$two"
	expect 1 lktest
	expect 0 lkstart
	state_is two up
}

@test "one that ignores TERM does not outlive the next start" {
	table 'one:respawn:sbin/testd|one deaf ready'
	expect 0 lkstart
	local one
	one=$(pid_of one)
	kill -KILL "$(lkinit_pid)"
	wait_until 5 stopped
	! is_gone "$one" || false
	expect 0 lkstart
	is_gone "$one"
	logged "one: process $one was left by a supervisor that died"
}

@test "HUP: what is new starts, what is gone stops, what has changed is restarted, the rest goes on" {
	table 'same:respawn:sbin/testd|same ready' 'gone:respawn:sbin/testd|gone ready' \
		'changed:respawn:sbin/testd|changed ready'
	expect 0 lkstart
	local same gone changed
	same=$(pid_of same)
	gone=$(pid_of gone)
	changed=$(pid_of changed)
	table 'new:respawn:sbin/testd|new ready' 'changed:respawn:sbin/testd|changed ready x' \
		'same:respawn:sbin/testd|same ready'
	kill -HUP "$(lkinit_pid)"
	wait_until 5 state_is new up
	wait_until 5 is_gone "$gone"
	wait_until 5 restarted changed "$changed"
	wait_until 5 state_is changed up
	[ "$(pid_of same)" = "$same" ]
	[ "$(lktest | cut -d ' ' -f 1 | tr '\n' ' ')" = 'lkinit new changed same ' ]
	[ "$(awk 'NR == 2 { print $2 }' "$LKROOT/tmp/changed.starts")" = 1 ]
	logged 'table read: 1 daemons stay, 2 come, 2 go'
}

@test "HUP with a wrong table changes nothing and is logged" {
	expect 0 lkstart
	local before
	before=$(lktest)
	table 'one:respawn:sbin/testd|one ready' garbage
	kill -HUP "$(lkinit_pid)"
	wait_until 5 logged 'etc/LKinit.config:2: TAG:ACTION:PROGRAM is needed'
	[ "$(lktest)" = "$before" ]
}

@test "a full disk does not stop the supervision, and the status is true again with space" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	unshare -m true 2>/dev/null || skip "no private mount namespace here"
	unshare -m bash -c '
		mount --make-rprivate / && mount -t tmpfs -o size=8k small "$LKROOT/run" || exit 10
		. "$LK_SRC/tests/helpers/daemons.bash"
		until_true() { for _ in {1..500}; do "$@" && return 0; sleep 0.02; done; return 1; }
		trap end_daemons EXIT
		dd if=/dev/zero of="$LKROOT/run/fill" bs=1k 2>/dev/null
		"$LKROOT/sbin/lkinit" 3>&- || exit 11
		until_true has_started two 1 || exit 12
		lktest | grep -q "^lkinit - unknown 0$" || exit 13
		old=$(awk "{ print \$1 }" "$LKROOT/tmp/one.starts")
		kill -KILL "$old"
		until_true has_started one 2 || exit 14
		logged "run/lkinit.status: No space left on device" || exit 15
		rm "$LKROOT/run/fill"
		until_true state_is two up || exit 16
		kill -TERM "$(lktest | awk "\$1 == \"lkinit\" { print \$2 }")"
		until_true stopped || exit 17'
}

# A manager that notes what it is told, as systemd would be.
@test "it tells systemd when it is ready and when it stops" {
	command -v python3 >/dev/null || skip "needs python3"
	local socket=$BATS_TEST_TMPDIR/manager told=$BATS_TEST_TMPDIR/told
	python3 - "$socket" "$told" 3>&- <<'PYTHON' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(60)
with open(sys.argv[2], "a", buffering=1) as f:
    while True:
        text = s.recv(4096).decode()
        print(text, file=f)
        if "STOPPING=1" in text:
            break
PYTHON
	wait_until 10 test -S "$socket"
	NOTIFY_SOCKET=$socket lkinit -f 3>&- &
	local pid=$!
	wait_until 5 grep -qx READY=1 "$told"
	state_is lkinit up
	[ "$(grep -c '^STATUS=.* is ready' "$told")" -eq 2 ]
	kill -TERM $pid
	wait $pid
	wait_until 5 grep -qx STOPPING=1 "$told"
}

@test "systemd accepts the unit" {
	command -v systemd-analyze >/dev/null || skip "needs systemd-analyze"
	local unit=$BATS_TEST_TMPDIR/lockkeeper.service
	# its programs are those of the build
	sed "s|^ExecStart=[^ ]*|ExecStart=$LKROOT/sbin/lkinit|" "$LK_BUILD/etc/systemd/lockkeeper.service" >"$unit"
	run systemd-analyze verify --man=no "$unit"
	[[ $output != *lockkeeper.service:* ]] || { echo "$output"; false; }
	[ "$status" -eq 0 ] || [[ $output != *lockkeeper* ]]
	grep -q '^KillMode=process$' "$unit"
	run ! grep -q '@' "$LK_BUILD/etc/systemd/lockkeeper.service"
}

@test "an idle supervisor is not woken up and needs little memory" {
	[ -r /proc/self/smaps_rollup ] || skip "needs smaps_rollup"
	[[ $(ldd "$LKROOT/sbin/lkinit") != *libasan* ]] || skip "a build with ASan"
	expect 0 lkstart
	local pid before
	pid=$(lkinit_pid)
	[ "$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")" -lt 1024 ]
	before=$(awk '/^voluntary_ctxt/ { print $2 }' "/proc/$pid/status")
	for _ in {1..50}; do
		lktest >/dev/null
	done
	[ "$(awk '/^voluntary_ctxt/ { print $2 }' "/proc/$pid/status")" -le "$((before + 1))" ]
}
