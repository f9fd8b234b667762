#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# lkstart: start Lockkeeper.
#
# usage: lkstart [-w waitperiod]

load ../helpers/tree
load ../helpers/daemons

setup() {
	f0
	with_daemons 'one:respawn:sbin/testd|one ready' 'two:respawn:sbin/testd|two ready'
}

teardown() {
	end_daemons
}

@test "ST1: when it returns 0, all daemons are ready" {
	expect 0 lkstart
	lines_are
	state_is lkinit up
	state_is one up
	state_is two up
}

@test "ST2: a second one gives 0 and changes nothing" {
	expect 0 lkstart
	local before
	before=$(lktest)
	expect 0 lkstart
	expect 0 lkstart -w 5
	[ "$(lktest)" = "$before" ]
}

@test "kits that were installed since are registered" {
	stub_action gen/new restore
	stub_action gen/new remove
	expect 0 lkstart
	lines_are
	expect 0 typ_list -f:
	lines_are gen:new
}

@test "two modes of quorum and witness that do not go together give 3, and nothing is started" {
	echo 'QUORUM_MODE=storage' >>"$LKROOT/etc/default/LifeKeeper"
	expect 3 lkstart
	says 'QUORUM_MODE "storage" and WITNESS_MODE "none" do not go together'
	expect 1 lktest
	echo 'QUORUM_MODE=majority' >>"$LKROOT/etc/default/LifeKeeper"
	expect 0 lkstart
	says 'majority and remote_verify are meant for each other'
	[ "$(<"$LKROOT/run/quorum.modes")" = 'majority none' ]
}

@test "each pair of modes that lk-quorum(7) lists is accepted, and no other" {
	local settings=$LKROOT/etc/default/LifeKeeper listed q w
	listed=$(sed -n '/^\.Bl -column "QUORUM_MODE"/,/^\.El/s/^\.It \([a-z_]*\) Ta \([a-z_]*\) .*/\1 \2/p' \
		"$LK_SRC/man/lk-quorum.7" | sort -u)
	for q in none majority storage tcp_remote; do
		for w in none remote_verify storage; do
			printf '%s\n' "QUORUM_MODE=$q" "WITNESS_MODE=$w" QUORUM_HOSTS=127.0.0.1:1 >"$settings"
			rm -f "$LKROOT/run/quorum.modes"
			if lk_quorum 2>&1 | grep -q 'do not go together'; then continue; fi
			echo "$q $w"
		done
	done | sort >"$BATS_TEST_TMPDIR/accepted"
	[ -n "$listed" ]
	diff "$BATS_TEST_TMPDIR/accepted" - <<<"$listed"
}

@test "hosts that cannot be asked for quorum are refused, and nothing is started" {
	local settings=$LKROOT/etc/default/LifeKeeper text
	echo QUORUM_MODE=tcp_remote >>"$settings"
	expect 3 lkstart
	says 'QUORUM_HOSTS "": the tunable is not set'
	for text in a:1,b a:99999 a:0 'a:1,' a:1,b:2,a:1 '"a:1, b:2"'; do
		echo "QUORUM_HOSTS=$text" >>"$settings"
		expect 3 lkstart
		says 'QUORUM_HOSTS "'
	done
	says 'QUORUM_HOSTS " b:2": blanks are not allowed'
	printf '%s\n' QUORUM_HOSTS=a:1,b:2 QUORUM_TIMEOUT_SECS=0 >>"$settings"
	expect 3 lkstart
	says QUORUM_TIMEOUT_SECS
	expect 1 lktest
	echo QUORUM_TIMEOUT_SECS=1 >>"$settings"
	expect 0 lkstart
}

@test "numbers of quorum that cannot be used give 3 at once, and nothing is started" {
	local settings=$LKROOT/etc/default/LifeKeeper value
	for value in 0 0.5 601 abc -1 ''; do
		echo "QUORUM_LOSS_DEADLINE=$value" >>"$settings"
		expect 3 lkstart
		says 'a setting of quorum cannot be used'
		says QUORUM_LOSS_DEADLINE
	done
	expect 1 lktest
	printf '%s\n' QUORUM_LOSS_DEADLINE=1 QUORUM_MODE=storage WITNESS_MODE=storage QWK_STORAGE_HBEATTIME=x >>"$settings"
	expect 3 lkstart
	says QWK_STORAGE_HBEATTIME
	printf '%s\n' QWK_STORAGE_HBEATTIME=6 QWK_STORAGE_NUMHBEATS=1 >>"$settings"
	expect 3 lkstart
	says QWK_STORAGE_NUMHBEATS
	expect 1 lktest
	printf '%s\n' QUORUM_MODE=none WITNESS_MODE=none >>"$settings"
	expect 0 lkstart
}

@test "without a mode among others with a lease, as they were heard last, the start warns and names both" {
	sys_create -s beta
	echo lease >"$LKROOT/config/lease.beta"
	expect 0 lkstart
	says 'QUORUM_MODE is none on "alpha", and "beta" had a mode with a lease'
}

@test "ST5: a wait period that is no number of seconds gives 5, and nothing is started" {
	local seconds
	for seconds in x '' 0 -1 1.5 86401 '5 '; do
		expect 5 lkstart -w "$seconds"
		says 'option -w'
	done
	expect 1 lktest
}

@test "ST7: each daemon that is killed has a new process within 5 s" {
	expect 0 lkstart
	local tag old
	for tag in one two; do
		old=$(pid_of "$tag")
		kill -KILL "$old"
		wait_until 5 restarted "$tag" "$old"
	done
	state_is lkinit up
}

@test "daemons start in the order of the table, each one when the one before is ready" {
	table 'one:respawn:sbin/testd|one wait=go ready' 'two:respawn:sbin/testd|two ready'
	lkstart 3>&- &
	wait_until 5 has_started one 1
	wait_until 5 state_is one starting
	[ "$(starts_of two)" -eq 0 ]
	state_is two idle
	touch "$LKROOT/tmp/go"
	wait $!
	[ "$(starts_of two)" -eq 1 ]
}

@test "one that never gets ready is named, with its last line of the log, and gives 1" {
	table 'one:respawn:sbin/testd|one ready' \
		'two:respawn:sbin/testd|two say=two:_no_key_for_me' 'three:respawn:sbin/testd|three ready'
	expect 1 lkstart -w 1
	says 'two is not ready after 1 s: two:_no_key_for_me'
	[ "$(starts_of three)" -eq 0 ]
	expect 0 lkstop
}

@test "one that ends at once is named, with what the supervisor tells about it" {
	table 'one:respawn:sbin/testd|one exit=3'
	expect 1 lkstart -w 1
	says 'one is not ready after 1 s: '
	says 'one: '
	expect 0 lkstop
	expect 1 lktest
}

@test "a table without daemons starts the supervisor alone" {
	table '# none'
	expect 0 lkstart
	expect 0 lktest
	[ "${#lines[@]}" -eq 1 ]
}

@test "a program that is not there gives 3, with file and line, and nothing is started" {
	table 'one:respawn:sbin/testd|one ready' '' 'two:respawn:sbin/nothing'
	expect 3 lkstart
	says 'etc/LKinit.config:3: program "sbin/nothing": No such file or directory'
	expect 1 lktest
	[ "$(starts_of one)" -eq 0 ]
}

@test "a table that is missing gives 3 and is named" {
	rm "$LKROOT/etc/LKinit.config"
	expect 3 lkstart
	says 'etc/LKinit.config:0: the file is missing'
	expect 1 lktest
}

@test "once becomes respawn, and the rest of the table stays as it is" {
	table '# my daemons: once' '  one : once,stop=3 : sbin/testd | one ready' '' \
		'off:off:sbin/once'
	chmod 604 "$LKROOT/etc/LKinit.config"
	expect 0 lkstart
	run cat "$LKROOT/etc/LKinit.config"
	lines_are '# my daemons: once' '  one : respawn,stop=3 : sbin/testd | one ready' '' \
		'off:off:sbin/once'
	[ "$(stat -c %a "$LKROOT/etc/LKinit.config")" = 604 ]
	local old
	old=$(pid_of one)
	kill -KILL "$old"
	wait_until 5 restarted one "$old"
}

@test "several at once start one supervisor, and all give 0" {
	local jobs=() pid
	for _ in 1 2 3 4; do
		lkstart 3>&- &
		jobs+=($!)
	done
	for pid in "${jobs[@]}"; do
		wait "$pid"
	done
	[ "$(starts_of one)" -eq 1 ]
	[ "$(starts_of two)" -eq 1 ]
}

@test "it waits for a stop that goes on, and starts then" {
	table 'one:respawn,stop=1:sbin/testd|one deaf ready'
	expect 0 lkstart
	local old
	old=$(pid_of one)
	lkstop >/dev/null 3>&- &
	wait_until 5 state_is lkinit stopping
	expect 0 lkstart
	wait $! || :
	restarted one "$old"
}

is_its_turn() {
	! flock -n "$LKROOT/run/lkstart.lock" true
}

@test "it waits for a supervisor at its very end, which tells nothing any more, and starts then" {
	: >"$LKROOT/run/lkinit.pid"
	# shellcheck disable=SC2016
	flock "$LKROOT/run/lkinit.pid" sh -c 'echo >"$LKROOT/tmp/held"; until [ -e "$LKROOT/tmp/end" ]; do sleep 0.02; done' 3>&- &
	wait_until 10 test -e "$LKROOT/tmp/held"
	lkstart 3>&- &
	wait_until 10 is_its_turn
	touch "$LKROOT/tmp/end"
	wait $!
	[ "$(starts_of one)" -eq 1 ]
}

@test "after the supervisor was killed it starts anew" {
	expect 0 lkstart
	local pid one
	pid=$(lkinit_pid)
	one=$(pid_of one)
	kill -KILL "$pid"
	wait_until 5 ended "$pid"
	expect 0 lkstart
	ended "$one"
	state_is one up
	[ "$(lkinit_pid)" != "$pid" ]
}

@test "it leaves no descriptor of its caller open" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	exec 7<>"$BATS_TEST_TMPDIR/fifo"
	expect 0 lkstart
	[ -z "$(find "/proc/$(lkinit_pid)/fd" -lname '*fifo*')" ]
	[ -z "$(find "/proc/$(pid_of one)/fd" -lname '*fifo*')" ]
	exec 7>&-
}

@test "an operand gives 2" {
	expect 2 lkstart now
	expect 1 lktest
}
