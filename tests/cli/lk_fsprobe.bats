#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lk_fsprobe [-w] [-b device] [-t seconds] directory

load ../helpers/tree
load ../kit/disk

setup() {
	new_tree
}

teardown() {
	disk_teardown
}

@test "a directory that can be read gives 0, with -w also one that can be written" {
	mkdir "$BATS_TEST_TMPDIR/d"
	expect 0 lk_fsprobe "$BATS_TEST_TMPDIR/d"
	lines_are
	expect 0 lk_fsprobe -w -t 5 "$BATS_TEST_TMPDIR/d"
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/d")" ]
	: >"$BATS_TEST_TMPDIR/d/.lk_fsprobe"
	expect 0 lk_fsprobe -w "$BATS_TEST_TMPDIR/d"
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/d")" ]
}

@test "what fails gives 1 and the reason" {
	expect 1 lk_fsprobe "$BATS_TEST_TMPDIR/none"
	says 'none: No such file or directory'
	expect 1 lk_fsprobe -w /proc
	expect 1 lk_fsprobe -b /dev/nosuch /
	: >"$BATS_TEST_TMPDIR/empty"
	expect 1 lk_fsprobe -b "$BATS_TEST_TMPDIR/empty" /
	says 'Input/output error'
}

@test "a wrong call gives 2, a wrong number 5" {
	expect 2 lk_fsprobe
	expect 2 lk_fsprobe / /
	expect 5 lk_fsprobe -t 0 /
}

@test "a link in place of the probe's file is not followed" {
	mkdir "$BATS_TEST_TMPDIR/d"
	echo keep >"$BATS_TEST_TMPDIR/target"
	ln -s ../target "$BATS_TEST_TMPDIR/d/.lk_fsprobe"
	expect 1 lk_fsprobe -w "$BATS_TEST_TMPDIR/d"
	[ "$(cat "$BATS_TEST_TMPDIR/target")" = keep ]
}

@test "a file system that does not answer gives 9 in time, and reading its disk works" {
	disk_setup
	disk_make ext4
	in_ns mount "$DISK" "$MNT"
	expect 0 in_ns "$LK_BIN/lk_fsprobe" -w -b "$DISK" "$MNT"
	in_ns fsfreeze -f "$MNT"
	local code=0
	expect 9 in_ns "$LK_BIN/lk_fsprobe" -w -t 1 "$MNT" || code=$?
	expect 0 in_ns "$LK_BIN/lk_fsprobe" -b "$DISK" -t 20 "$MNT" || code=$?
	in_ns fsfreeze -u "$MNT"
	[ "$code" -eq 0 ]
}
