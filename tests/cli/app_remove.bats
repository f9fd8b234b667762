#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: app_remove [-d destsys] -a appname

load ../helpers/tree

@test "AR1: an application takes its types, instances and dependencies with it" {
	f1
	expect 0 app_remove -a gen
	lines_are
	expect 0 app_list
	lines_are comm filesys
	expect 0 typ_list -f:
	lines_are comm:ip filesys:volume
	expect 7 ins_list -t app1
	expect 0 dep_list
	lines_are
	expect 0 ins_list -f:
	fields 4 :
	lines_are ip1 vol1
	[ ! -s "$J" ]
}

@test "AR2: an unknown application gives 7" {
	f1
	local before
	before=$(database)
	expect 7 app_remove -a nope
	[ "$(database)" = "$before" ]
}

@test "AR3: without -a the usage is shown" {
	f1
	expect 2 app_remove
	says 'Usage: app_remove'
}

@test "AR4: equivalencies of its instances go, also when the other system is not there" {
	f2
	expect 0 app_remove -a comm
	lines_are
	expect 0 eqv_list -f:
	[[ $output != *ip1* ]]
	[[ $output == *vol1* ]]
}

@test "AR5: a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 app_remove -d beta -a gen
	expect 0 app_list
	lines_are comm filesys gen
}

@test "AR6: a wrong option gives 2 and removes nothing" {
	f1
	local before
	before=$(database)
	expect 2 app_remove -a gen -x
	[ "$(database)" = "$before" ]
}

@test "all types of the application go, those of others with the same name stay" {
	f1
	typ_create -a comm -r dns
	typ_create -a filesys -r dns
	ins_create -a comm -r dns -t d1 -i d1
	ins_create -a filesys -r dns -t d2 -i d2
	expect 0 app_remove -a comm
	expect 0 typ_list -f:
	lines_are filesys:dns filesys:volume gen:app
	expect 0 ins_list -f:
	fields 4 :
	lines_are d2 vol1 app1
}

@test "an application can be registered again, without its former instances" {
	f1
	expect 0 app_remove -a comm
	expect 0 app_create -a comm
	expect 0 typ_create -a comm -r ip
	expect 0 ins_list -a comm
	lines_are
	[ -x "$LKROOT/subsys/comm/resources/ip/actions/restore" ]
}

@test "a damaged instances file gives 3 and removes nothing" {
	f1
	sed -i '$d' "$LKROOT/subsys/gen/resources/app/instances"
	local before
	before=$(database)
	expect 3 app_remove -a comm
	says 'subsys/gen/resources/app/instances:'
	[ "$(database)" = "$before" ]
}
