#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What lkcheck itself costs with many resources: processor time beside that of the scripts, and memory.
#
# usage: make bench
set -u

: "${LK_BUILD:?run make bench}"
resources=${BENCH_CHECK_RESOURCES:-500}
seconds=${BENCH_CHECK_SECONDS:-40}
TAB=$(printf '\t')
export LC_ALL=C

dir=$(mktemp -d "${TMPDIR:-/var/tmp}/lkbench.XXXXXX") || exit 1
pid=
trap '[ -z "$pid" ] || kill "$pid"; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
export LKROOT="$dir/lk"
type="$LKROOT/subsys/gen/resources/app"
mkdir -p "$LKROOT/config" "$LKROOT/out" "$LKROOT/run" "$LKROOT/etc/default" "$type/actions"

# A record file: FILE KIND COLUMNS, the rows from stdin.
records() {
	{
		printf '#lockkeeper %s 1\n#%s\n' "$2" "$3"
		cat
		echo '#end'
	} >"$1"
}

echo gen | records "$LKROOT/config/app" app application
printf 'gen\tapp\n' | records "$LKROOT/config/typ" typ "application${TAB}type"
printf '%s\tlocal\n' "$(uname -n)" | records "$LKROOT/config/sys" sys "system${TAB}place"
records "$LKROOT/config/flg" flg flag </dev/null
awk -v n="$resources" 'BEGIN {
	for (i = 0; i < n; i++)
		printf "t%04d\tid%d\t\tISP\t\tAUTORES_ISP\t\t0\t10\t0\t0\tINTELLIGENT\t0\n", i, i
}' | records "$type/instances" instances "tag${TAB}id${TAB}info${TAB}state${TAB}reason${TAB}initialize${TAB}reservation${TAB}holder${TAB}quick${TAB}deep${TAB}localrecovery${TAB}switchback${TAB}deleting"
printf '#!/bin/sh\nexit 0\n' >"$type/actions/quickCheck"
chmod 755 "$type/actions/quickCheck"

# Clock ticks of the process itself, without its children.
ticks() {
	awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$pid/stat"
}

"$LK_BUILD/sbin/lkcheck/lkcheck" -f 2>/dev/null &
pid=$!
sleep 12	# the first checks are over
before=$(ticks) && sleep "$seconds" && after=$(ticks) || exit 1
memory=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")
echo
echo "lkcheck: $resources resources checked every 10 s, $seconds s, load $(cut -d ' ' -f 1-3 /proc/loadavg)"
awk -v ticks=$((after - before)) -v s="$seconds" -v hz="$(getconf CLK_TCK)" -v m="$memory" 'BEGIN {
	printf "%-40s %6.2f %%   promised: under 5\n", "of one core, without the scripts", 100 * ticks / hz / s
	printf "%-40s %6.2f MB  of the 15 for all daemons\n", "proportional memory", m / 1024
}'
