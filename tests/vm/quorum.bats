#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# All daemons of the owner die at once, on a machine with a real softdog: alpha. Its peers beta and gamma are namespaces
# (three machines would only be slower), with quorum by majority. Whoever runs the service says so all the time to a
# journal on this machine, which has one clock and one order for all of them.

# shellcheck disable=SC2016	# what runs in the machines is quoted
load vm
load node
load ../cluster/service

# The watchdog resets alpha 10 s after it was fed last; the others start 30 s after they have heard of it last, so that
# it does not matter when this machine is slow, or stands still for seconds.
export INTERVAL MISSES TUNABLES='QUORUM_MODE=majority
WITNESS_MODE=remote_verify
QUORUM_LOSS_DEADLINE=20
QUORUM_LOSS_ACTION=osu
QUORUM_QUARANTINE_SECS=5
WATCHDOG_TIMEOUT=10'
INTERVAL=1 MISSES=10

setup_file() {
	node_or_skip
	service_up 3
	local node dir
	for node in alpha beta gamma; do
		dir=$(lab_root "$node")/subsys/gen/resources/tapp/actions
		printf '#!/bin/sh\nexec %q start 10.1.0.254 9009\n' "$LK_SRC/tests/vm/client" >"$dir/restore"
		printf '#!/bin/sh\nexec %q stop\n' "$LK_SRC/tests/vm/client" >"$dir/remove"
	done
	echo WATCHDOG_DEVICE=/dev/watchdog1 >>"$(lab_root alpha)/etc/default/LifeKeeper"
	node_journal "$LAB_DIR/owners"
}

teardown_file() {
	lab_down
}

setup() {
	if [ ! -e "$(node_dir alpha)" ] || ! node_is_up alpha; then
		node_boot alpha 3000 'lkstart
'
	fi
	wait_until "$VM_LONG" all_see_each_other
	# which takes a heartbeat more than to be seen
	wait_until "$VM_LONG" alpha_has_quorum
	node_sh alpha 'perform_action -t app1 -a restore'
	: >"$LAB_DIR/owners"
	wait_until "$VM_LONG" served_by alpha
}

teardown() {
	[ -z "${BATS_TEST_COMPLETED:-}" ] || return 0
	tail -n 3 "$LAB_DIR/owners"
	node_tell alpha
	lab_logs beta gamma
	vm=$(node_dir alpha) vm_once_more 4
}

all_see_each_other() {
	[ "$(node_sh alpha 'for s in beta gamma; do sys_getst -s $s; done' | tr '\n' ' ')" = 'ALIVE ALIVE ' ] &&
		[ "$(on beta sys_getst -s alpha)$(on gamma sys_getst -s alpha)" = ALIVEALIVE ]
}

alpha_has_quorum() {
	node_sh alpha lk_quorum >/dev/null
}

served_by() {	# NODE
	grep -q " $1\$" "$LAB_DIR/owners"
}

served_by_another() {
	grep -q -v ' alpha$' "$LAB_DIR/owners"
}

served_on() {	# LINES
	[ "$(wc -l <"$LAB_DIR/owners")" -ge "$1" ]
}

# Nobody who was followed by another one has served after that.
one_after_the_other() {
	awk '$2 != last { if (seen[$2]++) { print "again: " $0; bad = 1 } last = $2 } END { exit bad }' "$LAB_DIR/owners"
}

ended_before_the_others() {
	awk 'FNR == NR { ended = $1; next } $2 != "alpha" { print ended, $0; exit !(ended < $1) }' \
		"$(node_dir alpha)/ended" "$LAB_DIR/owners"
}

alpha_has_ended() { ! node_is_up alpha; }

# Its daemons run again, or another one serves.
back_or_elsewhere() {
	if node_is_up alpha; then all_see_each_other; else served_by_another; fi
}

@test "all daemons are killed and started again by lkinit: never two owners" {
	node_sh alpha 'kill -KILL $(lktest | awk "!/^lkinit/ { print \$2 }")'
	wait_until "$VM_LONG" back_or_elsewhere
	# as long as a takeover would take, and more
	served_on_for 500
	one_after_the_other
}

served_on_for() {	# LINES
	wait_until "$VM_LONG" served_on $(($(wc -l <"$LAB_DIR/owners") + $1))
}

@test "all daemons are killed, lkinit too: the watchdog resets the machine before another one starts" {
	node_sh alpha 'kill -KILL $(lktest | awk "{ print \$2 }")'
	wait_until "$VM_LONG" alpha_has_ended
	grep -q 'softdog: Initiating panic' "$(node_dir alpha)/kernel"
	wait_until "$VM_LONG" served_by_another
	ended_before_the_others
	served_on_for 100
	one_after_the_other
}
