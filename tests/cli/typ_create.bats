#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: typ_create [-d destsys] -a appname -r restyp

load ../helpers/tree

@test "TC1: a new type is listed" {
	f1
	expect 0 typ_create -a comm -r dns
	lines_are
	expect 0 typ_list -f: -a comm
	lines_are comm:dns comm:ip
}

@test "TC2: a type that exists gives 4" {
	f1
	local before
	before=$(database)
	expect 4 typ_create -a comm -r ip
	[ "$(database)" = "$before" ]
}

@test "TC3: an unknown application gives 7" {
	f1
	expect 7 typ_create -a nope -r x
	[ ! -e "$LKROOT/subsys/nope" ]
}

@test "TC4: without -a the usage is shown" {
	f1
	expect 2 typ_create -r x
	says 'Usage: typ_create'
	expect 2 typ_create -a comm
}

@test "TC5: a name that leads out of the tree gives 5" {
	f1
	local name
	for name in ../x .. . a/b '' 'a b' a:b; do
		expect 5 typ_create -a comm -r "$name"
	done
	expect 0 typ_list -f: -a comm
	lines_are comm:ip
	[ ! -e "$LKROOT/subsys/comm/x" ]
}

@test "a system that cannot be reached gives 9, one nobody knows 7" {
	f2
	unreachable
	expect 9 typ_create -d beta -a comm -r dns
	expect 7 typ_create -d nosuch -a comm -r dns
	expect 0 typ_list -f: -a comm
	lines_are comm:ip
}

@test "the directory of the type is made, with an empty instances file" {
	f0
	app_create -a comm
	[ ! -e "$LKROOT/subsys/comm" ]
	expect 0 typ_create -a comm -r dns
	[ -d "$LKROOT/subsys/comm/resources/dns" ]
	[ -f "$LKROOT/subsys/comm/resources/dns/instances" ]
	expect 0 ins_list -a comm -r dns
	lines_are
}

@test "a directory that a kit has made is used as it is" {
	f0
	app_create -a comm
	stub_action comm/dns restore
	expect 0 typ_create -a comm -r dns
	[ -x "$LKROOT/subsys/comm/resources/dns/actions/restore" ]
	[ -f "$LKROOT/subsys/comm/resources/dns/instances" ]
}

@test "two applications may have types of the same name" {
	f1
	expect 0 typ_create -a gen -r ip
	expect 0 typ_list -f:
	lines_are comm:ip filesys:volume gen:app gen:ip
}

@test "a damaged file gives 3 and is not overwritten" {
	f1
	sed -i '3s/.*/comm/' "$LKROOT/config/typ"
	local before
	before=$(database)
	expect 3 typ_create -a comm -r dns
	says 'config/typ:3: too few fields'
	[ "$(database)" = "$before" ]
}
