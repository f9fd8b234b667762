#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lcdrecover -g {remove|restore|delete} [-- arg ...]
# usage: lcdrecover -G {remove|restore|delete} [-- arg ...]
# usage: lcdrecover -p primarytest [-o resource] [-J]
# usage: lcdrecover -o resource [-J]

load ../helpers/tree

# A global script of an application that notes its name and arguments in $J; with what is to follow.
global() {	# APP SCRIPT [COMMANDS]
	mkdir -p "$LKROOT/subsys/$1/actions"
	printf '#!/bin/sh\necho "%s%s" >>"%s"\n%s\n' "$1" "\${*:+ }\$*" "$J" "${3:-}" \
		>"$LKROOT/subsys/$1/actions/$2"
	chmod 755 "$LKROOT/subsys/$1/actions/$2"
}

restore_scripts() {
	local app
	for app in gen comm; do
		global "$app" prerestore
		global "$app" postrestore "! flg_list | grep -q '^!action!' || echo locked >>'$J'"
	done
}

journal_is() {
	local want=''
	[ $# -eq 0 ] || want=$(printf '%s\n' "$@")
	[ "$(cat "$J")" = "$want" ]
}

flags_are() {
	expect 0 flg_list
	lines_are "$@"
}

@test "LV1: -g runs the scripts in the order of the applications and sets the flag" {
	f1
	restore_scripts
	expect 0 lcdrecover -g restore -- x y
	lines_are
	journal_is 'comm x y' 'gen x y'
	flags_are '!restore'
}

@test "LV2: -G with -m runs the other half without the admin lock and removes the flag" {
	f1
	restore_scripts
	expect 0 lcdrecover -g restore -- x y
	: >"$J"
	expect 0 lcdrecover -G restore -- -m
	journal_is 'comm -m' 'gen -m'
	flags_are
}

@test "without -m the admin lock is held meanwhile" {
	f1
	restore_scripts
	expect 0 lcdrecover -g restore
	: >"$J"
	expect 0 lcdrecover -G restore
	journal_is comm locked gen locked
	flags_are
	run ! ls "$LKROOT/tmp"/admin-lock*
}

@test "LV3: -G without an earlier -g does nothing" {
	f1
	restore_scripts
	expect 0 lcdrecover -G restore
	journal_is
	flags_are
}

@test "LV4: remote and other kinds give 5" {
	f1
	expect 5 lcdrecover -g remote
	says 'option -g "remote": must be one of'
	expect 5 lcdrecover -G ''
	says 'option -G ""'
	flags_are
}

@test "LV5: -p says primary where the local priority is the best" {
	f2
	expect 0 lcdrecover -p app1
	lines_are primary
}

@test "LV6: -p says secondary where another system has a better priority" {
	f1
	sys_create -s beta
	eqv_create --local-only -t app1 -p 10 -S beta -o app1 -r 1 -e SHARED
	expect 0 lcdrecover -p app1
	lines_are secondary
}

@test "-p says primary without an equivalency" {
	f1
	expect 0 lcdrecover -p app1
	lines_are primary
	expect 0 lcdrecover -o app1
	lines_are
}

@test "LV7: -o lists the other systems, best priority first" {
	f3
	expect 0 lcdrecover -o app1
	lines_are beta gamma
	sys_create -s aaa
	eqv_create --local-only -t app1 -p 1 -S aaa -o app1 -r 30 -e SHARED
	expect 0 lcdrecover -o app1
	lines_are beta gamma aaa
	expect 0 lcdrecover -o ip1 -p app1
	lines_are primary beta gamma
	expect 0 lcdrecover -o app1 -p app1 -J
	lines_are '{"primary":true,"systems":["beta","gamma","aaa"]}'
}

@test "LV8: an unknown tag gives 7 and no output" {
	f1
	expect 7 lcdrecover -p nope
	lines_are
	expect 7 lcdrecover -o nope
	expect 7 lcdrecover -p app1 -o nope
	lines_are
}

@test "LV10: the flag of a system that does not answer stays, and the scripts here are run" {
	f2
	restore_scripts
	flg_create -f '!restore!beta'
	flg_create -f '!restore'
	expect 0 lcdrecover -G restore -- -m
	says 'flag !restore!beta is kept'
	journal_is 'comm -m' 'gen -m'
	flags_are '!restore!beta'
}

@test "LV11: after a script that fails the others are run, and the code is 1" {
	f1
	global comm prerestore 'exit 1'
	global gen prerestore
	expect 1 lcdrecover -g restore
	says 'subsys/comm/actions/prerestore: exit code 1'
	says '1 of the global scripts failed'
	journal_is comm gen
	flags_are '!restore'
}

@test "LV12: without an option the code is 2" {
	f1
	expect 2 lcdrecover
	says 'Usage: lcdrecover -g'
}

@test "options that do not go together give 2 and run nothing" {
	f1
	restore_scripts
	expect 2 lcdrecover -g restore -G restore
	expect 2 lcdrecover -g restore -p app1
	expect 2 lcdrecover -G restore -o app1
	expect 2 lcdrecover -p app1 x
	journal_is
	flags_are
}

@test "the scripts of the cluster itself are the first, for each kind" {
	local kind
	f1
	for kind in restore remove delete; do
		: >"$J"
		global lifekeeper "pre$kind"
		global comm "pre$kind.sh"
		global lifekeeper "post$kind"
		expect 0 lcdrecover -g "$kind" -- '*;x' 'a b'
		journal_is 'lifekeeper *;x a b' 'comm *;x a b'
		expect 0 lcdrecover -G "$kind" -- -m
		flags_are
	done
}

@test "a script's output goes to standard error" {
	f1
	global comm prerestore 'echo chatter'
	expect 0 lcdrecover -g restore
	lines_are
	says chatter
}
