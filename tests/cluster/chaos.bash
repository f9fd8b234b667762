# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The cluster of tests/cluster/chaos and what must be true of it. Load it after lab.bash and service.bash.
#
# Hierarchies: 1: app1 > ip1; 2: app2; 3: app3 > vol3 > ip3; 4: app4 > ip4, vol4. Each has its best node elsewhere.
# Number 3 switches back; number 4 is not started when Lockkeeper starts.
# shellcheck disable=SC2004,SC2034	# the names of associative arrays; chaos uses them

chaos_nodes() {	# N
	N=$1
	NODES=("${LAB_NAMES[@]:0:N}")
}

HIERARCHIES=(1 2 3 4)
declare -A TREE=([1]='app1 ip1' [2]='app2' [3]='app3 vol3 ip3' [4]='app4 ip4 vol4')
declare -A INIT=([1]=AUTORES_ISP [2]=AUTORES_ISP [3]=AUTORES_ISP [4]=INIT_OSU)
TAGS=(app1 ip1 app2 app3 vol3 ip3 app4 ip4 vol4)

hierarchy_of() {	# TAG -> $h
	h=${1: -1}
}

# --- Making it ---

chaos__types() {
	local tag h
	cat <<-'END'
		app_create -a gen 2>/dev/null
		typ_create -a gen -r chaos
		mkdir -p "$LKROOT/subsys/gen/resources/chaos/actions"
		for a in restore remove recover; do
			cp "$CHAOS_ACT" "$LKROOT/subsys/gen/resources/chaos/actions/$a"
		done
	END
	for tag in "${TAGS[@]}"; do
		hierarchy_of "$tag"
		echo "ins_create -a gen -r chaos -t $tag -i id-$tag -Q 0 -D 0"
		echo "ins_setit -t $tag -I ${INIT[$h]}"
		[ "$h" -ne 3 ] || echo "ins_setas -t $tag -s AUTOMATIC"
	done
	printf 'dep_create -p %s -c %s\n' app1 ip1 app3 vol3 vol3 ip3 app4 ip4 app4 vol4
}

chaos__priority() {	# NODE-NUMBER HIERARCHY
	local rank=$((($1 + $2) % N))
	echo $((rank ? rank * 10 : 1))
}

chaos__equivalencies() {	# NODE-NUMBER
	local k tag h
	for ((k = 1; k <= N; k++)); do
		[ "$k" -ne "$1" ] || continue
		for tag in "${TAGS[@]}"; do
			hierarchy_of "$tag"
			echo "eqv_create --local-only -t $tag -p $(chaos__priority "$1" "$h") -S ${NODES[k - 1]} -o $tag" \
				"-r $(chaos__priority "$k" "$h") -e SHARED"
		done
	done
}

chaos__node() {	# NUMBER
	local node=${NODES[$1 - 1]}
	[ "$1" -eq 1 ] || cp "$(lab root alpha)/etc/lkkey" "$(lab root "$node")/etc/lkkey"
	printf '%s\n' ${TUNABLES[@]+"${TUNABLES[@]}"} >>"$(lab root "$node")/etc/default/LifeKeeper"
	{
		echo "set -e"
		chaos__types
		service__paths "$1" "$N"
		chaos__equivalencies "$1"
	} >"$(lab root "$node")/tmp/setup"
	# shellcheck disable=SC2016	# for the node
	lab run "$node" env "CHAOS_ACT=$LAB_HOME/chaos-act" bash -c '. "$LKROOT/tmp/setup" && lkstart'
}

chaos_up() {
	local k jobs=() job
	lab up ${quorum:+-c} "$N" || return
	SHARED=$LAB_DIR/chaos
	mkdir -p "$SHARED"/{lock,owner,knob,see,store}
	: >"$SHARED/journal"
	: >"$SHARED/violations"
	cp "$LAB_TOOLS/writer" "$SHARED" || return
	start_ticks
	quorum_devices || return
	lab run alpha lkkey create >/dev/null || return
	for ((k = 1; k <= N; k++)); do
		chaos__node "$k" &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do
		wait "$job" || return
	done
	storage_init
}
