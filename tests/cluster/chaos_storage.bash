# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What tests/cluster/chaos --quorum storage has besides: the storage, a directory that all nodes see, and its faults.
# shellcheck disable=SC2004,SC2034,SC2153,SC2154	# names of associative arrays, and what the other files read or set

storage_mode() { [ "$quorum" = storage ]; }

# The shortest times that there are. The tunables of the heartbeats may not be longer.
storage_tunables() {
	storage_settings "$LAB_DIR/chaos/store" "${NODES[@]}" 
	printf '%s\n' "LCMHBEATTIME=$INTERVAL" "LCMNUMHBEATS=$MISSES"
}

storage_init() {
	local node jobs=() job
	storage_mode || return 0
	for node in "${NODES[@]}"; do
		# until its paths are alive
		wait_until 60 lab run "$node" qwk_storage_init >"$SHARED/init.$node" 2>&1 </dev/null &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do
		wait "$job" || { cat "$SHARED"/init.*; return 1; }
	done
}

# A start before the mode has begun has started nothing.
storage_bring_in() {
	local k h
	storage_mode || return 0
	for ((k = 1; k <= N; k++)); do
		for h in 1 2 3; do
			[ "$(chaos__priority "$k" "$h")" -ne 1 ] ||
				wait_until 60 lab run "${NODES[k - 1]}" perform_action -t "app$h" -a restore || return
		done
	done
}

# All nodes have it again, and its daemon goes on.
storage_mend() {
	local node
	storage_mode || return 0
	for node in "${NODES[@]}"; do
		# shellcheck disable=SC2016	# for the node
		! lab alive "$node" || lab sh "$node" 'pkill -9 -x stuckdir; pkill -CONT -x lkqwk
			while mountpoint -q "$1"; do umount -l "$1"; done' "$SHARED/store" </dev/null || :
	done
	touch "$SHARED/mended"
}

# A lease may yet end for want of the storage until the node has written there again.
storage_look() {
	# shellcheck disable=SC2016	# for the node
	printf '\n[ "%s/store/$(uname -n)" -nt "%s/mended" ] || echo "busy storage"' "$LAB_DIR/chaos" "$LAB_DIR/chaos"
}

# May a restore be refused since a node that is down has not been silent on the storage for long enough?
is_awaited() {
	storage_mode && [ "$(running | wc -l)" -lt "$N" ]
}

# --- Steps ---

# Something else is mounted there: no object is found.
do_nostore() {	# NODE MS
	mark "$1" nostore
	! lab alive "$1" || lab run "$1" mount -t tmpfs none "$SHARED/store"
	do_wait "$2"
}

# Whoever opens an object there waits for so long; more than 5 s is a storage that does not answer.
do_slowstore() {	# NODE DELAY MS
	mark "$1" "slowstore $2"
	if lab alive "$1"; then
		lab run "$1" mount --bind "$SHARED/store" "$SHARED/store"
		lab spawn "$1" "$LAB_TOOLS/stuckdir" "$SHARED/store" "$2"
	fi
	do_wait "$3"
}

# Neither network nor storage
do_alone() {	# NODE MS
	KIND[part]=1
	mark "$1" alone
	lab cut "$1"
	do_nostore "$1" "$2"
}

do_qwkkill() { lab sh "$1" 'pkill -9 -x lkqwk' || :; }	# NODE

do_qwkhang() {	# NODE MS
	lab sh "$1" 'pkill -STOP -x lkqwk' || :
	do_wait "$2"
}

storage_kinds() {
	! storage_mode || kinds+=(nostore nostore nostore slowstore slowstore slowstore alone alone alone alone qwkkill qwkhang
		boot boot boot boot boot boot off off)
}

storage_choose() {	# KIND -> $choice
	case $1 in
	qwkkill) return ;;
	slowstore) pick 300 1500 3000 600000; choice+=" $r" ;;
	alone) pick 4000 12000 18000 35000; choice+=" $r"; return ;;
	esac
	pick 1000 6000 12000 20000
	choice+=" $r"
}
