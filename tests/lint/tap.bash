# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# TAP for the lint checks. A check function is silent and returns 0, or it prints what is wrong and
# where. Sourced by tests/lint/run only.

tap_count=0
tap_failed=0

# verdict NAME TEXT: one test, which fails if there is a TEXT.
verdict() {
	tap_count=$((tap_count + 1))
	if [ -z "$2" ]; then
		echo "ok $tap_count - $1"
		return
	fi
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	printf '%s\n' "$2" | sed 's/^/# /'
}

# check NAME COMMAND...: one test, whose command must succeed without a word.
check() {
	local name=$1 text
	shift
	text=$("$@" 2>&1) || text=${text:-exit code $?}
	verdict "$name" "$text"
}

# none NAME: as above, for a text on standard input.
none() {
	verdict "$1" "$(cat)"
}

skipped() {	# NAME REASON
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

tap_end() {
	echo "1..$tap_count"
	echo "# lint: $((tap_count - tap_failed)) of $tap_count passed"
	[ "$tap_failed" -eq 0 ]
}

# The names of all commands: those in C and the scripts beside them.
command_names() {
	local file
	for file in bin/*.c; do
		file=${file##*/}
		echo "${file%.c}"
	done
	for file in bin/*; do
		[[ $file == *.* ]] || ! head -c 9 "$file" | grep -q '^#!/bin/sh' || echo "${file##*/}"
	done
}

# The files of the project below the given directories, without what a build leaves.
sources() {	# DIRECTORY... -- FIND-TESTS
	local dirs=()
	while [ "$1" != -- ]; do
		[ ! -e "$1" ] || dirs+=("$1")
		shift
	done
	shift
	find "${dirs[@]}" \( -name '.git' -o -name 'build*' -o -name 'autom4te.cache' -o \
		-name 'lockkeeper-[0-9]*' \) -type d -prune -o -type f "$@" -print | sort
}
