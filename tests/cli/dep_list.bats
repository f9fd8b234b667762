#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: dep_list [-d destsys] [-fC] [-C allchild | -P allparent | -c ofparenttag | -p ofchildtag] [-r typ] [-a appname] [-J]

load ../helpers/tree

f1_and_more() {
	f1
	dep_create -p ip1 -c vol1
}

@test "DL1: all dependencies are listed in order" {
	f1
	expect 0 dep_list -f:
	lines_are app1:ip1 app1:vol1
	ins_create -a gen -r app -t A -i A
	dep_create -p A -c app1
	expect 0 dep_list -f:
	lines_are A:app1 app1:ip1 app1:vol1
}

@test "DL2: -c lists the direct children" {
	f1_and_more
	expect 0 dep_list -f: -c app1
	lines_are app1:ip1 app1:vol1
}

@test "DL3: -p lists the direct parents" {
	f1
	expect 0 dep_list -f: -p ip1
	lines_are app1:ip1
}

@test "DL4: -C walks down, depth first" {
	f1_and_more
	expect 0 dep_list -f: -C app1
	lines_are app1:ip1 ip1:vol1 app1:vol1
}

@test "DL5: -P walks up, depth first" {
	f1_and_more
	expect 0 dep_list -f: -P vol1
	lines_are app1:vol1 ip1:vol1 app1:ip1
}

@test "DL6: -r selects by the type of the child" {
	f1
	expect 0 dep_list -f: -r volume
	lines_are app1:vol1
	expect 0 dep_list -f: -r app
	lines_are
}

@test "DL7: only one of -C -P -c -p may be given" {
	f1
	local one other
	for one in C P c p; do
		for other in C P c p; do
			[ "$one" != "$other" ] || continue
			expect 2 dep_list "-$one" app1 "-$other" ip1
			says 'exclude each other'
			lines_are
		done
	done
}

@test "DL8: an unknown tag, type or application gives 7" {
	f1
	local option
	for option in C P c p r a; do
		expect 7 dep_list "-$option" nope
		says '"nope" does not exist'
		lines_are
	done
	expect 7 dep_list -a comm -r volume
}

@test "DL9: -a selects by the application of the child" {
	f1
	expect 0 dep_list -f: -a comm
	lines_are app1:ip1
}

@test "filters combine" {
	f1_and_more
	expect 0 dep_list -f: -C app1 -r volume
	lines_are ip1:vol1 app1:vol1
	expect 0 dep_list -f: -c app1 -a filesys -r volume
	lines_are app1:vol1
	expect 0 dep_list -f: -p vol1 -a comm
	lines_are
}

@test "an instance without dependencies has an empty list" {
	f1
	local option
	for option in C c; do
		expect 0 dep_list "-$option" ip1
		lines_are
	done
	for option in P p; do
		expect 0 dep_list "-$option" app1
		lines_are
	done
}

@test "what lies below a shared child is listed once" {
	f1_and_more
	ins_create -a comm -r ip -t ip0 -i 0
	dep_create -p vol1 -c ip0
	expect 0 dep_list -f: -C app1
	lines_are app1:ip1 ip1:vol1 vol1:ip0 app1:vol1
}

@test "a cycle written by hand does not make the walk endless" {
	f1
	sed -i 's/^#end/vol1\tapp1\n#end/' "$LKROOT/config/dep"
	expect 0 timeout 10 dep_list -f: -C app1
	lines_are app1:ip1 app1:vol1 vol1:app1
	expect 0 timeout 10 dep_list -f: -P ip1
	lines_are app1:ip1 vol1:app1 app1:vol1
}

@test "the separator is the byte 0x01, and must be one byte" {
	f1
	expect 0 dep_list -p ip1
	lines_are $'app1\001ip1'
	expect 5 dep_list -f ab
	lines_are
}

@test "-J gives an array of objects" {
	f1_and_more
	expect 0 dep_list -J -C app1
	jq -e '. == [{parent: "app1", child: "ip1"}, {parent: "ip1", child: "vol1"},
		{parent: "app1", child: "vol1"}]' <<<"$output"
	expect 0 dep_list -J -r app
	lines_are '[]'
}

@test "an empty tree has no dependencies" {
	f0
	expect 0 dep_list
	lines_are
}

@test "a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 dep_list -d beta
	lines_are
}

@test "an operand gives 2" {
	f1
	expect 2 dep_list app1
	says 'Usage: dep_list'
}

@test "a damaged file gives 3 and no list" {
	f1
	sed -i '3s/app1/.app1/' "$LKROOT/config/dep"
	expect 3 dep_list
	lines_are
	says 'config/dep:3: '
}
