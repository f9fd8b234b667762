#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016  # what stands in single quotes is expanded elsewhere
# How long a client is without its service: power cut of the active node, and planned moves, with the real
# kits, daemons and nginx on nodes that are namespaces of this machine. See README beside this.
#
# usage: make bench-failover
set -u

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/bench/bed.bash
. tests/bench/bed.bash
runs=${BENCH_FAILOVER_RUNS:-20} shipped=${BENCH_SHIPPED_RUNS:-3} moves=${BENCH_MOVE_RUNS:-20}

# Cut the power of OWNER until OTHER serves; then OWNER comes back.
cut_once() {	# OWNER OTHER LABEL
	local from
	from=$(($(wc -l <"$gaps") + 1))
	sleep 1	# the client has seen it at rest
	lab off "$1"
	wait_until 30 served "$from" || die "$2 does not serve"
	wait_until 30 quiet "$2" || die "$2 does not come to rest"
	longest address "$from" >>"$dir/$3.address"
	longest service "$from" >>"$dir/$3.service"
	[ -z "${BENCH_KEEP:-}" ] || {
		tail -n "+$from" "$gaps" >"$BENCH_KEEP/$3.gaps"
		cp "$(lab root "$2")/out/lifekeeper.log" "$BENCH_KEEP/$3.log"
		cp "$(lab root "$2")/out/story.log" "$BENCH_KEEP/$3.story"
	}
	lab start "$1"
	on "$1" lkstart >/dev/null
	wait_until 60 ready "$2" "$1" || die "$1 does not come back"
}

cut_power() {	# RUNS LABEL PROMISE
	local owner=alpha other=beta
	for _ in $(seq "$1"); do
		cut_once $owner $other "$2"
		[ $owner = alpha ] && owner=beta other=alpha || owner=alpha other=beta
	done
	figures "power cut, $2: the address answers" "$dir/$2.address" "$3"
	distribution "$dir/$2.address"
	figures "power cut, $2: the service answers" "$dir/$2.service" ''
}

move_once() {	# FROM TO
	local from
	from=$(($(wc -l <"$gaps") + 1))
	sleep 0.3
	lab sh "$2" 'b=${EPOCHREALTIME/./}; perform_action -t web -a restore || exit
		echo $((${EPOCHREALTIME/./} - b))' >"$dir/took" || die "it cannot be moved to $2"
	awk '{ printf "%.3f\n", $1 / 1e6 }' "$dir/took" >>"$dir/move.took"
	wait_until 10 served "$from" || die "$2 does not serve"
	longest service "$from" >>"$dir/move.service"
	longest address "$from" >>"$dir/move.address"
	wait_until 30 ready "$2" "$1" || die 'the move does not end'
}

move() {	# RUNS
	local owner=alpha other=beta
	state_is alpha ISP || owner=beta other=alpha
	for _ in $(seq "$1"); do
		move_once $owner $other
		[ $owner = alpha ] && owner=beta other=alpha || owner=alpha other=beta
	done
	figures 'planned move: client without service' "$dir/move.service" 'at most 0.05'
	distribution "$dir/move.service"
	figures 'planned move: address silent' "$dir/move.address" ''
	figures 'planned move: the command' "$dir/move.took" 'at most 0.15'
	distribution "$dir/move.took"
}

heading
make_bed 0.1 3
[ "$moves" -eq 0 ] || move "$moves"
[ "$runs" -eq 0 ] || cut_power "$runs" '0.1 s x 3' 'median below 0.5'
lab down
if [ "$shipped" -gt 0 ]; then
	make_bed '' ''
	cut_power "$shipped" 'as shipped' 'below 5.5'
fi
echo "load $(cut -d ' ' -f 1-3 /proc/loadavg)"
