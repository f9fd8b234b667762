#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lk_confirmso {-y|-n} -s system

load ../helpers/tree

setup() {
	f2
	flg_create -f 'confirmso!beta'
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
