#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What the commands cost, next to /bin/true and to cat of the files they read. See README beside this.
#
# usage: make bench
set -u

: "${LK_BUILD:?run make bench}" "${LK_SOURCES:?}" "${LK_FLAGS:?}"
src=$(cd "$(dirname "$0")/../.." && pwd)
build=$LK_BUILD
runs=${BENCH_RUNS:-200}
spawn=$build/tests/bench/spawn
CC=${CC:-cc}
TAB=$(printf '\t')
export LC_ALL=C
unset LKROOT

die() {
	echo "bench: $*" >&2
	exit 1
}

dir=$(mktemp -d "${TMPDIR:-/var/tmp}/lkbench.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

# ---- the machine ----

facts() {
	echo "Machine    $(sed -n 's/^model name.*: //p;T;q' /proc/cpuinfo), $(nproc) CPUs, load $(cut -d ' ' -f 1-3 /proc/loadavg)"
	echo "System     $(uname -sr), $(getconf GNU_LIBC_VERSION 2>/dev/null), $($CC --version | head -n 1)"
	echo "Trees      $dir on $fs"
	echo "Runs       $runs of each command, in a new random order every round; median, 10th and 90th percentile"
	case $LK_FLAGS in
	*-fsanitize*) echo "WARNING    this build has sanitizers: it is many times slower than a real one" ;;
	esac
	case $fs in
	*tmpfs*) echo "WARNING    $fs keeps nothing: fsync is free here, and the figures of ins_create are too good" ;;
	esac
	echo
}

# ---- trees ----

# A record file on stdout: KIND COLUMNS, the rows from stdin.
records() {
	printf '#lockkeeper %s 1\n#%s\n' "$1" "$2"
	cat
	echo '#end'
}

# A tree of N instances, ten types of two applications.
make_tree() {
	root=$dir/$1
	mkdir -p "$root/config" "$root/subsys"
	printf 'app0\napp1\n' | records app application >"$root/config/app"
	printf '%s\tlocal\n' "$(uname -n)" | records sys "system${TAB}place" >"$root/config/sys"
	printf 'x\n!nofailover!beta\n' | records flg flag >"$root/config/flg"
	records epoch "tag${TAB}epoch${TAB}owner${TAB}time" >"$root/config/epoch" </dev/null
	records dep "parent${TAB}child" >"$root/config/dep" </dev/null
	records eqv "tag${TAB}othersys${TAB}othertag${TAB}type${TAB}priority${TAB}otherpriority" \
		>"$root/config/eqv" </dev/null
	records net "system${TAB}device${TAB}type${TAB}baud${TAB}priority${TAB}interval${TAB}misses${TAB}local${TAB}remote" \
		>"$root/config/net" </dev/null
	for t in 0 1 2 3 4 5 6 7 8 9; do
		printf 'app%d\ttype%d\n' $((t % 2)) "$t"
	done | records typ "application${TAB}type" >"$root/config/typ"
	for t in 0 1 2 3 4 5 6 7 8 9; do
		mkdir -p "$root/subsys/app$((t % 2))/resources/type$t"
		instances "$t" "$2" >"$root/subsys/app$((t % 2))/resources/type$t/instances"
	done
}

instances() {	# TYPE N
	awk -v t="$1" -v n="$2" 'BEGIN {
		for (i = t; i < n; i += 10)
			printf "tag%04d\tid-%04d\t/mnt/data%04d ext4 rw,noatime\tISP\trestore action has succeeded\tAUTORES_ISP\t\t0\t180\t300\t1\tINTELLIGENT\t0\n", i, i, i
	}' | records instances "tag${TAB}id${TAB}info${TAB}state${TAB}reason${TAB}initialize${TAB}reservation${TAB}holder${TAB}quick${TAB}deep${TAB}localrecovery${TAB}switchback${TAB}deleting"
}

# ---- plan ----

line() {	# LABEL TREE WORD...
	label=$1 tree=$2
	shift 2
	printf '%s\t%s' "$label" "$dir/$tree"
	printf '\t%s' "$@"
	echo
}

# The files that ins_list reads in a tree.
read_by_ins_list() {
	echo "$dir/$1/config/sys $dir/$1/config/typ $dir/$1/subsys/*/resources/*/instances"
}

# The commands as built in $1; their labels end in $2.
plan_commands() {
	line "flg_test$2" 100 "$1/bin/flg_test" -f x
	for n in 10 100 1000; do
		line "ins_list-t $n$2" "$n" "$1/bin/ins_list" -t tag0007
		line "ins_list $n$2" "$n" "$1/bin/ins_list"
	done
	make_tree "create$2" 100	# it grows by one instance with every run
	line "ins_create 100$2" "create$2" "$1/bin/ins_create" -a app0 -r type0 -t new@ -i newid@
}

# shellcheck disable=SC2046 # the names below have no blanks
plan() {
	line true 10 /bin/true
	line 'cat flg_test' 10 /bin/cat "$dir/100/config/flg"
	for n in 10 100 1000; do
		line "cat ins_list $n" 10 /bin/cat $(read_by_ins_list "$n")
	done
	plan_commands "$build" ''
	line 'cat ins_create 100' 10 /bin/cat "$dir/create/config/app" "$dir/create/config/typ" \
		$(echo "$dir"/create/subsys/*/resources/*/instances)
	line replace 10 :replace "$dir/create/subsys/app0/resources/type0/instances"
	for kind in $kinds; do
		line "empty:$kind" 10 "$dir/$kind/empty"
		plan_commands "$dir/$kind" ":$kind"
	done
}

# ---- other builds ----

absent() {	# KIND WHY
	notes="$notes$1: not available, $2
"
}

# Compile the commands once more: KIND COMPILER FLAG... The flags that have to stand at the end, as
# for libraries, are in $libs.
build_kind() {
	kind=$1
	shift
	mkdir -p "$dir/$kind/obj" "$dir/$kind/bin"
	echo 'int main(void) { return 0; }' >"$dir/empty.c"
	{ "$@" -O2 -o "$dir/$kind/empty" "$dir/empty.c" 2>"$dir/log" && compile "$@"; } || {
		absent "$kind" "$(grep -m 1 -i error "$dir/log")"
		return 1
	}
	kinds="$kinds $kind"
}

# shellcheck disable=SC2086 # flags, and names without blanks
compile() {
	set -- "$@" $LK_FLAGS "-I$src/lib" -D_GNU_SOURCE '-DLKROOT_DEFAULT="/opt/lockkeeper"' \
		'-DLK_VERSION="bench"'
	(cd "$dir/$kind/obj" && "$@" -c $sources) >"$dir/log" 2>&1 || return 1
	for command in flg_test ins_list ins_create; do
		"$@" -o "$dir/$kind/bin/$command" "$src/bin/$command.c" "$dir/$kind"/obj/*.o \
			$libs >"$dir/log" 2>&1 || return 1
	done
}

# popt for musl, which nobody packages, from its source.
musl_popt() {
	cp -R "$BENCH_POPT_SOURCE" "$dir/popt" &&
		(cd "$dir/popt" && ./configure -q CC=musl-gcc --disable-nls --disable-shared \
			--enable-static && make -s -C src libpopt.la) >"$dir/log" 2>&1
}

build_musl() {
	if ! command -v musl-gcc >/dev/null; then
		absent static-musl 'there is no musl-gcc'
	elif [ -z "${BENCH_POPT_SOURCE:-}" ]; then
		absent static-musl "BENCH_POPT_SOURCE does not name popt's source, see tests/bench/README"
	elif musl_popt; then
		libs=$dir/popt/src/.libs/libpopt.a
		build_kind static-musl musl-gcc -static "-I$dir/popt/src"
	else
		absent static-musl "popt cannot be built from $BENCH_POPT_SOURCE"
	fi
}

# shellcheck disable=SC2086 # $CC may be more than one word
build_kinds() {
	sources=
	for file in $LK_SOURCES; do
		case $file in
		/*.c) sources="$sources $file" ;;
		*.c) sources="$sources $src/$file" ;;
		esac
	done
	libs=-lpopt
	build_kind shared-popt $CC
	libs=-l:libpopt.a
	build_kind static-glibc $CC -static
	build_musl
}

# ---- instructions ----

# User-space instructions of a command, dynamic linking included; "-" if they cannot be counted.
count() {
	case $counter in
	perf) perf stat -x , -e instructions:u "$@" 2>&1 >/dev/null | sed -n 's/^\([0-9]*\),.*/\1/p;T;q' ;;
	valgrind) valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null |
		sed -n 's/^==[0-9]*== Collected : \([0-9]*\).*/\1/p' ;;
	*) echo - ;;
	esac
}

choose_counter() {
	if perf stat -x , -e instructions:u /bin/true 2>&1 | grep -q '^[0-9][0-9]*,'; then
		counter=perf
	elif command -v valgrind >/dev/null; then
		counter=valgrind
	else
		counter=none
	fi
}

# For every command of the plan: label, instructions.
instructions() {
	while IFS="$TAB" read -r label root rest; do
		[ "${rest#:}" = "$rest" ] || continue
		# shellcheck disable=SC2086 # words without blanks, separated by TABs
		printf '%s\t%s\n' "$label" "$(IFS=$TAB; export LKROOT="$root"; count $rest)"
	done
}

# ---- figures ----

table() {
	awk -F '\t' '
	function ratio(a, b) { return b > 0 ? sprintf("%.2f", a / b) : "-" }
	function heading(text) {
		printf "\n%-34s %9s %9s %9s %7s %7s %12s %7s\n", text, "median us", "p10", "p90",
			"x true", "x cat", "instructions", "x true"
	}
	function row(label, shown, same,    i) {
		i = count[label] > 0 ? count[label] : "-"
		printf "%-34s %9.0f %9.0f %9.0f %7s %7s %12s %7s\n", shown, median[label], low[label],
			high[label], ratio(median[label], median["true"]),
			same in median ? ratio(median[label], median[same]) : "-", i,
			i == "-" ? "-" : ratio(i, count["true"])
	}
	function commands(kind,    n, i, base) {
		for (i = 1; i <= labels; i++) {
			if (label[i] !~ /^(flg_test|ins_)/)
				continue
			base = label[i]
			if (kind == "" ? base ~ /:/ : !sub(":" kind "$", "", base))
				continue
			same = "cat " base
			sub(/ins_list-t/, "ins_list", same)
			row(label[i], shown(base), same)
		}
	}
	function shown(base) {
		sub(/ins_list-t/, "ins_list -t TAG,", base)
		sub(/^flg_test/, "flg_test -f x", base)
		sub(/^ins_create 100/, "ins_create, 100 and growing", base)
		sub(/^ins_list [0-9]/, "ins_list, &", base)
		sub(/ins_list, ins_list/, "ins_list,", base)
		return base
	}
	function promise(label, what, got, most) {
		printf "%-34s %6.2f times %-28s (promised: at most %s)\n", shown(label), got, what, most
	}
	FNR == NR { count[$1] = $2; next }
	{ label[++labels] = $1; median[$1] = $2; low[$1] = $3; high[$1] = $4 }
	END {
		heading("command, instances in the tree")
		row("true", "/bin/true", "")
		for (i = 1; i <= labels; i++)
			if (label[i] ~ /^cat /)
				row(label[i], "cat, what is read by " substr(label[i], 5), "")
		commands("")
		row("replace", "write fsync rename fsync", "")
		for (i = 1; i <= labels; i++)
			if (sub(/^empty:/, "", label[i])) {
				heading(label[i])
				row("empty:" label[i], "empty program", "")
				commands(label[i])
			}
		print ""
		promise("flg_test", "/bin/true", median["flg_test"] / median["true"], 1.5)
		promise("ins_list-t 100", "/bin/true", median["ins_list-t 100"] / median["true"], 1.5)
		promise("ins_list 1000", "/bin/true", median["ins_list 1000"] / median["true"], 5)
		promise("ins_create 100", "write+fsync+rename+fsync",
			median["ins_create 100"] / median["replace"], 3)
	}' "$1" "$2"
}

fs=$(stat -f -c %T "$dir") || die "cannot look at the file system of $dir"
fs="$(df -P "$dir" | awk 'NR == 2 { print $1 }') ($fs)"
[ -x "$spawn" ] || die "$spawn is missing"
kinds='' notes=''
facts
build_kinds
for n in 10 100 1000; do
	make_tree "$n" "$n"
done
plan >"$dir/plan" || die "cannot make the trees"
"$spawn" "$runs" <"$dir/plan" >"$dir/figures" || exit 1
choose_counter
instructions <"$dir/plan" >"$dir/counts"
table "$dir/counts" "$dir/figures"
case $counter in
perf) echo "Instructions: of user space, dynamic linking included, counted by perf" ;;
valgrind) echo "Instructions: of user space, dynamic linking included, counted by valgrind" ;;
none) echo "Instructions: not available, neither perf (needs hardware counters) nor valgrind can count here" ;;
esac
printf '%s' "$notes"
echo "Load now: $(cut -d ' ' -f 1-3 /proc/loadavg)"
awk -v cpus="$(nproc)" '$1 > cpus { print "WARNING: the machine is busy, the medians hold waiting for a CPU; compare p10 or repeat" }' \
	/proc/loadavg
