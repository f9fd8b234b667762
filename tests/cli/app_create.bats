#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: app_create [-d destsys] -a appname

load ../helpers/tree

@test "AC1: a new application is listed" {
	f0
	expect 0 app_create -a gen
	lines_are
	[ -z "$stderr" ]
	expect 0 app_list
	lines_are gen
}

@test "AC2: an application that exists gives 4 and changes nothing" {
	f1
	local before
	before=$(database)
	expect 4 app_create -a gen
	says 'application "gen" already exists'
	[ "$(database)" = "$before" ]
}

@test "AC3: without -a the usage is shown" {
	f1
	expect 2 app_create
	says 'Usage: app_create [-d destsys] -a appname'
	lines_are
}

@test "AC4: a name with a slash gives 5" {
	f1
	expect 5 app_create -a a/b
	says 'a/b'
	expect 0 app_list
	lines_are comm filesys gen
}

@test "AC6: a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 app_create -d beta -a db
	says 'destination system "beta" is out of service'
	expect 0 app_list
	lines_are comm filesys gen
}

@test "AC7: a system nobody knows gives 7" {
	f1
	expect 7 app_create -d nosuch -a db
	expect 0 app_list
	lines_are comm filesys gen
}

@test "AC8: the application is on stable storage when the command ends" {
	f0
	local trace=$BATS_TEST_TMPDIR/trace
	strace -o /dev/null true || skip "processes cannot be traced here"
	# the leak checker of a sanitizer build cannot run under ptrace
	ASAN_OPTIONS=detect_leaks=0 expect 0 strace -e trace=fsync,fdatasync,renameat,rename -o "$trace" app_create -a gen
	# text, then name, then directory
	run -0 sed -n 's/^\([a-z]*\)(.*= 0$/\1/p' "$trace"
	lines_are fsync renameat fsync
	grep -q '^renameat(.*config/app"' "$trace"
}

@test "AC8: a writer that died before its rename has changed nothing" {
	f0
	expect 0 app_create -a gen
	printf 'half' >"$LKROOT/config/.app.new"
	expect 0 app_create -a comm
	expect 0 app_list
	lines_are comm gen
}

@test "names have 1 to 64 letters, digits, dashes, underscores and dots" {
	f0
	local a64 name
	a64=$(printf 'a%.0s' {1..64})
	expect 0 app_create -a "$a64"
	expect 0 app_create -a A-1_b.c
	for name in "${a64}a" '' . .. 'a b' a:b 'a*' $'a\n' $'\303\251'; do
		expect 5 app_create -a "$name"
	done
	expect 0 app_list
	lines_are A-1_b.c "$a64"
}

@test "an operand is refused" {
	f0
	expect 2 app_create -a gen extra
	expect 0 app_list
	lines_are
}

@test "of two -a the last one counts" {
	f0
	expect 0 app_create -a one -a two
	expect 0 app_list
	lines_are two
}

@test "a damaged file gives 3 and is not overwritten" {
	f1
	echo 'text behind' >>"$LKROOT/config/app"
	local before
	before=$(database)
	expect 3 app_create -a db
	says 'config/app:7: '
	[ "$(database)" = "$before" ]
}

@test "a tree that is not there gives 1" {
	f0
	LKROOT=$BATS_TEST_TMPDIR/nowhere expect 1 app_create -a gen
	says nowhere
}
