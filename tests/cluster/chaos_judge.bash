# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Was there a reason for what a round of tests/cluster/chaos has changed?
# shellcheck disable=SC2004,SC2030,SC2031,SC2034,SC2153,SC2154	# names of associative arrays, and what the other files read or set

# Scripts that failed as they were told in this round: their hierarchies may be down until an operator helps.
find_failed() {
	local tag
	for tag in "${TAGS[@]}"; do
		FAILED[$tag]=''
	done
	while read -r _ _ tag _; do
		[ "$tag" = - ] || FAILED[$tag]=1
	done < <(tail -n "+$mark" "$SHARED/journal" | grep -E ' (restore|remove) (fails|interrupted)$')
}

last_on() {	# TAG: the node that brought it in service last in this round
	tail -n "+$mark" "$SHARED/journal" | awk -v tag="$1" '$3 == tag && $4 == "restore" && NF == 4 { node = $2 }
		END { print node ? node : "none" }'
}

# In this round it started, and a node from which it learns who was stopped in order failed before it could.
had_no_time() {	# NODE
	tail -n "+$mark" "$SHARED/journal" | awk -v node="$1" '$2 == node && $4 == "boot" { boot = $1 }
		boot && $2 != node && $4 ~ /^(off|fell|pause|killall|kidkill|part|rift|mute|deaf|lkstop)$/ && $1 - boot < 10 { found = 1 }
		END { exit !found }'
}

# May what is wanted in service be out of service for a good reason, or the other way round?
excused() {	# TAG
	local tag h before=${BEFORE[$1]}
	hierarchy_of "$1"
	[ -z "${KIND[op-$h]:-}" ] || return 0
	for tag in ${TREE[$h]}; do
		[ -z "${FAILED[$tag]}" ] || return 0
	done
	if [ "${WANT[$1]}" = down ]; then
		[ -n "${KIND[start]:-}" ] && { [ "${INIT[$h]}" = AUTORES_ISP ] || had_no_time "${HOLDER[$1]}"; }
		return
	fi
	# taken out of service with its node, maybe one that had just taken it over, or not started with it
	[ -n "${KIND[stop-${before:-none}]:-}" ] || [ -n "${KIND[stop-$(last_on "$1")]:-}" ] ||
		{ [ "${INIT[$h]}" = INIT_OSU ] && [ -n "${KIND[start]:-}" ]; }
}

judge() {
	local tag holder
	for tag in "${TAGS[@]}"; do
		holder=${HOLDER[$tag]}
		case ${WANT[$tag]} in
		up)
			[ -n "$holder" ] || excused "$tag" || complain "$tag can run and does not (it ran on ${BEFORE[$tag]:-no node})"
			[ -z "$holder" ] || [ "$holder" = "${BEFORE[$tag]}" ] || excused "$tag" || moved "$tag"
			;;
		down) [ -z "$holder" ] || excused "$tag" || complain "$tag was stopped and runs on $holder" ;;
		esac
	done
}

# It runs elsewhere: has anybody given a reason? A start, and lcm's own, brings back what switches back, and
# what an operator left half in service.
moved() {	# TAG
	local before=${BEFORE[$1]} h tag
	hierarchy_of "$1"
	[ -z "${KIND[off-$before]:-}${KIND[stop-$before]:-}${KIND[part]:-}" ] || return 0
	if [ -n "${KIND[start]:-}${KIND[switch]:-}" ]; then
		[ -z "${SWITCHES[$h]:-}" ] || return 0
		for tag in ${TREE[$h]}; do
			[ "${WANT[$tag]}" != down ] || return 0
		done
	fi
	complain "$1 moved from $before to ${HOLDER[$1]} for no reason"
}

# A refusal by the storage ends when the others have been silent there for long enough.
repaired() {	# NODE TAG -> $code
	timeout 300 "$home/lab" run "$1" perform_action -t "$2" -a restore >"$SHARED/op" 2>&1
	code=$?
	[ $code -ne 3 ] || ! storage_mode
}

# What is neither here nor there: an operator restores it, and that must help.
repair() {
	local tag h node code fixed='' left=''
	for tag in "${TAGS[@]}"; do
		hierarchy_of "$tag"
		node=${BROKEN[$tag]}
		[ -n "$node" ] || { [ -z "${HOLDER[$tag]}" ] && [ "${OWNER[$tag]}" != - ]; } || continue
		[ "${STATUS[${OWNER[$tag]:-alpha}]}" = run ] || [ -n "$node" ] || continue	# waits for its node
		[[ " $fixed " != *" $h "* ]] || continue
		fixed+=" $h"
		node=${node:-$(running | head -n 1)}
		say "  repair: restore $tag on $node"
		code=3
		wait_until $((takeover / 1000 + 1)) repaired "$node" "$tag"
		if [ $code -eq 9 ] && doubtful; then
			left+=" $h"
		elif [ $code -ne 0 ]; then
			complain "repair: restore $tag on $node says $code: $(<"$SHARED/op")"
		fi
	done
	[ -n "$fixed" ] || return 0
	settle "$SETTLE"
	find_failed
	check_all
	for tag in "${TAGS[@]}"; do
		hierarchy_of "$tag"
		[[ " $fixed " != *" $h "* || " $left " == *" $h "* ]] || [ -n "${HOLDER[$tag]}" ] || complain "repair: $tag does not run"
		[ -z "${BROKEN[$tag]}" ] || complain "repair: $tag runs, and ${BROKEN[$tag]} does not say so"
	done
}

# Nobody has it. It is to stay so, unless its node lost power while the others were busy: they may see to it yet.
wanted() {	# TAG
	case ${OWNER[$1]} in
	'' | -) echo down ;;
	*) [ "${STATUS[${OWNER[$1]}]}" = stopped ] && echo down || echo any ;;
	esac
}

conclude() {
	local tag
	for tag in "${TAGS[@]}"; do
		WANT[$tag]=up
		[ -n "${HOLDER[$tag]}" ] || WANT[$tag]=$(wanted "$tag")
		BEFORE[$tag]=${HOLDER[$tag]}
	done
}

# From a power cut to the last restore, where nothing else happened.
measure() {
	local times gap
	[ -z "$quorum" ] || { measure_quorum; return; }
	[[ -n ${KIND[*]:-} && "${!KIND[*]}" == off-* && $nsteps -eq 1 ]] || return 0
	times=$(tail -n "+$mark" "$SHARED/journal" | awk '$4 == "off" { off = $1 } $4 == "restore" { last = $1 }
		END { if (off && last) printf "%s %s %d", off, last, (last - off) * 1000 }')
	[ -n "$times" ] || return 0
	gap=${times##* } recoveries=$((recoveries + 1))
	say "  failover took $gap ms"
	[ "$gap" -le "$longest" ] || longest=$gap
	# shellcheck disable=SC2086	# two numbers
	gap=$(ticks_between ${times% *})
	[ "$gap" -le "$GAP" ] || complain "failover took $gap ticks"
}
