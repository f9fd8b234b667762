#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lcdmachfail -s sys [-t tag [system ...]]
# Decisions among several systems: tests/decide. With real ones: tests/cluster/recovery.bats.

load ../helpers/tree

setup() {
	f2
}

@test "without the communication manager nothing is known of the system, and nothing is taken from it" {
	lk_epoch -t ip1 -e 3 -o beta
	expect 0 lcdmachfail -s beta
	[ ! -s "$J" ]
	grep -q 'recovery:down:ip1:[0-9]*:LEAVE: beta may have it in service' "$LKROOT/out/lifekeeper.log"
}

@test "its end is logged by the documented texts" {
	expect 0 lcdmachfail -s beta
	grep -q 'FAILOVER RECOVERY OF MACHINE beta' "$LKROOT/out/lifekeeper.log"
	grep -q 'FINISHED AT: ' "$LKROOT/out/lifekeeper.log"
}

@test "an unknown system, and this one, give 7" {
	expect 7 lcdmachfail -s nope
	expect 7 lcdmachfail -s alpha
	[ ! -s "$J" ]
}

@test "a missing system gives 2" {
	expect 2 lcdmachfail
}
