#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: retstate tag

load ../helpers/tree

setup() {
	f0
	app_create -a comm
	typ_create -a comm -r ip
	ins_create -a comm -r ip -t ip1 -i 10.0.0.10
	FILE=$LKROOT/subsys/comm/resources/ip/instances
}

teardown() {
	[ -z "${HOLDER:-}" ] || kill "$HOLDER" 2>/dev/null || true
}

# State, reason, reservation and holder of ip1, as a script or a daemon would have left them.
ip1_is() {	# STATE REASON [RESERVATION PID]
	awk -F '\t' -v OFS='\t' -v s="$1" -v r="$2" -v v="${3:-}" -v h="${4:-0}" \
		'$1 == "ip1" { $4 = s; $5 = r; $7 = v; $8 = h } { print }' "$FILE" >"$FILE.x"
	mv "$FILE.x" "$FILE"
}

state() {
	expect 0 ins_list -f: -t ip1
	fields 7,8 :
	echo "$output"
}

@test "RS1: OSF becomes OSU and the reason is emptied" {
	ip1_is OSF 'restore action has failed'
	expect 0 retstate ip1
	lines_are
	[ "$(state)" = OSU: ]
}

@test "RS2: other states stay as they are" {
	local s before
	for s in ISP ISU OSU ILLSTATE; do
		ip1_is "$s" 'some reason'
		before=$(database)
		expect 0 retstate ip1
		[ "$(database)" = "$before" ]
	done
}

@test "RS3: an unknown tag gives 7" {
	expect 7 retstate nope
	says 'tag "nope" does not exist'
}

@test "RS4: exactly one tag is needed" {
	expect 2 retstate
	says 'Usage: retstate tag'
	expect 2 retstate ip1 ip1
}

@test "RS5: a reserved instance is changed after its release" {
	sleep 60 3>&- &
	HOLDER=$!
	ip1_is OSF x RESTORE "$HOLDER"
	retstate ip1 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	local pid=$!
	wait_until 10 grep -q "waiting for process $HOLDER, which has \"ip1\" reserved" \
		"$BATS_TEST_TMPDIR/err"
	[ "$(state)" = OSF:x ]
	kill "$HOLDER"
	wait "$HOLDER" || true
	wait "$pid"
	[ "$(state)" = OSU: ]
}

@test "a dead holder's reservation does not count" {
	sh -c 'exit 0' &
	wait $!
	ip1_is OSF x RESTORE "$!"
	expect 0 timeout 10 retstate ip1
	[ -z "$stderr" ]
	[ "$(state)" = OSU: ]
}

@test "after RESERVETIMEOUT a reservation is not waited for any longer" {
	sleep 60 3>&- &
	HOLDER=$!
	ip1_is OSF x RESTORE "$HOLDER"
	echo RESERVETIMEOUT=1 >"$LKROOT/etc/default/LifeKeeper"
	expect 0 timeout 10 retstate ip1
	[ "$(state)" = OSU: ]
}

@test "a damaged tunable is reported" {
	sleep 60 3>&- &
	HOLDER=$!
	ip1_is OSF x RESTORE "$HOLDER"
	echo RESERVETIMEOUT=soon >"$LKROOT/etc/default/LifeKeeper"
	expect 5 retstate ip1
	says 'RESERVETIMEOUT "soon"'
	echo 'RESERVETIMEOUT = 1' >"$LKROOT/etc/default/LifeKeeper"
	expect 3 retstate ip1
	says 'etc/default/LifeKeeper:1: '
	[ "$(state)" = OSF:x ]
}

@test "an interrupted wait changes nothing" {
	sleep 60 3>&- &
	HOLDER=$!
	ip1_is OSF x RESTORE "$HOLDER"
	# one signal: timeout(1) sends two, and a second one during the cleanup kills
	retstate ip1 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	local pid=$! rc=0
	wait_until 30 grep -q 'waiting for process' "$BATS_TEST_TMPDIR/err"
	kill "$pid"
	wait "$pid" || rc=$?
	[ "$rc" -eq 1 ]
	grep -q 'interrupted by signal 15' "$BATS_TEST_TMPDIR/err"
	[ "$(state)" = OSF:x ]
}

@test "a damaged tree gives 3" {
	echo broken >"$FILE"
	expect 3 retstate ip1
	says 'instances:1: '
}
