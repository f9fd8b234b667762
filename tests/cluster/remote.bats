#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016	# other shells expand it
# Commands on other systems: lcdremexec, -d, and the halves of equivalencies (spec/core.md 3.9.1, 3.0.3, 3.5).

load lab
load ../helpers/tree
load cluster

setup_file() {
	lab_or_skip
	export LAB_DIR
	cluster_up -n 1 2
	for node in alpha beta; do
		on $node app_create -a comm
		on $node typ_create -a comm -r ip
		on $node ins_create -a comm -r ip -t ip1 -i 10.0.0.10
	done
}

teardown_file() {
	lab down
}

setup() {
	OUT=$BATS_TEST_TMPDIR
}

gone() {	# NODE PATTERN
	! on "$1" pgrep -f "$2" >/dev/null
}

@test "RX1, RX2, RX4, RX8: the command runs there, in its tree, and its exit code comes back" {
	expect 0 on alpha lcdremexec -d beta -- lcduname
	lines_are beta
	expect 42 on alpha lcdremexec -d beta -- exit 42
	lines_are
	expect 0 on alpha lcdremexec -d beta -- pwd
	lines_are "$(lab root beta)"
	expect 0 on alpha lcdremexec -d beta -- 'echo ${PATH%%:*}'
	lines_are "$(lab root beta)/bin"
	expect 0 on beta lcdremexec -d alpha -- 'echo $LKROOT'
	lines_are "$(lab root alpha)"
	expect 137 on alpha lcdremexec -d beta -- 'kill -9 $$'
	run -127 on alpha lcdremexec -d beta -- nosuchcommand
}

@test "RX5, RX6: both outputs come as one, with -e one after the other" {
	expect 0 on alpha lcdremexec -d beta -- 'echo e >&2; echo o; echo e >&2'
	lines_are e o e
	[ -z "$stderr" ]
	expect 0 on alpha lcdremexec -e -d beta -- 'echo e >&2; echo o'
	lines_are o
	[ "$stderr" = e ]
}

@test "RX9: -t is the time that is waited, and the command there is ended" {
	local before
	before=$(now_ms)
	expect 9 on alpha lcdremexec -t 1 -d beta -- 'exec sleep 4242'
	says 'did not answer within 1 s'
	[ $(($(now_ms) - before)) -ge 1000 ]
	wait_until 10 gone beta 'sleep 4242'
}

@test "output is any bytes, and much of it" {
	on beta sh -c 'head -c 20000000 /dev/urandom >"$LKROOT/tmp/bytes"'
	on alpha lcdremexec -d beta -- cat tmp/bytes >"$OUT/bytes"
	cmp "$OUT/bytes" "$(lab root beta)/tmp/bytes"
}

@test "output comes as it is produced" {
	on alpha lcdremexec -d beta -- 'echo first; sleep 600' >"$OUT/out" 3>&- &
	wait_until 10 grep -q first "$OUT/out"
	on alpha pkill -x lcdremexec
	wait $! || true
	wait_until 10 gone beta 'sleep 600'
}

@test "a command whose caller was killed is ended, with what it has started" {
	on alpha lcdremexec -d beta -- 'sleep 601 & echo on; wait' >"$OUT/out" 3>&- &
	wait_until 10 grep -q on "$OUT/out"
	on alpha pkill -KILL -x lcdremexec
	wait $! || true
	wait_until 10 gone beta 'sleep 601'
}

@test "a command that ignores TERM is killed" {
	on alpha lcdremexec -d beta -- 'trap "" TERM; echo on; while :; do sleep 0.602; done' >"$OUT/out" 3>&- &
	wait_until 10 grep -q on "$OUT/out"
	on alpha pkill -KILL -x lcdremexec
	wait $! || true
	wait_until 20 gone beta 'sleep 0.602'
}

@test "what a command leaves behind does not hold its caller" {
	local before
	before=$(now_ms)
	expect 0 on alpha lcdremexec -d beta -- 'sleep 603 & echo done'
	lines_are 'done'
	[ $(($(now_ms) - before)) -lt 10000 ]
	on beta pkill -f 'sleep 603'
}

@test "a caller who does not read holds up nobody else" {
	on alpha sh -c 'lcdremexec -d beta -- "yes | head -c 20000000" | { sleep 3; wc -c; }' >"$OUT/slow" 3>&- &
	local pid=$! before
	before=$(now_ms)
	expect 0 on alpha lcdremexec -d beta -- echo quick
	lines_are quick
	[ $(($(now_ms) - before)) -lt 2000 ]
	wait $pid
	[ "$(cat "$OUT/slow")" -eq 20000000 ]
}

@test "a hundred commands at a time" {
	on alpha bash -c 'for i in $(seq 100); do lcdremexec -d beta -- "echo $i" & done; wait' >"$OUT/many"
	[ "$(sort -n "$OUT/many" | paste -sd ' ')" = "$(seq -s ' ' 100)" ]
}

@test "local clients that say nothing, or rubbish, hold up nobody" {
	on alpha python3 -c '
import socket, os
open_ones = []
for i in range(100):
	s = socket.socket(socket.AF_UNIX)
	s.connect(os.environ["LKROOT"] + "/run/lcm.sock")
	if i % 3 == 1: s.send(os.urandom(3000))
	if i % 3 == 2: s.send(b"\0\0\0\5\2\0\0\0\0")
	open_ones.append(s)
' || skip 'python3 is not installed'
	expect 0 on alpha lcdremexec -d beta -- echo on
	lines_are on
}

@test "-d: every command that has it runs there" {
	local command
	on beta flg_create -f only_there
	expect 0 on alpha flg_list -d beta
	[[ $'\n'$output$'\n' == *$'\nonly_there\n'* ]]
	expect 0 on alpha flg_test -d beta -f only_there
	expect 7 on alpha flg_test -f only_there
	expect 0 on alpha flg_remove -dbeta -f only_there
	expect 7 on alpha flg_remove -f only_there -d beta
	says 'flag "only_there" is not set'
	expect 0 on alpha app_list -Jd beta
	[[ $output == '['* ]]
	expect 0 on alpha app_create -d beta -a db
	expect 0 on alpha typ_create -d beta -a db -r pg
	expect 0 on alpha ins_create -d beta -a db -r pg -t pg1 -i 'a -d id' -v '-d x'
	expect 0 on alpha ins_list -d beta -f: -t pg1
	[[ $output == beta:db:pg:pg1:a\ -d\ id:-d\ x:OSU:* ]]
	expect 0 on alpha dep_create -d beta -p pg1 -c ip1
	expect 0 on alpha dep_list -d beta -f:
	lines_are pg1:ip1
	expect 0 on alpha ins_gettag -d beta -i 'a -d id'
	lines_are pg1
	expect 0 on alpha ins_setin -d beta -t pg1 -v new
	expect 0 on alpha ins_setit -d beta -t pg1 -I INIT_OSU
	expect 0 on alpha ins_setst -d beta -t pg1 -S OSU
	expect 0 on alpha ins_setas -d beta -t pg1 -s AUTOMATIC
	expect 0 on alpha ins_setchkint -d beta -t pg1 -c q -v 7
	expect 0 on alpha ins_setlocalrecover -d beta -t pg1 -l Y
	expect 0 on alpha dep_remove -d beta -p pg1 -c ip1
	expect 0 on alpha ins_remove -d beta -t pg1
	expect 0 on alpha typ_list -d beta -f, -a db
	lines_are db,pg
	expect 0 on alpha typ_remove -d beta -a db -r pg
	expect 0 on alpha app_remove -d beta -a db
	expect 0 on alpha sys_create -d beta -s gamma
	expect 0 on alpha sys_list -d beta
	lines_are beta alpha gamma
	expect 0 on alpha net_create -d beta -s gamma -n TCP -l 10.1.0.2 -r 10.1.0.9
	expect 0 on alpha net_change -d beta -s gamma -D TCP:1500 -P TCP:1510
	expect 0 on alpha net_remove -d beta -s gamma
	expect 0 on alpha sys_remove -d beta -s gamma
	expect 0 on alpha sys_getst -d beta -s alpha
	lines_are ALIVE
	expect 0 on alpha sys_getds -d beta -s alpha
	for command in lcdsync lcdcheck eqv_list lcdstatus; do
		expect 0 on alpha $command -d beta
	done
	expect 0 on alpha hry_setpri -d beta -l -t ip1
}

@test "a system that is known and has no path gives 9, one that is not known 7" {
	on alpha sys_create -s delta
	expect 9 on alpha app_list -d delta
	says 'Communication failure: destination system "delta" is out of service.'
	expect 7 on alpha lcdremexec -d nobody -- true
	on alpha sys_remove -s delta
}

@test "EC1, EC2, ER1: eqv_create and eqv_remove do both halves" {
	expect 0 on alpha eqv_create -t ip1 -p 1 -S beta -o ip1 -r 10 -e SHARED
	lines_are
	expect 0 on alpha eqv_list -f:
	lines_are alpha:ip1:beta:ip1:SHARED:1:10
	expect 0 on alpha eqv_list -d beta -f:
	lines_are beta:ip1:alpha:ip1:SHARED:10:1
	expect 4 on alpha eqv_create -t ip1 -p 1 -S beta -o ip1 -r 10 -e SHARED
	expect 0 on alpha eqv_remove -t ip1 -S beta -o ip1 -e SHARED
	lines_are
	[ -z "$stderr" ]
	expect 0 on beta eqv_list
	lines_are
	expect 0 on alpha eqv_list
	lines_are
}

@test "eqv_create -d, and with the sides the other way round" {
	expect 0 on alpha eqv_create -d beta -t ip1 -p 3 -S alpha -o ip1 -r 7 -e SHARED
	expect 0 on alpha eqv_list -f:
	lines_are alpha:ip1:beta:ip1:SHARED:7:3
	expect 0 on beta eqv_list -f:
	lines_are beta:ip1:alpha:ip1:SHARED:3:7
	expect 0 on beta eqv_remove -s alpha -t ip1
	expect 0 on alpha eqv_list
	lines_are
	expect 0 on alpha eqv_create -s beta -t ip1 -o ip1 -e SHARED
	expect 0 on alpha eqv_list -f:
	lines_are alpha:ip1:beta:ip1:SHARED:10:1
	expect 0 on alpha eqv_remove -t ip1 -S beta
}

@test "a half that the other system refuses is stored nowhere" {
	expect 7 on alpha eqv_create -t ip1 -S beta -o nosuch -e SHARED
	says 'tag "nosuch" does not exist'
	expect 0 on alpha eqv_list
	lines_are
}

@test "IR10: ins_remove unties both ends, and the other instance stays" {
	on alpha ins_create -a comm -r ip -t ip2 -i 10.0.0.11
	on beta ins_create -a comm -r ip -t ip2 -i 10.0.0.11
	on alpha eqv_create -t ip2 -S beta -o ip2 -e SHARED
	expect 0 on alpha ins_remove -t ip2
	expect 0 on beta eqv_list
	lines_are
	expect 0 on beta ins_list -t ip2 -f:
	on beta ins_remove -t ip2
}

@test "AR4: app_remove unties both ends" {
	on alpha eqv_create -t ip1 -S beta -o ip1 -e SHARED
	expect 0 on alpha app_remove -a comm
	expect 0 on beta eqv_list
	lines_are
	expect 0 on beta ins_list -t ip1
	on alpha app_create -a comm
	on alpha typ_create -a comm -r ip
	on alpha ins_create -a comm -r ip -t ip1 -i 10.0.0.10
}

@test "ER3: eqv_remove does not need the other system, eqv_create does" {
	on alpha eqv_create -t ip1 -S beta -o ip1 -e SHARED
	lab off beta
	wait_until 10 state_is alpha beta DEAD
	expect 0 on alpha eqv_remove -t ip1 -S beta -o ip1 -e SHARED
	expect 0 on alpha eqv_list
	lines_are
	expect 9 on alpha eqv_create -t ip1 -S beta -o ip1 -e SHARED
	expect 0 on alpha eqv_list
	lines_are
	expect 9 on alpha lcdremexec -d beta -- true
	lab start beta
	lcm_start beta
	wait_until 20 state_is alpha beta ALIVE
	on beta eqv_remove -t ip1 -S alpha
}
