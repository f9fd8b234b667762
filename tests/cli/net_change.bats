#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: net_change [-d destsys] -s sys [-N newsys] -D device [-P newdev] [-n {TCP|TTY|DISK}] [-l local-ip] [-r remote-ip] [-p priority] [-b baud] [-i interval] [-m misses]

load ../helpers/tree

setup() {
	f0
	net_create -s beta -n TCP -D TCP:1500 -l 10.1.0.1 -r 10.1.0.2 -p 1
}

# listed N[,N...]: these fields of net_list
listed() {
	net_list -f, | cut -d, -f"$1" | paste -sd' '
}

@test "NG1: a path gets another device" {
	expect 0 net_change -s beta -D TCP:1500 -P TCP:1600
	lines_are
	expect 0 net_list -f,
	lines_are beta,TCP:1600,TLI,0,0,0,UNKNOWN,1,5,3,0,0,0,0,0,0,0,10.1.0.2,10.1.0.1
}

@test "NG2: a path leads to another system, which is defined" {
	expect 0 net_change -s beta -D TCP:1500 -N delta
	[ "$(listed 1,2)" = delta,TCP:1500 ]
	expect 0 sys_list
	lines_are alpha beta delta
}

@test "NG3: an unknown path gives 7" {
	expect 7 net_change -s beta -D TCP:1777 -P TCP:1600
	says 'no such comm path: system beta, device TCP:1777'
	expect 7 net_change -s gamma -D TCP:1500 -P TCP:1600
	[ "$(listed 1,2)" = beta,TCP:1500 ]
}

@test "NG4: without -D, -s or a change the usage is shown" {
	expect 2 net_change -s beta
	says 'option -D is missing'
	expect 2 net_change -D TCP:1500 -P TCP:1600
	says 'option -s is missing'
	expect 2 net_change -s beta -D TCP:1500
	says 'nothing to change'
}

@test "NG5: a device in use gives 4" {
	net_create -s gamma -n TCP -D TCP:1510 -l 10.1.0.1 -r 10.1.0.3
	expect 4 net_change -s beta -D TCP:1500 -P TCP:1510
	says 'device TCP:1510 is in use already, by a path to system "gamma"'
	[ "$(listed 1,2)" = "beta,TCP:1500 gamma,TCP:1510" ]
}

@test "addresses, priority and heartbeat can be changed" {
	expect 0 net_change -s beta -D TCP:1500 -l 10.3.0.1 -r 10.3.0.2 -p 7 -i 0.3 -m 4
	[ "$(listed 2,8-10,18,19)" = TCP:1500,7,0.3,4,10.3.0.2,10.3.0.1 ]
	expect 0 net_change -s beta -D TCP:1500 -r 10.3.0.3
	[ "$(listed 2,8-10,18,19)" = TCP:1500,7,0.3,4,10.3.0.3,10.3.0.1 ]
}

@test "a change to what is there already gives 0" {
	expect 0 net_change -s beta -D TCP:1500 -P TCP:1500 -n TCP -N beta -l 10.1.0.1 -r 10.1.0.2
	[ "$(listed 1,2)" = beta,TCP:1500 ]
}

@test "a pair of addresses in use gives 4" {
	net_create -s beta -n TCP -l 10.2.0.1 -r 10.2.0.2
	expect 4 net_change -s beta -D TCP:1510 -l 10.1.0.1 -r 10.1.0.2
	[ "$(listed 18,19)" = "10.1.0.2,10.1.0.1 10.2.0.2,10.2.0.1" ]
}

@test "bad values give 5 and change nothing" {
	expect 5 net_change -s beta -D TCP:1500 -P TCP:99
	expect 5 net_change -s beta -D TCP:1500 -r node
	expect 5 net_change -s beta -D TCP:1500 -r 10.1.0.1
	expect 5 net_change -s beta -D TCP:1500 -r fd00::2
	expect 5 net_change -s beta -D TCP:1500 -p 0
	expect 5 net_change -s beta -D TCP:1500 -i 0
	expect 5 net_change -s beta -D TCP:1500 -m 1
	expect 5 net_change -s beta -D TCP:1500 -b 9600
	expect 5 net_change -s beta -D TCP:1500 -n UDP
	expect 5 net_change -s beta -D TCP:1500 -N alpha
	expect 5 net_change -s beta -D TCP:1500 -N 'a b'
	expect 0 net_list -f,
	lines_are beta,TCP:1500,TLI,0,0,0,UNKNOWN,1,5,3,0,0,0,0,0,0,0,10.1.0.2,10.1.0.1
	expect 0 sys_list
	lines_are alpha beta
}

@test "another type drops what belongs to the old one" {
	net_change -s beta -D TCP:1500 -i 0.3 -m 4
	expect 0 net_change -s beta -D TCP:1500 -n TTY -P /dev/ttyS0 -b 19200
	[ "$(listed 1-4,8-10,18,19)" = beta,/dev/ttyS0,TTY,19200,0,0.3,4,, ]
	expect 0 net_change -s beta -D /dev/ttyS0 -n DISK -P /dev/x
	[ "$(listed 1-4,8,18,19)" = beta,/dev/x,DISK,0,61,, ]
	expect 0 net_change -s beta -D /dev/x -n TCP -l 10.1.0.1 -r 10.1.0.2
	[ "$(listed 1-4,8,18,19)" = beta,TCP:1500,TLI,0,1,10.1.0.2,10.1.0.1 ]
}

@test "another type needs what belongs to it" {
	expect 2 net_change -s beta -D TCP:1500 -n TTY
	says 'option -P is missing'
	net_create -s beta -n TTY -D /dev/ttyS0
	expect 2 net_change -s beta -D /dev/ttyS0 -n TCP -l 10.2.0.1
	says 'option -r is missing'
}

@test "the rules for DISK hold for a change, too" {
	net_create -s beta -n DISK -D /dev/x
	expect 5 net_change -s beta -D TCP:1500 -n DISK -P /dev/y
	says 'there is a DISK path already'
	expect 5 net_change -s beta -D /dev/x -N gamma
	says 'two systems'
	expect 0 net_change -s beta -D /dev/x -P /dev/y
	[ "$(listed 2)" = "/dev/y TCP:1500" ]
}

@test "a damaged file gives 3 with file and line" {
	sed -i '3s/$/\tmore/' "$LKROOT/config/net"
	expect 3 net_change -s beta -D TCP:1500 -P TCP:1600
	says 'config/net:3: '
}

@test "an unreachable destination gives 9" {
	unreachable
	expect 9 net_change -d beta -s alpha -D TCP:1500 -P TCP:1600
}
