# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The cluster of tests/cluster/chaos and what must be true of it. Load it after lab.bash and service.bash.
#
# Hierarchies: 1: app1 > ip1; 2: app2; 3: app3 > vol3 > ip3; 4: app4 > ip4, vol4. Each has its best node elsewhere.
# Number 3 switches back; number 4 is not started when Lockkeeper starts.
# shellcheck disable=SC2004,SC2034	# the names of associative arrays; chaos uses them

N=3
NODES=(alpha beta gamma)
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
	lab up "$N" || return
	SHARED=$LAB_DIR/chaos
	mkdir -p "$SHARED"/{lock,owner,knob,see}
	: >"$SHARED/journal"
	: >"$SHARED/violations"
	lab run alpha lkkey create >/dev/null || return
	for ((k = 1; k <= N; k++)); do
		chaos__node "$k" &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do
		wait "$job" || return
	done
}

# --- Seeing ---

# What a node says of itself, one fact a line.
# shellcheck disable=SC2016	# for the node
LOOK='cat /proc/[0-9]*/comm 2>/dev/null |
	grep -xE "sendevent|perform_action|lcdmach.*|lcdavail|flg_.*|lkst.*|restore|remove" | sed "s/^/busy /"
id=$(sed -n "s/.*Lockkeeper starts, start id //p" "$LKROOT/out/lifekeeper.log" | tail -n 1)
[ "$id" = "$(cat "$LKROOT/run/lcm.avail")" ] || echo "busy starting"
lktest >/dev/null || echo "down lktest"
for p in lkinit lcm; do pgrep -x $p >/dev/null || echo "down $p"; done
for s; do echo "sys $s $(sys_getst -s $s)"; done
ins_list -f"|" | awk -F"|" "{ print \"ins\", \$4, \$7, \$10 }"
lk_epoch -l -f: | awk -F: "{ print \"epoch\", \$1, \$2, \$3 }"
flg_list | sed "s/^/flag /"
lcdcheck >/tmp/check || sed "s/^/check /" /tmp/check
pgrep -af "^hold-" | sed "s/.* hold-\(.*\) .*/hold \1/"'

running() {
	local node
	for node in "${NODES[@]}"; do
		[ "${STATUS[$node]}" != run ] || echo "$node"
	done
}

look() {
	local node jobs=() job
	rm -f "$SHARED"/see/*
	for node in $(running); do
		lab sh "$node" "$LOOK" "${NODES[@]}" >"$SHARED/see/$node" 2>&1 </dev/null &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do
		wait "$job" || :
	done
}

# Why is nothing settled yet? Nothing if all is.
unsettled() {
	local node other want
	for node in $(running); do
		grep -E '^(busy|down) |^ins [^ ]* [^ ]* [^ ]' "$SHARED/see/$node" | sed "s/^/$node: /"
		for other in "${NODES[@]}"; do
			case ${STATUS[$other]} in
			run) want=ALIVE ;;
			off) want=DEAD ;;
			# whoever was not told of lkstop, or has forgotten it, hears the host and cannot know
			*) want='\(DEAD\|UNKNOWN\)' ;;
			esac
			grep -q "^sys $other $want\$" "$SHARED/see/$node" || echo "$node: $other is not $want"
		done
	done
}

# Two looks show the same, and nothing under way.
settle() {	# SECONDS
	local end=$(($(now_ms) + $1 * 1000)) last='' now why
	while :; do
		look
		why=$(unsettled)
		now=$(cat "$SHARED"/see/*)
		[ -n "$why" ] || [ "$now" != "$last" ] || return 0
		[ "$(now_ms)" -lt "$end" ] || { complain "not settled within $1 s: ${why:-it goes on changing}"; return; }
		last=$now
		[ -n "$why" ] || sleep 0.3
		sleep 0.1
	done
}

# Is somebody not sure whether a stopped node is dead? Then what belongs to that one is not restored.
doubtful() {
	grep -q '^sys .* UNKNOWN$' "$SHARED"/see/*
}

# --- What must be true ---

locked() {	# TAG
	! flock -n "$SHARED/lock/$1" true
}

# Who has it in service, really -> HOLDER
find_holders() {
	local tag
	for tag in "${TAGS[@]}"; do
		HOLDER[$tag]=''
		! locked "$tag" || HOLDER[$tag]=$(<"$SHARED/owner/$tag")
	done
}

fact() {	# NODE PATTERN FIELD
	sed -n "s/^$2\$/$3/p" "$SHARED/see/$1"
}

check_never() {
	[ ! -s "$SHARED/violations" ] || complain "two owners: $(<"$SHARED/violations")"
}

check_node() {	# NODE
	local flag
	! grep '^check .*\[problem' "$SHARED/see/$1" >"$SHARED/found" || complain "$1: lcdcheck: $(<"$SHARED/found")"
	while read -r _ flag; do
		case $flag in
		'!nofailover!'*) [ "${STATUS[${flag##*!}]}" != run ] || complain "$1: flag $flag is left behind" ;;
		'!'*) complain "$1: flag $flag is left behind" ;;
		esac
	done < <(grep '^flag ' "$SHARED/see/$1")
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
		check_tag "$tag"
	done
}
