# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2016,SC2094	# texts for the nodes' shells; nothing is read and written
# The cluster lab: nodes, and what can go wrong with them and with their networks.

load lab

setup_file() {
	lab_or_skip
	lab up -c 3
}

teardown_file() {
	lab down
}

# What one test broke is not the next one's matter.
setup() {
	local node
	lab restore
	for node in alpha beta gamma; do
		lab alive $node || lab start $node
	done
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab logs
}

# Does NODE reach what it pings?
reaches() {	# NODE HOST
	lab run "$1" ping -q -c 1 -W "${3:-3}" "$2" >/dev/null
}

misses() {	# NODE HOST
	! reaches "$1" "$2" 0.3
}

output_of() {	# TEXT COMMAND...
	local want=$1 got status=0
	shift
	got=$("$@") || status=$?
	if [ $status -ne 0 ] || [ "$got" != "$want" ]; then
		echo "exit code $status, got '$got' instead of '$want': $*"
		return 1
	fi
}

@test 'a node has its own name, its own processes and its own tree' {
	output_of alpha lab run 1 uname -n
	output_of gamma lab run gamma cat /etc/hostname
	output_of 1 lab_sh beta 'ps -e -o comm= | grep -c nsinit'
	lab run alpha flg_create -f here
	output_of here lab run alpha flg_list
	lab run beta flg_test -f here && return 1
	output_of "$(lab root beta)" lab_sh beta 'echo $LKROOT'
	lab_sh beta '[ -x $LKROOT/bin/ins_list ] && [ -x $LKROOT/lkadm/bin/lcdstatus -o -x $LKROOT/bin/lcdstatus ]'
	lab_sh beta '[ -f $LKROOT/sbin/lcm ] && [ -x $LKROOT/sbin/lcm ]'
	[ -d "$(lab root beta)/events/lifekeeper" ]
	[ -r "$(lab root beta)/etc/default/LifeKeeper" ]
	[ "$(stat -c %a "$(lab root beta)/config")" = 750 ]
}

@test 'a node has its own /run, /tmp, /dev/shm, /var/log and /dev, and sees the files of the test' {
	local dir
	for dir in /run /tmp /dev/shm /var/log /dev; do
		lab run alpha touch "$dir/lab-was-here"
		lab run alpha test -e "$dir/lab-was-here"
		lab run beta test ! -e "$dir/lab-was-here"
		[ ! -e "$dir/lab-was-here" ]
	done
	echo hello >"$BATS_TEST_TMPDIR/file"
	output_of hello lab run alpha cat "$BATS_TEST_TMPDIR/file"
}

@test 'the first process of a node reaps' {
	lab_sh alpha '(sleep 0.05 &) ; sleep 0.01'
	wait_until 5 lab_sh alpha '! pgrep -x sleep'
	output_of 0 lab_sh alpha 'ps -e -o stat= | grep -c Z; true'
}

@test 'every node reaches every other on both networks, and the gateway' {
	local from to
	for from in 1 2 3; do
		for to in alpha beta gamma alpha-net2 beta-net2 gamma-net2 beta-net1-6 beta-net2-6; do
			reaches $from $to
		done
		reaches $from 10.1.0.254
		reaches $from fd00:2::fe
	done
	output_of 10.2.0.3 lab addr gamma net2
	output_of fd00:1::2 lab addr 2 net1 6
}

@test 'run gives arguments, input, output and exit code as they are' {
	output_of 'a  b*$x' lab run alpha printf %s 'a  b*$x'
	output_of 3 lab_sh alpha 'echo $#' a 'b c' d
	run lab run alpha sh -c 'exit 7'
	[ "$status" -eq 7 ]
	run lab run alpha sh -c 'kill -9 $$'
	[ "$status" -eq 137 ]
	head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	lab run alpha cat <"$BATS_TEST_TMPDIR/bytes" | cmp - "$BATS_TEST_TMPDIR/bytes"
}

@test 'spawn starts what goes on by itself and is not waited for' {
	lab spawn alpha sh -c 'echo spawned; exec sleep 1000'
	wait_until 5 grep -q spawned "$LAB_DIR/alpha/console"
	wait_until 5 lab run alpha pgrep -x sleep
	lab run alpha pkill -x sleep
}

@test 'a node cut from one network is reached on the other, until it is restored' {
	lab cut beta net1
	misses alpha beta
	misses beta 10.1.0.254
	reaches alpha beta-net2
	reaches alpha gamma
	lab restore beta net1
	reaches alpha beta
	reaches beta 10.1.0.254
}

@test 'a node cut without a network is reached on none' {
	lab cut beta
	misses alpha beta
	misses gamma beta-net2
	misses gamma beta-net2-6
	lab restore beta
	reaches gamma beta-net2-6
}

@test 'a pair that is cut reaches the third node and is reached by it' {
	lab cut alpha beta
	misses alpha beta
	misses beta alpha-net2
	reaches alpha gamma
	reaches gamma beta-net2
	lab restore alpha beta
	lab cut alpha beta net2
	reaches alpha beta
	misses alpha beta-net2
}

@test 'a network that is cut carries nothing, the other everything' {
	lab cut net2
	misses alpha beta-net2
	misses gamma 10.2.0.254
	reaches alpha beta
	lab restore net2
	reaches gamma 10.2.0.254
}

# Echo requests that NODE has received.
echoes() {	# NODE
	lab_sh "$1" "awk '/^Icmp:/ { if (n++) print \$c; for (i = 1; i <= NF; i++) if (\$i == \"InEchos\") c = i }' /proc/net/snmp"
}

@test 'one way: packets arrive in the other direction only' {
	local there back
	reaches alpha beta
	reaches beta alpha
	lab oneway alpha beta net1
	there=$(echoes beta)
	back=$(echoes alpha)
	misses alpha beta
	misses beta alpha
	[ "$(echoes beta)" -eq "$there" ]
	[ "$(echoes alpha)" -gt "$back" ]
	reaches alpha beta-net2
	lab restore
	lab oneway any beta
	misses alpha beta-net2
	reaches alpha gamma
}

@test 'loss takes some packets and leaves some' {
	local got
	lab loss 50 beta net1
	got=$(lab run alpha ping -q -c 60 -i 0.01 -W 1 10.1.0.2 | sed -nE 's/.* ([0-9]+) received.*/\1/p')
	[ "$got" -gt 0 ]
	[ "$got" -lt 50 ]
	reaches alpha beta-net2
	lab restore
	lab loss 100 alpha beta
	misses alpha beta
	lab restore
	reaches alpha beta
}

@test 'a blocked TCP port is out of reach, its neighbour is not' {
	lab spawn beta socat TCP-LISTEN:5001,fork,reuseaddr EXEC:'echo one'
	lab spawn beta socat TCP-LISTEN:5002,fork,reuseaddr EXEC:'echo two'
	wait_until 5 lab run alpha socat -u TCP:beta:5001 -
	wait_until 5 lab run alpha socat -u TCP:beta:5002 -
	lab block 5001 beta
	run lab run alpha socat -u TCP:beta:5001,connect-timeout=0.3 -
	[ "$status" -eq 1 ]
	output_of two lab run alpha socat -u TCP:beta:5002 -
	lab restore beta
	output_of one lab run alpha socat -u TCP:beta:5001 -
}

@test 'an unplugged cable has no carrier' {
	output_of 1 lab run beta cat /sys/class/net/net2/carrier
	lab unplug beta net2
	output_of 0 lab run beta cat /sys/class/net/net2/carrier
	output_of 1 lab run beta cat /sys/class/net/net1/carrier
	misses alpha beta-net2
	lab restore beta net2
	output_of 1 lab run beta cat /sys/class/net/net2/carrier
	reaches alpha beta-net2
}

# The shortest of some round trips, in whole milliseconds.
round_trip() {	# NODE HOST
	lab run "$1" ping -q -c 3 -i 0.1 -W 5 "$2" | sed -nE 's|^rtt [^=]*= ([0-9]+).*|\1|p'
}

@test 'delay holds frames back on one cable, in both directions' {
	lab delay 60 beta net1
	[ "$(round_trip alpha beta)" -ge 120 ]
	[ "$(round_trip alpha beta-net2)" -lt 120 ]
	[ "$(round_trip alpha gamma)" -lt 120 ]
	lab delay 0 beta net1
	[ "$(round_trip alpha beta)" -lt 120 ]
}

@test 'a delayed cable carries megabytes unchanged and can be cut and unplugged' {
	local file=$BATS_TEST_TMPDIR/bytes
	head -c 3000000 /dev/urandom >"$file"
	lab delay 5 beta
	lab spawn beta socat -U TCP-LISTEN:5003,reuseaddr "OPEN:$file"
	wait_until 10 lab_sh alpha "socat -u TCP:beta:5003 - >$file.got && cmp $file $file.got"
	lab cut alpha beta net1
	misses alpha beta
	reaches gamma beta
	lab restore alpha beta net1
	lab unplug beta net1
	misses alpha beta
	lab restore beta net1	# the cable; the delay is on all networks
	reaches alpha beta
	output_of 'delay 5 beta any any' lab faults
}

@test 'a killed node loses all its processes and its memory, and keeps its disk' {
	lab spawn beta sh -c 'trap "" TERM; sleep 1000'
	lab_sh beta 'echo kept >$LKROOT/tmp/kept; echo log >/var/log/log; touch /run/lost /tmp/lost; ip addr add 10.1.0.77/24 dev net1'
	lab kill beta
	lab alive beta && return 1
	run lab run beta true
	[ "$status" -eq 1 ]
	[ "$output" = 'lab: beta is down' ]
	reaches alpha beta	# by its kernel
	lab start beta
	output_of kept lab_sh beta 'cat $LKROOT/tmp/kept'
	output_of log lab run beta cat /var/log/log
	lab_sh beta '[ ! -e /run/lost ] && [ ! -e /tmp/lost ] && ! pgrep -x sleep && ! ip addr | grep 10.1.0.77'
	reaches alpha beta
	reaches beta gamma-net2
}

@test 'a node without power answers nothing until it starts' {
	lab off beta
	lab alive beta && return 1
	misses alpha beta
	misses alpha beta-net2
	lab start beta
	reaches alpha beta
	reaches alpha beta-net2
}

@test 'faults of the network stay when the node starts again' {
	lab cut beta net1
	lab delay 30 beta net2
	lab off beta
	lab start beta
	misses alpha beta
	[ "$(round_trip alpha beta-net2)" -ge 60 ]
}

# Has the file grown since the last look?
grows() {	# FILE
	local size
	size=$(stat -c %s "$1")
	wait_until "${2:-5}" larger "$1" "$size"
}

larger() {	# FILE SIZE
	[ "$(stat -c %s "$1")" -gt "$2" ]
}

@test 'a paused node does nothing but answer ping, and goes on when it is resumed' {
	local log=$LAB_DIR/beta/log/ticks
	lab spawn beta sh -c 'while sleep 0.01; do echo tick; done >/var/log/ticks'
	wait_until 5 test -s "$log"
	lab pause beta
	grows "$log" 0.4 && return 1
	reaches alpha beta
	lab alive beta
	lab resume beta
	grows "$log"
}

# A command goes on over a pause, and a pause does not save it from a kill.
pause_running() {
	local job out=$BATS_TEST_TMPDIR/out
	lab run beta sh -c 'echo running; sleep 0.2; echo ready' >"$out" &
	job=$!
	wait_until 5 test -s "$out"
	lab pause beta
	lab resume beta
	run wait $job
	wait_until 5 grep -q ready "$out"
	lab run beta sleep 1000 &
	job=$!
	wait_until 5 lab run beta pgrep -x sleep
	lab pause beta
	lab kill beta
	ended() { ! kill -0 "$job" 2>/dev/null; }
	wait_until 5 ended
	lab start beta
}

@test 'a command that runs on a node goes on after a pause, and ends when the node is killed' {
	pause_running
}

@test 'a node can be paused where the kernel has no freezer' {
	local log=$LAB_DIR/beta/log/ticks
	[ ! -e "$LAB_DIR/.lab/cgroup" ] || mv "$LAB_DIR/.lab/cgroup" "$BATS_TEST_TMPDIR/"
	lab kill beta
	lab start beta
	lab spawn beta sh -c 'while sleep 0.01; do echo tick; done >/var/log/ticks'
	wait_until 5 test -s "$log"
	lab pause beta
	grows "$log" 0.4 && return 1
	lab resume beta
	grows "$log"
	pause_running
	[ ! -e "$BATS_TEST_TMPDIR/cgroup" ] || mv "$BATS_TEST_TMPDIR/cgroup" "$LAB_DIR/.lab/"
	lab kill beta
}

@test 'a paused node can be killed and started again' {
	lab pause beta
	lab kill beta
	lab start beta
	output_of beta lab run beta uname -n
}

# How far the clock of NODE is ahead of ours, in seconds.
ahead() {	# NODE
	echo $(($(lab run "$1" date +%s) - $(date +%s)))
}

@test 'a stepped clock is seen on its node only, and by what runs there already' {
	lab step beta 3600
	[ "$(ahead beta)" -ge 3590 ]
	[ "$(ahead alpha)" -lt 100 ]
	lab spawn beta bash -c 'while sleep 0.02; do echo $EPOCHSECONDS; done >/var/log/seconds'
	wait_until 5 test -s "$LAB_DIR/beta/log/seconds"
	lab step beta -7200.5
	[ "$(ahead beta)" -le -3590 ]
	went_back() { [ "$(tail -n 1 "$LAB_DIR/beta/log/seconds")" -lt $(($(date +%s) - 3000)) ]; }
	wait_until 5 went_back
	lab step beta 3600.5
	[ "$(ahead beta)" -lt 100 ]
	[ "$(ahead beta)" -gt -100 ]
}

@test 'a wrong word is an error that names it and changes nothing' {
	local verb
	for verb in 'run nobody true' 'cut nobody' 'cut alpha net3' 'loss 101 alpha' 'block http' 'delay x alpha' \
		'restore alpha beta' 'step alpha now' 'start alpha'; do
		# shellcheck disable=SC2086
		run lab $verb
		[ "$status" -eq 1 ]
		[[ $output == lab:* ]]
	done
	run lab fly
	[ "$status" -eq 2 ]
	[ "$output" = 'lab: fly: no such verb' ]
	[ -z "$(lab faults)" ]
}
