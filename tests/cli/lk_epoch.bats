#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lk_epoch [-d destsys] -l [-t tag] [-f C] [-J]
# usage: lk_epoch [-d destsys] -t tag -e epoch -o owner
# usage: lk_epoch [-d destsys] -o owner tag=epoch ...

load ../helpers/tree

setup() {
	f2
}

# The records, without the time: epochs_are TAG:EPOCH:OWNER...
epochs_are() {
	expect 0 lk_epoch -l -f:
	fields 1-3 :
	lines_are "$@"
}

@test "at first no resource has an epoch" {
	epochs_are
	expect 0 lk_epoch -l -t ip1
	lines_are
	expect 0 lk_epoch -l -J
	lines_are '[]'
}

@test "a newer epoch is set, with the time" {
	local begin
	begin=$(date +%s)
	expect 0 lk_epoch -t ip1 -e 3 -o beta
	lines_are
	expect 0 lk_epoch -t app1 -e 1 -o alpha
	epochs_are app1:1:alpha ip1:3:beta
	expect 0 lk_epoch -t ip1 -e 4 -o alpha
	expect 0 lk_epoch -l -t ip1 -f:
	fields 1-3 :
	lines_are ip1:4:alpha
	[ "$(lk_epoch -l -t ip1 -f: | cut -d: -f4)" -ge "$begin" ]
}

@test "-J prints JSON" {
	lk_epoch -t ip1 -e 3 -o beta
	expect 0 lk_epoch -l -J
	[ "$(jq -r '.[] | "\(.tag) \(.epoch) \(.owner)"' <<<"$output")" = 'ip1 3 beta' ]
}

@test "what is known already changes nothing" {
	lk_epoch -t ip1 -e 3 -o beta
	local before
	before=$(database)
	expect 0 lk_epoch -t ip1 -e 3 -o beta
	[ "$(database)" = "$before" ]
}

@test "an older epoch is refused with 5" {
	lk_epoch -t ip1 -e 3 -o beta
	expect 5 lk_epoch -t ip1 -e 2 -o beta
	says 'epoch 2 of "ip1" is older than 3'
	epochs_are ip1:3:beta
}

@test "the same epoch with another owner is split brain, 3" {
	lk_epoch -t ip1 -e 3 -o beta
	expect 3 lk_epoch -t ip1 -e 3 -o alpha
	says 'split brain: "ip1" has two owners of epoch 3, "beta" and "alpha"'
	epochs_are ip1:3:beta
}

@test "stopped and taken over at the same epoch: it belongs to who took it, in either order" {
	lk_epoch -t ip1 -e 3 -o -
	expect 0 lk_epoch -t ip1 -e 3 -o beta
	epochs_are ip1:3:beta
	expect 0 lk_epoch -t ip1 -e 3 -o -
	epochs_are ip1:3:beta
}

@test "that another system has stopped what is in service here makes this one the owner" {
	in_service
	expect 0 lk_epoch -t ip1 -e 4 -o -
	epochs_are app1:1:alpha ip1:5:alpha vol1:1:alpha
}

@test "several are set at once, each by itself" {
	lk_epoch -t ip1 -e 3 -o beta
	lk_epoch -t vol1 -e 7 -o beta
	expect 3 lk_epoch -o alpha app1=1 ip1=3 vol1=6 nope=1
	says 'split brain'
	epochs_are app1:1:alpha ip1:3:beta vol1:7:beta
	expect 5 lk_epoch -o alpha nope=1 vol1=6 ip1=4
	epochs_are app1:1:alpha ip1:4:alpha vol1:7:beta
	expect 7 lk_epoch -o alpha nope=1 ip1=5
	epochs_are app1:1:alpha ip1:5:alpha vol1:7:beta
	expect 0 lk_epoch -o beta ip1=6 vol1=8
	epochs_are app1:1:alpha ip1:6:beta vol1:8:beta
}

@test "an unknown tag is 7" {
	expect 7 lk_epoch -t nope -e 1 -o alpha
	expect 7 lk_epoch -l -t nope
	epochs_are
}

@test "bad values change nothing" {
	expect 5 lk_epoch -t ip1 -e 0 -o alpha
	says 'epoch "0"'
	expect 5 lk_epoch -t ip1 -e x -o alpha
	expect 5 lk_epoch -t ip1 -e 1 -o 'a b'
	expect 5 lk_epoch -o alpha ip1=1 vol1=x
	expect 2 lk_epoch -o alpha ip1=1 vol1
	says '"vol1": TAG=EPOCH is needed'
	epochs_are
}

@test "the forms do not mix" {
	unreachable
	expect 2 lk_epoch
	expect 2 lk_epoch -l -o alpha
	expect 2 lk_epoch -l ip1=1
	expect 2 lk_epoch -t ip1 -o alpha
	says 'option -e is missing'
	expect 2 lk_epoch -t ip1 -e 1
	expect 2 lk_epoch -o alpha -t ip1 ip1=1
	expect 2 lk_epoch -o alpha
	expect 9 lk_epoch -d beta -l
}

@test "the epoch goes with the instance" {
	lk_epoch -o beta ip1=6 vol1=8
	ins_remove -t ip1
	epochs_are vol1:8:beta
	expect 0 lcdcheck
}

@test "an epoch of an unknown instance is dropped by lcdcheck" {
	load ../helpers/records
	lk_epoch -o beta vol1=8
	record config/epoch nope 1 beta 0
	expect 3 lcdcheck
	[[ $output == *'epoch of "nope": there is no such instance'* ]]
	expect 0 lcdcheck -r
	epochs_are vol1:8:beta
}

@test "a damaged file is named" {
	echo broken >"$LKROOT/config/epoch"
	expect 3 lk_epoch -l
	says 'config/epoch:1: '
}

@test "lk_chg_value changes tags and owners here, too" {
	lk_epoch -t ip1 -e 6 -o beta
	expect 0 lk_chg_value -o beta -n zeta
	epochs_are ip1:6:zeta
	expect 0 lk_chg_value -o ip1 -n ip2
	epochs_are ip2:6:zeta
}
