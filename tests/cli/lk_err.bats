#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lk_err -c {FRS_MES|FRS_WARN|FRS_ERR} -n number -p process [-d {TO_LOG|TO_STDERR}] message

load ../helpers/tree

setup() {
	new_tree
	LOG=$LKROOT/out/lifekeeper.log
}

@test "LE1: one line in the log and one on standard error" {
	expect 0 lk_err -c FRS_ERR -n 1234 -p myscript text
	lines_are
	[ "$stderr" = 'myscript: *ERROR* (No. 1234) text' ]
	[ "$(wc -l <"$LOG")" -eq 1 ]
	grep -Eq '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[+-][0-9]{2}:[0-9]{2} myscript\[[0-9]+\]: ERROR::::001234:text$' "$LOG"
}

@test "LE2: TO_STDERR is standard error only" {
	expect 0 lk_err -c FRS_ERR -n 1 -p p -d TO_STDERR text
	[ "$stderr" = 'p: *ERROR* (No. 1) text' ]
	[ ! -e "$LOG" ]
}

@test "LE3: TO_LOG is the log only" {
	expect 0 lk_err -c FRS_WARN -n 1 -p p -d TO_LOG text
	[ -z "$stderr" ]
	grep -q ': WARN::::000001:text$' "$LOG"
}

@test "LE4: an unknown category gives 5" {
	expect 5 lk_err -c FRS_BAD -n 1 -p p x
	says 'FRS_MES, FRS_WARN, FRS_ERR'
	[ ! -e "$LOG" ]
}

@test "LE5: a number below 1 gives 5" {
	local number
	for number in -1 0 x '' 99999999999; do
		expect 5 lk_err -c FRS_MES -n "$number" -p p x
	done
	[ ! -e "$LOG" ]
}

@test "LE6: a missing or an extra argument gives 2" {
	expect 2 lk_err -c FRS_MES -n 1 -p p
	expect 2 lk_err -c FRS_MES -n 1 -p p two words
	expect 2 lk_err -c FRS_MES -n 1 x
	expect 2 lk_err -c FRS_MES -p p x
	expect 2 lk_err -n 1 -p p x
	says 'Usage: lk_err'
	[ ! -e "$LOG" ]
}

@test "an unknown destination or an empty process gives 5" {
	expect 5 lk_err -c FRS_MES -n 1 -p p -d TO_MARS x
	expect 5 lk_err -c FRS_MES -n 1 -p '' x
	[ ! -e "$LOG" ]
}

@test "a message stays one line" {
	expect 0 lk_err -c FRS_MES -n 1 -p p "$(printf 'a\nb\033[2Jc\td')"
	[ "$(wc -l <"$LOG")" -eq 1 ]
	grep -q ': INFO::::000001:a?b?\[2Jc?d$' "$LOG"
	[ "$stderr" = 'p: *INFO* (No. 1) a?b?[2Jc?d' ]
}

@test "a very long message is cut, not lost" {
	expect 0 lk_err -c FRS_MES -n 1 -p p -d TO_LOG "$(head -c 20000 /dev/zero | tr '\0' x)"
	[ "$(wc -l <"$LOG")" -eq 1 ]
	[ "$(wc -c <"$LOG")" -gt 8000 ]
}

@test "lines of many writers at once stay whole" {
	local i pids=()
	for i in $(seq 20); do
		lk_err -c FRS_MES -n "$i" -p p -d TO_LOG "$(head -c 3000 /dev/zero | tr '\0' x)" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	[ "$(grep -Ec ': INFO::::[0-9]{6}:x{3000}$' "$LOG")" -eq 20 ]
}

@test "without a log the message goes to standard error and the script goes on" {
	rmdir "$LKROOT/out"
	expect 0 lk_err -c FRS_ERR -n 7 -p p -d TO_LOG text
	says 'p: *ERROR* (No. 7) text'
	says 'the message is not in the log'
	LKROOT=$BATS_TEST_TMPDIR/nowhere expect 0 lk_err -c FRS_ERR -n 7 -p p text
	says 'p: *ERROR* (No. 7) text'
	says 'the message is not in the log'
}

@test "the log is not written through a link" {
	: >"$BATS_TEST_TMPDIR/elsewhere"
	ln -s "$BATS_TEST_TMPDIR/elsewhere" "$LOG"
	expect 0 lk_err -c FRS_ERR -n 7 -p p text
	says 'the message is not in the log'
	[ ! -s "$BATS_TEST_TMPDIR/elsewhere" ]
}
