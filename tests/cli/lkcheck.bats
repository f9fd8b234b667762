#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# lkcheck: the monitor of the resources in service.
#
# shellcheck disable=SC2030,SC2031	# each test has its own PID
# usage: lkcheck [-f | -n | --graph]

load ../helpers/tree

LKCHECK=$LK_BIN/../sbin/lkcheck/lkcheck

setup() {
	f1
	mkdir -p "$LKROOT/bin"
	ln -s "$LK_BIN/recover" "$LKROOT/bin/recover"
	for tag in ip1 vol1 app1; do
		interval "$tag" 0 0
		ins_setlocalrecover -t "$tag" -l N
	done
	PID=
}

teardown() {
	if [ -n "$PID" ]; then
		kill -KILL "$PID" 2>/dev/null || :
		wait "$PID" 2>/dev/null || :
	fi
}

interval() {	# TAG QUICK DEEP
	ins_setchkint -t "$1" -c quick -v "$2"
	ins_setchkint -t "$1" -c deep -v "$3"
}

monitor() {
	"$LKCHECK" -f 3>&- 2>"$BATS_TEST_TMPDIR/stderr" &
	PID=$!
	wait_until 10 logged 'the monitor is ready'
}

logged() {	# TEXT
	grep -qF -- "$1" "$LKROOT/out/lifekeeper.log"
}

# How often an action of a tag has run.
count() {	# ACTION TAG
	grep -c "^alpha $1 -t $2 " "$J" || :
}

ran() {	# ACTION TAG TIMES
	[ "$(count "$1" "$2")" -ge "$3" ]
}

state_is() {	# TAG STATE
	ins_list -t "$1" -f: | grep -q ":$2:"
}

# A script of your own as an action: own_action APP/TYPE ACTION <<text
own_action() {
	local dir=$LKROOT/subsys/${1%/*}/resources/${1#*/}/actions
	{ printf '#!/bin/sh\necho "alpha %s $*" >>"%s"\n' "$2" "$J" && cat; } >"$dir/.$2.new"
	chmod 755 "$dir/.$2.new"
	mv "$dir/.$2.new" "$dir/$2"
}

@test "-n says whether all can be read, --graph prints the states" {
	expect 0 "$LKCHECK" -n
	lines_are
	echo 'CHECK_PARALLEL=0' >>"$LKROOT/etc/default/LifeKeeper"
	expect 5 "$LKCHECK" -n
	says CHECK_PARALLEL
	expect 0 "$LKCHECK" --graph
	[ "${lines[0]}" = 'digraph lkcheck {' ]
	expect 2 "$LKCHECK" now
}

@test "EV18: with the same intervals only the deep check runs" {
	interval ip1 1 1
	in_service
	monitor
	wait_until 13 ran deepCheck ip1 3
	[ "$(count quickCheck ip1)" -eq 0 ]
	[ "$(count deepCheck vol1)" -eq 0 ]
}

@test "EV19: with intervals of 0 nothing is checked" {
	interval vol1 1 1
	in_service
	monitor
	wait_until 13 ran deepCheck vol1 2
	[ "$(grep -c 'Check -t ip1\|Check -t app1' "$J")" -eq 0 ]
}

@test "EV20: the first check of each resource is the deep one, with tag and id" {
	for tag in ip1 vol1 app1; do
		interval "$tag" 1 1000
	done
	in_service
	monitor
	for tag in ip1 vol1 app1; do
		wait_until 13 ran quickCheck "$tag" 2
		[[ $(grep -m 1 "Check -t $tag " "$J") == "alpha deepCheck -t $tag -i "* ]]
		[ "$(count deepCheck "$tag")" -eq 1 ]
	done
}

@test "only what is in service is checked, as soon as it is" {
	interval ip1 1 1
	monitor
	interval vol1 1 1
	ins_setst -t vol1 -S ISP
	wait_until 13 ran deepCheck vol1 2
	[ "$(count deepCheck ip1)" -eq 0 ]
	ins_setst -t ip1 -S ISP
	wait_until 13 ran deepCheck ip1 1
	ins_setst -t ip1 -S OSU
	: >"$J"
	wait_until 13 ran deepCheck vol1 3
	[ "$(count deepCheck ip1)" -le 1 ]	# one that had begun
}

@test "in maintenance nothing is checked" {
	interval ip1 1 1
	interval vol1 1 1
	in_service
	flg_create -f Maintenance_ip1
	monitor
	wait_until 13 ran deepCheck vol1 3
	[ "$(count deepCheck ip1)" -eq 0 ]
	flg_remove -f Maintenance_ip1
	wait_until 13 ran deepCheck ip1 1
}

@test "what is reserved is not checked, and a check that ran then does not count" {
	interval ip1 1 0
	own_action comm/ip quickCheck <<-END
		[ ! -e "$LKROOT/go" ] || exit 0
		: >"$LKROOT/there"
		while [ ! -e "$LKROOT/go" ]; do sleep 0.1; done
		exit 1
	END
	own_action comm/ip reset <<<':'
	own_action comm/ip remove <<-END
		: >"$LKROOT/removing"
		while [ ! -e "$LKROOT/on" ]; do sleep 0.1; done
		exit 1
	END
	in_service
	monitor
	wait_until 13 test -e "$LKROOT/there"
	perform_action -G -s -t ip1 -a remove 3>&- &
	local pid=$!
	wait_until 13 test -e "$LKROOT/removing"
	: >"$LKROOT/go"
	interval vol1 1 0
	wait_until 13 ran quickCheck vol1 2
	[ "$(count quickCheck ip1)" -eq 1 ]
	[ "$(grep -c 'alpha recover' "$J")" -eq 0 ]
	run logged 'quickCheck of "ip1" has failed'
	[ "$status" -eq 1 ]
	: >"$LKROOT/on"
	wait $pid || true
}

@test "EV16: a check that fails has the resource recovered" {
	interval ip1 1 0
	ins_setlocalrecover -t ip1 -l Y
	own_action comm/ip quickCheck <<<"[ ! -e '$LKROOT/bad' ]"
	own_action comm/ip recover <<<"rm '$LKROOT/bad'"
	in_service
	: >"$LKROOT/bad"
	monitor
	wait_until 13 ran recover ip1 1
	wait_until 13 test ! -e "$LKROOT/bad"
	wait_until 13 logged 'Resource Recovery Complete: ip1'
	state_is ip1 ISP
	logged 'quickCheck of "ip1" has failed: exit code 1'
	: >"$J"
	wait_until 13 ran quickCheck ip1 2
	[ "$(count recover ip1)" -eq 0 ]
	wait_until 13 logged 'quickCheck of "ip1": healthy again'
}

@test "the event of a failure runs the programs registered for it" {
	interval ip1 1 0
	mkdir -p "$LKROOT/events/comm/failed"
	printf '#!/bin/sh\necho "handler $*" >>"%s"\n' "$J" >"$LKROOT/events/comm/failed/h"
	chmod 755 "$LKROOT/events/comm/failed/h"
	own_action comm/ip quickCheck <<<'exit 1'
	in_service
	monitor
	wait_until 13 grep -q 'handler -A -C comm -E failed -m LK:lkcheck -n ip1' "$J"
	wait_until 13 state_is ip1 OSF
}

@test "a check that says 110 has its resource leave without a repair" {
	interval ip1 1 0
	ins_setlocalrecover -t ip1 -l Y
	mkdir -p "$LKROOT/events/comm/lost"
	printf '#!/bin/sh\necho "handler $*" >>"%s"\n' "$J" >"$LKROOT/events/comm/lost/h"
	chmod 755 "$LKROOT/events/comm/lost/h"
	own_action comm/ip quickCheck <<<'exit 110'
	in_service
	monitor
	wait_until 13 grep -q 'handler -A -C comm -E lost -m LK:lkcheck -n ip1' "$J"
	wait_until 13 state_is ip1 OSF
	[ "$(count recover ip1)" -eq 0 ]
}

@test "a check that cannot tell moves nothing, and is said once" {
	interval ip1 1 0
	ins_setlocalrecover -t ip1 -l Y
	own_action comm/ip quickCheck <<<'exit 2'
	in_service
	monitor
	wait_until 13 ran quickCheck ip1 3
	state_is ip1 ISP
	[ "$(count recover ip1)" -eq 0 ]
	[ "$(grep -c 'quickCheck of "ip1" cannot tell: exit code 2' "$LKROOT/out/lifekeeper.log")" -eq 1 ]
	own_action comm/ip quickCheck <<<'kill -KILL $$'
	wait_until 13 logged 'quickCheck of "ip1" cannot tell: killed by signal 9'
	state_is ip1 ISP
}

@test "a check over its limit is killed and recorded, and is no failure" {
	interval ip1 1 0
	ins_setlocalrecover -t ip1 -l Y
	echo IP_QUICKCHECK_TIMEOUT=1 >>"$LKROOT/etc/default/LifeKeeper"
	own_action comm/ip quickCheck <<<'exec sleep 100'
	in_service
	monitor
	wait_until 13 logged 'END failed quickCheck of "ip1" due to a "ALRM" signal.'
	grep -q ':001047:' "$LKROOT/out/lifekeeper.log"
	wait_until 13 grep -q '^.* quickCheck of "ip1" was not finished after 1 s' "$LKROOT/out/ResMonTimeout.log"
	wait_until 13 grep -q '^  MemTotal:' "$LKROOT/out/ResMonTimeout.log"
	wait_until 13 ran quickCheck ip1 2
	state_is ip1 ISP
	[ "$(count recover ip1)" -eq 0 ]
	echo ResMon_ResFail=1 >>"$LKROOT/etc/default/LifeKeeper"
	wait_until 13 ran recover ip1 1
}

# Never the real one: a stand-in that only notes how it was called.
no_reboot() {
	printf '#!/bin/sh\necho "lk_reboot $*" >>"%s"\n' "$J" >"$LKROOT/bin/lk_reboot"
	chmod 755 "$LKROOT/bin/lk_reboot"
}

@test "with ResMon_RebootWaitInSec the first check over its limit has the system rebooted, once" {
	no_reboot
	interval ip1 1 0
	printf '%s\n' IP_QUICKCHECK_TIMEOUT=1 ResMon_RebootWaitInSec=7 >>"$LKROOT/etc/default/LifeKeeper"
	own_action comm/ip quickCheck <<<'exec sleep 100'
	in_service
	monitor
	wait_until 30 ran quickCheck ip1 3
	wait_until 13 grep -q '^lk_reboot' "$J"
	[ "$(grep '^lk_reboot' "$J")" = 'lk_reboot -w 7 -r quickCheck of "ip1" was not finished after 1 s' ]
	state_is ip1 ISP
}

@test "checks that hang do not delay others" {
	echo CHECK_PARALLEL=1 >>"$LKROOT/etc/default/LifeKeeper"
	interval ip1 1 0
	interval app1 1 0
	interval vol1 1 0
	own_action comm/ip quickCheck <<<'exec sleep 100'
	own_action gen/app quickCheck <<<'exec sleep 100'
	in_service
	monitor
	wait_until 13 ran quickCheck ip1 1
	wait_until 13 ran quickCheck app1 1
	: >"$J"
	wait_until 13 ran quickCheck vol1 3
	[ "$(count quickCheck ip1)" -eq 0 ]
}

@test "a registered process that ends has its resource checked at once, whatever the interval" {
	interval ip1 600 0
	in_service
	sleep 1000 3>&- &
	local sleeper=$!
	lk_watch -t ip1 -p $sleeper
	monitor
	wait_until 13 ran quickCheck ip1 1
	sleep 1000 3>&- &
	local second=$!
	lk_watch -t ip1 -p $second
	kill -KILL $sleeper
	local begin
	begin=$(now_ms)
	wait_until 13 ran quickCheck ip1 2
	echo "noticed after $(($(now_ms) - begin)) ms"
	logged "\"ip1\" is checked now: process $sleeper has ended"
	kill -KILL $second
	wait_until 13 ran quickCheck ip1 3
	[ "$(count quickCheck vol1)" -eq 0 ]
}

@test "a process that had ended before it could be watched is noticed, and a forgotten one is not" {
	interval ip1 600 0
	in_service
	monitor
	wait_until 13 ran quickCheck ip1 1
	sleep 1000 3>&- &
	local sleeper=$!
	kill -STOP "$PID"
	lk_watch -t ip1 -p $sleeper
	kill -KILL $sleeper
	wait $sleeper || true
	kill -CONT "$PID"
	wait_until 13 ran quickCheck ip1 2
	sleep 1000 3>&- &
	sleeper=$!
	lk_watch -t ip1 -p $sleeper
	lk_watch -t ip1 -r
	interval vol1 1 0
	wait_until 13 ran quickCheck vol1 1
	kill -KILL $sleeper
	wait $sleeper || true
	wait_until 13 ran quickCheck vol1 3
	[ "$(count quickCheck ip1)" -eq 2 ]
}

@test "a lost address and a lost link have their resource checked at once" {
	[ "$(id -u)" -eq 0 ] && unshare -n true 2>/dev/null || skip "needs root, for a network namespace"
	interval ip1 600 0
	interval vol1 600 0
	in_service
	ins_setin -t ip1 -v 'dev=lkt0 prefix=24'
	# shellcheck disable=SC2016
	unshare -n sh -c 'ip link add lkt0 type veth peer name lkt1; ip link set lkt1 up; ip link set lkt0 up; ip addr add 10.0.0.10/24 dev lkt0
		"$0" -f & echo $! >"$1/pid"
		while [ ! -e "$1/1" ]; do sleep 0.02; done; ip addr del 10.0.0.10/24 dev lkt0
		while [ ! -e "$1/2" ]; do sleep 0.02; done; ip link set lkt0 down
		wait' "$LKCHECK" "$BATS_TEST_TMPDIR" 3>&- 2>/dev/null &
	wait_until 10 logged 'the monitor is ready'
	PID=$(cat "$BATS_TEST_TMPDIR/pid")
	wait_until 13 ran quickCheck ip1 1
	wait_until 13 ran quickCheck vol1 1
	: >"$BATS_TEST_TMPDIR/1"
	wait_until 13 ran quickCheck ip1 2
	logged '"ip1" is checked now: lost 10.0.0.10'
	: >"$BATS_TEST_TMPDIR/2"
	wait_until 13 ran quickCheck ip1 3
	logged '"ip1" is checked now: lost lkt0'
	[ "$(count quickCheck vol1)" -eq 1 ]
}

@test "a second monitor gives 4, TERM ends the first one with its checks" {
	interval ip1 1 0
	own_action comm/ip quickCheck <<<"echo \$\$ >'$LKROOT/checking'; exec sleep 1000"
	in_service
	monitor
	wait_until 13 test -s "$LKROOT/checking"
	expect 4 "$LKCHECK" -f
	says 'is running already'
	kill -TERM "$PID"
	wait "$PID"
	PID=
	wait_until 10 test ! -e "/proc/$(cat "$LKROOT/checking")"
	logged 'the monitor ends, by signal 15'
	state_is ip1 ISP
}

@test "without -f it goes to the background when it is ready" {
	in_service
	expect 0 "$LKCHECK"
	logged 'the monitor is ready: 3 resources'
	PID=$(sed -n 's/.*lkcheck\[\([0-9]*\)\].*is ready.*/\1/p' "$LKROOT/out/lifekeeper.log")
	[ -n "$PID" ]
	kill -TERM "$PID"
	wait_until 10 logged 'the monitor ends'
	PID=
}
