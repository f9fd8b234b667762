#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lcdmachfail -s sys [-t tag [system ...]]
# Decisions among several systems: tests/decide. With real ones: tests/cluster/recovery.bats.
# shellcheck disable=SC2030,SC2031	# what a test sets is for the test

load ../helpers/tree
load ../helpers/far

setup() {
	f1
}

teardown() {
	[ -z "${host:-}" ] || kill "$host" || :
	far_end
}

# gamma is dead and had ip1; beta is ALIVE, but silent as long as run/silent is there in its tree.
silent() {
	: >"$LKROOT/run/dead-gamma"
	export FAKELCM_STATUS=''
	far beta gamma
	eqv_create --local-only -t ip1 -p 1 -S beta -o ip1 -r 10 -e SHARED
	eqv_create --local-only -t ip1 -p 1 -S gamma -o ip1 -r 20 -e SHARED
	far_ip1 beta
	far_silent beta
	lk_epoch -t ip1 -e 3 -o gamma
}

logged() {
	grep -q "$1" "$LKROOT/out/lifekeeper.log"
}

@test "without the communication manager nothing is known of the system, and nothing is taken from it" {
	join beta 10 1500 10.1.0.2
	lk_epoch -t ip1 -e 3 -o beta
	expect 0 lcdmachfail -s beta
	[ ! -s "$J" ]
	grep -q 'recovery:down:ip1:[0-9]*:LEAVE: beta may have it in service' "$LKROOT/out/lifekeeper.log"
}

@test "its end is logged by the documented texts" {
	join beta 10 1500 10.1.0.2
	expect 0 lcdmachfail -s beta
	grep -q 'FAILOVER RECOVERY OF MACHINE beta' "$LKROOT/out/lifekeeper.log"
	grep -q 'FINISHED AT: ' "$LKROOT/out/lifekeeper.log"
}

@test "an unknown system, and this one, give 7" {
	join beta 10 1500 10.1.0.2
	expect 7 lcdmachfail -s nope
	expect 7 lcdmachfail -s alpha
	[ ! -s "$J" ]
}

@test "an unknown tag gives 7 and names it, and an unknown system that has tried is no harm" {
	join beta 10 1500 10.1.0.2
	expect 7 lcdmachfail -s beta -t nope
	says 'nope'
	expect 0 lcdmachfail -s beta -t ip1 zeta
	logged 'recovery:down:ip1:'
}

@test "the trap of the failure does not hold up the recovery" {
	join beta 10 1500 10.1.0.2
	mkdir -p "$LKROOT/bin"
	# shellcheck disable=SC2016  # the stub expands it
	printf '#!/bin/sh\nn=0\nwhile [ ! -e "$LKROOT/run/go" ] && [ $n -lt 400 ]; do sleep 0.02; n=$((n + 1)); done\necho "$1 $3 $n" >"$LKROOT/run/trapped"\n' \
		>"$LKROOT/bin/lk_trap"
	chmod 755 "$LKROOT/bin/lk_trap"
	expect 0 lcdmachfail -s beta
	logged 'FINISHED AT: '
	[ ! -e "$LKROOT/run/trapped" ]
	: >"$LKROOT/run/go"
	wait_until 10 grep -q '^120 beta ' "$LKROOT/run/trapped"
}

@test "a missing system gives 2" {
	expect 2 lcdmachfail
}

@test "a system that is silent for a moment is asked again, without another event" {
	silent
	ins_setit -t ip1 -I INIT_OSU
	lcdmachfail -s gamma 3>&- &
	wait_until 10 logged 'recovery:down:ip1:[0-9]*:LEAVE: beta may have it in service'
	# its end is not held up
	wait_until 10 logged 'FINISHED AT: '
	rm "$FAR/beta/run/silent"
	wait_until 20 grep -q 'restore -t ip1' "$J"
	wait "$!"
	[ "$(grep -c 'restore -t' "$J")" -eq 1 ]
}

@test "the return of the system ends the asking, and so does TERM" {
	silent
	lcdmachfail -s gamma 3>&- &
	wait_until 10 logged 'FINISHED AT: '
	rm "$LKROOT/run/dead-gamma"
	wait "$!"
	: >"$LKROOT/run/dead-gamma"
	lcdmachfail -s gamma 3>&- &
	local pid=$!
	# up to the commit point it would end by the first one, from there on none is heard until it waits
	wait_until 10 finished_twice
	wait_until 10 ended_by_term "$pid"
	wait "$pid"
	[ ! -s "$J" ]
}

finished_twice() {
	[ "$(grep -c 'FINISHED AT: ' "$LKROOT/out/lifekeeper.log")" -eq 2 ]
}

ended_by_term() {
	! kill "$1" 2>/dev/null
}

@test "with GATHERRETRY=0 only the next event decides" {
	silent
	echo GATHERRETRY=0 >"$LKROOT/etc/default/LifeKeeper"
	expect 0 lcdmachfail -s gamma
	[ ! -s "$J" ]
}

# ip1 and vol1 are two hierarchies of beta, which lives, and gamma, which is dead and had both.
two_hierarchies() {
	local tag type
	dep_remove -p app1 -c ip1
	dep_remove -p app1 -c vol1
	: >"$LKROOT/run/dead-gamma"
	export FAKELCM_STATUS=''
	far beta gamma
	for type in comm/ip filesys/volume; do
		tag=ip1
		[ "$type" = comm/ip ] || tag=vol1
		on beta app_create -a "${type%/*}"
		on beta typ_create -a "${type%/*}" -r "${type#*/}"
		on beta ins_create -a "${type%/*}" -r "${type#*/}" -t $tag -i "$tag.id"
		eqv_create --local-only -t $tag -p 1 -S beta -o $tag -r 10 -e SHARED
		eqv_create --local-only -t $tag -p 1 -S gamma -o $tag -r 20 -e SHARED
		lk_epoch -t $tag -e 3 -o gamma
	done
}

restored() {	# TAG
	grep -q "restore -t $1 " "$J" && [ "$(ins_list -f: -t "$1" | cut -d: -f7,10)" = ISP: ]
}

# An operation is at work on ip1, here or with "on beta" there, until it is over.
busy() {	# [COMMAND...]
	two_hierarchies
	sleep 60 3>&- &
	holder=$!
	"$@" taken_by "$holder" ip1 REMOVE
}

over() {
	kill "$holder"
	wait "$holder" || true
}

# The recovery has got so far as it can meanwhile.
recovery_waits() {	# [COMMAND...]
	"$@" lcdmachfail -s gamma 3>&- &
	pid=$!
	wait_until 20 restored vol1
}

@test "a hierarchy that another operation is at work on does not hold up another one" {
	local holder pid rc=0
	busy
	recovery_waits
	wait_until 10 logged 'ip1:[0-9]*:another operation is at work on "ip1" on system "alpha": it is waited for'
	run ! grep -q 'restore -t ip1' "$J"
	run ! logged 'FINISHED AT: '
	over
	wait_until 20 restored ip1
	wait "$pid" || rc=$?
	[ "$rc" -eq 0 ]
	logged 'FINISHED AT: '
	[ "$(grep -c 'restore -t' "$J")" -eq 2 ]
}

@test "nor does one that a system is at work on which has to release it" {
	local holder pid rc=0
	busy on beta
	recovery_waits
	wait_until 10 logged 'ip1:[0-9]*:another operation is at work on .* on system "beta": it is waited for'
	run ! grep -q 'restore -t ip1' "$J"
	over
	wait_until 20 restored ip1
	wait "$pid" || rc=$?
	[ "$rc" -eq 0 ]
}

@test "one that was waited for and cannot be restored is told, with exit code 1" {
	local holder pid rc=0
	busy
	stub_action comm/ip restore 1
	recovery_waits
	over
	wait "$pid" || rc=$?
	[ "$rc" -eq 1 ]
	logged 'ip1:[0-9]*:it failed here: beta tries next'
	[ "$(grep -c 'it failed here' "$LKROOT/out/lifekeeper.log")" -eq 1 ]
}

@test "killed while it waits for a hierarchy it leaves nothing behind, and the same call does the rest" {
	local holder pid child
	busy
	recovery_waits
	wait_until 10 pgrep -P "$pid"
	child=$(pgrep -P "$pid")
	kill -KILL "$pid"
	wait "$pid" || true
	wait_until 10 is_gone "$child"
	over
	run ! grep -q 'restore -t ip1' "$J"
	expect 0 lcdmachfail -s gamma
	restored ip1
	[ "$(grep -c 'restore -t' "$J")" -eq 2 ]
}

@test "INT ends it while it waits for a hierarchy, with the process that waits" {
	local holder pid rc=0 child
	busy
	recovery_waits env --default-signal=INT
	wait_until 10 pgrep -P "$pid"
	child=$(pgrep -P "$pid")
	kill -INT "$pid"
	wait "$pid" || rc=$?
	[ "$rc" -eq 1 ]
	[ ! -e "/proc/$child" ]
	[ "$(ins_list -f: -t ip1 | cut -d: -f10,11)" = "REMOVE:$holder" ]
	kill "$holder"
}

# ---- by hand, with quorum or without ----

# ip1 is gamma's, which is dead; with FAKELCM_LEFT it may run for so many milliseconds yet.
by_hand() {	# QUORUM-MODE LINE...
	silent
	rm "$FAR/beta/run/silent"
	: >"$FAR/beta/run/dead-gamma"
	ins_setit -t ip1 -I INIT_OSU
	local name
	for name in alpha beta; do
		printf '%s\n' GATHERRETRY=0 "QUORUM_MODE=$1" WITNESS_MODE=none "${@:2}" >"$(tree_of "$name")/etc/default/LifeKeeper"
	done
}

tree_of() {	# SYSTEM
	[ "$1" = alpha ] && echo "$LKROOT" || echo "$FAR/$1"
}

@test "by hand and without quorum nothing is restored, with a tag or without, and what runs here is left to lcm" {
	export FAKELCM_QUORUM=no
	by_hand majority
	ins_setst -t vol1 -S ISP
	expect 0 lcdmachfail -s gamma
	logged 'this system has no quorum: nothing is recovered'
	# which lcm repeats when there is quorum
	[ -e "$LKROOT/run/late.gamma" ] && [ -e "$LKROOT/run/late" ]
	run lkwhy gamma
	[[ $output == *'this system has no quorum: nothing is recovered'* ]]
	expect 0 lcdmachfail -s gamma -t ip1
	logged 'recovery:down:ip1:[0-9]*:LEAVE: this node has no quorum'
	[ ! -s "$J" ]
	[ "$(ins_list -f: -t vol1 | cut -d: -f7)" = ISP ]
}

@test "by hand and with quorum nothing is restored that a majority does not grant yet" {
	export FAKELCM_LEFT=20000
	by_hand majority
	local pid tag
	for tag in '' '-t ip1'; do
		rm -f "$LKROOT/out/lifekeeper.log"
		# shellcheck disable=SC2086  # two words, or none
		lcdmachfail -s gamma $tag 3>&- &
		pid=$!
		wait_until 10 logged '"ip1" is not granted yet: '
		kill -KILL "$pid"
		wait "$pid" || true
	done
	[ ! -s "$J" ]
	[ "$(ins_list -f: -t ip1 | cut -d: -f7)" != ISP ]
}

@test "by hand a system that is ALIVE loses nothing, with a tag or without" {
	by_hand majority
	rm "$LKROOT/run/dead-gamma"
	expect 0 lcdmachfail -s gamma
	expect 0 lcdmachfail -s gamma -t ip1
	[ "$(grep -c 'the system is ALIVE again: nothing is recovered' "$LKROOT/out/lifekeeper.log")" -eq 2 ]
	[ ! -s "$J" ]
}

@test "with tcp_remote a tag is not restored before the other system must have stopped, nor when it is back" {
	command -v socat >/dev/null || skip 'there is no socat'
	local address=127.$((1 + BASHPID / 250 % 250)).$((1 + BASHPID % 250)).7 pid
	socat "TCP-LISTEN:7001,bind=$address,fork,reuseaddr" EXEC:true 2>/dev/null 3>&- &
	host=$!
	wait_until 10 socat -u "TCP:$address:7001" /dev/null
	export FAKELCM_LEFT=20000
	by_hand tcp_remote "QUORUM_HOSTS=$address:7001"
	lcdmachfail -s gamma -t ip1 3>&- &
	pid=$!
	wait_until 10 logged 'system "gamma" may run what it had in service for'
	kill -0 "$pid"
	[ ! -s "$J" ]
	rm "$LKROOT/run/dead-gamma"
	wait "$pid"
	[ ! -s "$J" ]
}
