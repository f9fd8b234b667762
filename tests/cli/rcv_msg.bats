#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: rcv_msg -m mailbox [-t seconds]

load ../helpers/tree

setup() {
	f0
}

@test "messages come in their order, then there is none" {
	local word	# bats itself uses $i
	for word in one two three; do
		snd_msg -m box $word
	done
	for word in one two three; do
		expect 0 rcv_msg -m box
		lines_are $word
	done
	expect 7 rcv_msg -m box
	says 'mailbox "box" has no message'
}

@test "of twenty readers at once each gets another message" {
	local i pids=()
	for i in {1..15}; do
		snd_msg -m box "$i"
	done
	for i in {1..20}; do
		rcv_msg -m box >"$BATS_TEST_TMPDIR/got.$i" 2>/dev/null &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || true
	done
	for i in {1..20}; do
		[ ! -s "$BATS_TEST_TMPDIR/got.$i" ] || echo "$(<"$BATS_TEST_TMPDIR/got.$i")"
	done | sort -n >"$BATS_TEST_TMPDIR/got"
	seq 15 | cmp - "$BATS_TEST_TMPDIR/got"
	expect 7 rcv_msg -m box
}

@test "-t waits for a message" {
	rcv_msg -m box -t 20 >"$BATS_TEST_TMPDIR/got" 3>&- &
	snd_msg -m box late
	wait $!
	[ "$(<"$BATS_TEST_TMPDIR/got")" = late ]
	expect 7 rcv_msg -m box -t 0.2
	expect 5 rcv_msg -m box -t soon
}

@test "a message that cannot be printed stays" {
	snd_msg -m box one
	full() { rcv_msg -m box >/dev/full; }
	expect 1 full
	expect 0 rcv_msg -m box
	lines_are one
}

@test "a mailbox that was never used has no message, a bad name gives 5" {
	expect 7 rcv_msg -m never
	[ ! -e "$LKROOT/tmp/mail" ]
	expect 5 rcv_msg -m ''
	expect 2 rcv_msg
}
