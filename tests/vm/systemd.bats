#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A machine that systemd boots and powers off, alpha, with the unit as it is installed. Its peer beta is a namespace. What
# the actions of both do, and that the network of alpha goes down, they say over the network to one journal.

# shellcheck disable=SC2016,SC2034	# what runs in the machine is quoted; node_boot uses VM_INIT and VM_MORE
load vm
load node
load ../cluster/service

# A start of Lockkeeper must not last as long as it takes to be dead for others.
export INTERVAL=1 MISSES=30

# Noted only if the network is there: else the action fails.
actions() {	# NODE
	local type action dir
	for type in comm/resources/tip filesys/resources/volume gen/resources/tapp; do
		dir=$(lab_root "$1")/subsys/$type/actions
		for action in restore remove; do
			printf '#!/bin/bash\necho "$HOSTNAME %s $2" >/dev/udp/10.1.0.254/9009\n' $action >"$dir/$action"
		done
	done
}

setup_file() {
	local why=''
	for file in /usr/lib/systemd/systemd /usr/lib/systemd/system/multi-user.target; do
		[ -e $file ] || why="there is no $file"
	done
	[ -z "$why" ] || skip "$why"
	node_or_skip
	service_up 2
	actions alpha
	actions beta
	lab_off alpha
	mke2fs -q -t ext4 -d "$(lab_root alpha)" "$LAB_DIR/disk" 128M
	node_journal "$LAB_DIR/journal"
}

teardown_file() {
	lab_down
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || tell
}

tell() {
	cat "$LAB_DIR/journal"
	node_tell alpha
	debugfs -R 'cat /out/lifekeeper.log' "$LAB_DIR/disk" 2>/dev/null | tail -n 60
	lab_logs beta
}

boot() {
	: >"$LAB_DIR/journal"
	local VM_INIT=$LK_SRC/tests/vm/systemd VM_MORE=("ubd0=$LAB_DIR/disk" net.ifnames=0 printk.devkmsg=on loglevel=7)
	node_boot alpha 3000
	wait_until "$VM_LONG" all_see_each_other
}

all_see_each_other() {
	[ "$(on beta sys_getst -s alpha)" = ALIVE ] && [ "$(node_sh alpha 'sys_getst -s beta')" = ALIVE ]
}

alpha_has_ended() { ! node_is_up alpha; }

# From now on the journal is that of the shutdown.
power_off() {
	: >"$LAB_DIR/journal"
	node_sh alpha 'systemctl poweroff' 2>/dev/null || :	# whoever answers may be stopped before he has
	wait_until "$VM_LONG" alpha_has_ended
}

# The number of the line that ends so: there is exactly one.
line_of() {	# TEXT
	local found
	found=$(grep -n " $1\$" "$LAB_DIR/journal" | cut -d: -f1)
	[[ $found =~ ^[0-9]+$ ]] || { echo "\"$1\": ${found:-never}" >&2; return 1; }
	echo "$found"
}

in_this_order() {	# TEXT...
	local text line last=0
	for text; do
		line=$(line_of "$text") || return
		[ "$line" -gt "$last" ] || { echo "\"$text\" is too early" >&2; return 1; }
		last=$line
	done
}

alpha_was_filled() {
	in_this_order 'alpha restore ip1' 'alpha restore app1' && in_this_order 'alpha restore vol1' 'alpha restore app1'
}

alpha_was_emptied() {
	in_this_order 'alpha remove app1' 'alpha remove ip1' 'alpha network down' &&
		in_this_order 'alpha remove app1' 'alpha remove vol1' 'alpha network down'
}

alpha_serves() {
	[ "$(node_sh alpha 'ins_list -t app1 -f: | cut -d: -f7')" = ISP ]
}

@test "at boot the unit starts Lockkeeper and with it what is to be in service" {
	boot
	wait_until "$VM_LONG" alpha_serves
	[ "$(node_sh alpha 'systemctl is-active lockkeeper')" = active ]
	wait_until "$VM_LONG" alpha_was_filled
}

unit_is() {	# STATE
	[ "$(node_sh alpha 'systemctl is-active lockkeeper')" = "$1" ]
}

restarted_by_systemd() {
	[ "$(node_sh alpha 'systemctl show -P NRestarts lockkeeper')" -ge 1 ] && unit_is active
}

@test "when lkinit is killed systemd starts it again, and nothing leaves service" {
	: >"$LAB_DIR/journal"
	node_sh alpha 'kill -KILL "$(systemctl show -P MainPID lockkeeper)"'
	wait_until "$VM_LONG" restarted_by_systemd
	wait_until "$VM_LONG" all_see_each_other
	wait_until "$VM_LONG" alpha_serves
	if grep -e ' remove ' -e ' beta ' "$LAB_DIR/journal"; then return 1; fi
}

@test "after lkstop and lkstart it is the unit that runs" {
	: >"$LAB_DIR/journal"
	node_sh alpha 'lkstop'
	wait_until "$VM_LONG" in_this_order 'alpha remove app1' 'alpha remove ip1'
	wait_until "$VM_LONG" unit_is inactive
	node_sh alpha 'lkstart'
	wait_until "$VM_LONG" alpha_serves
	wait_until "$VM_LONG" all_see_each_other
	unit_is active
}

# Has beta the flag that keeps it from taking over?
nofailover_is() {	# 0 | 7: yes, no; as flg_test exits
	local code=0
	on beta flg_test -f '!nofailover!alpha' || code=$?
	[ "$code" -eq "$1" ]
}

beta_has_decided() {	# WHAT
	[ "$(on beta sys_getst -s alpha)" = DEAD ] && settled &&
		grep -q ":down:app1:.*$1" "$(lab_root beta)/out/lifekeeper.log"
}

@test "by default a shutdown takes out of service, roots first and before the network, and nobody takes over" {
	power_off
	wait_until "$VM_LONG" alpha_was_emptied
	nofailover_is 0
	wait_until "$VM_LONG" beta_has_decided 'LEAVE: a flag keeps it off this node'
	nofailover_is 0
	[ "$(state beta app1)" = OSU ]
	if grep ' beta ' "$LAB_DIR/journal"; then return 1; fi
}

@test "at the next boot what was in service comes back, and the others may take over again" {
	boot
	wait_until "$VM_LONG" alpha_serves
	wait_until "$VM_LONG" alpha_was_filled
	wait_until "$VM_LONG" nofailover_is 7
}

handed_over() {
	in_this_order 'alpha remove ip1' 'beta restore ip1' 'beta restore app1' &&
		in_this_order 'alpha remove vol1' 'beta restore vol1' 'beta restore app1'
}

@test "with the strategy to switch over the peer takes all when it is out of service" {
	nofailover_is 7
	node_sh alpha 'flg_create -f shutdown_switchover'
	power_off
	wait_until "$VM_LONG" alpha_was_emptied
	nofailover_is 7
	wait_until "$VM_LONG" owner_is beta app1 beta
	wait_until "$VM_LONG" handed_over
}

alpha_is_quiet() {
	node_sh alpha 'lktest && ! pgrep -x sendevent && ! pgrep -x perform_action' >/dev/null
}

@test "whoever comes back after that leaves it where it is" {
	boot
	wait_until "$VM_LONG" alpha_is_quiet
	wait_until "$VM_LONG" settled
	[ "$(node_sh alpha 'ins_list -t app1 -f: | cut -d: -f7')" = OSU ]
	[ "$(state beta app1)" = ISP ]
	if grep ' restore ' "$LAB_DIR/journal"; then return 1; fi
}
