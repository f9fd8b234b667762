#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016	# other shells expand it
# What strangers, and what sits at the address of a peer, may do to the port of a comm path: nothing. They are
# refused and logged once per burst; alpha and beta never lose each other, and commands run meanwhile.
# tests/net/attack.c has the single steps of such peers.

load lab
load ../helpers/tree
load cluster

# The messages of lk/msg.h that say so.
REFUSALS='7010(2[0-9]|3[0-9])'

setup_file() {
	lab_or_skip
	export LAB_DIR PORT
	cluster_up -n 1 3
	PORT=$(paths beta alpha 2)
	PORT=${PORT#TCP:}
}

teardown_file() {
	lab down
}

setup() {
	MEMORY=$(memory)
	beta_listens
	watch_start
}

teardown() {
	watch_end
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs beta
}

beta_listens() {
	lab sh alpha 'exec 9<>"/dev/tcp/$1/$2"' "$(lab addr beta)" "$PORT"
}

# As long as it runs: alpha and beta see each other, and commands get their answer.
watch_start() {
	{
		while [ ! -e "$BATS_TEST_TMPDIR/enough" ]; do
			state_is alpha beta ALIVE && state_is beta alpha ALIVE &&
				paths_are beta alpha ALIVE && paths_are alpha beta ALIVE ||
				echo "lost: $(paths beta alpha 7)"
			[ "$(on alpha lcdremexec -d beta -- echo on 2>&1)" = on ] || echo 'no answer'
			echo looked >>"$BATS_TEST_TMPDIR/looks"
		done >"$BATS_TEST_TMPDIR/watch" 2>&1
	} 3>&- &
	WATCH=$!
}

watch_end() {
	: >"$BATS_TEST_TMPDIR/enough"
	wait "$WATCH"
}

# At least one look that began after now.
looked_again() {
	local n
	wait_until 20 test -s "$BATS_TEST_TMPDIR/looks"
	n=$(($(wc -l <"$BATS_TEST_TMPDIR/looks") + 2))
	wait_until 20 looks_are $n
}

looks_are() {
	[ "$(wc -l <"$BATS_TEST_TMPDIR/looks")" -ge "$1" ]
}

# The most that lcm and its network process have ever had in memory, KiB.
memory() {
	on beta sh -c 'for p in $(pgrep "^lcm"); do grep VmHWM "/proc/$p/status"; done' | awk '{ n += $2 } END { print n }'
}

descriptors() {
	on beta sh -c 'for p in $(pgrep "^lcm"); do ls "/proc/$p/fd"; done' | wc -l
}

# Nothing happened to the peers, memory is what it was, and nothing was logged twice.
unharmed() {
	looked_again
	watch_end
	cat "$BATS_TEST_TMPDIR/watch"
	[ ! -s "$BATS_TEST_TMPDIR/watch" ]
	[ $(($(memory) - MEMORY)) -lt 3000 ]
	refusals_per_source
	[ -z "$(refusals_per_source | awk '$1 > 1')" ]
}

# "TIMES NUMBER ADDRESS", a line each.
refusals_per_source() {
	grep -oE "$REFUSALS.*" "$(log_of beta)" |
		sed -nE "s/^($REFUSALS).*[^0-9.]((10\.[0-9]+\.0\.[0-9]+)).*/\1 \3/p" | sort | uniq -c
}

refused() {	# NUMBER
	grep -q "$1" "$(log_of beta)"
}

# Who attacks: a machine that is no member, or one at the address of a peer.
attacker() {	# stranger|peer COMMAND...
	local who=$1
	shift
	if [ "$who" = peer ]; then
		lab run alpha "$@"
	else
		lab switch "$@"
	fi
}

# N connections one after the other, each of which sends what a command prints and waits a little for the end.
send_each() {	# WHO N COMMAND...
	local who=$1 n=$2
	shift 2
	attacker "$who" bash -c 'host=$1 port=$2 n=$3; shift 3
		trap "" PIPE
		while [ $((n -= 1)) -ge 0 ]; do
			exec 9<>"/dev/tcp/$host/$port"
			"$@" >&9
			timeout 0.2 cat <&9
		done; :' bash "$(lab addr beta)" "$PORT" "$n" "$@" >/dev/null 2>&1
}

# Connections at a time that say nothing, until the file is there.
hold() {	# WHO N FILE
	attacker "$1" bash -c 'for ((i = 0; i < $3; i++)); do
			exec {fd}<>"/dev/tcp/$1/$2"
		done 2>/dev/null
		echo held
		until [ -e "$4" ]; do sleep 0.1; done' bash "$(lab addr beta)" "$PORT" "$2" "$3"
}

half_open() {	# WHO
	local before during
	before=$(descriptors)
	hold "$1" 400 "$BATS_TEST_TMPDIR/enough" >"$BATS_TEST_TMPDIR/held" 3>&- &
	wait_until 30 grep -q held "$BATS_TEST_TMPDIR/held"
	during=$(descriptors)
	looked_again
	[ "$during" -lt $((before + 40)) ]
	unharmed
	wait
}

# Comes and goes as fast as it can.
come_and_go() {	# WHO N
	attacker "$1" bash -c 'for ((i = 0; i < $3; i++)); do
			exec 9<>"/dev/tcp/$1/$2"
		done 2>/dev/null' bash "$(lab addr beta)" "$PORT" "$2"
}

@test "plain text is refused" {
	send_each stranger 50 printf 'GET / HTTP/1.0\r\n\r\n'
	send_each peer 50 printf 'GET / HTTP/1.0\r\n\r\n'
	refused 701020
	refused 701023
	unharmed
}

@test "garbage is refused, also behind a beginning of TLS" {
	send_each stranger 50 head -c 3000 /dev/urandom
	send_each peer 20 head -c 3000 /dev/urandom
	send_each peer 20 sh -c 'printf "\026\003\001\002\000\001\000\001\374\003\003"; head -c 3000 /dev/urandom'
	unharmed
}

@test "hundreds of half-open connections from a stranger take no place" {
	half_open stranger
}

@test "hundreds of half-open connections from a peer's address take no place" {
	half_open peer
	refused 701021
}

@test "thousands of connections that come and go do not harm" {
	come_and_go stranger 3000
	come_and_go peer 3000
	unharmed
}

gamma_is_out() {
	! state_is beta gamma ALIVE
}

gamma_starts() {
	lcm_kill gamma || true
	: >"$(log_of gamma)"
	lcm_start gamma
}

@test "a member with another key, or the name of another, stays out; with the right ones it gets in" {
	local root
	root=$(lab root gamma)
	lcm_stop gamma
	wait_until 20 gamma_is_out
	cp -p "$root/etc/lkkey" "$root/etc/lkkey.right"
	rm "$root/etc/lkkey"
	on gamma lkkey create
	gamma_starts
	wait_until 20 gamma_is_refused
	looked_again
	gamma_is_out
	# the key is right, the name is not its own
	cp -p "$root/etc/lkkey.right" "$root/etc/lkkey"
	sed -i 's/^gamma\tlocal$/alpha\tlocal/; s/^alpha\tremote$/gamma\tremote/' "$root/config/sys"
	[ "$(on gamma lcduname)" = alpha ]
	gamma_starts
	looked_again
	looked_again
	gamma_is_out
	gamma_is_refused
	sed -i 's/^alpha\tlocal$/gamma\tlocal/; s/^gamma\tremote$/alpha\tremote/' "$root/config/sys"
	gamma_starts
	wait_until 20 state_is beta gamma ALIVE
	unharmed
}

gamma_is_refused() {
	refusals_per_source | grep -qF "$(lab addr gamma)"
}
