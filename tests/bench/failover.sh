#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016  # what stands in single quotes is expanded elsewhere
# How long a client is without its service: power cut of the active node, and planned moves, with the real
# kits, daemons and nginx on nodes that are namespaces of this machine. See README beside this.
#
# usage: make bench-failover
set -u

: "${LK_BUILD:?run make bench-failover}"
cd "$(dirname "$0")/../.." || exit 1
[ "$(id -u)" -eq 0 ] || { echo 'failover.sh: nodes are made by root' >&2; exit 1; }
export LK_BUILD LK_BIN=$LK_BUILD/bin LK_SRC=$PWD LC_ALL=C
runs=${BENCH_FAILOVER_RUNS:-20} shipped=${BENCH_SHIPPED_RUNS:-3} moves=${BENCH_MOVE_RUNS:-20}
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/lkbench.XXXXXX") || exit 1
export LAB_DIR=$dir/lab
# shellcheck source=tests/cluster/lab.bash
. tests/cluster/lab.bash
# shellcheck source=tests/cluster/web.bash
. tests/cluster/web.bash
trap 'lab down; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

address=10.1.0.100

die() {
	echo "failover.sh: $*" >&2
	lab logs >"${BENCH_KEEP:-/var/tmp}/failover.log" 2>&1
	exit 1
}

# ---- the bed ----

on() {
	lab run "$@"
}

state_is() {	# NODE STATE
	[ "$(on "$1" ins_list -f: -t web 2>/dev/null | cut -d: -f7)" = "$2" ]
}

# Nothing is at work there any more, the repeated announcements of the address included.
quiet() {	# NODE
	lab sh "$1" '! ps -e -o comm= | grep -qE "^(sendevent|perform_action|lcdmach|lcdrecover|lk_netprobe)" &&
		[ -z "$(ins_list -f: | awk -F: "\$10 != \"\"")" ]'
}

ready() {
	alive_on alpha beta && alive_on beta alpha && state_is "$1" ISP && state_is "$2" OSU &&
		quiet alpha && quiet beta
}

# A cluster of two nodes: SECONDS of the heartbeat, MISSES; empty: as shipped.
make_bed() {
	local node kits
	lab up alpha beta client >/dev/null || exit 1
	for node in alpha beta; do
		{
			cat etc/LifeKeeper
			echo NOBCASTPING=1
			[ -z "$1" ] || printf 'LCMHBEATTIME=%s\nLCMNUMHBEATS=%s\n' "$1" "$2"
		} >"$(lab root $node)/etc/default/LifeKeeper"
		web_scripts "$(lab root $node)/web"
	done
	kits=$(lab root alpha)/lkadm/subsys
	{
		web_cluster &&
			on alpha "$kits/comm/ip/bin/create" --tag web-ip --ipaddr $address --netmask 24 &&
			on alpha "$kits/gen/app/bin/create" --tag web --restore "$(lab root alpha)/web/start" \
				--remove "$(lab root alpha)/web/stop" --quickCheck "$(lab root alpha)/web/check" &&
			on alpha dep_create -p web -c web-ip &&
			on alpha "$kits/comm/ip/bin/extend" --tag web-ip --target beta &&
			on alpha "$kits/gen/app/bin/extend" --tag web --target beta
	} >"$dir/setup.log" 2>&1 || { cat "$dir/setup.log" >&2; die 'the cluster cannot be made'; }
	gaps=$(lab root client)/tmp/gaps
	: >"$gaps"
	lab spawn client sh -c "exec chrt -f 10 $LK_BUILD/tests/bench/outage $address 80 >$gaps"
	wait_until 20 ready alpha beta || die 'the cluster does not settle'
}

# ---- figures ----

# Seconds of the longest gap of KIND since line FROM of the client's report.
longest() {	# KIND FROM
	tail -n "+$2" "$gaps" | awk -v kind="$1" '
		$1 == kind && $3 - $2 > gap { gap = $3 - $2 }
		END { printf "%.3f\n", gap }'
}

# One line: least, median, 90 %, most of the numbers in a file.
figures() {	# LABEL FILE PROMISE
	sort -n "$2" | awk -v label="$1" -v promise="$3" '
		function at(share) { i = int(share * (NR - 1) + 1.5); return v[i > NR ? NR : i] }
		{ v[NR] = $1 }
		END { printf "%-46s %8.3f %8.3f %8.3f %8.3f  %s\n", label, v[1], at(0.5), at(0.9), v[NR], promise }'
}

distribution() {	# FILE
	sort -n "$1" | tr '\n' ' ' | sed 's/^/    /; s/ $/\n/'
}

served() {	# FROM
	tail -n "+$1" "$gaps" | grep -q '^service'
}

# Cut the power of OWNER until OTHER serves; then OWNER comes back.
cut_once() {	# OWNER OTHER LABEL
	local from
	from=$(($(wc -l <"$gaps") + 1))
	sleep 1	# the client has seen it at rest
	lab off "$1"
	wait_until 30 served "$from" || die "$2 does not serve"
	wait_until 30 quiet "$2" || die "$2 does not come to rest"
	longest address "$from" >>"$dir/$3.address"
	longest service "$from" >>"$dir/$3.service"
	[ -z "${BENCH_KEEP:-}" ] || {
		tail -n "+$from" "$gaps" >"$BENCH_KEEP/$3.gaps"
		cp "$(lab root "$2")/out/lifekeeper.log" "$BENCH_KEEP/$3.log"
		cp "$(lab root "$2")/out/story.log" "$BENCH_KEEP/$3.story"
	}
	lab start "$1"
	on "$1" lkstart >/dev/null
	wait_until 60 ready "$2" "$1" || die "$1 does not come back"
}

cut_power() {	# RUNS LABEL PROMISE
	local owner=alpha other=beta
	for _ in $(seq "$1"); do
		cut_once $owner $other "$2"
		[ $owner = alpha ] && owner=beta other=alpha || owner=alpha other=beta
	done
	figures "power cut, $2: the address answers" "$dir/$2.address" "$3"
	distribution "$dir/$2.address"
	figures "power cut, $2: the service answers" "$dir/$2.service" ''
}

move_once() {	# FROM TO
	local from
	from=$(($(wc -l <"$gaps") + 1))
	sleep 0.3
	lab sh "$2" 'b=${EPOCHREALTIME/./}; perform_action -t web -a restore || exit
		echo $((${EPOCHREALTIME/./} - b))' >"$dir/took" || die "it cannot be moved to $2"
	awk '{ printf "%.3f\n", $1 / 1e6 }' "$dir/took" >>"$dir/move.took"
	wait_until 10 served "$from" || die "$2 does not serve"
	longest service "$from" >>"$dir/move.service"
	longest address "$from" >>"$dir/move.address"
	wait_until 30 ready "$2" "$1" || die 'the move does not end'
}

move() {	# RUNS
	local owner=alpha other=beta
	state_is alpha ISP || owner=beta other=alpha
	for _ in $(seq "$1"); do
		move_once $owner $other
		[ $owner = alpha ] && owner=beta other=alpha || owner=alpha other=beta
	done
	figures 'planned move: client without service' "$dir/move.service" 'at most 0.05'
	distribution "$dir/move.service"
	figures 'planned move: address silent' "$dir/move.address" ''
	figures 'planned move: the command' "$dir/move.took" 'at most 0.15'
	distribution "$dir/move.took"
}

echo "load $(cut -d ' ' -f 1-3 /proc/loadavg), $(nproc) processors"
printf '%-46s %8s %8s %8s %8s  %s\n' seconds least median '90 %' most promised
make_bed 0.1 3
[ "$moves" -eq 0 ] || move "$moves"
[ "$runs" -eq 0 ] || cut_power "$runs" '0.1 s x 3' 'median below 0.5'
lab down
if [ "$shipped" -gt 0 ]; then
	make_bed '' ''
	cut_power "$shipped" 'as shipped' 'below 5.5'
fi
echo "load $(cut -d ' ' -f 1-3 /proc/loadavg)"
