#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016	# other shells expand it
# The vectors of spec/core.md 9.1 to 9.13 that need other systems, on real ones: F2, then F3, then F2 with beta
# dead. Each test leaves the fixture as it was. What has a file of its own is there: remote, locks, recovery.

load lab
load ../helpers/tree
load cluster

MISSES=4
TREE='for type in comm/ip filesys/volume gen/app; do
		app_create -a "${type%/*}"
		typ_create -a "${type%/*}" -r "${type#*/}"
		dir=$LKROOT/subsys/${type%/*}/resources/${type#*/}/actions
		mkdir -p "$dir"
		for action in restore remove quickCheck deepCheck recover; do
			printf "#!/bin/sh\nexit 0\n" >"$dir/$action"
			chmod 755 "$dir/$action"
		done
	done
	ins_create -a comm -r ip -t ip1 -i 10.0.0.10 -v eth0 -Q 0 -D 0
	ins_create -a filesys -r volume -t vol1 -i /mnt/d1 -v ext4 -Q 0 -D 0
	ins_create -a gen -r app -t app1 -i app1id -Q 0 -D 0
	dep_create -p app1 -c ip1
	dep_create -p app1 -c vol1'

setup_file() {
	lab_or_skip
	export LAB_DIR
	local node
	lab up -n 1 3
	on alpha lkkey create
	for node in beta gamma; do
		cp -p "$(lab root alpha)/etc/lkkey" "$(lab root $node)/etc/lkkey"
	done
	for node in alpha beta gamma; do
		lab sh $node "$TREE"
	done
	join alpha 1 beta 10 1500
	lcm_start alpha
	lcm_start beta
	wait_until 20 see_each_other alpha beta
}

teardown_file() {
	lab down
}

setup() {
	T=$BATS_TEST_TMPDIR
}

# Paths and equivalencies between two systems with these priorities, made on each.
join() {	# A PRIORITY B PRIORITY PORT
	half "$1" "$2" "$3" "$4" "$5"
	half "$3" "$4" "$1" "$2" "$5"
}

half() {
	on "$1" net_create -s "$3" -n TCP -D "TCP:$5" -l "$(lab addr "$1")" -r "$(lab addr "$3")" -p 1 \
		-i "$INTERVAL" -m "$MISSES"
	for tag in ip1 vol1 app1; do
		on "$1" eqv_create --local-only -t $tag -p "$2" -S "$3" -o $tag -r "$4" -e SHARED
	done
}

see_each_other() {	# SYSTEM...
	local a b
	for a; do
		for b; do
			state_is "$a" "$b" ALIVE || return
		done
	done
}

# The rows of eqv_list on a node, in one line.
pairs() {	# NODE
	on "$1" eqv_list -f: | cut -d: -f2,3,6,7 | paste -sd ' '
}

squeezed() {	# N
	sed -n "$1p" <<<"$output" | tr -s ' '
}

@test "SL2, SL3, SL4, SD1, SD5, SG6, NL1, NL5, NL6, AL3, TL6, IL9, IG5, UN3: what the systems say of each other" {
	expect 0 on alpha sys_list
	lines_are alpha beta
	expect 0 on beta sys_list
	lines_are beta alpha
	expect 0 on alpha sys_list -d beta
	lines_are beta alpha
	expect 0 on alpha sys_getds -s beta
	lines_are '1 of 1 comm paths is alive'
	expect 0 on alpha sys_getds -d beta -s alpha
	[ "${#lines[@]}" -eq 1 ]
	expect 0 on alpha sys_getstate -s beta
	lines_are ALIVE
	expect 0 on alpha net_list -f,
	lines_are beta,TCP:1500,TLI,0,0,0,ALIVE,1,0.2,4,0,0,0,0,0,0,0,10.1.0.2,10.1.0.1
	expect 0 on alpha net_list
	[ "$(tr -dc '\001' <<<"$output" | wc -c)" -eq 18 ]
	expect 0 on alpha net_list -d beta -f,
	fields 1,18,19 ,
	lines_are alpha,10.1.0.1,10.1.0.2
	expect 0 on alpha app_list -d beta
	lines_are comm filesys gen
	expect 0 on alpha typ_list -d beta -f, -a gen
	lines_are gen,app
	expect 0 on alpha ins_list -d beta -f: -t ip1
	fields 1 :
	lines_are beta
	expect 0 on alpha ins_gettag -d beta -i app1id
	lines_are app1
	expect 0 on alpha lcdremexec -d beta -- lcduname
	lines_are beta
}

@test "EL1, EL2, EL3, EL7, HP3, LV5, LV6: the equivalencies, from both ends" {
	expect 0 on alpha eqv_list -f:
	lines_are alpha:app1:beta:app1:SHARED:1:10 alpha:ip1:beta:ip1:SHARED:1:10 alpha:vol1:beta:vol1:SHARED:1:10
	expect 0 on alpha eqv_list -f: -t ip1
	lines_are alpha:ip1:beta:ip1:SHARED:1:10
	expect 0 on beta eqv_list -f: -t ip1
	lines_are beta:ip1:alpha:ip1:SHARED:10:1
	expect 0 on alpha eqv_list -e SHARED -t app1
	[ "$(tr -dc '\001' <<<"$output" | wc -c)" -eq 6 ]
	expect 0 on alpha hry_setpri -l -t ip1
	lines_are $'ip1\001alpha\0011' $'ip1\001beta\00110'
	expect 0 on alpha lcdrecover -p app1
	lines_are primary
	expect 0 on beta lcdrecover -p app1
	lines_are secondary
}

@test "AC5, TC6, IC14, IN6, SC2, SC6, FL3, FT4, FR4: what is changed there is not changed here" {
	expect 0 on alpha app_create -d beta -a db
	expect 0 on beta app_list
	lines_are comm db filesys gen
	expect 0 on alpha app_list
	lines_are comm filesys gen
	expect 0 on alpha typ_create -d beta -a comm -r dns
	expect 0 on beta typ_list -f, -a comm
	lines_are comm,dns comm,ip
	expect 0 on alpha typ_list -f, -a comm
	lines_are comm,ip
	expect 0 on alpha ins_create -d beta -a gen -r app -t app9 -i a9
	expect 0 on beta ins_gettag -i a9
	lines_are app9
	expect 7 on alpha ins_list -t app9
	expect 0 on alpha ins_setin -d beta -t ip1 -v eth9
	[ "$(on beta ins_list -f: -t ip1 | cut -d: -f6)" = eth9 ]
	[ "$(on alpha ins_list -f: -t ip1 | cut -d: -f6)" = eth0 ]
	expect 4 on alpha sys_create -s beta
	expect 0 on alpha sys_create -d beta -s delta
	expect 0 on beta sys_list
	lines_are beta alpha delta
	expect 0 on alpha sys_list
	lines_are alpha beta
	on beta flg_create -f x
	expect 0 on alpha flg_list -d beta
	lines_are x
	expect 0 on alpha flg_test -d beta -f x
	expect 0 on alpha flg_remove -d beta -f x
	expect 7 on beta flg_test -f x
	on beta sh -c 'sys_remove -s delta; ins_setin -t ip1 -v eth0; ins_remove -t app9; typ_remove -a comm -r dns; app_remove -a db'
}

@test "IA6, DP9, HP1, HP2, HP5: what is changed here is not changed there" {
	expect 0 on alpha ins_setas -t app1 -s AUTOMATIC
	[ "$(on beta ins_list -f: -t app1 | grep -c AUTOMATIC)" -eq 0 ]
	on alpha ins_setas -t app1 -s INTELLIGENT
	expect 0 on alpha dep_create -p ip1 -c vol1
	expect 0 on beta dep_list -f:
	lines_are app1:ip1 app1:vol1
	on alpha dep_remove -p ip1 -c vol1
	expect 0 on alpha hry_setpri -t app1 -p 5 -s beta
	[ "$(pairs alpha)" = 'app1:beta:1:5 ip1:beta:1:5 vol1:beta:1:5' ]
	[ "$(pairs beta)" = 'app1:alpha:10:1 ip1:alpha:10:1 vol1:alpha:10:1' ]
	expect 5 on alpha hry_setpri -t app1 -p 1 -s beta
	sed -i 's/\t5$/\t1003/' "$(lab root alpha)/config/eqv"
	expect 0 on alpha hry_setpri -t app1 -p 10 -s beta
	[ "$(pairs alpha)" = 'app1:beta:1:10 ip1:beta:1:10 vol1:beta:1:10' ]
}

@test "TR4, ER2: an equivalency goes at both ends" {
	local node
	for node in alpha beta; do
		on $node sh -c 'typ_create -a comm -r x && ins_create -a comm -r x -t x1 -i x1'
	done
	on alpha eqv_create -t x1 -S beta -o x1 -e SHARED
	expect 0 on beta eqv_list -t x1 -f:
	lines_are beta:x1:alpha:x1:SHARED:10:1
	expect 0 on alpha eqv_remove -s alpha -t x1 -S beta -e SHARED
	for node in alpha beta; do
		expect 0 on $node eqv_list -t x1
		lines_are
	done
	on alpha eqv_create -t x1 -S beta -o x1 -e SHARED
	expect 0 on alpha typ_remove -a comm -r x
	for node in alpha beta; do
		expect 0 on $node eqv_list -f:
		[[ $output != *x1* ]]
	done
	expect 0 on beta ins_list -t x1
	on beta typ_remove -a comm -r x
}

@test "CP1, CP2, CP3, CP6, CP7: files arrive with their bytes and permissions" {
	local there byte
	there=$(lab root beta)/tmp
	for ((byte = 0; byte < 256; byte++)); do
		# shellcheck disable=SC2059
		printf "\\x$(printf %x $byte)"
	done >"$T/f1"
	echo two >"$T/f2"
	chmod 640 "$T/f1"
	chmod 751 "$T/f2"
	expect 0 on alpha lcdrcp "$T/f1" beta:tmp/g1
	cmp "$T/f1" "$there/g1"
	[ "$(stat -c %a "$there/g1")" = 640 ]
	expect 0 on alpha lcdrcp "$T/f1" "$T/f2" beta:tmp
	cmp "$T/f1" "$there/f1"
	cmp "$T/f2" "$there/f2"
	[ "$(stat -c %a "$there/f2")" = 751 ]
	expect 5 on alpha lcdrcp "$T/f1" "$T/f2" beta:tmp/new
	[ ! -e "$there/new" ]
	expect 1 on alpha lcdrcp "$T/nofile" beta:tmp
	expect 2 on alpha lcdrcp "$T/f1" tmp
}

@test "RX7, RX10, SY3: a command on the own system, one without a system, a database there" {
	expect 0 on alpha lcdremexec -d alpha -- echo hi
	lines_are hi
	expect 2 on alpha lcdremexec -- true
	expect 0 on alpha lcdsync -d beta
	lines_are
	echo nonsense >>"$(lab root beta)/config/flg"
	expect 3 on alpha lcdsync -d beta
	says config/flg
	sed -i '$d' "$(lab root beta)/config/flg"
	expect 0 on alpha lcdsync -d beta
}

@test "LS1, LS2, LS3, LS4: lcdstatus in a cluster" {
	on alpha perform_action -t app1 -a restore
	expect 0 on alpha lcdstatus -q
	[ "$(squeezed 1)" = 'LOCAL TAG ID STATE PRIO PRIMARY' ]
	[ "$(squeezed 2)" = 'alpha app1 app1id ISP 1 alpha' ]
	[ "$(squeezed 6)" = 'MACHINE NETWORK ADDRESSES/DEVICE STATE PRIO' ]
	[ "$(squeezed 7)" = 'beta TCP 10.1.0.1/10.1.0.2 ALIVE 1' ]
	expect 0 on alpha lcdstatus -d beta -q
	[ "$(squeezed 2)" = 'beta app1 app1id OSU 10 alpha' ]
	expect 0 on alpha lcdstatus -e
	[[ $(squeezed 1) == 'BACKUP TAG '* ]]
	expect 0 on alpha lcdstatus -q -r ip1
	[ "${#lines[@]}" -eq 2 ]
	on alpha sh -c 'perform_action -t ip1 -a remove; perform_action -t vol1 -a remove'
}

@test "LV9: the other half of a global recovery runs on both systems" {
	local node
	for node in alpha beta; do
		on $node sh -c 'mkdir -p "$LKROOT/subsys/gen/actions"
			printf "#!/bin/sh\necho \"gen \$*\" >>\"\$LKROOT/tmp/post\"\n" >"$LKROOT/subsys/gen/actions/postrestore"
			chmod 755 "$LKROOT/subsys/gen/actions/postrestore"'
	done
	on alpha sh -c 'flg_create -f "!restore"; flg_create -f "!restore!beta"'
	on beta flg_create -f '!restore'
	expect 0 on alpha lcdrecover -G restore -- -m
	[ "$(cat "$(lab root alpha)/tmp/post")" = 'gen -m' ]
	[[ $(cat "$(lab root beta)/tmp/post") == 'gen -m'* ]]
	for node in alpha beta; do
		expect 0 on $node flg_list
		lines_are
		rm "$(lab root $node)/tmp/post"
	done
}

@test "NG1, NG2, NG3, NR1, NR3, NR5: a comm path is changed, removed and made again while it is used" {
	expect 7 on alpha net_change -s beta -D TCP:1777 -P TCP:1600
	expect 7 on alpha net_remove -D TCP:1777
	local node
	for node in alpha beta; do
		expect 0 on $node net_change -s "$([ $node = alpha ] && echo beta || echo alpha)" -D TCP:1500 -P TCP:1600
		[ "$(on $node net_list -f, | cut -d, -f2)" = TCP:1600 ]
	done
	wait_until 20 paths_are alpha beta ALIVE
	wait_until 20 paths_are beta alpha ALIVE
	on beta net_change -s alpha -D TCP:1600 -P TCP:1500
	expect 0 on alpha net_remove -D TCP:1600
	expect 0 on alpha net_list
	lines_are
	on alpha net_create -s beta -n TCP -D TCP:1500 -l 10.1.0.1 -r 10.1.0.2 -p 1 -i "$INTERVAL" -m "$MISSES"
	wait_until 20 see_each_other alpha beta
	expect 0 on alpha net_remove -s beta -r 10.1.0.2 -l 10.1.0.1
	on alpha net_create -s beta -n TCP -D TCP:1500 -l 10.1.0.1 -r 10.1.0.2 -p 1 -i "$INTERVAL" -m "$MISSES"
	wait_until 20 see_each_other alpha beta
	expect 0 on alpha net_change -s beta -D TCP:1500 -N delta
	[ "$(on alpha net_list -f, | cut -d, -f1)" = delta ]
	expect 0 on alpha net_change -s delta -D TCP:1500 -N beta
	on alpha sys_remove -s delta || true
	wait_until 20 see_each_other alpha beta
}

# ---- F3 ----

@test "EC10, a third system joins: the priority of another gives 5, at the third one nothing is left" {
	half gamma 20 alpha 1 1510
	half gamma 20 beta 10 1520
	on gamma eqv_remove -t ip1 -S alpha
	on alpha net_create -s gamma -n TCP -D TCP:1510 -l 10.1.0.1 -r 10.1.0.3 -p 1 -i "$INTERVAL" -m "$MISSES"
	on beta net_create -s gamma -n TCP -D TCP:1520 -l 10.1.0.2 -r 10.1.0.3 -p 1 -i "$INTERVAL" -m "$MISSES"
	lcm_start gamma
	wait_until 20 see_each_other alpha beta gamma
	expect 5 on alpha eqv_create -t ip1 -p 1 -S gamma -o ip1 -r 10 -e SHARED
	[[ $(pairs alpha) != *gamma* ]]
	[[ $(pairs gamma) != *ip1:alpha* ]]
	expect 0 on alpha eqv_create -t ip1 -p 1 -S gamma -o ip1 -r 20 -e SHARED
	for tag in vol1 app1; do
		on alpha eqv_create --local-only -t $tag -p 1 -S gamma -o $tag -r 20 -e SHARED
	done
	for tag in ip1 vol1 app1; do
		on beta eqv_create --local-only -t $tag -p 10 -S gamma -o $tag -r 20 -e SHARED
	done
	[ "$(pairs gamma)" = 'app1:alpha:20:1 app1:beta:20:10 ip1:alpha:20:1 ip1:beta:20:10 vol1:alpha:20:1 vol1:beta:20:10' ]
}

@test "EL4, EL5, LV7, NL4, NC8, NG5, DA3, DA6: three systems" {
	expect 0 on alpha eqv_list -f: -t ip1
	lines_are alpha:ip1:beta:ip1:SHARED:1:10 alpha:ip1:gamma:ip1:SHARED:1:20
	expect 0 on alpha eqv_list -f: -s gamma -t vol1
	lines_are alpha:vol1:gamma:vol1:SHARED:1:20
	expect 0 on alpha lcdrecover -o app1
	lines_are beta gamma
	expect 0 on alpha net_list -f, -s gamma
	fields 2 ,
	lines_are TCP:1510
	expect 5 on alpha net_create -s beta -n DISK -D /dev/x -p 61
	expect 4 on alpha net_change -s beta -D TCP:1500 -P TCP:1510
	expect 5 on alpha delallsys -f alpha
	expect 5 on alpha delallsys -f gamma
	expect 0 on alpha sys_list
	lines_are alpha beta gamma
}

@test "ER6: the pair with the third system goes, that with the second stays" {
	expect 0 on alpha eqv_remove -t ip1 -S gamma -o ip1
	expect 0 on alpha eqv_list -f: -t ip1
	lines_are alpha:ip1:beta:ip1:SHARED:1:10
	[[ $(pairs gamma) != *ip1:alpha* ]]
	expect 0 on alpha eqv_create -t ip1 -p 1 -S gamma -o ip1 -r 20 -e SHARED
}

@test "DA1, DA2, DA5: a dead system is removed on each of the others" {
	lab off gamma
	wait_until 10 state_is alpha gamma DEAD
	wait_until 10 state_is beta gamma DEAD
	expect 0 on alpha delallsys -f gamma
	lines_are 'Removing equivalency app1 -> app1 on gamma...' 'Removing equivalency ip1 -> ip1 on gamma...' \
		'Removing equivalency vol1 -> vol1 on gamma...' 'Removing network comm path(s) 10.1.0.1 -> 10.1.0.3...'
	expect 0 on alpha sys_list
	lines_are alpha beta
	[[ $(pairs alpha) == 'app1:beta:1:10 ip1:beta:1:10 vol1:beta:1:10' ]]
	expect 0 on alpha net_list -s beta
	expect 7 on alpha delallsys -f gamma
	[[ $(pairs beta) == *gamma* ]]
	expect 0 on beta delallsys -f gamma
	[ "${lines[3]}" = 'Removing network comm path(s) 10.1.0.2 -> 10.1.0.3...' ]
	[ "$(pairs beta)" = 'app1:alpha:10:1 ip1:alpha:10:1 vol1:alpha:10:1' ]
	see_each_other alpha beta
}

# ---- F2 with beta dead ----

@test "RX3, CP5, SY4, LS6, SL5, SR6, NR6, FC7, EC7, SG2, SD2: a system that is dead gives 9" {
	lab off beta
	wait_until 10 state_is alpha beta DEAD
	local command
	for command in 'lcdremexec -d beta -- true' 'lcdrcp /etc/hosts beta:tmp' 'lcdsync -d beta' \
		'lcdstatus -d beta -q' 'sys_list -d beta' 'sys_remove -d beta -s gamma' 'net_remove -d beta -D TCP:1500' \
		'flg_create -d beta -f x'; do
		# shellcheck disable=SC2086
		expect 9 on alpha $command
		says 'destination system "beta" is out of service'
		lines_are
	done
	on alpha sh -c 'typ_create -a comm -r x && ins_create -a comm -r x -t x1 -i x1'
	expect 9 on alpha eqv_create -t x1 -S beta -o x1 -e SHARED
	[[ $(pairs alpha) != *x1* ]]
	on alpha typ_remove -a comm -r x
	expect 0 on alpha sys_getst -s beta
	lines_are DEAD
	expect 0 on alpha sys_getds -s beta
	[[ $output == 'all comm paths are dead: '* ]]
}

@test "LV10: the flag of a system that is dead is kept" {
	# the failover has run them, too
	wait_until 20 logged alpha 'FINISHED AT:'
	rm -f "$(lab root alpha)/tmp/post"
	on alpha sh -c 'flg_create -f "!restore"; flg_create -f "!restore!beta"'
	expect 0 on alpha lcdrecover -G restore -- -m
	says 'flag !restore!beta is kept'
	expect 0 on alpha flg_list
	lines_are '!restore!beta'
	[ "$(cat "$(lab root alpha)/tmp/post")" = 'gen -m' ]
	on alpha flg_remove -f '!restore!beta'
}

@test "SR4, SR1, SR2: a system is removed before and after its paths" {
	expect 5 on alpha sys_remove -s alpha
	says "*ERROR* (No. 424) can't remove entry for local system \"alpha\""
	expect 0 on alpha sys_remove -s beta
	[ "$(on alpha net_list -f, | cut -d, -f1,2)" = beta,TCP:1500 ]
	expect 0 on alpha net_remove -D TCP:1500
	on alpha sys_create -s beta
	expect 0 on alpha sys_remove -s beta
	expect 0 on alpha sys_list
	lines_are alpha
}
