#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: net_create [-d destsys] -s sys -n {TCP|TTY|DISK} [-D device] [-l local-ip] [-r remote-ip] [-p priority] [-b baud] [-i interval] [-m misses]

load ../helpers/tree

setup() {
	f0
}

# create OPTION...: a TCP path to beta, which the options add to or override
create() {
	net_create -s beta -n TCP -l 10.1.0.1 -r 10.1.0.2 "$@"
}

# listed N[,N...]: these fields of net_list
listed() {
	net_list -f, | cut -d, -f"$1"
}

@test "NC1: a path is stored and its system defined" {
	expect 0 net_create -s beta -n TCP -D TCP:1500 -l 10.1.0.1 -r 10.1.0.2 -p 1
	lines_are
	expect 0 net_list -f,
	lines_are beta,TCP:1500,TLI,0,0,0,UNKNOWN,1,5,3,0,0,0,0,0,0,0,10.1.0.2,10.1.0.1
	expect 0 sys_list
	lines_are alpha beta
}

@test "NC2: a path that exists gives 4" {
	create -D TCP:1500 -p 1
	expect 4 create -D TCP:1500 -p 1
}

@test "the same pair of addresses gives 4, whatever the device" {
	create -D TCP:1500
	expect 4 create -D TCP:1600
	says 'comm path 10.1.0.1 -> 10.1.0.2 to system "beta" already exists'
}

@test "a port in use gives 4, whatever the system" {
	create -D TCP:1500
	expect 4 net_create -s gamma -n TCP -D TCP:1500 -l 10.1.0.1 -r 10.1.0.3
	says 'device TCP:1500 is in use already, by a path to system "beta"'
	expect 4 net_create -s gamma -n TCP -D TCP:01500 -l 10.1.0.1 -r 10.1.0.3
	expect 0 sys_list
	lines_are alpha beta
}

@test "NC3: priorities are from 1 to 99" {
	local bad
	for bad in 0 100 -1 x ''; do
		expect 5 create -p "$bad"
		says 'option -p'
	done
	expect 0 create -p 99
	[ "$(listed 8)" = 99 ]
}

@test "NC4: ports are from 1500 to 10000" {
	local bad
	for bad in TCP:1499 TCP:10001 TCP: 1500 tcp:1500 TCP:1500x TCP:-1500 /dev/ttyS0; do
		expect 5 create -D "$bad"
		says "device \"$bad\""
	done
	expect 0 create -D TCP:10000
	[ "$(listed 2)" = TCP:10000 ]
}

@test "NC5: a path may have its own heartbeat" {
	expect 0 create -i 0.2 -m 5
	[ "$(listed 9,10)" = 0.2,5 ]
}

@test "NC6: a bad heartbeat gives 5" {
	local bad
	for bad in 1 100 0 x ''; do
		expect 5 create -m "$bad"
		says 'option -m'
	done
	for bad in 0 x 0.099 60.001 0.1234 1. .5 '' -1; do
		expect 5 create -i "$bad"
		says 'option -i'
	done
	expect 0 create -i 60 -m 99
	[ "$(listed 9,10)" = 60,99 ]
}

@test "NC7: link-local addresses give 5" {
	expect 5 net_create -s beta -n TCP -l 10.1.0.1 -r 169.254.1.1
	says 'address "169.254.1.1": link-local addresses are not allowed'
	expect 5 net_create -s beta -n TCP -l 169.254.0.0 -r 10.1.0.2
	expect 5 net_create -s beta -n TCP -l fd00::1 -r fe80::1
	expect 5 net_create -s beta -n TCP -l febf::1 -r fd00::1
	expect 0 sys_list
	lines_are alpha
}

@test "NC8: a DISK path needs exactly two systems" {
	sys_create -s beta
	sys_create -s gamma
	expect 5 net_create -s beta -n DISK -D /dev/x -p 61
	says 'two systems'
	expect 0 net_list
	lines_are
}

@test "a DISK path that would bring in a third system gives 5" {
	sys_create -s beta
	expect 5 net_create -s gamma -n DISK -D /dev/x -p 61
	expect 0 sys_list
	lines_are alpha beta
}

@test "NC9: a second DISK path gives 5" {
	expect 0 net_create -s beta -n DISK -D /dev/x -p 61
	[ "$(listed 1-4,8,18,19)" = beta,/dev/x,DISK,0,61,, ]
	expect 5 net_create -s beta -n DISK -D /dev/y -p 62
	says 'there is a DISK path already'
}

@test "NC10: TCP needs both addresses" {
	expect 2 net_create -s beta -n TCP -l 10.1.0.1
	says 'option -r is missing'
	expect 2 net_create -s beta -n TCP -r 10.1.0.1
	says 'option -l is missing'
}

@test "NC11: the default port is the lowest free of 1500, 1510, 1520 ..." {
	expect 0 create
	expect 0 net_create -s beta -n TCP -l 10.2.0.1 -r 10.2.0.2 -p 2
	expect 0 net_create -s gamma -n TCP -l 10.2.0.1 -r 10.2.0.3
	[ "$(listed 1,2 | paste -sd' ')" = "beta,TCP:1500 beta,TCP:1510 gamma,TCP:1520" ]
	net_remove -D TCP:1510
	expect 0 net_create -s beta -n TCP -l 10.2.0.1 -r 10.2.0.2
	[ "$(listed 1,2 | paste -sd' ')" = "beta,TCP:1500 beta,TCP:1510 gamma,TCP:1520" ]
}

@test "NC12: only literal addresses are taken" {
	local bad
	for bad in node1 localhost '' 10.1 010.1.0.1 10.1.0.256 '10.1.0.1 ' 10.1.0.1/24 fe80::1%eth0 \
		fd00::1%eth0 '[fd00::1]' 0x0a.1.0.1; do
		expect 5 net_create -s beta -n TCP -l "$bad" -r 10.1.0.2
		says "address \"$bad\""
	done
}

@test "addresses that no system has give 5" {
	local bad
	for bad in 0.0.0.0 224.0.0.1 255.255.255.255 :: ff02::1 ::ffff:10.1.0.1; do
		expect 5 net_create -s beta -n TCP -l 10.1.0.1 -r "$bad"
		says "address \"$bad\""
	done
	expect 5 create -r 10.1.0.1
	says 'both ends have the same address'
}

@test "IPv6 addresses are stored in their usual form" {
	expect 0 net_create -s beta -n TCP -l FD00:0::0:1 -r fd00:0:0:0:0:0:0:2
	[ "$(listed 18,19)" = fd00::2,fd00::1 ]
	expect 4 net_create -s beta -n TCP -l fd00::1 -r fd00::2
}

@test "two address families on one path give 5" {
	expect 5 net_create -s beta -n TCP -l 10.1.0.1 -r fd00::2
	says 'not of one family'
}

@test "the default priority is the best that no path to the system has" {
	create
	net_create -s beta -n TCP -l 10.2.0.1 -r 10.2.0.2
	net_create -s beta -n DISK -D /dev/x
	[ "$(listed 2,8 | paste -sd' ')" = "/dev/x,61 TCP:1500,1 TCP:1510,2" ]
}

@test "a TTY path has a baud rate and no priority" {
	expect 0 net_create -s beta -n TTY -D /dev/ttyS0
	[ "$(listed 1-4,8,18,19)" = beta,/dev/ttyS0,TTY,9600,0,, ]
	expect 0 net_create -s beta -n TTY -D /dev/ttyS1 -b 115200
	expect 5 net_create -s beta -n TTY -D /dev/ttyS2 -p 31
	says 'a TTY path has no priority'
	expect 5 net_create -s beta -n TTY -D /dev/ttyS2 -b 9601
	expect 5 net_create -s beta -n TTY -D /dev/ttyS2 -b x
	expect 4 net_create -s gamma -n TTY -D /dev/ttyS0
	[ "$(listed 2,4 | paste -sd' ')" = "/dev/ttyS0,9600 /dev/ttyS1,115200" ]
}

@test "what belongs to another type gives 5" {
	expect 5 create -b 9600
	says 'only a TTY path has a baud rate'
	expect 5 net_create -s beta -n TTY -D /dev/ttyS0 -l 10.1.0.1 -r 10.1.0.2
	says 'only a TCP path has addresses'
	expect 5 net_create -s beta -n DISK -D TCP:1500
	says 'device "TCP:1500"'
	expect 5 net_create -s beta -n TTY -D 'ttyS0'
	expect 5 net_create -s beta -n TTY -D '/dev/tty S0'
}

@test "TTY and DISK need a device" {
	expect 2 net_create -s beta -n TTY
	says 'option -D is missing'
	expect 2 net_create -s beta -n DISK -p 61
	says 'option -D is missing'
}

@test "an unknown type gives 5, a missing one 2" {
	expect 5 net_create -s beta -n UDP -l 10.1.0.1 -r 10.1.0.2
	says 'option -n "UDP"'
	expect 2 net_create -s beta -l 10.1.0.1 -r 10.1.0.2
	says 'option -n is missing'
	expect 2 net_create -n TCP -l 10.1.0.1 -r 10.1.0.2
	says 'option -s is missing'
}

@test "a path to this system or to a bad name gives 5" {
	expect 5 create -s alpha
	says 'a comm path leads to another system'
	expect 5 create -s 'a b'
	says 'system "a b"'
	expect 0 net_list
	lines_are
}

@test "a path to a 33rd system gives 6" {
	local i
	for i in {1..31}; do
		sys_create -s "n$i"
	done
	expect 6 create
	expect 0 net_list
	lines_are
}

@test "no free default port gives 6" {
	create
	local port
	{
		sed '$d' "$LKROOT/config/net"
		for ((port = 1510; port <= 10000; port += 10)); do
			printf 'beta\tTCP:%d\tTCP\t0\t1\t0\t0\t10.1.%d.%d\t10.2.0.2\n' "$port" \
				$((port / 250)) $((port % 250 + 1))
		done
		echo '#end'
	} >"$BATS_TEST_TMPDIR/net"
	cp "$BATS_TEST_TMPDIR/net" "$LKROOT/config/net"
	expect 6 create -r 10.1.0.9
	says 'no port from 1500 to 10000 is free'
	expect 0 create -r 10.1.0.9 -D TCP:1501
}

@test "a damaged file gives 3 with file and line, and nothing is overwritten" {
	create
	sed -i 's/\tTCP\t/\tUDP\t/' "$LKROOT/config/net"
	local before
	before=$(database)
	expect 3 net_create -s beta -n TCP -l 10.2.0.1 -r 10.2.0.2
	says 'config/net:3: '
	[ "$before" = "$(database)" ]
}

@test "a record that net_create would not make is damage" {
	create
	cp "$LKROOT/config/net" "$BATS_TEST_TMPDIR/net"
	local change
	for change in 's/10.1.0.2/beta/' 's/10.1.0.2/10.1.0.1/' 's/TCP:1500/TCP:99/' \
		's/\tTCP\t0\t1/\tTCP\t0\t0/' 's/\tTCP\t0/\tTCP\t9600/' 's/10.1.0.2/fd00::0:2/'; do
		sed "$change" "$BATS_TEST_TMPDIR/net" >"$LKROOT/config/net"
		expect 3 net_list
		says 'config/net:3: '
		lines_are
	done
}

@test "an unreachable destination gives 9" {
	unreachable
	sys_create -s beta
	expect 9 net_create -d beta -s alpha -n TCP -l 10.1.0.2 -r 10.1.0.1
}
