#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lk_netprobe {-c|-r|-p|-a|-u|-x|-e} [-i interface] [-m netmask] [-s source] [-w ms] [-n tries] [-l preload] [address ...]
# shellcheck disable=SC2154

load ../helpers/tree
load ../kit/net

setup() {
	new_tree
}

teardown() {
	net_teardown
}

in_net() { ip netns exec "$A" "$LK_BIN/lk_netprobe" "$@"; }

@test "-c prints addresses in their canonical spelling and refuses others with 5" {
	expect 0 lk_netprobe -c 10.0.0.1 FD00:0:0::0001 ::
	lines_are 10.0.0.1 fd00::1 ::
	local bad
	for bad in 10.0.0 10.0.0.256 10.0.0.01x fd00:::1 name ''; do
		expect 5 lk_netprobe -c 10.0.0.1 "$bad"
		says "\"$bad\" is not an IP address"
	done
}

@test "a wrong call gives 2" {
	expect 2 lk_netprobe
	expect 2 lk_netprobe -c -r 10.0.0.1
	expect 2 lk_netprobe -r
	expect 2 lk_netprobe -p -i lo 10.0.0.1 10.0.0.2
	expect 2 lk_netprobe -p 10.0.0.1
	says 'option -i is missing'
}

@test "-r finds the interface and the netmask of an address" {
	net_setup
	expect 0 in_net -r 10.7.0.10
	lines_are '10.7.0.10 24 e0'
	expect 0 in_net -r 10.7.1.10
	lines_are '10.7.1.10 24 e1'
	expect 0 in_net -r FD07:0:0:1:0::10
	lines_are 'fd07:0:0:1::10 64 e1'
	expect 0 in_net -r -m 255.255.255.255 10.7.0.10
	lines_are '10.7.0.10 32 e0'
	expect 0 in_net -r -m 23 10.7.0.10
	lines_are '10.7.0.10 23 e0'
	expect 0 in_net -r -m 24 -i e1 10.9.9.9
	lines_are '10.9.9.9 24 e1'
}

@test "-r takes the narrowest subnet, and not the address itself" {
	net_setup
	ip -n "$A" address add 10.7.9.9/16 dev e1
	expect 0 in_net -r 10.7.0.10
	lines_are '10.7.0.10 24 e0'
	expect 0 in_net -r 10.7.5.5
	lines_are '10.7.5.5 16 e1'
	ip -n "$A" address add 10.8.8.8/32 dev e0
	expect 5 in_net -r 10.8.8.8
}

@test "-r refuses another interface than that of the subnet, and what it cannot place" {
	net_setup
	expect 5 in_net -r -i e1 10.7.0.10
	says 'the subnet of 10.7.0.10/24 is on network interface "e0", which must be used'
	expect 5 in_net -r 10.9.9.9
	says 'no network interface has an address in the subnet of 10.9.9.9'
	expect 5 in_net -r -i e1 10.9.9.9
	expect 7 in_net -r -i nosuch 10.7.0.10
	expect 7 in_net -r no.such.host.invalid
	expect 5 in_net -r -m 33 10.7.0.10
	expect 5 in_net -r -m 255.0.255.0 10.7.0.10
	local bad
	for bad in 127.0.0.1 224.0.0.1 0.0.0.0 169.254.1.1 ::1 fe80::1 ff02::1; do
		expect 5 in_net -r -i e0 -m 24 "$bad"
		says 'cannot be moved between hosts'
	done
}

@test "-p finds the host that has an address, of both families" {
	net_setup
	expect 0 in_net -p -i e0 10.7.0.10
	lines_are
	expect 0 in_net -p -i e0 fd07::10
	local mac
	mac=$(in_b cat /sys/class/net/e0/address)
	expect 4 in_net -p -i e0 -w 2000 10.7.0.2
	says "10.7.0.2 is in use by $mac on network interface \"e0\""
	expect 4 in_net -p -i e0 -w 2000 fd07::2
	says "fd07::2 is in use by $mac"
	# in another subnet, as the kernel answers for all its addresses
	ip -n "$B" address add 10.50.0.1/24 dev e1
	expect 4 in_net -p -i e0 -w 2000 10.50.0.1
}

@test "-p of an own address or on a link where nobody can be asked is free" {
	net_setup
	expect 0 in_net -p -i e0 10.7.0.1
	expect 0 in_net -p -i e0 fd07::1
	expect 0 in_net -p -i lo 10.7.0.2
	ip -n "$A" link set e0 arp off
	expect 0 in_net -p -i e0 10.7.0.2
}

@test "-p on an interface that is down gives 1, on none 7" {
	net_setup
	ip -n "$A" link set e1 down
	expect 1 in_net -p -i e1 10.7.1.10
	says 'network interface "e1" is down'
	expect 7 in_net -p -i nosuch 10.7.1.10
	expect 5 in_net -p -i e0 -w 0 10.7.0.10
}

@test "-a makes neighbours replace what they knew, of both families" {
	net_setup
	ip -n "$B" neighbour replace 10.7.0.10 lladdr 02:00:00:00:00:99 dev e0 nud stale
	ip -n "$B" neighbour replace fd07::10 lladdr 02:00:00:00:00:99 dev e0 nud stale
	ip -n "$A" address add 10.7.0.10/24 dev e0
	ip -n "$A" address add fd07::10/64 dev e0 nodad
	expect 0 in_net -a -i e0 10.7.0.10
	expect 0 in_net -a -i e0 fd07::10
	local mac
	mac=$(in_a cat /sys/class/net/e0/address)
	knows() { ip -n "$B" neighbour show "$1" dev e0 | grep -q "$mac"; }
	wait_until 5 knows 10.7.0.10
	wait_until 5 knows fd07::10
}

@test "-a says it again in the background, as long as the address is there" {
	net_setup
	command -v tcpdump >/dev/null || skip 'tcpdump is not installed'
	ip -n "$A" address add 10.7.0.10/24 dev e0
	listen e0 arp
	expect 0 in_net -a -i e0 10.7.0.10
	twice() { [ "$(grep -c 'Request who-has 10.7.0.10 .*tell 10.7.0.10' "$seen")" -ge 2 ]; }
	wait_until 5 twice
	ip -n "$A" address delete 10.7.0.10/24 dev e0
	nobody() { [ -z "$(pgrep -f "lk_netprobe -a -i e0 10.7.0.10")" ]; }
	wait_until 10 nobody
}

@test "-e prints the first host that answers, which is not this one" {
	net_setup
	expect 0 in_net -e 10.7.0.77 10.7.0.2
	lines_are 10.7.0.2
	expect 0 in_net -e -i e0 -s 10.7.0.1/24
	lines_are 10.7.0.2
	expect 0 in_net -e -i e0 -s fd07::1 fd07::2
	lines_are fd07::2
	expect 0 in_net -e -i e0 -s fd07::1/64
	[[ $output == f* ]]
	in_a sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=0
	in_b sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=1
	expect 9 in_net -e -i e0 -s 10.7.0.1/24 -w 50 -n 2 -l 2
	says 'no other host has answered'
	expect 9 in_net -e -w 50 10.7.0.1
	expect 9 in_net -e -w 50
}

@test "-e asks as often as it is told" {
	net_setup
	command -v tcpdump >/dev/null || skip 'tcpdump is not installed'
	listen e0 'icmp[icmptype] = icmp-echo'
	in_b sysctl -qw net.ipv4.icmp_echo_ignore_all=1
	expect 9 in_net -e -w 20 -n 3 -l 4 10.7.0.2
	all() { [ "$(grep -c 'echo request' "$seen")" -eq 6 ]; }
	wait_until 5 all
}

has() {	# WORDS: the line of an address of e0
	[[ $(ip -n "$A" -o address show dev e0 to "$1") == *"$2"* ]]
}

@test "-u asks, adds and announces an address, of both families" {
	net_setup
	expect 0 in_net -u -i e0 -m 24 -w 15 10.7.0.10
	lines_are added
	has 10.7.0.10 'inet 10.7.0.10/24 brd 10.7.0.255 scope global secondary e0'
	ip netns exec "$B" ping -c 1 -W 5 10.7.0.10
	expect 0 in_net -u -i e0 -m 255.255.255.255 10.7.0.11
	has 10.7.0.11 'inet 10.7.0.11/32 scope global e0'
	expect 0 in_net -u -i e0 -m 64 fd07::10
	has fd07::10 'inet6 fd07::10/64 scope global '
	has fd07::10 deprecated
	ip netns exec "$B" ping -c 1 -W 5 fd07::10
}

@test "-u changes nothing where the address is in use, or here already, or the link is down" {
	net_setup
	local before
	before=$(ip -n "$A" -o address)
	expect 4 in_net -u -i e0 -m 24 -w 200 10.7.0.2
	says '10.7.0.2 is in use by'
	expect 1 in_net -u -i e0 -m 24 10.7.0.1
	says '10.7.0.1 is configured already on network interface "e0"'
	expect 1 in_net -u -i e0 -m 24 10.7.1.1
	expect 1 in_net -u -i nosuch -m 24 10.7.0.10
	expect 5 in_net -u -i e0 -m 33 10.7.0.10
	expect 2 in_net -u -i e0 10.7.0.10
	says 'option -m is missing'
	expect 2 in_net -u -m 24 10.7.0.10
	[ "$(ip -n "$A" -o address)" = "$before" ]
	ip -n "$B" link set e0 down
	expect 1 in_net -u -i e0 -m 24 10.7.0.10
	says 'the link of network interface "e0" is not known to be up'
	run ! has 10.7.0.10 inet
}

@test "-x takes an address away and leaves the others of its subnet" {
	net_setup
	expect 0 in_net -x 10.7.0.10
	ip -n "$A" address add 10.7.0.10/24 dev e0
	ip -n "$A" address add fd07::10/64 dev e0 nodad
	expect 0 in_net -x 10.7.0.10
	expect 0 in_net -x fd07::10
	lines_are
	run ! has 10.7.0.10 inet
	run ! has fd07::10 inet6
	has 10.7.0.1 inet
	has fd07::1 inet6
	ip netns exec "$A" sysctl -qw net.ipv4.conf.e1.promote_secondaries=0
	ip -n "$A" address add 10.9.0.10/24 dev e1
	expect 0 in_net -x 10.9.0.10
	[ "$(ip netns exec "$A" sysctl -n net.ipv4.conf.e1.promote_secondaries)" -eq 1 ]
}

@test "-x leaves alone what routes have as their source, or two interfaces have" {
	net_setup
	ip -n "$A" address add 10.7.0.10/24 dev e0
	ip -n "$A" route add 10.99.0.0/16 via 10.7.0.2 src 10.7.0.10
	expect 1 in_net -x 10.7.0.10
	says '10.7.0.10 is the source address of routes'
	ip -n "$A" route delete 10.99.0.0/16
	ip -n "$A" route change 10.7.0.0/24 dev e0 proto kernel scope link src 10.7.0.10
	expect 1 in_net -x 10.7.0.10
	ip -n "$A" route change 10.7.0.0/24 dev e0 proto kernel scope link src 10.7.0.1
	ip -n "$A" address add 10.7.0.10/32 dev e1
	expect 1 in_net -x 10.7.0.10
	says '10.7.0.10 is configured more than once'
	ip -n "$A" address delete 10.7.0.10/32 dev e1
	expect 0 in_net -x 10.7.0.10
}
