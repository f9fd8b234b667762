#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: eqv_create [-d destsys] [-s sys] -t tag [-p priority] [-S othersys] -o othertag [-r otherpriority] -e SHARED [--local-only]

load ../helpers/tree

# Without a transport every other system is unreachable, so that all but EC7 and the checks that
# come before the request store only this system's half.

setup() {
	f2
	eqv_remove -t ip1 -S beta
}

@test "EC1: a pair is stored with the local side first" {
	expect 0 eqv_create --local-only -t ip1 -p 1 -S beta -o ip1 -r 10 -e SHARED
	lines_are
	expect 0 eqv_list -f: -t ip1
	lines_are alpha:ip1:beta:ip1:SHARED:1:10
}

@test "EC1: the half that beta is asked for is stored from its point of view" {
	sed -i 's/^alpha\tlocal$/beta\tlocal/; s/^beta\tremote$/alpha\tremote/' "$LKROOT/config/sys"
	expect 0 eqv_create --local-only -t ip1 -p 10 -S alpha -o ip1 -r 1 -e SHARED
	expect 0 eqv_list -f: -t ip1
	lines_are beta:ip1:alpha:ip1:SHARED:10:1
}

@test "EC2: a pair that exists gives 4" {
	expect 4 eqv_create -t vol1 -p 1 -S beta -o vol1 -r 10 -e SHARED
	says '"vol1" has an equivalency with "vol1" on system "beta" already'
}

@test "EC3: two systems with one priority give 5" {
	expect 5 eqv_create -t ip1 -p 5 -S beta -o ip1 -r 5 -e SHARED
	expect 0 eqv_list -t ip1
	lines_are
}

@test "EC4: priorities are from 1 to 999" {
	local bad
	for bad in 1000 0 -1 x '' 1.5; do
		expect 5 eqv_create --local-only -t ip1 -S beta -o ip1 -r "$bad" -e SHARED
		says 'option -r'
		expect 5 eqv_create --local-only -t ip1 -S beta -o ip1 -p "$bad" -e SHARED
		says 'option -p'
	done
	expect 0 eqv_create --local-only -t ip1 -S beta -o ip1 -r 999 -e SHARED
	expect 0 eqv_list -f: -t ip1
	lines_are alpha:ip1:beta:ip1:SHARED:1:999
}

@test "EC5: a type other than SHARED gives 5" {
	expect 5 eqv_create --local-only -t ip1 -S beta -o ip1 -e COPY
	says 'option -e "COPY"'
}

@test "EC6: without -e, -t or -o the usage is shown" {
	expect 2 eqv_create -t ip1 -S beta -o ip1
	says 'option -e is missing'
	says 'Usage: eqv_create'
	expect 2 eqv_create -S beta -o ip1 -e SHARED
	says 'option -t is missing'
	expect 2 eqv_create -t ip1 -S beta -e SHARED
	says 'option -o is missing'
}

@test "EC7: if the other system cannot be reached, nothing changes here" {
	local before
	unreachable
	before=$(database)
	expect 9 eqv_create -t ip1 -S beta -o ip1 -e SHARED
	says '(No. 4217) Communication failure: destination system "beta" is out of service.'
	lines_are
	[ "$before" = "$(database)" ]
}

@test "EC8: an unknown tag gives 7" {
	expect 7 eqv_create -t nope -S beta -o ip1 -e SHARED
	says 'tag "nope" does not exist'
}

@test "EC9: the first side has priority 1 and the second 10 by default" {
	expect 0 eqv_create --local-only -t ip1 -S beta -o ip1 -e SHARED
	expect 0 eqv_list -f: -t ip1
	lines_are alpha:ip1:beta:ip1:SHARED:1:10
}

@test "named second, the local side has priority 10 by default" {
	expect 0 eqv_create --local-only -s beta -t ip1 -o ip1 -e SHARED
	expect 0 eqv_list -f: -t ip1
	lines_are alpha:ip1:beta:ip1:SHARED:10:1
}

@test "priorities and tags follow their system, whichever side is named first" {
	expect 0 eqv_create --local-only -s beta -t ip.beta -p 7 -S alpha -o ip1 -r 3 -e SHARED
	expect 0 eqv_list -f: -t ip1
	lines_are alpha:ip1:beta:ip.beta:SHARED:3:7
}

@test "EC10: the priority of a third system gives 5" {
	sys_create -s gamma
	expect 5 eqv_create -t vol1 -p 1 -S gamma -o vol1 -r 10 -e SHARED
	says 'priority 10 of "vol1" belongs to system "beta" already'
	expect 5 eqv_create --local-only -t vol1 -S gamma -o vol1 -e SHARED
}

@test "a priority other than the one the system has gives 5" {
	sys_create -s gamma
	expect 5 eqv_create -t vol1 -p 2 -S gamma -o vol1 -r 20 -e SHARED
	says 'system "alpha" has priority 1 for "vol1" already, not 2'
}

@test "without -p the priority that the system has is kept" {
	sys_create -s gamma
	hry_setpri -t vol1 -s alpha -p 4
	expect 0 eqv_create --local-only -t vol1 -S gamma -o vol1 -r 20 -e SHARED
	expect 0 eqv_list -f: -t vol1 -s gamma
	lines_are alpha:vol1:gamma:vol1:SHARED:4:20
}

@test "both sides on this system give 5" {
	expect 5 eqv_create -t ip1 -o vol1 -e SHARED
	says 'both sides are on system "alpha"'
	expect 5 eqv_create -s alpha -t ip1 -S alpha -o vol1 -e SHARED
}

@test "neither side on this system gives 5" {
	sys_create -s gamma
	expect 5 eqv_create -s beta -t ip1 -S gamma -o ip1 -e SHARED
	says 'neither side is on system "alpha"'
}

@test "an unknown system gives 7" {
	expect 7 eqv_create --local-only -t ip1 -S nosuch -o ip1 -e SHARED
	says 'system "nosuch" does not exist'
}

@test "a bad tag of the other side gives 5 and leaves the tree readable" {
	expect 5 eqv_create --local-only -t ip1 -S beta -o 'a b' -e SHARED
	says 'tag "a b"'
	expect 0 eqv_list -t ip1
	lines_are
}

@test "--local-only succeeds if this half is there with the same priorities" {
	expect 0 eqv_create --local-only -t vol1 -p 1 -S beta -o vol1 -r 10 -e SHARED
	expect 0 eqv_create --local-only -t vol1 -S beta -o vol1 -e SHARED
	expect 4 eqv_create --local-only -t vol1 -p 1 -S beta -o vol1 -r 11 -e SHARED
	expect 0 eqv_list -f: -t vol1
	lines_are alpha:vol1:beta:vol1:SHARED:1:10
}

@test "a damaged file gives 3 with file and line, and nothing is overwritten" {
	sed -i 's/SHARED\t1\t10/SHARED\t1\t10000/' "$LKROOT/config/eqv"
	local before
	before=$(database)
	expect 3 eqv_create --local-only -t ip1 -S beta -o ip1 -e SHARED
	says 'config/eqv:3: '
	[ "$before" = "$(database)" ]
}

@test "an operand gives 2, and so does an unknown option" {
	expect 2 eqv_create -t ip1 -S beta -o ip1 -e SHARED extra
	expect 2 eqv_create -t ip1 -S beta -o ip1 -e SHARED -L
}

@test "-d a system that cannot be reached gives 9, -d the local one is a local call" {
	unreachable
	expect 9 eqv_create -d beta --local-only -t ip1 -S alpha -o ip1 -e SHARED
	says 'destination system "beta" is out of service'
	expect 0 eqv_create -d alpha --local-only -t ip1 -S beta -o ip1 -e SHARED
}
