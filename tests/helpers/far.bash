# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Other systems for a command test, as further trees on this machine, with fakelcm between them.
# Load it after tree.bash; the test's teardown calls far_end.

FAR_PIDS=()

# far SYSTEM...: make a tree for each, tell all of each other, and serve all but those in $DOWN.
far() {
	local name other root served=()
	export FAR=$BATS_TEST_TMPDIR
	for name; do
		mkdir -p "$FAR/$name"/{config,subsys,events,out,run,tmp,etc/default}
		on "$name" flg_create -f x
		on "$name" flg_remove -f x
		sed -i "s/^$(uname -n)\tlocal$/$name\tlocal/" "$FAR/$name/config/sys"
		sys_create -s "$name"
		on "$name" sys_create -s alpha
		[[ " ${DOWN:-} " == *" $name "* ]] || served+=("$name=$FAR/$name")
	done
	for name; do
		for other; do
			[ "$name" = "$other" ] || on "$name" sys_create -s "$other"
		done
	done
	served+=("alpha=$LKROOT" none=)
	for name in alpha "$@"; do
		root=$FAR/$name
		[ "$name" != alpha ] || root=$LKROOT
		"$LK_BIN/../tests/helpers/fakelcm" "$root" "${served[@]}" 3>&- &
		FAR_PIDS+=($!)
		wait_until 10 test -S "$root/run/lcm.sock"
	done
}

# Run a command on another system's tree.
on() {	# SYSTEM COMMAND...
	local LKROOT=$FAR/$1
	export LKROOT
	shift
	"$@"
}

# On that system an instance ip1 that is a copy of ip1 here.
far_ip1() {	# SYSTEM
	on "$1" app_create -a comm
	on "$1" typ_create -a comm -r ip
	on "$1" ins_create -a comm -r ip -t ip1 -i 10.0.0.10 -v eth0
}

# That system is ALIVE, but gives no report as long as run/silent is there in its tree.
far_silent() {	# SYSTEM
	mkdir -p "$FAR/$1/bin"
	# shellcheck disable=SC2016  # the stub expands it
	printf '#!/bin/sh\n[ ! -e "$LKROOT/run/silent" ] || exit 1\nexec "%s/lk_picture" "$@"\n' "$LK_BIN" \
		>"$FAR/$1/bin/lk_picture"
	chmod 755 "$FAR/$1/bin/lk_picture"
	: >"$FAR/$1/run/silent"
}

far_end() {
	local pid
	for pid in "${FAR_PIDS[@]}"; do
		kill "$pid" || :
		wait "$pid" || :
	done 2>/dev/null
	FAR_PIDS=()
}
