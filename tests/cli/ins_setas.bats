#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: ins_setas [-d destsys] -t tag -s {INTELLIGENT|AUTOMATIC}

load ../helpers/tree

# The switchback types are these, as lines "TAG TYPE".
types_are() {
	output=$(ins_list -J | jq -r '.[] | .tag + " " + .switchback')
	lines_are "$@"
}

@test "IA1: the type is set on the root and on all below it" {
	f1
	expect 0 ins_setas -t app1 -s AUTOMATIC
	lines_are
	[ -z "$stderr" ]
	types_are 'ip1 AUTOMATIC' 'vol1 AUTOMATIC' 'app1 AUTOMATIC'
	expect 0 ins_setas -t app1 -s INTELLIGENT
	types_are 'ip1 INTELLIGENT' 'vol1 INTELLIGENT' 'app1 INTELLIGENT'
}

@test "IA2: on an instance that is not a root a warning is printed" {
	f1
	expect 0 ins_setas -t ip1 -s AUTOMATIC
	lines_are
	says 'ins_setas: *WARNING* "ip1" is not a root'
	types_are 'ip1 AUTOMATIC' 'vol1 INTELLIGENT' 'app1 INTELLIGENT'
}

@test "IA3: another word gives 5" {
	f1
	expect 5 ins_setas -t app1 -s MANUAL
	says 'INTELLIGENT, AUTOMATIC'
	types_are 'ip1 INTELLIGENT' 'vol1 INTELLIGENT' 'app1 INTELLIGENT'
}

@test "IA4: an unknown tag gives 7" {
	f1
	expect 7 ins_setas -t nope -s AUTOMATIC
}

@test "IA5: a missing option gives 2" {
	f1
	expect 2 ins_setas -s AUTOMATIC
	says 'Usage: ins_setas'
	expect 2 ins_setas -t app1
}

@test "all levels below are set, other hierarchies are not" {
	f1
	ins_create -a gen -r app -t app2 -i 2
	dep_create -p ip1 -c vol1
	expect 0 ins_setas -t ip1 -s AUTOMATIC
	says 'is not a root'
	types_are 'ip1 AUTOMATIC' 'vol1 AUTOMATIC' 'app1 INTELLIGENT' 'app2 INTELLIGENT'
}

@test "an instance without dependencies is a root" {
	f1
	dep_remove
	expect 0 ins_setas -t ip1 -s AUTOMATIC
	[ -z "$stderr" ]
	types_are 'ip1 AUTOMATIC' 'vol1 INTELLIGENT' 'app1 INTELLIGENT'
}

@test "a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 ins_setas -d beta -t app1 -s AUTOMATIC
	types_are 'ip1 INTELLIGENT' 'vol1 INTELLIGENT' 'app1 INTELLIGENT'
}

@test "a damaged file gives 3 and none of the hierarchy is changed" {
	f1
	sed -i '/^vol1/s/INTELLIGENT/CLEVER/' "$LKROOT/subsys/filesys/resources/volume/instances"
	local before
	before=$(database)
	expect 3 ins_setas -t app1 -s AUTOMATIC
	says 'subsys/filesys/resources/volume/instances:3: '
	[ "$(database)" = "$before" ]
}
