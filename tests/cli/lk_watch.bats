#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lk_watch -t tag -p pid [-p pid] ...
# usage: lk_watch -t tag -r
# usage: lk_watch -l [-f C] [-J]

load ../helpers/tree

setup() {
	f1
	sleep 1000 3>&- &
	ONE=$!
	sleep 1000 3>&- &
	TWO=$!
}

teardown() {
	kill "$ONE" "$TWO" 2>/dev/null || :
}

@test "without records the list is empty" {
	expect 0 lk_watch -l
	lines_are
	expect 0 lk_watch -l -J
	lines_are '[]'
}

@test "processes are added, listed and forgotten" {
	expect 0 lk_watch -t ip1 -p "$ONE"
	lines_are
	expect 0 lk_watch -t app1 -p "$TWO" -p "$ONE"
	expect 0 lk_watch -t ip1 -p "$TWO"
	expect 0 lk_watch -l -f:
	lines_are "app1:$TWO:running" "app1:$ONE:running" "ip1:$ONE:running" "ip1:$TWO:running"
	expect 0 lk_watch -t app1 -r
	expect 0 lk_watch -t app1 -r
	expect 0 lk_watch -l -J
	lines_are "[{\"tag\":\"ip1\",\"pid\":$ONE,\"state\":\"running\"},{\"tag\":\"ip1\",\"pid\":$TWO,\"state\":\"running\"}]"
}

@test "the same process twice is one, and those that have ended go at the next change" {
	lk_watch -t ip1 -p "$ONE"
	expect 0 lk_watch -t ip1 -p "$ONE"
	kill -KILL "$ONE"
	wait "$ONE" || true
	expect 0 lk_watch -l -f:
	lines_are "ip1:$ONE:ended"
	expect 0 lk_watch -t ip1 -p "$TWO"
	expect 0 lk_watch -l -f:
	lines_are "ip1:$TWO:running"
}

@test "a tag with slashes has a record of its own" {
	ins_create -a gen -r app -t a/b -i other
	expect 0 lk_watch -t a/b -p "$ONE"
	[ -e "$LKROOT/run/watch/a%2Fb" ]
	expect 0 lk_watch -l -f:
	lines_are "a/b:$ONE:running"
}

@test "what makes no sense changes nothing" {
	expect 2 lk_watch
	expect 2 lk_watch -t ip1
	expect 2 lk_watch -t ip1 -p 1 -r
	expect 2 lk_watch -l -t ip1
	expect 7 lk_watch -t nope -p "$ONE"
	says 'tag "nope" does not exist'
	expect 5 lk_watch -t ip1 -p 0
	expect 5 lk_watch -t ip1 -p self
	expect 7 lk_watch -t ip1 -p "$ONE" -p 4194303
	says 'process 4194303 does not run'
	expect 0 lk_watch -l
	lines_are
}

@test "a damaged record is said by -l with 3, and replaced by -p" {
	lk_watch -t ip1 -p "$ONE"
	echo x >>"$LKROOT/run/watch/ip1"
	expect 3 lk_watch -l
	says 'run/watch/ip1:3:'
	expect 0 lk_watch -t ip1 -p "$TWO"
	expect 0 lk_watch -l -f:
	lines_are "ip1:$TWO:running"
}

@test "two at once lose nothing" {
	lk_watch -t ip1 -p "$ONE" &
	local pid=$!
	lk_watch -t ip1 -p "$TWO"
	wait $pid
	expect 0 lk_watch -l -f:
	[ "${#lines[@]}" -eq 2 ]
}
