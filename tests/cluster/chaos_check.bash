# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What must be true of the cluster of tests/cluster/chaos after every step, and after every round.
# shellcheck disable=SC2004,SC2034,SC2153,SC2154	# names of associative arrays, and what the other files read or set

check_never() {
	[ ! -s "$SHARED/violations" ] || complain "two owners: $(<"$SHARED/violations")"
}

# Post scripts are due whose operation could not have the cluster's lock, since another one's lcm was gone: one
# command helps, as documented.
end_globals() {	# NODE FLAG
	[[ "${!KIND[*]}" == *op-* && $nsteps -gt 1 ]] || complain "$1: flag $2 is left behind" || return
	say "  repair: lcdrecover -G ${2#!} on $1"
	lab run "$1" lcdrecover -G "${2#!}" </dev/null >"$SHARED/op" 2>&1 || complain "$1: lcdrecover -G ${2#!}: $(<"$SHARED/op")"
}

# After a partition it may be here and no longer at home: then, too, the next to take it removes it.
is_dropped() {	# NODE
	[ -n "$quorum" ] && ! grep -q "^flag !action!.*!$1:" "$SHARED/see/$1"
}

check_node() {	# NODE
	local flag
	! grep '^check .*\[problem' "$SHARED/see/$1" >"$SHARED/found" || complain "$1: lcdcheck: $(<"$SHARED/found")"
	while read -r _ flag; do
		case $flag in
		'!nofailover!'*) [ "${STATUS[${flag##*!}]}" != run ] || complain "$1: flag $flag is left behind" ;;
		# nobody waits for a dead system's lock, and the next to take the lock removes it
		'!action!'*) flag=${flag#'!action!'*!*!} flag=${flag%%:*}
			[ "${STATUS[$flag]:-run}" != run ] || is_dropped "$flag" || complain "$1: a lock of $flag is left behind" ;;
		# its node was ended meanwhile: what follows the action is owed until the next one
		'!restore' | '!remove' | '!delete') [ -n "$quorum" ] || end_globals "$1" "$flag" ;;
		# a remove failed as it was told: it may still run there, until a script says otherwise
		'!stuck!'*) [ -n "${FAILED[${flag#'!stuck!'}]:-}" ] || complain "$1: flag $flag is left behind" ;;
		# kept until all have been told that it is no longer so
		'!held!'*) [ "$(running | wc -l)" -lt "$N" ] || complain "$1: flag $flag is left behind" ;;
		'!'*) complain "$1: flag $flag is left behind" ;;
		esac
	done < <(grep '^flag ' "$SHARED/see/$1")
}

# Who says that it has the resource's process, and is there one such node?
check_single() {	# TAG
	local node nodes=()
	for node in $(running); do
		! grep -q "^hold $1\$" "$SHARED/see/$node" || nodes+=("$node")
	done
	[ ${#nodes[@]} -le 1 ] || complain "$1 runs on ${nodes[*]}"
}

check_records() {
	local node first=''
	for node in $(running); do
		grep '^epoch ' "$SHARED/see/$node" >"$SHARED/epoch.$node"
		first=${first:-$node}
		diff "$SHARED/epoch.$first" "$SHARED/epoch.$node" >"$SHARED/found" ||
			complain "records of $first and $node differ: $(grep '^[<>]' "$SHARED/found" | paste -sd' ')"
	done
}

# States, records and locks tell the same. -> OWNER, and BROKEN for what only an operator can help
check_tag() {	# TAG
	local tag=$1 node state holder=${HOLDER[$1]}
	OWNER[$tag]=''
	for node in $(running); do
		state=$(fact "$node" "ins $tag \([^ ]*\) .*" '\1')
		OWNER[$tag]=$(fact "$node" "epoch $tag [^ ]* \(.*\)" '\1')
		if [ "$node" = "$holder" ] && [ "$state" != ISP ]; then
			[ -n "${FAILED[$tag]}" ] || complain "$tag runs on $node, which says $state"
			BROKEN[$tag]=$node
		elif [ "$node" != "$holder" ] && [[ $state == IS* ]]; then
			complain "$tag does not run on $node, which says $state (it runs on ${holder:-no node})"
		fi
	done
	[ -z "$holder" ] || [ "${STATUS[$holder]}" != run ] || [ -n "${BROKEN[$tag]}" ] ||
		[ "${OWNER[$tag]}" = "$holder" ] ||
		complain "$tag runs on $holder, and the record says ${OWNER[$tag]:-nothing}"
}

check_all() {
	local node tag
	check_never
	for node in $(running); do
		check_node "$node"
	done
	check_records
	find_holders
	for tag in "${TAGS[@]}"; do
		BROKEN[$tag]=''
		check_single "$tag"
		check_tag "$tag"
	done
}
