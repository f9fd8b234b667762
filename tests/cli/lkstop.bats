#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# lkstop: stop Lockkeeper. perform_action, lcdrecover and flg_create -d are stubs in $LKROOT/bin, which
# come before the commands of the build.
#
# usage: lkstop [-n] [-f] [-r]
# usage: lkstop [-n] --shutdown

# shellcheck disable=SC2016	# the code of the stubs is quoted
load ../helpers/tree
load ../helpers/daemons

LAST='LIFEKEEPER NOW STOPPED'

teardown() {
	end_daemons
}

# A command of the tree that notes its call in $J; what it does besides stands in $2.
stub() {	# NAME [SHELL-CODE]
	printf '#!/bin/sh\necho "%s $*" >>"%s"\n%s\n' "$1" "$J" "${2:-}" >"$LKROOT/bin/$1"
	chmod 755 "$LKROOT/bin/$1"
}

# perform_action -G -s --keep-owner -t TAG -a remove, as far as lkstop needs it: remove fails for the tag $1.
stub_perform_action() {
	stub perform_action "[ \"\$5\" != '${1:-}' ] || exit 1
'$LK_BIN/ins_setst' -t \"\$5\" -S OSU"
}

running() {	# FIXTURE
	"$1"
	with_daemons 'one:respawn:sbin/testd|one ready' 'two:respawn:sbin/testd|two ready'
	stub_perform_action
	stub flg_create
	stub flg_remove
	: >"$J"
	expect 0 lkstart
}

last_line_is() {
	[ "${lines[${#lines[@]} - 1]}" = "$1" ]
}

states() {
	ins_list -f: | cut -d: -f 4,7 | sort | tr '\n' ' '
}

# The real perform_action instead of the stub.
@test "SP1: resources go out of service, those above first" {
	[ -x "$LK_BIN/perform_action" ] || skip "this build has no perform_action"
	running f1s
	ln -sf "$LK_BIN/perform_action" "$LKROOT/bin/perform_action"
	expect 0 lkstop
	last_line_is "$LAST"
	[ "$(head -n 1 "$J")" = 'alpha remove -t app1 -i app1id' ]
	[ "$(sort "$J")" = "$(printf 'alpha remove -t %s -i %s\n' app1 app1id ip1 10.0.0.10 vol1 /mnt/d1)" ]
	[ "$(states)" = 'app1:OSU ip1:OSU vol1:OSU ' ]
	expect 1 lktest
}

@test "each resource in service is removed once, those above first, and the last line is the documented one" {
	running f1s
	expect 0 lkstop
	last_line_is "$LAST"
	[ "$(head -n 1 "$J")" = 'perform_action -G -s --keep-owner -t app1 -a remove' ]
	[ "$(sort "$J")" = "$(printf 'perform_action -G -s --keep-owner -t %s -a remove\n' app1 ip1 vol1)" ]
	[ "$(grep -c '^Taking' <<<"$output")" -eq 3 ]
	[ "${lines[0]}" = 'Taking app1 out of service' ]
	[ "$(grep '^Stopping' <<<"$output")" = $'Stopping two\nStopping one' ]
	expect 1 lktest
}

@test "a resource is not touched before the one above it is out of service" {
	running f1s
	# app1 takes its time; the others fail if it is in service
	stub perform_action '[ "$5" != app1 ] || sleep 0.2
[ "$5" = app1 ] || [ "$(ins_list -t app1 -f: | cut -d: -f7)" = OSU ] || exit 1
ins_setst -t "$5" -S OSU'
	expect 0 lkstop
	[ "$(states)" = 'app1:OSU ip1:OSU vol1:OSU ' ]
}

@test "what an event restores meanwhile is taken out of service, too" {
	running f1s
	stub perform_action "'$LK_BIN/ins_setst' -t \"\$5\" -S OSU
[ \"\$5\" != ip1 ] || [ -e '$J.once' ] || { : >'$J.once'; '$LK_BIN/ins_setst' -t app1 -S ISP; }"
	expect 0 lkstop
	last_line_is "$LAST"
	[ "$(states)" = 'app1:OSU ip1:OSU vol1:OSU ' ]
	[ "$(grep -c 'perform_action.* -t app1 ' "$J")" -eq 2 ]
	[ "$(grep -c 'perform_action.* -t vol1 ' "$J")" -eq 1 ]
}

@test "what is not in service is left alone" {
	running f1
	expect 0 lkstop
	lines_are 'Stopping two' 'Stopping one' "$LAST"
	[ ! -s "$J" ]
}

@test "-n is the same as no option" {
	running f1s
	expect 0 lkstop -n
	last_line_is "$LAST"
	[ "$(wc -l <"$J")" -eq 3 ]
	[ "$(states)" = 'app1:OSU ip1:OSU vol1:OSU ' ]
}

@test "SP3, SP4: -f and -r stop the daemons only" {
	local option
	running f2s
	for option in -f -r; do
		expect 0 lkstop $option
		lines_are 'Stopping two' 'Stopping one' "$LAST"
		expect 1 lktest
		[ "$(states)" = 'app1:ISP ip1:ISP vol1:ISP ' ]
		expect 0 lkstart
	done
	[ "$(sort -u "$J")" = 'flg_create -d beta -f !nofailover!alpha' ]
}

@test "SP2, SP5: every other system is told first that it may not take over" {
	running f3
	in_service
	"$LK_BIN/flg_create" -f shutdown_switchover
	expect 0 lkstop
	[ "$(head -n 2 "$J" | sort)" = "$(printf 'flg_create -d %s -f !nofailover!alpha\n' beta gamma)" ]
	[ "$(wc -l <"$J")" -eq 5 ]
}

@test "a flag that is set already is fine; a system that cannot be reached is named" {
	running f3
	stub flg_create 'case $2 in beta) exit 4 ;; *) exit 9 ;; esac'
	expect 0 lkstop
	last_line_is "$LAST"
	says 'system gamma was not told that this is no failure (it cannot be reached): it may take over'
	[[ ${stderr:-} != *beta* ]]
	logged 'system gamma was not told'
}

@test "a peer that does not answer does not hold it up for ever" {
	running f2
	# killed with all of its group when its time is over, which takes longer than this test waits
	stub flg_create 'exec sleep 100'
	lkstop >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	wait_until 5 grep -q flg_create "$J"
	kill -INT $!
	run ! wait $!
	expect 0 lktest
}

@test "--shutdown lets others take over if the shutdown strategy is to switch over" {
	running f2s
	"$LK_BIN/flg_create" -f shutdown_switchover
	expect 0 lkstop --shutdown
	last_line_is "$LAST"
	[ "$(sort "$J")" = "$(printf 'perform_action -G -s --keep-owner -t %s -a remove\n' app1 ip1 vol1)" ]
}

@test "--shutdown without that strategy is the same as no option" {
	running f2s
	expect 0 lkstop -n --shutdown
	[ "$(head -n 1 "$J")" = 'flg_create -d beta -f !nofailover!alpha' ]
	[ "$(wc -l <"$J")" -eq 4 ]
}

@test "--shutdown excludes -f and -r" {
	running f2s
	expect 2 lkstop --shutdown -f
	expect 2 lkstop -r --shutdown
	says 'option --shutdown excludes -f and -r'
	[ ! -s "$J" ]
	expect 0 lktest
}

@test "SP6: when nothing runs it prints the last line and gives 0, and no resource is touched" {
	f1s
	with_daemons 'one:respawn:sbin/testd|one ready'
	stub_perform_action
	: >"$J"
	expect 0 lkstop
	lines_are "$LAST"
	[ ! -s "$J" ]
	[ "$(states)" = 'app1:ISP ip1:ISP vol1:ISP ' ]
}

@test "SP8: a bad option or an operand gives 2, and nothing is stopped" {
	running f1s
	expect 2 lkstop -z
	lines_are
	expect 2 lkstop now
	expect 2 lkstop -x -f
	[ ! -s "$J" ]
	expect 0 lktest
	state_is one up
}

@test "a remove that fails gives 1 after the last line, and independent branches go on" {
	running f1s
	stub_perform_action vol1
	expect 1 lkstop
	last_line_is "$LAST"
	says 'vol1 was not taken out of service: exit code 1'
	logged 'vol1 was not taken out of service'
	[ "$(states)" = 'app1:OSU ip1:OSU vol1:ISP ' ]
	expect 1 lktest
}

@test "what a failed remove has left OSF is not taken for stopped: it is removed again, or reported" {
	running f1
	ins_setst -t app1 -S ISP
	stub_action gen/app remove 1
	expect 1 perform_action -t app1 -a remove
	[ "$(states)" = 'app1:OSF ip1:OSU vol1:OSU ' ]
	stub_perform_action app1
	expect 1 lkstop
	last_line_is "$LAST"
	says 'app1 was not taken out of service: exit code 1'
	running true
	expect 0 lkstop
	[ "$(states)" = 'app1:OSU ip1:OSU vol1:OSU ' ]
}

@test "what is below a resource that stays in service stays too" {
	running f1s
	ins_create -a gen -r app -t other -i other
	ins_setst -t other -S ISP
	stub_perform_action app1
	expect 1 lkstop
	last_line_is "$LAST"
	says 'ip1 stays as it is, because of "app1" above it'
	says 'vol1 stays as it is'
	[ "$(states)" = 'app1:ISP ip1:ISP other:OSU vol1:ISP ' ]
}

@test "without a perform_action that can be run the daemons stop all the same, with 1" {
	running f1s
	chmod 644 "$LKROOT/bin/perform_action"
	expect 1 lkstop
	last_line_is "$LAST"
	says 'program "bin/perform_action": Permission denied'
	expect 1 lktest
}

@test "with a damaged database nothing is stopped, with 3, and -f stops the daemons, with 1" {
	running f1s
	echo garbage >"$LKROOT/config/dep"
	expect 3 lkstop
	says 'config/dep:1:'
	lines_are
	expect 0 lktest
	expect 1 lkstop -f
	last_line_is "$LAST"
	says 'config/dep:1:'
	expect 1 lktest
}

@test "the global scripts are run once, around all removes" {
	running f1s
	stub lcdrecover
	expect 0 lkstop
	[ "$(head -n 1 "$J")" = 'lcdrecover -g remove' ]
	[ "$(tail -n 1 "$J")" = 'lcdrecover -G remove' ]
	[ "$(wc -l <"$J")" -eq 5 ]
}

@test "an interrupt ends the actions, takes the flags back and leaves the daemons; then it can be called again" {
	running f2s
	stub perform_action 'trap "exit 9" TERM; touch "$LKROOT/tmp/in"; while :; do sleep 0.05; done'
	lkstop >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	wait_until 5 test -e "$LKROOT/tmp/in"
	kill -TERM $!
	local code=0
	wait $! || code=$?
	[ "$code" -eq 1 ]
	grep -q 'interrupted by signal 15' "$BATS_TEST_TMPDIR/out"
	! grep -q "$LAST" "$BATS_TEST_TMPDIR/out" || false
	[ "$(tail -n 1 "$J")" = 'flg_remove -d beta -f !nofailover!alpha' ]
	state_is one up
	stub_perform_action
	expect 0 lkstop
	last_line_is "$LAST"
	[ "$(states)" = 'app1:OSU ip1:OSU vol1:OSU ' ]
}

@test "killed in the middle, it can be called again" {
	running f1s
	stub perform_action 'touch "$LKROOT/tmp/in"; sleep 0.3; exit 1'
	lkstop >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	wait_until 5 test -e "$LKROOT/tmp/in"
	kill -KILL $!
	wait $! || :
	state_is one up
	stub_perform_action
	expect 0 lkstop
	last_line_is "$LAST"
}

@test "a reader of its output that goes away does not stop it half-way" {
	running f1s
	run bash -c 'lkstop 2>/dev/null 3>&- | true; exit "${PIPESTATUS[0]}"'
	[[ $status == [01] ]]
	[ "$(states)" = 'app1:OSU ip1:OSU vol1:OSU ' ]
	expect 1 lktest
}

@test "two at once both give 0 when all is stopped" {
	running f1
	lkstop -f 3>&- >"$BATS_TEST_TMPDIR/out" &
	expect 0 lkstop -f
	wait $!
	expect 1 lktest
}

@test "while the daemons are being started it stops them" {
	f0
	with_daemons 'one:respawn:sbin/testd|one' 'two:respawn:sbin/testd|two ready'
	lkstart -w 60 3>&- 2>"$BATS_TEST_TMPDIR/err" &
	wait_until 5 state_is one starting
	expect 0 lkstop
	lines_are 'Stopping one' "$LAST"
	local code=0
	wait $! || code=$?
	[ "$code" -eq 1 ]
	grep -q 'the daemons cannot be started' "$BATS_TEST_TMPDIR/err"
	[ "$(starts_of two)" -eq 0 ]
}

@test "a supervisor whose process is not known is named, with 1" {
	f0
	exec 9>"$LKROOT/run/lkinit.pid"
	flock 9
	expect 1 lkstop -f
	says 'its process is not known'
	[ -z "$output" ]
	exec 9>&-
}
