#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lk_picture [-d destsys] -R
# usage: lk_picture [-d destsys] [-fC] [-e event [-s sys]] [sys=report ...]

load ../helpers/tree

setup() {
	f2
	R=$BATS_TEST_TMPDIR/report
}

# A report of beta with app1 in this state, and a flag.
beta_says() {	# STATE EPOCH OWNER [FLAG]
	{
		printf '#lockkeeper report 1\n#kind\tname\tstate\tepoch\towner\tinit\tswitchback\n'
		printf 'system\tbeta\t\t\t\t\t\n'
		printf 'instance\tapp1\t%s\t%s\t%s\tAUTORES_ISP\tINTELLIGENT\n' "$1" "$2" "$3"
		[ -z "${4:-}" ] || printf 'flag\t%s\t\t\t\t\t\n' "$4"
		echo '#end'
	} >"$R"
}

decides() {	# TAG WHAT WHY
	printf '%s\n' "${lines[@]}" | grep -qx "$1 $2 $3 .*"
}

@test "-R reports instances and the flags that bar failovers" {
	in_service
	lk_epoch -t app1 -e 4 -o alpha
	flg_create -f '!nofailover!beta'
	flg_create -f something
	expect 0 lk_picture -R
	[ "${lines[2]}" = "$(printf 'system\talpha\t\t\t\t\t')" ]
	printf '%s\n' "${lines[@]}" | grep -qx "$(printf 'instance\tapp1\tISP\t4\talpha\tAUTORES_ISP\tINTELLIGENT')"
	printf '%s\n' "${lines[@]}" | grep -q "$(printf 'flag\t!nofailover!beta')"
	local own=$output
	expect 0 lk_picture -d alpha -R
	[ "$output" = "$own" ]
	expect 1 lk_picture -d beta -R
	says "Can't run this application without LCD Daemon running."
	[[ $output != *something* ]]
}

@test "-R does not say of what ran before the machine started that it runs" {
	in_service
	expect 0 lk_picture -R
	printf '%s\n' "${lines[@]}" | grep -q "$(printf 'instance\tapp1\tISP')"
	mkdir -p "$LKROOT/run"
	echo 'another boot' >"$LKROOT/run/boot"
	expect 0 lk_picture -R
	printf '%s\n' "${lines[@]}" | grep -q "$(printf 'instance\tapp1\tILLSTATE')"
	# only a report: lcdavail settles it
	expect 0 ins_list -f: -t app1
	[[ $output == *:ISP:* ]]
}

@test "-R: what is being restored here counts as in service for others, once this system owns it" {
	printf '#!/bin/sh\nlk_picture -R >>"%s"\n' "$R" >"$LKROOT/subsys/gen/resources/app/actions/restore"
	chmod 755 "$LKROOT/subsys/gen/resources/app/actions/restore"
	lk_epoch -t app1 -e 4 -o alpha
	expect 0 perform_action -G -s -t app1 -a restore
	grep -q "$(printf 'instance\tapp1\tISP\t4\talpha')" "$R"
	perform_action -G -s -t app1 -a remove
	: >"$R"
	lk_epoch -t app1 -e 9 -o beta
	lk_picture -R >"$R"
	grep -q "$(printf 'instance\tapp1\tOSU\t9\tbeta')" "$R"
}

@test "the picture has systems, resources and copies, and what is not known as '?'" {
	expect 0 lk_picture
	[ "${lines[0]}" = 'self alpha' ]
	printf '%s\n' "${lines[@]}" | grep -qx 'system beta UNKNOWN'
	printf '%s\n' "${lines[@]}" | grep -qx 'copy beta 10 ?'
}

@test "a report is taken into the picture" {
	beta_says ISP 6 beta
	expect 0 lk_picture beta="$R"
	printf '%s\n' "${lines[@]}" | grep -qx 'system beta ALIVE'
	printf '%s\n' "${lines[@]}" | grep -qx 'copy beta 10 ISP epoch=6 owner=beta'
}

@test "-e prints what would be decided, and why" {
	beta_says ISP 6 beta
	expect 0 lk_picture '-f ' -e avail beta="$R"
	decides app1 LEAVE elsewhere
	decides ip1 LEAVE may-run
	expect 0 lk_picture '-f ' -e down -s beta beta="$R"
	decides app1 RESTORE owner-died
	decides ip1 LEAVE stopped
}

@test "a flag of the other system counts" {
	beta_says OSU 6 alpha 'nosysfailover!alpha'
	expect 0 lk_picture beta="$R"
	printf '%s\n' "${lines[@]}" | grep -qx 'system beta ALIVE refuses=alpha'
}

@test "a damaged report, and that of another system, give 3" {
	beta_says ISP 6 beta
	sed -i 's/ISP/on/' "$R"
	expect 3 lk_picture beta="$R"
	says 'report of system "beta", line 4'
	beta_says ISP 6 beta
	sed -i 's/^system.beta/system\tgamma/' "$R"
	expect 3 lk_picture beta="$R"
	beta_says ISP 6 beta
	sed -i '/#end/d' "$R"
	expect 3 lk_picture beta="$R"
}

@test "bad arguments are refused" {
	expect 5 lk_picture -e bang
	expect 2 lk_picture -e down
	expect 7 lk_picture -e down -s nope
	expect 7 lk_picture nope="$R"
	expect 2 lk_picture beta
	expect 1 lk_picture beta=/nonexistent
	expect 2 lk_picture -R x
}
