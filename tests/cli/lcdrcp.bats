#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lcdrcp file ... {dest:ofile|dest:odir}
# usage: lcdrcp --receive

load ../helpers/tree
load ../helpers/far

setup() {
	f0
	far beta
	cd "$BATS_TEST_TMPDIR" || return
	printf 'one\n' >f1
	printf 'two\n' >f2
	chmod 640 f1
	chmod 4751 f2
}

teardown() {
	far_end
}

# Files of beta's directory tmp, the hidden ones too.
there() {
	ls -A "$FAR/beta/tmp"
}

@test "CP1: a file arrives under its new name, with its bytes and permissions" {
	expect 0 lcdrcp f1 beta:tmp/g1
	lines_are
	cmp f1 "$FAR/beta/tmp/g1"
	[ "$(stat -c %a "$FAR/beta/tmp/g1")" = 640 ]
}

@test "CP2: several files go into a directory" {
	expect 0 lcdrcp f1 f2 beta:tmp
	cmp f1 "$FAR/beta/tmp/f1"
	cmp f2 "$FAR/beta/tmp/f2"
	[ "$(stat -c %a "$FAR/beta/tmp/f2")" = 4751 ]
	[ "$(there)" = $'f1\nf2' ]
}

@test "CP3: several files and a target that is no directory give 5" {
	expect 5 lcdrcp f1 f2 beta:tmp/new
	says 'target "tmp/new": it is not a directory'
	[ -z "$(there)" ]
	touch "$FAR/beta/tmp/new"
	expect 5 lcdrcp f1 f2 beta:tmp/new
	[ ! -s "$FAR/beta/tmp/new" ]
}

@test "CP4: without dest: the usage is shown" {
	expect 2 lcdrcp f1 tmp
	says 'the last argument is not of the form dest:target'
	expect 2 lcdrcp f1
	says 'argument dest:target is missing'
	expect 2 lcdrcp
	expect 2 lcdrcp f1 :tmp
	expect 2 lcdrcp f1 beta:
	expect 2 lcdrcp --receive f1
}

@test "CP5: a system that is out of service gives 9" {
	sys_create -s gamma
	expect 9 lcdrcp f1 gamma:tmp
	says 'destination system "gamma" is out of service'
}

@test "CP6: a file that is not there gives 1, and nothing is sent" {
	expect 1 lcdrcp f1 nofile beta:tmp
	says 'nofile: No such file or directory'
	[ -z "$(there)" ]
}

@test "CP7: all byte values arrive, also in many blocks" {
	local i
	for i in {0..255}; do
		# shellcheck disable=SC2059
		printf "\\x$(printf %x "$i")"
	done >f1
	expect 0 lcdrcp f1 beta:tmp
	cmp f1 "$FAR/beta/tmp/f1"
	head -c 1000000 /dev/urandom >f1	# cannot be made smaller
	seq 300000 >f2				# can be
	cat f1 f2 f1 >f3
	: >f4
	expect 0 lcdrcp f1 f2 f3 f4 beta:tmp
	for i in f1 f2 f3 f4; do
		cmp "$i" "$FAR/beta/tmp/$i"
	done
	[ "$(there)" = $'f1\nf2\nf3\nf4' ]
}

@test "what compresses well is sent compressed" {
	head -c 10000000 /dev/zero >f1
	sent() {
		lcdrcp --receive </dev/null 2>/dev/null
		ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=sendmsg,sendto -o trace lcdrcp "$1" beta:tmp &&
			sed -n 's/.*) = \([0-9]*\)$/\1/p' trace | awk '{ n += $1 } END { exit !(n < 1000000) }'
	}
	expect 0 sent f1
	cmp f1 "$FAR/beta/tmp/f1"
	head -c 2000000 /dev/urandom >f2
	expect 1 sent f2
}

@test "a system nobody knows gives 7" {
	expect 7 lcdrcp f1 nosuch:tmp
	says 'system "nosuch" does not exist'
}

@test "to the local system the files are copied here, also without lcm" {
	far_end
	FAR_PIDS=()
	expect 0 lcdrcp f1 f2 alpha:tmp
	cmp f1 "$LKROOT/tmp/f1"
	expect 0 lcdrcp f1 "alpha:$BATS_TEST_TMPDIR/copy"
	cmp f1 copy
	expect 5 lcdrcp f1 f2 alpha:tmp/new
	says 'it is not a directory'
	expect 1 lcdrcp f1 alpha:nodir/new
	says 'nodir: No such file or directory'
}

@test "without lcm another system gives 1" {
	far_end
	FAR_PIDS=()
	expect 1 lcdrcp f1 beta:tmp
	says "CRITICAL (No. 472) Can't run this application without LCD Daemon running."
}

@test "a transfer that is cut off leaves the old file and nothing else" {
	far_end
	FAR_PIDS=()
	head -c 3000000 /dev/urandom >f1
	echo old >"$FAR/beta/tmp/f1"
	FAKELCM_CUT=1000000 "$LK_BIN/../tests/helpers/fakelcm" "$LKROOT" "beta=$FAR/beta" 3>&- &
	FAR_PIDS+=($!)
	answers() { lcdrcp f2 beta:tmp/f2; }
	wait_until 10 answers
	expect 9 lcdrcp f1 beta:tmp
	says 'beta'
	cleaned() { [ "$(there)" = $'f1\nf2' ]; }
	wait_until 10 cleaned
	[ "$(cat "$FAR/beta/tmp/f1")" = old ]
}

# A stream for one file x, to tmp/x, with this body.
stream() {
	printf 'LKCP\001\000\005tmp/x\000\001\000\001x\000\000\001\244'
	printf '%b' "$1"
}

@test "a receiver that is killed leaves the old file and nothing else" {
	local pid
	echo old >"$FAR/beta/tmp/x"
	mkfifo gate
	exec 9<>gate
	LKROOT=$FAR/beta lcdrcp --receive <gate 9>&- 3>&- &
	pid=$!
	stream 'R\0\0\0\01a' >&9
	writing() { find "/proc/$pid/fd" -lname "$FAR/beta/tmp/*" | grep -q .; }
	wait_until 10 writing
	kill -9 "$pid"
	wait "$pid" || true
	exec 9>&-
	[ "$(there)" = x ]
	[ "$(cat "$FAR/beta/tmp/x")" = old ]
}

@test "a damaged stream gives 3, with the old file and nothing else" {
	local body
	echo old >"$FAR/beta/tmp/x"
	receive() { stream "$1" | on beta lcdrcp --receive; }
	for body in 'E\0\0\0\0\0\0\0\0\0\0\0\01X' 'E\0\0\0\0\0\0\0\01\0\0\0\0X' \
		'R\0\0\0\01aE\0\0\0\0\0\0\0\01\0\0\0\0X' 'R\0\0\0\02a' 'R\0\02\0\0' 'Z\0\0\0\01aX' 'Q' ''; do
		expect 3 receive "$body"
		says 'what was received is damaged'
		[ "$(there)" = x ]
		[ "$(cat "$FAR/beta/tmp/x")" = old ]
	done
	expect 0 receive 'E\0\0\0\0\0\0\0\0\0\0\0\0X'
	[ ! -s "$FAR/beta/tmp/x" ]
}

@test "a full disk gives 1, with the old file and nothing else" {
	echo old >"$FAR/beta/tmp/f1"
	head -c 300000 /dev/urandom >f1
	small() { (ulimit -f 100; trap '' XFSZ; lcdrcp f1 "alpha:$FAR/beta/tmp"); }
	expect 1 small
	says 'f1: File too large'
	[ "$(there)" = f1 ]
	[ "$(cat "$FAR/beta/tmp/f1")" = old ]
}

@test "a target that is a link is followed, one that is a directory or device is refused" {
	echo old >"$FAR/beta/tmp/real"
	ln -s real "$FAR/beta/tmp/link"
	expect 0 lcdrcp f1 beta:tmp/link
	[ -h "$FAR/beta/tmp/link" ]
	cmp f1 "$FAR/beta/tmp/real"
	expect 5 lcdrcp f1 beta:/dev/null
	says 'it is neither a directory nor a regular file'
	[ -c /dev/null ]
	mkdir "$FAR/beta/tmp/f1"
	expect 5 lcdrcp f1 beta:tmp
	says 'target "f1": it is a directory'
	expect 5 lcdrcp f1 beta:tmp/real/
}

@test "a directory, a FIFO and two files of one name are refused" {
	mkdir dir
	cp f1 dir
	expect 5 lcdrcp dir beta:tmp
	says 'file "dir": it is not a regular file'
	mkfifo fifo
	expect 5 lcdrcp fifo beta:tmp
	expect 5 lcdrcp f1 dir/f1 beta:tmp
	says 'file "dir/f1": another file has the same name'
	[ -z "$(there)" ]
}

@test "names with blanks and quotes arrive as they are" {
	local name=$'a b;$(x)\'"\n'
	cp f1 "$name"
	expect 0 lcdrcp "$name" beta:tmp
	cmp f1 "$FAR/beta/tmp/$name"
}
