#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: net_list [-d destsys] [-fC] [-s sys] [-J]

load ../helpers/tree

setup() {
	f0
	net_create -s beta -n TCP -D TCP:1500 -l 10.1.0.1 -r 10.1.0.2 -p 1
}

# tunables LINE...
tunables() {
	printf '%s\n' "$@" >"$LKROOT/etc/default/LifeKeeper"
}

@test "NL1: a path has 19 fields, UNKNOWN without the communication manager" {
	expect 0 net_list -f,
	lines_are beta,TCP:1500,TLI,0,0,0,UNKNOWN,1,5,3,0,0,0,0,0,0,0,10.1.0.2,10.1.0.1
}

@test "NL2: without paths nothing is printed" {
	net_remove -s beta
	expect 0 net_list
	lines_are
	expect 0 net_list -J
	lines_are '[]'
}

@test "NL4: -s lists the paths to one system" {
	net_create -s gamma -n TCP -l 10.1.0.1 -r 10.1.0.3
	expect 0 net_list -f, -s gamma
	fields 1,2 ,
	lines_are gamma,TCP:1510
}

@test "NL5: the separator is 0x01, and there are 18 of them" {
	expect 0 net_list
	[ "$(net_list | tr -cd '\001' | wc -c)" -eq 18 ]
}

@test "NL7: an unknown system gives 7" {
	expect 7 net_list -s nope
	says 'system "nope" does not exist'
	lines_are
}

@test "a system without paths gives 0 and nothing" {
	sys_create -s gamma
	expect 0 net_list -s gamma
	lines_are
}

@test "the order is bytewise by system and device" {
	net_create -s beta -n TTY -D /dev/ttyS0
	net_create -s Zeta -n TCP -D TCP:1600 -l 10.1.0.1 -r 10.1.0.4
	net_create -s beta -n TCP -D TCP:10000 -l 10.2.0.1 -r 10.2.0.2
	expect 0 net_list -f,
	fields 1,2 ,
	lines_are Zeta,TCP:1600 beta,/dev/ttyS0 beta,TCP:10000 beta,TCP:1500
}

@test "a path without own heartbeat has the tunables', as soon as they change" {
	tunables LCMHBEATTIME=0.5 LCMNUMHBEATS=7
	expect 0 net_list -f,
	fields 9,10 ,
	lines_are 0.5,7
	tunables LCMHBEATTIME=2
	expect 0 net_list -f,
	fields 9,10 ,
	lines_are 2,3
}

@test "a path's own heartbeat goes before the tunables'" {
	tunables LCMHBEATTIME=2 LCMNUMHBEATS=7
	net_change -s beta -D TCP:1500 -i 0.25
	expect 0 net_list -f,
	fields 9,10 ,
	lines_are 0.25,7
}

@test "tunables out of range are clipped, what is no number is ignored" {
	tunables LCMHBEATTIME=0 LCMNUMHBEATS=1
	expect 0 net_list -f,
	fields 9,10 ,
	lines_are 0.1,2
	tunables LCMHBEATTIME=3600 LCMNUMHBEATS=1000
	expect 0 net_list -f,
	fields 9,10 ,
	lines_are 60,99
	tunables LCMHBEATTIME=fast LCMNUMHBEATS=-1
	expect 0 net_list -f,
	fields 9,10 ,
	lines_are 5,3
}

@test "a damaged tunables file gives 3 with file and line" {
	tunables LCMHBEATTIME=1 'no tunable'
	expect 3 net_list
	says 'etc/default/LifeKeeper:2: '
}

@test "-J prints one array with documented keys" {
	net_change -s beta -D TCP:1500 -i 0.2
	expect 0 net_list -J
	lines_are '[{"system":"beta","device":"TCP:1500","type":"TCP","baud":0,"reader_pid":0,"writer_pid":0,"state":"UNKNOWN","priority":1,"interval":0.2,"misses":3,"comm_downs":0,"naks":0,"checksum_errors":0,"incomplete":0,"no_reply":0,"resent":0,"out_of_sequence":0,"remote":"10.1.0.2","local":"10.1.0.1"}]'
}

@test "a damaged file gives 3 with file and line" {
	sed -i 's/\t1\t0\t0\t/\t1\t0\t100\t/' "$LKROOT/config/net"
	expect 3 net_list
	says 'config/net:3: '
	lines_are
}

@test "an unreachable system gives 9, an operand 2" {
	unreachable
	expect 9 net_list -d beta -f,
	expect 2 net_list x
}
