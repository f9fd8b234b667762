# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Which steps tests/cluster/chaos does: by the seed alone, or as a file says.
# shellcheck disable=SC2004,SC2030,SC2031,SC2034,SC2153,SC2154	# names of associative arrays, and what the other files read or set

rnd() {	# N -> $r: 0 ... N-1, by the seed alone
	state=$(((state * 1103515245 + 12345) & 0x7fffffff))
	r=$(((state >> 8) % $1))
}

pick() {	# WORD... -> $r
	rnd $#
	shift "$r"
	r=$1
}

nodes_that() {	# STATUS... -> $nodes
	nodes=()
	local node
	for node in "${NODES[@]}"; do
		[[ " $* " != *" ${STATUS[$node]} "* ]] || nodes+=("$node")
	done
}

busy_node() {	# NODE: is a step in the background working there?
	[[ " ${BUSY[*]:-} " == *" $1 "* ]]
}

# Does another node run?
others_stay() {	# NODE
	local other
	for other in "${nodes[@]}"; do
		[ "$other" = "$1" ] || return 0
	done
	return 1
}

# A step that makes sense now -> $choice; 1: not this one
choose() {
	local nodes node r amp='' kind kinds=()
	[ -z "$quorum" ] || quorum_kinds
	storage_kinds
	pick ${kinds[@]+"${kinds[@]}"} off off boot boot boot reboot pause pauseoff cut cut loss blip lcmkill netkill initkill fail slow slow \
		restore restore restore restore remove remove lkstop lkstart lkstart stopf setas
	kind=$r
	case $kind in
	boot) nodes_that off ;;
	lkstart) nodes_that stopped ;;
	off) nodes_that run stopped ;;
	*) nodes_that run ;;
	esac
	[ ${#nodes[@]} -gt 0 ] || return
	pick "${nodes[@]}"
	node=$r
	nodes_that run
	! busy_node "$node" || [ "$kind" = off ] || return
	case $kind in
	off | pauseoff | lkstop | reboot) [ "${STATUS[$node]}" != run ] || others_stay "$node" || return ;;
	esac
	case $kind in
	stopf) [ -z "${KIND[start]:-}${KIND[ops]:-}" ] || return; [ -z "$quorum" ] || [ "$nsteps" -eq 1 ] || return ;;
	restore | remove | boot | lkstart | reboot) [ -z "${KIND[stopf]:-}" ] || return ;;
	esac
	choice="$kind $node"
	rnd 100
	case $kind in
	pause) pick 200 400 1000 2500; choice+=" $r" ;;
	pauseoff) pick 100 300 1000; choice+=" $r" ;;
	part | rift | mute | deaf | killall | kidkill | hang | step) quorum_choose "$kind" "$node" || return ;;
	nostore | slowstore | alone | qwkkill | qwkhang) storage_choose "$kind" ;;
	cut) choice+=" $net" ;;
	loss) choice="loss 30 $node $net" ;;
	blip) choice+=' 150' ;;
	stopf) pick 100 1000 3000; choice+=" $r" ;;
	fail) pick restore remove; choice+=" $r" ;;
	slow) pick restore remove; choice+=" $r"; pick 0.3 1 2; choice+=" $r" ;;
	setas) pick "${HIERARCHIES[@]}"; choice+=" $r"; pick AUTOMATIC INTELLIGENT; choice+=" $r" ;;
	restore | remove)
		[ "$r" -ge 40 ] || amp=' &'
		pick "${TAGS[@]}"
		choice+=" $r$amp"
		KIND[ops]=1
		;;
	lkstop | boot) [ "$r" -ge 30 ] || amp=' &'; choice+=$amp ;;
	esac
	[ -z "$amp" ] || BUSY+=("$node")
}

choose_round() {
	local r choice net
	pick 1 1 1 2 2 2 3 3
	nsteps=$r
	BUSY=()
	pick net1 net2
	net=$r		# of each pair of nodes the other one stays
	for ((i = 0; i < nsteps; i++)); do
		until choose; do :; done
		# shellcheck disable=SC2086	# words
		step $choice
		pick 0 50 200 500 700 1000 1500 2000
		step wait "$r"
	done
}

read_round() {
	local line
	nsteps=0
	while read -r line <&5; do
		[ "$line" != settle ] || return 0
		[ "$line" != fresh ] || continue
		[[ $line == wait* ]] || nsteps=$((nsteps + 1))
		# shellcheck disable=SC2086
		step $line
	done
	[ "$nsteps" -gt 0 ]
}
