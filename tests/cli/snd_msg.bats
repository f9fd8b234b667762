#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: snd_msg [-d system] -m mailbox [message|-]
# shellcheck disable=SC2016	# single quotes are meant

load ../helpers/tree
load ../helpers/far

setup() {
	f0
}

teardown() {
	far_end
}

@test "a message goes to a mailbox of another system" {
	far beta
	expect 0 snd_msg -d beta -m jobs 'reload web'
	lines_are
	expect 7 rcv_msg -m jobs
	expect 0 on beta rcv_msg -m jobs
	lines_are 'reload web'
}

@test "any bytes go through standard input, here and there" {
	far beta
	head -c 65536 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	expect 0 snd_msg -d beta -m b - <"$BATS_TEST_TMPDIR/bytes"
	on beta rcv_msg -m b | cmp - "$BATS_TEST_TMPDIR/bytes"
	expect 0 snd_msg -m b <"$BATS_TEST_TMPDIR/bytes"
	rcv_msg -m b | cmp - "$BATS_TEST_TMPDIR/bytes"
	expect 0 snd_msg -d beta -m b - </dev/null
	expect 0 on beta rcv_msg -m b
	lines_are
}

@test "a message that is too long gives 6, and nothing is sent" {
	far beta
	head -c 65537 /dev/zero >"$BATS_TEST_TMPDIR/bytes"
	expect 6 snd_msg -m b <"$BATS_TEST_TMPDIR/bytes"
	says 'message: more than 65536 bytes'
	expect 6 snd_msg -d beta -m b <"$BATS_TEST_TMPDIR/bytes"
	expect 7 rcv_msg -m b
	expect 7 on beta rcv_msg -m b
}

@test "the 1001st message and the 257th mailbox give 6" {
	local i
	snd_msg -m full one
	for i in {2..1000}; do
		echo "$i" >"$LKROOT/tmp/mail/full/$(printf %016d "$i")"
	done
	expect 6 snd_msg -m full more
	says 'mailbox "full" has 1000 messages'
	expect 0 rcv_msg -m full
	lines_are one
	expect 0 snd_msg -m full more
	for i in {2..256}; do
		mkdir "$LKROOT/tmp/mail/box$i"
	done
	expect 6 snd_msg -m another x
	expect 0 snd_msg -m box9 x
}

@test "the name of a mailbox leads nowhere else" {
	expect 0 snd_msg -m ../../../x one
	expect 0 snd_msg -m .. two
	expect 0 snd_msg -m 'a b;$(x)' three
	[ "$(ls -A "$LKROOT/tmp")" = mail ]
	[ "$(find "$LKROOT/tmp/mail" -mindepth 1 -type d | wc -l)" -eq 3 ]
	expect 0 rcv_msg -m ..
	lines_are two
	expect 5 snd_msg -m '' x
	says 'mailbox "": 1 to 80 bytes are needed'
	expect 5 snd_msg -m "$(printf '%081d' 0)" x
}

@test "a system that cannot be reached gives 9, one that nobody knows 7" {
	DOWN=beta far beta
	expect 9 snd_msg -d beta -m jobs x
	says 'destination system "beta" is out of service'
	expect 7 snd_msg -d nosuch -m jobs x
	expect 2 snd_msg x
	says 'option -m is missing'
}

@test "twenty senders at once lose nothing" {
	local i pids=()
	for i in {1..20}; do
		snd_msg -m many "$i" &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in {1..20}; do
		rcv_msg -m many
		echo
	done | sort -n >"$BATS_TEST_TMPDIR/got"
	seq 20 | cmp - "$BATS_TEST_TMPDIR/got"
}

@test "what a killed sender has left is no message, and a full disk gives 1" {
	snd_msg -m box one
	echo half >"$LKROOT/tmp/mail/box/.new"
	full() { (ulimit -f 0; trap '' XFSZ; snd_msg -m box two); }
	expect 1 full
	[ ! -e "$LKROOT/tmp/mail/box/.new" ]
	expect 0 rcv_msg -m box
	lines_are one
	expect 7 rcv_msg -m box
}
