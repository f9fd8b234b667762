#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The acceptance tests T1 to T5 that spec/admin-gui-linuxkits.md A.7 prescribes: nginx with its address and its file
# system on a shared disk, protected by the kits as an administrator would, and a client that sees it all.
# shellcheck disable=SC2016	# the nodes expand what stands in single quotes

load lab
load service
load web

ADDRESS=10.1.0.100

# The disk that both nodes reach. No write of a test may wait for the machine's own disks.
make_disk() {
	IMAGE=$(mktemp /dev/shm/lkaccept.XXXXXX)
	truncate -s 16M "$IMAGE"
	mkfs.ext4 -q "$IMAGE"
	DISK=$(losetup -f --show "$IMAGE") || return
	export IMAGE DISK
}

hierarchy() {
	local web
	web=$(lab root alpha)/web
	on alpha lkcli resource create ip --tag web-ip --ipaddr $ADDRESS --netmask 24 &&
		on alpha lkcli resource create filesys --tag web-fs --mountpoint /run/site --device "$DISK" --fsck no &&
		lab sh alpha 'echo "on the shared disk" >/run/site/page' &&
		on alpha lkcli resource create app --tag web --restore "$web/start" --remove "$web/stop" \
			--quickCheck "$web/check" --recover "$web/start" &&
		on alpha lkcli dependency create --parent web --child web-ip &&
		on alpha lkcli dependency create --parent web --child web-fs &&
		on alpha lkcli resource extend --tag web --dest beta
}

setup_file() {
	lab_or_skip
	make_disk || skip 'no loop devices here'
	lab up 2
	local node
	for node in alpha beta; do
		printf '%s\n' LCMHBEATTIME=0.2 LCMNUMHBEATS=3 NOBCASTPING=1 >"$(lab root $node)/etc/default/LifeKeeper"
		web_scripts "$(lab root $node)/web"
	done
	web_cluster
	hierarchy
}

teardown_file() {
	lab down
	[ -z "${DISK:-}" ] || losetup -d "$DISK"
	rm -f "${IMAGE:-}"
}

# The active node is alpha, beta stands by.
setup() {
	local node
	all_started alpha beta
	for node in alpha beta; do
		lab sh $node 'flg_list | grep "^shutdown" | while read -r f; do flg_remove -f "$f"; done
			ins_setchkint -t web -c quick -v 0; ins_setlocalrecover -t web -l Y; retstate web; :'
	done
	on alpha perform_action -t web -a restore
	wait_until 10 runs_on alpha
	clear
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs
}

# What a client in the network gets.
get() {	# PATH
	lab switch curl -s -f -m 2 "http://$ADDRESS$1"
}

serves() {	# NODE
	[ "$(get /)" = "$1" ] && [ "$(get /page)" = 'on the shared disk' ]
}

runs_on() {	# NODE
	states_are "$1" web=ISP web-ip=ISP web-fs=ISP && serves "$1"
}

# Nothing of it is there: no process, no address, no mount.
stands_by() {	# NODE
	states_are "$1" web=OSU web-ip=OSU web-fs=OSU && is_bare "$1"
}

is_bare() {	# NODE
	lab sh "$1" '! pgrep -x nginx && ! ip -o addr | grep -F '$ADDRESS/' && ! mountpoint -q /run/site'
}

# What the systemd unit runs to stop, while systemd is in a state.
unit_stop() {	# NODE STATE
	local root text
	root=$(lab root "$1")
	text=$(sed -n 's/^ExecStop=//p' "$LK_SRC/etc/systemd/lockkeeper.service.in")
	text=${text//@lkroot@/$root}
	mkdir -p "$root/tmp/stub"
	printf '#!/bin/sh\n[ "$*" = is-system-running ] && echo %s\n' "$2" >"$root/tmp/stub/systemctl"
	chmod 755 "$root/tmp/stub/systemctl"
	lab sh "$1" "PATH=$root/tmp/stub:\$PATH; ${text//\$\$/\$}"
}

# The node goes down in good order, as far as we are concerned, and is off.
shut_down() {	# NODE
	run unit_stop "$1" stopping
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = 'LIFEKEEPER NOW STOPPED' ]
	is_bare "$1"
	lab off "$1"
}

@test "T1: in service on the standby moves the whole hierarchy" {
	run on alpha lkcli resource in-service --tag web --dest beta
	[ "$status" -eq 0 ]
	wait_until 10 runs_on beta
	stands_by alpha
	owner_is alpha web beta
	owner_is beta web beta
}

@test "T2: a stopped application is found by the next quickCheck, and local recovery starts it again" {
	on alpha ins_setchkint -t web -c quick -v 1
	lab sh alpha '$LKROOT/web/stop'
	wait_until 30 logged alpha 'Resource Recovery Complete: web'
	wait_until 10 runs_on alpha
	stands_by beta
	logged alpha 'quickCheck of "web" has failed'
}

@test "T2: without local recovery the standby takes the hierarchy over" {
	on alpha ins_setlocalrecover -t web -l N
	on alpha ins_setchkint -t web -c quick -v 1
	lab sh alpha '$LKROOT/web/stop'
	wait_until 30 runs_on beta
	wait_until 10 settled
	states_are alpha web=OSF web-ip=OSU web-fs=OSU
	is_bare alpha
}

@test "T3: the power of the active node is cut: the standby recovers the resources" {
	lab off alpha
	wait_until 30 runs_on beta
	wait_until 10 logged beta 'FINISHED AT:'
	logged beta 'FAILOVER RECOVERY OF MACHINE alpha'
	owner_is beta web beta
}

@test "T4: orderly shutdown, strategy not to switch over: nothing is started elsewhere" {
	shut_down alpha
	wait_until 10 logged beta 'FINISHED AT:'
	stands_by beta
	lab start alpha
	on alpha lkstart
	wait_until 30 runs_on alpha
	stands_by beta
}

@test "T4: orderly shutdown, strategy to switch over: the standby takes it" {
	on alpha flg_create -f shutdown_switchover
	shut_down alpha
	wait_until 30 runs_on beta
	owner_is beta web beta
	lab start alpha
	run on alpha flg_test -f shutdown_switchover
	[ "$status" -eq 0 ]
}

@test "the unit is stopped, but the system is not: nothing is started elsewhere, whatever the strategy" {
	on alpha flg_create -f shutdown_switchover
	run unit_stop alpha running
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = 'LIFEKEEPER NOW STOPPED' ]
	on beta flg_test -f '!nofailover!alpha'
	wait_until 10 logged beta 'FINISHED AT:'
	stands_by beta
}

@test "T5: the failed node is back: it stands by, and takes over when the other one fails" {
	lab off alpha
	wait_until 30 runs_on beta
	lab start alpha
	on alpha lkstart
	wait_until 20 logged alpha 'Event comm_up of system "beta" begins'
	wait_until 30 settled
	wait_until 10 runs_on beta
	stands_by alpha
	lab off beta
	wait_until 30 runs_on alpha
}
