#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lcduname

load ../helpers/tree

setup() {
	f0
}

@test "UN1, UN2: the name of this system is printed, without any daemon" {
	expect 0 lcduname
	lines_are alpha
}

@test "UN4: an operand gives 2" {
	expect 2 lcduname x
	says 'Usage: lcduname'
}

@test "UN5: the stored name counts, not the host's" {
	[ "$(uname -n)" != alpha ] || skip "this host is called alpha"
	expect 0 lcduname
	lines_are alpha
}

@test "before anything is stored the host's name is printed" {
	rm -r "$LKROOT/config"
	mkdir "$LKROOT/config"
	expect 0 lcduname
	lines_are "$(uname -n)"
}

@test "without a tree the exit code is 1" {
	LKROOT=$BATS_TEST_TMPDIR/nosuch expect 1 lcduname
	says 'no Lockkeeper tree'
	lines_are
}

@test "a damaged file gives 3" {
	echo broken >"$LKROOT/config/sys"
	expect 3 lcduname
	says 'config/sys:1: '
	lines_are
}
