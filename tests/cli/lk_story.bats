#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lk_story -s subject -w what [-D decision] [-k key=value] ... [-p process] text

load ../helpers/tree

setup() {
	f0
	STORY=$LKROOT/out/story.log
}

member() {	# JQ-FILTER
	tail -n 1 "$STORY" | jq -er "$1"
}

@test "a line has all that was given, and who and when" {
	expect 0 lk_story -s web-ip -w check -D failed -k link=down -k "why=a=b c" -k empty= -p mykit 'no carrier'
	lines_are
	[ "$(wc -l <"$STORY")" -eq 1 ]
	[ "$(member '[.node, .prog, .subject, .what, .decision, .text] | join("|")')" = \
		'alpha|mykit|web-ip|check|failed|no carrier' ]
	[ "$(member '.inputs | tojson')" = '{"link":"down","why":"a=b c","empty":""}' ]
	[[ $(member .time) =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}[+-][0-9]{2}:[0-9]{2}$ ]]
	[ "$(member .mono)" -gt 0 ]
	[ "$(member .pid)" -gt 0 ]
	[ "$(stat -c %a "$STORY")" = 640 ]
}

@test "what was not given is absent, and the process is the one that called" {
	cat >"$BATS_TEST_TMPDIR/checker" <<-'END'
		#!/bin/sh
		lk_story -s s -w w t
		exit $?
	END
	chmod 755 "$BATS_TEST_TMPDIR/checker"
	expect 0 "$BATS_TEST_TMPDIR/checker"
	[ "$(member '[has("decision"), has("inputs")] | tojson')" = '[false,false]' ]
	[ "$(member .prog)" = checker ]
}

@test "any bytes stay one line of JSON" {
	expect 0 lk_story -s $'a\nb' -w w -k $'k=\t"\\' $'\xff\xfe "quoted" \x01 \xe6\x97\xa5'
	[ "$(wc -l <"$STORY")" -eq 1 ]
	[ "$(member .subject)" = $'a\nb' ]
	[ "$(member .inputs.k)" = $'\t"\\' ]
	[ "$(member .text)" = $'\xef\xbf\xbd\xef\xbf\xbd "quoted" \x01 \xe6\x97\xa5' ]
}

@test "a very long text is cut" {
	expect 0 lk_story -s s -w w "$(head -c 20000 /dev/zero | tr '\0' x)"
	[ "$(member '.text | length')" -eq 4096 ]
}

@test "a missing argument gives 2 and writes nothing" {
	expect 2 lk_story -s s -w w
	expect 2 lk_story -s s t
	expect 2 lk_story -w w t
	expect 2 lk_story -s s -w w t u
	says 'Usage: lk_story'
	[ ! -e "$STORY" ]
}

@test "an empty subject or event and a bad key give 5 and write nothing" {
	local key
	expect 5 lk_story -s '' -w w t
	says 'option -s'
	expect 5 lk_story -s s -w '' t
	says 'option -w'
	for key in '' nothing =x 'a b=c' "$(printf '%065d' 0)=x" 'ä=1'; do
		expect 5 lk_story -s s -w w -k good=1 -k "$key" t
		says 'option -k'
	done
	[ ! -e "$STORY" ]
}

@test "lines of many writers at once stay whole" {
	local n pids=()
	for n in $(seq 20); do
		lk_story -s "s$n" -w w "$(head -c 3000 /dev/zero | tr '\0' x)" 3>&- &
		pids+=($!)
	done
	for n in "${pids[@]}"; do wait "$n"; done
	[ "$(jq -r .subject "$STORY" | sort -u | wc -l)" -eq 20 ]
}

@test "a file of STORYSIZE is put aside, and the one before it goes" {
	echo STORYSIZE=64 >"$LKROOT/etc/default/LifeKeeper"
	echo old >"$STORY.1"
	head -c 65535 /dev/zero | tr '\0' '\n' >"$STORY"
	expect 0 lk_story -s s -w w one
	[ "$(tail -n 1 "$STORY" | jq -r .text)" = one ]
	expect 0 lk_story -s s -w w two
	[ "$(wc -l <"$STORY")" -eq 1 ]
	[ "$(member .text)" = two ]
	[ "$(tail -n 1 "$STORY.1" | jq -r .text)" = one ]
}

@test "a line that was cut off does not swallow the next one" {
	printf '{"time":"2026' >"$STORY"
	expect 0 lk_story -s s -w w t
	[ "$(wc -l <"$STORY")" -eq 2 ]
	[ "$(member .text)" = t ]
}

@test "links and pipes in place of the file give 1 and do not hang" {
	ln -s "$BATS_TEST_TMPDIR/elsewhere" "$STORY"
	expect 1 lk_story -s s -w w t
	[ ! -e "$BATS_TEST_TMPDIR/elsewhere" ]
	rm "$STORY"
	mkfifo "$STORY"
	expect 1 timeout 20 lk_story -s s -w w t
	rm -r "$LKROOT/out"
	expect 1 lk_story -s s -w w t
	says 'out/story.log'
}
