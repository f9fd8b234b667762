#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lcdstatus [-d destsys] [-q | -e] [-r tag] [-u] [-J]

load ../helpers/tree

# Line N of the output, runs of blanks squeezed.
squeezed() {	# N
	sed -n "$1p" <<<"$output" | tr -s ' '
}

# The output has this line.
has_line() {
	grep -Fxq -- "$1" <<<"$output" || { echo "$output"; return 1; }
}

@test "LS1: -q shows the local system, children one column to the right" {
	f2s
	expect 0 lcdstatus -q
	[ "$(squeezed 1)" = 'LOCAL TAG ID STATE PRIO PRIMARY' ]
	[ "$(squeezed 2)" = 'alpha app1 app1id ISP 1 alpha' ]
	[ "$(squeezed 3)" = 'alpha ip1 10.0.0.10 ISP 1 alpha' ]
	[ "${lines[1]%%app1*}" = 'alpha  ' ]
	[ "${lines[2]%%ip1*}" = 'alpha   ' ]
}

@test "LS2: -q shows the comm paths below; without a communication manager their state is unknown" {
	f2s
	expect 0 lcdstatus -q
	[ "$(squeezed 5)" = '' ]
	[ "$(squeezed 6)" = 'MACHINE NETWORK ADDRESSES/DEVICE STATE PRIO' ]
	[ "$(squeezed 7)" = 'beta TCP 10.1.0.1/10.1.0.2 UNKNOWN 1' ]
}

@test "LS3: -e shows the backup system" {
	f2s
	expect 0 lcdstatus -e
	[[ $(squeezed 1) == 'BACKUP TAG '* ]]
	[ "$(squeezed 2)" = 'beta app1 app1id ISP 1 alpha' ]
}

@test "LS4: -r shows one hierarchy only" {
	f2s
	expect 0 lcdstatus -q -r ip1
	lines_are 'LOCAL  TAG  ID         STATE  PRIO  PRIMARY' \
		'alpha  ip1  10.0.0.10  ISP       1  alpha'
	expect 0 lcdstatus -r ip1
	has_line 'ip1:  id=10.0.0.10  app=comm  type=ip  state=ISP  initialize=AUTORES_ISP'
	[[ $output != *vol1* && $output != *'to machine'* && $output != *strategy* ]]
}

@test "LS5: the detailed display names the flags and the shutdown strategy" {
	f1
	flg_create -f shutdown_switchover
	expect 0 lcdstatus
	has_line 'The following LifeKeeper flags are on:'
	has_line shutdown_switchover
	has_line 'The shutdown strategy is set to: switchover.'
}

@test "LS6: a system that cannot be reached gives 9" {
	f2s
	unreachable
	expect 9 lcdstatus -d beta -q
	lines_are
	says 'Communication failure: destination system "beta" is out of service.'
}

@test "the detailed display of a cluster" {
	f2s
	expect 0 lcdstatus
	lines_are 'Resource hierarchies of alpha:' '' \
		'app1:  id=app1id  app=gen  type=app  state=ISP  initialize=AUTORES_ISP  info=' \
		'        reason=restore action has succeeded  switchback=INTELLIGENT' \
		'        quickCheck=180s  deepCheck=300s  localrecovery=N' \
		'        depends on resources: ip1, vol1' \
		'        Local priority = 1' \
		'        SHARED equivalency with app1 on beta, priority = 10' \
		'        FAILOVER ALLOWED' '' \
		'ip1:  id=10.0.0.10  app=comm  type=ip  state=ISP  initialize=AUTORES_ISP' \
		'        info=eth0  reason=restore action has succeeded  switchback=INTELLIGENT' \
		'        quickCheck=180s  deepCheck=300s  localrecovery=N' \
		'        these resources are dependent: app1' \
		'        Local priority = 1' \
		'        SHARED equivalency with ip1 on beta, priority = 10' \
		'        FAILOVER ALLOWED' '' \
		'vol1:  id=/mnt/d1  app=filesys  type=volume  state=ISP  initialize=AUTORES_ISP' \
		'        info=ext4  reason=restore action has succeeded  switchback=INTELLIGENT' \
		'        quickCheck=180s  deepCheck=300s  localrecovery=N' \
		'        these resources are dependent: app1' \
		'        Local priority = 1' \
		'        SHARED equivalency with vol1 on beta, priority = 10' \
		'        FAILOVER ALLOWED' '' \
		'Communication status:' '' 'machine=alpha state=ALIVE' 'machine=beta state=UNKNOWN' \
		'        (the communication manager is not running: no state is known)' \
		'to machine=beta type=TCP addresses=10.1.0.1/10.1.0.2' \
		'        state="UNKNOWN" priority=1 #comm_downs=0' '' \
		'The shutdown strategy is set to: do_not_switchover.'
}

@test "an empty tree has a status, too" {
	f0
	expect 0 lcdstatus
	has_line 'Resource hierarchies of alpha: none'
	expect 0 lcdstatus -q
	lines_are 'LOCAL  TAG  ID  STATE  PRIO  PRIMARY'
}

@test "a shared child is shown in detail once, in the short display below each root" {
	f1
	ins_create -a gen -r app -t zapp -i zappid
	dep_create -p zapp -c ip1
	expect 0 lcdstatus
	[ "$(grep -c '^ip1:' <<<"$output")" = 1 ]
	has_line '        these resources are dependent: app1, zapp'
	expect 0 lcdstatus -q
	[ "$(squeezed 5)" = 'alpha zapp zappid OSU -- alpha' ]
	[ "$(squeezed 6)" = 'alpha ip1 10.0.0.10 OSU -- alpha' ]
}

@test "levels are counted from the root, one blank each" {
	f1
	ins_create -a gen -r app -t dev1 -i dev1id
	dep_create -p vol1 -c dev1
	expect 0 lcdstatus -q
	[[ ${lines[3]} == 'alpha   vol1  '* ]]
	[[ ${lines[4]} == 'alpha    dev1 '* ]]
}

@test "the primary system is the one with the best priority, the backup the next after this one" {
	f1
	join beta 10 1500 10.1.0.2
	ins_create -a gen -r app -t app2 -i app2id
	eqv_create --local-only -t app2 -p 20 -S beta -o app2 -r 5 -e SHARED
	expect 0 lcdstatus -e -r app2
	[ "$(squeezed 2)" = '------ app2 app2id OSU 20 beta' ]
	expect 0 lcdstatus -e -r app1
	[ "$(squeezed 2)" = 'beta app1 app1id OSU 1 alpha' ]
}

@test "with three systems the next one by priority is the backup" {
	f3
	hry_setpri -q -t app1 -p 15 2>/dev/null || skip 'hry_setpri is not there yet'
	expect 0 lcdstatus -e -r ip1
	[ "$(squeezed 2)" = 'gamma ip1 10.0.0.10 OSU 15 beta' ]
}

@test "without equivalency, or with a flag against it, failover is inhibited" {
	f1
	expect 0 lcdstatus -r ip1
	has_line '        FAILOVER INHIBITED (no equivalency)'
	join beta 10 1500 10.1.0.2
	expect 0 lcdstatus -r ip1
	has_line '        FAILOVER ALLOWED'
	for flag in block_failover 'noresfailover!beta' 'nosysfailover!beta'; do
		flg_create -f "$flag"
		expect 0 lcdstatus -r ip1
		has_line "        FAILOVER INHIBITED (flag $flag)"
		flg_remove -f "$flag"
	done
	flg_create -f 'noresfailover!gamma'
	expect 0 lcdstatus -r ip1
	has_line '        FAILOVER ALLOWED'
}

@test "a flag against one of two systems is named" {
	f3
	flg_create -f 'noresfailover!beta'
	expect 0 lcdstatus -r ip1
	has_line '        FAILOVER ALLOWED (not everywhere: flag noresfailover!beta)'
}

@test "long ids are shortened in the middle, and no line gets wider than 80 columns" {
	f2
	id=$(printf 'x%.0s' {1..120})
	ins_create -a gen -r app -t long -i "begin${id}end"
	expect 0 lcdstatus -q
	row=$(grep long <<<"$output")
	[[ $row == *' begin'*'…'*'end '* ]]
	[ "$(LC_ALL=C.UTF-8 wc -L <<<"$output")" = 80 ]
	expect 0 lcdstatus -e
	[ "$(LC_ALL=C.UTF-8 wc -L <<<"$output")" = 80 ]
}

@test "tags are never shortened" {
	f0
	app_create -a gen
	typ_create -a gen -r app
	tag=$(printf 't%.0s' {1..100})
	ins_create -a gen -r app -t "$tag" -i "0123456789"
	expect 0 lcdstatus -q
	[[ $output == *" $tag  01…89  "* ]]
}

@test "characters of two columns are counted as such" {
	f0
	app_create -a gen
	typ_create -a gen -r app
	ins_create -a gen -r app -t one -i '日本'
	ins_create -a gen -r app -t two -i 'four'
	expect 0 lcdstatus -q
	[ "${lines[1]}" = 'alpha  one  日本  OSU      --  alpha' ]
	[ "${lines[2]}" = 'alpha  two  four  OSU      --  alpha' ]
}

@test "TTY paths have no priority, the detailed display has their counters" {
	f0
	net_create -s beta -n TTY -D /dev/ttyS0
	expect 0 lcdstatus -q
	[ "$(squeezed 4)" = 'beta TTY /dev/ttyS0 UNKNOWN --' ]
	expect 0 lcdstatus
	has_line 'to machine=beta type=TTY device=/dev/ttyS0'
	[[ $output == *'state="UNKNOWN" #comm_downs=0 #NAKs=0 '* ]]
}

@test "a reservation is shown" {
	f1
	sed -i '/^ip1/s/AUTORES_ISP\t\t0/AUTORES_ISP\tRESTORE\t4711/' \
		"$LKROOT/subsys/comm/resources/ip/instances"
	expect 0 lcdstatus -r ip1
	has_line '        reserved for RESTORE by process 4711'
}

@test "instances on a circle of dependencies are shown as well" {
	f1
	printf '%s\n' '#lockkeeper dep 1' app1$'\t'ip1 ip1$'\t'app1 '#end' >"$LKROOT/config/dep"
	expect 0 lcdstatus -q
	[ "$(grep -c -E '(app|ip|vol)1' <<<"$output")" = 3 ]
}

@test "-u changes nothing" {
	f1
	expect 0 lcdstatus -q
	plain=$output
	expect 0 lcdstatus -q -u
	[ "$output" = "$plain" ]
}

@test "with a mode the detailed display and -J tell of the quorum, the short ones do not" {
	local option
	f2s
	expect 0 lcdstatus
	[[ $output != *Quorum:* ]]
	expect 0 lcdstatus -J
	[ "$(jq -c .quorum <<<"$output")" = \
		'{"mode":"none","witness":"none","quorum":"not configured","why":""}' ]
	echo QUORUM_MODE=majority >>"$LKROOT/etc/default/LifeKeeper"
	expect 0 lcdstatus
	[[ $(sed -n 1p <<<"$output") == 'Quorum: majority, no, this system has no quorum'*': 1 of '*' systems are ALIVE' ]]
	[ -z "$(sed -n 2p <<<"$output")" ]
	expect 0 lcdstatus -J
	[ "$(jq -r '.quorum | .mode, .quorum' <<<"$output" | paste -sd ' ')" = 'majority no' ]
	for option in -q -e '-r app1'; do
		# shellcheck disable=SC2086	# two words
		expect 0 lcdstatus $option
		[[ $output != *Quorum:* ]]
	done
}

@test "with tcp_remote the hosts are not asked: what the last event has found is told" {
	f2s
	# nobody answers there
	printf '%s\n' QUORUM_MODE=tcp_remote QUORUM_HOSTS=127.0.0.1:1 >>"$LKROOT/etc/default/LifeKeeper"
	expect 0 lcdstatus
	has_line 'Quorum: tcp_remote, yes'
	echo lost >"$LKROOT/run/quorum.state"
	expect 0 lcdstatus
	[[ ${lines[0]} == 'Quorum: tcp_remote, no, '*'the last event has found none' ]]
	echo have >"$LKROOT/run/quorum.state"
	expect 0 lcdstatus -J
	[ "$(jq -r .quorum.quorum <<<"$output")" = yes ]
}

@test "modes that make no sense are told as no quorum" {
	f2s
	echo QUORUM_MODE=lots >>"$LKROOT/etc/default/LifeKeeper"
	expect 0 lcdstatus
	has_line 'Quorum: -, no, QUORUM_MODE "lots" is not known'
	expect 0 lcdstatus -J
	[ "$(jq -r '.quorum | .mode, .quorum' <<<"$output" | paste -sd ' ')" = ' no' ]
}

@test "-J prints all of it as one object" {
	f2s
	flg_create -f shutdown_switchover
	expect 0 lcdstatus -J
	python3 - "$output" <<-'END'
		import json, sys
		s = json.loads(sys.argv[1])
		assert s["system"] == "alpha"
		assert [r["tag"] for r in s["resources"]] == ["app1", "ip1", "vol1"]
		r = s["resources"][1]
		assert r["parents"] == ["app1"] and r["children"] == [] and r["state"] == "ISP"
		assert r["priority"] == 1 and r["primary"] == "alpha" and r["backup"] == "beta"
		assert r["failover"] is True and r["quick_check"] == 180
		assert r["equivalencies"] == [{"system": "beta", "tag": "ip1", "type": "SHARED",
					       "priority": 10}]
		assert s["systems"][1]["state"] == "UNKNOWN"
		assert s["paths"][0]["remote"] == "10.1.0.2"
		assert s["flags"] == ["shutdown_switchover"]
		assert s["shutdown_strategy"] == "switchover"
	END
}

@test "an unknown tag gives 7" {
	f1
	expect 7 lcdstatus -r nosuch
	says 'tag "nosuch" does not exist'
	lines_are
}

@test "-q and -e exclude each other" {
	f0
	expect 2 lcdstatus -q -e
	says 'options -q and -e exclude each other'
}

@test "an operand gives 2" {
	f0
	expect 2 lcdstatus x
	says 'unexpected argument "x"'
}

@test "a damaged file gives 3 with file and line" {
	f1
	printf 'broken' >"$LKROOT/config/flg"
	expect 3 lcdstatus
	says 'config/flg:1: '
	lines_are
}
