#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: ins_create [-d destsys] -a appname -r restyp [-I {AUTORES_ISP|INIT_ISP|INIT_OSU}] [-v info] -t tag -i id [-Q quickChkInt] [-D deepChkInt] [-l {Y|N}] [-s {AUTOMATIC|INTELLIGENT}]

load ../helpers/tree

@test "IC1: a new instance has the defaults" {
	f1
	expect 0 ins_create -a comm -r ip -t ip2 -i 10.0.0.11
	lines_are
	expect 0 ins_list -f: -t ip2
	lines_are alpha:comm:ip:ip2:10.0.0.11::OSU::AUTORES_ISP::0:0:180:300:0
	expect 0 ins_list -J -t ip2
	jq -e '.[0].switchback == "INTELLIGENT"' <<<"$output"
}

@test "IC2: every option is stored" {
	f1
	expect 0 ins_create -a comm -r ip -t ip2 -i 10.0.0.11 -I INIT_OSU -v eth1 -Q 60 -D 0 \
		-l Y -s AUTOMATIC
	expect 0 ins_list -f: -t ip2
	lines_are alpha:comm:ip:ip2:10.0.0.11:eth1:OSU::INIT_OSU::0:0:60:0:1
	expect 0 ins_list -J -t ip2
	jq -e '.[0].switchback == "AUTOMATIC"' <<<"$output"
}

@test "IC3: a tag in use gives 4" {
	f1
	local before
	before=$(database)
	expect 4 ins_create -a comm -r ip -t ip1 -i 10.0.0.11
	says 'tag "ip1"'
	expect 4 ins_create -a gen -r app -t ip1 -i 10.0.0.11
	[ "$(database)" = "$before" ]
}

@test "IC4: an id in use gives 4" {
	f1
	expect 4 ins_create -a comm -r ip -t ip2 -i 10.0.0.10
	says 'id "10.0.0.10" is in use already, by tag "ip1"'
	expect 4 ins_create -a gen -r app -t ip2 -i 10.0.0.10
	expect 7 ins_list -t ip2
}

@test "IC5: an unknown type or application gives 7" {
	f1
	expect 7 ins_create -a comm -r dns -t d1 -i d
	expect 7 ins_create -a nope -r ip -t d1 -i d
	expect 7 ins_create -a comm -r app -t d1 -i d
}

@test "IC6: a missing option gives 2" {
	f1
	expect 2 ins_create -a comm -r ip -t ip2
	says 'option -i is missing'
	says 'Usage: ins_create'
	expect 2 ins_create -a comm -r ip -i x
	expect 2 ins_create -a comm -t ip2 -i x
	expect 2 ins_create -r ip -t ip2 -i x
	expect 7 ins_list -t ip2
}

@test "IC7: a tag may begin with a slash" {
	f1
	expect 0 ins_create -a comm -r ip -t /mnt/dr -i x
	expect 0 ins_list -f: -i x
	fields 4 :
	lines_are /mnt/dr
}

@test "IC8: a tag that begins with a dot gives 5" {
	f1
	expect 5 ins_create -a comm -r ip -t .x -i x
	says '.x'
}

@test "IC9: other characters in a tag give 5" {
	f1
	local tag
	for tag in 'a b' a:b a@b "a\$b" $'\303\251' '' 'a+' 'a;' 'a!' 'a#' 'a*' 'a=' $'a\n' $'a\001'; do
		expect 5 ins_create -a comm -r ip -t "$tag" -i x
	done
	expect 7 ins_list -i x
}

@test "IC10: a tag has at most 256 characters" {
	f1
	local long
	long=$(printf 'a%.0s' {1..256})
	expect 0 ins_create -a comm -r ip -t "$long" -i x
	expect 5 ins_create -a comm -r ip -t "${long}a" -i y
	expect 0 ins_list -t "$long"
}

@test "IC11: intervals go from 0 to 604800" {
	f1
	local bad
	expect 0 ins_create -a comm -r ip -t t1 -i 1 -Q 604800 -D 604800
	expect 0 ins_create -a comm -r ip -t t2 -i 2 -Q 0 -D 0
	for bad in 604801 -1 '' 1m 0x10 1.5 ' 1' 99999999999999999999; do
		expect 5 ins_create -a comm -r ip -t t3 -i 3 -Q "$bad"
		expect 5 ins_create -a comm -r ip -t t3 -i 3 -D "$bad"
	done
	expect 7 ins_list -t t3
}

@test "IC12: an unknown initialisation method gives 5" {
	f1
	expect 5 ins_create -a comm -r ip -t t2 -i x -I NOW
	says 'AUTORES_ISP, INIT_ISP, INIT_OSU'
	expect 5 ins_create -a comm -r ip -t t2 -i x -l maybe
	expect 5 ins_create -a comm -r ip -t t2 -i x -s MANUAL
	expect 7 ins_list -t t2
}

@test "IC13: a part of an id in use is free" {
	f1
	expect 0 ins_create -a comm -r ip -t ip10 -i 10.0.0.1
	expect 0 ins_create -a comm -r ip -t ip -i 10.0.0.100
}

@test "IC15: of two that create one tag at once, one gets 4" {
	f1
	local round one two a b lock
	for round in {1..5}; do
		exec {lock}<"$LKROOT/config/lock"
		flock "$lock"
		ins_create -a comm -r ip -t "z$round" -i "a$round" 2>/dev/null 3>&- {lock}<&- &
		one=$!
		ins_create -a comm -r ip -t "z$round" -i "b$round" 2>/dev/null 3>&- {lock}<&- &
		two=$!
		wait_until 10 grep -q ins_create "/proc/$one/comm"
		wait_until 10 grep -q ins_create "/proc/$two/comm"
		exec {lock}<&-
		a=0 b=0
		wait "$one" || a=$?
		wait "$two" || b=$?
		[ "$a$b" = 04 ] || [ "$a$b" = 40 ]
		expect 0 ins_list -f: -t "z$round"
		[ "$(wc -l <<<"$output")" -eq 1 ]
	done
}

@test "a system that cannot be reached gives 9, one nobody knows 7" {
	f2
	unreachable
	expect 9 ins_create -d beta -a gen -r app -t app9 -i a9
	expect 7 ins_create -d nosuch -a gen -r app -t app9 -i a9
	expect 7 ins_list -t app9
}

@test "options may be joined with their values" {
	f1
	expect 0 ins_create -acomm -rip -tip2 -i10.0.0.11 -veth1 -Q60 -D0 -lN
	expect 0 ins_list -f: -t ip2
	lines_are alpha:comm:ip:ip2:10.0.0.11:eth1:OSU::AUTORES_ISP::0:0:60:0:0
}

@test "ids and infos keep every byte but 0x01 and line breaks" {
	f1
	local odd=$'%41 \t#=" \'\\ \303\251 \377'
	expect 0 ins_create -a comm -r ip -t odd -i "$odd" -v "=$odd"
	expect 0 ins_list '-f|' -t odd
	fields 5,6 '|'
	lines_are "$odd|=$odd"
	expect 5 ins_create -a comm -r ip -t t2 -i $'a\001b'
	expect 5 ins_create -a comm -r ip -t t2 -i $'a\nb'
	expect 5 ins_create -a comm -r ip -t t2 -i x -v $'a\001b'
	expect 5 ins_create -a comm -r ip -t t2 -i ''
	expect 7 ins_list -t t2
}

@test "ids have at most 1024 bytes and infos 4096" {
	f1
	local k
	k=$(printf 'x%.0s' {1..1024})
	expect 0 ins_create -a comm -r ip -t t1 -i "$k" -v "$k$k$k$k"
	expect 5 ins_create -a comm -r ip -t t2 -i "x$k"
	expect 5 ins_create -a comm -r ip -t t2 -i x -v "x$k$k$k$k"
	expect 0 ins_gettag -i "$k"
	lines_are t1
}

@test "a tag that looks like a path stays a name" {
	f1
	expect 0 ins_create -a comm -r ip -t a/../../b -i x
	expect 0 ins_gettag -i x
	lines_are a/../../b
	[ ! -e "$LKROOT/subsys/b" ]
}

@test "no action runs" {
	f1
	ins_create -a comm -r ip -t ip2 -i 10.0.0.11
	[ ! -s "$J" ]
}

@test "a damaged file gives 3 and is not overwritten" {
	f1
	sed -i '/^ip1/s/\t180\t/\tlong\t/' "$LKROOT/subsys/comm/resources/ip/instances"
	local before
	before=$(database)
	expect 3 ins_create -a comm -r ip -t ip2 -i 10.0.0.11
	says 'subsys/comm/resources/ip/instances:3: '
	[ "$(database)" = "$before" ]
}
