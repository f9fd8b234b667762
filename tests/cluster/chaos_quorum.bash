# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What tests/cluster/chaos --quorum has besides: watchdog devices, nodes that end themselves, and how long a takeover
# may take. A device is a pipe that the program watchdogs reads, which cuts the node's power when it is not fed.
# shellcheck disable=SC2004,SC2034,SC2153,SC2154	# names of associative arrays, and what the other files read or set

DEADLINE=2 FEEDING=1	# seconds
START=130		# ticks
quorum_tunables() {
	[ -n "$quorum" ] || return 0
	TUNABLES=(QUORUM_LOSS_ACTION=osu "QUORUM_LOSS_DEADLINE=$DEADLINE" QUORUM_QUARANTINE_SECS=2 "WATCHDOG_TIMEOUT=$FEEDING")
	if storage_mode; then
		mapfile -t -O ${#TUNABLES[@]} TUNABLES < <(storage_tunables)
		LOOK+=$(storage_look)
	else
		TUNABLES+=("QUORUM_MODE=$quorum" WITNESS_MODE=remote_verify)
	fi
	LOOK+=$'\nlk_quorum >/dev/null || echo "down quorum"'
}

quorum_devices() {
	local node args=()
	[ -n "$quorum" ] || return 0
	[ -z "${dogs:-}" ] || kill -9 "$dogs" 2>/dev/null
	for node in "${NODES[@]}"; do
		mkfifo "$SHARED/dog.$node" || return
		args+=("$node" "$SHARED/dog.$node" "$LAB_DIR/$node/pid" "$(cat "$LAB_DIR/.lab/cgroup" 2>/dev/null)-$node")
		echo "WATCHDOG_DEVICE=$SHARED/dog.$node" >>"$(lab root "$node")/etc/default/LifeKeeper"
	done
	: >"$SHARED/dogs"
	"$LAB_TOOLS/watchdogs" $((FEEDING * 1000)) "$SHARED/dogs" "${args[@]}" </dev/null >/dev/null 2>&1 &
	dogs=$!
}

# Its power was cut, or its machine starts: the device is not armed.
disarm() {	# NODE
	[ -z "$quorum" ] || printf V 1<>"$SHARED/dog.$1"
}

# Ended by its device, or by itself? -> $fallen
find_fallen() {
	local node
	fallen=()
	[ -n "$quorum" ] || return 0
	for node in $(running); do
		! lab alive "$node" || continue
		fallen+=("$node")
		KIND[off-$node]=1 STATUS[$node]=off falls=$((falls + 1))
		mark "$node" fell
		lab off "$node"
		disarm "$node"
	done
}

# Can so many nodes run something?
are_enough() {	# COUNT
	if storage_mode; then
		[ "$1" -gt 0 ]
	else
		[ $(($1 * 2)) -gt "$N" ]
	fi
}

# A node that was ended starts again, and as many others as make a majority.
quorum_mend() {
	local node fallen count
	for node in $(running); do
		[ -z "${KIND[last-$node]:-}" ] || wait_until 60 is_over "$node" || complain "$node goes on without daemons"
	done
	find_fallen
	for node in ${fallen[@]+"${fallen[@]}"}; do
		do_boot "$node"
	done
	count=$(running | wc -l)
	for node in "${NODES[@]}"; do
		! are_enough "$count" || return 0
		case ${STATUS[$node]} in
		off) do_boot "$node" ;;
		stopped) do_lkstart "$node" ;;
		*) continue ;;
		esac
		count=$((count + 1)) KIND[short]=1	# no majority had stayed together
	done
}

# Where a node has lost its lease everything was taken out of service, and then it started anew.
find_losses() {
	local node have
	[ -n "$quorum" ] || return 0
	for node in "${NODES[@]}"; do
		have=$(grep -c 'its lease is lost' "$(lab root "$node")/out/lifekeeper.log")
		[ "$have" -eq "${LOSSES[$node]:-0}" ] || KIND[start]=1 KIND[part]=1 losses=$((losses + 1))
		LOSSES[$node]=$have
	done
}

in_quarantine() {	# NODE
	[ -n "$quorum" ] && lab run "$1" lk_quorumloss -q >/dev/null 2>&1
}

# Two owners are two owners however slow the machine is, unless a device did not work.
devices_were_late() {
	[ -z "$quorum" ] || [ ! -s "$SHARED/violations" ] || grep -q ^late "$SHARED/dogs"
}

# Nobody starts what was killed: its device has ended the node, unless something else has started it since.
is_over() {	# NODE
	[ -s "$SHARED/violations" ] || ! lab alive "$1" || lab run "$1" lktest >/dev/null 2>&1
}

# Up again after its lkinit was killed; nothing to do if that has ended the node.
is_again() {	# NODE
	[ -z "$quorum" ] || lab alive "$1" || return 0
	lab sh "$1" 'lktest >/dev/null || lkstart >/dev/null 2>&1'
}

# --- Steps ---

# All daemons at once, so that lkinit cannot start one again; then nobody does, or its own supervisor, after MS.
do_killall() {	# NODE MS
	KIND[start]=1 KIND[part]=1
	mark "$1" killall
	lab sh "$1" 'pkill -STOP -x lkinit; pkill -9 -x "lkinit|lcm|lkqwk|lkwatchdog|lkcheck"' || :
	[ "$2" -gt 0 ] || { KIND[last-$1]=1; return 0; }
	KIND[again-$1]=1
	do_wait "$2"
	! lab alive "$1" || timeout 120 "$home/lab" run "$1" lkstart >"$SHARED/lkstart.$1" 2>&1 || :
}

# All but lkinit, which starts them again.
do_kidkill() {	# NODE
	KIND[start]=1 KIND[part]=1
	mark "$1" kidkill
	lab sh "$1" 'pkill -9 -x "lcm|lkqwk|lkwatchdog|lkcheck"' || :
}

do_hang() { KIND[knob]=1 KIND[part]=1; echo hang >"$SHARED/knob/$1.$2"; }	# NODE ACTION

do_step() { lab step "$1" "$2"; }	# NODE SECONDS

# NODE hears nobody (or not one), and all hear it
do_deaf() {	# NODE NODE|any MS
	KIND[part]=1
	mark "$1" "deaf $2"
	lab oneway "$2" "$1"
	do_wait "$3"
}

# For the test of this test: devices that do nothing.
do_nodevices() { kill -STOP "$dogs"; }

quorum_kinds() {
	kinds+=(part part part part rift rift mute mute deaf killall killall kidkill hang step pause)
}

quorum_choose() {	# KIND NODE -> $choice; 1: not this one
	local other
	pick any "${NODES[@]}"
	other=$r
	[ "$other" != "$2" ] || return
	case $1 in
	part) [ "$other" = any ] || [ "$N" -lt 5 ] || choice+=",$other" ;;
	rift) [ "$other" != any ] || return; choice+=" $other" ;;
	mute | deaf) choice+=" $other" ;;
	killall) pick 0 100 1500 4000; choice+=" $r"; return ;;
	hang) pick restore remove; choice+=" $r"; return ;;
	step) pick -3600 -2 0.5 3 86400; choice+=" $r"; return ;;
	kidkill) return ;;
	esac
	pick 500 1500 3000 6000 10000
	choice+=" $r"
}

# --- How long it took ---

# What the product says: from the last heartbeat of the old owner to the start on another -> $takeover, in ms
find_takeover() {
	[ -n "$quorum" ] || return 0
	takeover=$(lab run alpha lk_quorum -J | jq .takeover_ms)
	[[ $takeover =~ ^[0-9]+$ ]] || complain "lk_quorum on alpha prints no takeover"
}

# What is silent from then on. With storage a node that is only cut off goes on.
ends() {
	storage_mode && echo 'off|killall|fell|pause|alone' || echo 'off|part|killall|fell|pause|mute any|deaf any'
}

# Were the others enough, of those that ran?
stayed_together() {	# NODE[,NODE]
	local failed=${1//,/ }
	are_enough $(($(wc -w <<<"$BEGUN") - $(wc -w <<<"$failed")))
}

# From a fault that was alone in its round to the first restore elsewhere of what its node had: the bound, and START ticks
# for the scripts and for a machine that is slow.
measure_quorum() {
	local tag from to node what gap
	[ "$nsteps" -eq 1 ] && [ -z "${KIND[short]:-}" ] || return 0
	read -r from node _ what < <(tail -n "+$mark" "$SHARED/journal" |
		grep -E "^[^ ]+ [^ ]+ - ($(ends))$")
	[ -n "$from" ] && stayed_together "$node" || return 0
	for tag in "${TAGS[@]}"; do
		[ "${BEFORE[$tag]}" = "$node" ] || continue
		to=$(tail -n "+$mark" "$SHARED/journal" | awk -v t="$tag" -v n="$node" '$4 == "restore" && $3 == t && $2 != n { print $1; exit }')
		[ -n "$to" ] || continue
		restores=$((restores + 1))
		gap=$(awk -v a="$from" -v b="$to" 'BEGIN { printf "%d", (b - a) * 1000 }')
		[ "$gap" -le "$longest" ] || longest=$gap
		say "  $what of $node: $tag restored after $gap ms (takeover $takeover ms)"
		gap=$(ticks_between "$from" "$to")
		[ "$gap" -le $((takeover / 20 + START)) ] || complain "takeover of $tag took $gap ticks after $what"
	done
}
