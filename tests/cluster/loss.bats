#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The end of a node that may not run resources any more, and the quarantine of one that could stop them. Nothing of the
# daemons is replaced; the node's "machine" is its PID namespace, which reboot(2) really ends.

# shellcheck disable=SC2016  # the nodes expand what stands in single quotes

load lab
load service

setup_file() {
	lab_or_skip
	service_up 2
}

teardown_file() {
	lab down
}

setup() {
	local node
	for node in alpha beta; do
		lab alive "$node" || lab start "$node"
		lab sh "$node" 'rm -f "$LKROOT/run/lease" "$LKROOT/run/quarantine" "$LKROOT/etc/default/LifeKeeper"'
	done
	all_started alpha beta
	for node in alpha beta; do
		lab sh "$node" 'flg_list | while read -r f; do flg_remove -f "$f"; done
			for t in ip1 vol1 app1; do ins_setit -t $t -I INIT_OSU; done'
		action "$node" gen/tapp remove
	done
	all_removed alpha beta
	clear
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs
}

# Publish a lease there; milliseconds from now.
lease() {	# NODE UNTIL DEADLINE
	lab sh "$1" '. "$1/tests/helpers/pen.bash"; lease "$2" "$3"' "$LK_SRC" "$2" "$3"
}

is_dead() {	# NODE
	! lab alive "$1"
}

in_quarantine() {	# NODE
	[ "$(on "$1" lktest | sed -n 1p | cut -d ' ' -f 3)" = quarantine ]
}

@test "a node whose deadline has come with a resource in service is ended" {
	in_service_on alpha
	lease alpha -100 3000
	wait_until 30 is_dead alpha
	logged alpha 'resources may be in service: this node is ended (reboot)'
	lab alive beta
	lab start alpha
	on alpha lkstart
	wait_until 60 states_are alpha app1=OSU
}

@test "a node with nothing in service is not ended" {
	lease alpha -100 2000
	wait_until 30 lab sh alpha '. "$1/tests/helpers/pen.bash"; [ "$(deadline)" = never ]' "$LK_SRC"
	lab alive alpha
}

@test "a node whose daemons were killed is ended when they start again after its deadline" {
	in_service_on alpha
	lease alpha 600000 600000
	lab sh alpha 'pkill -KILL "^(lkinit|lkwatchdog|lkcheck|lcm)"'
	lease alpha -2000 -1000
	lab spawn alpha lkstart
	wait_until 30 is_dead alpha
	logged alpha 'resources may be in service: this node is ended (reboot)'
}

@test "a remove that hangs when quorum is lost ends with the node" {
	in_service_on alpha
	lab sh alpha 'printf "#!/bin/sh\nexec sleep 1000\n" >"$LKROOT/subsys/gen/resources/tapp/actions/remove"'
	lease alpha -100 4000
	lab spawn alpha lk_quorumloss
	wait_until 30 is_dead alpha
	logged alpha 'quorum is lost and resources are in service: osu'
}

@test "a remove that fails when quorum is lost ends with the node" {
	in_service_on alpha
	action alpha gen/tapp remove 1
	lab sh alpha 'echo QUORUM_LOSS_DEADLINE=3 >"$LKROOT/etc/default/LifeKeeper"'
	lab spawn alpha lk_quorumloss
	wait_until 30 is_dead alpha
	logged alpha 'not everything could be taken out of service: lkwatchdog ends this node'
}

@test "a node that has stopped everything in time keeps quiet for a while, and then comes back" {
	in_service_on alpha
	lab sh alpha 'echo QUORUM_QUARANTINE_SECS=10 >"$LKROOT/etc/default/LifeKeeper"'
	on alpha lk_quorumloss
	states_are alpha app1=OSU ip1=OSU vol1=OSU
	wait_until 20 in_quarantine alpha
	wait_until 20 lab sh beta '[ "$(sys_getst -s alpha)" != ALIVE ]'
	wait_until 60 logged alpha 'the quarantine is over'
	wait_until 60 settled
	lab alive alpha
}

@test "fastkill ends the node at once" {
	in_service_on alpha
	lab sh alpha 'echo QUORUM_LOSS_ACTION=fastkill >"$LKROOT/etc/default/LifeKeeper"'
	# from a session of its own: the node may be gone before whoever has entered it has left, and what becomes of that
	# must not become of this test
	setsid "$LAB_HOME/lab" spawn alpha lk_quorumloss >/dev/null 2>&1 3>&- || :
	wait_until 30 is_dead alpha
	run grep remove "$(lab root alpha)/tmp/journal"
	[ "$status" -eq 1 ]
}
