#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The kit gen/qsp, quick service protection: with a real systemd in namespaces, and with real init
# scripts in a mount namespace that has an /etc/init.d of the test's own.
# shellcheck disable=SC2016,SC2034

load standard
load systemd

setup() {
	[ "$(id -u)" -eq 0 ] || skip 'namespaces need root'
	KIT=gen/qsp TAG=QSP-foo ID=foo
	kit_tree "$KIT"
	tunables QSP_CHECK_TIME=2 QSP_START_TIME=10 QSP_STOP_TIME=10
}

teardown() {
	systemd_down
	[ ! -s "$BATS_TEST_TMPDIR/daemon.pid" ] || kill "$(cat "$BATS_TEST_TMPDIR/daemon.pid")" 2>/dev/null || :
}

tunables() { printf '%s\n' "$@" >"$LKROOT/etc/default/LifeKeeper"; }

# The shells of the standard tests, each inside of where the service is: shells COMMAND...
shells() {
	local shell
	KIT_SHELLS=
	for shell in dash bash; do
		printf '#!/bin/sh\n%s %s "$@"\n' "$*" "$shell" >"$BATS_TEST_TMPDIR/in-$shell"
		chmod 755 "$BATS_TEST_TMPDIR/in-$shell"
		KIT_SHELLS="$KIT_SHELLS $BATS_TEST_TMPDIR/in-$shell"
	done
	KIT_SHELLS=${KIT_SHELLS# }
	kit_shell=${KIT_SHELLS%% *}
}

# ---- with systemd ----

with_systemd() {
	systemd_up "$BATS_TEST_TMPDIR" "$LK_BIN" || skip 'systemd cannot run in namespaces here'
	unit foo 'ExecStart=/bin/sleep 10000'
	in_systemd systemctl daemon-reload
	shells exec nsenter -t "$SYSTEMD_PID" -m -p --
}

in_systemd() { nsenter -t "$SYSTEMD_PID" -m -p -- "$@"; }

# The pids of programs in there mean others out here: they are kept apart from those that the
# standard tests kill, and looked for in there.
stub_hang() {	# PROGRAM
	stub "$1" "trap '' TERM; echo \$\$ >>'$BATS_TEST_TMPDIR/inside'; echo inside >>'$BATS_TEST_TMPDIR/hangs'
		while :; do sleep 0.2; done"
}

none_hangs() {
	local pid
	[ -n "$SYSTEMD_PID" ] || set -- env
	while read -r pid; do
		! "${@:-in_systemd}" grep -sqv ') Z' "/proc/$pid/stat" || return 1
	done <"$BATS_TEST_TMPDIR/inside"
}

unit() {	# NAME LINE...
	local name=$1
	shift
	{
		printf '[Unit]\nDefaultDependencies=no\nStartLimitIntervalSec=600\nStartLimitBurst=50\n[Service]\n'
		printf '%s\n' "$@"
		printf '[Install]\nWantedBy=default.target\n'
	} >"$SYSTEMD_UNITS/$name.service"
}

kit_is_up() {
	if [ -n "$SYSTEMD_PID" ]; then
		in_systemd systemctl is-active --quiet foo
	else
		kill -0 "$(cat "$BATS_TEST_TMPDIR/daemon.pid" 2>/dev/null)" 2>/dev/null
	fi
}

protect() { ins_create -a gen -r qsp -t "$TAG" -i "$ID"; }

@test "a unit: the standard tests" {
	with_systemd
	protect
	standard_double_restore
	standard_double_remove
	standard_missing_tool systemctl restore remove recover quickCheck deepCheck
	standard_killed systemctl restore
	standard_killed systemctl remove
	standard_wrong_call
}

@test "a unit: a systemctl that hangs ends, and a check cannot tell" {
	with_systemd
	protect
	tunables QSP_CHECK_TIME=1 QSP_START_TIME=1 QSP_STOP_TIME=1
	standard_hanging systemctl restore 1
	standard_hanging systemctl quickCheck 2
}

@test "a unit: checks find a stopped, a failed and a masked service, and recover starts it" {
	with_systemd
	protect
	each_shell found_down
	in_systemd systemctl stop foo
	mv "$SYSTEMD_UNITS/foo.service" "$SYSTEMD_UNITS/away"
	ln -s /dev/null "$SYSTEMD_UNITS/foo.service"
	in_systemd systemctl daemon-reload
	expect 1 action quickCheck
	expect 1 action recover
}

found_down() {
	expect 0 action restore && expect 0 action quickCheck && expect 0 action deepCheck &&
		in_systemd systemctl kill --signal=KILL foo && wait_until 5 not_up &&
		expect 1 action quickCheck && logged '710304:foo is failed' && expect 1 action deepCheck &&
		expect 0 action recover && kit_is_up && expect 0 action quickCheck &&
		in_systemd systemctl stop foo && expect 1 action quickCheck
}

not_up() { ! kit_is_up; }

@test "a unit that failed too often is started all the same" {
	with_systemd
	protect
	sed -i 's/Burst=.*/Burst=1/' "$SYSTEMD_UNITS/foo.service"
	in_systemd systemctl daemon-reload
	each_shell expect 0 action recover
	each_shell expect 0 action recover
}

@test "a unit that takes long is waited for, within the limit, and nothing is left half started" {
	with_systemd
	protect
	unit foo Type=forking 'ExecStart=/bin/sh -c "sleep 1; sleep 10000 &"'
	in_systemd systemctl daemon-reload
	each_shell slow_start
	tunables QSP_CHECK_TIME=2 QSP_START_TIME=1
	unit foo Type=notify 'ExecStart=/bin/sleep 10000'
	in_systemd systemctl daemon-reload
	each_shell expect 1 action restore
	logged '710301:foo was not up after 1 s'
	wait_until 5 is_state inactive
}

slow_start() { expect 0 action restore && kit_is_up && expect 0 action remove; }
is_state() { [ "$(in_systemd systemctl is-active foo)" = "$1" ]; }

@test "a unit that is not active after its start cannot be protected" {
	with_systemd
	protect
	unit foo Type=oneshot 'ExecStart=/bin/true'
	in_systemd systemctl daemon-reload
	each_shell expect 1 action restore
	logged '710302:foo was started and is inactive'
}

@test "a unit that does not heed TERM is killed by remove" {
	with_systemd
	protect
	unit foo "ExecStart=/bin/bash -c \"trap '' TERM; while :; do sleep 1; done\"" TimeoutStopSec=infinity
	in_systemd systemctl daemon-reload
	tunables QSP_CHECK_TIME=3 QSP_STOP_TIME=1
	each_shell expect 0 action restore
	each_shell expect 0 action remove
	logged '710303:foo has not stopped after 1 s and is killed'
	run ! kit_is_up
}

@test "a unit that is no more is stopped for remove and failed for a check" {
	with_systemd
	protect
	rm "$SYSTEMD_UNITS/foo.service"
	in_systemd systemctl daemon-reload
	each_shell expect 0 action remove
	each_shell expect 1 action quickCheck
	each_shell expect 1 action restore
	logged '134607:systemctl command has failed for "QSP-foo"'
}

@test "deepCheck finds a unit whose processes are gone though it counts as active" {
	with_systemd
	protect
	unit foo Type=forking RemainAfterExit=yes 'ExecStart=/bin/sh -c "sleep 10000 &"'
	in_systemd systemctl daemon-reload
	expect 0 action restore
	expect 0 action deepCheck
	in_systemd systemctl kill foo
	wait_until 5 substate exited
	each_shell expect 0 action quickCheck
	each_shell expect 1 action deepCheck
	logged '710304:foo is active (exited)'
}

substate() { [ "$(in_systemd systemctl show -p SubState --value foo)" = "$1" ]; }

@test "create takes a running unit, by any of its names, and warns if systemd starts it at boot" {
	with_systemd
	in_systemd systemctl start foo
	expect 0 program create --service foo.service
	lines_are QSP-foo
	expect 0 ins_list -f'|' -t QSP-foo
	fields 4-7,13-15 '|'
	lines_are 'QSP-foo|foo||ISP|180|300|1'
	expect 4 program create --service foo --tag other
	kit_is_up
	expect 0 program delete --tag QSP-foo
	kit_is_up
	in_systemd systemctl enable foo
	expect 0 program create --service foo
	says 'systemctl disable foo'
}

@test "create refuses what is unknown, masked, stopped or has another kit, and changes nothing" {
	local before
	with_systemd
	before=$(database)
	expect 5 program create --service none
	says 'unit none is not-found'
	expect 5 program create --service '-rf'
	expect 5 program create --service 'a/b'
	expect 5 program create --service foo
	says 'foo does not run; start it first'
	in_systemd systemctl start foo
	echo foo >"$LKROOT/subsys/gen/resources/qsp/services"
	each_shell expect 5 program create --service foo
	says 'foo has a kit of its own'
	rm "$LKROOT/subsys/gen/resources/qsp/services"
	[ "$(database)" = "$before" ]
	in_systemd systemctl stop foo
	each_shell created_stopped
}

created_stopped() {
	expect 0 program create --service foo --inservice N && expect 0 ins_remove -t QSP-foo && ! kit_is_up
}

@test "extend needs the unit on the target" {
	with_systemd
	kit_peer "$KIT"
	in_systemd systemctl start foo
	expect 0 program create --service foo
	each_shell expect 0 program canextend --tag QSP-foo --target beta
	expect 0 program extend --tag QSP-foo --target beta
	expect 0 ins_list -d beta -f'|' -t QSP-foo
	fields 4-7 '|'
	lines_are 'QSP-foo|foo||OSU'
	expect 0 program unextend --tag QSP-foo --target beta
	rm "$SYSTEMD_UNITS/foo.service"
	in_systemd systemctl stop foo
	in_systemd systemctl daemon-reload
	expect 5 program canextend --tag QSP-foo --target beta
}

# ---- with init scripts ----

with_init() {
	mkdir "$BATS_TEST_TMPDIR/init.d"
	init_script 'pid=$BATS_TEST_TMPDIR/daemon.pid
up() { [ -s "$pid" ] && kill -0 "$(cat "$pid")" 2>/dev/null; }
case $1 in
start)
	up && exit 0
	sleep 10000 >/dev/null 2>&1 3>&- &
	echo $! >"$pid"
	;;
stop) ! up || { kill "$(cat "$pid")" && rm "$pid"; } ;;
status) up || { [ ! -s "$pid" ] || exit 1; exit 3; } ;;
*) exit 2 ;;
esac'
	export BATS_TEST_TMPDIR
	cat >"$BATS_TEST_TMPDIR/with-init" <<-'EOF'
	#!/bin/sh
	mount -n --bind "$BATS_TEST_TMPDIR/init.d" /etc/init.d && mount -n -t tmpfs run /run && exec "$@"
	EOF
	chmod 755 "$BATS_TEST_TMPDIR/with-init"
	shells exec unshare -m "$BATS_TEST_TMPDIR/with-init"
}

init_script() {	# TEXT
	printf '#!/bin/sh\n%s\n' "$1" >"$BATS_TEST_TMPDIR/init.d/foo"
	chmod 755 "$BATS_TEST_TMPDIR/init.d/foo"
}

@test "an init script: the standard tests" {
	with_init
	protect
	standard_double_restore
	standard_double_remove
	standard_wrong_call
}

@test "an init script that hangs ends with all it has started" {
	with_init
	protect
	tunables QSP_CHECK_TIME=1 QSP_START_TIME=1 QSP_STOP_TIME=1
	init_script "trap '' TERM; echo \$\$ >>'$BATS_TEST_TMPDIR/inside'; sleep 10000 & while :; do wait; done"
	expect 2 action quickCheck
	expect 1 action restore
	expect 1 action remove
	[ -s "$BATS_TEST_TMPDIR/inside" ]
	wait_until 10 none_hangs
}

@test "an init script: codes of status" {
	local code
	with_init
	protect
	for code in 0:0 1:1 2:1 3:1 4:2 5:2 127:2; do
		init_script "exit ${code%:*}"
		each_shell expect "${code#*:}" action quickCheck
		each_shell expect "${code#*:}" action deepCheck
	done
}

@test "an init script: a start that lies fails, stop codes 0 and 5 are believed, others are looked at" {
	with_init
	protect
	tunables QSP_CHECK_TIME=1
	init_script 'case $1 in status) exit 3 ;; esac'
	each_shell expect 1 action restore
	logged '710302:foo was started and is down: status 3'
	init_script 'case $1 in status) exit 4 ;; stop) exit 5 ;; esac'
	each_shell expect 0 action remove
	init_script 'case $1 in status) exit 0 ;; esac'
	each_shell expect 1 action remove
	init_script 'case $1 in status) exit 3 ;; stop) exit 1 ;; esac'
	each_shell expect 0 action remove
	init_script 'case $1 in status) exit 4 ;; stop) exit 1 ;; esac'
	each_shell expect 1 action remove
	logged '710308:stop of foo failed: exit code 1, status 4'
}

@test "an init script without a status is protected without checks" {
	with_init
	init_script 'case $1 in status) exit 3 ;; esac; echo "$1" >>"$J"'
	expect 5 program create --service foo
	expect 0 program create --service foo --quick 0
	expect 0 ins_list -f'|' -t QSP-foo
	fields 4-7,13-15 '|'
	lines_are 'QSP-foo|foo|status=N|ISP|0|0|1'
	each_shell expect 0 action quickCheck
	each_shell expect 0 action remove
	output=$(cat "$J")
	lines_are start stop stop
}

@test "an init script: create takes a running service and refuses others" {
	with_init
	expect 5 program create --service foo
	says 'foo does not run'
	expect 5 program create --service none
	"$BATS_TEST_TMPDIR/init.d/foo" start
	expect 0 program create --service foo
	lines_are QSP-foo
	kill "$(cat "$BATS_TEST_TMPDIR/daemon.pid")"
	wait_until 5 not_up
	each_shell expect 1 action quickCheck
	each_shell expect 0 action recover
	kit_is_up
}
