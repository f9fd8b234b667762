#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lkcli [-J] [--dry-run] group [verb] [option ...]
# shellcheck disable=SC2016,SC2030,SC2031	# single quotes are meant; each test has its own LKROOT

load ../helpers/tree
load ../helpers/far

setup() {
	f0
}

teardown() {
	far_end
}

# lkcli under a shell: as installed, dash and bash
under() {	# SHELL ARGUMENT...
	local shell=$1
	shift
	"$shell" "$LK_BIN/lkcli" "$@"
}

create() {
	lkcli commpath create --dest beta --laddr 10.1.0.1 --raddr 10.1.0.2 --laddr=10.2.0.1 --raddr=10.2.0.2 "$@"
}

@test "--help lists the groups, and the verbs of a group" {
	local group
	expect 0 lkcli --help
	for group in cluster commpath dependency key resource server simulate start status stop; do
		grep -q "^  $group  " <<<"$output"
		expect 0 lkcli "$group" --help
		[[ $output == "Usage: lkcli $group"* ]]
		expect 0 lkcli --help
	done
	expect 0 lkcli --version
	[[ $output == 'lkcli (Lockkeeper) '* ]]
}

@test "an unknown group, verb or option and a missing one give 2" {
	expect 2 lkcli
	says 'argument group is missing'
	expect 2 lkcli nosuch
	says 'there is no group "nosuch"'
	expect 2 lkcli ../bin
	expect 2 lkcli --nosuch
	expect 2 lkcli commpath
	says 'argument verb is missing'
	expect 2 lkcli commpath nosuch
	says 'there is no "lkcli commpath nosuch"'
	says 'Usage: lkcli commpath create'
	expect 2 lkcli commpath list --nosuch
	says 'unknown option --nosuch'
	expect 2 lkcli commpath list extra
	says 'unexpected argument "extra"'
	expect 2 lkcli commpath list --dest
	says 'option --dest needs a value'
	expect 2 lkcli commpath create --laddr 10.1.0.1
	says 'option --dest is missing'
}

@test "a group is one file more" {
	mkdir -p "$LKROOT/lib/lkcli"
	printf '%s\n' '# one' '# two' '# lkcli zoo: look at animals' "usage='zoo feed --animal name'" \
		"do_feed() { take 'animal= gently' \"\$@\"; need animal; say \"\$opt_animal\$opt_gently\"; }" >"$LKROOT/lib/lkcli/zoo"
	expect 0 lkcli --help
	grep -q '^  zoo  *look at animals$' <<<"$output"
	expect 0 lkcli zoo feed --animal 'a $(b) "c"' --gently
	lines_are 'a $(b) "c"y'
	expect 2 lkcli zoo feed
	says 'Usage: lkcli zoo feed --animal name'
}

@test "commpath create makes a path for each pair and says what to type on the other side" {
	expect 0 create
	[[ ${lines[0]} == 'Created comm path TCP:'*' 10.1.0.1 -> 10.1.0.2 to beta.' ]]
	[ "${lines[3]}" = '  lkcli cluster join --to alpha --laddr 10.1.0.2 --raddr 10.1.0.1 --laddr 10.2.0.2 --raddr 10.2.0.1' ]
	expect 0 net_list -f ' '
	[ "$(awk '{ print $1, $8, $18, $19 }' <<<"$output" | sort)" = \
		$'beta 1 10.1.0.2 10.1.0.1\nbeta 2 10.2.0.2 10.2.0.1' ]
}

@test "both sides find the same ports, in whatever order the paths are given" {
	local here
	create
	here=$(net_list -f ' ' | awk '{ print $2, $19, $18 }' | sort)
	mkdir -p "$BATS_TEST_TMPDIR/beta/config"
	export LKROOT=$BATS_TEST_TMPDIR/beta
	flg_create -f x
	sed -i "s/^$(uname -n)\tlocal$/beta\tlocal/" "$LKROOT/config/sys"
	expect 0 under dash commpath create --dest alpha --laddr 10.2.0.2 --raddr 10.2.0.1 --laddr 10.1.0.2 --raddr 10.1.0.1
	[ "$(net_list -f ' ' | awk '{ print $2, $18, $19 }' | sort)" = "$here" ]
}

@test "commpath create can be run again" {
	create
	database >"$BATS_TEST_TMPDIR/before"
	expect 0 create
	[[ ${lines[0]} == *'is there already.' ]]
	database | cmp - "$BATS_TEST_TMPDIR/before"
}

@test "commpath create takes ports, and refuses one that is used" {
	expect 0 create --port 1500 --port 1600 --interval 0.5 --misses 4 --priority 7
	expect 0 net_list -f ' ' -s beta
	[ "$(awk '{ print $2, $8, $9, $10 }' <<<"$output" | sort)" = $'TCP:1500 7 0.5 4\nTCP:1600 7 0.5 4' ]
	expect 4 lkcli commpath create --dest gamma --laddr 10.1.0.1 --raddr 10.1.0.3 --port 1500
	says 'port 1500 is used by another path here: choose another one with --port'
	expect 2 lkcli commpath create --dest gamma --laddr 10.1.0.1
	expect 2 create --port 1700
	says 'give --port for each path or for none'
	expect 5 lkcli commpath create --dest gamma --laddr nonsense --raddr 10.1.0.3
	says 'address "nonsense"'
}

@test "a failed path leaves those before it, and nothing is said of the others" {
	expect 5 lkcli commpath create --dest beta --laddr 10.1.0.1 --raddr 10.1.0.2 --laddr 10.2.0.1 --raddr 300.1.1.1
	[ "$(wc -l <<<"$output")" -eq 1 ]
	expect 0 net_list
	[ "$(wc -l <<<"$output")" -eq 1 ]
}

@test "commpath list, modify and delete" {
	create --port 1500 --port 1600
	expect 0 lkcli commpath list
	[[ ${lines[1]} =~ ^beta\ +TCP:1500\ +UNKNOWN\ .*10.1.0.1\ -\>\ 10.1.0.2$ ]]
	expect 0 lkcli commpath list -J --dest beta
	[ "$(jq length <<<"$output")" -eq 2 ]
	expect 0 lkcli commpath modify --dest beta --device TCP:1600 --priority 9
	[ "${lines[1]}" = 'beta cannot be reached: make the same change there.' ]
	[ "$(net_list -f ' ' | awk '$2 == "TCP:1600" { print $8 }')" = 9 ]
	expect 2 lkcli commpath modify --dest beta --device TCP:1600
	says 'nothing to change'
	expect 7 lkcli commpath delete --dest beta --device TCP:1700
	expect 0 lkcli commpath delete --dest beta --device TCP:1600
	lines_are 'Deleted TCP:1600 to beta.'
	expect 0 lkcli commpath delete --dest beta
	expect 0 net_list
	lines_are
}

@test "a DISK path takes a device" {
	expect 2 lkcli commpath create --dest beta --type DISK
	says 'option --device is missing'
	expect 0 lkcli commpath create --dest beta --type TTY --device /dev/ttyS0 --baud 9600 --local-only
	[ "$(net_list -f ' ' | cut -d ' ' -f 2)" = /dev/ttyS0 ]
}

@test "--dry-run prints the plain commands and changes nothing" {
	create --local-only
	database >"$BATS_TEST_TMPDIR/before"
	expect 0 lkcli --dry-run commpath create --dest gamma --laddr 10.1.0.1 --raddr 10.1.0.3 --port 1500
	lines_are 'net_create -s gamma -n TCP -D TCP:1500 -l 10.1.0.1 -r 10.1.0.3'
	expect 0 lkcli commpath delete --dest beta --dry-run
	lines_are 'net_remove -s beta'
	expect 0 lkcli --dry-run cluster init
	[ "${lines[0]}" = lkstart ]	# the key's line goes nowhere, as the key would
	[ ! -e "$LKROOT/etc/lkkey" ]
	expect 0 lkcli stop --dry-run -f
	lines_are 'lkstop -f'
	database | cmp - "$BATS_TEST_TMPDIR/before"
}

@test "cluster join without a key gives 7 and says what to do" {
	expect 7 lkcli cluster join --to alpha --laddr 10.1.0.2 --raddr 10.1.0.1
	says 'there is no cluster key'
	expect 2 lkcli cluster join --to beta --laddr 10.1.0.2
	expect 5 lkcli cluster join --to beta --laddr 10.1.0.1 --raddr 10.1.0.2 --wait soon
	says 'option --wait "soon": a whole number of seconds is needed'
}

@test "cluster leave is refused while something is in service" {
	f1s
	expect 8 lkcli cluster leave
	says 'in service here: ip1 vol1 app1'
	[ "$(ins_list -t app1 -f '|' | cut -d '|' -f 7)" = ISP ]
}

@test "cluster leave removes all that refers to others, and names those that were not told" {
	create
	expect 0 lkcli cluster leave
	says 'not reached: beta. Run there: lkcli cluster forget --node alpha'
	expect 0 net_list
	lines_are
	expect 0 sys_list
	lines_are alpha
}

owned_by_beta() {
	local tag
	for tag in ip1 vol1 app1; do
		lk_epoch -t $tag -e 5 -o beta
	done
}

@test "what the cluster runs is not started by a system that has left it" {
	f3
	echo 'QUORUM_MODE=majority' >>"$LKROOT/etc/default/LifeKeeper"
	owned_by_beta
	ins_create -a gen -r app -t own -i ownid
	expect 0 lkcli cluster leave --force
	[[ $output == *'Removed here, the other systems keep it: app1 ip1 vol1'* ]]
	: >"$J"
	expect 0 lcdavail
	[ "$(cat "$J")" = 'alpha restore -t own -i ownid' ]
	expect 0 ins_list -f:
	fields 4 :
	lines_are own
}

@test "a leave that was cut off starts nothing, and goes on when run again" {
	f3
	owned_by_beta
	own_action gen/app delete <<-'END'
		exit 1
	END
	expect 8 lkcli cluster leave --force
	says 'app1'
	expect 0 sys_list
	lines_are alpha beta gamma
	stub_action gen/app delete
	# app1 is gone, what it needs is not
	ins_remove -t app1
	: >"$J"
	expect 0 lcdavail
	if grep restore "$J"; then return 1; fi
	expect 0 lkcli cluster leave --force
	expect 0 ins_list
	lines_are
	expect 0 sys_list
	lines_are alpha
}

@test "leave --force ends what runs without the daemons, or goes no further" {
	f1s
	join beta 10 1500 10.1.0.2
	stub_action comm/ip remove 1
	expect 1 lkcli cluster leave --force
	expect 0 sys_list
	lines_are alpha beta
	# marked as failed it may still run
	expect 8 lkcli cluster leave --force
	says 'may still be in service here: ip1'
	stub_action comm/ip remove
	expect 0 perform_action -t ip1 -a remove
	expect 0 lkcli cluster leave --force
	grep -q 'remove -t vol1' "$J"
	expect 0 ins_list
	lines_are
}

@test "what a system that is not known here owns is not started, until it is forgotten for good" {
	f3
	owned_by_beta
	expect 0 sys_remove -s gamma
	expect 0 delallsys -f beta
	: >"$J"
	expect 0 lcdavail
	if grep restore "$J"; then return 1; fi
	expect 0 ins_list -f: -t ip1
	[[ $output == *'by the record a system has it that is not known here'* ]]
	expect 0 lkcli cluster forget --node beta --local-only
	expect 0 lcdavail
	[ "$(grep -c restore "$J")" -eq 3 ]
}

@test "what a system had that a survivor has forgotten is started by the survivor" {
	f3
	owned_by_beta
	expect 0 lkcli cluster forget --node beta
	expect 0 lkcli cluster forget --node gamma
	: >"$J"
	expect 0 lcdavail
	[ "$(grep -c restore "$J")" -eq 3 ]
}

# alpha to epsilon, of which beta to delta answer; alpha has the hierarchy of f1 in common with beta.
five() {
	f1
	echo 'QUORUM_MODE=majority' >>"$LKROOT/etc/default/LifeKeeper"
	export FAKELCM_STATUS=
	far beta gamma delta epsilon
	dead epsilon
	eqv_create --local-only -t ip1 -p 1 -S beta -o ip1 -r 10 -e SHARED
}

dead() {	# SYSTEM
	local root
	for root in "$LKROOT" "$FAR"/*/run; do
		: >"${root%/run}/run/dead-$1"
	done
}

knows() {	# NODE SYSTEM...
	local node=$1
	shift
	[ "$(on "$node" sys_list | sort | tr '\n' ' ')" = "$* " ]
}

@test "a system without quorum forgets nobody without --force" {
	f3
	echo 'QUORUM_MODE=majority' >>"$LKROOT/etc/default/LifeKeeper"
	database >"$BATS_TEST_TMPDIR/before"
	expect 3 lkcli cluster forget --node beta
	says 'without quorum the members cannot be changed: '
	says '1 of 3 systems are ALIVE'
	expect 3 lkcli cluster forget --node gamma --local-only
	expect 3 lkcli commpath create --dest delta --laddr 10.1.0.1 --raddr 10.1.0.4
	expect 3 lkcli commpath create --dest delta --type TTY --device /dev/ttyS0
	database | cmp - "$BATS_TEST_TMPDIR/before"
	expect 0 lkcli commpath create --dest beta --laddr 10.2.0.1 --raddr 10.2.0.2
	expect 0 lkcli cluster forget --node beta --force
	expect 0 lkcli cluster forget --node gamma --force
	expect 0 sys_list
	lines_are alpha
}

@test "the one that is gone is forgotten by all, and again if that was cut off" {
	five
	expect 0 lkcli cluster forget --node epsilon
	knows beta alpha beta delta gamma
	knows delta alpha beta delta gamma
	expect 0 sys_list
	lines_are alpha beta delta gamma
	expect 7 lkcli cluster forget --node epsilon
	on gamma sys_create -s epsilon
	expect 0 lkcli cluster forget --node epsilon
	knows gamma alpha beta delta gamma
}

@test "while another member is away nobody is added or forgotten without --force" {
	five
	dead delta
	database >"$BATS_TEST_TMPDIR/before"
	expect 9 lkcli cluster forget --node epsilon
	says 'delta cannot be reached (DEAD) and would not learn that the members change'
	says 'Changing the members'
	expect 9 lkcli cluster forget --node delta
	says 'epsilon cannot be reached'
	expect 9 lkcli commpath create --dest zeta --laddr 10.1.0.1 --raddr 10.1.0.6
	database | cmp - "$BATS_TEST_TMPDIR/before"
	expect 0 lkcli cluster forget --node epsilon --force
	says 'delta was not told'
	# then delta is the only one
	expect 0 lkcli cluster forget --node delta
	knows beta alpha beta gamma
}

@test "one change of the members is to be finished before the next" {
	five
	on gamma sys_create -s zeta
	expect 8 lkcli cluster forget --node epsilon
	says 'but for epsilon, gamma knows the systems alpha beta delta gamma zeta and not alpha beta delta gamma: finish'
	# this one is at work
	expect 0 lkcli commpath create --dest zeta --laddr 10.1.0.1 --raddr 10.1.0.6 --force
	on beta sys_create -s zeta
	on delta sys_create -s zeta
	expect 9 lkcli cluster forget --node epsilon
	says 'zeta cannot be reached'
}

@test "forget waits until what the system may run has ended" {
	export FAKELCM_LEFT=20000
	five
	lkcli cluster forget --node epsilon >"$BATS_TEST_TMPDIR/out" 3>&- &
	local pid=$!
	wait_until 20 grep -q '^Waiting until what epsilon may run has stopped' "$BATS_TEST_TMPDIR/out"
	[ "$(sys_list | wc -l)" -eq 5 ]
	kill $pid
	wait $pid || :
	expect 0 lkcli cluster forget --node epsilon --force
}

@test "cluster forget removes a system that is gone" {
	f3
	expect 0 lkcli cluster forget --node gamma
	says 'beta was not told'
	expect 0 sys_list
	lines_are alpha beta
	expect 7 lkcli cluster forget --node nosuch --local-only
	expect 5 lkcli cluster forget --node alpha
}

@test "status and server list show systems and states" {
	f2
	expect 0 lkcli status
	[ "${lines[0]}" = 'Lockkeeper does not run on this system: lkcli start' ]
	grep -qE '^alpha +ALIVE ' <<<"$output"
	grep -qE '^beta +UNKNOWN ' <<<"$output"
	grep -q '^LOCAL  TAG' <<<"$output"
	expect 0 lkcli status -J
	[ "$(jq -r '.running, .status.systems[1].system' <<<"$output")" = $'false\nbeta' ]
	[[ $output != *Quorum:* ]]
	echo QUORUM_MODE=majority >>"$LKROOT/etc/default/LifeKeeper"
	expect 0 lkcli status
	grep -q '^Quorum: majority, no, ' <<<"$output"
	expect 0 lkcli status -J
	[ "$(jq -r .status.quorum.quorum <<<"$output")" = no ]
	expect 0 lkcli server list
	[ "$(cut -c 1-5 <<<"$output")" = $'alpha\nbeta ' ]
	expect 0 lkcli -J server list
	[ "$(jq -r '.[1].state' <<<"$output")" = UNKNOWN ]
}

@test "key is lkkey" {
	expect 0 lkcli key create
	expect 0 lkcli key show -J
	[ "$(jq length <<<"$output")" -eq 1 ]
	expect 4 lkcli key create
	expect 0 lkcli key create --force
}

@test "it is the same under dash and bash" {
	f2
	expect 0 under dash status
	local dash=$output
	expect 0 under bash status
	[ "$output" = "$dash" ]
	expect 2 under dash commpath create
	expect 2 under bash commpath create
}

tells() {	# TEXT
	[[ $output == *"$1"* ]] || {
		echo "$output"
		return 1
	}
}

@test "cluster check finds nothing against one system alone" {
	expect 0 lkcli cluster check
	tells 'Systems: alpha'
	tells 'Quorum: none.'
	tells 'Nothing found'
}

@test "cluster check warns of two systems without quorum, and of one network between them" {
	f2
	expect 3 lkcli cluster check
	tells 'if only the network between them fails, both run the same resource'
	tells 'Comm paths to beta: 1 by TCP.'
	tells 'one network to beta'
}

@test "cluster check names the systems that can be fenced, and those that cannot" {
	f3
	lkcli cluster check >"$BATS_TEST_TMPDIR/without" || :
	if grep Fencing "$BATS_TEST_TMPDIR/without"; then return 1; fi
	mkdir -p "$LKROOT/etc/fence"
	printf '#!/bin/sh\nexit 0\n' >"$BATS_TEST_TMPDIR/agent"
	chmod 755 "$BATS_TEST_TMPDIR/agent"
	(umask 077 && echo "device bmc agent=$BATS_TEST_TMPDIR/agent" >"$LKROOT/etc/fence/beta")
	expect 3 lkcli cluster check
	tells 'Fencing: devices for beta. Once one has confirmed'
	tells 'there is no fence device for gamma.'
	[[ $output != *'do not answer'* ]]
	cp -p "$LKROOT/etc/fence/beta" "$LKROOT/etc/fence/gamma"
	expect 3 lkcli cluster check
	tells 'Fencing: devices for beta gamma.'
	[[ $output != *'there is no fence device'* ]]
	# what lk_fence would refuse at the failover
	chmod 644 "$LKROOT/etc/fence/gamma"
	expect 3 lkcli cluster check
	tells 'the fence devices of gamma do not answer, or cannot be used: lkcli fence test gamma'
	expect 5 lkcli fence test gamma
	expect 0 lkcli fence test beta
}

@test "cluster check tells that there is no quorum now, and which setting is wrong" {
	f2
	echo 'QUORUM_MODE=majorty' >"$LKROOT/etc/default/LifeKeeper"
	expect 3 lkcli cluster check
	tells majorty
	[[ $output != *'Quorum: none'* ]]
	printf 'QUORUM_MODE=storage\nWITNESS_MODE=storage\n' >"$LKROOT/etc/default/LifeKeeper"
	expect 3 lkcli cluster check
	tells 'this system has no quorum now and starts nothing: '
}

@test "cluster check names a number of quorum that cannot be used, in the place of a time from its default" {
	f3
	printf 'QUORUM_MODE=majority\nQUORUM_LOSS_DEADLINE=601\n' >>"$LKROOT/etc/default/LifeKeeper"
	expect 3 lkcli cluster check
	tells 'a setting of quorum cannot be used: '
	[[ $output != *Takeover:* ]]
}

@test "cluster check tells what a majority survives, and misses the watchdog" {
	f3
	echo 'QUORUM_MODE=majority' >>"$LKROOT/etc/default/LifeKeeper"
	expect 3 lkcli cluster check
	tells 'Quorum: majority of 3. 1 of them may fail'
	tells 'no watchdog protects this system, because WATCHDOG_DEVICE is not set'
	echo "WATCHDOG_DEVICE=$BATS_TEST_TMPDIR/dog" >>"$LKROOT/etc/default/LifeKeeper"
	expect 3 lkcli cluster check
	tells 'no watchdog protects this system, because lkwatchdog has not run since the machine started: '
	# it says why it does not use the device
	run "$LK_BIN/../sbin/lkwatchdog/lkwatchdog"
	[ "$status" -eq 1 ]
	expect 3 lkcli cluster check
	tells "no watchdog protects this system, because watchdog device \"$BATS_TEST_TMPDIR/dog\": No such file or directory: "
}
