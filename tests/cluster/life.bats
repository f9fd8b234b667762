# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2030,SC2031,SC2034	# each test has its own LAB_DIR; lab.bash reads LAB_TOOLS
# The life of a cluster lab: it comes, it goes, and the machine is as before.

load lab

setup() {
	lab_or_skip
}

teardown() {
	lab down
}

# All that a lab might leave on the machine.
machine() {
	cut -d' ' -f2- /proc/self/mountinfo | cut -d' ' -f3-
	ls /run/netns 2>/dev/null || :
	ip -br link
	ip -br addr
	nft list ruleset
	sysctl -a 2>/dev/null | grep -E '^net\.(ipv4\.conf\.(all|default)|ipv6\.conf\.(all|default)|ipv4\.icmp)'
}

# Processes that have the lab in their command or as their root.
lab_processes() {
	pgrep -f "$LAB_DIR/" || :
}

lab_groups() {
	find /sys/fs/cgroup -maxdepth 2 -name "lklab-$1-*" 2>/dev/null || :
}

none() {	# COMMAND...
	[ -z "$("$@")" ]
}

@test 'a lab leaves the machine alone, and nothing when it is down' {
	machine >"$BATS_TEST_TMPDIR/before"
	lab up 2
	lab delay 5 alpha
	lab cut beta net1
	lab pause beta
	lab spawn alpha sleep 1000
	machine | diff "$BATS_TEST_TMPDIR/before" -
	local dir=$LAB_DIR
	lab down
	[ ! -e "$dir" ]
	wait_until 5 none lab_processes
	none lab_groups $$
	machine | diff "$BATS_TEST_TMPDIR/before" -
}

@test 'down without a lab, and twice, is no error' {
	run lab down
	[ "$status" -eq 0 ]
	lab up 1
	lab down
	run lab down
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test 'two labs at once do not see each other' {
	local other=$BATS_TEST_TMPDIR/other
	lab up 2
	LAB_DIR=$other lab_up 2
	lab cut beta
	run lab run alpha ping -q -c 1 -W 1 beta
	[ "$status" -eq 1 ]
	LAB_DIR=$other lab_run alpha ping -q -c 1 -W 1 beta
	LAB_DIR=$other lab_down
	lab run beta true
}

@test 'a lab of chosen names has as many networks as asked for' {
	lab up -n 3 db1 db2 witness
	run lab run witness uname -n
	[ "$status" -eq 0 ]
	[ "$output" = witness ]
	lab run 1 ping -q -c 1 -W 1 db2-net3
	lab run db1 ping -q -c 1 -W 1 10.3.0.3
}

@test 'a second lab in the same place is refused and the first lives on' {
	lab up 1
	run lab up 1
	[ "$status" -eq 1 ]
	[ "$output" = "lab: $LAB_DIR: there is a lab: lab down" ]
	lab run 1 true
}

@test 'names and numbers that no lab can have are refused' {
	local words
	for words in 0 25 Alpha net1 any '-n 0 1' '-n x 1' averylongname; do
		# shellcheck disable=SC2086
		run lab up $words
		[ "$status" -eq 1 ]
		[[ $output == *": a lab has 1 to "* || $output == *": no name for a node" ]]
		[ ! -e "$BATS_TEST_TMPDIR/lab" ]
	done
}

@test 'a lab ends when its owner is killed, and the next one sweeps up the rest' {
	local owner
	export LAB_DIR=$BATS_TEST_TMPDIR/lab
	bash -c '. "$0/lab.bash"; lab_up 2 && lab_pause 1 && lab_delay 5 2 && echo up; read -r _' "$LAB_HOME" \
		>"$BATS_TEST_TMPDIR/out" 3>&- < <(exec sleep 1000) &
	owner=$!
	wait_until 20 grep -q up "$BATS_TEST_TMPDIR/out"
	[ -n "$(lab_processes)" ]
	kill -9 $owner
	wait $owner || true
	wait_until 10 none lab_processes
	lab alive 2 && return 1
	lab up 1
	none lab_groups "$owner"
	run lab run 1 cat /etc/hosts
	[ "$status" -eq 0 ]
	[[ $output != *beta* ]]
}

@test 'the command keeps its lab from call to call, until its shell ends' {
	export LAB_DIR=$BATS_TEST_TMPDIR/lab
	run bash -c '"$1" up 2 && "$1" run 2 uname -n && "$1" cut 1 2 && "$1" faults; true' bash "$LAB_HOME/lab" 3>&-
	[ "$status" -eq 0 ]
	[ "$output" = $'beta\ncut - alpha beta any' ]
	wait_until 10 none lab_processes
}

@test 'an interrupted up leaves no lab' {
	local up
	export LAB_DIR=$BATS_TEST_TMPDIR/lab
	LAB_OWNER=$$ "$LAB_HOME/lab" up 20 3>&- &
	up=$!
	wait_until 10 test -e "$LAB_DIR/.lab/pid"
	kill -TERM $up
	run wait $up
	wait_until 10 none lab_processes
	wait_until 10 test ! -e "$LAB_DIR"
	none lab_groups $$
}

@test 'where no lab can run, tests are skipped, but not in continuous integration' {
	local LAB_TOOLS=/nonexistent
	skip() { echo "skipped: $*"; }
	CI='' run lab_or_skip
	[ "$status" -eq 0 ]
	[[ $output == 'skipped: no cluster lab: no /nonexistent/nsinit: '* ]]
	CI=true run lab_or_skip
	[ "$status" -eq 1 ]
	[[ $output == 'lab: no /nonexistent/nsinit: '*', and CI=true' ]]
}

@test 'wait_until takes fractions, and gives up' {
	local start
	start=$(now_ms)
	run wait_until 0.2 false
	[ "$status" -eq 1 ]
	[ $(($(now_ms) - start)) -ge 200 ]
	run wait_until 5 true
	[ "$status" -eq 0 ]
}
