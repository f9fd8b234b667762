#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: hry_setpri [-d destsys] -t tag[,tag ...] [-s sys] -p priority [-q]
# usage: hry_setpri [-d destsys] -t tag[,tag ...] [-s sys] -l [-fC] [-J]

load ../helpers/tree

setup() {
	f2
}

# The pairs as "tag:priority here:priority there".
pairs() {
	eqv_list -f: | cut -d: -f2,6,7 | paste -sd' '
}

@test "HP1: a priority is set in the whole hierarchy" {
	expect 0 hry_setpri -t app1 -p 5 -s beta
	lines_are
	[ "$(pairs)" = "app1:1:5 ip1:1:5 vol1:1:5" ]
}

@test "from any of its tags, the whole hierarchy is meant" {
	expect 0 hry_setpri -t ip1 -p 5 -s beta
	[ "$(pairs)" = "app1:1:5 ip1:1:5 vol1:1:5" ]
}

@test "HP2: the priority of another system gives 5 and changes nothing" {
	expect 5 hry_setpri -t app1 -p 1 -s beta
	says 'belongs to system "alpha" already'
	[ "$(pairs)" = "app1:1:10 ip1:1:10 vol1:1:10" ]
}

@test "HP3: -l lists the priorities of a tag by system" {
	expect 0 hry_setpri -l -t ip1
	lines_are $'ip1\001alpha\0011' $'ip1\001beta\00110'
}

@test "-l lists each tag and system once, in order" {
	join gamma 20 1510 10.1.0.3
	expect 0 hry_setpri -l -t vol1,ip1,vol1 -f:
	lines_are ip1:alpha:1 ip1:beta:10 ip1:gamma:20 vol1:alpha:1 vol1:beta:10 vol1:gamma:20
	expect 0 hry_setpri -l -t vol1 -s gamma -f:
	lines_are vol1:gamma:20
}

@test "-l -J prints one array with documented keys" {
	expect 0 hry_setpri -l -t ip1 -J
	lines_are '[{"tag":"ip1","system":"alpha","priority":1},{"tag":"ip1","system":"beta","priority":10}]'
}

@test "-l shows a contradiction between the pairs of a tag" {
	join gamma 20 1510 10.1.0.3
	sed -i 's/^\(ip1\tgamma.*\t\)1\t20$/\12\t20/' "$LKROOT/config/eqv"
	expect 0 hry_setpri -l -t ip1 -s alpha -f:
	lines_are ip1:alpha:1 ip1:alpha:2
	expect 0 hry_setpri -t ip1 -p 1
	expect 0 hry_setpri -l -t ip1 -s alpha -f:
	lines_are ip1:alpha:1
}

@test "HP4: an unknown tag gives 7" {
	expect 7 hry_setpri -t nope -p 3
	says 'tag "nope" does not exist'
	expect 7 hry_setpri -t app1,nope -s beta -p 3
	[ "$(pairs)" = "app1:1:10 ip1:1:10 vol1:1:10" ]
	expect 7 hry_setpri -t nope -l
}

@test "HP5: a stored temporary value is repaired" {
	sed -i 's/SHARED\t1\t10$/SHARED\t1\t1003/' "$LKROOT/config/eqv"
	expect 0 hry_setpri -t app1 -p 10 -s beta
	[ "$(pairs)" = "app1:1:10 ip1:1:10 vol1:1:10" ]
}

@test "HP6: priorities are from 1 to 9999" {
	local bad
	for bad in x 0 10000 -1 ''; do
		expect 5 hry_setpri -t app1 -p "$bad"
	done
	expect 0 hry_setpri -t app1 -p 9999
	[ "$(pairs)" = "app1:9999:10 ip1:9999:10 vol1:9999:10" ]
}

@test "without -s this system's priority is set, in all pairs" {
	join gamma 20 1510 10.1.0.3
	expect 0 hry_setpri -t vol1 -p 3
	[ "$(pairs)" = "app1:3:10 app1:3:20 ip1:3:10 ip1:3:20 vol1:3:10 vol1:3:20" ]
	expect 5 hry_setpri -t vol1 -p 20
	says 'belongs to system "gamma" already'
}

@test "a third system's priority gives 5" {
	join gamma 20 1510 10.1.0.3
	expect 5 hry_setpri -t app1 -s gamma -p 10
	says 'belongs to system "beta" already'
}

@test "one clash can be repaired while another remains" {
	join gamma 20 1510 10.1.0.3
	join delta 30 1520 10.1.0.4
	sed -i 's/SHARED\t1\t10$/SHARED\t1\t1/; s/SHARED\t1\t30$/SHARED\t1\t20/' "$LKROOT/config/eqv"
	expect 0 hry_setpri -t app1 -s beta -p 10
	expect 0 hry_setpri -t app1 -s delta -p 30
	expect 0 hry_setpri -l -t ip1 -f:
	lines_are ip1:alpha:1 ip1:beta:10 ip1:delta:30 ip1:gamma:20
}

@test "hierarchies that are not connected keep their priorities" {
	ins_create -a gen -r app -t app2 -i app2id
	eqv_create --local-only -t app2 -S beta -o app2 -e SHARED
	expect 0 hry_setpri -t app1 -s beta -p 7
	[ "$(pairs)" = "app1:1:7 app2:1:10 ip1:1:7 vol1:1:7" ]
}

@test "several tags change in one go" {
	ins_create -a gen -r app -t app2 -i app2id
	eqv_create --local-only -t app2 -S beta -o app2 -e SHARED
	expect 0 hry_setpri -t app2,ip1,vol1 -s beta -p 7
	[ "$(pairs)" = "app1:1:7 app2:1:7 ip1:1:7 vol1:1:7" ]
}

@test "a system without an equivalency in the hierarchy gives 7" {
	expect 7 hry_setpri -t app1 -s gamma -p 3
	says 'no equivalency gives system "gamma" a priority in the hierarchy of "app1"'
}

@test "-q gives the exit code without a word" {
	expect 7 hry_setpri -t nope -p 3 -q
	[ -z "$stderr" ]
	expect 5 hry_setpri -t app1 -s beta -p 1 -q
	[ -z "$stderr" ]
}

@test "an empty tag in the list gives 5" {
	expect 5 hry_setpri -t app1, -s beta -p 3
	[ "$(pairs)" = "app1:1:10 ip1:1:10 vol1:1:10" ]
}

@test "neither or both of -p and -l give 2" {
	expect 2 hry_setpri -t app1
	says 'at least one of -p, -l'
	expect 2 hry_setpri -t app1 -l -p 3
	expect 2 hry_setpri -t app1 -l -q
	expect 2 hry_setpri -p 3
	[ "$(pairs)" = "app1:1:10 ip1:1:10 vol1:1:10" ]
}

@test "a damaged file gives 3 with file and line" {
	sed -i 's/SHARED\t1\t10$/SHARED\t0\t10/' "$LKROOT/config/eqv"
	expect 3 hry_setpri -t app1 -s beta -p 3
	says 'config/eqv:3: '
}

@test "an unreachable system gives 9" {
	unreachable
	expect 9 hry_setpri -d beta -t app1 -p 3
}
