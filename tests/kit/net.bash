# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Two network namespaces for one test: $A is the node under test, $B a neighbour. They are joined by the
# networks e0 (10.7.0.1 and 10.7.0.2, fd07::1 and fd07::2) and e1 (10.7.1.0, fd07:0:0:1::).

# Tests may put a stand-in for ip into PATH; what arranges the networks is the real one.
LK_IP=$(command -v ip)
ip() { "$LK_IP" "$@"; }

net_setup() {
	[ "$(id -u)" -eq 0 ] || skip 'network namespaces need root'
	A=lkt-$$-${BATS_TEST_NUMBER}a B=lkt-$$-${BATS_TEST_NUMBER}b
	{ ip netns add "$A" && ip netns add "$B"; } || skip 'no network namespaces here'
	local n
	for n in 0 1; do
		ip -n "$A" link add "e$n" type veth peer name "e$n" netns "$B"
		net_end "$A" "$n" 1
		net_end "$B" "$n" 2
	done
	ip -n "$A" link set lo up
	ip -n "$B" link set lo up
	ip netns exec "$B" sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=0
	# shellcheck disable=SC2034
	KIT_EXEC=("$LK_IP" netns exec "$A")
}

net_end() {	# NAMESPACE N HOST
	ip netns exec "$1" sysctl -qw "net.ipv6.conf.e$2.accept_dad=0"
	ip -n "$1" link set "e$2" up
	ip -n "$1" address add "10.7.$2.$3/24" broadcast + dev "e$2"
	ip -n "$1" address add "fd07:0:0:$2::$3/64" dev "e$2" nodad
}

net_teardown() {
	local ns pid
	for ns in ${A:-} ${B:-}; do
		for pid in $(ip netns pids "$ns" 2>/dev/null); do
			kill -KILL "$pid" 2>/dev/null || :
		done
		ip netns delete "$ns" 2>/dev/null || :
	done
}

# Run in a namespace: in_a COMMAND...
in_a() { ip netns exec "$A" "$@"; }
in_b() { ip netns exec "$B" "$@"; }

# Has the node this address on this interface?
has_address() {	# DEV ADDRESS
	[ -n "$(ip -n "$A" address show dev "$1" to "$2")" ]
}

link_is() {	# DEV up|down: carrier of A's interface, by that of its peer
	ip -n "$B" link set "$1" "$2"
	if [ "$2" = up ]; then
		wait_until 10 has_carrier "$1"
	else
		wait_until 10 lacks_carrier "$1"
	fi
}

has_carrier() { ip -n "$A" link show dev "$1" | grep -q LOWER_UP; }
lacks_carrier() { ! has_carrier "$1"; }

# What B sees on an interface, as lines of tcpdump, into $seen.
listen() {	# DEV FILTER
	seen=$BATS_TEST_TMPDIR/seen
	: >"$seen.err"
	"$LK_IP" netns exec "$B" tcpdump -lenni "$1" "$2" >"$seen" 2>"$seen.err" 3>&- &
	wait_until 10 grep -q 'listening on' "$seen.err"
}

heard() {	# PATTERN
	wait_until 5 grep -qE -- "$1" "$seen" || {
		cat "$seen"
		return 1
	}
}
