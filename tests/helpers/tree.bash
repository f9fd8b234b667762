# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Trees for the command tests: the fixtures of spec/core.md 9.0 as far as one node has them. Every
# test has its own $LKROOT below $BATS_TEST_TMPDIR, on which the commands of this build run.
#
#	f0	an empty tree of system alpha
#	f1	f0 with applications, types, the instances app1 -> ip1, vol1, and action scripts
#	f2	f1 as alpha sees it in a cluster with beta, which is not reachable (F2d)
#	f3	f2 with a third system gamma
#
# $J is the journal that the action scripts append to.

: "${LK_BIN:?set LK_BIN to the bin directory of a build}"
PATH=$LK_BIN:$LK_BIN/../lkadm/bin:$PATH
export LC_ALL=C
# whatever a test does, this machine is not ended: lib/endnode.c
export LK_KEEP_NODE=1

bats_require_minimum_version 1.5.0
# shellcheck source=tests/helpers/wait.bash disable=SC1091
source "${BASH_SOURCE[0]%/*}/wait.bash"

# Every test begins in a new tree that has its directories and nothing else.
new_tree() {
	export LKROOT=$BATS_TEST_TMPDIR/lk
	export J=$BATS_TEST_TMPDIR/journal
	mkdir -p "$LKROOT"/{config,subsys,events,out,run,tmp,etc/default}
	: >"$J"
}

f0() {
	new_tree
	flg_create -f x && flg_remove -f x
	# the tests' system is called alpha, wherever they run
	local name
	name=$(uname -n)
	sed -i "s/^$name\tlocal$/alpha\tlocal/" "$LKROOT/config/sys"
}

# A script of your own as an action: own_action APP/TYPE ACTION <<text
own_action() {
	local dir=$LKROOT/subsys/${1%/*}/resources/${1#*/}/actions
	mkdir -p "$dir"
	{ echo '#!/bin/sh'; cat; } >"$dir/$2"
	chmod 755 "$dir/$2"
}

# An action script that notes "alpha ACTION ARGUMENTS" in $J and exits with $3 (default 0).
stub_action() {	# APP/TYPE ACTION [EXIT]
	local dir=$LKROOT/subsys/${1%/*}/resources/${1#*/}/actions
	mkdir -p "$dir"
	printf '#!/bin/sh\necho "alpha %s $*" >>"%s"\nexit %s\n' "$2" "$J" "${3:-0}" >"$dir/$2"
	chmod 755 "$dir/$2"
}

f1() {
	f0
	local app type action
	for type in comm/ip filesys/volume gen/app; do
		app=${type%/*}
		app_create -a "$app"
		typ_create -a "$app" -r "${type#*/}"
		for action in restore remove quickCheck deepCheck recover; do
			stub_action "$type" "$action"
		done
	done
	stub_action gen/app delete
	ins_create -a comm -r ip -t ip1 -i 10.0.0.10 -v eth0
	ins_create -a filesys -r volume -t vol1 -i /mnt/d1 -v ext4
	ins_create -a gen -r app -t app1 -i app1id
	dep_create -p app1 -c ip1
	dep_create -p app1 -c vol1
}

in_service() {
	local tag
	for tag in ip1 vol1 app1; do
		ins_setst -t "$tag" -S ISP -R 'restore action has succeeded'
	done
}

f1s() {
	f1
	in_service
}

join() {	# SYSTEM PRIORITY PORT ADDRESS
	local tag
	sys_create -s "$1"
	for tag in ip1 vol1 app1; do
		eqv_create --local-only -t "$tag" -p 1 -S "$1" -o "$tag" -r "$2" -e SHARED
	done
	net_create -s "$1" -n TCP -D "TCP:$3" -l 10.1.0.1 -r "$4" -p 1
}

f2() {
	f1
	join beta 10 1500 10.1.0.2
}

f2s() {
	f2
	in_service
}

f3() {
	f2
	join gamma 20 1510 10.1.0.3
}

# A communication manager that runs, but has no way to any other system; it ends with the test.
unreachable() {
	[ ! -S "$LKROOT/run/lcm.sock" ] || return 0
	"$LK_BIN/../tests/helpers/fakelcm" "$LKROOT" none= 3>&- &
	wait_until 10 test -S "$LKROOT/run/lcm.sock"
}

# An instance is reserved by a running process, written as if that had done it.
taken_by() {	# PID TAG KIND
	local file
	for file in "$LKROOT"/subsys/*/resources/*/instances; do
		awk -F '\t' -v OFS='\t' -v h="$1" -v t="$2" -v k="$3" '$1 == t { $7 = k; $8 = h } { print }' \
			"$file" >"$file.x"
		mv "$file.x" "$file"
	done
}

# All files of the tree's database, for "nothing changed" checks.
database() {
	(cd "$LKROOT" && find config subsys -type f ! -path '*/actions/*' ! -name lock -print0 |
		sort -z | xargs -0 sha256sum)
}

# run, with the expected exit code: expect CODE COMMAND...; then $output has stdout and $stderr stderr.
expect() {
	local code=$1
	shift
	run --separate-stderr "$@"
	if [ "$status" -ne "$code" ]; then
		echo "exit code $status instead of $code: $*"
		echo "stdout: $output"
		echo "stderr: ${stderr:-}"
		return 1
	fi
}

# The output so far must be exactly these lines (no arguments: nothing).
lines_are() {
	local want=""
	[ $# -eq 0 ] || want=$(printf '%s\n' "$@")
	if [ "$output" != "$want" ]; then
		printf 'got:\n%s\nwanted:\n%s\n' "$output" "$want"
		return 1
	fi
}

# Field N (1-based) of every output line, separator S: fields N S
fields() {
	output=$(printf '%s\n' "$output" | cut -d "$2" -f "$1")
}

# Field N of an instance has this value: field_is TAG N VALUE
field_is() {
	expect 0 ins_list '-f|' -t "$1"
	fields "$2" '|'
	lines_are "$3"
}

# stderr must contain this text.
says() {
	if [[ ${stderr:-} != *"$1"* ]]; then
		printf 'stderr: %s\nhas not: %s\n' "${stderr:-}" "$1"
		return 1
	fi
}
