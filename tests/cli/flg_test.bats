#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: flg_test [-d destsys] -f flag

load ../helpers/tree

setup() {
	f0
}

@test "FT1: a flag that is set gives 0" {
	flg_create -f shutdown_switchover
	expect 0 flg_test -f shutdown_switchover
	lines_are
}

@test "FT2: a flag that is not set gives 7 without a word" {
	expect 7 flg_test -f shutdown_switchover
	lines_are
	[ -z "$stderr" ]
}

@test "FT3: without -f the usage is shown" {
	expect 2 flg_test
	says 'Usage: flg_test [-d destsys] -f flag'
	lines_are
}

@test "FT5: a system that cannot be reached gives 9" {
	unreachable
	sys_create -s beta
	expect 9 flg_test -d beta -f x
	says 'Communication failure: destination system "beta" is out of service.'
}

@test "FT6: a part of a flag's name does not match" {
	flg_create -f '!nofailover!beta'
	expect 7 flg_test -f nofailover
}

@test "a system nobody knows gives 7" {
	expect 7 flg_test -d nosuch -f x
	says 'system "nosuch" does not exist'
}

@test "-d with the local system's name is a local call" {
	flg_create -f x
	expect 0 flg_test -d alpha -f x
}

@test "an operand is refused" {
	expect 2 flg_test -f x extra
	says 'unexpected argument "extra"'
}

@test "a damaged flag file gives 3 with file and line" {
	flg_create -f x
	printf 'broken' >"$LKROOT/config/flg"
	expect 3 flg_test -f x
	says 'config/flg:1: '
}

@test "a control character is found at every place of a line" {
	local row='flag_of_more_than_two_blocks_of_sixteen_bytes' place
	flg_create -f x
	for ((place = 0; place <= ${#row}; place++)); do
		printf '#lockkeeper flg 1\n#flag\nx\n%s\002%s\n#end\n' \
			"${row:0:place}" "${row:place}" >"$LKROOT/config/flg"
		expect 3 flg_test -f x
		says 'config/flg:4: a control character'
	done
}

@test "a DEL is a control character, bytes above it are judged as the flag's" {
	flg_create -f x
	printf '#lockkeeper flg 1\n#flag\nflag_of_sixteen_\177\n#end\n' >"$LKROOT/config/flg"
	expect 3 flg_test -f x
	says 'config/flg:3: a control character'
	printf '#lockkeeper flg 1\n#flag\nflag_of_sixteen_\200\n#end\n' >"$LKROOT/config/flg"
	expect 3 flg_test -f x
	says 'config/flg:3: flag'
}

@test "an encoded field is decoded, beside one that is not" {
	flg_create -f x
	printf '#lockkeeper flg 1\n#flag\nplain\n100%%25\n#end\n' >"$LKROOT/config/flg"
	expect 0 flg_test -f 100%
	expect 0 flg_test -f plain
	expect 7 flg_test -f 100%25
}
