#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: dep_remove [-d destsys] [-p parent] [-c child]

load ../helpers/tree

# What is left.
left() {
	expect 0 dep_list -f:
	lines_are "$@"
}

@test "DR1: a pair is removed" {
	f1
	expect 0 dep_remove -p app1 -c ip1
	lines_are
	left app1:vol1
}

@test "DR2: -p removes all dependencies of a parent" {
	f1
	dep_create -p ip1 -c vol1
	expect 0 dep_remove -p app1
	left ip1:vol1
}

@test "DR3: -c removes all dependencies on a child" {
	f1
	dep_create -p ip1 -c vol1
	expect 0 dep_remove -c vol1
	left app1:ip1
}

@test "DR4: without -p and -c all are removed" {
	f1
	expect 0 dep_remove
	left
	expect 0 ins_list -f:
	fields 4 :
	lines_are ip1 vol1 app1
}

@test "DR5: a pair that does not exist gives 7" {
	f1
	local before
	before=$(database)
	expect 7 dep_remove -p ip1 -c vol1
	says '"ip1" does not depend on "vol1"'
	expect 7 dep_remove -p ip1 -c app1
	[ "$(database)" = "$before" ]
}

@test "DR6: an unknown tag gives 7" {
	f1
	expect 7 dep_remove -p nope
	says 'tag "nope" does not exist'
	expect 7 dep_remove -c nope
	expect 7 dep_remove -p app1 -c nope
	expect 7 dep_remove -p nope -c ip1
	left app1:ip1 app1:vol1
}

@test "nothing to remove is no error without a pair" {
	f1
	expect 0 dep_remove -p ip1
	expect 0 dep_remove -c app1
	left app1:ip1 app1:vol1
	expect 0 dep_remove
	expect 0 dep_remove
	left
}

@test "a dependency on an instance that is gone can be removed" {
	f1
	sed -i 's/^#end/app1\tgone\n#end/' "$LKROOT/config/dep"
	left app1:gone app1:ip1 app1:vol1
	expect 0 dep_remove -c gone
	left app1:ip1 app1:vol1
	expect 7 dep_remove -c gone
}

@test "a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 dep_remove -d beta
	left app1:ip1 app1:vol1
}

@test "an operand gives 2 and removes nothing" {
	f1
	expect 2 dep_remove app1
	says 'Usage: dep_remove [-d destsys] [-p parent] [-c child]'
	left app1:ip1 app1:vol1
}

@test "a damaged file gives 3 and is not overwritten" {
	f1
	sed -i '$s/.*/#en/' "$LKROOT/config/dep"
	local before
	before=$(database)
	expect 3 dep_remove
	says 'config/dep:5: '
	[ "$(database)" = "$before" ]
}
