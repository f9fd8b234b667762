#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# How long perform_action takes for many resources, next to what it promises. See README beside this.
#
# usage: make bench
set -u

: "${LK_BUILD:?run make bench}"
runs=${BENCH_ACTION_RUNS:-5}
TAB=$(printf '\t')
export LC_ALL=C

dir=$(mktemp -d "${TMPDIR:-/var/tmp}/lkbench.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
export LKROOT="$dir/lk"
type="$LKROOT/subsys/gen/resources/app"

# A record file below config: KIND COLUMNS, the rows from stdin.
records() {
	{
		printf '#lockkeeper %s 1\n#%s\n' "$1" "$2"
		cat
		echo '#end'
	} >"$LKROOT/config/$1"
}

# A tree of N instances, whose dependencies are in $dir/dep.
make_tree() {	# N
	rm -rf "$LKROOT"
	mkdir -p "$LKROOT/config" "$LKROOT/out" "$LKROOT/run" "$LKROOT/tmp" "$LKROOT/etc/default" \
		"$type/actions"
	records dep "parent${TAB}child" <"$dir/dep"
	echo gen | records app application
	printf 'gen\tapp\n' | records typ "application${TAB}type"
	printf '%s\tlocal\n' "$(uname -n)" | records sys "system${TAB}place"
	records flg flag </dev/null
	records epoch "tag${TAB}epoch${TAB}owner${TAB}time" </dev/null
	records eqv "tag${TAB}othersys${TAB}othertag${TAB}type${TAB}priority${TAB}otherpriority" </dev/null
	records net "system${TAB}device${TAB}type${TAB}baud${TAB}priority${TAB}interval${TAB}misses${TAB}local${TAB}remote" </dev/null
	awk -v n="$1" 'BEGIN {
		for (i = 0; i < n; i++)
			printf "t%04d\tid%d\t\tOSU\t\tAUTORES_ISP\t\t0\t180\t300\t0\tINTELLIGENT\t0\n", i, i
	}' | records instances "tag${TAB}id${TAB}info${TAB}state${TAB}reason${TAB}initialize${TAB}reservation${TAB}holder${TAB}quick${TAB}deep${TAB}localrecovery${TAB}switchback${TAB}deleting"
	mv "$LKROOT/config/instances" "$type/instances"
}

# The scripts of all: do nothing, or sleep except for t0000.
make_scripts() {	# [SECONDS]
	for action in restore remove; do
		printf '#!/bin/sh\n%s\nexit 0\n' "${1:+[ \"\$2\" = t0000 ] || sleep $1}" >"$type/actions/$action"
		chmod 755 "$type/actions/$action"
	done
}

now() {
	date +%s%N
}

# The time of one action, appended to a file: act FILE TAG ACTION
act() {
	begin=$(now)
	"$LK_BUILD/bin/perform_action" -G -t "$2" -a "$3" || exit 1
	echo $(($(now) - begin)) >>"$dir/$1"
}

median() {
	[ -e "$dir/$1" ] || { echo - && return; }
	sort -n "$dir/$1" | awk '{ v[NR] = $1 } END { printf "%.3f", v[int((NR + 1) / 2)] / 1e9 }'
}

# Bring t0000 in service, which needs all the others, and take it out from the bottom: LABEL PROMISE N
# SECONDS BOTTOM; the dependencies are on stdin.
measure() {
	cat >"$dir/dep"
	rm -f "$dir/up" "$dir/down"
	for _ in $(seq "$runs"); do
		make_tree "$3"
		make_scripts "$4"
		act up t0000 restore
		[ -z "$5" ] || act down "$5" remove
	done
	printf '%-40s %8s %8s   %s\n' "$1" "$(median up)" "$(median down)" "$2"
}

# t0000 needs N others, which are independent of each other.
star() {
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) printf "t0000\tt%04d\n", i }'
}

chain() {
	awk -v n="$1" 'BEGIN { for (i = 1; i < n; i++) printf "t%04d\tt%04d\n", i - 1, i }'
}

echo
echo "perform_action: seconds, median of $runs runs, load $(cut -d ' ' -f 1-3 /proc/loadavg)"
printf '%-40s %8s %8s   %s\n' '' restore remove 'promised for restore'
star 100 | measure '100 independent resources, one above' 'under 0.5' 101 '' ''
star 500 | measure '500 independent resources, one above' 'under 2.5' 501 '' ''
chain 100 | measure 'a chain of 100' 'under 0.5' 100 '' t0099
runs=1
star 100 | measure '100 of which each takes 1 s, limit 32' 'under 5' 101 1 ''
