#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lk_confirmso {-y|-n} -s system

load ../helpers/tree

setup() {
	f2
	flg_create -f 'confirmso!beta'
}

teardown() {
	[ -z "${asker:-}" ] || kill -KILL "$asker" 2>/dev/null || :
}

# lcdmachfail in the background, until it asks.
ask() {
	lcdmachfail -s beta 2>/dev/null 3>&- &
	asker=$!
	wait_until 10 test -e "$LKROOT/run/confirmso.beta"
}

logged() {
	grep -q "$1" "$LKROOT/out/lifekeeper.log"
}

@test "CS1: -y lets the failover go on" {
	ask
	expect 0 lk_confirmso -y -s beta
	wait "$asker"
	logged 'failover of "beta" goes on (answered)'
	logged 'FAILOVER RECOVERY OF MACHINE beta'
	[ ! -e "$LKROOT/run/confirmso.beta" ]
}

@test "CS2: -n abandons it" {
	ask
	expect 0 lk_confirmso -n -s beta
	wait "$asker"
	logged 'failover of "beta" is abandoned (answered)'
	run ! logged 'FAILOVER RECOVERY OF MACHINE beta'
}

@test "CS3, CS4: without an answer CONFIRMSODEF counts" {
	printf 'CONFIRMSOTO=0\nCONFIRMSODEF=0\n' >"$LKROOT/etc/default/LifeKeeper"
	expect 0 lcdmachfail -s beta
	logged 'failover of "beta" goes on (no answer)'
	printf 'CONFIRMSOTO=0\nCONFIRMSODEF=1\n' >"$LKROOT/etc/default/LifeKeeper"
	expect 0 lcdmachfail -s beta
	logged 'failover of "beta" is abandoned (no answer)'
}

@test "CS5: without a question there is nothing to answer" {
	expect 7 lk_confirmso -y -s beta
	# what a killed lcdmachfail has left is no question
	: >"$LKROOT/run/confirmso.beta"
	expect 7 lk_confirmso -y -s beta
}

@test "CS6: -y and -n exclude each other, and one of them is needed" {
	expect 2 lk_confirmso -y -n -s beta
	expect 2 lk_confirmso -s beta
	expect 2 lk_confirmso -y
	expect 5 lk_confirmso -y -s ../x
}

@test "the asker ends in order when it is told to" {
	ask
	kill -TERM "$asker"
	local code=0
	wait "$asker" || code=$?
	[ "$code" -ne 0 ]
	[ ! -e "$LKROOT/run/confirmso.beta" ]
	run ! logged 'FAILOVER RECOVERY OF MACHINE beta'
}

@test "a second asker is refused and leaves the answer to the first as it is" {
	ask
	kill -STOP "$asker"
	expect 0 lk_confirmso -y -s beta
	expect 4 lcdmachfail -s beta
	says 'waits for an answer already'
	kill -CONT "$asker"
	wait "$asker"
	logged 'failover of "beta" goes on (answered)'
}

@test "what others do with the file of the question does not keep it from being asked" {
	: >"$LKROOT/run/confirmso.beta"
	exec {fd}<"$LKROOT/run/confirmso.beta"
	flock -x "$fd"
	ask {fd}>&-
	wait_until 10 logged 'waits for confirmation'
	exec {fd}>&-
	expect 0 lk_confirmso -n -s beta
	wait "$asker"
	logged 'failover of "beta" is abandoned (answered)'
}

@test "an answer that a killed asker has left is not taken for that of the next question" {
	printf n >"$LKROOT/run/confirmso.beta"
	printf 'CONFIRMSOTO=0\n' >"$LKROOT/etc/default/LifeKeeper"
	expect 0 lcdmachfail -s beta
	logged 'failover of "beta" goes on (no answer)'
}

# beta and gamma are dead, and gamma had nothing.
both_dead() {
	join gamma 20 1510 10.1.0.3
	FAKELCM_STATUS='beta gamma' "$LK_BIN/../tests/helpers/fakelcm" "$LKROOT" none= 3>&- &
	wait_until 10 test -S "$LKROOT/run/lcm.sock"
	lk_epoch -t ip1 -e 3 -o beta
}

left_to_confirm() {
	logged "recovery:$1:ip1:[0-9]*:LEAVE: beta had it in service, and the failover of that system is not confirmed"
	run ! grep -q restore "$J"
}

@test "the failure or return of another system does not bypass the question, open or not yet asked" {
	both_dead
	expect 0 lcdmachfail -s gamma
	left_to_confirm down
	ask
	expect 0 lcdmachfail -s gamma
	expect 0 lcdmachup -s gamma
	left_to_confirm up
	expect 0 lk_confirmso -y -s beta
	wait "$asker"
	grep -q 'restore -t ip1' "$J"
}

@test "an abandoned failover stays so when another system fails, and is let go on for all by a later yes" {
	both_dead
	printf 'CONFIRMSOTO=0\nCONFIRMSODEF=1\n' >"$LKROOT/etc/default/LifeKeeper"
	expect 0 lcdmachfail -s beta
	expect 0 lcdmachfail -s gamma
	left_to_confirm down
	: >"$LKROOT/run/confirmed.beta"
	expect 0 lcdmachfail -s gamma
	grep -q 'restore -t ip1' "$J"
}

@test "when the system is back, a yes of its last outage counts no more" {
	both_dead
	: >"$LKROOT/run/confirmed.beta"
	expect 0 lcdmachup -s beta
	expect 0 lcdmachfail -s gamma
	left_to_confirm down
}
