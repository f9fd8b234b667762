#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The kit comm/ip, on real networks between two namespaces.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154

load standard
load net

setup() {
	KIT=comm/ip TAG=ip1 ID=10.7.0.10
	kit_tree "$KIT"
	net_setup
	data=$LKROOT/subsys/comm/resources/ip
	tunables IP_PINGTRIES=1 IP_MAX_LINKCHK=0
}

teardown() {
	net_teardown
}

tunables() { printf '%s\n' "$@" >"$LKROOT/etc/default/LifeKeeper"; }

made() {	# [INFO]
	ins_create -a comm -r ip -t "$TAG" -i "$ID" -v "${1:-dev=e0 prefix=24}" -l Y
}

kit_is_up() { has_address e0 "$ID" || has_address e1 "$ID"; }

v6() {
	ID=fd07::10
	made 'dev=e0 prefix=64'
}

# ---- restore and remove ----

@test "the standard tests, IPv4" {
	made
	standard_double_restore
	standard_double_remove
	standard_wrong_call
	standard_missing_tool ip restore remove recover quickCheck
	standard_killed lk_netprobe restore
	standard_killed lk_netprobe remove
	# the long way
	tunables IP_PINGTRIES=1 IP_MAX_LINKCHK=0 NOIPUNIQUE=1
	standard_killed ip restore
}

@test "the standard tests, IPv6" {
	v6
	# B may have given up its last search for an address that was away, and begins a new one
	tunables IP_PINGTRIES=10
	standard_double_restore
	standard_double_remove
	standard_killed lk_netprobe remove
	stub lk_netprobe 'exit 1'
	standard_killed ip remove
	unstub lk_netprobe
}

@test "a check whose tool hangs cannot tell, and ends" {
	made
	tunables IP_QUICKCHECK_TIMEOUT=1
	action restore
	standard_hanging ip quickCheck 2
}

@test "restore configures the address, announces it, and B reaches it at once" {
	made
	in_b ping -c 1 -W 1 10.7.0.1
	for kit_shell in $KIT_SHELLS; do
		ip -n "$B" neighbour replace 10.7.0.10 lladdr 02:00:00:00:00:99 dev e0 nud reachable
		expect 0 action restore
		[[ $(ip -n "$A" -o address show to 10.7.0.10) == *'inet 10.7.0.10/24 brd 10.7.0.255 scope global secondary e0'* ]]
		expect 0 in_b ping -c 1 -W 1 10.7.0.10
		expect 0 action remove
		run ! in_b ping -c 1 -W 1 10.7.0.10
	done
}

@test "an IPv6 address works at once and is not the source of other traffic" {
	v6
	for kit_shell in $KIT_SHELLS; do
		ip -n "$B" neighbour replace fd07::10 lladdr 02:00:00:00:00:99 dev e0 nud reachable
		expect 0 action restore
		[[ $(ip -n "$A" -o address show to fd07::10) == *'inet6 fd07::10/64 scope global '*'deprecated'* ]]
		expect 0 in_b ping -6 -c 1 -W 1 fd07::10
		[[ $(ip -n "$A" route get fd07::2) == *'src fd07::1 '* ]]
		expect 0 action remove
	done
}

@test "an address that another host has is not restored, unless the tunable says so" {
	made
	tunables IP_PINGTRIES=1 IP_PROBETIME=2000
	ip -n "$B" address add 10.7.0.10/24 dev e0
	each_shell expect 1 action restore
	logged '10.7.0.10 is in use by'
	run ! kit_is_up
	tunables NOBCASTPING=1 NOIPUNIQUE=1
	expect 0 action restore
	kit_is_up
}

@test "an IPv6 address that another host has is not restored" {
	v6
	tunables IP_PINGTRIES=1 IP_PROBETIME=2000
	ip -n "$B" address add fd07::10/64 dev e0 nodad
	each_shell expect 1 action restore
	logged 'fd07::10 is in use by'
	run ! kit_is_up
}

@test "a restore whose check fails takes the address away again" {
	made
	in_b sysctl -qw net.ipv4.icmp_echo_ignore_all=1
	each_shell expect 1 action restore
	logged 'no other host of the subnet of 10.7.0.10 answers a broadcast ping'
	run ! kit_is_up
	tunables NOBCASTPING=1
	expect 0 action restore
	kit_is_up
}

interrupted() {
	rm -f "$BATS_TEST_TMPDIR/added"
	"${KIT_EXEC[@]}" setsid "$kit_shell" "$LKROOT/subsys/comm/resources/ip/actions/restore" -t ip1 -i "$ID" 3>&- &
	local pid=$! code=0
	wait_until 20 test -e "$BATS_TEST_TMPDIR/added" || return
	kit_is_up || return
	kill -TERM -- "-$pid"
	wait "$pid" || code=$?
	[ "$code" -eq 143 ] || return
	if kit_is_up; then return 1; fi
}

@test "a restore that is interrupted when the address is there takes it away again" {
	made
	stub lk_netprobe "\"\$LK_BIN/lk_netprobe\" \"\$@\" || exit
		[ \"\$1\" != -u ] || { : >'$BATS_TEST_TMPDIR/added'; sleep 60; }"
	each_shell interrupted
}

@test "restore of a disabled address succeeds without it, and nothing is checked" {
	made 'dev=e0 prefix=24 mode=disable'
	for kit_shell in $KIT_SHELLS; do
		expect 0 action restore
		run ! kit_is_up
		expect 0 action quickCheck
		expect 0 action recover
	done
}

@test "restore sets its interface up, waits for the link and fails without one" {
	made 'dev=e1 prefix=24'
	ID=10.7.1.10 made_again
	tunables IP_MAX_LINKCHK=10 NOBCASTPING=1
	ip -n "$A" link set e1 down
	expect 0 action restore
	expect 0 action remove
	link_is e1 down
	tunables IP_MAX_LINKCHK=0 NOBCASTPING=1
	expect 1 action restore
	logged 'the link of e1 is down'
	tunables IP_NOLINKCHECK=1 NOBCASTPING=1
	expect 0 action restore
}

made_again() {
	ins_remove -t "$TAG" -G
	ID=10.7.1.10
	made 'dev=e1 prefix=24'
}

@test "remove takes the address from whatever interface, and needs no interface" {
	made
	ip -n "$A" address add 10.7.0.10/32 dev e1
	each_shell expect 0 action remove
	run ! kit_is_up
	ip -n "$A" link delete e0
	each_shell expect 0 action remove
	expect 1 action restore
}

@test "an address that begins or ends alike is another one" {
	made
	ip -n "$A" address add 10.7.0.100/24 dev e0
	ip -n "$A" address add 110.7.0.10/24 dev e0
	each_shell expect 1 action quickCheck
	each_shell expect 0 action remove
	has_address e0 10.7.0.100
	has_address e0 110.7.0.10
}

# ---- the other addresses of a subnet ----

two_alone() {	# in a subnet without a base address: the first is the primary one
	ip -n "$A" address add 10.9.0.10/24 dev e0
	ip -n "$A" address add 10.9.0.11/24 dev e0
	ip -n "$A" address add 10.9.0.12/24 dev e0
	ID=10.9.0.10
	made
}

@test "removing the first address of a subnet leaves the others" {
	two_alone
	for kit_shell in $KIT_SHELLS; do
		expect 0 action remove
		has_address e0 10.9.0.11
		has_address e0 10.9.0.12
		run ! has_address e0 10.9.0.10
		ip -n "$A" address flush dev e0 to 10.9.0.0/24
		in_a sysctl -qw net.ipv4.conf.e0.promote_secondaries=0
		ip -n "$A" address add 10.9.0.10/24 dev e0
		ip -n "$A" address add 10.9.0.11/24 dev e0
		ip -n "$A" address add 10.9.0.12/24 dev e0
	done
}

@test "where the kernel cannot be told to keep them, the others are put back" {
	two_alone
	in_a sysctl -qw net.ipv4.conf.e0.promote_secondaries=0 net.ipv4.conf.all.promote_secondaries=0
	KIT_EXEC+=(unshare -m sh -c 'mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && exec "$@"' sh)
	expect 0 action remove
	has_address e0 10.9.0.11
	has_address e0 10.9.0.12
	run ! has_address e0 10.9.0.10
	logged '10.9.0.11/24 on e0 went with 10.9.0.10 and is put back'
}

# ---- checks ----

@test "a check finds that the address, the link or the network is gone, in this order" {
	made
	expect 0 action restore
	for kit_shell in $KIT_SHELLS; do
		expect 0 action quickCheck
		expect 0 action deepCheck
		in_b sysctl -qw net.ipv4.icmp_echo_ignore_all=1
		expect 1 action quickCheck
		logged 'answers a broadcast ping'
		link_is e0 down
		expect 1 action quickCheck
		logged 'the link of e0 is down'
		ip -n "$A" address delete 10.7.0.10/24 dev e0
		expect 1 action quickCheck
		logged '10.7.0.10 is not configured on e0'
		in_b sysctl -qw net.ipv4.icmp_echo_ignore_all=0
		link_is e0 up
		expect 0 action restore
	done
}

@test "with a ping list one of its hosts is enough, and no broadcast is sent" {
	made
	in_b sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=1
	expect 1 action restore
	printf '10.7.0.99\n# why\n10.7.0.2\n' >"$data/pinglist.ip1"
	expect 0 action restore
	each_shell expect 0 action quickCheck
	[ ! -e "$data/responder.ip1" ]
	printf '10.7.0.99' >"$data/pinglist.ip1"
	each_shell expect 1 action quickCheck
	logged 'none of the ping list answers: 10.7.0.99'
}

@test "who answered a broadcast is remembered and asked, unless the tunable says no" {
	made
	expect 0 action restore
	[ "$(cat "$data/responder.ip1")" = 10.7.0.2 ]
	in_b sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=1
	each_shell expect 0 action quickCheck
	tunables IP_PINGTRIES=1 IP_NOSAVEREPLY=1
	each_shell expect 1 action quickCheck
}

@test "pings are sent as the tunables say, from the address" {
	made
	command -v tcpdump >/dev/null || skip 'tcpdump is not installed'
	expect 0 action restore
	printf '10.7.0.2' >"$data/pinglist.ip1"
	in_b sysctl -qw net.ipv4.icmp_echo_ignore_all=1
	tunables IP_PINGTIME=1 IP_PINGTRIES=2 IP_PINGPRELOAD=3
	listen e0 'icmp[icmptype] = icmp-echo and src 10.7.0.10'
	expect 1 action quickCheck
	four() { [ "$(grep -c '10.7.0.10 > 10.7.0.2: .*echo request' "$seen")" -eq 4 ]; }
	wait_until 5 four
}

@test "without a broadcast ping nobody needs to answer" {
	made
	tunables NOBCASTPING=1
	in_b sysctl -qw net.ipv4.icmp_echo_ignore_all=1
	expect 0 action restore
	each_shell expect 0 action quickCheck
}

# ---- recover ----

@test "recover brings a lost address back" {
	made
	for kit_shell in $KIT_SHELLS; do
		expect 0 action recover
		has_address e0 10.7.0.10
		expect 0 action quickCheck
		expect 0 action remove
	done
}

@test "recover moves to the backup interface, where checks are content, and back" {
	made 'dev=e0 prefix=24 backup=e1'
	tunables NOBCASTPING=1 IP_MAX_LINKCHK=0
	expect 0 action restore
	link_is e0 down
	expect 1 action quickCheck
	expect 0 action recover
	has_address e1 10.7.0.10
	run ! has_address e0 10.7.0.10
	expect 0 action quickCheck
	link_is e0 up
	link_is e1 down
	expect 0 action recover
	has_address e0 10.7.0.10
	link_is e1 up
	expect 0 action recover
	has_address e0 10.7.0.10
	expect 0 action remove
}

@test "restore brings an address on the backup interface home" {
	made 'dev=e0 prefix=24 backup=e1'
	tunables NOBCASTPING=1
	ip -n "$A" address add 10.7.0.10/24 dev e1
	expect 0 action restore
	has_address e0 10.7.0.10
	run ! has_address e1 10.7.0.10
}

@test "recover fails where nothing helps" {
	made 'dev=e0 prefix=24 backup=e0'
	link_is e0 down
	each_shell expect 1 action recover
	logged 'the link of e0 is down'
}

# ---- the source address ----

@test "source=Y makes the address the source for its subnet, and remove undoes it" {
	made 'dev=e0 prefix=24 source=Y'
	ip -n "$A" route add default via 10.7.0.2
	for kit_shell in $KIT_SHELLS; do
		[[ $(ip -n "$A" route get 10.7.0.2) == *'src 10.7.0.1 '* ]]
		expect 0 action restore
		[[ $(ip -n "$A" route get 10.7.0.2) == *'src 10.7.0.10 '* ]]
		[[ $(ip -n "$A" route get 10.99.0.1) == *'src 10.7.0.1 '* ]]
		expect 0 action remove
		[[ $(ip -n "$A" route get 10.7.0.2) == *'src 10.7.0.1 '* ]]
		[ -n "$(ip -n "$A" route show default)" ]
	done
}

@test "an address with a subnet of its own is the source of all that leaves" {
	ID=10.9.0.10
	made 'dev=e0 prefix=24 source=Y'
	tunables NOBCASTPING=1
	ip -n "$A" route add default via 10.7.0.2
	for kit_shell in $KIT_SHELLS; do
		expect 0 action restore
		[[ $(ip -n "$A" route get 10.99.0.1) == *'src 10.9.0.10 '* ]]
		expect 0 action remove
		[[ $(ip -n "$A" route get 10.99.0.1) == *'via 10.7.0.2'*'src 10.7.0.1 '* ]]
		[ -z "$(ip -n "$A" route show 10.9.0.0/24)" ]
	done
}

# ---- programs ----

@test "create finds netmask and interface, and the default tag" {
	created() {
		expect 0 program create --ipaddr 10.7.1.10 --pinglist '10.7.1.2, 10.7.1.3' &&
			lines_are ip-10.7.1.10 && has_address e1 10.7.1.10 &&
			[ "$(tr '\n' ' ' <"$data/pinglist.ip-10.7.1.10")" = '10.7.1.2 10.7.1.3 ' ] &&
			expect 0 ins_list -f'|' && fields 4-7,13-15 '|' &&
			lines_are 'ip-10.7.1.10|10.7.1.10|dev=e1 prefix=24|ISP|180|300|1' &&
			expect 0 ins_remove -t ip-10.7.1.10 &&
			[ ! -e "$data/pinglist.ip-10.7.1.10" ] &&
			ip -n "$A" address delete 10.7.1.10/24 dev e1
	}
	each_shell created
}

@test "create takes all options, and an IPv6 address in any spelling" {
	expect 5 program create --ipaddr fd07::10
	says 'option --tag is needed'
	expect 0 program create --ipaddr FD07:0::0010 --tag six --backup e1 --localrecovery N
	expect 0 ins_list -f'|' -t six
	fields 5,6,15 '|'
	lines_are 'fd07::10|dev=e0 prefix=64 backup=e1|0'
	has_address e0 fd07::10
	expect 0 program create --ipaddr 10.7.0.11 --netmask 255.255.255.255 --source Y \
		--restoremode disable --tag off
	expect 0 ins_list -f'|' -t off
	fields 5,6 '|'
	lines_are '10.7.0.11|dev=e0 prefix=32 source=Y mode=disable'
	run ! has_address e0 10.7.0.11
}

@test "create refuses what cannot be, and makes nothing" {
	ip -n "$B" address add 10.7.0.20/24 dev e0
	expect 2 program create --tag x
	expect 5 program create --ipaddr 10.7.0.10 --device e1
	expect 7 program create --ipaddr 10.7.0.10 --device nosuch
	expect 5 program create --ipaddr 10.7.0.10 --source maybe
	expect 5 program create --ipaddr fd07::10 --tag six --source Y
	expect 5 program create --ipaddr 10.7.0.10 --backup nosuch
	expect 5 program create --ipaddr 10.7.0.10 --pinglist 'x y'
	expect 5 program create --ipaddr 10.7.0.10 --pinglist 10.7.0.300
	expect 1 program create --ipaddr 10.7.0.20
	says 'Error bringing resource ip-10.7.0.20 in service'
	expect 4 program create --ipaddr 10.7.0.20 --inservice N
	says '10.7.0.20 is in use by'
	expect 0 ins_list
	lines_are
	[ -z "$(find "$data" -name 'pinglist*')" ]
}

@test "an address is a resource only once, here and on other systems" {
	kit_peer "$KIT"
	expect 0 program create --ipaddr 10.7.0.10
	expect 4 program create --ipaddr 10.7.0.10 --tag other
	has_address e0 10.7.0.10
	LKROOT=$PEER ins_create -a comm -r ip -t there -i 10.7.0.30
	expect 4 program create --ipaddr 10.7.0.30
	says '10.7.0.30 is a resource of server beta'
	expect 0 program create --ipaddr 10.7.0.3
}

@test "extend chooses the interface of the target and copies the ping list" {
	kit_peer "$KIT"
	expect 0 program create --ipaddr 10.7.0.10 --tag ip1 --source Y --pinglist 10.7.0.2
	each_shell expect 0 program canextend --tag ip1 --target beta
	lines_are 'dev=e0 prefix=24 source=Y'
	expect 5 program canextend --tag ip1 --target beta --device e1
	expect 0 program extend --tag ip1 --target beta --restoremode disable --backup e1 --priority 5
	expect 0 ins_list -d beta -f'|' -t ip1
	fields 5-7,15 '|'
	lines_are '10.7.0.10|dev=e0 prefix=24 backup=e1 source=Y mode=disable|OSU|1'
	[ "$(cat "$PEER/subsys/comm/resources/ip/pinglist.ip1")" = 10.7.0.2 ]
	expect 0 program unextend --tag ip1 --target beta
	[ ! -e "$PEER/subsys/comm/resources/ip/pinglist.ip1" ]
}

@test "config changes the settings of this system" {
	expect 0 program create --ipaddr 10.7.0.10 --tag ip1
	expect 0 program config --tag ip1 --pinglist '10.7.0.2 10.7.0.3' --backup e1
	[ "$(wc -l <"$data/pinglist.ip1")" -eq 2 ]
	expect 0 program config --tag ip1 --source Y
	expect 0 program config --tag ip1 --restoremode disable
	expect 0 ins_list -f'|' -t ip1
	fields 6 '|'
	lines_are 'dev=e0 prefix=24 backup=e1 source=Y mode=disable'
	has_address e0 10.7.0.10
	[ -e "$data/pinglist.ip1" ]
	expect 0 program config --tag ip1 --pinglist '' --backup '' --source N --restoremode enable
	[ ! -e "$data/pinglist.ip1" ]
	expect 0 ins_list -f'|' -t ip1
	fields 6 '|'
	lines_are 'dev=e0 prefix=24'
	expect 7 program config --tag none --source Y
	expect 5 program config --tag ip1 --pinglist bad
}

@test "restore and remove start few programs" {
	command -v strace >/dev/null || skip 'strace is not installed'
	made
	execs() {
		ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=execve -e status=successful -o "$BATS_TEST_TMPDIR/trace" \
			"${KIT_EXEC[@]}" dash "$LKROOT/subsys/comm/resources/ip/actions/$1" -t ip1 -i "$ID"
		grep -c execve "$BATS_TEST_TMPDIR/trace"
	}
	# with two for the namespace and the shell; a check has timeout(1) before each
	[ "$(execs restore)" -le 5 ]
	[ "$(execs quickCheck)" -le 8 ]
	[ "$(execs remove)" -le 3 ]
}
