#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: ins_list [-d destsys] [-fC] [-R top] [-a appname] [-r typ] [-t tag] [-i id] [-J]

load ../helpers/tree

# The tags of the output so far.
tags_are() {
	fields 4 :
	lines_are "$@"
}

@test "IL1: the 15 fields of an instance" {
	f1
	expect 0 ins_list -f: -t ip1
	lines_are alpha:comm:ip:ip1:10.0.0.10:eth0:OSU::AUTORES_ISP::0:0:180:300:0
}

@test "IL2: an instance is found by its id" {
	f1s
	expect 0 ins_list -f: -i /mnt/d1
	lines_are 'alpha:filesys:volume:vol1:/mnt/d1:ext4:ISP:restore action has succeeded:AUTORES_ISP::0:0:180:300:0'
}

@test "IL3: an empty -R lists the roots" {
	f1
	expect 0 ins_list -f: -R ""
	lines_are alpha:gen:app:app1:app1id::OSU::AUTORES_ISP::0:0:180:300:0
}

@test "IL4: -R lists the top and all below it, parents first" {
	f1
	expect 0 ins_list -f: -R app1
	tags_are app1 ip1 vol1
}

@test "IL5: without options all are listed by application, type and tag" {
	f1
	expect 0 ins_list -f:
	tags_are ip1 vol1 app1
	ins_create -a comm -r ip -t ip0 -i 0
	ins_create -a comm -r ip -t Ip -i 1
	expect 0 ins_list -f:
	tags_are Ip ip0 ip1 vol1 app1
}

@test "IL6: -a and -r select a type" {
	f1
	expect 0 ins_list -f: -a comm -r ip
	tags_are ip1
	expect 0 ins_list -f: -a filesys
	tags_are vol1
	expect 0 ins_list -f: -r app
	tags_are app1
}

@test "IL7: what does not exist gives 7" {
	f1
	expect 7 ins_list -t nope
	says 'tag "nope" does not exist'
	expect 7 ins_list -i 10.0.0.1
	expect 7 ins_list -R nope
	expect 7 ins_list -a nope
	expect 7 ins_list -a comm -r app
	expect 7 ins_list -r nope
	lines_are
}

@test "IL8: 14 bytes 0x01 separate the fields and none ends the line" {
	f1
	expect 0 ins_list -t ip1
	[ "$(tr -cd '\001' <<<"$output" | wc -c)" -eq 14 ]
	[[ $output == *$'\0010' ]]
	[[ $output == alpha$'\001'comm$'\001'* ]]
}

@test "IL10: a reservation is shown with its process" {
	f1
	local file=$LKROOT/subsys/comm/resources/ip/instances
	awk -F '\t' -v OFS='\t' '$1 == "ip1" { $7 = "RESTORE"; $8 = "4711:99" } 1' "$file" >"$file.x"
	mv "$file.x" "$file"
	expect 0 ins_list -f: -t ip1
	fields 10,11 :
	lines_are RESTORE:4711
	expect 0 ins_list -J -t ip1
	jq -e '.[0] | .reservation == "RESTORE" and .reservation_pid == 4711' <<<"$output"
}

@test "IL11: an empty tree has no instances" {
	f0
	expect 0 ins_list
	lines_are
}

@test "filters combine, and nothing left is no error" {
	f1
	expect 0 ins_list -f: -R app1 -a comm
	tags_are ip1
	expect 0 ins_list -t ip1 -i /mnt/d1
	lines_are
	expect 0 ins_list -R "" -t ip1
	lines_are
	app_create -a database
	expect 0 ins_list -a database
	lines_are
}

@test "an instance that is reached twice is printed once, at its first place" {
	f1
	dep_create -p ip1 -c vol1
	expect 0 ins_list -f: -R app1
	tags_are app1 ip1 vol1
	ins_create -a comm -r ip -t ip0 -i 0
	dep_create -p vol1 -c ip0
	expect 0 ins_list -f: -R app1
	tags_are app1 ip1 vol1 ip0
	expect 0 ins_list -f: -R ip1
	tags_are ip1 vol1 ip0
}

@test "a cycle written by hand does not make -R endless" {
	f1
	sed -i 's/^#end/vol1\tapp1\n#end/' "$LKROOT/config/dep"
	expect 0 timeout 10 ins_list -f: -R app1
	tags_are app1 ip1 vol1
}

@test "a hierarchy of 2000 levels is walked" {
	f1
	awk 'BEGIN {
		for (i = 1000; i < 3000; i++)
			printf "t%d\ti%d\t\tOSU\t\tAUTORES_ISP\t\t0\t180\t300\t0\tINTELLIGENT\t0\n", i, i
	}' >"$BATS_TEST_TMPDIR/rows"
	sed -i "/^ip1/r $BATS_TEST_TMPDIR/rows" "$LKROOT/subsys/comm/resources/ip/instances"
	awk 'BEGIN { for (i = 1000; i < 2999; i++) printf "t%d\tt%d\n", i, i + 1 }' >"$BATS_TEST_TMPDIR/rows"
	sed -i "2r $BATS_TEST_TMPDIR/rows" "$LKROOT/config/dep"
	expect 0 ins_list -f: -R t1000
	tags_are "$(printf 't%s\n' {1000..2999})"
}

@test "-J gives all fields under their names" {
	f1s
	ins_setas -t app1 -s AUTOMATIC
	ins_setlocalrecover -t ip1 -l Y
	expect 0 ins_list -J -t ip1
	jq -e '. == [{system: "alpha", application: "comm", type: "ip", tag: "ip1", id: "10.0.0.10",
		info: "eth0", state: "ISP", reason: "restore action has succeeded",
		initialize: "AUTORES_ISP", reservation: "", reservation_pid: 0, quick_check: 180,
		deep_check: 300, local_recovery: true, switchback: "AUTOMATIC"}]' <<<"$output"
	expect 0 ins_list -J -R app1
	jq -e '[.[].tag] == ["app1", "ip1", "vol1"]' <<<"$output"
}

@test "-J escapes what JSON cannot hold and replaces what is not UTF-8" {
	f1
	ins_setin -t ip1 -v $'tab\there "x" \\ \303\251 \377'
	expect 0 ins_list -J -t ip1
	jq -e '.[0].info == "tab\there \"x\" \\ \u00e9 \ufffd"' <<<"$output"
	expect 0 ins_list '-f|' -t ip1
	fields 6 '|'
	lines_are $'tab\there "x" \\ \303\251 \377'
}

@test "-J of an empty tree is an empty array" {
	f0
	expect 0 ins_list -J
	lines_are '[]'
}

@test "a separator of two bytes gives 5" {
	f1
	expect 5 ins_list -f '::'
	lines_are
}

@test "an operand gives 2" {
	f1
	expect 2 ins_list ip1
	lines_are
	says 'Usage: ins_list'
}

@test "a system that cannot be reached gives 9" {
	f2
	unreachable
	expect 9 ins_list -d beta
	lines_are
}

@test "a damaged line gives 3 with its file and number, and no list" {
	f1
	local file=$LKROOT/subsys/filesys/resources/volume/instances
	sed -i '/^vol1/s/OSU/GONE/' "$file"
	expect 3 ins_list
	lines_are
	says 'subsys/filesys/resources/volume/instances:3: '
	expect 3 ins_list -t ip1
}

@test "an instances file that is missing gives 3" {
	f1
	rm "$LKROOT/subsys/comm/resources/ip/instances"
	expect 3 ins_list
	says 'subsys/comm/resources/ip/instances'
}

@test "output that is lost gives 1" {
	f1
	expect 1 sh -c 'ins_list >/dev/full'
	says 'standard output'
}
