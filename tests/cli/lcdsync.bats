#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lcdsync [-d destsys]

load ../helpers/tree
load ../helpers/records

ip_records=subsys/comm/resources/ip/instances

setup() {
	f0
	app_create -a comm
	typ_create -a comm -r ip
	ins_create -a comm -r ip -t ip1 -i 10.0.0.10 -v eth0
}

@test "SY1: a sound database gives 0 without a word" {
	before=$(database)
	expect 0 lcdsync
	lines_are
	[ -z "$stderr" ]
	[ "$(database)" = "$before" ]
}

@test "SY2: a file that is cut off gives 3 with file and line" {
	size=$(stat -c %s "$LKROOT/$ip_records")
	truncate -s $((size - 12)) "$LKROOT/$ip_records"
	before=$(database)
	expect 3 lcdsync
	says "$ip_records:3: the line is cut off"
	lines_are
	[ "$(database)" = "$before" ]
}

@test "SY4: a system that cannot be reached gives 9" {
	unreachable
	record config/sys beta remote
	expect 9 lcdsync -d beta
	says 'Communication failure: destination system "beta" is out of service.'
}

@test "SY5: after a hundred parallel changes the files are what flg_list says" {
	for i in $(seq 50); do
		{ flg_create -f "flag$i" && { [ $((i % 2)) = 0 ] || flg_remove -f "flag$i"; }; } &
	done
	wait
	expect 0 lcdsync
	expect 0 flg_list
	[ "${#lines[@]}" -eq 25 ]
	[ "$(grep -v '^#' "$LKROOT/config/flg" | sort)" = "$(printf '%s\n' "$output" | sort)" ]
}

@test "SY6: an operand gives 2" {
	expect 2 lcdsync x
	says 'unexpected argument "x"'
}

@test "a committed change whose writer died is finished" {
	flg_create -f before
	sed 's/^before$/after/' "$LKROOT/config/flg" >"$LKROOT/config/.flg.new"
	unfinished config/flg
	expect 0 lcdsync
	lines_are
	grep -qx after "$LKROOT/config/flg"
	[ ! -e "$LKROOT/config/journal" ]
	[ ! -e "$LKROOT/config/.flg.new" ]
}

@test "what a writer left behind before its commit is removed" {
	before=$(database)
	echo half >"$LKROOT/config/.eqv.new"
	echo half >"$LKROOT/subsys/comm/resources/ip/.instances.new"
	expect 0 lcdsync
	[ ! -e "$LKROOT/config/.eqv.new" ]
	[ ! -e "$LKROOT/subsys/comm/resources/ip/.instances.new" ]
	[ "$(database)" = "$before" ]
}

@test "files of the kits are left alone, whatever they are called" {
	mkdir "$LKROOT/subsys/comm/resources/ip/actions"
	touch "$LKROOT/subsys/comm/resources/ip/actions/.restore.new" \
		"$LKROOT/subsys/comm/resources/ip/list.new"
	expect 0 lcdsync
	[ -e "$LKROOT/subsys/comm/resources/ip/actions/.restore.new" ]
	[ -e "$LKROOT/subsys/comm/resources/ip/list.new" ]
}

@test "a damaged journal gives 3 and is kept" {
	echo nonsense >"$LKROOT/config/journal"
	expect 3 lcdsync
	says 'config/journal:1: '
	grep -qx nonsense "$LKROOT/config/journal"
}

@test "it waits for a writer that holds the lock" {
	exec 9>>"$LKROOT/config/lock"
	flock 9
	lcdsync 9>&- &
	pid=$!
	sleep 0.2
	kill -0 "$pid"
	exec 9>&-
	wait "$pid"
}

@test "a missing tree gives 1" {
	rm -r "$LKROOT"
	expect 1 lcdsync
	says 'no Lockkeeper tree'
}

@test "a missing file gives 3" {
	rm "$LKROOT/config/dep"
	expect 3 lcdsync
	says 'config/dep:0: the file is missing'
}
