#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The end of a whole machine, by the kernel's softdog and by lkwatchdog itself.

# shellcheck disable=SC2016,SC2154	# what runs in the machines is quoted; vm sets $vm
load vm

setup_file() {
	vm_or_skip
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || vm_tell
}

# What every machine begins with: a resource in service, daemons, and a client that writes the time as long as
# it lives. In three seconds the watchdog barks.
begin='
source "$src/tests/helpers/wait.bash"
source "$src/tests/helpers/pen.bash"
settings() {
	printf "%s\n" "$@" >"$LKROOT/etc/default/LifeKeeper"
}
settings WATCHDOG_DEVICE=/dev/watchdog1 WATCHDOG_TIMEOUT=3
printf "%s\n" lkwatchdog:respawn:sbin/lkwatchdog lkcheck:respawn:sbin/lkcheck >"$LKROOT/etc/LKinit.config"
app_create -a gen && typ_create -a gen -r app && ins_create -a gen -r app -t app -i app || exit 9
in_service() {
	ins_setst -t app -S ISP
}
publish() {
	lease "$@"
	cp "$LKROOT/run/lease" /run/share/lease
}
logged() {
	grep -qF -- "$1" "$LKROOT/out/lifekeeper.log"
}
live() {	# SECONDS
	local end=$((SECONDS + $1))
	while [ "$SECONDS" -lt "$end" ]; do
		cat /proc/uptime >>/run/share/alive
		sleep 0.05
	done
}
'

# The client did not live longer than the lease says, but for what this machine's being busy does to the one in it: that
# is measured by how often the client had its turn after that, 20 times a second at most, and not by the time, which goes
# on while the machine stands still. awk has no integers of that size, but a double will do.
in_time() {
	awk 'FNR == NR { deadline = $4 / 1e9; next } $1 > last { last = $1 }
		$1 > deadline { late++ }
		END { print "deadline " deadline ", last " last ", late " late + 0; exit !(last > 1 && late <= 30) }' \
		<(head -n 1 "$vm/lease") "$vm/alive"
}

barked() {
	grep -q 'softdog: Initiating panic' "$vm/kernel" && vm_was_cut && [ "$(vm_boots)" -eq 1 ]
}

@test "a machine that is looked after goes on, also when lkwatchdog is killed and after lkstop" {
	vm 90 "$begin"'
		in_service
		lkstart || exit 1
		publish 600000 600000
		live 5
		kill -KILL "$(lktest | sed -n "s/^lkwatchdog \([0-9]*\) .*/\1/p")"
		live 5
		lkstop -f || exit 2
		live 6
		logged "watchdog \"/dev/watchdog1\" is disarmed" || exit 3'
	vm_finished
	[ "$(vm_boots)" -eq 1 ]
}

@test "when all daemons are killed at once the machine is reset in time" {
	vm 90 "$begin"'
		in_service
		lkstart || exit 1
		publish 600000 600000
		live 1
		kill -KILL $(lktest | awk "{ print \$2 }")
		publish -1 5000
		live 60'
	barked
	in_time
}

@test "when the daemons are killed and none is restarted, nothing but the device is needed" {
	vm 90 "$begin"'
		lkstart || exit 1
		kill -KILL $(lktest | awk "{ print \$2 }")
		live 60'
	barked
}

@test "when lkwatchdog hangs the machine is reset" {
	vm 90 "$begin"'
		in_service
		lkstart || exit 1
		publish 2000 8000
		kill -STOP "$(lktest | sed -n "s/^lkwatchdog \([0-9]*\) .*/\1/p")"
		live 60'
	barked
	in_time
}

@test "when the lease ends the device alone resets the machine in time" {
	vm 90 "$begin"'
		in_service
		export LK_KEEP_NODE=1
		publish 600000 600000
		lkwatchdog &
		wait_until 10 logged "is armed"
		publish 1000 6000
		live 60'
	barked
	in_time
}

@test "without a device lkwatchdog itself reboots the machine in time" {
	# now and then UML does not come up again: that is not what is tested
	vm 30 "$begin"'
		in_service
		settings WATCHDOG_DEVICE=none
		lkstart || exit 1
		publish 1000 3000
		live 60' || :
	vm_was_cut
	# what it logs last is not synced, and mostly lost
	grep -q 'sysrq: Resetting' "$vm/kernel"
	in_time
}

@test "with fastkill the machine is powered off" {
	vm 90 "$begin"'
		in_service
		settings QUORUM_LOSS_ACTION=fastkill
		lk_quorumloss
		live 60'
	vm_was_cut
	[ "$(vm_boots)" -eq 1 ]
}

@test "a remove that hangs does not keep the machine beyond its deadline" {
	vm 90 "$begin"'
		in_service
		mkdir -p "$LKROOT/subsys/gen/resources/app/actions"
		printf "#!/bin/sh\nexec sleep 1000\n" >"$LKROOT/subsys/gen/resources/app/actions/remove"
		chmod 755 "$LKROOT/subsys/gen/resources/app/actions/remove"
		lkstart || exit 1
		publish -1 6000
		lk_quorumloss &
		live 60'
	vm_was_cut
	in_time
	grep -q 'quorum is lost and resources are in service: osu' "$vm/out/lifekeeper.log"
}

@test "a loss of quorum that stops everything in time leaves the machine as it is" {
	vm 90 "$begin"'
		in_service
		mkdir -p "$LKROOT/subsys/gen/resources/app/actions"
		printf "#!/bin/sh\nexit 0\n" >"$LKROOT/subsys/gen/resources/app/actions/remove"
		chmod 755 "$LKROOT/subsys/gen/resources/app/actions/remove"
		lkstart || exit 1
		publish -1 25000
		lk_quorumloss || exit 2
		live 27
		[ "$(lktest | sed -n 1p | cut -d " " -f 3)" = quarantine ]'
	vm_finished
	[ "$(vm_boots)" -eq 1 ]
}

@test "a watchdog that cannot be disarmed is said, and resets the machine after lkstop" {
	vm_nowayout=1 vm 90 "$begin"'
		lkstart || exit 1
		logged "cannot be disarmed (nowayout)" || exit 2
		lkstop
		live 60'
	barked
}
