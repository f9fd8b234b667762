#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016	# the nodes expand it
# What a cluster costs, and how quickly it sees a death: figures, no test. README beside this.
#
# usage: make bench-cluster	(as root)
set -u

: "${LK_BUILD:?run make bench-cluster}"
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/helpers/wait.bash
. "$here/../helpers/wait.bash"
# shellcheck source=tests/cluster/lab.bash
. "$here/../cluster/lab.bash"
# shellcheck source=tests/cluster/cluster.bash
. "$here/../cluster/cluster.bash"

parts=${BENCH_CLUSTER_PARTS:-detection remote copy idle}
deaths=${BENCH_DEATHS:-20} runs=${BENCH_RUNS:-200} idle=${BENCH_IDLE:-60}
export LC_ALL=C

die() {
	echo "bench: $*" >&2
	exit 1
}

load() {
	cut -d ' ' -f 1 /proc/loadavg
}

# "median M, min A, max B" of the numbers on stdin, with a format.
summary() {	# FORMAT UNIT
	sort -n | awk -v f="$1" -v u="$2" '{ x[NR] = $1 }
		END { m = NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2
			printf "median " f " %s, min " f ", max " f " (%d)\n", m, u, x[1], x[NR], NR }'
}

make_cluster() {	# WORDS OF cluster_up
	LAB_DIR=$dir/lab
	cluster_up "$@" || die 'no cluster'
}

# ---- a death is seen ----

note_comm_down() {	# NODE
	local at
	at=$(lab root "$1")/events/lifekeeper/comm_down
	mkdir -p "$at"
	printf '#!/bin/bash\necho "${EPOCHREALTIME/[.,]/}" >>"$LKROOT/tmp/at"\n' >"$at/00-at"
	chmod 755 "$at/00-at"
}

all_see_gamma() {
	state_is alpha gamma ALIVE && state_is beta gamma ALIVE && state_is gamma alpha ALIVE && state_is gamma beta ALIVE
}

noted() {
	[ -s "$(lab root alpha)/tmp/at" ] && [ -s "$(lab root beta)/tmp/at" ]
}

one_death() {
	local node before
	wait_until 30 all_see_gamma || die 'gamma does not return'
	rm -f "$(lab root alpha)/tmp/at" "$(lab root beta)/tmp/at"
	sleep "0.$((RANDOM % 400 + 100))"	# anywhere between two heartbeats
	before=${EPOCHREALTIME/[.,]/}
	lab off gamma
	echo "$((${EPOCHREALTIME/[.,]/} - before))" >>"$dir/off"
	wait_until 20 noted || die 'no comm_down'
	for node in alpha beta; do
		echo "$(($(head -n 1 "$(lab root $node)/tmp/at") - before))" >>"$dir/$node"
	done
	lab start gamma
	lcm_start gamma
}

detection() {
	local node i
	make_cluster 3
	for node in alpha beta; do
		note_comm_down $node
	done
	for ((i = 0; i < deaths; i++)); do
		one_death
	done
	for node in alpha beta; do
		echo "comm_down on $node   $(awk '{ print $1 / 1000 }' "$dir/$node" | summary %.0f ms); goal: median at most 800 ms"
	done
	echo "  of that, the cut   $(awk '{ print $1 / 1000 }' "$dir/off" | summary %.0f ms) until the power was off and all killed"
	lab down
}

# ---- a command there ----

remote() {
	local root
	make_cluster -n 1 2
	root=$(lab root alpha)
	printf 'true\t-\t/bin/true\nremote\t%s\t%s/bin/lcdremexec\t-d\tbeta\t--\ttrue\n' "$root" "$root" >"$dir/plan"
	lab run alpha "$LK_BUILD/tests/bench/spawn" "$runs" <"$dir/plan" >"$dir/spawn" || die 'spawn'
	awk -F '\t' -v n="$runs" '$1 == "remote" {
			printf "lcdremexec -d beta -- true   median %.2f ms, 10th percentile %.2f, 90th %.2f (%d); goal: under 5 ms\n",
				$2 / 1000, $3 / 1000, $4 / 1000, n }
		$1 == "true" { printf "  /bin/true started here     median %.2f ms\n", $2 / 1000 }' "$dir/spawn"
	lab down
}

# ---- a file there ----

seconds() {	# COMMAND...: how long it takes, milliseconds
	local before
	before=$(now_ms)
	"$@" >&2 || die "$1 failed"
	echo $(($(now_ms) - before))
}

by_nc() {
	local port=7777
	lab sh beta 'nc -l "$1" >"$LKROOT/tmp/nc"' "$port" </dev/null &
	wait_until 10 lab sh beta 'ss -ltn | grep -q ":$1 "' "$port"
	lab sh alpha 'cat "$LKROOT/tmp/big" | nc -N beta "$1"' "$port"
	wait $!
}

by_lcdrcp() {
	lab sh alpha 'lcdrcp "$LKROOT/tmp/big" beta:tmp/rcp'
}

copy() {
	local i
	make_cluster -n 1 2
	lab sh alpha 'head -c 100000000 /dev/urandom >"$LKROOT/tmp/big"'
	for i in 1 2 3 4 5; do
		seconds by_lcdrcp >>"$dir/rcp"
		cmp "$(lab root alpha)/tmp/big" "$(lab root beta)/tmp/rcp" || die 'lcdrcp: the file differs'
		! lab sh alpha 'command -v nc' >/dev/null || seconds by_nc >>"$dir/nc"
	done
	echo "100 MB by lcdrcp     $(awk '{ print 100000 / $1 }' "$dir/rcp" | summary %.0f MB/s); identical, on stable storage, encrypted"
	[ ! -s "$dir/nc" ] || echo "  by cat | nc        $(awk '{ print 100000 / $1 }' "$dir/nc" | summary %.0f MB/s)"
	lab down
}

# ---- a node that has nothing to do ----

daemons() {	# NODE
	lab run "$1" pgrep '^(lkinit|lcm|lkcheck)'
}

memory() {	# NODE: "PROPORTIONAL RESIDENT NAME" each, KiB
	lab sh "$1" 'for p in $(pgrep "^(lkinit|lcm|lkcheck)"); do
		echo "$(awk "/^Pss:/ { p = \$2 } /^Rss:/ { r = \$2 } END { print p, r }" "/proc/$p/smaps_rollup") $(cat "/proc/$p/comm")"; done'
}

# What is shared with other processes of this machine counts in part, so the resident size is the limit.
say_memory() {	# WHEN
	memory alpha | awk -v w="$1" '{ n += $1; r += $2; s = s sprintf(", %s %.1f of %.1f", $3, $1 / 1024, $2 / 1024) }
		END { printf "memory, %s   %.1f MB proportional of %.1f resident%s; goal: under 12 MB\n", w, n / 1024, r / 1024, s }'
}

# Nanoseconds on a processor so far, of all threads, and of children that have ended (10 ms steps).
used() {	# NODE
	lab sh "$1" 'for p in $(pgrep "^(lkinit|lcm|lkcheck)"); do
		cat /proc/$p/task/*/schedstat | cut -d" " -f1
		awk "{ sub(/.*\\) /, \"\"); print (\$14 + \$15) * 10000000 }" "/proc/$p/stat"; done' |
		awk '{ n += $1 } END { printf "%.0f\n", n }'
}

idle() {
	local before node
	INTERVAL=5 MISSES=3
	make_cluster 2
	for node in alpha beta; do
		lcm_stop $node
		lab run $node lkstart >/dev/null || die 'lkstart'
	done
	wait_until 60 state_is alpha beta ALIVE || die 'alpha does not see beta'
	sleep 5		# what the start has begun
	before=$(used alpha)
	sleep "$idle"
	echo "CPU of an idle node  $(awk -v n="$(($(used alpha) - before))" -v s="$idle" 'BEGIN { printf "%.4f", n / s / 1e7 }') %" \
		"of one processor over $idle s ($(daemons alpha | wc -l) processes); goal: under 0.2 %"
	say_memory 'beside another node'
	lab sh beta 'lkstop -f' >/dev/null
	say_memory 'alone on the machine'
	lab down
}

why=$(lab_obstacle)
[ -z "$why" ] || die "$why"
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/lkbench.XXXXXX") || exit 1
trap 'lab down; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
echo "Machine    $(sed -n 's/^model name.*: //p;T;q' /proc/cpuinfo), $(nproc) CPUs, $(uname -sr)"
for part in $parts; do
	echo
	echo "[$part, load $(load)]"
	"$part" || exit
	echo "[load $(load)]"
done
