#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: dep_create [-d destsys] -p parent -c child

load ../helpers/tree

# ip1 and vol1 get these states.
states() {
	ins_setst -t ip1 -S "$1"
	ins_setst -t vol1 -S "$2"
}

@test "DP1: a new dependency is listed" {
	f1
	expect 0 dep_create -p ip1 -c vol1
	lines_are
	expect 0 dep_list -f:
	lines_are app1:ip1 app1:vol1 ip1:vol1
}

@test "DP2: a dependency that exists gives 4" {
	f1
	local before
	before=$(database)
	expect 4 dep_create -p app1 -c ip1
	says '"app1" depends on "ip1" already'
	[ "$(database)" = "$before" ]
}

@test "DP3: a cycle gives 5" {
	f1
	expect 5 dep_create -p ip1 -c app1
	says '"ip1" cannot depend on "app1", which depends on it already'
	expect 0 dep_list -f:
	lines_are app1:ip1 app1:vol1
}

@test "a cycle over several levels gives 5" {
	f1
	dep_create -p ip1 -c vol1
	ins_create -a gen -r app -t app2 -i 2
	dep_create -p vol1 -c app2
	expect 5 dep_create -p app2 -c app1
	expect 5 dep_create -p app2 -c ip1
	expect 0 dep_create -p app1 -c app2
}

@test "DP4: an instance cannot depend on itself" {
	f1
	expect 5 dep_create -p ip1 -c ip1
	says '"ip1" cannot depend on itself'
}

@test "DP5: an unknown tag gives 7" {
	f1
	expect 7 dep_create -p ip1 -c nope
	says 'tag "nope" does not exist'
	expect 7 dep_create -p nope -c ip1
	expect 7 dep_create -p nope -c nope
}

@test "DP6: a missing option gives 2" {
	f1
	expect 2 dep_create -p ip1
	says 'Usage: dep_create [-d destsys] -p parent -c child'
	expect 2 dep_create -c ip1
}

@test "DP7: a parent in service with a child out of service gives 5" {
	f1
	local up
	for up in ISP ISU; do
		states "$up" OSU
		expect 5 dep_create -p ip1 -c vol1
		says "\"ip1\" is in service ($up) and \"vol1\" is not (OSU)"
	done
	sed -i '/^vol1/s/\tOSU\t/\tOSF\t/' "$LKROOT/subsys/filesys/resources/volume/instances"
	expect 5 dep_create -p ip1 -c vol1
	expect 0 dep_list -f:
	lines_are app1:ip1 app1:vol1
}

@test "DP8: a child in service below a parent out of service is allowed" {
	f1
	states OSU ISP
	expect 0 dep_create -p ip1 -c vol1
}

@test "parent and child may both be in service" {
	f1
	states ISP ISU
	expect 0 dep_create -p ip1 -c vol1
	dep_remove -p ip1 -c vol1
	states ISU ISP
	expect 0 dep_create -p ip1 -c vol1
}

@test "of two that would make a cycle together one gets 5" {
	f1
	local one two a=0 b=0
	dep_create -p ip1 -c vol1 2>/dev/null 3>&- &
	one=$!
	dep_create -p vol1 -c ip1 2>/dev/null 3>&- &
	two=$!
	wait "$one" || a=$?
	wait "$two" || b=$?
	[ "$a$b" = 05 ] || [ "$a$b" = 50 ]
}

@test "a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 dep_create -d beta -p ip1 -c vol1
	expect 0 dep_list -f:
	lines_are app1:ip1 app1:vol1
}

@test "no action runs" {
	f1
	dep_create -p ip1 -c vol1
	[ ! -s "$J" ]
}

@test "a damaged file gives 3 and is not overwritten" {
	f1
	sed -i '4s/\t/ /' "$LKROOT/config/dep"
	local before
	before=$(database)
	expect 3 dep_create -p ip1 -c vol1
	says 'config/dep:4: too few fields'
	[ "$(database)" = "$before" ]
}
