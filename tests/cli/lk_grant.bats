#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lk_grant [-d destsys] -l [-f C] [-J]
# usage: lk_grant [-p systems] [-w ms] -c candidate

load ../helpers/tree

setup() {
	f3
}

# Questions, as SYSTEM:TAG:EPOCH:SUSPECTS:RELEASED each.
ask() {
	echo '#lockkeeper ask 1'
	printf '#system\ttag\tepoch\tsuspects\treleased\tfenced\n'
	[ -z "${SYSTEMS:-}" ] || printf '#systems\t%s\n' "$SYSTEMS"
	[ $# -eq 0 ] || printf '%s:\n' "$@" | tr : '\t'
	echo '#end'
}

asked() {	# CODE CANDIDATE QUESTION...
	local code=$1 candidate=$2
	shift 2
	ask "$@" >"$BATS_TEST_TMPDIR/ask"
	expect "$code" lk_grant -c "$candidate" <"$BATS_TEST_TMPDIR/ask"
}

# SYSTEM:TAG:ANSWER:EPOCH:WHO of the answers.
answers_are() {
	output=$(sed '/^#/d' <<<"$output" | cut -f 1-5 | tr '\t' :)
	lines_are "$@"
}

promises_are() {
	expect 0 lk_grant -l -f:
	lines_are "$@"
}

@test "at first nothing is promised, and there is no file for it" {
	promises_are
	expect 0 lk_grant -l -J
	lines_are '[]'
	[ ! -e "$LKROOT/config/promise" ]
	expect 0 lcdcheck
}

@test "what nobody runs is promised to the first that asks, and once" {
	asked 0 beta alpha:ip1:1:: alpha:app1:1::
	answers_are alpha:ip1:YES:1: alpha:app1:YES:1:
	promises_are alpha:ip1:1:beta:beta alpha:app1:1:beta:beta
	asked 0 beta alpha:ip1:1::
	answers_are alpha:ip1:YES:1:
	asked 0 gamma alpha:ip1:1::
	answers_are alpha:ip1:OLD:1:
	expect 0 lk_grant -l -J
	[ "$(jq -r '.[0] | "\(.system) \(.tag) \(.epoch) \(.candidate) \(.runners)"' <<<"$output")" = 'alpha ip1 1 beta beta' ]
	expect 0 lcdcheck
}

@test "whoever was promised it must be among the suspects, and not be able to run it" {
	asked 0 beta alpha:ip1:1::
	asked 0 gamma alpha:ip1:2::
	answers_are alpha:ip1:MORE:1:beta
	promises_are alpha:ip1:2:gamma:beta
	# who is quiet only the communication manager knows
	asked 0 gamma alpha:ip1:2:beta:
	[ "$(sed '/^#/d' <<<"$output" | cut -f 6)" -gt 0 ]
	answers_are alpha:ip1:ALIVE:2:beta
	promises_are alpha:ip1:2:gamma:beta
	asked 0 gamma alpha:ip1:2:beta:beta
	answers_are alpha:ip1:YES:2:beta
	promises_are alpha:ip1:2:gamma:gamma
}

@test "a candidate that counts other systems gets nothing, and both lists are named" {
	local list
	for list in 'alpha beta' 'alpha beta gamma delta' 'alpha beta delta' 'alpha beta beta' ' '; do
		SYSTEMS=$list asked 3 beta alpha:ip1:1::
		says "the members differ: system \"beta\" knows $list, this one alpha beta gamma"
		promises_are
	done
	SYSTEMS='gamma alpha beta' asked 0 beta alpha:ip1:1::
	answers_are alpha:ip1:YES:1:
}

@test "what is in service here is promised to nobody else" {
	in_service
	asked 0 beta alpha:ip1:2:alpha:
	answers_are alpha:ip1:HERE:1:
	asked 0 alpha alpha:ip1:2::
	answers_are alpha:ip1:YES:2:
	stub_action comm/ip remove 1
	perform_action -t ip1 -a remove || :
	asked 0 beta alpha:ip1:3:alpha:
	answers_are alpha:ip1:HERE:2:
	ins_setst -t ip1 -S OSU -R stopped
	asked 0 beta alpha:ip1:3:alpha:
	answers_are alpha:ip1:YES:3:
}

@test "an epoch that is not above the ownership record is refused, and its owner is a suspect" {
	lk_epoch -t ip1 -e 5 -o beta
	asked 0 gamma alpha:ip1:5::
	answers_are alpha:ip1:OLD:5:
	asked 0 gamma alpha:ip1:6:gamma:
	answers_are alpha:ip1:MORE:5:beta
	asked 0 beta alpha:ip1:6::
	answers_are alpha:ip1:OLD:6:
	asked 0 beta alpha:ip1:7::
	answers_are alpha:ip1:YES:7:
}

@test "a resource that this system has not is promised, too" {
	asked 0 beta beta:db:1::
	answers_are beta:db:YES:1:
	promises_are beta:db:1:beta:beta
}

@test "a key that is not the one that is known here is refused, and nothing is promised" {
	asked 3 beta alpha:ip1:1:: beta:vol1:1::
	says '"vol1": its equivalencies here and on system "beta" name different first systems'
	lines_are
	promises_are
}

@test "a candidate must be a system of the cluster" {
	asked 7 delta alpha:ip1:1::
	says 'delta'
	expect 2 lk_grant
	expect 2 lk_grant -l -c beta
	promises_are
}

@test "a system that is not known here may be a suspect" {
	asked 0 beta 'alpha:ip1:1:zeta:zeta'
	answers_are alpha:ip1:YES:1:
}

@test "a system is quiet whose last incarnation has ended, by the candidate or by a record here" {
	mkdir -p "$LKROOT/run"
	printf 'x\nincarnation 00000000000000ab\n' >"$LKROOT/run/fenced.beta"
	FAKELCM_STATUS=1 FAKELCM_INCARNATION=ab "$LK_BIN/../tests/helpers/fakelcm" "$LKROOT" beta= none= 3>&- &
	wait_until 10 test -S "$LKROOT/run/lcm.sock"
	asked 0 gamma alpha:ip1:2:beta:
	# the stand-in bars nobody, so that it cannot be granted, but nobody waits
	[ "$(sed '/^#/d' <<<"$output" | cut -f 6)" -eq 0 ]
	rm "$LKROOT/run/fenced.beta"
	asked 0 gamma alpha:ip1:2:beta:
	[ "$(sed '/^#/d' <<<"$output" | cut -f 6)" -gt 0 ]
}

@test "systems that are to be asked in turn and are not reached do not matter" {
	ask alpha:ip1:2:beta: >"$BATS_TEST_TMPDIR/ask"
	expect 0 lk_grant -c gamma -p 'beta zeta gamma alpha' <"$BATS_TEST_TMPDIR/ask"
	answers_are alpha:ip1:ALIVE:0:beta
	expect 5 lk_grant -c gamma -p beta -w 0 <"$BATS_TEST_TMPDIR/ask"
	says '-w'
}

@test "what cannot be understood gives 3, and nothing is promised" {
	local text
	for text in alpha:ip1:0:: alpha:ip1:x:: 'al pha:ip1:1::' alpha:.ip:1:: alpha:ip1:1; do
		asked 3 beta alpha:app1:1:: "$text"
		says 'line '
	done
	expect 3 lk_grant -c beta </dev/null
	says 'it is empty'
	expect 3 lk_grant -c beta <<<'#lockkeeper ask 2'
	promises_are
}

@test "a system that cannot be asked gives 9" {
	unreachable
	expect 9 lk_grant -d beta -l
	says beta
}

@test "nothing is answered that could not be promised for good" {
	echo broken >"$LKROOT/config/promise"
	asked 3 beta alpha:ip1:1::
	says 'config/promise:1: '
	lines_are
	expect 3 lcdcheck
}

@test "with storage it is noted when a system was answered, or nothing is answered" {
	printf '%s\n' QUORUM_MODE=storage WITNESS_MODE=storage >>"$LKROOT/etc/default/LifeKeeper"
	mkdir -p "$LKROOT/run/granted.beta"
	asked 1 beta alpha:ip1:1::
	says run/granted.beta
	rmdir "$LKROOT/run/granted.beta"
	promises_are
	asked 0 beta alpha:ip1:1::
	answers_are alpha:ip1:YES:1:
	[ "$(<"$LKROOT/run/granted.beta")" -gt 0 ]
}

@test "names that change are changed in promises, too" {
	asked 0 beta alpha:ip1:1::
	asked 0 gamma alpha:vol1:1::
	lk_chg_value -o beta -n delta
	promises_are alpha:ip1:1:delta:delta alpha:vol1:1:gamma:gamma
}
