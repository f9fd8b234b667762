#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lcdmachup -s sys
# Decisions among several systems: tests/decide. With real ones: tests/cluster/recovery.bats.

load ../helpers/tree
load ../helpers/far

setup() {
	f2
}

teardown() {
	far_end
}

@test "where majorities decide, a system that knows other systems is named in the log" {
	local log=$LKROOT/out/lifekeeper.log
	rm -r "$LKROOT"
	f1
	export FAKELCM_STATUS=
	far beta gamma
	on gamma sys_create -s delta
	expect 0 lcdmachup -s gamma
	if grep 'the members differ' "$log"; then return 1; fi
	echo 'QUORUM_MODE=majority' >>"$LKROOT/etc/default/LifeKeeper"
	expect 0 lcdmachup -s gamma
	grep -q 'WARN:quorum:.*the members differ: system "gamma" does not know the same systems' "$log"
	if grep 'the members differ: system "beta"' "$log"; then return 1; fi
}

@test "what nobody had in service stays out of service" {
	expect 0 lcdmachup -s beta
	[ ! -s "$J" ]
	grep -q 'recovery:up:app1:[0-9]*:LEAVE: ' "$LKROOT/out/lifekeeper.log"
}

@test "what is in service here stays here" {
	in_service
	expect 0 lcdmachup -s beta
	[ ! -s "$J" ]
	grep -q 'recovery:up:app1:[0-9]*:LEAVE: it is in service here' "$LKROOT/out/lifekeeper.log"
}

@test "an unknown system, and this one, give 7" {
	expect 7 lcdmachup -s nope
	expect 7 lcdmachup -s alpha
}

@test "a missing system gives 2" {
	expect 2 lcdmachup
}
