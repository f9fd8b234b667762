# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the nodes of tests/cluster/chaos say of themselves, and waiting until nothing moves.
# shellcheck disable=SC2004,SC2030,SC2031,SC2034,SC2153,SC2154	# names of associative arrays, and what the other files read or set

# What a node says of itself, one fact a line.
# shellcheck disable=SC2016	# for the node
LOOK='cat /proc/[0-9]*/comm 2>/dev/null |
	grep -xE "sendevent|perform_action|lcdmach.*|lcdavail|flg_.*|lkst.*|restore|remove" | sed "s/^/busy /"
id=$(sed -n "s/.*\(Lockkeeper starts, start id\|the quarantine is over: start\) //p" "$LKROOT/out/lifekeeper.log" | tail -n 1)
[ "$id" = "$(cat "$LKROOT/run/lcm.avail")" ] || echo "busy starting"
[ ! -e "$LKROOT/run/late" ] || ! lk_quorum >/dev/null || echo "busy late"
lktest >/dev/null || echo "down lktest"
for p in lkinit lcm; do pgrep -x $p >/dev/null || echo "down $p"; done
for s; do echo "sys $s $(sys_getst -s $s)"; done
ins_list -f"|" | awk -F"|" "{ print \"ins\", \$4, \$7, \$10 }"
lk_epoch -l -f: | awk -F: "{ print \"epoch\", \$1, \$2, \$3 }"
flg_list | sed "s/^/flag /"
lcdcheck >/tmp/check || sed "s/^/check /" /tmp/check
pgrep -af "^hold-" | sed "s/^[0-9]* hold-\([^ ]*\) .*/hold \1/"'

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
			*) want='\(DEAD\|UNKNOWN\)'; [ -z "$strict" ] || want=DEAD ;;
			esac
			grep -q "^sys $other $want\$" "$SHARED/see/$node" || echo "$node: $other is not $want"
		done
	done
}

# --- Time, as this machine has it: a tick is a short sleep and a small process, so a slow machine has long ones ---

start_ticks() {
	: >"$SHARED/ticks"
	# shellcheck disable=SC2016	# for the other bash
	lab__switch_daemon bash -c 'while sleep 0.02; do echo "$EPOCHREALTIME"; done >>"$0"' "$SHARED/ticks" &
}

ticks() {
	wc -l <"$SHARED/ticks"
}

ticks_between() {	# TIME TIME
	awk -v from="$1" -v to="$2" '$1 >= from && $1 <= to' "$SHARED/ticks" | wc -l
}

# The longest time in ms that this machine did nothing for us since tick FROM
longest_tick() {	# FROM
	tail -n "+$1" "$SHARED/ticks" | awk 'NR > 1 && $1 - last > max { max = $1 - last } { last = $1 }
		END { printf "%d\n", max * 1000 }'
}

# Two looks show the same, and nothing under way.
settle() {	# TICKS
	local end=$(($(ticks) + $1)) last='' now why
	while :; do
		[ -z "$quorum" ] || quorum_mend
		[ ! -s "$SHARED/violations" ] || return 0	# it will be found
		look
		why=$(unsettled)
		now=$(cat "$SHARED"/see/*)
		[ -n "$why" ] || [ "$now" != "$last" ] || return 0
		[ "$(ticks)" -lt "$end" ] || { complain "not settled within $1 ticks: ${why:-it goes on changing}"; return; }
		last=$now
		[ -n "$why" ] || sleep 0.3
		sleep 0.1
	done
}

# Is somebody not sure whether a stopped node is dead? Then what belongs to that one is not restored.
doubtful() {
	grep -q '^sys .* UNKNOWN$' "$SHARED"/see/*
}

locked() {	# TAG
	! flock -n -x "$SHARED/lock/$1" true
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
