#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The end of a whole machine, by the kernel's softdog and by lkwatchdog itself.

# shellcheck disable=SC2016,SC2154	# what runs in the machines is quoted; vm sets $vm
load vm

setup_file() {
	vm_or_skip
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || { vm_tell; vm_once_more 1.5; }
}

# What every machine begins with: a resource, and daemons. Its beats stand for a client, which sees it as long as it lives.
# In three seconds the watchdog barks.
begin='
source "$src/tests/helpers/wait.bash"
source "$src/tests/helpers/pen.bash"
settings() {
	printf "%s\n" "$@" >"$LKROOT/etc/default/LifeKeeper"
}
watchdog() {	# SECONDS
	settings WATCHDOG_DEVICE=/dev/watchdog1 WATCHDOG_TIMEOUT="$1"
}
watchdog 3
printf "%s\n" lkwatchdog:respawn:sbin/lkwatchdog lkcheck:respawn:sbin/lkcheck >"$LKROOT/etc/LKinit.config"
app_create -a gen && typ_create -a gen -r app && ins_create -a gen -r app -t app -i app || exit 9
in_service() {
	ins_setst -t app -S ISP
}
action_remove() {	# TEXT
	local dir=$LKROOT/subsys/gen/resources/app/actions
	mkdir -p "$dir"
	printf "#!/bin/sh\n%s\n" "$1" >"$dir/remove"
	chmod 755 "$dir/remove"
}
publish() {
	lease "$@"
	cp "$LKROOT/run/lease" /run/share/lease
}
# What the machine must end within when nobody looks after it: without a process, so that it is said before the end.
limit() {	# MILLISECONDS
	local now
	read -r now _ </proc/uptime
	echo "limit 1 0 $(((10#${now/./} * 10 + $1) * 1000000))" >/run/share/lease
}
logged() {
	grep -qF -- "$1" "$LKROOT/out/lifekeeper.log"
}
pid_of() {	# DAEMON
	lktest | sed -n "s/^$1 \([0-9]*\) .*/\1/p"
}
'

# The machine did not live longer than the lease says, but for what our being busy does to it: that is measured by how
# often it beat after that, 20 times a second at most, and not by the time, which goes on while it stands still. awk has
# no integers of that size, but a double will do.
in_time() {
	awk 'FNR == NR { deadline = $4 / 1e9; next } $1 > last { last = $1 }
		$1 > deadline { late++ }
		END { print "deadline " deadline ", last " last ", late " late + 0; exit !(last > 1 && late <= 30) }' \
		<(head -n 1 "$vm/lease") "$vm/beats"
}

barked() {
	grep -q 'softdog: Initiating panic' "$vm/kernel" && vm_was_cut
}

@test "a machine that is looked after goes on, also when lkwatchdog is killed and after lkstop" {
	vm "$VM_LONG" "$begin"'
		in_service
		watchdog 6
		lkstart || exit 1
		publish 600000 600000
		sleep 8
		kill -KILL "$(pid_of lkwatchdog)"
		sleep 8
		lkstop -f || exit 2
		sleep 8
		logged "watchdog \"/dev/watchdog1\" is disarmed" || exit 3'
	vm_finished
}

@test "when all daemons are killed at once the machine is reset in time" {
	vm "$VM_LONG" "$begin"'
		in_service
		lkstart || exit 1
		publish 600000 600000
		kill -KILL $(lktest | awk "{ print \$2 }")
		limit 4000
		sleep 60'
	barked
	in_time
}

@test "when the daemons are killed and none is restarted, nothing but the device is needed" {
	vm "$VM_LONG" "$begin"'
		lkstart || exit 1
		kill -KILL $(lktest | awk "{ print \$2 }")
		limit 4000
		sleep 60'
	barked
	in_time
}

@test "when lkwatchdog hangs the machine is reset" {
	vm "$VM_LONG" "$begin"'
		in_service
		lkstart || exit 1
		publish 600000 600000
		kill -STOP "$(pid_of lkwatchdog)"
		limit 4000
		sleep 60'
	barked
	in_time
}

@test "when the lease ends the device alone resets the machine in time" {
	vm "$VM_LONG" "$begin"'
		in_service
		export LK_KEEP_NODE=1
		publish 600000 600000
		lkwatchdog &
		wait_until 60 logged "is armed"
		publish 1000 6000
		sleep 60'
	barked
	in_time
}

@test "without a device lkwatchdog itself reboots the machine in time" {
	vm "$VM_LONG" "$begin"'
		in_service
		settings WATCHDOG_DEVICE=none
		lkstart || exit 1
		publish 1000 3000
		sleep 60'
	vm_was_cut
	vm_rebooted
	# what it logs last is not synced, and mostly lost
	grep -q 'sysrq: Resetting' "$vm/kernel"
	in_time
}

@test "with fastkill the machine is powered off" {
	vm "$VM_LONG" "$begin"'
		in_service
		settings QUORUM_LOSS_ACTION=fastkill
		lk_quorumloss
		sleep 60'
	vm_was_cut
	if vm_rebooted; then return 1; fi
}

@test "a remove that hangs does not keep the machine beyond its deadline" {
	vm "$VM_LONG" "$begin"'
		in_service
		action_remove "exec sleep 1000"
		lkstart || exit 1
		publish 600000 600000
		lk_quorumloss &
		wait_until 60 logged "quorum is lost and resources are in service: osu" || exit 2
		publish -1 6000
		sleep 60'
	barked
	in_time
}

@test "a loss of quorum that stops everything in time leaves the machine as it is" {
	vm "$VM_LONG" "$begin"'
		in_service
		watchdog 6
		action_remove "exit 0"
		lkstart || exit 1
		publish -1 25000
		lk_quorumloss || exit 2
		sleep 27
		[ "$(lktest | sed -n 1p | cut -d " " -f 3)" = quarantine ]'
	vm_finished
}

@test "a watchdog that cannot be disarmed is said, and resets the machine after lkstop" {
	vm_nowayout=1 vm "$VM_LONG" "$begin"'
		lkstart || exit 1
		wait_until 60 logged "cannot be disarmed (nowayout)" || exit 2
		lkstop
		sleep 60'
	barked
}
