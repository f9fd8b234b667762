#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: typ_remove [-d destsys] -a appname -r restyp

load ../helpers/tree

@test "TR1: a type takes its instances and their dependencies with it" {
	f1
	expect 0 typ_remove -a comm -r ip
	lines_are
	expect 7 ins_list -t ip1
	expect 0 dep_list -f:
	lines_are app1:vol1
	expect 0 typ_list -f:
	lines_are filesys:volume gen:app
	[ ! -s "$J" ]
}

@test "TR2: an unknown type gives 7" {
	f1
	local before
	before=$(database)
	expect 7 typ_remove -a comm -r dns
	[ "$(database)" = "$before" ]
}

@test "TR3: without -r the usage is shown" {
	f1
	expect 2 typ_remove -a comm
	says 'Usage: typ_remove'
	expect 0 typ_list -f: -a comm
	lines_are comm:ip
}

@test "TR4: equivalencies of its instances go, also when the other system is not there" {
	f2
	expect 0 typ_remove -a comm -r ip
	expect 0 eqv_list -f:
	[[ $output != *ip1* ]]
	[[ $output == *vol1* ]]
}

@test "TR5: an unknown application gives 7" {
	f1
	expect 7 typ_remove -a nope -r ip
	expect 0 typ_list -f: -a comm
	lines_are comm:ip
}

@test "TR6: the action scripts of a type outlive its registration" {
	f1
	local dir=$LKROOT/subsys/comm/resources/ip/actions before
	before=$(ls -l "$dir")
	expect 0 typ_remove -a comm -r ip
	[ "$(ls -l "$dir")" = "$before" ]
	[ ! -e "$dir/../instances" ]
	expect 0 typ_create -a comm -r ip
	[ "$(ls -l "$dir")" = "$before" ]
	expect 0 ins_list -a comm
	lines_are
}

@test "a type of another application with the same name stays" {
	f1
	typ_create -a gen -r ip
	ins_create -a gen -r ip -t ip2 -i other
	expect 0 typ_remove -a comm -r ip
	expect 0 ins_list -f: -r ip
	fields 4 :
	lines_are ip2
}

@test "a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 typ_remove -d beta -a comm -r ip
	expect 0 ins_list -f: -t ip1
}

@test "a damaged dependency file gives 3 and removes nothing" {
	f1
	sed -i '3s/$/\textra/' "$LKROOT/config/dep"
	local before
	before=$(database)
	expect 3 typ_remove -a comm -r ip
	says 'config/dep:3: too many fields'
	[ "$(database)" = "$before" ]
}
