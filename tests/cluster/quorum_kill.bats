#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of every daemon at once on a node that has resources, with quorum by majority and a watchdog device: never two
# owners, whether somebody starts the daemons again or nobody does. Done by tests/cluster/chaos, which judges it.

load lab

setup() {
	lab_or_skip
}

# Slower heartbeats than by hand, for machines that are busy.
chaos() {	# LINE...
	printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/steps"
	LAB_DIR=$BATS_TEST_TMPDIR/lab run "$LAB_HOME/chaos" --quorum majority --interval 0.5 --out "$BATS_TEST_TMPDIR/out" \
		--steps "$BATS_TEST_TMPDIR/steps" 3>&-
	printf '%s\n' "${lines[@]}" | tail -n 120
	[ "$status" -ne 77 ] || skip "${lines[-1]}"
}

@test "kill -9 of all daemons of an owner: one owner, whether nobody, somebody or lkinit starts them again" {
	chaos 'killall beta 0' settle 'killall alpha 100' settle 'kidkill gamma' settle
	[ "$status" -eq 0 ]
	[[ ${lines[-1]} == clean:* ]]
	[[ $output != *' 0 nodes ended'* ]]
}

@test "without a watchdog device an owner whose daemons are killed goes on, and that is found" {
	chaos nodevices 'killall beta 0' 'wait 12000' settle
	[ "$status" -eq 1 ]
	[[ $output == *'WRONG: two owners: '*' beta app1 writes, and '* ]]
}
