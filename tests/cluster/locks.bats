#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016	# other shells expand it
# The admin lock in the whole cluster (spec/core.md 3.13, 9.12).

load lab
load ../helpers/tree
load cluster

setup_file() {
	lab_or_skip
	export LAB_DIR
	cluster_up -n 1 2
}

teardown_file() {
	lab down
}

setup() {
	L=$BATS_TEST_TMPDIR/L
}

teardown() {
	local node flag
	lab restore
	for node in alpha beta; do
		on $node pkill -f 'sleep 1[0-9]66' || true
		for flag in $(flags $node); do
			on $node flg_remove -f "$flag" || true
		done
	done
}

flags() {	# NODE
	on "$1" flg_list | grep '^!action!' || true
}

count_is() {	# NODE N
	[ "$(flags "$1" | grep -c .)" -eq "$2" ]
}

# A process of the node that lives on -> $holder
new_holder() {	# NODE
	on "$1" sh -c 'sleep 1066 >/dev/null 2>&1 3>&- & echo $!' >"$L.pid"
	read -r holder <"$L.pid"
}

@test "GL1, RL1, RL5: the flag is set on both systems, and removed on both" {
	new_holder alpha
	expect 0 on alpha getlocks -a alpha -i Create_Hierarchy -l "$L" -p "$holder"
	[[ $(flags alpha) =~ ^!action![0-9]{5,}![0-9]+!alpha:Create_Hierarchy$ ]]
	[ "$(flags alpha)" = "$(flags beta)" ]
	[ "$(cat "$L")" = "$(flags alpha)" ]
	expect 0 on alpha rlslocks -a alpha -l "$L"
	count_is alpha 0
	count_is beta 0
	[ ! -e "$L" ]
	expect 7 on alpha rlslocks -a alpha -l "$L"
}

@test "GL2, GL5: another system waits until the lock is given back" {
	new_holder alpha
	on alpha getlocks -a alpha -i one -l "$L" -p "$holder"
	expect 4 on beta getlocks -a beta -i three -l "$L.3" -e -p 1
	says 'the admin lock is held'
	count_is beta 1
	on beta sh -c 'getlocks -a beta -i two -l "$0.2" && : >"$0.in"; exec sleep 1166' "$L" 2>"$L.err" 3>&- &
	wait_until 10 grep -q 'waiting for the admin lock, held by process' "$L.err"
	wait_until 10 count_is alpha 2
	wait_until 10 count_is beta 2
	[ ! -e "$L.in" ]
	expect 0 on alpha rlslocks -a alpha -l "$L"
	wait_until 10 test -e "$L.in"
	wait_until 10 count_is alpha 1
	[[ $(flags alpha) == *!beta:two ]]
}

@test "GL3: the flag of a process that has died on its own system holds nobody" {
	new_holder alpha
	on alpha getlocks -a alpha -i one -l "$L" -p "$holder"
	on beta sh -c 'getlocks -a beta -i two -l "$0.2" && : >"$0.in"; exec sleep 1166' "$L" 2>"$L.err" 3>&- &
	wait_until 10 grep -q 'waiting for the admin lock' "$L.err"
	on alpha kill -9 "$holder"
	wait_until 15 test -e "$L.in"
	[[ $(flags beta) == *!beta:two ]]
}

@test "the flag of a system that has died holds nobody" {
	new_holder beta
	on beta getlocks -a beta -i one -l "$(lab root beta)/tmp/L" -p "$holder"
	on alpha sh -c 'getlocks -a alpha -i two -l "$0.2" && : >"$0.in"; exec sleep 1166' "$L" 2>"$L.err" 3>&- &
	wait_until 10 grep -q 'waiting for the admin lock' "$L.err"
	lab off beta
	wait_until 20 test -e "$L.in"
	lab start beta
	lcm_start beta
	wait_until 20 state_is alpha beta ALIVE
	wait_until 20 state_is beta alpha ALIVE
}

@test "GL4: when the administered system is not reached nothing is left" {
	lab cut net1
	wait_until 10 state_is alpha beta DEAD
	expect 9 on alpha getlocks -a beta -i x -l "$L" -p 1
	says 'destination system "beta" is out of service'
	count_is alpha 0
	[ ! -e "$L" ]
	lab restore
	wait_until 20 state_is alpha beta ALIVE
	wait_until 20 state_is beta alpha ALIVE
}

@test "RL4: a system that has gone does not matter to the release" {
	new_holder alpha
	on alpha getlocks -a alpha -i one -l "$L" -p "$holder"
	lab cut net1
	wait_until 10 state_is alpha beta DEAD
	expect 0 on alpha rlslocks -a alpha -l "$L"
	count_is alpha 0
	count_is beta 1
	lab restore
	wait_until 20 state_is alpha beta ALIVE
	wait_until 20 state_is beta alpha ALIVE
	# what it has kept holds nobody
	new_holder beta
	expect 0 on beta getlocks -a beta -i two -l "$L.2" -p "$holder"
	on beta rlslocks -a beta -l "$L.2"
}

@test "getlocks --list shows the flags but those of the own dead" {
	new_holder alpha
	on alpha getlocks -a alpha -i one -l "$L" -p "$holder"
	expect 0 on beta getlocks --list
	lines_are "$(cat "$L")"
	on alpha kill -9 "$holder"
	expect 0 on alpha getlocks --list
	lines_are
	expect 0 on beta getlocks --list
	lines_are "$(cat "$L")"
}

@test "GL7: of 20 processes on each of two systems never two are inside" {
	local node
	cat >"$L.sh" <<-'END'
		# a directory is made by one only
		for i in $(seq 20); do
			(
				getlocks -a "$1" -i "p$i" -l "$2.$1.$i" -p "$BASHPID" 2>/dev/null || { echo "no lock $1 $i"; exit; }
				mkdir "$2.inside" || echo "two inside $1 $i"
				sleep 0.01
				rmdir "$2.inside"
				echo "was in $1 $i"
				rlslocks -a "$1" -l "$2.$1.$i" || echo "not released $1 $i"
			) &
		done
		wait
	END
	on alpha bash "$L.sh" alpha "$L" >"$L.alpha" 2>&1 3>&- &
	on beta bash "$L.sh" beta "$L" >"$L.beta" 2>&1 3>&- &
	wait
	cat "$L.alpha" "$L.beta"
	[ "$(grep -c '^was in' "$L.alpha")" -eq 20 ]
	[ "$(grep -c '^was in' "$L.beta")" -eq 20 ]
	[ "$(cat "$L.alpha" "$L.beta" | wc -l)" -eq 40 ]
	for node in alpha beta; do
		count_is $node 0
	done
}
