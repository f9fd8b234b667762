#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: net_remove [-d destsys] [-s sys] [-D device] [-l local-ip] [-r remote-ip]

load ../helpers/tree

setup() {
	f0
	net_create -s beta -n TCP -D TCP:1500 -l 10.1.0.1 -r 10.1.0.2
	net_create -s beta -n TCP -D TCP:1510 -l 10.2.0.1 -r 10.2.0.2
	net_create -s gamma -n TCP -D TCP:1520 -l 10.1.0.1 -r 10.1.0.3
}

devices_are() {
	[ "$(net_list -f, | cut -d, -f2 | paste -sd' ')" = "$*" ]
}

@test "NR1: the device alone names a path" {
	expect 0 net_remove -D TCP:1500
	lines_are
	devices_are TCP:1510 TCP:1520
}

@test "NR2: without a selector the usage is shown" {
	expect 2 net_remove
	says 'Usage: net_remove'
	devices_are TCP:1500 TCP:1510 TCP:1520
}

@test "addresses alone do not select" {
	expect 2 net_remove -l 10.1.0.1
	expect 2 net_remove -l 10.1.0.1 -r 10.1.0.2
	says 'at least one of -s, -D'
	devices_are TCP:1500 TCP:1510 TCP:1520
}

@test "NR3: no match gives 7" {
	expect 7 net_remove -D TCP:1777
	says 'no such comm path: system any, device TCP:1777'
	expect 7 net_remove -s nope
	expect 7 net_remove -D nonsense
	expect 7 net_remove -s gamma -D TCP:1500
	expect 7 net_remove -s beta -r 10.1.0.3
	devices_are TCP:1500 TCP:1510 TCP:1520
}

@test "NR4: a system alone names all paths to it" {
	expect 0 net_remove -s beta
	devices_are TCP:1520
}

@test "NR5: a system and addresses name a path" {
	expect 0 net_remove -s beta -r 10.1.0.2 -l 10.1.0.1
	devices_are TCP:1510 TCP:1520
	expect 0 net_remove -s beta -r 10.2.0.2
	devices_are TCP:1520
}

@test "NR6: an unreachable destination gives 9" {
	unreachable
	expect 9 net_remove -d beta -D TCP:1500
	devices_are TCP:1500 TCP:1510 TCP:1520
}

@test "the system stays defined" {
	expect 0 net_remove -s beta
	expect 0 sys_list
	lines_are alpha beta gamma
}

@test "a name instead of an address gives 5" {
	expect 5 net_remove -s beta -r beta
	says 'address "beta"'
	devices_are TCP:1500 TCP:1510 TCP:1520
}

@test "devices and addresses are compared in their usual form" {
	net_create -s beta -n TTY -D /dev/ttyS0
	net_create -s beta -n TCP -D TCP:1530 -l fd00::1 -r fd00::2
	expect 0 net_remove -D TCP:01500
	expect 0 net_remove -D /dev/ttyS0
	expect 0 net_remove -s beta -r FD00:0::2
	devices_are TCP:1510 TCP:1520
}

@test "a damaged file gives 3 with file and line" {
	sed -i 's/^gamma\t/gam ma\t/' "$LKROOT/config/net"
	expect 3 net_remove -s beta
	says 'config/net:5: '
}
