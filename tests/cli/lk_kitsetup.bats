#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lk_kitsetup [-d destsys] [-n]

load ../helpers/tree

kit() {	# APP/TYPE
	stub_action "$1" restore
	stub_action "$1" remove
}

@test "the types of all kits are registered and printed, once" {
	f0
	kit gen/qsp
	kit gen/app
	kit comm/ip
	expect 0 lk_kitsetup
	lines_are comm:ip gen:app gen:qsp
	expect 0 typ_list -f:
	lines_are comm:ip gen:app gen:qsp
	local before
	before=$(database)
	expect 0 lk_kitsetup
	lines_are
	[ "$(database)" = "$before" ]
}

@test "a kit that comes later is added to what is registered" {
	f1
	kit gen/new
	kit other/one
	expect 0 lk_kitsetup
	lines_are gen:new other:one
	expect 0 ins_list -f: -t app1
}

@test "with -n nothing changes" {
	f0
	kit comm/ip
	expect 0 lk_kitsetup -n
	lines_are comm:ip
	expect 0 typ_list
	lines_are
}

@test "what lacks restore or remove, or cannot be executed, is no kit" {
	f0
	stub_action gen/half restore
	kit gen/off
	chmod -x "$LKROOT/subsys/gen/resources/off/actions/remove"
	mkdir -p "$LKROOT/subsys/comm/actions" "$LKROOT/subsys/x y/resources/z/actions"
	: >"$LKROOT/subsys/file"
	expect 0 lk_kitsetup
	lines_are
}

@test "scripts of the application serve a type, with any known suffix" {
	f0
	stub_action gen/app restore.sh
	mkdir -p "$LKROOT/subsys/gen/actions"
	cp "$LKROOT/subsys/gen/resources/app/actions/restore.sh" "$LKROOT/subsys/gen/actions/remove.py"
	expect 0 lk_kitsetup
	lines_are gen:app
}

@test "a tree without kits gives 0, one that is not there 1, a damaged one 3" {
	f0
	rmdir "$LKROOT/subsys"
	expect 0 lk_kitsetup
	lines_are
	mkdir "$LKROOT/subsys"
	kit comm/ip
	echo x >>"$LKROOT/config/sys"
	echo x >"$LKROOT/config/app"
	expect 3 lk_kitsetup
	LKROOT=/nonexistent expect 1 lk_kitsetup
}

@test "a wrong call gives 2, another system that does not answer 9" {
	f2
	unreachable
	expect 2 lk_kitsetup stray
	expect 2 lk_kitsetup -x
	expect 9 lk_kitsetup -d beta
}
