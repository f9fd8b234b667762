#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lksupport

load ../helpers/tree

setup() {
	[ "$(id -u)" -eq 0 ] || skip 'lksupport works for root only'
	f1
	printf 'LCMHBEATTIME=2\n' >"$LKROOT/etc/default/LifeKeeper"
	lk_err -c FRS_MES -n 5 -p test -d TO_LOG 'a line of the log'
}

unpack() {	# ARCHIVE
	rm -rf "$BATS_TEST_TMPDIR/x"
	mkdir "$BATS_TEST_TMPDIR/x"
	tar -C "$BATS_TEST_TMPDIR/x" -xzf "$1"
	X=$(echo "$BATS_TEST_TMPDIR"/x/*)
}

# Nothing is left in support/ but archives.
support_is() {	# NUMBER
	[ "$(find "$LKROOT/support" -mindepth 1 | wc -l)" -eq "$1" ]
}

@test "SU1, SU2: the archive has the tunables, the database, the log and the state, without a daemon" {
	expect 0 lksupport
	[[ $output == "$LKROOT"/support/lksupport-alpha-????????T??????.tar.gz ]]
	[ "$(stat -c %a "$output")" = 600 ]
	unpack "$output"
	[ "$X" = "$BATS_TEST_TMPDIR/x/$(basename "$output" .tar.gz)" ]
	cmp "$X/tree/etc/default/LifeKeeper" "$LKROOT/etc/default/LifeKeeper"
	cmp "$X/tree/config/dep" "$LKROOT/config/dep"
	cmp "$X/tree/subsys/comm/resources/ip/instances" "$LKROOT/subsys/comm/resources/ip/instances"
	grep -q 'a line of the log' "$X/tree/out/lifekeeper.log"
	grep -q 'id=10.0.0.10' "$X/lcdstatus"
	grep -q '^# exit code 0' "$X/lcdcheck"
	grep -q 'alpha:comm:ip:ip1' "$X/lists"
	grep -q 'actions' "$X/files"
	grep -q 'Lockkeeper' "$X/versions"
	[ ! -e "$X/tree/subsys/comm/resources/ip/actions" ]
	support_is 1
}

@test "SU3: a second archive does not overwrite the first" {
	local turn first
	# a clock that stands still: both have the same name
	mkdir "$BATS_TEST_TMPDIR/stub"
	printf '#!/bin/sh\necho 20261125T200000\n' >"$BATS_TEST_TMPDIR/stub/date"
	chmod 755 "$BATS_TEST_TMPDIR/stub/date"
	for turn in 1 2 3; do
		PATH=$BATS_TEST_TMPDIR/stub:$PATH expect 0 lksupport
		[ -s "$output" ]
		[ "$turn" -ne 1 ] || first=$(stat -c '%i %y' "$output")
	done
	[[ $output == *T200000.3.tar.gz ]]
	[ "$(stat -c '%i %y' "${output%.3.tar.gz}.tar.gz")" = "$first" ]
	support_is 3
}

@test "SU4: another user than root gets 1" {
	command -v setpriv >/dev/null || skip 'there is no setpriv'
	setpriv --reuid 1000 --clear-groups "$LK_BIN/lksupport" --help >/dev/null ||
		skip 'uid 1000 cannot run commands of this build'
	expect 1 setpriv --reuid 1000 --clear-groups "$LK_BIN/lksupport"
	says 'only root may do this'
	lines_are
	[ ! -e "$LKROOT/support" ]
}

@test "SU5: an argument gives 2" {
	expect 2 lksupport x
	says 'unexpected argument "x"'
	says 'Usage: lksupport'
	lines_are
	[ ! -e "$LKROOT/support" ]
}

@test "SU6: neither the key nor a password is in the archive" {
	local dir=$LKROOT/subsys/comm/resources/ip secret
	echo '0123456789abcdef-the-cluster-key' >"$LKROOT/etc/lkkey"
	echo 'the old cluster key, for a rotation' >"$LKROOT/etc/lkkey.old"
	echo 'found: 0123456789abcdef-the-cluster-key' >"$LKROOT/out/trace"
	echo 'hush-file' >"$dir/dbpasswd.ip1"
	printf -- '-----BEGIN PRIVATE KEY-----\nhush-pem\n-----END PRIVATE KEY-----\n' >"$LKROOT/etc/server.txt"
	cat >"$LKROOT/out/app.log" <<-'END'
		login user=joe password=hush-equals, then went on
		{"Password": "hush json words"}
		PGPASSWORD='hush single' psql
		mysql --password hush-option
		fetching ftp://joe:hush-url@host/file
		LK_SNMP_COMMUNITY=hush-community
		Token: hush-colon
	END
	ins_create -a comm -r ip -t ip2 -i 10.0.0.11 -v 'user=joe password=hush-info'
	expect 0 lksupport
	unpack "$output"
	for secret in hush the-cluster-key 'old cluster key'; do
		run ! grep -r "$secret" "$X"
	done
	grep -q 'then went on' "$X/tree/out/app.log"
	grep -q 'trace: left out, it has the key' "$X/left-out"
	grep -q 'dbpasswd.ip1: left out' "$X/left-out"
	grep -q ip2 "$X/tree/subsys/comm/resources/ip/instances"
}

@test "it works under bash, too" {
	expect 0 bash "$LK_BIN/lksupport"
	unpack "$output"
	cmp "$X/tree/config/dep" "$LKROOT/config/dep"
	support_is 1
}

@test "a damaged tree is collected too" {
	echo rubbish >"$LKROOT/config/dep"
	expect 0 lksupport
	unpack "$output"
	grep -q rubbish "$X/tree/config/dep"
	grep -q '^# exit code 3' "$X/lcdcheck"
}

@test "links are not followed" {
	echo elsewhere >"$BATS_TEST_TMPDIR/elsewhere"
	ln -s "$BATS_TEST_TMPDIR/elsewhere" "$LKROOT/out/link"
	expect 0 lksupport
	unpack "$output"
	[ ! -e "$X/tree/out/link" ]
}

@test "without a tree, or where the archive cannot be written, the code is 1 and nothing is left" {
	LKROOT=$BATS_TEST_TMPDIR/nowhere expect 1 lksupport
	says 'no Lockkeeper tree'
	[ ! -e "$BATS_TEST_TMPDIR/nowhere" ]
	mkdir "$BATS_TEST_TMPDIR/stub"
	printf '#!/bin/sh\nexit 2\n' >"$BATS_TEST_TMPDIR/stub/tar"
	chmod 755 "$BATS_TEST_TMPDIR/stub/tar"
	PATH=$BATS_TEST_TMPDIR/stub:$PATH expect 1 lksupport
	says 'the archive cannot be written'
	support_is 0
}

@test "TERM ends it and nothing is left" {
	mkdir "$BATS_TEST_TMPDIR/stub"
	printf '#!/bin/sh\n: >"%s/reached"\nexec sleep 600\n' "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/stub/free"
	chmod 755 "$BATS_TEST_TMPDIR/stub/free"
	PATH=$BATS_TEST_TMPDIR/stub:$PATH setsid lksupport >/dev/null 2>&1 3>&- &
	local pid=$! code=0
	wait_until 20 test -e "$BATS_TEST_TMPDIR/reached"
	kill -TERM -- "-$pid"
	wait "$pid" || code=$?
	[ "$code" -eq 1 ]
	support_is 0
}

@test "--version names the program" {
	expect 0 lksupport --version
	[[ $output == 'lksupport (Lockkeeper) '* ]]
}
