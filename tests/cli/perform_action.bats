#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: perform_action [-G] [-s] [-b] [-n] [--keep-owner] [--dry-run] -t tag-name -a action-name [-- arg ...]
# usage: perform_action --release [--dry-run] [--nowait] -o othersys tag ...
# usage: perform_action --release --give -o othersys tag=epoch ...

load ../helpers/tree
load ../helpers/records
load ../helpers/far

setup() {
	f1
}

# tunable KEY=VALUE
tunable() {
	echo "$1" >>"$LKROOT/etc/default/LifeKeeper"
}

# Scripts one after the other, so that the journal has an order. Without it they start in that
# order, too, but run at the same time.
one_by_one() {
	tunable ACTION_PARALLEL=1
}

# The scripts that ran, without the name of the system: journal_is LINE...
journal_is() {
	local want=""
	[ $# -eq 0 ] || want=$(printf 'alpha %s\n' "$@")
	[ "$(cat "$J")" = "$want" ] || { echo "journal:"; cat "$J"; return 1; }
}

# The states of all instances: states_are TAG=STATE...
states_are() {
	local have
	have=$(ins_list -f: | awk -F: '{ print $4 "=" $7 }' | sort | tr '\n' ' ')
	[ "$have" = "$* " ] || { echo "states: $have"; return 1; }
}

reason_of() {
	ins_list -t "$1" -f: | cut -d: -f8
}

# No reservation is left.
all_free() {
	[ "$(ins_list -f: | cut -d: -f10 | tr -d '\n')" = "" ]
}

# Reserve ip1: reserve KIND PID
reserve() {
	local file=$LKROOT/subsys/comm/resources/ip/instances
	awk -F '\t' -v OFS='\t' -v k="$1" -v h="$2" '$1 == "ip1" { $7 = k; $8 = h } { print }' \
		"$file" >"$file.x"
	mv "$file.x" "$file"
}

LOG() {
	cat "$LKROOT/out/lifekeeper.log"
}

ip1='restore -t ip1 -i 10.0.0.10'
vol1='restore -t vol1 -i /mnt/d1'
app1='restore -t app1 -i app1id'

@test "a script has its own instance in LK_RECORD, as ins_list prints it" {
	own_action comm/ip show <<-'END'
		printf '%s\n' "$LK_RECORD" >"$LKROOT/have"
		ins_list -t "$2" >"$LKROOT/want"
		env | grep -c ^LK_RECORD= >"$LKROOT/times"
	END
	LK_RECORD=inherited expect 0 perform_action -t ip1 -a show
	[ -s "$LKROOT/want" ]
	cmp "$LKROOT/have" "$LKROOT/want"
	[ "$(cat "$LKROOT/times")" -eq 1 ]
}

@test "PA1: restore brings up what the tag needs, children first" {
	one_by_one
	expect 0 perform_action -t app1 -a restore
	lines_are
	journal_is "$ip1" "$vol1" "$app1"
	states_are app1=ISP ip1=ISP vol1=ISP
	[ "$(reason_of app1)" = 'restore action has succeeded' ]
	[ "$(reason_of ip1)" = 'restore action has succeeded' ]
	all_free
}

@test "the same with branches at the same time: the parent is last" {
	expect 0 perform_action -t app1 -a restore
	[ "$(tail -1 "$J")" = "alpha $app1" ]
	[ "$(sort "$J" | head -3 | tail -2)" = "$(printf 'alpha %s\n' "$ip1" "$vol1")" ]
	states_are app1=ISP ip1=ISP vol1=ISP
}

@test "reservations and states of several types wait for the disk once per file, and write no journal" {
	local trace=$BATS_TEST_TMPDIR/trace
	strace -o /dev/null true || skip "processes cannot be traced here"
	# the leak checker of a sanitizer build cannot run under ptrace
	ASAN_OPTIONS=detect_leaks=0 expect 0 strace -e trace=renameat,fsync -o "$trace" perform_action -G -s -t vol1 -a restore
	run -1 grep "config/journal" "$trace"
	: >"$trace"
	one_by_one
	ASAN_OPTIONS=detect_leaks=0 expect 0 strace -e trace=renameat,fsync -o "$trace" perform_action -G -t app1 -a restore
	run -1 grep "config/journal" "$trace"
	# two types are left: both are reserved before the first script
	# shellcheck disable=SC2016
	run -0 awk '/SIGCHLD/ { exit } /^renameat/ { print $4 } /^fsync/ { print "fsync" }' "$trace"
	lines_are fsync fsync '"subsys/comm/resources/ip/instances")' '"subsys/gen/resources/app/instances")'
	all_free
}

@test "a remove goes on while the state of what it needed to wait for is recorded" {
	in_service
	# nobody can record anything before ip1 is removed
	own_action gen/app remove <<-'END'
		setsid flock config/lock timeout 60 sh -c 'echo >held; while [ ! -e removed ]; do sleep 0.02; done' >/dev/null 2>&1 &
		while [ ! -e held ]; do sleep 0.02; done
	END
	own_action comm/ip remove <<-'END'
		ins_list -t app1 -f: | cut -d: -f7 >seen
		mv seen removed
	END
	expect 0 timeout 50 perform_action -t ip1 -a remove
	[ "$(cat "$LKROOT/removed")" = ISP ]
	states_are app1=OSU ip1=OSU vol1=ISP
	all_free
}

@test "a remove that is killed while it goes on can be repeated" {
	in_service
	own_action gen/app remove <<-'END'
		echo app >>ran
	END
	own_action comm/ip remove <<-'END'
		echo ip >>ran
		[ -e again ] || kill -KILL "$PPID"
	END
	expect 137 perform_action -t ip1 -a remove
	touch "$LKROOT/again"
	expect 0 perform_action -t ip1 -a remove
	states_are app1=OSU ip1=OSU vol1=ISP
	[ "$(tail -1 "$LKROOT/ran")" = ip ]
	all_free
}

@test "PA2: restore brings up the parents too, with all that they need" {
	one_by_one
	expect 0 perform_action -t vol1 -a restore
	journal_is "$vol1" "$ip1" "$app1"
	states_are app1=ISP ip1=ISP vol1=ISP
}

@test "PA3: -b leaves out what is above" {
	expect 0 perform_action -b -t vol1 -a restore
	journal_is "$vol1"
	states_are app1=OSU ip1=OSU vol1=ISP
}

@test "PA4: -s leaves out all others" {
	expect 0 perform_action -s -t app1 -a restore
	journal_is "$app1"
	states_are app1=ISP ip1=OSU vol1=OSU
}

@test "PA5: remove takes out what depends on the tag, parents first" {
	in_service
	expect 0 perform_action -t ip1 -a remove
	lines_are
	journal_is 'remove -t app1 -i app1id' 'remove -t ip1 -i 10.0.0.10'
	states_are app1=OSU ip1=OSU vol1=ISP
	[ "$(reason_of app1)" = 'remove action has succeeded' ]
	[ "$(reason_of ip1)" = 'remove action has succeeded' ]
	all_free
}

@test "PA6: -s removes only the tag" {
	in_service
	expect 0 perform_action -s -t ip1 -a remove
	journal_is 'remove -t ip1 -i 10.0.0.10'
	states_are app1=ISP ip1=OSU vol1=ISP
}

@test "-b means nothing to remove" {
	in_service
	expect 0 perform_action -b -t ip1 -a remove
	journal_is 'remove -t app1 -i app1id' 'remove -t ip1 -i 10.0.0.10'
}

@test "PA7: what is in service is not restored again" {
	in_service
	expect 0 perform_action -t app1 -a restore
	journal_is
}

@test "what is out of service is not removed again" {
	ins_setst -t ip1 -S ISP
	expect 0 perform_action -t ip1 -a remove
	journal_is 'remove -t ip1 -i 10.0.0.10'
	expect 0 perform_action -t ip1 -a remove
	journal_is 'remove -t ip1 -i 10.0.0.10'
}

@test "a tag in service has its parents restored" {
	ins_setst -t ip1 -S ISP
	one_by_one
	expect 0 perform_action -t ip1 -a restore
	journal_is "$vol1" "$app1"
}

@test "PA8: ISU becomes ISP without a script" {
	one_by_one
	ins_setst -t ip1 -S ISU
	expect 0 perform_action -t app1 -a restore
	journal_is "$vol1" "$app1"
	states_are app1=ISP ip1=ISP vol1=ISP
}

@test "ISU is removed like ISP" {
	ins_setst -t ip1 -S ISU
	expect 0 perform_action -t ip1 -a remove
	journal_is 'remove -t ip1 -i 10.0.0.10'
	states_are app1=OSU ip1=OSU vol1=OSU
}

@test "PA9: a failing restore stops the rest" {
	one_by_one
	stub_action filesys/volume restore 1
	expect 1 perform_action -t app1 -a restore
	says 'restore of "vol1" failed: exit code 1'
	journal_is "$ip1" "$vol1"
	states_are app1=OSU ip1=ISP vol1=OSF
	[ "$(reason_of vol1)" = 'restore action has failed' ]
	all_free
}

@test "after a failure no script is started, not even of another branch" {
	one_by_one
	stub_action comm/ip restore 1
	expect 1 perform_action -t app1 -a restore
	journal_is "$ip1"
	states_are app1=OSU ip1=OSF vol1=OSU
	all_free
}

@test "what runs beside a failing script is awaited" {
	stub_action comm/ip restore 1
	own_action filesys/volume restore <<-EOS
		while [ ! -e "$J" ] || ! grep -q ip1 "$J"; do sleep 0.02; done
		echo "alpha slow" >>"$J"
	EOS
	expect 1 perform_action -t app1 -a restore
	journal_is "$ip1" slow
	states_are app1=OSU ip1=OSF vol1=ISP
	all_free
}

@test "after a failure the same call does the rest" {
	one_by_one
	stub_action filesys/volume restore 1
	expect 1 perform_action -t app1 -a restore
	stub_action filesys/volume restore
	: >"$J"
	expect 0 perform_action -t app1 -a restore
	journal_is "$vol1" "$app1"
	states_are app1=ISP ip1=ISP vol1=ISP
}

@test "a type without a restore script cannot be restored" {
	rm "$LKROOT/subsys/comm/resources/ip/actions/restore"
	expect 1 perform_action -b -t ip1 -a restore
	says 'type comm/ip has no action "restore"'
	states_are app1=OSU ip1=OSF vol1=OSU
}

@test "PA10: a failing remove stops the rest" {
	in_service
	stub_action gen/app remove 1
	expect 1 perform_action -t ip1 -a remove
	journal_is 'remove -t app1 -i app1id'
	states_are app1=OSF ip1=ISP vol1=ISP
	[ "$(reason_of app1)" = 'remove action has failed' ]
	all_free
}

@test "what could not be removed is marked, and the next remove runs its script again" {
	in_service
	stub_action gen/app remove 1
	expect 1 perform_action -t app1 -a remove
	expect 0 flg_test -f '!stuck!app1'
	# the mark counts, not the wording
	sed -i 's/remove action has failed/another text/' "$LKROOT"/config/* 2>/dev/null || :
	: >"$J"
	stub_action gen/app remove
	expect 0 perform_action -t app1 -a remove
	journal_is 'remove -t app1 -i app1id'
	states_are app1=OSU ip1=ISP vol1=ISP
	expect 7 flg_test -f '!stuck!app1'
}

@test "a state set by hand takes the mark of a failed remove away, a failing restore does not" {
	in_service
	stub_action gen/app remove 1
	expect 1 perform_action -t app1 -a remove
	stub_action gen/app restore 1
	expect 1 perform_action -t app1 -a restore
	expect 0 flg_test -f '!stuck!app1'
	expect 0 ins_setst -t app1 -S OSU
	expect 7 flg_test -f '!stuck!app1'
	# a failed restore alone is no such mark
	expect 1 perform_action -t app1 -a restore
	: >"$J"
	expect 0 perform_action -t app1 -a remove
	journal_is
}

@test "PA13: another action is run with the arguments behind --" {
	stub_action comm/ip reset-heads
	expect 0 perform_action -t ip1 -a reset-heads -- -h 7
	journal_is 'reset-heads -t ip1 -h 7'
	states_are app1=OSU ip1=OSU vol1=OSU
}

@test "another action fails with 1 and its output is shown" {
	own_action comm/ip reset-heads <<<'echo to stdout; echo to stderr >&2; exit 3'
	expect 1 perform_action -t ip1 -a reset-heads
	lines_are
	says 'to stdout'
	says 'to stderr'
	says 'reset-heads of "ip1" failed: exit code 3'
	LOG | grep -q 'INFO:ip:reset-heads:ip1:700380:to stdout'
}

@test "PA14: an unknown action is 7" {
	expect 7 perform_action -t ip1 -a nosuch
	says 'type comm/ip has no action "nosuch"'
}

@test "PA15: an unknown tag is 7" {
	expect 7 perform_action -t nope -a restore
	expect 7 perform_action -t nope -a remove
	expect 7 perform_action -t nope -a quickCheck
	says 'tag "nope" does not exist'
	journal_is
}

@test "PA16: tag and action are needed" {
	expect 2 perform_action -a restore
	expect 2 perform_action -t ip1
	expect 2 perform_action -t ip1 -a restore -x
	expect 5 perform_action -t ip1 -a ../restore
	journal_is
}

# app_script NAME: a script of the application comm
app_script() {
	mkdir -p "$LKROOT/subsys/comm/actions"
	printf '#!/bin/sh\necho "alpha app %s $*" >>"%s"\n' "$1" "$J" >"$LKROOT/subsys/comm/actions/$1"
	chmod 755 "$LKROOT/subsys/comm/actions/$1"
}

@test "PA17: the scripts of the application are found" {
	app_script dump.sh
	expect 0 perform_action -t ip1 -a dump
	journal_is 'app dump.sh -t ip1'
}

@test "PA18: those of the type come first" {
	app_script dump
	stub_action comm/ip dump.pl
	expect 0 perform_action -t ip1 -a dump
	journal_is 'dump.pl -t ip1'
}

@test "PA19, PA20: other spellings of the checks are found" {
	rm "$LKROOT"/subsys/comm/resources/ip/actions/*Check
	stub_action comm/ip quickchk.ksh
	stub_action comm/ip DEEPCHK
	expect 0 perform_action -t ip1 -a quickCheck
	expect 0 perform_action -t ip1 -a deepCheck
	journal_is 'quickchk.ksh -t ip1' 'DEEPCHK -t ip1'
}

global_scripts() {	# KIND [EXIT]
	local name
	mkdir -p "$LKROOT/subsys/comm/actions"
	for name in "pre$1" "post$1"; do
		# shellcheck disable=SC2016  # $* is for the script
		printf '#!/bin/sh\necho "alpha %s${*:+ $*}" >>"%s"\nexit %s\n' "$name" "$J" "${2:-0}" \
			>"$LKROOT/subsys/comm/actions/$name"
		chmod 755 "$LKROOT/subsys/comm/actions/$name"
	done
}

@test "PA21: the global scripts stand around the restore" {
	one_by_one
	global_scripts restore
	expect 0 perform_action -t app1 -a restore -- x 'y z'
	journal_is 'prerestore x y z' "$ip1 x y z" "$vol1 x y z" "$app1 x y z" 'postrestore x y z'
	expect 0 flg_list
	lines_are
}

@test "PA22: -G leaves them out" {
	global_scripts restore
	expect 0 perform_action -G -t ip1 -a restore -b
	run ! grep -q 'prerestore\|postrestore' "$J"
}

@test "the global scripts of remove and delete run likewise" {
	in_service
	global_scripts remove
	global_scripts delete
	expect 0 perform_action -s -t app1 -a remove
	expect 0 perform_action -t app1 -a delete
	expect 0 perform_action -G -t app1 -a delete
	journal_is preremove 'remove -t app1 -i app1id' postremove \
		predelete 'delete -t app1' postdelete 'delete -t app1'
}

@test "a failing global script does not matter" {
	global_scripts restore 3
	expect 0 perform_action -b -t ip1 -a restore
	says 'prerestore: exit code 3'
	journal_is prerestore "$ip1" postrestore
}

@test "inside an operation that holds the admin lock, the post scripts are given -m" {
	global_scripts restore
	getlocks -a alpha -i Create_Hierarchy -l "$BATS_TEST_TMPDIR/L" -p $$
	expect 0 timeout 20 perform_action -b -t ip1 -a restore
	[ "$(tail -1 "$J")" = 'alpha postrestore -m' ]
	: >"$J"
	expect 0 timeout 20 perform_action -s -t vol1 -a restore -- -m
	journal_is 'prerestore -m' "$vol1 -m" 'postrestore -m'
	expect 0 rlslocks -a alpha -l "$BATS_TEST_TMPDIR/L"
}

@test "PA23: what a running process has reserved is waited for" {
	sleep 60 3>&- &
	local holder=$! rc=0
	reserve REMOVE "$holder"
	perform_action -t app1 -a restore 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	local pid=$!
	wait_until 10 grep -q "waiting for process $holder" "$BATS_TEST_TMPDIR/err"
	journal_is
	kill "$holder"
	wait "$holder" || true
	wait "$pid" || rc=$?
	[ "$rc" -eq 0 ]
	states_are app1=ISP ip1=ISP vol1=ISP
}

@test "PA24: a dead holder is not waited for" {
	sh -c 'exit 0' &
	local holder=$!
	wait "$holder"
	reserve REMOVE "$holder"
	expect 0 timeout 20 perform_action -t app1 -a restore
	states_are app1=ISP ip1=ISP vol1=ISP
	all_free
}

@test "PA25: -n waits for nobody, and leaves the reservation alone" {
	sleep 60 3>&- &
	local holder=$!
	reserve REMOVE "$holder"
	expect 0 timeout 20 perform_action -n -t app1 -a restore
	states_are app1=ISP ip1=ISP vol1=ISP
	expect 0 ins_list -t ip1 -f:
	fields 10,11 :
	lines_are "REMOVE:$holder"
	kill "$holder"
}

@test "a live holder is waited for no longer than RESERVETIMEOUT" {
	tunable RESERVETIMEOUT=0
	sleep 60 3>&- &
	local holder=$!
	reserve REMOVE "$holder"
	expect 0 timeout 20 perform_action -t app1 -a restore
	states_are app1=ISP ip1=ISP vol1=ISP
	all_free
	kill "$holder"
}

@test "the reservation of an operation that waits for us is no obstacle, and comes back" {
	reserve RECOVER $$
	expect 0 timeout 20 perform_action -t app1 -a restore
	states_are app1=ISP ip1=ISP vol1=ISP
	expect 0 ins_list -f:
	fields 4,10,11 :
	lines_are "ip1:RECOVER:$$" vol1::0 app1::0
}

@test "a terminal that has gone away is no reason to stop halfway" {
	global_scripts restore 3
	perform_action -t app1 -a restore 2>&1 | :
	states_are app1=ISP ip1=ISP vol1=ISP
	[ "$(tail -1 "$J")" = 'alpha postrestore' ]
}

@test "PA26: all of the plan is reserved while a script runs" {
	own_action comm/ip restore <<-EOS
		: >"$LKROOT/tmp/begun"
		while [ ! -e "$LKROOT/tmp/go" ]; do sleep 0.02; done
	EOS
	perform_action -t app1 -a restore 3>&- &
	local pid=$!
	wait_until 10 test -e "$LKROOT/tmp/begun"
	expect 0 ins_list -f:
	fields 4,10,11 :
	lines_are "ip1:RESTORE:$pid" "vol1:RESTORE:$pid" "app1:RESTORE:$pid"
	: >"$LKROOT/tmp/go"
	wait "$pid"
	all_free
}

@test "PA27: without quorum nothing is restored" {
	rm -r "$LKROOT"
	f3
	tunable QUORUM_MODE=majority
	expect 3 perform_action -t app1 -a restore
	says 'no quorum'
	says '1 of 3 systems are ALIVE'
	journal_is
	tunable QUORUM_MODE=none
	expect 0 perform_action -t app1 -a restore
}

@test "quorum does not matter to remove" {
	in_service
	tunable QUORUM_MODE=majority
	sys_create -s beta
	sys_create -s gamma
	expect 0 perform_action -t ip1 -a remove
	states_are app1=OSU ip1=OSU vol1=ISP
	expect 3 perform_action -t ip1 -a restore
	rm "$LKROOT/run/quorum.modes"
	tunable QUORUM_MODE=lots
	expect 3 perform_action -t ip1 -a restore
	says 'QUORUM_MODE "lots" is not known'
}

@test "two modes that do not go together are refused, or the last that did stay in force" {
	in_service
	perform_action -t app1 -a remove
	tunable QUORUM_MODE=storage
	expect 3 perform_action -t app1 -a restore
	says 'QUORUM_MODE "storage" and WITNESS_MODE "none" do not go together'
	tunable QUORUM_MODE=off
	tunable WITNESS_MODE=storage
	expect 3 perform_action -t app1 -a restore
	says 'QUORUM_MODE "none" and WITNESS_MODE "storage" do not go together'
	tunable WITNESS_MODE=nobody
	expect 3 perform_action -t app1 -a restore
	says 'WITNESS_MODE "nobody" is not known'
	tunable WITNESS_MODE=remote_verify
	tunable QUORUM_MODE=majority
	expect 0 perform_action -t ip1 -a restore
	[ "$(<"$LKROOT/run/quorum.modes")" = 'majority remote_verify' ]
	tunable WITNESS_MODE=storage
	expect 0 perform_action -t app1 -a restore
	grep -q 'do not go together: QUORUM_MODE "majority" and WITNESS_MODE "remote_verify" stay in force' \
		"$LKROOT/out/lifekeeper.log"
	perform_action -t app1 -a remove
	sys_create -s beta
	sys_create -s gamma
	expect 3 perform_action -t app1 -a restore
	says '1 of 3 systems are ALIVE'
}

@test "without a quorum mode nothing is noted" {
	in_service
	[ ! -e "$LKROOT/run/quorum.modes" ]
	tunable QUORUM_MODE=none
	expect 0 perform_action -t app1 -a restore
	[ ! -e "$LKROOT/run/quorum.modes" ]
}

@test "tcp_remote needs hosts to connect to" {
	in_service
	perform_action -t app1 -a remove
	tunable QUORUM_MODE=tcp_remote
	expect 3 perform_action -t app1 -a restore
	says 'QUORUM_HOSTS "": the tunable is not set'
	local text
	for text in host host: :80 host:80,x host:http '[]:80' host:0 host:99999 host:65536 host:080808 'host:80,' host:80,,b:1; do
		tunable "QUORUM_HOSTS=$text"
		expect 3 perform_action -t app1 -a restore
		says ': host:port is needed'
	done
	tunable 'QUORUM_HOSTS="a:1, b:2"'
	expect 3 perform_action -t app1 -a restore
	says 'QUORUM_HOSTS " b:2": blanks are not allowed'
	tunable QUORUM_HOSTS=a:1,b:2,A:01
	expect 3 perform_action -t app1 -a restore
	says 'QUORUM_HOSTS "A:01": it is there twice'
	tunable QUORUM_HOSTS=127.0.0.1:1,127.0.0.2:1
	tunable QUORUM_TIMEOUT_SECS=601
	expect 3 perform_action -t app1 -a restore
	says 'QUORUM_TIMEOUT_SECS'
	tunable QUORUM_TIMEOUT_SECS=20
	expect 3 perform_action -t app1 -a restore
	says '0 of 2 hosts take a connection'
}

@test "PA28: two hierarchies over one resource" {
	one_by_one
	ins_create -a gen -r app -t app2 -i app2id
	dep_create -p app2 -c vol1
	expect 0 perform_action -t vol1 -a restore
	journal_is "$vol1" "$ip1" "$app1" 'restore -t app2 -i app2id'
}

@test "PA12 on alpha: --release takes out what another system wants, and what depends on it" {
	in_service
	one_by_one
	global_scripts remove
	expect 0 perform_action --release -o beta ip1 nope
	lines_are
	[ "${stderr:-}" = '' ]
	journal_is 'remove -t app1 -i app1id' 'remove -t ip1 -i 10.0.0.10'
	states_are app1=OSU ip1=OSU vol1=ISP
	expect 0 perform_action --release -o beta ip1 vol1 app1
	states_are app1=OSU ip1=OSU vol1=OSU
	all_free
}

@test "--release of what is not in service changes nothing" {
	local before
	before=$(database)
	expect 0 perform_action --release -o beta ip1 vol1 app1 nope
	expect 0 perform_action --release -o beta nope
	[ "$(database)" = "$before" ]
	journal_is
}

@test "--release --nowait names what another operation is at work on, and does nothing then" {
	in_service
	one_by_one
	sleep 60 3>&- &
	local holder=$!
	taken_by "$holder" ip1 REMOVE
	expect 4 timeout 20 perform_action --release --nowait -o beta vol1 ip1 nope
	lines_are ip1
	says '(No. 720100) another operation is at work on "ip1" on system "alpha"'
	# what depends on both
	taken_by "$holder" app1 RESTORE
	expect 4 timeout 20 perform_action --release --nowait -o beta vol1 ip1
	lines_are vol1 ip1
	journal_is
	kill "$holder"
	wait "$holder" || true
	expect 0 perform_action --release --nowait -o beta vol1 ip1
	states_are app1=OSU ip1=OSU vol1=OSU
	all_free
}

@test "--release fails with 1 if a remove fails" {
	in_service
	one_by_one
	stub_action filesys/volume remove 1
	expect 1 perform_action --release -o beta vol1 ip1
	journal_is 'remove -t app1 -i app1id' 'remove -t ip1 -i 10.0.0.10' 'remove -t vol1 -i /mnt/d1'
	states_are app1=OSU ip1=OSU vol1=OSF
}

@test "--release --give records the new owner, after the last remove" {
	in_service
	expect 0 lk_epoch -t ip1 -e 4 -o alpha
	own_action comm/ip remove <<-'END'
		lk_epoch -l -t ip1 -f: >"$LKROOT/then"
	END
	expect 0 perform_action --release --give -o beta ip1=5 app1=2 nope=7
	lines_are
	states_are app1=OSU ip1=OSU vol1=ISP
	[ "$(cut -d: -f1-3 "$LKROOT/then")" = ip1:4:alpha ]
	[ "$(lk_epoch -l -f: | cut -d: -f1-3 | tr '\n' ' ')" = 'app1:2:beta ip1:5:beta ' ]
	all_free
	expect 0 perform_action --release --give -o beta ip1=5 app1=2 nope=7
	[ "$(lk_epoch -l -f: | cut -d: -f1-3 | tr '\n' ' ')" = 'app1:2:beta ip1:5:beta ' ]
}

@test "--give after a remove that fails records nothing" {
	in_service
	expect 0 lk_epoch -t ip1 -e 4 -o alpha
	stub_action comm/ip remove 1
	expect 1 perform_action --release --give -o beta ip1=5 app1=2
	states_are app1=OSU ip1=OSF vol1=ISP
	[ "$(lk_epoch -l -f: | cut -d: -f1-3)" = ip1:4:alpha ]
}

@test "--give where a newer owner is known leaves all in service, with 4" {
	in_service
	expect 0 lk_epoch -t ip1 -e 6 -o gamma
	expect 4 perform_action --release --give -o beta ip1=5 app1=2
	says 'system "beta" says of its owner is not the newest: epoch 5 of "ip1" is older than 6'
	expect 4 perform_action --release --give -o beta ip1=6
	says 'split brain'
	journal_is
	states_are app1=ISP ip1=ISP vol1=ISP
	[ "$(lk_epoch -l -f: | cut -d: -f1-3)" = ip1:6:gamma ]
}

@test "--give takes tags with their epochs" {
	expect 2 perform_action --release --give -o beta ip1
	says 'TAG=EPOCH is needed'
	expect 5 perform_action --release --give -o beta ip1=x
	expect 5 perform_action --release --give -o 'be ta' ip1=1
	expect 2 perform_action --release --give --dry-run -o beta ip1=1
	expect 2 perform_action --give -t ip1 -a remove
	says 'option --give needs --release'
}

@test "the two forms do not mix" {
	expect 2 perform_action --release ip1
	says 'option -o is missing'
	expect 2 perform_action --release -o beta
	says 'argument tag is missing'
	expect 2 perform_action --release -o beta -a remove ip1
	expect 2 perform_action -o beta -t ip1 -a remove
	says 'option -o needs --release'
	expect 2 perform_action --nowait -a remove -t ip1
	says 'option --nowait needs --release'
}

@test "restore makes this system the owner of what is shared" {
	rm -r "$LKROOT"
	f2
	expect 0 perform_action -b -t ip1 -a restore
	expect 0 lk_epoch -l -f:
	fields 1-3 :
	lines_are ip1:1:alpha
	perform_action -t ip1 -a remove
	lk_epoch -t ip1 -e 3 -o beta
	expect 1 perform_action -t ip1 -a restore
	says "CRITICAL (No. 472) Can't run this application without LCD Daemon running."
	states_are app1=OSU ip1=OSU vol1=OSU
	all_free
	lk_epoch -t ip1 -e 4 -o alpha
	expect 0 perform_action -t ip1 -a restore
	states_are app1=ISP ip1=ISP vol1=ISP
}

@test "a remove leaves what is shared to nobody, unless --keep-owner says otherwise" {
	rm -r "$LKROOT"
	f2
	expect 0 perform_action -b -t ip1 -a restore
	expect 0 perform_action --keep-owner -t ip1 -a remove
	expect 0 lk_epoch -l -f:
	fields 1-3 :
	lines_are ip1:1:alpha
	expect 0 perform_action -b -t ip1 -a restore
	expect 0 perform_action -t ip1 -a remove
	expect 0 lk_epoch -l -f:
	fields 1-3 :
	lines_are ip1:2:-
	expect 0 perform_action -b -t ip1 -a restore
	expect 0 lk_epoch -l -f:
	fields 1-3 :
	lines_are ip1:3:alpha
}

@test "a remove of what has failed here leaves it to nobody, too" {
	rm -r "$LKROOT"
	f2
	stub_action comm/ip restore 1
	expect 1 perform_action -b -t ip1 -a restore
	expect 0 lk_epoch -l -f:
	fields 1-3 :
	lines_are ip1:1:alpha
	expect 0 perform_action -t ip1 -a remove
	expect 0 lk_epoch -l -f:
	fields 1-3 :
	lines_are ip1:2:-
}

@test "what has two owners is moved by nobody until that is resolved" {
	flg_create -f '!split!vol1'
	expect 3 perform_action -t app1 -a restore
	says 'split brain'
	states_are app1=OSU ip1=OSU vol1=OSU
	flg_remove -f '!split!vol1'
	expect 0 perform_action -t app1 -a restore
}

@test "a script holds no lock: the tree can be changed meanwhile" {
	own_action comm/ip restore <<<'flg_create -f meanwhile'
	expect 0 perform_action -b -t ip1 -a restore
	expect 0 flg_test -f meanwhile
}

@test "what a script has restored by itself is not restored again" {
	one_by_one
	own_action comm/ip restore <<<'ins_setst -t vol1 -S ISP -R by-hand'
	expect 0 perform_action -t app1 -a restore
	journal_is "$app1"
	[ "$(reason_of vol1)" = by-hand ]
}

@test "a script may call perform_action for what is reserved for it" {
	one_by_one
	own_action gen/app restore <<<'perform_action -s -t vol1 -a remove && perform_action -s -t vol1 -a restore'
	expect 0 timeout 30 perform_action -t app1 -a restore
	journal_is "$ip1" "$vol1" 'remove -t vol1 -i /mnt/d1' "$vol1"
	states_are app1=ISP ip1=ISP vol1=ISP
	all_free
}

@test "the output of scripts is in the log, line by line" {
	own_action comm/ip restore <<<'echo one; echo; echo two >&2; printf "three"'
	expect 0 perform_action -b -t ip1 -a restore
	lines_are
	[ "${stderr:-}" = '' ]
	LOG | sed 's/^.*INFO/INFO/' >"$BATS_TEST_TMPDIR/log"
	[ "$(cat "$BATS_TEST_TMPDIR/log")" = 'INFO:ip:restore:ip1:700381:BEGIN restore of "ip1" on server "alpha"
INFO:ip:restore:ip1:700380:one
INFO:ip:restore:ip1:700380:two
INFO:ip:restore:ip1:700380:three
INFO:ip:restore:ip1:700382:END successful restore of "ip1" on server "alpha"' ]
}

@test "the story tells what was done, and what was refused" {
	stub_action filesys/volume restore 1
	one_by_one
	expect 1 perform_action -t app1 -a restore
	expect 0 perform_action -t ip1 -a remove
	jq -r '"\(.subject) \(.what) \(.decision)" + (if .text then ": " + .text else "" end)' "$LKROOT/out/story.log" \
		>"$BATS_TEST_TMPDIR/story"
	[ "$(cat "$BATS_TEST_TMPDIR/story")" = 'app1 in-service begun
ip1 restore succeeded
vol1 restore failed: exit code 1
app1 in-service failed: restore of "vol1" failed: exit code 1
ip1 out-of-service begun
ip1 remove succeeded
ip1 out-of-service done' ]
	tunable QUORUM_MODE=majority
	sys_create -s beta
	expect 3 perform_action -t app1 -a restore
	[[ $(tail -1 "$LKROOT/out/story.log") == *'"decision":"refused"'*'no quorum'* ]]
}

@test "a script that floods its output is not held up and not lost" {
	# shellcheck disable=SC2016  # $( ) is for the script
	own_action comm/ip restore <<<'yes "$(printf %01000d 7)" | head -c 10010000'
	expect 0 timeout 60 perform_action -b -t ip1 -a restore
	states_are app1=OSU ip1=ISP vol1=OSU
	[ "$(grep -c ':700380:0*7$' "$LKROOT/out/lifekeeper.log")" -eq 10000 ]
}

@test "a process that a script leaves behind does not hold up its end, and survives ours" {
	own_action comm/ip restore <<-EOS
		(while [ ! -e "$LKROOT/tmp/go" ]; do sleep 0.02; done
		echo late; : >"$LKROOT/tmp/alive") &
		echo started
	EOS
	expect 0 timeout 20 perform_action -b -t ip1 -a restore
	LOG | grep -q ':700380:started'
	: >"$LKROOT/tmp/go"
	wait_until 10 test -e "$LKROOT/tmp/alive"
}

@test "a time limit ends a script and its whole group" {
	tunable IP_RESTORE_TIMEOUT=1
	own_action comm/ip restore <<-EOS
		sleep 300 &
		echo \$! >"$LKROOT/tmp/child"
		trap : TERM
		sleep 300
	EOS
	expect 1 timeout 60 perform_action -t app1 -a restore
	says 'restore of "ip1" failed: not finished after 1 s'
	states_are app1=OSU ip1=OSF vol1=ISP
	wait_until 10 is_gone "$(cat "$LKROOT/tmp/child")"
	LOG | grep -q 'ERROR:ip:restore:ip1:700383:END failed restore of "ip1" on server "alpha": not finished after 1 s'
	all_free
}

@test "a bad time limit or number is named, and nothing is done" {
	tunable APP_RESTORE_TIMEOUT=soon
	expect 5 perform_action -t app1 -a restore
	says 'APP_RESTORE_TIMEOUT "soon"'
	tunable APP_RESTORE_TIMEOUT=0
	tunable ACTION_PARALLEL=0
	expect 5 perform_action -t app1 -a restore
	says 'ACTION_PARALLEL "0"'
	journal_is
	all_free
}

# slow ACTION: ip1's script notes its begin, and TERM, and waits.
slow() {
	own_action comm/ip "$1" <<-EOS
		trap 'echo "alpha TERM" >>"$J"; exit 9' TERM
		[ -e "$LKROOT/tmp/go" ] && exit 0
		: >"$LKROOT/tmp/begun"
		while :; do sleep 0.05; done
	EOS
}

@test "TERM reaches the scripts, all is released, and the call can be repeated" {
	slow restore
	perform_action -t app1 -a restore 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	local pid=$! rc=0
	wait_until 10 test -e "$LKROOT/tmp/begun"
	kill "$pid"
	wait "$pid" || rc=$?
	[ "$rc" -eq 1 ]
	grep -q 'interrupted by signal 15' "$BATS_TEST_TMPDIR/err"
	grep -q 'alpha TERM' "$J"
	all_free
	run ! grep -q app1 "$J"
	: >"$LKROOT/tmp/go"
	expect 0 perform_action -t app1 -a restore
	states_are app1=ISP ip1=ISP vol1=ISP
}

@test "an interrupted remove leaves the state, so that the call can be repeated" {
	in_service
	slow remove
	perform_action -t ip1 -a remove 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	local pid=$! rc=0
	wait_until 10 test -e "$LKROOT/tmp/begun"
	kill "$pid"
	wait "$pid" || rc=$?
	[ "$rc" -eq 1 ]
	states_are app1=OSU ip1=ISP vol1=ISP
	all_free
	: >"$LKROOT/tmp/go"
	expect 0 perform_action -t ip1 -a remove
	states_are app1=OSU ip1=OSU vol1=ISP
}

@test "TERM while it waits for a reservation changes nothing" {
	sleep 60 3>&- &
	local holder=$! rc=0
	reserve REMOVE "$holder"
	perform_action -t app1 -a restore 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	local pid=$!
	wait_until 10 grep -q "waiting for process" "$BATS_TEST_TMPDIR/err"
	kill "$pid"
	wait "$pid" || rc=$?
	[ "$rc" -eq 1 ]
	journal_is
	kill "$holder"
}

@test "killed in the middle, its scripts end and the same call does the rest" {
	slow restore
	perform_action -t app1 -a restore 3>&- &
	local pid=$!
	wait_until 10 test -e "$LKROOT/tmp/begun"
	wait_until 10 grep -q vol1 "$J"
	kill -9 "$pid"
	wait "$pid" || true
	wait_until 10 grep -q 'alpha TERM' "$J"
	expect 0 ins_list -t app1 -f:
	fields 7,10,11 :
	lines_are "OSU:RESTORE:$pid"
	: >"$LKROOT/tmp/go"
	expect 0 timeout 20 perform_action -t app1 -a restore
	states_are app1=ISP ip1=ISP vol1=ISP
	all_free
	expect 0 lcdcheck
}

# After a kill -9 of the process that was restoring app1: killed_restore
killed_restore() {
	slow restore
	perform_action -t app1 -a restore 3>&- &
	local pid=$!
	wait_until 10 test -e "$LKROOT/tmp/begun"
	wait_until 10 states_are app1=OSU ip1=OSU vol1=ISP
	kill -9 "$pid"
	wait "$pid" || true
	wait_until 10 grep -q 'alpha TERM' "$J"
	: >"$J"
	: >"$LKROOT/tmp/go"
}

@test "what a killed restore may have started is removed before another system starts it" {
	killed_restore
	expect 0 perform_action --release -o beta app1 ip1 vol1
	[ "$(sort "$J")" = "$(printf 'alpha %s\n' "${app1/restore/remove}" "${ip1/restore/remove}" "${vol1/restore/remove}" | sort)" ]
	states_are app1=OSU ip1=OSU vol1=OSU
	all_free
	expect 7 flg_test -f '!stuck!app1'
	expect 7 flg_test -f '!stuck!ip1'
}

@test "what a killed restore may have started is failed and stuck for the next action on anything" {
	killed_restore
	ins_create -a gen -r app -t app2 -i app2id
	expect 0 perform_action -t app2 -a restore
	states_are app1=OSF app2=ISP ip1=OSF vol1=ISP
	[ "$(reason_of app1)" = 'its restore was killed, it may run' ]
	expect 0 flg_test -f '!stuck!app1'
	expect 0 flg_test -f '!stuck!ip1'
	all_free
	expect 0 perform_action -t app1 -a remove
	expect 0 perform_action -t ip1 -a remove
	grep -qF "alpha ${app1/restore/remove}" "$J"
	expect 7 flg_test -f '!stuck!app1'
	expect 7 flg_test -f '!stuck!ip1'
	states_are app1=OSU app2=ISP ip1=OSU vol1=ISP
}

@test "killed between two scripts, what was done stays done" {
	one_by_one
	own_action filesys/volume restore <<-EOS
		[ -e "$LKROOT/tmp/once" ] && exit 0
		: >"$LKROOT/tmp/once"
		kill -9 \$PPID
	EOS
	expect 137 perform_action -t app1 -a restore
	states_are app1=OSU ip1=ISP vol1=OSU
	expect 0 timeout 20 perform_action -t app1 -a restore
	journal_is "$ip1" "$app1"
	states_are app1=ISP ip1=ISP vol1=ISP
}

@test "killed at any time, the same call does the rest and leaves nothing behind" {
	local i pid
	for i in 0 1 2 3 4 5 6 7 8 9 10 11 12; do
		for tag in app1 ip1 vol1; do ins_setst -t "$tag" -S OSU; done
		: >"$J"
		perform_action -t app1 -a restore 2>/dev/null 3>&- &
		pid=$!
		sleep "$(printf '0.%03d' "$i")"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" || true
		expect 0 timeout 20 perform_action -t app1 -a restore
		states_are app1=ISP ip1=ISP vol1=ISP
		all_free
		[ "$(tail -1 "$J")" = "alpha $app1" ]
	done
	# killed when all was in service, it was not needed any more: the next action drops its admin lock
	expect 0 perform_action -t app1 -a remove
	# the next writer finishes a change that was committed; one that was killed may leave the file that it was
	# writing, and nothing else
	expect 0 flg_create -f another
	run --separate-stderr lcdcheck
	echo "$output"
	[ "$(grep -v '/\.[a-z]*\.new:0:' <<<"$output")" = '' ]
}

@test "two at once over one resource: the second waits and finds the work done" {
	local tag
	ins_create -a gen -r app -t app2 -i app2id
	dep_create -p app2 -c vol1
	own_action filesys/volume restore <<-EOS
		echo "alpha $vol1" >>"$J"
		sleep 0.3
	EOS
	for tag in app1 app2 app1 app2 app1 app2; do
		perform_action -b -t "$tag" -a restore 2>/dev/null 3>&- &
	done
	wait
	[ "$(sort "$J" | uniq -d)" = '' ]
	states_are app1=ISP app2=ISP ip1=ISP vol1=ISP
	all_free
}

@test "a cycle of dependencies is damage" {
	record config/dep ip1 app1
	expect 3 perform_action -t app1 -a restore
	says 'depends on itself'
	in_service || true
	expect 3 perform_action -t ip1 -a remove
	journal_is
}

@test "a change that cannot be written is an error, and starts nothing that depends on it" {
	own_action comm/ip restore <<-EOS
		mv "$LKROOT/config" "$LKROOT/gone"
	EOS
	one_by_one
	expect 1 perform_action -t app1 -a restore
	mv "$LKROOT/gone" "$LKROOT/config"
	states_are app1=OSU ip1=OSU vol1=OSU
	rm "$LKROOT/subsys/comm/resources/ip/actions/restore"
	stub_action comm/ip restore
	expect 0 timeout 20 perform_action -t app1 -a restore
	states_are app1=ISP ip1=ISP vol1=ISP
}

@test "--dry-run prints the steps in their order, and changes nothing" {
	local before
	before=$(database)
	expect 0 perform_action --dry-run -t ip1 -a restore
	lines_are 'alpha restore ip1: asked for' 'alpha restore vol1: another one of the hierarchy needs it' \
		'alpha restore app1: it needs what was asked for'
	expect 0 perform_action --dry-run -b -t app1 -a restore
	lines_are 'alpha restore ip1: what was asked for needs it' 'alpha restore vol1: what was asked for needs it' \
		'alpha restore app1: asked for'
	expect 0 perform_action --dry-run -t app1 -a remove
	lines_are
	ins_setst -t ip1 -S ISP
	before=$(database)
	expect 0 perform_action --dry-run -t ip1 -a remove
	lines_are 'alpha remove ip1: asked for'
	expect 0 perform_action --dry-run -o beta --release ip1 nosuch
	lines_are 'alpha remove ip1: beta wants it'
	expect 0 perform_action --dry-run -t ip1 -a recover
	lines_are 'recover ip1: only this one'
	expect 7 perform_action --dry-run -t nosuch -a restore
	[ "$(database)" = "$before" ]
	journal_is
	[ ! -s "$LKROOT/out/lifekeeper.log" ]
}

# ip1 needs a grant of beta.
beta_grants() {
	export FAKELCM_STATUS=
	far beta
	eqv_create --local-only -t ip1 -p 1 -S beta -o ip1 -r 10 -e SHARED
	tunable QUORUM_MODE=majority
	echo QUORUM_MODE=majority >"$FAR/beta/etc/default/LifeKeeper"
}

@test "who grants it and does not know the times of this system yet is waited for" {
	local log=$LKROOT/out/lifekeeper.log
	beta_grants
	touch "$LKROOT/run/unknowing"
	perform_action -t ip1 -a restore 3>&- &
	wait_until 10 grep -q '"ip1" is not granted yet: beta: it has not confirmed yet that it knows the times of this system' "$log"
	[ ! -s "$J" ]
	rm "$LKROOT/run/unknowing"
	wait "$!"
	far_end
	grep -q ' restore -t ip1 ' "$J"
}

@test "grants that were given while the settings of lcm changed do not count" {
	local asked=$BATS_TEST_TMPDIR/asked
	beta_grants
	mkdir "$FAR/beta/bin"
	printf '#!/bin/sh\necho >>"%s"\ntouch "%s/run/changed"\nexec "%s/lk_grant" "$@"\n' "$asked" "$LKROOT" "$LK_BIN" \
		>"$FAR/beta/bin/lk_grant"
	chmod 755 "$FAR/beta/bin/lk_grant"
	expect 0 perform_action -t ip1 -a restore
	far_end
	[ "$(wc -l <"$asked")" = 2 ]
	grep -q ' restore -t ip1 ' "$J"
}
