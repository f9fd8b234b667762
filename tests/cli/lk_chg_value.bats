#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lk_chg_value {-o old_value -n new_value | -f filename} [-vFIMT]

load ../helpers/tree
load ../helpers/records

ip_dir=subsys/comm/resources/ip

setup() {
	[ "$(id -u)" -eq 0 ] || skip 'lk_chg_value works for root only'
	f2
	pairs=$BATS_TEST_TMPDIR/pairs
}

# The command fails with this code and has changed nothing.
refused() {	# CODE ARGUMENT...
	local code=$1 before
	shift
	before=$(database)
	expect "$code" lk_chg_value "$@"
	[ "$(database)" = "$before" ]
}

@test "CV1: a system gets a new name, everywhere" {
	expect 0 lk_chg_value -o alpha -n zeta
	lines_are
	expect 0 ins_list -f: -t ip1
	fields 1 :
	lines_are zeta
	grep -qx 'zeta	local' "$LKROOT/config/sys"
	run ! grep -rqw alpha "$LKROOT/config" "$LKROOT/$ip_dir/instances"
	expect 0 lcdcheck
	lines_are
}

@test "CV1: another system gets a new name in equivalencies and comm paths" {
	expect 0 lk_chg_value -o beta -n zeta
	[ "$(grep -c '	zeta	' "$LKROOT/config/eqv")" = 3 ]
	[ "$(grep -c '^zeta	TCP:1500	' "$LKROOT/config/net")" = 1 ]
	run ! grep -rqw beta "$LKROOT/config"
	expect 0 lcdcheck
	lines_are
}

@test "CV2: an address is replaced as a whole only" {
	expect 0 lk_chg_value -o 10.1.0.2 -n 10.9.0.2
	[ "$(grep -c '	10.1.0.1	10.9.0.2$' "$LKROOT/config/net")" = 1 ]
	expect 0 ins_gettag -i 10.0.0.10
	lines_are ip1
}

@test "CV3: -M prints what would be changed and changes nothing" {
	before=$(database)
	expect 0 lk_chg_value -M -o alpha -n zeta
	[ "$(database)" = "$before" ]
	lines_are 'config/sys: system: alpha -> zeta'
}

@test "CV4: while Lockkeeper runs nothing is changed" {
	exec 9>"$LKROOT/run/lkinit.pid"
	flock 9
	refused 3 -o a -n b 9>&-
	says 'Lockkeeper is running'
	exec 9>&-
	refused 7 -o a -n b
}

@test "CV5: only root may do it" {
	command -v setpriv >/dev/null || skip 'there is no setpriv'
	setpriv --reuid 1000 --clear-groups "$LK_BIN/flg_list" --version >/dev/null ||
		skip 'uid 1000 cannot run commands of this build'
	expect 4 setpriv --reuid 1000 --clear-groups "$LK_BIN/lk_chg_value" -o a -n b
	says 'only root may do this'
}

@test "CV6: LKROOT must be set" {
	expect 6 env -u LKROOT "$LK_BIN/lk_chg_value" -o a -n b
	says 'LKROOT is not set'
	expect 6 env LKROOT= "$LK_BIN/lk_chg_value" -o a -n b
}

@test "CV7: a value that is nowhere gives 7" {
	refused 7 -o nosuch -n b
	says 'nothing matched'
}

@test "CV8: half a pair, no pair and a missing file give 2" {
	refused 2 -o a
	refused 2 -n a
	refused 2
	refused 2 -f nofile
	says 'nofile: No such file or directory'
	refused 2 -f nofile -o a -n b
	refused 2 -o '' -n b
	refused 2 -o a -n ''
	refused 2 -o a -n b excess
}

@test "CV9: an id is not replaced as a whole" {
	refused 5 -o app1id -n other
	says 'id "app1id" of "app1" would be replaced as a whole'
}

@test "CV10: with -F it is" {
	expect 0 lk_chg_value -F -o app1id -n other
	expect 0 ins_gettag -i other
	lines_are app1
}

@test "-I leaves ids alone" {
	refused 7 -I -o app1id -n other
}

@test "CV11: -T leaves a tag alone that is called like a system" {
	ins_create -a gen -r app -t alpha -i alphaid
	dep_create -p alpha -c ip1
	expect 0 lk_chg_value -T -o alpha -n zeta
	expect 0 ins_list -f: -t alpha
	fields 1,4 :
	lines_are zeta:alpha
	expect 0 dep_list -f: -c alpha
	lines_are alpha:ip1
}

@test "without -T the tag changes as well, with its dependencies and equivalencies" {
	expect 0 lk_chg_value -o ip1 -n address
	expect 0 dep_list -f: -p address
	lines_are app1:address
	grep -q '^address	beta	address	' "$LKROOT/config/eqv"
	expect 7 ins_list -t ip1
	expect 0 lcdcheck
	lines_are
}

@test "CV12: two values change places" {
	printf 'alpha=beta\nbeta=alpha\n' >"$pairs"
	expect 0 lk_chg_value -f "$pairs"
	grep -qx 'beta	local' "$LKROOT/config/sys"
	grep -qx 'alpha	remote' "$LKROOT/config/sys"
	[ "$(grep -c '	alpha	' "$LKROOT/config/eqv")" = 3 ]
	grep -q '^alpha	TCP' "$LKROOT/config/net"
}

@test "CV13: a signal in the middle changes nothing and gives 1" {
	printf 'alpha=zeta\n' >"$pairs"
	for signal in TERM INT; do
		before=$(database)
		exec 9>>"$LKROOT/config/lock"
		flock 9
		# in a job of its own, because a shell ignores INT for its background commands
		setsid env --default-signal=INT lk_chg_value -f "$pairs" 9>&- 2>"$BATS_TEST_TMPDIR/err" &
		pid=$!
		# it holds signals back before it waits for the lock
		wait_until 5 grep -q '^SigBlk:.*4007$' "/proc/$pid/status"
		kill -s "$signal" "$pid"
		exec 9>&-
		code=0
		wait "$pid" || code=$?
		[ "$code" -eq 1 ]
		grep -q 'interrupted by signal' "$BATS_TEST_TMPDIR/err"
		[ "$(database)" = "$before" ]
	done
}

@test "CV14: upper and lower case differ" {
	refused 7 -o ALPHA -n z
}

@test "the name with .ksh is the same command" {
	expect 0 lk_chg_value.ksh -o alpha -n zeta
	grep -qx 'zeta	local' "$LKROOT/config/sys"
	expect 2 lk_chg_value.ksh
	says 'Usage: lk_chg_value.ksh {-o'
}

@test "-v and -V print every change" {
	expect 0 lk_chg_value -v -o beta -n zeta
	lines_are 'config/sys: system: beta -> zeta' 'config/net: system: beta -> zeta' \
		'config/eqv: system: beta -> zeta' 'config/eqv: system: beta -> zeta' \
		'config/eqv: system: beta -> zeta'
	expect 0 lk_chg_value -V -o zeta -n beta
	[ "${#lines[@]}" -eq 5 ]
}

@test "words in ids and info are replaced, parts of words are not" {
	ins_create -a gen -r app -t w1 -i 'beta:/export' -v 'on beta, alphabeta beta-2 10.1.0.2/24 10.1.0.20'
	printf 'beta=zeta\n10.1.0.2=10.9.0.2\n' >"$pairs"
	expect 0 lk_chg_value -f "$pairs"
	expect 0 ins_list -f'|' -t w1
	fields 5-6 '|'
	lines_are 'zeta:/export|on zeta, alphabeta beta-2 10.9.0.2/24 10.1.0.20'
}

@test "an IPv6 address is no word in a longer one" {
	ins_create -a gen -r app -t w1 -i w1id -v 'fd00::1 fd00::1:2 [fd00::1]'
	expect 0 lk_chg_value -o fd00::1 -n fd00::9
	expect 0 ins_list -f'|' -t w1
	fields 6 '|'
	lines_are 'fd00::9 fd00::1:2 [fd00::9]'
}

@test "of two values that fit the longer one counts, and nothing is replaced twice" {
	ins_create -a gen -r app -t w1 -i w1id -v 'a a:b b c'
	printf 'a=b\nb=c\na:b=long\n' >"$pairs"
	expect 0 lk_chg_value -f "$pairs"
	expect 0 ins_list -f'|' -t w1
	fields 6 '|'
	lines_are 'b long c c'
}

@test "the reason and the state of an instance stay" {
	ins_setst -t ip1 -S ISP -R 'moved from alpha'
	expect 0 lk_chg_value -o alpha -n zeta
	expect 0 ins_list -f: -t ip1
	fields 7-8 :
	lines_are 'ISP:moved from alpha'
}

@test "systems and tags in flags are replaced where they stand" {
	for flag in '!nofailover!beta' '!action!00123!1700000000!beta:beta' 'confirmso!beta' \
		'!restore!beta' '!restore' Maintenance_ip1 beta; do
		flg_create -f "$flag"
	done
	printf 'beta=zeta\nip1=address\nrestore=nothing\n' >"$pairs"
	expect 0 lk_chg_value -f "$pairs"
	expect 0 flg_list
	lines_are '!action!00123!1700000000!zeta:beta' '!nofailover!zeta' '!restore' '!restore!zeta' \
		Maintenance_address beta confirmso!zeta
}

@test "words in data files of kits are replaced, and mode and owner stay" {
	printf '10.1.0.2\n10.1.0.20\n' >"$LKROOT/$ip_dir/pinglist.vol1"
	chmod 604 "$LKROOT/$ip_dir/pinglist.vol1"
	chown 12:34 "$LKROOT/$ip_dir/pinglist.vol1"
	expect 0 lk_chg_value -v -o 10.1.0.2 -n 10.9.0.2
	[ "${lines[0]}" = "$ip_dir/pinglist.vol1: 1 place" ]
	[ "$(cat "$LKROOT/$ip_dir/pinglist.vol1")" = $'10.9.0.2\n10.1.0.20' ]
	[ "$(stat -c '%a %u:%g' "$LKROOT/$ip_dir/pinglist.vol1")" = '604 12:34' ]
}

@test "a data file that is all that matches is changed as well" {
	echo only-here >"$LKROOT/$ip_dir/notes"
	expect 0 lk_chg_value -o only-here -n there
	[ "$(cat "$LKROOT/$ip_dir/notes")" = there ]
}

@test "a data file named by a tag is renamed with it" {
	echo 10.1.0.9 >"$LKROOT/$ip_dir/pinglist.ip1"
	expect 0 lk_chg_value -o ip1 -n address
	[ "$(cat "$LKROOT/$ip_dir/pinglist.address")" = 10.1.0.9 ]
	[ ! -e "$LKROOT/$ip_dir/pinglist.ip1" ]
}

@test "data files of two tags change places" {
	ins_create -a comm -r ip -t ip2 -i 10.0.0.20
	echo one >"$LKROOT/$ip_dir/pinglist.ip1"
	echo two >"$LKROOT/$ip_dir/pinglist.ip2"
	printf 'ip1=ip2\nip2=ip1\n' >"$pairs"
	expect 0 lk_chg_value -f "$pairs"
	[ "$(cat "$LKROOT/$ip_dir/pinglist.ip1")" = two ]
	[ "$(cat "$LKROOT/$ip_dir/pinglist.ip2")" = one ]
	expect 0 ins_gettag -i 10.0.0.20
	lines_are ip1
}

@test "a data file is not renamed onto another one" {
	echo one >"$LKROOT/$ip_dir/pinglist.ip1"
	echo other >"$LKROOT/$ip_dir/pinglist.address"
	refused 2 -o ip1 -n address
	says 'which is there already'
}

@test "a tag that no file name can have leaves the data file's name" {
	echo one >"$LKROOT/$ip_dir/pinglist.ip1"
	expect 0 lk_chg_value -o ip1 -n net/address
	says 'keeps its name'
	[ -e "$LKROOT/$ip_dir/pinglist.ip1" ]
}

@test "files that are no text, large ones, actions and links are left alone" {
	printf 'beta\0beta' >"$LKROOT/$ip_dir/binary"
	{ echo beta && head -c 1048576 /dev/zero | tr '\0' x; } >"$LKROOT/$ip_dir/large"
	echo beta >"$LKROOT/outside"
	ln -s "$LKROOT/outside" "$LKROOT/$ip_dir/link"
	echo beta >"$LKROOT/$ip_dir/actions/data"
	expect 0 lk_chg_value -o beta -n zeta
	says "$ip_dir/binary: left alone: not a text file"
	says "$ip_dir/large: left alone: larger than 1 MiB"
	[ "$(tr '\0' : <"$LKROOT/$ip_dir/binary")" = beta:beta ]
	[ "$(head -1 "$LKROOT/$ip_dir/large")" = beta ]
	[ "$(cat "$LKROOT/outside")" = beta ]
	[ "$(cat "$LKROOT/$ip_dir/actions/data")" = beta ]
}

@test "a result that is not valid is refused with 2" {
	refused 2 -o ip1 -n 'two words'
	says 'tag "two words"'
	refused 2 -o alpha -n 'al:pha'
	says 'system "al:pha"'
	refused 2 -o 10.1.0.2 -n example.org
	says 'address "example.org"'
	refused 2 -o 10.1.0.2 -n 169.254.0.1
}

@test "a result with something twice is refused with 2" {
	refused 2 -o ip1 -n vol1
	says 'tag "vol1" is used twice'
	refused 2 -o alpha -n beta
	says 'system "beta" is there twice'
	refused 2 -F -o app1id -n 10.0.0.10
	says 'id "10.0.0.10"'
}

@test "a line without '=' and two values for one give 2 with file and line" {
	printf 'alpha=zeta\nnothing\n' >"$pairs"
	refused 2 -f "$pairs"
	says "$pairs:2: not of the form old=new"
	printf 'alpha=zeta\n\nalpha=eta\n' >"$pairs"
	refused 2 -f "$pairs"
	says "$pairs:3: two new values for one old value"
	: >"$pairs"
	refused 2 -f "$pairs"
}

@test "the first '=' splits, and line ends of other systems do no harm" {
	ins_create -a gen -r app -t w1 -i w1id -v 'x'
	printf 'x=y=z\r\n' >"$pairs"
	expect 0 lk_chg_value -f "$pairs"
	expect 0 ins_list -f'|' -t w1
	fields 6 '|'
	lines_are 'y=z'
}

@test "a damaged file gives 1 with file and line" {
	printf 'broken' >"$LKROOT/config/flg"
	refused 1 -o alpha -n zeta
	says 'config/flg:1: '
}

@test "a second time there is nothing left to do" {
	expect 0 lk_chg_value -o alpha -n zeta
	refused 7 -o alpha -n zeta
	refused 7 -o zeta -n zeta
}
