#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Fencing before a takeover on two nodes without quorum, lk_fence(8). The agent asks this test to switch the
# power.

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
	lab restore
	all_started alpha beta
	root=$(lab root beta)
	rm -f "$root"/tmp/power.* "$root"/etc/fence/*
	in_service_on alpha
	clear
}

# The agent of beta for alpha: SWITCH is what it does.
agent() {	# SWITCH
	mkdir -p "$root/etc/fence"
	cat >"$root/tmp/agent" <<-END
		#!/bin/sh
		grep -qx action=off || exit 2
		$1
	END
	chmod 755 "$root/tmp/agent"
	(umask 077 && echo "device power agent=$root/tmp/agent retries=0" >"$root/etc/fence/alpha")
}

@test "a system that is only cut off is switched off before another one takes over" {
	agent ": >'$root/tmp/power.wanted'; until [ -e '$root/tmp/power.off' ]; do sleep 0.1; done"
	lab cut alpha
	wait_until 30 test -e "$root/tmp/power.wanted"
	all_isp alpha
	[ -z "$(journal beta)" ]
	lab off alpha
	: >"$root/tmp/power.off"
	wait_until 30 all_isp beta
	logged beta 'system "alpha" is fenced: device "power"'
	[ -e "$root/run/fenced.alpha" ]
	lab restore
	lab start alpha
	on alpha lkstart
	wait_until 30 settled
	all_isp beta
	none_isp alpha
	wait_until 30 test ! -e "$root/run/fenced.alpha"
}

# It cannot know what has become of its resources meanwhile.
@test "who was switched off and starts cut off first fences the other one, or starts nothing" {
	agent ": >'$root/tmp/power.wanted'; until [ -e '$root/tmp/power.off' ]; do sleep 0.1; done"
	local other
	other=$(lab root alpha)
	mkdir -p "$other/etc/fence"
	printf '#!/bin/sh\necho asked >>"%s"\nexit 1\n' "$other/tmp/asked" >"$other/tmp/agent"
	chmod 755 "$other/tmp/agent"
	(umask 077 && echo "device power agent=$other/tmp/agent retries=0" >"$other/etc/fence/beta")
	rm -f "$other/tmp/asked"
	lab cut alpha
	wait_until 30 test -e "$root/tmp/power.wanted"
	lab off alpha
	: >"$root/tmp/power.off"
	wait_until 30 all_isp beta
	lab start alpha
	lab cut alpha
	on alpha lkstart
	wait_until 60 logged alpha 'no fence device has confirmed that it has stopped'
	[ -s "$other/tmp/asked" ]
	none_isp alpha
	all_isp beta
	lab restore
	wait_until 30 settled
	all_isp beta
	none_isp alpha
	rm "$other/etc/fence/beta"
}

@test "a system that could not be fenced is taken over from only when an administrator has confirmed it" {
	agent 'exit 1'
	lab cut alpha
	wait_until 30 test -e "$root/run/confirmso.alpha"
	logged beta 'is not known to have stopped'
	[ -z "$(journal beta)" ]
	lab off alpha
	on beta lk_confirmso -y -s alpha
	wait_until 30 all_isp beta
}
