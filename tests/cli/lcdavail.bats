#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lcdavail [-q]
# Decisions among several systems: tests/decide. With real ones: tests/cluster/recovery.bats.

load ../helpers/tree
load ../helpers/records
load ../helpers/far

setup() {
	f1
}

teardown() {
	far_end
}

states_are() {
	[ "$(ins_list -f: | cut -d: -f4,7 | tr ':\n' '= ')" = "$* " ]
}

@test "ST1: a node without peers restores, children first" {
	expect 0 lcdavail
	[ "$(wc -l <"$J")" -eq 3 ]
	[ "$(tail -n 1 "$J")" = 'alpha restore -t app1 -i app1id' ]
	states_are ip1=ISP vol1=ISP app1=ISP
}

@test "ST3: INIT_ISP is in service without its script" {
	ins_setit -t ip1 -I INIT_ISP
	expect 0 lcdavail
	run ! grep -q 'restore -t ip1' "$J"
	states_are ip1=ISP vol1=ISP app1=ISP
}

@test "what INIT_ISP takes for in service belongs to this system" {
	rm -r "$LKROOT"
	f2
	ins_setit -t ip1 -I INIT_ISP
	lk_epoch -t ip1 -e 3 -o -
	sys_remove -s beta
	expect 0 lcdavail
	expect 0 lk_epoch -l -t ip1 -f:
	fields 1-3 :
	lines_are ip1:4:alpha
}

@test "INIT_OSU stays out of service, and what needs it is not started by it alone" {
	ins_setit -t app1 -I INIT_OSU
	expect 0 lcdavail
	states_are ip1=ISP vol1=ISP app1=OSU
}

@test "ST6: a restore that fails leaves its parents out of service and not its siblings" {
	stub_action filesys/volume restore 1
	expect 1 lcdavail
	run ! grep -q 'restore -t app1' "$J"
	states_are ip1=ISP vol1=OSF app1=OSU
}

@test "a failing hierarchy does not hold up another one" {
	stub_action filesys/volume restore 1
	ins_create -a gen -r app -t zz -i zzid
	expect 1 lcdavail
	states_are ip1=ISP vol1=OSF app1=OSU zz=ISP
}

@test "what the daemons' stop has left running is restored over itself" {
	expect 0 lcdavail
	: >"$J"
	expect 0 lcdavail
	[ "$(wc -l <"$J")" -eq 3 ]
	states_are ip1=ISP vol1=ISP app1=ISP
}

@test "what a killed restore may have left running, or a failed remove, is restored over itself, too" {
	local file=$LKROOT/subsys/comm/resources/ip/instances
	expect 0 lcdavail
	expect 0 ins_setst -A -t ip1 -S OSU
	expect 0 ins_setit -t ip1 -I INIT_OSU
	expect 0 ins_setit -t app1 -I INIT_OSU
	# of a process that is dead
	awk -F '\t' -v OFS='\t' '$1 == "ip1" { $7 = "RESTORE"; $8 = "4194304:1" } { print }' "$file" >"$file.x"
	mv "$file.x" "$file"
	expect 0 lcdavail
	states_are ip1=ISP vol1=ISP app1=OSU
	stub_action comm/ip remove 1
	expect 1 perform_action -t ip1 -a remove
	states_are ip1=OSF vol1=ISP app1=OSU
	expect 0 lcdavail
	states_are ip1=ISP vol1=ISP app1=OSU
	expect 7 flg_test -f '!stuck!ip1'
}

@test "what was left running stays in service if it cannot be restored over itself" {
	expect 0 lcdavail
	echo ACTION_PARALLEL=nonsense >"$LKROOT/etc/default/LifeKeeper"
	: >"$J"
	expect 0 lcdavail
	[ ! -s "$J" ]
	grep -q 'ERROR:recovery:avail:.*ACTION_PARALLEL' "$LKROOT/out/lifekeeper.log"
	states_are ip1=ISP vol1=ISP app1=ISP
}

@test "an open split brain keeps its own hierarchy where it is and no other" {
	ins_create -a gen -r app -t zz -i zzid
	flg_create -f '!split!ip1'
	expect 0 lcdavail
	states_are ip1=OSU vol1=ISP app1=OSU zz=ISP
	grep -q 'recovery:avail:app1:[0-9]*:LEAVE: a flag !split! is set' "$LKROOT/out/lifekeeper.log"
	flg_remove -f '!split!ip1'
	expect 0 lcdavail
	flg_create -f '!split!app1'
	: >"$J"
	expect 0 lcdavail
	states_are ip1=ISP vol1=ISP app1=ISP zz=ISP
	[ "$(cat "$J")" = 'alpha restore -t zz -i zzid' ]
}

@test "after a start of the machine nothing counts as running" {
	expect 0 lcdavail
	ins_setit -t app1 -I INIT_OSU
	echo 'another boot' >"$LKROOT/run/boot"
	: >"$J"
	expect 0 lcdavail
	[ "$(wc -l <"$J")" -eq 2 ]
	states_are ip1=ISP vol1=ISP app1=OSU
}

@test "a resource whose owner cannot be asked is not started" {
	rm -r "$LKROOT"
	f2
	lk_epoch -t ip1 -e 3 -o beta
	expect 0 lcdavail
	states_are ip1=OSU vol1=OSU app1=OSU
	expect 0 ins_list -f: -t ip1
	[[ $output == *'beta may have it in service, its state is not known'* ]]
}

@test "every decision is logged and told with its reason" {
	expect 0 lcdavail
	grep -q 'recovery:avail:app1:[0-9]*:RESTORE: its initialisation is AUTORES_ISP' "$LKROOT/out/lifekeeper.log"
	jq -es 'map(select(.subject == "app1" and .what == "avail")) | length == 1 and .[0].decision == "RESTORE"' \
		"$LKROOT/out/story.log"
}

@test "global scripts run once around it all" {
	mkdir -p "$LKROOT/subsys/gen/actions"
	for kind in pre post; do
		printf '#!/bin/sh\necho %s >>"%s"\n' "$kind" "$J" >"$LKROOT/subsys/gen/actions/${kind}restore"
	done
	chmod 755 "$LKROOT"/subsys/gen/actions/*restore
	expect 0 lcdavail
	[ "$(head -n 1 "$J")" = pre ]
	[ "$(tail -n 1 "$J")" = post ]
	expect 7 flg_test -f '!restore'
}

@test "the post scripts that a remove left due, whose machine lost power, run at the start" {
	mkdir -p "$LKROOT/subsys/gen/actions"
	printf '#!/bin/sh\necho "post $*" >>"%s"\n' "$J" >"$LKROOT/subsys/gen/actions/postremove"
	chmod 755 "$LKROOT/subsys/gen/actions/postremove"
	expect 0 lcdrecover -g remove
	expect 0 flg_test -f '!remove'
	expect 0 lcdavail
	[ "$(head -n 1 "$J")" = 'post -m' ]
	[ "$(grep -c post "$J")" -eq 1 ]
	expect 7 flg_test -f '!remove'
}

@test "the post scripts of a remove that is at work are its own" {
	dep_remove -p app1 -c ip1
	expect 0 lcdrecover -g remove
	sleep 60 3>&- &
	local holder=$! rc=0
	taken_by "$holder" ip1 REMOVE
	lcdavail 3>&- &
	local pid=$!
	wait_until 20 states_are ip1=OSU vol1=ISP app1=ISP
	expect 0 flg_test -f '!remove'
	kill "$holder"
	wait "$pid" || rc=$?
	[ "$rc" -eq 0 ]
}

@test "locks that a power cut has left are given back at the start, and no others" {
	local dead='!action!99999!1000000000!alpha:Remove_hierarchy' live
	live="!action!$(printf %05d $$)!1000000001!alpha:Create"
	[ ! -e /proc/99999 ]
	flg_create -f "$dead"
	flg_create -f "$live"
	expect 0 lcdavail
	says "flag $dead is dropped"
	expect 7 flg_test -f "$dead"
	expect 0 flg_test -f "$live"
}

@test "an argument is refused and nothing happens" {
	expect 2 lcdavail now
	[ ! -s "$J" ]
}

@test "a damaged database is an error with file and line, and nothing is started" {
	echo garbage >>"$LKROOT/config/dep"
	expect 3 lcdavail
	says 'config/dep:'
	[ ! -s "$J" ]
}

@test "TERM ends it while it waits for a hierarchy of its own, and nothing of that is reserved" {
	dep_remove -p app1 -c ip1
	sleep 60 3>&- &
	local holder=$! rc=0 child
	taken_by "$holder" ip1 REMOVE
	lcdavail 3>&- &
	local pid=$!
	wait_until 20 states_are ip1=OSU vol1=ISP app1=ISP
	wait_until 10 pgrep -P "$pid"
	child=$(pgrep -P "$pid")
	kill "$pid"
	wait "$pid" || rc=$?
	[ "$rc" -eq 1 ]
	[ ! -e "/proc/$child" ]
	[ "$(ins_list -f: -t ip1 | cut -d: -f10,11)" = "REMOVE:$holder" ]
	[ "$(ins_list -f: | cut -d: -f4,10)" = "$(printf '%s\n' ip1:REMOVE vol1: app1:)" ]
	kill "$holder"
}

# alpha with beta and gamma, which are DEAD: no majority
alone() {
	export FAKELCM_STATUS='' FAKELCM_QUORUM=yes
	far beta gamma
	echo 'QUORUM_MODE=majority' >>"$LKROOT/etc/default/LifeKeeper"
	others DEAD
	expect 0 lcdavail
	[ ! -s "$J" ]
	states_are ip1=OSU vol1=OSU app1=OSU
	[ -e "$LKROOT/run/late" ]
	late_are app1 ip1 vol1
}

others() {	# DEAD|ALIVE
	if [ "$1" = DEAD ]; then
		touch "$LKROOT"/run/dead-{beta,gamma}
	else
		rm "$LKROOT"/run/dead-{beta,gamma}
	fi
}

late_are() {	# TAG...
	[ "$(flg_list | sed -n 's/^!late!//p' | sort | tr '\n' ' ')" = "${*:+$* }" ]
}

@test "-q: what a start has left out for want of quorum is restored once there is quorum, and once only" {
	alone
	expect 3 lcdavail -q
	[ ! -s "$J" ]
	late_are app1 ip1 vol1
	others ALIVE
	expect 0 lcdavail -q
	states_are ip1=ISP vol1=ISP app1=ISP
	late_are
	expect 0 perform_action -t app1 -a remove
	: >"$J"
	expect 0 lcdavail -q
	[ ! -s "$J" ]
	states_are ip1=ISP vol1=ISP app1=OSU
}

@test "-q: what an operator has taken out of service, or set, since the start stays so" {
	alone
	expect 0 perform_action -t app1 -a remove
	expect 0 ins_setst -t vol1 -S OSU
	late_are ip1
	others ALIVE
	expect 0 lcdavail -q
	states_are ip1=ISP vol1=OSU app1=OSU
	[ "$(grep -c ' restore ' "$J")" -eq 1 ]
}

@test "-q: what an operator has restored, or is at work on, is left alone" {
	alone
	others ALIVE
	expect 0 perform_action -b -t ip1 -a restore
	sleep 60 3>&- &
	local holder=$!
	taken_by "$holder" vol1 REMOVE
	: >"$J"
	ins_setit -t app1 -I INIT_OSU
	expect 0 lcdavail -q
	[ ! -s "$J" ]
	states_are ip1=ISP vol1=OSU app1=OSU
	kill "$holder"
}

@test "-q: what another system has stopped since the start stays so" {
	alone
	lk_epoch -t vol1 -e 9 -o -
	ins_setit -t app1 -I INIT_OSU
	others ALIVE
	expect 0 lcdavail -q
	states_are ip1=ISP vol1=OSU app1=OSU
	grep -q 'recovery:avail:vol1:[0-9]*:LEAVE: it was in service nowhere' "$LKROOT/out/lifekeeper.log"
}

@test "-q: a restore that fails is not tried again" {
	stub_action filesys/volume restore 1
	alone
	others ALIVE
	expect 1 lcdavail -q
	states_are ip1=ISP vol1=OSF app1=OSU
	late_are
	: >"$J"
	expect 0 lcdavail -q
	[ ! -s "$J" ]
}

@test "-q: killed in between, the rest is done the next time" {
	alone
	others ALIVE
	# shellcheck disable=SC2016	# for the script
	printf '#!/bin/sh\nkill -9 $PPID\nexit 1\n' >"$LKROOT/subsys/filesys/resources/volume/actions/restore"
	chmod 755 "$LKROOT/subsys/filesys/resources/volume/actions/restore"
	expect 137 lcdavail -q
	[[ " $(flg_list | sed -n 's/^!late!//p' | tr '\n' ' ')" == *' app1 '* ]]
	stub_action filesys/volume restore 0
	expect 0 lcdavail -q
	late_are
}

@test "a start with quorum leaves nothing to be made up for" {
	alone
	others ALIVE
	expect 0 lcdavail
	states_are ip1=ISP vol1=ISP app1=ISP
	late_are
	[ ! -e "$LKROOT/run/late" ]
}

@test "if it cannot be noted that there is something to be made up for, the log says so and the start goes on" {
	export FAKELCM_STATUS='' FAKELCM_QUORUM=yes
	far beta gamma
	echo 'QUORUM_MODE=majority' >>"$LKROOT/etc/default/LifeKeeper"
	others DEAD
	ln -s nowhere "$LKROOT/run/late"
	expect 0 lcdavail
	grep -q 'ERROR:recovery:avail:.*run/late' "$LKROOT/out/lifekeeper.log"
	[ ! -s "$J" ]
	states_are ip1=OSU vol1=OSU app1=OSU
}
