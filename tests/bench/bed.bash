# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2034	# what stands in single quotes is expanded elsewhere
# The bed of the benchmarks that have a client: a cluster of alpha and beta with an address and nginx, by the
# real kits and daemons, and what the client saw in $gaps. To be read from the source directory; leaves all in $dir.

: "${LK_BUILD:?run make}"
[ "$(id -u)" -eq 0 ] || { echo "${0##*/}: nodes are made by root" >&2; exit 1; }
export LK_BUILD LK_BIN=$LK_BUILD/bin LK_SRC=$PWD LC_ALL=C
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/lkbench.XXXXXX") || exit 1
export LAB_DIR=$dir/lab
# shellcheck source=tests/cluster/lab.bash disable=SC1091
. tests/cluster/lab.bash
# shellcheck source=tests/cluster/web.bash disable=SC1091
. tests/cluster/web.bash
trap 'lab down; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

address=10.1.0.100

die() {
	echo "${0##*/}: $*" >&2
	lab logs >"${BENCH_KEEP:-/var/tmp}/$(basename "$0" .sh).log" 2>&1
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

heading() {
	echo "load $(cut -d ' ' -f 1-3 /proc/loadavg), $(nproc) processors"
	printf '%-46s %8s %8s %8s %8s  %s\n' seconds least median '90 %' most promised
}
