#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lkkey create [--force]
# usage: lkkey show [-J] [--secret]
# usage: lkkey install [--force] [--add] {file|-}
# usage: lkkey rotate [--finish]
# usage: lkkey use fingerprint
# usage: lkkey drop

load ../helpers/tree
load ../helpers/far

setup() {
	f0
}

teardown() {
	far_end
}

prints() {	# [SYSTEM]: fingerprints and use, one per line
	local LKROOT=$LKROOT
	[ $# -eq 0 ] || LKROOT=$FAR/$1
	LKROOT=$LKROOT lkkey show | sed 's/  .*  /  /'
}

@test "create makes a key that only root may read and says what to do next" {
	expect 0 lkkey create
	[[ $output == 'New key '* && $output == *'lkkey show --secret | ssh SYSTEM lkkey install -'* ]]
	[ "$(stat -c %a "$LKROOT/etc/lkkey")" = 600 ]
	expect 0 lkkey show
	[[ $output =~ ^([0-9a-f]{4}\ ){8}\ 20[0-9TZ:-]+\ \ in\ use$ ]]
}

@test "create does not touch a key that is there" {
	lkkey create
	cp -p "$LKROOT/etc/lkkey" "$LKROOT/tmp/before"
	expect 4 lkkey create
	says "there is a key in $LKROOT/etc/lkkey already"
	cmp "$LKROOT/etc/lkkey" "$LKROOT/tmp/before"
}

@test "create --force makes another one, also in place of a damaged file" {
	lkkey create
	cp "$LKROOT/etc/lkkey" "$LKROOT/tmp/before"
	expect 0 lkkey create --force
	run ! cmp -s "$LKROOT/etc/lkkey" "$LKROOT/tmp/before"
	echo junk >"$LKROOT/etc/lkkey"
	expect 3 lkkey create
	expect 0 lkkey create --force
	expect 0 lkkey show
}

@test "of ten that create at once one has made the key" {
	local i made=0 pids=()
	for i in {1..10}; do
		lkkey create >/dev/null 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		if wait "$i"; then
			made=$((made + 1))
		fi
	done
	[ "$made" -eq 1 ]
}

@test "create waits for another one that is at work, and finds its key" {
	local pid rc=0
	mkdir -p "$LKROOT/etc"
	mkdir "$BATS_TEST_TMPDIR/other"
	env LKROOT="$BATS_TEST_TMPDIR/other" lkkey create
	exec 9<"$LKROOT/etc"
	flock 9
	lkkey create 9<&- 3>&- >/dev/null 2>&1 &
	pid=$!
	waiting() { grep -qE -- "-> FLOCK .* $pid " /proc/locks; }
	wait_until 10 waiting
	cp -p "$BATS_TEST_TMPDIR/other/etc/lkkey" "$LKROOT/etc"
	exec 9<&-
	wait "$pid" || rc=$?
	[ "$rc" -eq 4 ]
	cmp "$BATS_TEST_TMPDIR/other/etc/lkkey" "$LKROOT/etc/lkkey"
}

@test "show without a key gives 7 and says what to do" {
	expect 7 lkkey show
	says "there is no cluster key in $LKROOT/etc/lkkey: make one on one system (lkkey create)"
}

@test "show does not have the secret, show --secret is the file" {
	lkkey create
	expect 0 lkkey show
	[[ $output != *"$(sed -n 3p "$LKROOT/etc/lkkey" | cut -f 1)"* ]]
	expect 0 lkkey show --secret
	[ "$output" = "$(cat "$LKROOT/etc/lkkey")" ]
}

@test "show --secret refuses a terminal" {
	lkkey create
	command -v script >/dev/null || skip 'script(1) is not installed'
	run script -qec 'lkkey show --secret' /dev/null </dev/null
	[ "$status" -eq 5 ]
	[[ $output == *'the key is not shown on a terminal'* ]]
}

@test "show -J has fingerprints, times and use" {
	lkkey create
	expect 0 lkkey show -J
	[ "$(jq -r '.[0].in_use, (. | length), (.[0].fingerprint | length)' <<<"$output")" = $'true\n1\n39' ]
}

@test "install brings a key from a file or standard input" {
	lkkey create
	cp "$LKROOT/etc/lkkey" "$BATS_TEST_TMPDIR/copy"
	rm "$LKROOT/etc/lkkey"
	chmod 644 "$BATS_TEST_TMPDIR/copy"
	expect 0 lkkey install "$BATS_TEST_TMPDIR/copy"
	lines_are
	cmp "$LKROOT/etc/lkkey" "$BATS_TEST_TMPDIR/copy"
	[ "$(stat -c %a "$LKROOT/etc/lkkey")" = 600 ]
	rm "$LKROOT/etc/lkkey"
	expect 0 lkkey install - <"$BATS_TEST_TMPDIR/copy"
	cmp "$LKROOT/etc/lkkey" "$BATS_TEST_TMPDIR/copy"
}

@test "install of the same key twice succeeds, of another one only with --force" {
	lkkey create
	lkkey show --secret >"$BATS_TEST_TMPDIR/one"
	expect 0 lkkey install "$BATS_TEST_TMPDIR/one"
	lkkey create --force
	expect 4 lkkey install "$BATS_TEST_TMPDIR/one"
	expect 0 lkkey install --force "$BATS_TEST_TMPDIR/one"
	cmp "$LKROOT/etc/lkkey" "$BATS_TEST_TMPDIR/one"
}

@test "install refuses what is no key and keeps the one that is there" {
	lkkey create
	cp "$LKROOT/etc/lkkey" "$BATS_TEST_TMPDIR/copy"
	echo junk >"$BATS_TEST_TMPDIR/junk"
	expect 3 lkkey install --force "$BATS_TEST_TMPDIR/junk"
	says 'etc/lkkey:1: '
	expect 3 lkkey install --force - </dev/null
	head -c 100000 /dev/zero >"$BATS_TEST_TMPDIR/long"
	expect 3 lkkey install --force "$BATS_TEST_TMPDIR/long"
	says 'too long'
	expect 1 lkkey install --force "$BATS_TEST_TMPDIR/nofile"
	says 'nofile: No such file'
	expect 2 lkkey install
	cmp "$LKROOT/etc/lkkey" "$BATS_TEST_TMPDIR/copy"
}

@test "install --add accepts a second key; use and drop make it the only one" {
	local first second
	lkkey create
	lkkey show --secret >"$BATS_TEST_TMPDIR/second"
	second=$(prints)
	lkkey create --force
	first=$(prints)
	expect 0 lkkey install --add "$BATS_TEST_TMPDIR/second"
	[ "$(prints)" = "$first"$'\n'"${second/in use/accepted}" ]
	expect 0 lkkey install --add "$BATS_TEST_TMPDIR/second"
	expect 7 lkkey use '0000'
	says 'no key has the fingerprint "0000"'
	second=${second%  in use}
	expect 0 lkkey use "${second// /}"
	expect 0 lkkey use "$second"
	expect 0 lkkey drop
	expect 0 lkkey drop
	[ "$(prints)" = "$second  in use" ]
}

@test "a key that others may read is not used" {
	lkkey create
	chmod 640 "$LKROOT/etc/lkkey"
	expect 5 lkkey show
	says 'others have access to it (needed: chmod 600)'
	expect 5 lkkey install --add "$LKROOT/etc/lkkey"
}

@test "a failed write leaves the old key and no other file" {
	lkkey create
	cp "$LKROOT/etc/lkkey" "$BATS_TEST_TMPDIR/copy"
	ln -s /dev/full "$LKROOT/etc/.lkkey.new"	# not written to: it is replaced
	expect 0 lkkey install "$BATS_TEST_TMPDIR/copy"
	run bash -c 'ulimit -f 0; trap "" XFSZ; lkkey create --force 2>&1'
	[ "$status" -eq 1 ]
	cmp "$LKROOT/etc/lkkey" "$BATS_TEST_TMPDIR/copy"
	[ "$(ls -A "$LKROOT/etc")" = $'default\nlkkey' ]
}

@test "rotate brings a new key to every system, and --finish drops the old one" {
	local old new
	far beta gamma
	lkkey create
	lkkey show --secret >"$BATS_TEST_TMPDIR/key"
	on beta lkkey install "$BATS_TEST_TMPDIR/key"
	on gamma lkkey install "$BATS_TEST_TMPDIR/key"
	old=$(prints)
	expect 0 lkkey rotate
	[ "${lines[0]}" = '1. Every system accepts the new key.' ]
	[ "${lines[1]}" = '2. Every system uses the new key.' ]
	new=$(prints)
	[ "$(wc -l <<<"$new")" -eq 2 ]
	[ "$(tail -n 1 <<<"$new")" = "${old/in use/accepted}" ]
	[ "$(prints beta)" = "$new" ]
	[ "$(prints gamma)" = "$new" ]
	expect 0 lkkey rotate	# nothing more to be done
	[ "$(prints)" = "$new" ]
	expect 0 lkkey rotate --finish
	[ "$(prints)" = "${new%%$'\n'*}" ]
	[ "$(prints beta)" = "$(prints)" ]
	[ "$(prints gamma)" = "$(prints)" ]
	expect 7 lkkey rotate --finish
	says 'there is only one key'
}

@test "rotate stops before anybody uses the new key if a system cannot be reached, and goes on later" {
	local old
	DOWN=gamma far beta gamma
	lkkey create
	lkkey show --secret >"$BATS_TEST_TMPDIR/key"
	on beta lkkey install "$BATS_TEST_TMPDIR/key"
	on gamma lkkey install "$BATS_TEST_TMPDIR/key"
	old=$(prints)
	expect 9 lkkey rotate
	says 'stopped at system "gamma"'
	says 'no system uses the new key yet'
	[ "$(prints | head -n 1)" = "$old" ]
	[ "$(prints beta | head -n 1)" = "$old" ]
	expect 5 lkkey rotate --finish
	says 'the new key is not in use yet'
	far_end
	FAR_PIDS=()
	"$LK_BIN/../tests/helpers/fakelcm" "$LKROOT" "beta=$FAR/beta" "gamma=$FAR/gamma" 3>&- &
	FAR_PIDS+=($!)
	expect_served() { lkkey rotate >/dev/null 2>&1; }
	wait_until 10 expect_served
	[ "$(prints gamma)" = "$(prints)" ]
	[ "$(prints | tail -n 1)" = "${old/in use/accepted}" ]
}

@test "rotate without lcm gives 1 and can be run again" {
	lkkey create
	sys_create -s beta
	expect 1 lkkey rotate
	says "Can't run this application without LCD Daemon running."
	[ "$(prints | wc -l)" -eq 2 ]
	sys_remove -s beta
	expect 0 lkkey rotate
	expect 0 lkkey rotate --finish
	[ "$(prints | wc -l)" -eq 1 ]
}

@test "options that a sub-command does not take are refused" {
	expect 2 lkkey create --secret
	says 'lkkey create does not take the option --secret'
	expect 2 lkkey drop -J
	expect 2 lkkey nosuch
	says 'unexpected argument "nosuch"'
	expect 2 lkkey
	says 'argument create, show, install, rotate, use or drop is missing'
	expect 2 lkkey drop extra
}
