#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# lib/lk-kit.sh and lib/lk-create.sh, by means of a kit that keeps its service in a file.

# shellcheck disable=SC2016,SC2034

load standard

setup() {
	kit_tree
	KIT=gen/mine TAG=a/b ID=one
	actions=$LKROOT/subsys/gen/resources/mine/actions
	programs=$LKROOT/lkadm/subsys/gen/mine/bin
	mkdir -p "$actions" "$programs"
	app_create -a gen
	typ_create -a gen -r mine
	script restore 'lk_need nproc; lk_info; lk_run 1 nproc || lk_fail 1 "nproc fails"; : >"$LKROOT/up"; lk_end'
	script remove 'lk_need nproc; lk_run 1 nproc || lk_fail 1 "nproc fails"; rm -f "$LKROOT/up"; lk_end'
	script quickCheck 'lk_need nproc; [ -e "$LKROOT/up" ] || lk_fail 2 "it is down"; lk_end'
	tool create 'lk_options "$LK_CREATE_OPTIONS data" "$@"; lk_want tag data; lk_create "$opt_data" "v=$opt_data"'
	tool canextend 'lk_options "$LK_EXTEND_OPTIONS here id info" "$@"; if [ "$opt_here" ]; then lk_want tag id
		[ ! -e "$LKROOT/unfit" ] || lk_bad "unfit"; echo "$opt_info there"; exit; fi; lk_canextend'
	tool extend 'lk_options "$LK_EXTEND_OPTIONS" "$@"; lk_extend'
	tool depstoextend 'lk_options "tag target" "$@"; lk_depstoextend'
	tool unextend 'lk_options "tag target" "$@"; lk_unextend'
	tool delete 'lk_options "tag" "$@"; lk_delete'
}

script() {	# ACTION TEXT
	printf '#!/bin/sh\n. "${LKROOT:?}/lib/lk-kit.sh"\nlk_begin %s "$@"\n%s\n' "$1" "$2" >"$actions/$1"
	chmod 755 "$actions/$1"
}

tool() {	# PROGRAM TEXT
	printf '#!/bin/sh\n. "${LKROOT:?}/lib/lk-create.sh"\nlk_program %s gen/mine\n%s\n' "$1" "$2" >"$programs/$1"
	chmod 755 "$programs/$1"
}

kit_is_up() { [ -e "$LKROOT/up" ]; }

made() { ins_create -a gen -r mine -t "$TAG" -i "$ID" -v 'k=1 word x=a=b' -D 0; }

@test "the standard tests hold for a kit that uses the library" {
	made
	standard_double_restore
	standard_double_remove
	standard_missing_tool nproc restore quickCheck
	standard_wrong_call
	standard_killed nproc restore
}

@test "a command that hangs is killed with its group, and the action fails" {
	made
	standard_hanging nproc restore 1
}

@test "an action that works says nothing, one that fails says why" {
	made
	each_shell expect 0 action restore
	[ ! -s "$LKROOT/out/lifekeeper.log" ]
	script restore 'lk_fail 4711 "it is broken"'
	each_shell expect 1 action restore
	logged ' ERROR::::004711:it is broken'
}

@test "an interrupted action undoes, ends its command and says so in the log" {
	made
	: >"$BATS_TEST_TMPDIR/hangs"
	stub_hang nproc
	script restore 'lk_undo() { : >"$LKROOT/undone"; }; lk_run 0 nproc; lk_end'
	local kit_shell pid
	for kit_shell in $KIT_SHELLS; do
		: >"$BATS_TEST_TMPDIR/hangs"
		rm -f "$LKROOT/undone"
		"$kit_shell" "$actions/restore" -t "$TAG" -i "$ID" 3>&- &
		pid=$!
		wait_until 20 test -s "$BATS_TEST_TMPDIR/hangs"
		kill -TERM "$pid"
		local code=0
		wait "$pid" || code=$?
		[ "$code" -eq 143 ]
		[ -e "$LKROOT/undone" ]
		wait_until 5 none_hangs
	done
	logged ":000026:END failed restore for a/b on server"
}

@test "lk_info has the fields of the instance, and lk_word the words of its info" {
	made
	script show 'lk_info; echo "$LK_APP $LK_TYPE $LK_ID $LK_STATE $LK_INIT $LK_QUICK $LK_DEEP $LK_RECOVERY"
		lk_word k; echo "$LK_VALUE"; lk_word x; echo "$LK_VALUE"; lk_word none standard; echo "$LK_VALUE"'
	for kit_shell in $KIT_SHELLS; do
		expect 0 action show
		lines_are 'gen mine one OSU AUTORES_ISP 180 0 0' 1 a=b standard
	done
}

@test "lk_info takes LK_RECORD of this tag, once, and hands it to nobody" {
	made
	script show 'env | grep -c ^LK_RECORD; lk_info; echo "$LK_TYPE $LK_TAG $LK_INFO"
		lk_info; echo "$LK_TYPE $LK_TAG $LK_INFO"'
	IFS= read -r real < <(ins_list -t a/b)
	local sep=$'\001' other
	export LK_RECORD=${real/mine/other}
	LK_RECORD=${LK_RECORD/a=b/'$(touch "$LKROOT/evil")'}
	for kit_shell in $KIT_SHELLS; do
		expect 0 action show
		[ "${lines[0]}" = 0 ]
		[ "${lines[1]}" != "${lines[2]}" ]
		[[ ${lines[1]} = "other a/b "* ]]
		[[ ${lines[2]} = "mine a/b "* ]]
		[ ! -e "$LKROOT/evil" ]
		for other in "x${sep}y${sep}z${sep}b${sep}a/b${sep}" "${real//a\/b/c}" "${sep}a/b${sep}" nothing; do
			LK_RECORD=$other expect 0 action show
			[ "${lines[1]}" = "${lines[2]}" ]
		done
	done
}

@test "an action of a tag that is not there fails, a check cannot tell" {
	script quickCheck 'lk_info; lk_end'
	expect 1 action restore
	expect 2 action quickCheck
	logged ':000019:Resource not found on local server: a/b'
}

@test "lk_number takes numbers in range and says what is none" {
	script show 'lk_number N 5 1 100; echo "$LK_VALUE"'
	number_is() {
		printf '%s\n' "$1" >"$LKROOT/etc/default/LifeKeeper"
		expect 0 action show
		lines_are "$2"
	}
	for kit_shell in $KIT_SHELLS; do
		number_is '' 5
		number_is 'N=7' 7
		number_is 'N="8" # why' 8
		number_is "export N='9'" 9
		number_is $'N=1\nN=2' 2
		number_is 'XN=3' 5
		number_is 'N=0' 5
		number_is 'N=101' 5
		number_is 'N=$(touch /tmp/x)' 5
		number_is 'N=99999999999999999999' 5
	done
	logged '710005:N=101 is no number from 1 to 100: 5 is used'
}

@test "lk_file_name is one name for each tag" {
	script show 'lk_file_name "$LK_TAG"; echo "$LK_VALUE"'
	for kit_shell in $KIT_SHELLS; do
		expect 0 action show
		lines_are a%2Fb
	done
}

@test "temporary files go with the script, however it ends" {
	script show 'lk_tmp; echo "$LK_TMP"; [ -d "$LK_TMP" ] || exit 9; lk_fail 1 x'
	for kit_shell in $KIT_SHELLS; do
		expect 1 action show
		[ -n "$output" ]
		[ ! -e "$output" ]
	done
}

@test "create makes an instance in service with the intervals of the checks that there are" {
	expect 0 program create --tag t1 --data d1
	lines_are t1
	expect 0 ins_list -f'|' -t t1
	fields 4-7,13-15 '|'
	lines_are 't1|d1|v=d1|ISP|180|0|0'
	kit_is_up
}

@test "create leaves the resource out of service when told to" {
	expect 0 program create --tag t1 --data d1 --inservice N --switchback AUTOMATIC --quick 7
	expect 0 ins_list -f'|' -t t1
	fields 7,13 '|'
	lines_are 'OSU|7'
	run ! kit_is_up
}

@test "create of an existing tag or id is 4 and leaves the first alone" {
	expect 0 program create --tag t1 --data d1
	expect 4 program create --tag t1 --data d2
	says 'Resource with either matching tag t1 or ID exists'
	expect 4 program create --tag t2 --data d1
	expect 0 ins_list -f'|'
	fields 4 '|'
	lines_are t1
}

@test "a create that fails or is interrupted leaves nothing behind" {
	local before pid code=0
	before=$(database)
	script restore 'lk_fail 1 "it does not start"'
	each_shell expect 1 program create --tag t1 --data d1
	says 'Error bringing resource t1 in service'
	[ "$(database)" = "$before" ]
	script restore ': >"$LKROOT/up"; lk_run 0 sleep 1000'
	for kit_shell in $KIT_SHELLS; do
		rm -f "$LKROOT/up"
		"$kit_shell" "$programs/create" --tag t1 --data d1 3>&- 2>/dev/null &
		pid=$!
		wait_until 20 kit_is_up
		kill -TERM "$pid"
		wait "$pid" || code=$?
		[ "$code" -eq 143 ]
		[ "$(database)" = "$before" ]
	done
}

@test "create refuses bad values with 5" {
	expect 5 program create --tag t1 --data d1 --inservice maybe
	says 'option --inservice: "maybe" is none of Y N'
	expect 5 program create --tag 't 1' --data d1
	expect 5 program create --tag t1 --data d1 --quick -1
	expect 0 ins_list
	lines_are
}

@test "extend makes instance, equivalency and dependencies on the target" {
	kit_peer
	expect 0 program create --tag child --data c
	expect 0 program create --tag t1 --data d1 --inservice N --quick 60
	dep_create -p t1 -c child
	expect 0 program depstoextend --tag t1 --target beta
	lines_are child
	each_shell expect 0 program canextend --tag t1 --target beta
	lines_are 'v=d1 there'
	expect 0 program extend --tag child --target beta
	expect 0 program extend --tag t1 --target beta --priority 20
	expect 0 program depstoextend --tag t1 --target beta
	lines_are
	expect 0 ins_list -d beta -f'|' -t t1
	fields 1,4-7,13 '|'
	lines_are 'beta|t1|d1|v=d1 there|OSU|60'
	expect 0 env LKROOT="$PEER" dep_list -f:
	lines_are t1:child
	expect 0 eqv_list -t t1 -f:
	lines_are 'alpha:t1:beta:t1:SHARED:1:20'
}

@test "extend refuses what cannot be, and leaves nothing on the target" {
	kit_peer
	expect 0 program create --tag t1 --data d1
	local before
	before=$(LKROOT=$PEER database)
	expect 7 program extend --tag none --target beta
	says 'Template resource none on server alpha does not exist'
	expect 7 program extend --tag t1 --target gamma
	expect 5 program extend --tag t1 --target alpha
	: >"$PEER/unfit"
	expect 5 program extend --tag t1 --target beta
	says 'unfit'
	rm "$PEER/unfit"
	mv "$PEER/lkadm/subsys/gen/mine" "$PEER/away"
	expect 1 program extend --tag t1 --target beta
	says 'Cannot access canextend script on server beta'
	mv "$PEER/away" "$PEER/lkadm/subsys/gen/mine"
	expect 1 program extend --tag t1 --target beta --priority 1
	[ "$(LKROOT=$PEER database)" = "$before" ]
	expect 0 eqv_list
	lines_are
	expect 0 program extend --tag t1 --target beta
	expect 4 program extend --tag t1 --target beta
	says 'already exists there'
}

@test "without quorum here or there nothing is extended, unless the tunable allows it" {
	kit_peer
	expect 0 program create --tag t1 --data d1
	local before root
	before=$(LKROOT=$PEER database)
	for root in "$PEER" "$LKROOT"; do
		# no communication manager gives it a lease
		echo QUORUM_MODE=majority >>"$root/etc/default/LifeKeeper"
		for program in canextend extend; do
			expect 3 program $program --tag t1 --target beta
			says 'has no quorum, and ALLOW_EXTEND_WITH_QUORUM_ERROR is not true'
		done
		if [ "$root" = "$PEER" ]; then says 'system "beta"'; else says 'system "alpha"'; fi
		echo QUORUM_MODE=none >>"$root/etc/default/LifeKeeper"
	done
	echo QUORUM_MODE=majority >>"$PEER/etc/default/LifeKeeper"
	echo 'ALLOW_EXTEND_WITH_QUORUM_ERROR=yes' >>"$LKROOT/etc/default/LifeKeeper"
	expect 3 program extend --tag t1 --target beta
	[ "$(LKROOT=$PEER database)" = "$before" ]
	expect 0 eqv_list
	lines_are
	echo 'ALLOW_EXTEND_WITH_QUORUM_ERROR="true"	# for now' >>"$LKROOT/etc/default/LifeKeeper"
	expect 0 program extend --tag t1 --target beta
	expect 0 eqv_list -t t1 -f:
	lines_are 'alpha:t1:beta:t1:SHARED:1:10'
}

@test "unextend removes from one system, but not where it is in service" {
	kit_peer
	expect 0 program create --tag t1 --data d1
	expect 7 program unextend --tag t1 --target beta
	expect 0 program extend --tag t1 --target beta
	LKROOT=$PEER ins_setst -t t1 -S ISP
	expect 8 program unextend --tag t1 --target beta
	says 't1 is in service on server beta'
	LKROOT=$PEER ins_setst -t t1 -S OSU
	expect 0 program unextend --tag t1 --target beta
	expect 0 ins_list -d beta
	lines_are
	expect 0 ins_list -f: -t t1
}

@test "delete removes from all systems" {
	kit_peer
	expect 0 program create --tag t1 --data d1
	expect 0 program extend --tag t1 --target beta
	expect 0 program delete --tag t1
	expect 0 ins_list
	lines_are
	expect 0 ins_list -d beta
	lines_are
	expect 7 program delete --tag t1
}
