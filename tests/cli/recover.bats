#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: recover -t tag [-C class] [-E event] [-n object]

load ../helpers/tree
load ../helpers/far

setup() {
	f1s
	for tag in ip1 vol1 app1; do
		ins_setlocalrecover -t "$tag" -l Y
	done
}

teardown() {
	far_end
}

# A cluster: alpha has all in service and has restored it last; the others have copies. $DEAD is not ALIVE.
# cluster SYSTEM:PRIORITY...
cluster() {
	local one other tag name names=() owner=${OWNER:-alpha}
	for one; do
		names+=("${one%:*}")
	done
	DOWN=${DEAD:-} FAKELCM_STATUS=" ${DEAD:-}" far "${names[@]}"
	for one; do
		name=${one%:*}
		copies "$name"
		for tag in ip1 vol1 app1; do
			eqv_create --local-only -t "$tag" -p 1 -S "$name" -o "$tag" -r "${one#*:}" -e SHARED
			on "$name" eqv_create --local-only -t "$tag" -p "${one#*:}" -S alpha -o "$tag" -r 1 -e SHARED
		done
		on "$name" lk_epoch -o "$owner" ip1=1 vol1=1 app1=1
		for other in "$@"; do
			[ "$other" = "$one" ] || for tag in ip1 vol1 app1; do
				on "$name" eqv_create --local-only -t "$tag" -p "${one#*:}" -S "${other%:*}" -o "$tag" \
					-r "${other#*:}" -e SHARED
			done
		done
	done
	lk_epoch -o "$owner" ip1=1 vol1=1 app1=1
}

# The instances and scripts of alpha on another system, which are out of service there.
copies() {	# SYSTEM
	local type file
	for type in comm/ip filesys/volume gen/app; do
		on "$1" app_create -a "${type%/*}"
		on "$1" typ_create -a "${type%/*}" -r "${type#*/}"
		cp -r "$LKROOT/subsys/${type%/*}/resources/${type#*/}/actions" \
			"$FAR/$1/subsys/${type%/*}/resources/${type#*/}/"
	done
	for file in "$FAR/$1"/subsys/*/resources/*/actions/*; do
		sed -i "s/alpha/$1/" "$file"
	done
	on "$1" ins_create -a comm -r ip -t ip1 -i 10.0.0.10 -v eth0
	on "$1" ins_create -a filesys -r volume -t vol1 -i /mnt/d1 -v ext4
	on "$1" ins_create -a gen -r app -t app1 -i app1id
	on "$1" dep_create -p app1 -c ip1
	on "$1" dep_create -p app1 -c vol1
}

# The action of a system fails: far_fails SYSTEM TYPE ACTION
far_fails() {
	sed -i 's/^exit .*/exit 1/' "$FAR/$1/subsys/${2%/*}/resources/${2#*/}/actions/$3"
}

states() {	# [on SYSTEM]
	"$@" ins_list -f: | awk -F: '{ print $4 "=" $7 }' | sort | tr '\n' ' '
}

# states_are "TAG=STATE ..." [on SYSTEM]
states_are() {
	local want=$1 have
	shift
	have=$(states "$@")
	[ "$have" = "$want " ] || { echo "states: $have"; return 1; }
}

reason_of() {
	ins_list -t "$1" -f: | cut -d: -f8
}

all_free() {
	[ "$(ins_list -f: | cut -d: -f10 | tr -d '\n')" = "" ]
}

journal_is() {
	local want=""
	[ $# -eq 0 ] || want=$(printf '%s\n' "$@")
	[ "$(cat "$J")" = "$want" ] || { echo "journal:"; cat "$J"; return 1; }
}

logged() {
	grep -qF -- "$1" "$LKROOT/out/lifekeeper.log"
}

# No script of a system ran.
untouched() {	# SYSTEM
	! grep -q "^$1" "$J"
}

told() {	# DECISION
	grep -q "\"resource-failed\".*\"$1\"" "$LKROOT/out/story.log"
}

nothing_is_in_service_twice() {
	local tag name n
	for tag in ip1 vol1 app1; do
		n=$(ins_list -t "$tag" -f: | grep -c ':ISP:' || :)
		for name; do
			n=$((n + $(on "$name" ins_list -t "$tag" -f: | grep -c ':ISP:' || :)))
		done
		[ "$n" -le 1 ] || { echo "$tag: $n times"; return 1; }
	done
}

@test "a wrong call gives 2, an unknown tag 7, and nothing runs" {
	expect 2 recover
	expect 2 recover -t ip1 operand
	expect 7 recover -t nope
	says 'tag "nope" does not exist'
	journal_is
}

@test "EV16: what local recovery repairs stays in service" {
	expect 0 recover -t ip1 -C comm -E failed -n ip1
	journal_is 'alpha recover -t ip1 -i 10.0.0.10'
	states_are 'app1=ISP ip1=ISP vol1=ISP'
	all_free
	told repaired
	logged 'Resource Recovery Initiated: ip1'
	logged 'Resource Recovery Complete: ip1'
	run logged 'No. 1620'
	[ "$status" -eq 1 ]
}

@test "the program made for the class and event comes before the recover action" {
	local dir=$LKROOT/subsys/comm/resources/ip/recovery/disk
	mkdir -p "$dir"
	printf '#!/bin/sh\necho "special $*" >>"%s"\n' "$J" >"$dir/full"
	chmod 755 "$dir/full"
	expect 0 recover -t ip1 -C disk -E full -n sda
	journal_is 'special -t ip1 -i 10.0.0.10 -C disk -E full -n sda'
	expect 0 recover -t ip1 -C disk -E other -n sda
	[ "$(tail -n 1 "$J")" = 'alpha recover -t ip1 -i 10.0.0.10' ]
}

@test "if its own recovery fails, what depends on it may recover it" {
	stub_action comm/ip recover 1
	expect 0 recover -t ip1
	journal_is 'alpha recover -t ip1 -i 10.0.0.10' 'alpha recover -t app1 -i app1id'
	states_are 'app1=ISP ip1=ISP vol1=ISP'
	all_free
}

@test "what is lost is not repaired but leaves, also where it may not move" {
	cluster beta:10
	expect 0 recover -t ip1 -C comm -E lost -n ip1
	states_are 'app1=OSU ip1=OSF vol1=OSU'
	states_are 'app1=ISP ip1=ISP vol1=ISP' on beta
	run grep recover "$J"
	[ "$status" -eq 1 ]
	told no-repair
	in_service
	: >"$J"
	flg_create -f block_failover
	expect 1 recover -t ip1 -C comm -E lost -n ip1
	journal_is 'alpha remove -t app1 -i app1id' 'alpha remove -t ip1 -i 10.0.0.10'
	states_are 'app1=OSU ip1=OSF vol1=ISP'
	all_free
}

@test "without copies elsewhere it ends out of service here" {
	stub_action comm/ip recover 1
	ins_setlocalrecover -t app1 -l N
	expect 1 recover -t ip1
	says 'recovery of "ip1" has failed: no other system is left for it'
	journal_is 'alpha recover -t ip1 -i 10.0.0.10' 'alpha remove -t app1 -i app1id' \
		'alpha remove -t ip1 -i 10.0.0.10'
	states_are 'app1=OSU ip1=OSF vol1=ISP'
	[ "$(reason_of ip1)" = 'recovery has failed, taken out of service here' ]
	all_free
	logged '*ERROR* (No. 1620) Local recovery of resource ip1 failed.'
	logged 'Resource Recovery Failed: ip1'
}

@test "EV17: if it cannot be repaired here the whole hierarchy moves" {
	cluster beta:10
	stub_action comm/ip recover 1
	stub_action gen/app recover 1
	expect 0 recover -t ip1 -C comm -E failed -n ip1
	states_are 'app1=OSU ip1=OSF vol1=OSU'
	states_are 'app1=ISP ip1=ISP vol1=ISP' on beta
	[ "$(sed -n 3,5p "$J")" = "$(printf '%s\n' 'alpha remove -t app1 -i app1id' \
		'alpha remove -t ip1 -i 10.0.0.10' 'alpha remove -t vol1 -i /mnt/d1')" ]
	[ "$(tail -n 1 "$J")" = 'beta restore -t app1 -i app1id' ]
	all_free
	told transferred
}

@test "with local recovery off no action is tried here" {
	cluster beta:10
	for tag in ip1 vol1 app1; do
		ins_setlocalrecover -t "$tag" -l N
	done
	expect 0 recover -t vol1
	states_are 'app1=OSU ip1=OSU vol1=OSF'
	states_are 'app1=ISP ip1=ISP vol1=ISP' on beta
	untouched 'alpha recover'
	told no-repair
}

@test "what cannot be restored there goes to the next by priority" {
	cluster gamma:20 beta:10
	ins_setlocalrecover -t ip1 -l N
	ins_setlocalrecover -t app1 -l N
	far_fails beta comm/ip restore
	expect 0 recover -t ip1
	states_are 'app1=OSU ip1=OSF vol1=OSU'
	states_are 'app1=ISP ip1=ISP vol1=ISP' on gamma
	[ "$(states on beta)" = 'app1=OSU ip1=OSF vol1=OSU ' ] || states on beta
	nothing_is_in_service_twice beta gamma
	logged 'Resource Recovery Failed: ip1: beta'
	logged 'Resource Recovery Complete: ip1'
}

@test "if no system can restore it, it stays failed here" {
	cluster beta:10
	ins_setlocalrecover -t ip1 -l N
	ins_setlocalrecover -t app1 -l N
	far_fails beta gen/app restore
	expect 1 recover -t ip1
	says 'no other system could restore it'
	[[ $(states) == 'app1=OSU ip1=OSF '* ]]
	all_free
}

@test "a dead system is passed over" {
	DEAD=beta cluster beta:10 gamma:20
	ins_setlocalrecover -t ip1 -l N
	ins_setlocalrecover -t app1 -l N
	expect 0 recover -t ip1
	states_are 'app1=ISP ip1=ISP vol1=ISP' on gamma
}

@test "noresfailover! keeps it from one system, block_failover from all" {
	cluster beta:10 gamma:20
	ins_setlocalrecover -t ip1 -l N
	ins_setlocalrecover -t app1 -l N
	flg_create -f noresfailover!beta
	expect 0 recover -t ip1
	states_are 'app1=ISP ip1=ISP vol1=ISP' on gamma
	untouched beta
	in_service
	: >"$J"
	flg_create -f block_failover
	expect 1 recover -t ip1
	journal_is
	states_are 'app1=ISP ip1=OSF vol1=ISP'
	[[ $(reason_of ip1) == 'Failed, '* ]]
	all_free
	told leave
}

@test "with resource failover disabled to all, it is marked and left running" {
	cluster beta:10 gamma:20
	ins_setlocalrecover -t ip1 -l N
	ins_setlocalrecover -t app1 -l N
	flg_create -f noresfailover!beta
	flg_create -f noresfailover!gamma
	expect 1 recover -t ip1
	says 'transfers are disabled'
	journal_is
	states_are 'app1=ISP ip1=OSF vol1=ISP'
	# and again: it stays so
	expect 0 recover -t ip1
	states_are 'app1=ISP ip1=OSF vol1=ISP'
}

@test "what cannot be removed here is restored nowhere else" {
	cluster beta:10
	ins_setlocalrecover -t ip1 -l N
	ins_setlocalrecover -t app1 -l N
	stub_action gen/app remove 1
	expect 1 recover -t ip1
	says "failed to remove resource 'app1': it is not restored elsewhere"
	states_are 'app1=OSF ip1=ISP vol1=ISP'
	untouched beta
	all_free
}

@test "a remove that fails for what lies below keeps the others from restoring, too" {
	cluster beta:10 gamma:20
	ins_setlocalrecover -t ip1 -l N
	ins_setlocalrecover -t app1 -l N
	stub_action filesys/volume remove 1
	expect 1 recover -t ip1
	says "failed to remove resource 'vol1'"
	states_are 'app1=OSU ip1=OSF vol1=OSF'
	untouched beta
	untouched gamma
	expect 1 recover -t ip1
	untouched beta
	untouched gamma
}

@test "REMOVE_FAILURE_ACTION=fence fences this system, and without a fence stops" {
	echo REMOVE_FAILURE_ACTION=fence >>"$LKROOT/etc/default/LifeKeeper"
	cluster beta:10
	ins_setlocalrecover -t ip1 -l N
	ins_setlocalrecover -t app1 -l N
	stub_action comm/ip remove 1
	expect 1 recover -t ip1
	says "there is no bin/lk_fence, it is not restored elsewhere"
	in_service
	mkdir -p "$LKROOT/bin"
	printf '#!/bin/sh\necho "fence $*" >>"%s"\n' "$J" >"$LKROOT/bin/lk_fence"
	chmod 755 "$LKROOT/bin/lk_fence"
	expect 1 recover -t ip1
	[ "$(tail -n 1 "$J")" = 'fence self' ]
	logged "failed to remove resource 'ip1'. SYSTEM HALTED."
	untouched beta
}

@test "killed while it moves, a second call goes on" {
	cluster beta:10
	ins_setlocalrecover -t ip1 -l N
	ins_setlocalrecover -t app1 -l N
	local script=$FAR/beta/subsys/gen/resources/app/actions/restore
	# shellcheck disable=SC2016	# it is the script that expands
	sed -i '2i [ -e "$LKROOT/go" ] || { : >"$LKROOT/there"; exec sleep 100; }' "$script"
	recover -t ip1 3>&- &
	local pid=$!
	wait_until 10 test -e "$FAR/beta/there"
	kill -KILL $pid
	wait $pid || true
	[[ $(states) == 'app1=OSU ip1=OSF '* ]]
	: >"$FAR/beta/go"
	expect 0 recover -t ip1
	states_are 'app1=ISP ip1=ISP vol1=ISP' on beta
	nothing_is_in_service_twice beta
	# and once more: there is nothing left to do
	expect 0 recover -t ip1
	states_are 'app1=ISP ip1=ISP vol1=ISP' on beta
	told nothing
}

@test "killed between remove and transfer, a second call goes on" {
	cluster beta:10
	ins_setlocalrecover -t ip1 -l N
	perform_action -G --keep-owner -t ip1 -a remove
	states_are 'app1=OSU ip1=OSU vol1=ISP'
	expect 0 recover -t ip1
	states_are 'app1=ISP ip1=ISP vol1=ISP' on beta
}

@test "what an operator took out of service is left alone" {
	cluster beta:10
	perform_action -t ip1 -a remove
	: >"$J"
	expect 0 recover -t ip1
	journal_is
	states_are 'app1=OSU ip1=OSU vol1=ISP'
}

@test "a second recovery of the same resource gives 4" {
	printf '#!/bin/sh\n: >"%s/there"\nexec sleep 100\n' "$BATS_TEST_TMPDIR" \
		>"$LKROOT/subsys/comm/resources/ip/actions/recover"
	recover -t ip1 3>&- &
	local pid=$!
	wait_until 10 test -e "$BATS_TEST_TMPDIR/there"
	[ "$(ins_list -t ip1 -f: | cut -d: -f10)" != '' ]
	[ "$(ins_list -t app1 -f: | cut -d: -f10)" != '' ]
	expect 4 recover -t ip1
	says 'a recovery of "ip1" is under way'
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ "$status" -eq 1 ]
	states_are 'app1=ISP ip1=ISP vol1=ISP'
	all_free
}

@test "what another operation has reserved is not recovered" {
	printf '#!/bin/sh\n: >"%s/there"\nexec sleep 100\n' "$BATS_TEST_TMPDIR" \
		>"$LKROOT/subsys/comm/resources/ip/actions/remove"
	perform_action -G -t ip1 -a remove 3>&- &
	local pid=$!
	wait_until 10 test -e "$BATS_TEST_TMPDIR/there"
	expect 0 recover -t ip1
	kill -TERM $pid
	wait $pid || true
	untouched 'alpha recover'
	told nothing
}

# Never the real one: a stand-in that notes how it was called.
no_reboot() {
	mkdir -p "$LKROOT/bin"
	printf '#!/bin/sh\necho "$*" >>"%s/reboot"\n' "$LKROOT" >"$LKROOT/bin/lk_reboot"
	chmod 755 "$LKROOT/bin/lk_reboot"
}

# recover's own script waits until $LKROOT/tmp/go.
slow_repair() {
	mkdir -p "$LKROOT/tmp"
	cat >"$LKROOT/subsys/comm/resources/ip/actions/recover" <<-'END'
		#!/bin/sh
		: >tmp/begun
		until [ -e tmp/go ]; do sleep 0.05; done
	END
}

@test "ResMon_ResFailMaxWaitInMin has the recovery watched until it has ended" {
	no_reboot
	slow_repair
	echo ResMon_ResFailMaxWaitInMin=3 >>"$LKROOT/etc/default/LifeKeeper"
	recover -t ip1 3>&- &
	local pid=$!
	wait_until 20 test -e "$LKROOT/tmp/begun"
	[ "$(cat "$LKROOT/run/recover/ip1")" = "$pid" ]
	wait_until 20 test -s "$LKROOT/reboot"
	[ "$(cat "$LKROOT/reboot")" = "-w 180 -r the recovery of \"ip1\" has not ended after 3 min -t ip1 -p $pid" ]
	: >"$LKROOT/tmp/go"
	wait "$pid"
	[ ! -s "$LKROOT/run/recover/ip1" ]
	states_are 'app1=ISP ip1=ISP vol1=ISP'
}

@test "a watched recovery that is killed has not ended; the next one ends it" {
	no_reboot
	slow_repair
	echo ResMon_ResFailMaxWaitInMin=3 >>"$LKROOT/etc/default/LifeKeeper"
	recover -t ip1 3>&- &
	local pid=$!
	wait_until 20 test -e "$LKROOT/tmp/begun"
	kill -KILL "$pid"
	run wait "$pid"
	[ "$(cat "$LKROOT/run/recover/ip1")" = "$pid" ]
	: >"$LKROOT/tmp/go"
	expect 0 recover -t ip1
	[ ! -s "$LKROOT/run/recover/ip1" ]
}

@test "without that tunable nothing is watched; one that is no number is logged, and all is done" {
	no_reboot
	expect 0 recover -t ip1
	echo ResMon_ResFailMaxWaitInMin=soon >>"$LKROOT/etc/default/LifeKeeper"
	expect 0 recover -t ip1
	states_are 'app1=ISP ip1=ISP vol1=ISP'
	told unwatched
	[ ! -e "$LKROOT/reboot" ]
}
