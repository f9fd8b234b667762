# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A lab whose nodes form a cluster: key, comm paths between all of them on every network, lcm running. Load it
# after lab.bash.
#
#	cluster_up [-n NETS] [-c] N	nodes and lcm, as lab up; all see each other ALIVE
#	on NODE COMMAND...	run there
#	lcm_start NODE, lcm_stop NODE, lcm_kill NODE
#	state_is NODE SYSTEM STATE	does NODE see SYSTEM so?
#	logged NODE TEXT	is the text in its log?
#	unlogged NODE TEXT	is it not?
#	forget NODE...		empty their logs
#	handler NODE EVENT [TEXT]	note "EVENT SYSTEM" in $LKROOT/tmp/events there, after the commands of TEXT

: "${INTERVAL:=0.2}" "${MISSES:=3}"

on() {	# NODE COMMAND...
	lab run "$@"
}

lcm_start() {	# NODE
	lab spawn "$1" lcm -f
}

lcm_pid() {	# NODE
	on "$1" pgrep -o -x lcm
}

lcm_stop() {	# NODE
	on "$1" pkill -o -x lcm
	wait_until 10 lcm_gone "$1"
}

lcm_kill() {	# NODE
	on "$1" pkill -KILL -o -x lcm
	wait_until 10 lcm_gone "$1"
}

lcm_gone() {	# NODE
	! on "$1" pgrep '^lcm' >/dev/null
}

state_is() {	# NODE SYSTEM STATE
	[ "$(on "$1" sys_getst -s "$2")" = "$3" ]
}

# The field N of net_list's lines, joined by blanks: paths NODE SYSTEM N
paths() {
	on "$1" net_list -f, -s "$2" | cut -d, -f "$3" | paste -sd ' '
}

paths_are() {	# NODE SYSTEM STATE...
	local node=$1 system=$2
	shift 2
	[ "$(paths "$node" "$system" 7)" = "$*" ]
}

log_of() {	# NODE
	echo "$(lab root "$1")/out/lifekeeper.log"
}

logged() {	# NODE TEXT
	grep -qF -- "$2" "$(log_of "$1")"
}

unlogged() {	# NODE TEXT
	if logged "$1" "$2"; then
		echo "$1 has logged: $2"
		return 1
	fi
}

forget() {	# NODE...
	local node
	for node; do
		: >"$(log_of "$node")"
		rm -f "$(lab root "$node")/tmp/events"
	done
}

handler() {	# NODE EVENT [TEXT]
	local dir
	dir=$(lab root "$1")/events/lifekeeper/$2
	mkdir -p "$dir"
	cat >"$dir/noted" <<-END
		#!/bin/bash
		while getopts C:E:m:n:s:wA opt; do
			[ \$opt != n ] || system=\$OPTARG
		done
		$3
		echo "$2 \$system" >>"\$LKROOT/tmp/events"
	END
	chmod 755 "$dir/noted"
}

events() {	# NODE
	cat "$(lab root "$1")/tmp/events" 2>/dev/null || :
}

events_are() {	# NODE LINE...
	local node=$1
	shift
	[ "$(events "$node")" = "$(printf '%s\n' "$@")" ]
}

# One node's end of the comm path to another on a network.
path_to() {	# NODE SYSTEM NET
	on "$1" net_create -s "$2" -n TCP -l "$(lab addr "$1" "net$3")" -r "$(lab addr "$2" "net$3")" \
		-D "TCP:$(port_of "$1" "$2" "$3")" -i "$INTERVAL" -m "$MISSES"
}

# Both ends of a path have the same port, and each port is used once on a node.
port_of() {	# NODE SYSTEM NET
	local a b
	a=$(lab addr "$1" net1) b=$(lab addr "$2" net1)
	a=${a##*.} b=${b##*.}
	echo $((1500 + 10 * (a * b * 4 + $3)))
}

cluster_up() {
	local nets=2 clock=() nodes node other net
	[ "$1" != -n ] || { nets=$2; shift 2; }
	[ "$1" != -c ] || { clock=(-c); shift; }
	lab up -n "$nets" "${clock[@]}" "$1"
	read -ra nodes <"$LAB_DIR/.lab/nodes"
	on "${nodes[0]}" lkkey create >/dev/null
	for node in "${nodes[@]}"; do
		[ "$node" = "${nodes[0]}" ] ||
			cp -p "$(lab root "${nodes[0]}")/etc/lkkey" "$(lab root "$node")/etc/lkkey"
		for other in "${nodes[@]}"; do
			[ "$node" != "$other" ] || continue
			for ((net = 1; net <= nets; net++)); do
				path_to "$node" "$other" "$net"
			done
		done
		lcm_start "$node"
	done
	for node in "${nodes[@]}"; do
		for other in "${nodes[@]}"; do
			wait_until 20 state_is "$node" "$other" ALIVE
		done
	done
}
