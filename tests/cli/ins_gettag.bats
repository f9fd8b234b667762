#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: ins_gettag [-d destsys] -i id

load ../helpers/tree

@test "IG1: the tag of an address" {
	f1
	expect 0 ins_gettag -i 10.0.0.10
	lines_are ip1
}

@test "IG2: the tag of a mount point" {
	f1
	expect 0 ins_gettag -i /mnt/d1
	lines_are vol1
}

@test "IG3: a part of an id does not match" {
	f1
	expect 7 ins_gettag -i 10.0.0.1
	lines_are
	says 'id "10.0.0.1" does not exist'
	expect 7 ins_gettag -i ''
}

@test "IG4: without -i the usage is shown" {
	f1
	expect 2 ins_gettag
	lines_are
	says 'Usage: ins_gettag [-d destsys] -i id'
}

@test "a tag is not an id" {
	f1
	expect 7 ins_gettag -i app1
	expect 0 ins_gettag -i app1id
	lines_are app1
}

@test "a system that cannot be reached gives 9, one nobody knows 7" {
	f2
	unreachable
	expect 9 ins_gettag -d beta -i app1id
	lines_are
	expect 7 ins_gettag -d nosuch -i app1id
}

@test "an operand gives 2" {
	f1
	expect 2 ins_gettag -i app1id extra
	lines_are
}

@test "a damaged file gives 3" {
	f1
	sed -i '1d' "$LKROOT/subsys/comm/resources/ip/instances"
	expect 3 ins_gettag -i app1id
	lines_are
	says 'subsys/comm/resources/ip/instances:1: '
}
