#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lcdcheck [-d destsys] [-r] [-J]

load ../helpers/tree
load ../helpers/records

ip_records=subsys/comm/resources/ip/instances

setup() {
	f0
	local type action
	for type in comm/ip gen/app; do
		app_create -a "${type%/*}"
		typ_create -a "${type%/*}" -r "${type#*/}"
		for action in restore remove; do
			stub_action "$type" "$action"
		done
	done
	instance comm/ip ip1 10.0.0.10
	instance gen/app app1 app1id
	record config/dep app1 ip1
	record config/sys beta remote
	record config/eqv app1 beta app1 SHARED 1 10
	record config/eqv ip1 beta ip1 SHARED 1 10
	record config/net beta TCP:1500 TCP 0 1 0 0 10.1.0.1 10.1.0.2
}

# A process id that no process has.
dead_pid() {
	sleep 0 &
	dead=$!
	wait "$dead"
}

# The check reports this line, alone, and the repair leaves it.
remains() {	# LINE
	expect 3 lcdcheck
	lines_are "$1"
	local before
	before=$(database)
	expect 3 lcdcheck -r
	lines_are "$1"
	[ "$(database)" = "$before" ]
}

# The check reports this text, alone, and the repair does what it says.
is_repaired() {	# TEXT DONE
	expect 3 lcdcheck
	lines_are "$1 (repair: lcdcheck -r)"
	expect 0 lcdcheck -r
	lines_are "$1 (repaired: $2)"
	expect 0 lcdcheck
	lines_are
}

@test "a sound tree gives 0 without a word" {
	before=$(database)
	expect 0 lcdcheck
	lines_are
	[ -z "$stderr" ]
	expect 0 lcdcheck -r
	lines_are
	[ "$(database)" = "$before" ]
}

@test "an empty tree gives 0" {
	rm -r "$LKROOT"
	new_tree
	expect 0 lcdcheck
	lines_are
	expect 0 lcdcheck -r
	lines_are
	[ ! -e "$LKROOT/config/app" ]
}

@test "all bad lines of all files are reported" {
	record config/dep only-one-field
	record config/flg 'two words'
	record "$ip_records" ip9 id
	expect 3 lcdcheck
	[ "${#lines[@]}" -eq 3 ]
	[[ ${lines[0]} == 'config/dep:4: [problem] too few fields '* ]]
	[[ ${lines[1]} == 'config/flg:3: [problem] flag "two words": '* ]]
	[[ ${lines[2]} == "$ip_records:4: [problem] too few fields "* ]]
}

@test "a file that is cut off is reported and stays as it is" {
	truncate -s -6 "$LKROOT/config/eqv"
	remains 'config/eqv:4: [problem] the line is cut off (repair: mend the file by hand or restore it from a backup)'
}

@test "a missing file is reported" {
	rm "$LKROOT/config/net"
	remains 'config/net:0: [problem] the file is missing (repair: mend the file by hand or restore it from a backup)'
}

@test "a missing file of a registered type is reported and costs no dependency" {
	rm "$LKROOT/$ip_records"
	expect 3 lcdcheck -r
	[ "${lines[2]}" = "$ip_records:0: [problem] the file is missing (repair: mend the file by hand or restore it from a backup)" ]
	[ "${lines[0]}" = 'config/dep:3: [problem] "app1" depends on "ip1", but "ip1" does not exist (repair: first mend or restore the damaged files)' ]
	grep -q '^app1	ip1$' "$LKROOT/config/dep"
	grep -q '^ip1	' "$LKROOT/config/eqv"
}

@test "a symbolic link in place of a file is reported" {
	mv "$LKROOT/config/flg" "$LKROOT/flg"
	ln -s ../flg "$LKROOT/config/flg"
	expect 3 lcdcheck
	[[ $output == 'config/flg:0: [problem] cannot be read, or is a symbolic link '* ]]
}

@test "a directory in place of a file is reported" {
	rm "$LKROOT/config/flg"
	mkdir "$LKROOT/config/flg"
	expect 3 lcdcheck
	[[ $output == 'config/flg:0: [problem] not a regular file, or too large '* ]]
}

@test "an unfinished transaction is reported, finished by -r and by nothing else" {
	sed 's/ip1$/ip1/' "$LKROOT/config/dep" >"$LKROOT/config/.dep.new"
	unfinished config/dep
	before=$(database)
	expect 3 lcdcheck
	[[ $output == 'config/journal:0: [problem] a change is committed, but its writer died '* ]]
	[ "$(database)" = "$before" ]
	expect 0 lcdcheck -r
	[[ $output == *'(repaired: transaction finished)' ]]
	[ ! -e "$LKROOT/config/journal" ]
	expect 0 lcdcheck
}

@test "a damaged journal is an error that names it" {
	echo nonsense >"$LKROOT/config/journal"
	expect 3 lcdcheck
	says 'config/journal:1: '
	expect 3 lcdcheck -r
	grep -qx nonsense "$LKROOT/config/journal"
}

@test "a left-over file is removed by -r" {
	echo half >"$LKROOT/config/.eqv.new"
	is_repaired 'config/.eqv.new:0: [problem] left over from a change that was not committed' \
		'file removed'
	[ ! -e "$LKROOT/config/.eqv.new" ]
}

@test "a type without its application is reported" {
	sed -i '/^gen$/d' "$LKROOT/config/app"
	remains 'config/typ:4: [problem] type gen/app: there is no application "gen" (repair: app_create -a gen)'
}

@test "instances of a type that is not registered are reported and cost no dependency" {
	sed -i '/^comm	ip$/d' "$LKROOT/config/typ"
	remains "$ip_records:0: [problem] instances of type comm/ip, which is not registered (repair: typ_create -a comm -r ip)"
	grep -q '^app1	ip1$' "$LKROOT/config/dep"
}

@test "an application that is registered twice is dropped once" {
	record config/app comm
	is_repaired 'config/app:5: [problem] application "comm" is registered twice, first in line 3' \
		'second entry dropped'
	[ "$(grep -cx comm "$LKROOT/config/app")" = 1 ]
}

@test "a type that is registered twice is dropped once and keeps its instances" {
	record config/typ comm ip
	before=$(cat "$LKROOT/$ip_records")
	is_repaired 'config/typ:5: [problem] type comm/ip is registered twice, first in line 3' \
		'second entry dropped'
	[ "$(cat "$LKROOT/$ip_records")" = "$before" ]
}

@test "a tag of two different instances is reported" {
	instance gen/app ip1 other
	remains "subsys/gen/resources/app/instances:4: [problem] tag \"ip1\" is used twice, first in $ip_records:3 (repair: remove one of the two lines by hand)"
}

@test "an instance that is there twice is dropped once" {
	instance comm/ip ip1 10.0.0.10
	is_repaired "$ip_records:4: [problem] tag \"ip1\" is used twice, first in $ip_records:3" \
		'second entry dropped'
	[ "$(grep -c '^ip1' "$LKROOT/$ip_records")" = 1 ]
}

@test "an id of two instances is reported" {
	instance comm/ip ip2 app1id
	expect 3 lcdcheck
	lines_are 'subsys/gen/resources/app/instances:3: [problem] id "app1id" of "app1" belongs to "ip2" already (repair: ins_remove -t app1, or -t ip2)'
}

@test "a dependency that is there twice is dropped once" {
	record config/dep app1 ip1
	is_repaired 'config/dep:4: [problem] "app1" depends on "ip1" twice, first in line 3' \
		'second entry dropped'
}

@test "a dependency of or on something that does not exist is dropped" {
	record config/dep app1 gone
	is_repaired 'config/dep:4: [problem] "app1" depends on "gone", but "gone" does not exist' \
		'dependency dropped'
	grep -q '^app1	ip1$' "$LKROOT/config/dep"
	record config/dep gone ip1
	is_repaired 'config/dep:4: [problem] "gone" depends on "ip1", but "gone" does not exist' \
		'dependency dropped'
}

@test "beside a bad line nothing is dropped: the line may be what is missing" {
	record config/dep app1 ip2
	record "$ip_records" ip2 cut
	before=$(database)
	expect 3 lcdcheck -r
	[ "${lines[0]}" = 'config/dep:4: [problem] "app1" depends on "ip2", but "ip2" does not exist (repair: first mend or restore the damaged files)' ]
	[ "$(database)" = "$before" ]
}

@test "a dependency on itself is reported" {
	record config/dep ip1 ip1
	remains 'config/dep:4: [problem] "ip1" depends on itself (repair: dep_remove -p ip1 -c ip1)'
}

@test "a cycle is reported with its tags" {
	instance gen/app app2 app2id
	record config/dep ip1 app2
	record config/dep app2 app1
	remains 'config/dep:5: [problem] the dependencies go round in a circle: "app1" -> "ip1" -> "app2" -> "app1" (repair: dep_remove -p app2 -c app1)'
}

@test "two cycles are two problems, and what is below them is none" {
	for n in 2 3 4; do
		instance gen/app "app$n" "id$n"
	done
	record config/dep ip1 app1
	record config/dep app2 app3
	record config/dep app3 app2
	record config/dep app3 app4
	expect 3 lcdcheck
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[0]} == *'"app1" -> "ip1" -> "app1"'* ]]
	[[ ${lines[1]} == *'"app2" -> "app3" -> "app2"'* ]]
}

@test "an equivalency without its local instance is dropped" {
	record config/eqv gone beta gone SHARED 1 10
	is_repaired 'config/eqv:5: [problem] equivalency with "gone" on "beta": there is no instance "gone" here' \
		'this side of the equivalency dropped'
	[ "$(grep -c SHARED "$LKROOT/config/eqv")" = 2 ]
}

@test "an equivalency with an unknown system is reported" {
	record config/eqv ip1 gamma ip1 SHARED 1 20
	remains 'config/eqv:5: [problem] equivalency of "ip1": "gamma" is no system of the cluster (repair: sys_create -s gamma, or delallsys -f gamma)'
}

@test "an equivalency within one system is reported" {
	record config/eqv ip1 alpha app1 SHARED 1 20
	remains 'config/eqv:5: [problem] equivalency of "ip1" with "app1": both sides are on "alpha" (repair: eqv_remove -t ip1 -S alpha -o app1 -e SHARED)'
}

@test "an equivalency that is there twice is dropped once, with another priority it is reported" {
	record config/eqv ip1 beta ip1 SHARED 1 10
	is_repaired 'config/eqv:5: [problem] "ip1" has two equivalencies with "ip1" on "beta", the first in line 4' \
		'second entry dropped'
	record config/eqv ip1 beta ip1 SHARED 1 20
	remains 'config/eqv:5: [problem] "ip1" has two equivalencies with "ip1" on "beta", the first in line 4 (repair: hry_setpri -t ip1 -s SYSTEM -p PRIORITY)'
}

@test "equal priorities of two systems are reported" {
	record config/sys gamma remote
	record config/eqv ip1 gamma ip1 SHARED 1 10
	remains 'config/eqv:5: [problem] "beta" and "gamma" both have priority 10 for "ip1" (repair: hry_setpri -t ip1 -s gamma -p PRIORITY)'
	sed -i 's/	1	10$/	10	10/; /gamma/d' "$LKROOT/config/eqv"
	expect 3 lcdcheck
	[[ ${lines[1]} == 'config/eqv:4: [problem] "alpha" and "beta" both have priority 10 for "ip1" '* ]]
}

@test "two local priorities of one tag are reported" {
	record config/sys gamma remote
	record config/eqv ip1 gamma ip1 SHARED 2 20
	remains 'config/eqv:5: [problem] priority of "alpha" for "ip1" is 2 here and 1 before (repair: hry_setpri -t ip1 -s alpha -p PRIORITY)'
}

@test "a priority above 999 is reported with the command that repairs it" {
	sed -i '/^ip1/s/1	10$/1	1010/' "$LKROOT/config/eqv"
	remains 'config/eqv:4: [problem] priority 1010 of "beta" for "ip1" is the temporary one of an interrupted change (repair: hry_setpri -t ip1 -s beta -p PRIORITY)'
	sed -i '/^ip1/s/1	1010$/1001	10/' "$LKROOT/config/eqv"
	expect 3 lcdcheck
	[[ $output == *'priority 1001 of "alpha" for "ip1" is the temporary one'* ]]
}

@test "no local system is reported" {
	sed -i 's/local/remote/' "$LKROOT/config/sys"
	expect 3 lcdcheck
	[[ $output == 'config/sys:0: [problem] no line names the local system '* ]]
}

@test "two local systems are reported" {
	record config/sys gamma local
	remains 'config/sys:5: [problem] "gamma" is called the local system, and "alpha" in line 3 too (repair: change one of the two lines by hand)'
}

@test "a system that is there twice is dropped once" {
	record config/sys beta remote
	is_repaired 'config/sys:5: [problem] system "beta" is there twice, first in line 4' \
		'second entry dropped'
}

@test "more than 32 systems are reported" {
	for n in $(seq 31); do
		record config/sys "s$n" remote
	done
	remains 'config/sys:0: [problem] 33 systems: more than 32 (repair: sys_remove -s SYSTEM)'
}

@test "a path to an unknown system is a warning and gives 0" {
	record config/net gamma TCP:1510 TCP 0 1 0 0 10.1.0.1 10.1.0.3
	expect 0 lcdcheck
	lines_are 'config/net:4: [warning] path TCP:1510 leads to "gamma", which is no system of the cluster (repair: net_remove -s gamma -D TCP:1510)'
}

@test "a port or an address pair that is used twice is reported" {
	record config/sys gamma remote
	record config/net gamma TCP:1500 TCP 0 1 0 0 10.1.0.1 10.1.0.3
	remains 'config/net:4: [problem] TCP:1500 is used twice: by a path to "gamma" and, in line 3, by one to "beta" (repair: net_remove -s gamma -D TCP:1500)'
	sed -i '/gamma/d' "$LKROOT/config/net"
	record config/net beta TCP:1510 TCP 0 2 0 0 10.1.0.1 10.1.0.2
	remains 'config/net:4: [problem] the path from 10.1.0.1 to 10.1.0.2 is there already as TCP:1500, in line 3 (repair: net_remove -D TCP:1510)'
}

@test "a path that is there twice is dropped once" {
	record config/net beta TCP:1500 TCP 0 1 0 0 10.1.0.1 10.1.0.2
	expect 0 lcdcheck -r
	[[ ${lines[0]} == 'config/net:4: [problem] TCP:1500 is used twice: '*'(repaired: second entry dropped)' ]]
	[ "$(grep -c TCP:1500 "$LKROOT/config/net")" = 1 ]
}

@test "an invalid address or port is reported" {
	record config/net beta TCP:1510 TCP 0 2 0 0 10.1.0.1 example.org
	record config/net beta TCP:9 TCP 0 3 0 0 10.1.0.1 10.1.0.9
	expect 3 lcdcheck
	[[ ${lines[0]} == 'config/net:4: [problem] address "example.org": '* ]]
	[[ ${lines[1]} == 'config/net:5: [problem] device "TCP:9": '* ]]
}

@test "a flag that is set twice is dropped once" {
	record config/flg one
	record config/flg one
	is_repaired 'config/flg:4: [problem] flag "one" is set twice, first in line 3' \
		'second entry dropped'
}

@test "the reservation of a dead process is cleared, that of a living one stays" {
	dead_pid
	instance gen/app app2 id2 OSU RESTORE "$dead"
	instance gen/app app3 id3 OSU REMOVE "$$"
	is_repaired "subsys/gen/resources/app/instances:4: [problem] \"app2\" is reserved (RESTORE) by process $dead, which is dead" \
		'reservation cleared'
	expect 0 ins_list -f: -t app2
	fields 10-11 :
	lines_are ':0'
	expect 0 ins_list -f: -t app3
	fields 10-11 :
	lines_are "REMOVE:$$"
}

@test "a process that has the id of a dead one does not keep its reservation" {
	instance gen/app app2 id2 OSU RESTORE "$$:1"
	expect 0 lcdcheck -r
	[[ ${lines[0]} == *'(repaired: reservation cleared)' ]]
}

@test "the deletion mark of a dead process is cleared" {
	dead_pid
	instance gen/app app2 id2 OSU '' 0 "$dead"
	is_repaired "subsys/gen/resources/app/instances:4: [problem] \"app2\" is marked for deletion by process $dead, which is dead" \
		'deletion mark cleared'
}

@test "the admin lock of a dead process of this system is released, no other" {
	dead_pid
	record config/flg "!action!$$!1700000000!alpha:Create"
	record config/flg "!action!$dead!1700000000!beta:Create"
	record config/flg "!action!$dead!1700000000!alphabet:Create"
	expect 0 lcdcheck
	lines_are
	record config/flg "!action!$dead!1700000000!alpha:Create"
	is_repaired "config/flg:6: [problem] admin lock \"!action!$dead!1700000000!alpha:Create\" of process $dead, which is dead" \
		'admin lock released'
	[ "$(grep -c action "$LKROOT/config/flg")" = 3 ]
}

@test "a parent in service above a child that is not is a warning" {
	sed -i '/^app1/s/OSU/ISP/' "$LKROOT/subsys/gen/resources/app/instances"
	expect 0 lcdcheck
	lines_are 'config/dep:3: [warning] "app1" is in service (ISP), but "ip1", on which it depends, is not (OSU) (repair: perform_action -t ip1 -a restore)'
	sed -i '/^ip1/s/OSU/ISU/' "$LKROOT/$ip_records"
	expect 0 lcdcheck
	lines_are
}

@test "instances without a restore or remove action are a warning" {
	rm "$LKROOT/subsys/gen/resources/app/actions/remove"
	expect 0 lcdcheck
	lines_are 'config/typ:4: [warning] type gen/app has instances, but no remove action'
	# the application's directory and the other names count as well
	mkdir "$LKROOT/subsys/gen/actions"
	touch "$LKROOT/subsys/gen/actions/remove.pl"
	expect 0 lcdcheck
	lines_are
	# a type without instances needs none
	typ_create -a gen -r empty
	expect 0 lcdcheck
	lines_are
}

@test "what every user may write is reported and closed" {
	chmod 1777 "$LKROOT/config"
	chmod 666 "$LKROOT/config/flg"
	chmod 757 "$LKROOT/subsys/gen/resources/app/actions/restore"
	expect 3 lcdcheck
	[ "${#lines[@]}" -eq 3 ]
	[ "${lines[1]}" = 'config/flg:0: [problem] every user of the machine may write it (mode 0666) (repair: lcdcheck -r)' ]
	expect 0 lcdcheck -r
	[ "${#lines[@]}" -eq 3 ]
	[ "$(stat -c %a "$LKROOT/config")" = 1775 ]
	[ "$(stat -c %a "$LKROOT/config/flg")" = 664 ]
	[ "$(stat -c %a "$LKROOT/subsys/gen/resources/app/actions/restore")" = 755 ]
}

@test "a root directory that every user may write is closed" {
	chmod 777 "$LKROOT"
	is_repaired '.:0: [problem] every user of the machine may write it (mode 0777)' \
		'right to write taken away from others'
	[ "$(stat -c %a "$LKROOT")" = 775 ]
}

@test "a directory behind a symbolic link is a warning" {
	mv "$LKROOT/subsys/gen" "$LKROOT/gen"
	ln -s ../gen "$LKROOT/subsys/gen"
	expect 0 lcdcheck
	lines_are 'subsys/gen:0: [warning] a symbolic link to a directory: what is behind it was not looked at'
}

@test "all repairs together leave nothing" {
	dead_pid
	instance gen/app app2 id2 OSU RESTORE "$dead" "$dead"
	instance gen/app app2 id2 OSU RESTORE "$dead" "$dead"
	record config/typ gen app
	record config/dep gone app2
	record config/dep gone app2
	record config/eqv gone beta gone SHARED 1 10
	record config/flg "!action!$dead!1700000000!alpha:Create"
	echo half >"$LKROOT/config/.eqv.new"
	expect 0 lcdcheck -r
	[ "$(printf '%s\n' "$output" | grep -c '(repaired: ')" = "${#lines[@]}" ]
	expect 0 lcdcheck
	lines_are
	expect 0 ins_list -f: -a gen
	[ "${#lines[@]}" -eq 2 ]
}

@test "what cannot be repaired remains after -r, with 3" {
	record config/dep app1 gone
	record config/dep ip1 ip1
	expect 3 lcdcheck -r
	lines_are 'config/dep:4: [problem] "app1" depends on "gone", but "gone" does not exist (repaired: dependency dropped)' \
		'config/dep:4: [problem] "ip1" depends on itself (repair: dep_remove -p ip1 -c ip1)'
}

@test "-J prints one array" {
	expect 0 lcdcheck -J
	lines_are '[]'
	record config/dep app1 gone
	expect 3 lcdcheck -J
	lines_are '[{"file":"config/dep","line":4,"severity":"problem","text":"\"app1\" depends on \"gone\", but \"gone\" does not exist","repair":"dependency dropped","automatic":true,"repaired":false}]'
	expect 0 lcdcheck -J -r
	[[ $output == '[{'*'"repaired":true}]' ]]
}

@test "a check without -r changes nothing" {
	dead_pid
	instance gen/app app2 id2 OSU RESTORE "$dead"
	echo half >"$LKROOT/config/.eqv.new"
	before=$(database)
	expect 3 lcdcheck
	[ "$(database)" = "$before" ]
}

@test "a writer at work is waited for, and its files are no left-overs" {
	exec 9>>"$LKROOT/config/lock"
	flock 9
	echo half >"$LKROOT/config/.eqv.new"
	lcdcheck 9>&- >"$BATS_TEST_TMPDIR/out" &
	pid=$!
	sleep 0.2
	rm "$LKROOT/config/.eqv.new"
	exec 9>&-
	wait "$pid"
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
}

@test "a system that cannot be reached gives 9, an unknown one 7" {
	unreachable
	expect 9 lcdcheck -d beta
	says 'Communication failure: destination system "beta" is out of service.'
	expect 7 lcdcheck -d nosuch
	says 'system "nosuch" does not exist'
}

@test "an operand gives 2" {
	expect 2 lcdcheck x
	says 'unexpected argument "x"'
}

@test "a missing tree gives 1" {
	rm -r "$LKROOT"
	expect 1 lcdcheck
	says 'no Lockkeeper tree'
}
