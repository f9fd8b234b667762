#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The kit gen/app, generic application: any scripts. The scripts of these tests keep a file.
# shellcheck disable=SC2016,SC2034

load standard

setup() {
	KIT=gen/app TAG=a/b ID=a/b
	kit_tree "$KIT"
	own=$BATS_TEST_TMPDIR/own
	mkdir "$own"
	own restore ': >"$LKROOT/up"'
	own remove 'rm -f "$LKROOT/up"'
	own quickCheck '[ -e "$LKROOT/up" ]'
	scripts=(--restore "$own/restore" --remove "$own/remove")
}

own() {	# NAME TEXT
	printf '#!/bin/sh\necho "%s $* info=$LK_INFO" >>"%s"\n%s\n' "$1" "$J" "$2" >"$own/$1"
	chmod 755 "$own/$1"
}

kit_is_up() { [ -e "$LKROOT/up" ]; }

journal() { output=$(cat "$J"); }

of_tag() {	# TAG FIELDS
	expect 0 ins_list -f'|' -t "$1"
	fields "$2" '|'
}

data=subsys/gen/resources/app/scripts

@test "the standard tests" {
	expect 0 program create --tag a/b "${scripts[@]}" --quickCheck "$own/quickCheck" --inservice N
	standard_double_restore
	standard_double_remove
	standard_wrong_call
}

@test "create copies the scripts and starts the application" {
	each_shell created
}

created() {
	: >"$J"
	expect 0 program create --tag a/b "${scripts[@]}" --quickCheck "$own/quickCheck" --info 'port 80' &&
		lines_are a/b && kit_is_up && of_tag a/b 4-7,13-15 &&
		lines_are 'a/b|a/b|port 80|ISP|180|0|0' &&
		journal && lines_are 'restore -t a/b -i a/b info=port 80' &&
		rm -rf "$own/gone" && cmp "$own/restore" "$LKROOT/$data/a%2Fb/restore" &&
		expect 0 ins_remove -t a/b && rm "$LKROOT/up"
}

@test "the default tags are App.0, App.1 and so on, the first that is free" {
	expect 0 program create "${scripts[@]}"
	lines_are App.0
	expect 0 program create "${scripts[@]}"
	lines_are App.1
	ins_remove -t App.0
	expect 0 program create "${scripts[@]}"
	lines_are App.0
}

@test "all optional scripts count, and recover switches local recovery on" {
	own deepCheck 'exit 0'
	own recover 'exit 0'
	expect 0 program create --tag t "${scripts[@]}" --deepCheck "$own/deepCheck" --recover "$own/recover" \
		--id other --switchback AUTOMATIC
	of_tag t 5,13-15
	lines_are 'other|0|300|1'
}

@test "create, extend and delete scripts beside the restore script are found" {
	own create ': >"$LKROOT/made"'
	own delete ': >"$LKROOT/deleted"'
	own extend.sh ':'
	expect 0 program create --tag t "${scripts[@]}"
	[ -e "$LKROOT/made" ]
	[ -x "$LKROOT/$data/t/extend" ]
	journal
	lines_are 'create -t t -i t info=' 'restore -t t -i t info='
	expect 0 ins_remove -t t
	[ -e "$LKROOT/deleted" ]
	[ ! -e "$LKROOT/$data/t" ]
	kit_is_up
}

@test "checks pass on what the script says" {
	own quickCheck 'exit 2'
	own deepCheck 'exit 7'
	expect 0 program create --tag a/b "${scripts[@]}" --quickCheck "$own/quickCheck" --deepCheck "$own/deepCheck"
	each_shell expect 2 action quickCheck
	each_shell expect 1 action deepCheck
	logged '710060:the deepCheck script of a/b ended with code 7'
}

@test "what there is no script for: checks are healthy, recover fails, delete succeeds" {
	expect 0 program create --tag a/b "${scripts[@]}"
	each_shell expect 0 action quickCheck
	each_shell expect 0 action deepCheck
	each_shell expect 1 action recover
	each_shell expect 0 action delete
	each_shell expect 1 action restore
	logged '710061:a/b has no restore script'
}

@test "a failing script makes the action fail, with its code in the log" {
	expect 0 program create --tag a/b "${scripts[@]}"
	printf '#!/bin/sh\nexit 9\n' >"$LKROOT/$data/a%2Fb/remove"
	each_shell expect 1 action remove
	logged '710060:the remove script of a/b ended with code 9'
}

@test "scripts that cannot be are refused with 5 or 2, and nothing is made" {
	expect 2 program create --restore "$own/restore"
	says 'option --remove is missing'
	expect 5 program create --restore restore --remove "$own/remove"
	says 'is no full path'
	expect 5 program create --restore "$own/none" --remove "$own/remove"
	says "there is no file $own/none"
	expect 5 program create --restore "$own/x y" --remove "$own/remove"
	: >"$own/plain"
	expect 5 program create --restore "$own/plain" --remove "$own/remove"
	says 'cannot be executed'
	expect 0 ins_list
	lines_are
	run ! ls -A "$LKROOT/$data"
}

@test "a create that fails leaves neither instance nor scripts" {
	local before
	before=$(database)
	own restore 'exit 1'
	each_shell expect 1 program create --tag a/b "${scripts[@]}"
	[ "$(database)" = "$before" ]
	[ -z "$(ls -A "$LKROOT/$data")" ]
	own restore ':'
	own create 'exit 1'
	expect 1 program create --tag a/b "${scripts[@]}"
	[ -z "$(ls -A "$LKROOT/$data")" ]
	expect 0 ins_list
	lines_are
}

@test "a second create of the tag leaves the scripts of the first" {
	expect 0 program create --tag t "${scripts[@]}"
	local sum
	sum=$(cat "$LKROOT/$data/t"/* | cksum)
	own restore 'exit 0; # other'
	expect 4 program create --tag t "${scripts[@]}"
	[ "$(cat "$LKROOT/$data/t"/* | cksum)" = "$sum" ]
	[ "$(ls -A "$LKROOT/$data")" = t ]
}

@test "tags that look like paths stay inside" {
	expect 0 program create --tag a/../../b "${scripts[@]}"
	[ "$(ls "$LKROOT/$data")" = a%2F..%2F..%2Fb ]
	expect 0 program create --tag actions "${scripts[@]}"
	[ -x "$LKROOT/subsys/gen/resources/app/actions/restore" ]
	expect 0 ins_remove -t actions
	[ -x "$LKROOT/subsys/gen/resources/app/actions/restore" ]
}

@test "extend copies the scripts and runs the extend script on the target" {
	kit_peer "$KIT"
	own extend ': >"$LKROOT/extended"'
	expect 0 program create --tag a/b "${scripts[@]}" --info 'some text'
	each_shell expect 0 program canextend --tag a/b --target beta
	lines_are 'some text'
	expect 0 program extend --tag a/b --target beta
	cmp "$own/restore" "$PEER/$data/a%2Fb/restore"
	[ -x "$PEER/$data/a%2Fb/restore" ]
	[ -e "$PEER/extended" ]
	[ ! -e "$LKROOT/extended" ]
	expect 0 ins_list -d beta -f'|' -t a/b
	fields 4-7,13 '|'
	lines_are 'a/b|a/b|some text|OSU|0'
	expect 0 eqv_list -f: -t a/b
	lines_are alpha:a/b:beta:a/b:SHARED:1:10
	expect 0 program unextend --tag a/b --target beta
	[ ! -e "$PEER/$data/a%2Fb" ]
	[ -e "$LKROOT/$data/a%2Fb" ]
}

@test "an extend script that fails leaves nothing on the target" {
	kit_peer "$KIT"
	own extend 'exit 1'
	expect 0 program create --tag t "${scripts[@]}"
	expect 1 program extend --tag t --target beta
	expect 0 ins_list -d beta
	lines_are
	[ -z "$(ls -A "$PEER/$data")" ]
}

@test "update replaces a script here or everywhere and shows both" {
	kit_peer "$KIT"
	expect 0 program create --tag t "${scripts[@]}"
	expect 0 program extend --tag t --target beta
	own restore 'exit 0; # new'
	each_shell expect 0 program update --tag t --action restore --script "$own/restore"
	[[ $output == 'old: '*' bytes, checksum '*'new: '*' bytes, checksum '* ]]
	cmp "$own/restore" "$LKROOT/$data/t/restore"
	run ! cmp -s "$own/restore" "$PEER/$data/t/restore"
	expect 0 program update --tag t --action restore --script "$own/restore" --all Y
	cmp "$own/restore" "$PEER/$data/t/restore"
	stub lcdrcp 'exit 9'
	expect 9 program update --tag t --action restore --script "$own/restore" --all Y
	says 'could not be replaced on server beta'
}

@test "update with a first check switches the check on" {
	expect 0 program create --tag t "${scripts[@]}"
	expect 0 program update --tag t --action quickCheck --script "$own/quickCheck"
	[[ $output == 'old: none'* ]]
	of_tag t 13
	lines_are 180
}

@test "update refuses unknown tags with 7, actions and paths with 5" {
	expect 7 program update --tag none --action restore --script "$own/restore"
	expect 0 program create --tag t "${scripts[@]}"
	expect 5 program update --tag t --action other --script "$own/restore"
	expect 5 program update --tag t --action restore --script "$own/none"
	expect 2 program update --tag t --action restore
}

@test "the templates are scripts that run" {
	local file
	for file in "$LK_SRC"/subsys/gen/resources/app/templates/*.template; do
		expect 0 dash -n "$file"
		expect 0 bash -n "$file"
	done
	local t=$LK_SRC/subsys/gen/resources/app/templates
	mkdir "$own/bin"
	printf '#!/bin/sh\nsleep 60 >/dev/null 2>&1 3>&- &\necho $! >"%s/pid"\n' "$own" >"$own/bin/sleep"
	chmod 755 "$own/bin/sleep"
	for file in restore remove quickCheck; do
		sed "s|^daemon=.*|daemon=$own/bin/sleep|; s|^pidfile=.*|pidfile=$own/pid|" \
			"$t/$file.template" >"$own/$file"
	done
	expect 0 program create --tag t "${scripts[@]}" --quickCheck "$own/quickCheck"
	TAG=t
	expect 0 action quickCheck
	expect 0 action restore
	expect 0 action remove
	expect 1 action quickCheck
	expect 0 action remove
}
