#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Disk full, read-only, no permission, no tree, failing system calls: a clear error, exit 1, nothing
# lost, and the next writer works.

# shellcheck disable=SC2016	# the scripts for the private namespaces are quoted
load ../helpers/tree

setup() {
	new_tree
	flg_create -f old
	app_create -a gen
	typ_create -a gen -r app
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

need_strace() {
	command -v strace >/dev/null || skip "needs strace"
	[[ $(ldd "$LK_BIN/flg_create") != *libasan* ]] || skip "strace and the leak check exclude each other"
	strace -o /dev/null true || skip "strace may not trace here"
}

# The old state is there, whole, and a writer succeeds.
all_is_well() {
	expect 0 flg_list
	[[ $'\n'$output$'\n' == *$'\nold\n'* ]]
	expect 0 typ_list -f:
	lines_are gen:app
	[ ! -e "$LKROOT/config/journal" ]
	expect 0 flg_create -f next
	expect 0 flg_remove -f next
	[ -z "$(find "$LKROOT" -name '.*.new')" ]
}

# Run this test again in a private mount namespace, where $LKROOT is a file system of 64 KiB.
in_small_tmpfs() {
	need_root
	unshare -m true 2>/dev/null || skip "no private mount namespace here"
	unshare -m bash -c "
		mount --make-rprivate / && mount -t tmpfs -o size=64k small '$LKROOT' &&
		mkdir -p '$LKROOT'/{config,subsys} && cd / && $1"
}

# fault CALL ERROR NUMBER COMMAND...: the NUMBER-th CALL of the command fails with ERROR.
fault() {
	local call=$1 error=$2 number=$3
	shift 3
	run --separate-stderr strace -o "$BATS_TEST_TMPDIR/strace" -e "trace=$call" \
		-e "inject=$call:error=$error:when=$number" "$@"
}

@test "a full disk gives 1 and says so, and nothing is lost" {
	in_small_tmpfs '
		flg_create -f old || exit 10
		dd if=/dev/zero of=$LKROOT/fill bs=1k 2>/dev/null
		before=$(cat $LKROOT/config/flg)
		error=$(flg_create -f new 2>&1) && exit 11
		[ $? -eq 1 ] || exit 12
		[[ $error == *"No space left on device"* ]] || exit 13
		[ "$(cat $LKROOT/config/flg)" = "$before" ] || exit 14
		flg_test -f old || exit 15
		flg_test -f new; [ $? -eq 7 ] || exit 16
		app_create -a gen 2>/dev/null; [ $? -eq 1 ] || exit 17
		[ -z "$(find $LKROOT -name ".*.new" -o -name journal)" ] || exit 18
		rm $LKROOT/fill
		flg_create -f new && app_create -a gen && flg_test -f old && flg_test -f new || exit 19'
}

@test "a disk that is full before the first command gives 1, and all is well with space" {
	in_small_tmpfs '
		dd if=/dev/zero of=$LKROOT/fill bs=1k 2>/dev/null
		flg_create -f new 2>/dev/null; [ $? -eq 1 ] || exit 11
		flg_list || exit 12
		[ -z "$(find $LKROOT -name ".*.new" -o -name journal)" ] || exit 13
		rm $LKROOT/fill
		flg_create -f new && flg_test -f new || exit 14'
}

@test "every amount of free space gives all or nothing" {
	in_small_tmpfs '
		app_create -a gen && typ_create -a gen -r app || exit 10
		info=$(printf "%04000d" 0)
		for free in 0 4 8 12 16 20 24; do
			dd if=/dev/zero of=$LKROOT/fill bs=1k 2>/dev/null
			truncate -s -${free}k $LKROOT/fill
			ins_create -a gen -r app -t t$free -i i$free -v $info 2>/dev/null
			code=$?
			found=$(ins_list -f: | grep -c ":t$free:")
			case $code:$found in
			0:1) done=1 ;;
			1:0) full=1 ;;
			*) exit 11 ;;
			esac
			rm $LKROOT/fill
		done
		[ "${done:-}${full:-}" = 11 ] || exit 12
		flg_create -f new || exit 13'
}

@test "a read-only file system gives 1 to writers and is readable" {
	need_root
	unshare -m true 2>/dev/null || skip "no private mount namespace here"
	run unshare -m bash -c "
		mount --make-rprivate / && mount --bind '$LKROOT' '$LKROOT' &&
		mount -o remount,bind,ro '$LKROOT' || exit 10
		flg_test -f old || exit 11
		error=\$(flg_create -f new 2>&1); [ \$? -eq 1 ] || exit 12
		[[ \$error == *'Read-only file system'* ]] || exit 13
		ins_create -a gen -r app -t a -i a 2>/dev/null; [ \$? -eq 1 ] || exit 14"
	[ "$status" -eq 0 ]
	all_is_well
}

@test "another user gets 1 and a reason, at once" {
	need_root
	command -v setpriv >/dev/null || skip "needs setpriv"
	local dir
	dir=$(mktemp -d)
	cp "$LK_BIN"/flg_{list,create} "$dir" && chmod 755 "$dir"
	chmod 750 "$LKROOT/config"
	for command in flg_list "flg_create -f new"; do
		# shellcheck disable=SC2086
		run --separate-stderr timeout 20 setpriv --reuid 65534 --regid 65534 --clear-groups \
			env LKROOT="$LKROOT" "$dir/"$command
		[ "$status" -eq 1 ]
		says 'Permission denied'
	done
	rm -r "$dir"
	all_is_well
}

@test "an unreadable lock file gives 1 and a reason, at once" {
	rm "$LKROOT/config/lock"
	ln -s nowhere "$LKROOT/config/lock"
	expect 1 timeout 20 flg_list
	says 'config/lock: Too many levels of symbolic links'
	expect 1 flg_create -f new
	says 'config/lock: Too many levels of symbolic links'
	rm "$LKROOT/config/lock"
	all_is_well
}

@test "without a tree the commands give 1 and name it" {
	LKROOT=/nonexistent expect 1 flg_list
	says 'no Lockkeeper tree in "/nonexistent": No such file or directory'
	LKROOT=/nonexistent expect 1 flg_create -f x
	says 'no Lockkeeper tree in "/nonexistent"'
	mkdir "$BATS_TEST_TMPDIR/empty"
	LKROOT=$BATS_TEST_TMPDIR/empty expect 1 flg_create -f x
	says 'it has no directory "config"'
	[ -z "$(ls "$BATS_TEST_TMPDIR/empty")" ]
	LKROOT=$LKROOT/config/flg expect 1 flg_list
	says 'Not a directory'
}

@test "output that cannot be written gives 1" {
	[ -e /dev/full ] || skip "no /dev/full"
	run --separate-stderr bash -c 'flg_list >/dev/full'
	[ "$status" -eq 1 ]
	says 'No space left on device'
}

@test "a write that fails gives 1 and changes nothing" {
	need_strace
	fault write EIO 1 "$LK_BIN/flg_create" -f new
	[ "$status" -eq 1 ]
	says 'config/flg: Input/output error'
	expect 7 flg_test -f new
	all_is_well
}

@test "a lock file that cannot be written gives 1 and changes nothing" {
	need_strace
	fault pwrite64 EIO 1 "$LK_BIN/flg_create" -f new
	[ "$status" -eq 1 ]
	says 'config/lock: Input/output error'
	expect 7 flg_test -f new
	all_is_well
}

@test "a file that cannot be made durable gives 1 and changes nothing" {
	need_strace
	fault fsync EIO 1 "$LK_BIN/flg_create" -f new
	[ "$status" -eq 1 ]
	says 'config/flg: Input/output error'
	expect 7 flg_test -f new
	all_is_well
}

@test "a directory that cannot be made durable gives 1 with the change in place, and lcdsync settles it" {
	need_strace
	fault fsync EIO 2 "$LK_BIN/flg_create" -f new
	[ "$status" -eq 1 ]
	says '/config: Input/output error'
	expect 0 flg_test -f new
	expect 4 flg_create -f new
	fault fsync EIO 1 "$LK_BIN/lcdsync"
	[ "$status" -eq 1 ]
	expect 0 lcdsync
	expect 0 flg_remove -f new
	all_is_well
}

# shellcheck disable=SC2030,SC2031 # bats sets status and output
@test "a rename that fails gives 1 and changes nothing" {
	need_strace
	fault renameat EIO 1 "$LK_BIN/flg_create" -f new
	[ "$status" -eq 1 ]
	says 'config/flg: Input/output error'
	expect 7 flg_test -f new
	all_is_well
}

# Each call of a kind fails once, in a transaction of several files.
# shellcheck disable=SC2031 # bats sets status and output
each_call_fails() {
	local call=$1 number status_before
	for number in $(seq 1 40); do
		fault "$call" EIO "$number" "$LK_BIN/app_remove" -a gen
		grep -q INJECTED "$BATS_TEST_TMPDIR/strace" || break
		status_before=$status
		run app_list
		[ "$status" -eq 0 ]
		if [ "$output" = gen ]; then
			# nothing has changed, and it was not said to have
			[ "$status_before" -eq 1 ]
			expect 0 typ_list -f:
			lines_are gen:app
			expect 0 ins_list -f:
			[ "$(cut -d: -f4 <<<"$output")" = a ]
		else
			# all has changed; 1 only where it may not be durable yet
			[ -z "$output" ]
			[[ $status_before == [01] ]]
			expect 0 typ_list
			lines_are
		fi
		expect 0 flg_create -f next
		expect 0 flg_remove -f next
		[ ! -e "$LKROOT/config/journal" ]
		app_create -a gen || :
		typ_create -a gen -r app || :
		run ins_create -a gen -r app -t a -i a
	done
	[ "$number" -gt 2 ]
	[ "$number" -lt 40 ]
}

@test "any write that fails in a large transaction gives all or nothing" {
	need_strace
	ins_create -a gen -r app -t a -i a
	each_call_fails write
}

@test "any fsync that fails in a large transaction gives all or nothing" {
	need_strace
	ins_create -a gen -r app -t a -i a
	each_call_fails fsync
}

@test "any rename that fails in a large transaction gives all or nothing" {
	need_strace
	ins_create -a gen -r app -t a -i a
	each_call_fails renameat
}

@test "any open that fails in a large transaction gives all or nothing" {
	need_strace
	ins_create -a gen -r app -t a -i a
	each_call_fails openat
}

@test "any unlink that fails in a large transaction gives all or nothing" {
	need_strace
	ins_create -a gen -r app -t a -i a
	local number
	for number in 1 2; do
		fault unlinkat EIO "$number" "$LK_BIN/app_remove" -a gen
		[ "$status" -eq 0 ]
		expect 0 app_list
		lines_are
		expect 0 flg_create -f next
		expect 0 flg_remove -f next
		[ ! -e "$LKROOT/config/journal" ]
		app_create -a gen
		typ_create -a gen -r app
	done
}

@test "a data file whose change is cut short has the mode it had" {
	need_root
	need_strace
	local file=$LKROOT/subsys/gen/resources/app/list.a
	ins_create -a gen -r app -t a -i a1
	echo 'use a here' >"$file"
	chmod 604 "$file"
	# killed when the journal is to be removed: everything is in place
	run strace -o /dev/null -e trace=unlinkat -e inject=unlinkat:signal=KILL:when=2 \
		"$LK_BIN/lk_chg_value" -o a -n b
	[ "$status" -eq 137 ]
	expect 0 flg_create -f next
	[ "$(cat "${file%.a}.b")" = 'use b here' ]
	[ "$(stat -c %a "${file%.a}.b")" = 604 ]
}

@test "a full disk changes nothing in a value change, a repair, a removal or a lock" {
	in_small_tmpfs '
		app_create -a gen && typ_create -a gen -r app || exit 10
		ins_create -a gen -r app -t a -i a1 && ins_create -a gen -r app -t b -i b1 || exit 11
		dep_create -p a -c b && flg_create -f "!action!4194303!1!$(uname -n):x" || exit 12
		dd if=/dev/zero of=$LKROOT/fill bs=1k 2>/dev/null
		before=$(ins_list; dep_list; flg_list)
		for command in "lk_chg_value -o a -n c" "lcdcheck -r" "ins_remove -G -R a" \
			"getlocks -a $(uname -n) -i x -l $LKROOT/lock -p 1"; do
			error=$($command 2>&1); [ $? -eq 1 ] || exit 13
			[[ $error == *"No space left on device"* ]] || exit 14
			[ "$(ins_list; dep_list; flg_list)" = "$before" ] || exit 15
			[ -z "$(find $LKROOT -name "*.new" -o -name journal -o -name lock.tmp)" ] || exit 16
		done
		rm $LKROOT/fill
		lcdcheck -r && lk_chg_value -o a -n c && ins_remove -G -R c || exit 17
		getlocks -a $(uname -n) -i x -l $LKROOT/lock -p 1 || exit 18'
}
