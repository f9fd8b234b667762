#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154  # what stands in single quotes is expanded elsewhere; bed.bash has the rest
# How soon the loss of an address, a link or a process is noticed, whatever the interval of the checks, and how long a
# client is without a service whose failure a check finds. See README beside this.
#
# usage: make bench-notice
set -u

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/bench/bed.bash
. tests/bench/bed.bash
runs=${BENCH_NOTICE_RUNS:-10} interval=2

# The check of a type leaves the time of its start in tmp/TYPE.
stamp() {	# APP TYPE
	lab sh alpha 'cd "$LKROOT/subsys/$1/resources/$2/actions" && mv quickCheck real || exit
		printf "#!/bin/bash\necho \"\$EPOCHREALTIME\" >>\"\$LKROOT/tmp/%s\"\nexec \"\${0%%/*}/real\" \"\$@\"\n" "$2" >quickCheck
		chmod 755 quickCheck' "$1" "$2"
}

checks() {	# TAG SECONDS
	on alpha ins_setchkint -t "$1" -c quick -v "$2" || die 'the interval cannot be set'
	on alpha ins_setchkint -t "$1" -c deep -v 0 || die 'the interval cannot be set'
}

# Time from the loss to the start of the check.
notice_once() {	# LABEL TYPE LOSS...
	local stamps
	stamps=$(lab root alpha)/tmp/$2
	: >"$stamps"
	"${@:3}" >"$dir/began" || die "$1: ${*:3} fails"
	wait_until 30 test -s "$stamps" || die "$1: it is not noticed"
	awk -v end="$(head -n 1 "$stamps")" '{ printf "%.3f\n", end - $1; exit }' "$dir/began" >>"$dir/$1"
}

# LOSS says when it began.
notice() {	# LABEL TYPE LOSS...
	for _ in $(seq "$runs"); do
		notice_once "$@"
		link up >/dev/null
		bring_back
	done
	figures "lost $1: noticed" "$dir/$1" 'at most 0.1'
	distribution "$dir/$1"
}

address_goes() {
	lab sh alpha 'on=$(ip -o addr show to 10.1.0.100 | cut -d " " -f 2); echo "$EPOCHREALTIME"
		ip addr del 10.1.0.100/24 dev "$on"'
}

process_dies() {
	lab sh alpha 'echo "$EPOCHREALTIME"; pkill -KILL -x nginx'
}

# However it was recovered: in service on alpha, and watched.
bring_back() {
	wait_until 60 rests || die 'it is not recovered'
	state_is alpha ISP || on alpha perform_action -t web -a restore || die 'it does not come back'
	wait_until 60 ready alpha beta || die 'it does not settle'
	lab sh alpha 'lk_watch -t web -r; read -r pid </run/web.pid && lk_watch -t web -p "$pid"' ||
		die 'the web server cannot be watched'
}

rests() {
	quiet alpha && quiet beta && { state_is alpha ISP || state_is beta ISP; }
}

# alpha's own address stays on the interface, whatever its link.
link() {	# up|down
	lab sh alpha 'echo "$EPOCHREALTIME"; ip link set "$(ip -o addr show to 10.1.0.1 | cut -d " " -f 2)" "$1"' "$1"
}

# A service that dies between two checks: the client's outage.
poll() {
	local from
	checks web "$interval"
	for _ in $(seq "$runs"); do
		on alpha lk_watch -t web -r
		sleep "1.$((RANDOM % 10))"	# the client has seen it at rest; at any time between two checks
		from=$(($(wc -l <"$gaps") + 1))
		process_dies >/dev/null || die 'it does not die'
		wait_until 60 served "$from" || die 'it is not recovered'
		longest service "$from" >>"$dir/poll"
		bring_back
	done
	figures "found by a check each $interval s: no service" "$dir/poll" "at most $interval.3 and a start"
	distribution "$dir/poll"
}

heading
make_bed 0.2 3
stamp comm ip
stamp gen app
checks web 600
checks web-ip 600
bring_back
notice address ip address_goes
notice process app process_dies
notice link ip link down
poll
echo "load $(cut -d ' ' -f 1-3 /proc/loadavg)"
