#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: sys_create [-d destsys] -s sys

load ../helpers/tree

setup() {
	f0
}

@test "SC1: a system is defined" {
	expect 0 sys_create -s beta
	lines_are
	expect 0 sys_list
	lines_are alpha beta
}

@test "SC2: a system that exists gives 4" {
	sys_create -s beta
	expect 4 sys_create -s beta
	says 'system "beta" already exists'
}

@test "SC3: the local system exists" {
	expect 4 sys_create -s alpha
}

@test "SC4: without -s the usage is shown" {
	expect 2 sys_create
	says 'Usage: sys_create [-d destsys] -s sys'
}

@test "SC5: a bad name gives 5" {
	local bad
	for bad in 'a b' '' 'a/b' $'a\nb' "$(printf 'x%.0s' {1..256})"; do
		expect 5 sys_create -s "$bad"
	done
	expect 0 sys_list
	lines_are alpha
}

@test "a name of 255 characters is allowed, and case matters" {
	local long
	long=$(printf 'x%.0s' {1..255})
	expect 0 sys_create -s "$long"
	expect 0 sys_create -s ALPHA
	expect 0 sys_list
	lines_are alpha ALPHA "$long"
}

@test "an unreachable destination gives 9 and changes nothing" {
	unreachable
	sys_create -s beta
	expect 9 sys_create -d beta -s gamma
	expect 0 sys_list
	lines_are alpha beta
}

@test "32 systems fit, one more gives 6" {
	local i
	for i in {1..31}; do
		sys_create -s "n$i"
	done
	expect 6 sys_create -s one.more
	expect 0 sys_list
	[ "${#lines[@]}" -eq 32 ]
}

@test "a damaged file gives 3 with file and line, and nothing is overwritten" {
	sed -i 's/^alpha\tlocal$/alpha\there/' "$LKROOT/config/sys"
	local before
	before=$(database)
	expect 3 sys_create -s beta
	says 'config/sys:3: '
	[ "$before" = "$(database)" ]
}
