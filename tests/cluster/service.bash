# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016
# A lab whose nodes form a cluster that Lockkeeper runs on, with the hierarchy app1 -> ip1, vol1 of
# spec/core.md 9.0. Load it after lab.bash; it has the verbs of cluster.bash, too.
#
#	service_up N		nodes alpha, beta, ... with priorities 1, 10, 20, ...; everything out of service;
#				the lines of $TUNABLES are in the settings of each
#	state NODE TAG		its state there
#	states_are NODE TAG=STATE...
#	owner_is NODE TAG OWNER
#	journal NODE		what the actions there noted: "restore ip1"
#	action NODE TYPE ACTION [EXIT]	replace an action by one that exits so
#	started NODE		to be waited for: it is up, and Lockkeeper runs there, also after a quarantine
#	all_started NODE...	bring them back, and wait until they agree
#	all_removed NODE...	take everything out of service there
#	clear			empty all journals and logs
#	in_service_on NODE	restore app1 there
#	settled			do all living nodes agree, with nothing reserved and no event running?

# shellcheck source=tests/cluster/cluster.bash disable=SC1091
source "$LAB_HOME/cluster.bash"

NODES=(alpha beta gamma delta epsilon)

# The far ends of the paths of node number I among N nodes: one line per path.
service__paths() {	# I N
	local i=$1 k net pair
	for ((k = 1; k <= $2; k++)); do
		[ "$k" -ne "$i" ] || continue
		pair=$((i < k ? i * 10 + k : k * 10 + i))
		for net in 1 2; do
			printf 'net_create -s %s -n TCP -D TCP:%d -l 10.%d.0.%d -r 10.%d.0.%d -p %d -i %s -m %s\n' \
				"${NODES[k - 1]}" "$((1500 + 20 * pair + net))" "$net" "$i" "$net" "$k" "$net" \
				"$INTERVAL" "$MISSES"
		done
	done
}

service__types() {
	cat <<-'END'
		act() {	# APP/TYPE ACTION [EXIT]
			dir=$LKROOT/subsys/${1%/*}/resources/${1#*/}/actions
			mkdir -p "$dir"
			printf '#!/bin/sh\necho "%s $2" >>"$LKROOT/tmp/journal"\nexit %s\n' "$2" "${3:-0}" >"$dir/$2.new"
			chmod 755 "$dir/$2.new"
			mv "$dir/$2.new" "$dir/$2"
		}
		for type in comm/tip filesys/volume gen/tapp; do
			app_create -a "${type%/*}" 2>/dev/null
			typ_create -a "${type%/*}" -r "${type#*/}"
			for a in restore remove quickCheck deepCheck recover; do
				act "$type" "$a"
			done
		done
		ins_create -a comm -r tip -t ip1 -i 10.0.0.10 -Q 0 -D 0
		ins_create -a filesys -r volume -t vol1 -i /mnt/d1 -Q 0 -D 0
		ins_create -a gen -r tapp -t app1 -i app1id -Q 0 -D 0
		dep_create -p app1 -c ip1
		dep_create -p app1 -c vol1
	END
}

# The halves that node number I has.
service__equivalencies() {	# I N
	local i=$1 k tag own other
	own=$((i == 1 ? 1 : 10 * (i - 1)))
	for ((k = 1; k <= $2; k++)); do
		[ "$k" -ne "$i" ] || continue
		other=$((k == 1 ? 1 : 10 * (k - 1)))
		for tag in ip1 vol1 app1; do
			echo "eqv_create --local-only -t $tag -p $own -S ${NODES[k - 1]} -o $tag -r $other -e SHARED"
		done
	done
}

# Quorum by a majority: within how many seconds all must have stopped, how long the quarantine is, and with heartbeats of
# 0.2 s how many may be missed.
majority_settings() {	# [DEADLINE [QUARANTINE [MISSES]]]
	cat <<-END
		QUORUM_MODE=majority
		WITNESS_MODE=remote_verify
		QUORUM_LOSS_DEADLINE=${1:-4}
		QUORUM_QUARANTINE_SECS=${2:-3}
		QUORUM_LOSS_ACTION=osu
		LCMHBEATTIME=0.2
		LCMNUMHBEATS=${3:-3}
	END
}

# Quorum by files in a directory that the nodes share, alpha and beta if none are named, with the shortest times.
storage_settings() {	# DIRECTORY [NODE...]
	local share=$1 node
	shift
	[ $# -gt 0 ] || set -- alpha beta
	cat <<-END
		QUORUM_MODE=storage
		WITNESS_MODE=storage
		QWK_STORAGE_TYPE=file
		QWK_STORAGE_HBEATTIME=5
		QWK_STORAGE_NUMHBEATS=3
	END
	for node; do
		echo "QWK_STORAGE_OBJECT_$node=$share/$node"
	done
}

service_up() {	# N
	local i
	lab up "$1" || return
	on alpha lkkey create >/dev/null || return
	for ((i = 1; i <= $1; i++)); do
		[ "$i" -eq 1 ] || cp "$(lab root alpha)/etc/lkkey" "$(lab root "${NODES[i - 1]}")/etc/lkkey"
		{
			service__types
			service__paths "$i" "$1"
			service__equivalencies "$i" "$1"
			# shellcheck disable=SC2016  # the node expands it
			printf 'cat >>"$LKROOT/etc/default/LifeKeeper" <<-"END"\n%s\nEND\n' "${TUNABLES:-}"
		} >"$(lab root "${NODES[i - 1]}")/tmp/setup"
		lab sh "${NODES[i - 1]}" '. "$LKROOT/tmp/setup"' || return
	done
	for ((i = 1; i <= $1; i++)); do
		# nothing shall be started by the start itself: the tests do that
		lab sh "${NODES[i - 1]}" 'for t in ip1 vol1 app1; do ins_setit -t $t -I INIT_OSU; done; lkstart' || return
	done
	wait_until 120 settled || return
	for ((i = 1; i <= $1; i++)); do
		lab sh "${NODES[i - 1]}" 'for t in ip1 vol1 app1; do ins_setit -t $t -I AUTORES_ISP; done' || return
	done
	clear
}

living() {
	local node
	for node in $(<"$LAB_DIR/.lab/nodes"); do
		! lab alive "$node" || echo "$node"
	done
}

# Nothing runs that may change something, and all see each other.
node_is_settled() {	# NODE
	lab sh "$1" '! pgrep -x sendevent >/dev/null && ! pgrep -x perform_action >/dev/null &&
		! pgrep -x lcdavail >/dev/null && { [ ! -e "$LKROOT/run/late" ] || ! lk_quorum >/dev/null; } &&
		[ -z "$(ins_list -f: | awk -F: "\$10 != \"\"")" ] && lktest >/dev/null'
}

settled() {
	local node other
	for node in $(living); do
		node_is_settled "$node" || return
		for other in $(living); do
			[ "$(on "$node" sys_getst -s "$other")" = ALIVE ] || return
		done
	done
}

state() {	# NODE TAG
	on "$1" ins_list -f: -t "$2" | cut -d: -f7
}

states_are() {	# NODE TAG=STATE...
	local node=$1 have
	shift
	have=$(on "$node" ins_list -f: | cut -d: -f4,7 | tr ':\n' '= ')
	for pair; do
		[[ " $have" == *" $pair "* ]] || return
	done
}

owner_is() {	# NODE TAG OWNER
	[ "$(on "$1" lk_epoch -l -f: | awk -F: -v t="$2" '$1 == t { print $3 }')" = "$3" ]
}

journal() {	# NODE
	cat "$(lab root "$1")/tmp/journal" 2>/dev/null
}

action() {	# NODE TYPE ACTION [EXIT]
	lab sh "$1" '. "$LKROOT/tmp/act"; act "$@"' "$2" "$3" "${4:-0}"
}

clear() {
	local node
	for node in $(<"$LAB_DIR/.lab/nodes"); do
		: >"$(lab root "$node")/out/lifekeeper.log"
		: >"$(lab root "$node")/tmp/journal"
		service__types | sed '/^for type/,$d' >"$(lab root "$node")/tmp/act"
	done
}

# A node that could not stop in time was ended; a quarantine ends by itself.
started() {	# NODE
	lab alive "$1" || lab start "$1"
	on "$1" lktest >/dev/null || on "$1" lkstart 2>/dev/null
}

all_started() {	# NODE...
	local node
	for node; do
		wait_until 60 started "$node" || return
	done
	wait_until 60 settled
}

all_removed() {	# NODE...
	local node
	for node; do
		lab sh "$node" 'for t in ip1 vol1; do perform_action -t $t -a remove || exit; done' || return
	done
}

all_isp() {	# NODE
	states_are "$1" ip1=ISP vol1=ISP app1=ISP
}

none_isp() {	# NODE
	! on "$1" ins_list -f: | cut -d: -f7 | grep -q 'IS[PU]'
}

in_service_on() {	# NODE
	on "$1" perform_action -t app1 -a restore || return
	wait_until 10 all_isp "$1"
	clear
}
