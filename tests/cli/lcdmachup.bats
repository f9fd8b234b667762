#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lcdmachup -s sys
# Decisions among several systems: tests/decide. With real ones: tests/cluster/recovery.bats.

load ../helpers/tree

setup() {
	f2
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
