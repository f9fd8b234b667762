#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lkwhy [--since time] [-n lines] [--local] [-J] name
# shellcheck disable=SC2154

load ../helpers/tree
load ../helpers/far

setup() {
	f0
	export TZ=UTC
}

teardown() {
	far_end
}

# A line of the story, at second N: line NODE N SUBJECT WHAT [MORE-MEMBERS]
line() {
	printf '{"time":"2026-11-25T20:00:%02d.000+00:00","mono":1,"node":"%s","prog":"t","pid":7,"subject":"%s","what":"%s"%s}\n' \
		"$2" "$1" "$3" "$4" "${5:-}"
}

here() { line alpha "$@" >>"$LKROOT/out/story.log"; }
there() { line beta "$@" >>"$FAR/beta/out/story.log"; }

cluster() {
	export FAKELCM_STATUS=' '
	far beta
}

@test "it tells what was decided, on what grounds" {
	here 1 web restore ',"decision":"begun","inputs":{"peer":"beta","quorum":"yes"},"text":"say \"why\""'
	here 2 other restore
	here 3 beta down ',"inputs":{"tag":"web"}'
	expect 0 lkwhy web
	lines_are '2026-11-25 20:00:01.000 alpha restore: begun (peer=beta, quorum=yes): say "why"' \
		'2026-11-25 20:00:03.000 alpha beta down (tag=web)'
	expect 0 lkwhy beta
	[ "${#lines[@]}" -eq 2 ]
	expect 0 lkwhy other
	lines_are '2026-11-25 20:00:02.000 alpha restore'
}

@test "what other systems know is merged by time, under the name that the resource has there" {
	cluster
	app_create -a gen
	typ_create -a gen -r app
	ins_create -a gen -r app -t web -i web
	eqv_create --local-only -t web -S beta -o web2 -e SHARED
	here 1 web one
	there 2 web2 two
	here 3 web three
	there 0 web2 zero
	there 4 web none
	expect 0 lkwhy web
	lines_are '2026-11-25 20:00:00.000 beta web2 zero' '2026-11-25 20:00:01.000 alpha one' \
		'2026-11-25 20:00:02.000 beta web2 two' '2026-11-25 20:00:03.000 alpha three'
	expect 0 lkwhy -J web
	[ "$(jq -r '.[].what' <<<"$output" | paste -sd ' ')" = 'zero one two three' ]
	expect 0 lkwhy --local web
	[ "$output" = "$(cat "$LKROOT/out/story.log")" ]
}

@test "a system that does not answer is named, and the others tell" {
	cluster
	here 1 web one
	: >"$LKROOT/run/dead-beta"
	expect 0 lkwhy web
	lines_are '2026-11-25 20:00:01.000 alpha one'
	says 'what beta knows is missing: it is DEAD'
	rm "$LKROOT/run/dead-beta"
	rm -r "$FAR/beta/config"
	expect 0 lkwhy web
	says 'what beta knows is missing: exit code'
}

@test "both files are read, and what is no line is passed over" {
	line alpha 1 web old >"$LKROOT/out/story.log.1"
	here 2 web new
	printf '\n{"time":"2026-11-25T20:00:03.000+00:00","subject":"web","wha' >>"$LKROOT/out/story.log"
	printf '\nweb\n{"subject":"web"}\n{"time":"web","subject":"web"}\n' >>"$LKROOT/out/story.log"
	here 5 web last ',"later":{"x":[1,true,{"y":null}]}'
	expect 0 lkwhy web
	lines_are '2026-11-25 20:00:01.000 alpha old' '2026-11-25 20:00:02.000 alpha new' '2026-11-25 20:00:05.000 alpha last'
}

@test "-n and --since leave out what is older" {
	local i
	for i in 1 2 3 4; do
		here "$i" web "w$i"
	done
	expect 0 lkwhy -n 2 web
	lines_are '2026-11-25 20:00:03.000 alpha w3' '2026-11-25 20:00:04.000 alpha w4'
	expect 0 lkwhy --since 2026-11-25T20:00:04 web
	lines_are '2026-11-25 20:00:04.000 alpha w4'
	expect 0 lkwhy --since 2026-11-25 -n 0 web
	[ "${#lines[@]}" -eq 4 ]
	expect 0 lkwhy --since "@$(date -d '2026-11-25T20:00:03Z' +%s)" web
	[ "${#lines[@]}" -eq 2 ]
	lk_story -s web -w now -D 'done' 'just now'
	expect 0 lkwhy --since 1m web
	[[ $output == *' alpha now: done: just now' ]]
	expect 7 lkwhy --since 2999-01-01 web
	expect 5 lkwhy --since yesterday web
	says 'yesterday'
	expect 5 lkwhy -n x web
}

@test "nothing is known: 7; no name: 2" {
	expect 7 lkwhy web
	says 'nothing is known of "web"'
	expect 2 lkwhy
	expect 2 lkwhy web more
}
