# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests of kits have in common: a tree with kits in it, and the tests that every kit must
# pass. A kit's bats file loads this, sets KIT (app/type), TAG and ID, defines
#
#	kit_is_up	does the service run?
#
# and calls the standard_* functions from tests of its own. All run under each of $KIT_SHELLS.

load ../helpers/tree

KIT_SHELLS=${KIT_SHELLS:-dash bash}
KIT_EXEC=()	# what actions and programs run by, for instance in a namespace; must exec them
export LK_GRACE=0.3

# A tree with the libraries and these kits, registered: kit_tree APP/TYPE...
kit_tree() {
	local kit
	f0
	lk_install "$LKROOT"
	for kit; do
		kit_install "$LKROOT" "$kit"
		kit_register "$kit"
	done
	kit_shell="${KIT_SHELLS%% *}"
}

kit_register() {	# APP/TYPE
	app_list -f: | grep -qx "${1%/*}" || app_create -a "${1%/*}"
	typ_create -a "${1%/*}" -r "${1#*/}"
}

lk_install() {	# ROOT
	ln -sfn "$LK_BIN" "$1/bin"
	mkdir -p "$1/lib"
	cp "$LK_SRC"/lib/lk-kit.sh "$LK_SRC"/lib/lk-create.sh "$LK_BUILD/lib/lk-exit.sh" "$1/lib/"
}

kit_install() {	# ROOT APP/TYPE
	local from=$LK_SRC/subsys/${2%/*}/resources/${2#*/}
	mkdir -p "$1/subsys/${2%/*}/resources/${2#*/}" "$1/lkadm/subsys/$2"
	find "$from" -maxdepth 1 ! -path "$from" ! -name Makefile.inc ! -name bin ! -name templates \
		-exec cp -r -t "$1/subsys/${2%/*}/resources/${2#*/}" {} +
	[ ! -d "$from/bin" ] || cp -r "$from/bin" "$1/lkadm/subsys/$2/"
}

# Run an action of the kit as perform_action does: action NAME [ARGUMENT...]
action() {
	local name=$1
	shift
	"${KIT_EXEC[@]}" "$kit_shell" "$LKROOT/subsys/${KIT%/*}/resources/${KIT#*/}/actions/$name" \
		-t "$TAG" -i "$ID" "$@"
}

# Run a program of the kit: program NAME [OPTION...]
program() {
	local name=$1
	shift
	"${KIT_EXEC[@]}" "$kit_shell" "$LKROOT/lkadm/subsys/$KIT/bin/$name" "$@"
}

each_shell() {	# FUNCTION...
	for kit_shell in $KIT_SHELLS; do
		"$@" || {
			echo "under $kit_shell"
			tail -n 20 "$LKROOT/out/lifekeeper.log"
			return 1
		}
	done
}

logged() {	# TEXT
	grep -qF -- "$1" "$LKROOT/out/lifekeeper.log" || {
		echo "not in the log: $1"
		cat "$LKROOT/out/lifekeeper.log"
		return 1
	}
}

# ---- programs that fail ----

# Stand-ins come first in PATH.
stub() {	# PROGRAM SHELL-TEXT
	mkdir -p "$BATS_TEST_TMPDIR/stub"
	printf '#!/bin/sh\n%s\n' "$2" >"$BATS_TEST_TMPDIR/stub/$1"
	chmod 755 "$BATS_TEST_TMPDIR/stub/$1"
	case $PATH in
	"$BATS_TEST_TMPDIR/stub:"*) ;;
	*) PATH=$BATS_TEST_TMPDIR/stub:$PATH ;;
	esac
}

unstub() {
	rm -f "$BATS_TEST_TMPDIR/stub/$1"
}

# A program that never ends and does not heed TERM; $BATS_TEST_TMPDIR/hangs has the pids.
stub_hang() {	# PROGRAM
	stub "$1" "trap '' TERM; echo \$\$ >>'$BATS_TEST_TMPDIR/hangs'; while :; do sleep 0.2; done"
}

# Nobody of the hanging ones is left.
none_hangs() {
	local pid
	while read -r pid; do
		[ ! -e "/proc/$pid/stat" ] || grep -q ') Z' "/proc/$pid/stat" || return 1
	done <"$BATS_TEST_TMPDIR/hangs"
}

# All programs of this machine but one: without PROGRAM COMMAND...
without() {
	local missing=$1 dir=$BATS_TEST_TMPDIR/without
	shift
	rm -rf "$dir"
	mkdir -p "$dir"
	cp -sf /usr/bin/* /usr/sbin/* "$LKROOT"/bin/* "$dir/" 2>/dev/null
	rm -f "${dir:?}/$missing"
	PATH=$dir "$@"
}

# ---- the standard tests ----

double_restore() {
	expect 0 action restore && expect 0 action restore && kit_is_up && expect 0 action remove
}
standard_double_restore() { each_shell double_restore; }

double_remove() {
	expect 0 action restore && expect 0 action remove && expect 0 action remove && ! kit_is_up
}
standard_double_remove() { each_shell double_remove; }

# A check without its tool cannot tell, any other action fails: standard_missing_tool TOOL ACTION...
missing_tool() {
	local tool=$1 name code
	shift
	for name; do
		code=1
		case $name in *Check) code=2 ;; esac
		expect "$code" without "$tool" action "$name" || return
		logged "the program $tool is not installed" || return
	done
}
standard_missing_tool() { each_shell missing_tool "$@"; }

# standard_hanging TOOL ACTION CODE: the action ends with CODE, and with it the tool.
hanging() {
	: >"$BATS_TEST_TMPDIR/hangs"
	stub_hang "$1"
	expect "$3" action "$2" || return
	[ -s "$BATS_TEST_TMPDIR/hangs" ] || {
		echo "$1 was not called"
		return 1
	}
	wait_until 5 none_hangs || return
	unstub "$1"
}
standard_hanging() { each_shell hanging "$@"; }

wrong_call() {
	local file
	for file in "$LKROOT/subsys/${KIT%/*}/resources/${KIT#*/}/actions"/*; do
		expect 2 "$kit_shell" "$file" || return
		expect 2 "$kit_shell" "$file" -i "$ID" || return
	done
	for file in "$LKROOT/lkadm/subsys/$KIT/bin"/*; do
		expect 2 "$kit_shell" "$file" --nosuch x || return
		expect 2 "$kit_shell" "$file" stray || return
		expect 2 "$kit_shell" "$file" --tag || return
		expect 2 "$kit_shell" "$file" || return
	done
}
standard_wrong_call() { each_shell wrong_call; }

# standard_killed TOOL ACTION: killed while TOOL runs, the action can be run again and works.
killed() {
	: >"$BATS_TEST_TMPDIR/hangs"
	stub_hang "$1"
	"${KIT_EXEC[@]}" setsid "$kit_shell" \
		"$LKROOT/subsys/${KIT%/*}/resources/${KIT#*/}/actions/$2" -t "$TAG" -i "$ID" 3>&- &
	local pid=$!
	wait_until 20 test -s "$BATS_TEST_TMPDIR/hangs" || return
	kill -KILL -- "-$pid"
	# a tool in a group of its own is left; it must not spoil the second run
	xargs -r kill -KILL <"$BATS_TEST_TMPDIR/hangs" 2>/dev/null || :
	unstub "$1"
	expect 0 action "$2" || return
	case $2 in
	remove) ! kit_is_up ;;
	*) kit_is_up && expect 0 action remove ;;
	esac
}
standard_killed() { each_shell killed "$@"; }

# ---- a second system ----

# A tree of system beta beside that of alpha, reached by lcdremexec, lcdrcp and -d beta: stand-ins
# for the transport, which the cluster tests use for real.
kit_peer() {	# APP/TYPE...
	local kit
	PEER=$BATS_TEST_TMPDIR/beta
	cp -r "$LKROOT" "$PEER"
	rm -rf "${PEER:?}/bin"
	ln -s "$LKROOT/bin" "$PEER/bin"
	sed -i "s/^alpha\tlocal/beta\tlocal/" "$PEER/config/sys"
	sys_create -s beta
	LKROOT=$PEER sys_create -s alpha
	peer_commands
	for kit; do [ -d "$PEER/lkadm/subsys/$kit" ] || kit_install "$PEER" "$kit"; done
}

# shellcheck disable=SC2016
peer_commands() {
	local name
	export LK_REAL_BIN=$LK_BIN PEER
	for name in ins_create ins_list ins_remove dep_create eqv_list lk_quorum; do
		stub "$name" 'prog=${0##*/}
		if [ "$1 $2" = "-d beta" ]; then shift 2; LKROOT=$PEER exec "$LK_REAL_BIN/$prog" "$@"; fi
		exec "$LK_REAL_BIN/$prog" "$@"'
	done
	stub eqv_create '"$LK_REAL_BIN/eqv_create" "$@" --local-only || exit
		while [ $# -gt 0 ]; do
			case $1 in
			-t) t=$2 ;; -p) p=$2 ;; -S) ;; -o) o=$2 ;; -r) r=$2 ;;
			esac
			shift
		done
		LKROOT=$PEER exec "$LK_REAL_BIN/eqv_create" -t "$o" -p "$r" -S alpha -o "$t" -r "$p" -e SHARED --local-only'
	stub lcdremexec '[ "$1 $2" != "-e -d" ] || shift
		[ "$2" = beta ] || exit 7
		shift 3
		cd "$PEER" && LKROOT=$PEER PATH=$LK_REAL_BIN:$PATH exec sh -c "$*"'
	stub lcdrcp 'for last; do :; done
		case $last in beta:*) ;; *) exit 9 ;; esac
		while [ $# -gt 1 ]; do cp -p "$1" "$PEER/${last#*:}" || exit 1; shift; done'
}
