# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What tests/cluster/chaos does to its cluster, and what each step means for the rest of the round.
# shellcheck disable=SC2004,SC2030,SC2031,SC2034,SC2153,SC2154	# names of associative arrays, and what the other files read or set

mark() {	# NODE TEXT
	printf '%s %s - %s\n' "$EPOCHREALTIME" "$1" "$2" >>"$SHARED/journal"
}

do_wait() { sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"; }

# All of it stops at one moment; on a slow machine its processes would end one after another.
freeze() {	# NODE
	! lab alive "$1" || lab pause "$1"
}

do_off() {	# NODE
	KIND[off-$1]=1
	mark "$1" off
	freeze "$1"
	lab off "$1"
	disarm "$1"
	STATUS[$1]=off
}

do_boot() {	# NODE
	KIND[start]=1
	mark "$1" boot
	STATUS[$1]=run
	lab start "$1" && do_lkstart "$1"
}

do_reboot() {	# NODE
	KIND[off-$1]=1
	mark "$1" reboot
	freeze "$1"
	! lab alive "$1" || lab kill "$1"
	disarm "$1"
	do_boot "$1"
}

journal_lines() {
	wc -l <"$SHARED/journal"
}

# What is cut off in the background sees its command killed before the node is gone.
lost_power() {	# NODE LINE
	tail -n "+$(($2 + 1))" "$SHARED/journal" | grep -qE "^[^ ]* $1 - (off|reboot)\$"
}

do_lkstart() {	# NODE
	KIND[start]=1
	STATUS[$1]=run
	local from
	from=$(journal_lines)
	timeout 300 "$home/lab" run "$1" lkstart >"$SHARED/lkstart.$1" 2>&1 ||
		! lab alive "$1" || lost_power "$1" "$from" || in_quarantine "$1" || complain "lkstart on $1: $(<"$SHARED/lkstart.$1")"
}

do_lkstop() {	# NODE
	KIND[stop-$1]=1
	STATUS[$1]=stopped
	mark "$1" lkstop
	local from
	from=$(journal_lines)
	timeout 300 "$home/lab" run "$1" lkstop >"$SHARED/lkstop.$1" 2>&1
	local code=$?
	# its question to another node was cut off by a fault of before, and it says so
	[ $code -eq 0 ] || { [ $code -eq 1 ] && grep -q 'whether the command ended there is not known' "$SHARED/lkstop.$1"; } ||
		[ -n "${KIND[knob]:-}" ] || ! lab alive "$1" || lost_power "$1" "$from" ||
		complain "lkstop on $1 says $code: $(<"$SHARED/lkstop.$1")"
}

do_stopf() {	# NODE MS
	KIND[stopf]=1 KIND[harm]=1
	timeout 300 "$home/lab" run "$1" lkstop -f >"$SHARED/lkstop.$1" 2>&1
	local code=$?
	# with quorum it is refused while too few others can be told
	[ $code -ne 3 ] || [ -z "$quorum" ] || return 0
	[ $code -eq 0 ] || complain "lkstop -f on $1: $(<"$SHARED/lkstop.$1")"
	do_wait "$2"
	do_lkstart "$1"
}

do_pause() {	# NODE MS
	[ -z "$quorum" ] || KIND[part]=1	# DEAD for a moment, it may be asked to release what it has
	mark "$1" pause
	lab pause "$1"
	do_wait "$2"
	! lab alive "$1" || lab resume "$1"
}

do_pauseoff() {	# NODE MS
	lab pause "$1"
	do_wait "$2"
	do_off "$1"
}

do_cut() { lab cut "$1" "$2"; }		# NODE NET

do_part() {	# NODE[,NODE...] MS: they and the others do not hear each other
	local one other
	KIND[part]=1
	mark "$1" part
	for one in ${1//,/ }; do
		for other in "${NODES[@]}"; do
			[[ ",$1," == *",$other,"* ]] || lab cut "$one" "$other"
		done
	done
	do_wait "$2"
}

# Two that do not hear each other, and all others hear both
do_rift() {	# NODE NODE MS
	KIND[part]=1
	mark "$1" "rift $2"
	lab cut "$1" "$2"
	do_wait "$3"
}

# NODE speaks to nobody (or not to one), and hears all
do_mute() {	# NODE NODE|any MS
	KIND[part]=1
	mark "$1" "mute $2"
	lab oneway "$1" "$2"
	do_wait "$3"
}

do_loss() { lab loss "$1" "$2" "$3"; }	# PERCENT NODE NET

# Both networks, for a moment that is too short to be noticed, unless this machine is too slow.
do_blip() {	# NODE MS
	local start
	start=$(now_ms)
	mark "$1" blip
	lab cut "$1"
	do_wait "$2"
	lab restore "$1"
	[ $(($(now_ms) - start)) -lt $((DETECT * 3 / 4)) ] || { KIND[void]=1; say "a blip took $(($(now_ms) - start)) ms: this round does not count"; }
}

# The network process is lcm's child of the same name.
do_lcmkill() { KIND[switch]=1; lab sh "$1" 'pkill -9 -o -x lcm' || :; }

do_netkill() { KIND[switch]=1; lab sh "$1" 'pkill -9 -n -x lcm' || :; }

do_initkill() {	# NODE
	lab sh "$1" 'pkill -9 -x lkinit' || :
	KIND[again-$1]=1 KIND[start]=1	# lcm ends with it, and what starts then is a new start
}

do_fail() { KIND[knob]=1; echo fail >"$SHARED/knob/$1.$2"; }	# NODE ACTION

do_slow() { KIND[slow]=1; echo "slow $3" >"$SHARED/knob/$1.$2"; }	# NODE ACTION SECONDS

do_setas() {	# NODE HIERARCHY SWITCHBACK
	KIND[switch]=1
	[ "$3" != AUTOMATIC ] || SWITCHES[$2]=1
	local tag
	for tag in ${TREE[$2]}; do
		lab run "$1" ins_setas -t "$tag" -s "$3" >/dev/null 2>&1 || ! lab alive "$1" || complain "ins_setas $tag on $1 says $?"
	done
}

do_op() {	# NODE TAG ACTION
	hierarchy_of "$2"
	KIND[op-$h]="${KIND[op-$h]:-}$3 $2;"
	mark "$1" "$3 $2"
	timeout 300 "$home/lab" run "$1" perform_action -t "$2" -a "$3" >"$SHARED/op" 2>&1
	local code=$?
	say "  $3 $2 on $1 says $code"
	[ $code -ne 124 ] || complain "$3 $2 on $1 hangs"
	if [ $code -ne 0 ] && [ "$nsteps" -eq 1 ] && ! { [ $code -eq 9 ] && doubtful; } && ! { [ $code -eq 3 ] && is_awaited; }; then
		complain "$3 $2 on $1 says $code in a quiet round: $(<"$SHARED/op")"
	fi
}

# For the test of this test: a restore that asks nobody.
do_sabotage() {	# NODE
	# shellcheck disable=SC2016	# for the node
	lab sh "$1" '"$LKROOT/subsys/gen/resources/chaos/actions/restore" -t app4 -i id-app4' || :
}

do_restore() { do_op "$1" "$2" restore; }

do_remove() { do_op "$1" "$2" remove; }

# What a step in the background changes here it cannot tell: do that first.
foresee() {	# STEP...
	case $1 in
	restore | remove) hierarchy_of "$3"; KIND[op-$h]="${KIND[op-$h]:-}$1 $3;" ;;
	lkstop) KIND[stop-$2]=1; STATUS[$2]=stopped ;;
	boot)
		# the power is on before the next step may cut it again
		KIND[start]=1 STATUS[$2]=run
		mark "$2" boot
		lab start "$2"
		words[0]=lkstart
		;;
	esac
}

step() {	# WORD... [&]
	local words=("$@")
	count=$((count + 1))
	echo "$*" >>"$out/steps.done"
	say "$*"
	if [ "${words[-1]}" = '&' ]; then
		unset 'words[-1]'
		foresee "${words[@]}"
		( wrong=''; "do_${words[0]}" "${words[@]:1}"; echo "$wrong" >"$SHARED/job.$BASHPID" ) &
		PENDING+=("$!")
	else
		"do_${words[0]}" "${words[@]:1}"
	fi
	check_never
}

finish_pending() {
	local job
	for job in ${PENDING[@]+"${PENDING[@]}"}; do
		wait "$job"
		wrong+=$(grep . "$SHARED/job.$job")
	done
	PENDING=()
}

mend() {
	local node
	lab restore
	storage_mend
	rm -f "$SHARED"/knob/*
	for node in "${NODES[@]}"; do
		[ -z "${KIND[again-$node]:-}" ] || [ "${STATUS[$node]}" != run ] ||
			wait_until 120 is_again "$node" || complain "lkstart on $node after the death of lkinit fails"
	done
	finish_pending
	[ -z "$quorum" ] || quorum_mend
}
