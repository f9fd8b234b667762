#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016  # what stands in single quotes is expanded elsewhere
# The memory of all daemons of a node: idle, and with many resources that are in service and checked. See README
# beside this.
#
# usage: make bench-memory
set -u

: "${LK_BUILD:?run make bench-memory}"
cd "$(dirname "$0")/../.." || exit 1
export LK_BUILD LK_BIN=$LK_BUILD/bin LK_SRC=$PWD LC_ALL=C
resources=${BENCH_MEMORY_RESOURCES:-500}
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/lkbench.XXXXXX") || exit 1
export LAB_DIR=$dir/lab
# shellcheck source=tests/cluster/lab.bash
. tests/cluster/lab.bash
trap 'lab down; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

die() {
	echo "memory.sh: $*" >&2
	exit 1
}

on() {
	lab run "$@"
}

alive_on() {	# NODE SYSTEM
	[ "$(on "$1" sys_getst -s "$2" 2>/dev/null)" = ALIVE ]
}

make_cluster() {
	lab up 2 >/dev/null || die "$(lab_obstacle)"
	{
		on alpha lkcli cluster init &&
			cp -p "$(lab root alpha)/etc/lkkey" "$(lab root beta)/etc/lkkey" &&
			on alpha lkcli commpath create --dest beta --laddr 10.1.0.1 --raddr 10.1.0.2 --laddr 10.2.0.1 --raddr 10.2.0.2 &&
			on beta lkcli cluster join --to alpha --laddr 10.1.0.2 --raddr 10.1.0.1 --laddr 10.2.0.2 --raddr 10.2.0.1 &&
			wait_until 30 alive_on alpha beta
	} >"$dir/setup.log" 2>&1 || { cat "$dir/setup.log" >&2; die 'the cluster cannot be made'; }
}

# Resources that nothing needs to be done for, checked every 10 s.
make_resources() {	# NODE
	lab sh "$1" '
		typ_create -a gen -r bench && dir=$LKROOT/subsys/gen/resources/bench && mkdir -p "$dir/actions" || exit
		for a in restore remove quickCheck; do
			printf "#!/bin/sh\necho \$2 >>\$LKROOT/tmp/checked\n" >"$dir/actions/$a" && chmod 755 "$dir/actions/$a" || exit
		done
		for ((i = 0; i < $1; i++)); do
			ins_create -a gen -r bench -t "b$i" -i "b$i" -Q 10 -D 0 && ins_setst -t "b$i" -S ISP || exit
		done' "$resources" || die 'resources cannot be made'
}

# Each of them twice.
all_checked() {
	[ "$(sort "$(lab root alpha)/tmp/checked" 2>/dev/null | uniq -d | wc -l)" -eq "$resources" ]
}

# What all daemons of a node need together, in kB: the share that the kernel counts for them, and what they would
# need if nobody else on the machine used the same files: what each has for itself, and what they share once.
figures() {	# NODE
	lab sh "$1" 'for pid in $(pgrep -x "lkinit|lcm|lcm-net|lkcheck|lklog"); do
			echo "process $(cat "/proc/$pid/comm")"
			cat "/proc/$pid/smaps"
		done' | awk '
		$1 == "process" { process = $2; next }
		$1 ~ /^[0-9a-f]+-[0-9a-f]+$/ { key = $5 ? $4 " " $5 " " $3 : "anonymous " $1; next }
		$1 == "Size:" { if ($2 > size[key]) size[key] = $2 }
		$1 == "Pss:" { pss += $2; each[process] += $2 }
		/^Private_(Clean|Dirty):/ { own += $2 }
		/^Shared_(Clean|Dirty):/ { shared[key] += $2 }
		END {
			for (key in shared)
				once += shared[key] < size[key] ? shared[key] : size[key]
			for (process in each)
				list = list sprintf(" %s %.1f", process, each[process] / 1024)
			print pss, own + once, list
		}'
}

say() {	# LABEL PROMISE
	local pss alone list
	read -r pss alone list < <(figures alpha)
	awk -v label="$1" -v p="$pss" -v a="$alone" -v list="$list" -v promise="$2" 'BEGIN {
		printf "%-34s %6.1f %8.1f   %-10s %s\n", label, p / 1024, a / 1024, promise, list }'
}

[ "$(id -u)" -eq 0 ] || die 'nodes are made by root'
printf '%-34s %6s %8s   %-10s %s\n' MB share alone promised 'share of each'
make_cluster
sleep 5	# the start is over
say 'all daemons of an idle node' 'under 12'
make_resources alpha
wait_until 120 all_checked || die 'not all resources are checked'
say "with $resources resources, checked" 'under 15'
