#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: ins_remove [-d destsys] [-R roottag] [-a appname] [-r restyp] [-t tag] [-i id] [-v] [-I] [-N] [-G]

load ../helpers/tree

setup() {
	f1
}

# The tags that are there: tags_are TAG...
tags_are() {
	local have
	have=$(ins_list -f: | cut -d: -f4 | sort | tr '\n' ' ')
	[ "$have" = "${*:+$* }" ] || { echo "tags: $have"; return 1; }
}

global_scripts() {
	local name
	mkdir -p "$LKROOT/subsys/comm/actions"
	for name in predelete postdelete; do
		printf '#!/bin/sh\necho "alpha %s $*" >>"%s"\nexit %s\n' "$name" "$J" "${1:-0}" \
			>"$LKROOT/subsys/comm/actions/$name"
		chmod 755 "$LKROOT/subsys/comm/actions/$name"
	done
}

mark_column() {	# the deleting field of a tag
	awk -F '\t' -v t="$1" 'FNR == 2 { for (i = 1; i <= NF; i++) { sub(/^#/, "", $i); c[$i] = i } }
		$c["tag"] == t { print $c["deleting"] }' "$LKROOT"/subsys/*/resources/*/instances
}

@test "IR1: -t removes the instance and what depends on it, parents first" {
	expect 0 ins_remove -v -t ip1
	lines_are app1 ip1
	tags_are vol1
	[ "$(cat "$J")" = "alpha delete -t app1 -i app1id" ]
}

@test "IR2: -R removes the whole hierarchy" {
	expect 0 ins_remove -v -R app1
	lines_are app1 ip1 vol1
	expect 0 ins_list
	lines_are
}

@test "IR3: -R keeps what something else needs" {
	ins_create -a gen -r app -t app2 -i app2id
	dep_create -p app2 -c vol1
	expect 0 ins_remove -v -R app1
	lines_are app1 ip1
	tags_are app2 vol1
}

@test "IR4: -a removes the application's instances and their dependents" {
	expect 0 ins_remove -v -a filesys
	lines_are app1 vol1
	tags_are ip1
}

@test "IR5: -i selects by id" {
	expect 0 ins_remove -v -i 10.0.0.10
	lines_are app1 ip1
	tags_are vol1
}

@test "IR6: without a selector nothing is removed" {
	expect 2 ins_remove
	says 'Usage: ins_remove'
	expect 2 ins_remove -v -G
	tags_are app1 ip1 vol1
}

@test "IR7: an unknown tag gives 7" {
	expect 7 ins_remove -t nope
	says 'tag "nope" does not exist'
}

@test "IR8: a failing delete script keeps its instance and what that needs" {
	stub_action gen/app delete 1
	expect 8 ins_remove -v -t ip1
	says 'its delete action failed'
	says 'exit code 1'
	says '"ip1" is kept: "app1" still depends on it'
	lines_are
	tags_are app1 ip1 vol1
	[ -z "$(mark_column app1 | tr -d '0-')" ]
	grep -q 'ERROR:app:delete:app1:700131:' "$LKROOT/out/lifekeeper.log"
}

@test "after a failure the same call completes the removal" {
	stub_action gen/app delete 1
	expect 8 ins_remove -R app1
	tags_are app1 ip1 vol1
	stub_action gen/app delete 0
	expect 0 ins_remove -v -R app1
	lines_are app1 ip1 vol1
}

@test "a failure in one branch does not keep the others" {
	stub_action comm/ip delete 3
	expect 8 ins_remove -v -R app1
	lines_are app1 vol1
	tags_are ip1
}

@test "IR9: -G runs no global scripts; without it both run once" {
	global_scripts
	expect 0 ins_remove -G -t app1
	[ "$(grep -c predelete "$J")" -eq 0 ]
	[ "$(grep -c postdelete "$J")" -eq 0 ]
	expect 0 ins_remove -t ip1
	[ "$(tail -2 "$J")" = "$(printf 'alpha predelete \nalpha postdelete ')" ]
	[ "$(grep -c predelete "$J")" -eq 1 ]
	[ "$(grep -c postdelete "$J")" -eq 1 ]
	expect 0 flg_list
	lines_are
}

@test "a failing global script is reported and logged, but does not stop the removal" {
	global_scripts 4
	expect 0 ins_remove -t app1
	says 'subsys/comm/actions/predelete: exit code 4'
	says 'subsys/comm/actions/postdelete: exit code 4'
	grep -q 'ERROR:lcd:predelete::700006:' "$LKROOT/out/lifekeeper.log"
	tags_are ip1 vol1
}

@test "no global script runs when nothing is selected" {
	global_scripts
	expect 7 ins_remove -t nope
	[ ! -s "$J" ]
}

@test "inside an operation that holds the admin lock the scripts are given -m" {
	global_scripts
	getlocks -a alpha -i Delete_Hierarchy -l "$BATS_TEST_TMPDIR/L" -p $$
	expect 0 ins_remove -t app1
	[ "$(tail -1 "$J")" = "alpha postdelete -m" ]
	expect 0 rlslocks -a alpha -l "$BATS_TEST_TMPDIR/L"
	expect 0 flg_list
	lines_are
}

@test "a flag for a system that does not answer stays for later" {
	sys_create -s beta
	flg_create -f '!delete!beta'
	expect 0 ins_remove -t app1
	says 'flag !delete!beta is kept'
	expect 0 flg_list
	lines_are '!delete!beta'
}

@test "IR10: this side of the equivalencies goes with the instance" {
	rm -r "$LKROOT"
	f2
	expect 0 ins_remove -t app1
	tags_are ip1 vol1
	expect 1 grep -q '^app1' "$LKROOT/config/eqv"
	expect 0 grep -q '^ip1' "$LKROOT/config/eqv"
}

@test "IR11: a delete script may call ins_remove -N -G" {
	own_action gen/app delete <<-EOS
		echo "alpha delete \$*" >>"$J"
		ins_remove -N -G -t ip1 || echo "nested: \$?" >>"$J"
	EOS
	expect 0 ins_remove -v -R app1
	lines_are app1 ip1 vol1
	[ "$(cat "$J")" = "alpha delete -t app1 -i app1id" ]
}

@test "a delete script may remove what was not selected" {
	own_action gen/app delete <<-'EOS'
		exec ins_remove -N -G -v -t vol1
	EOS
	expect 0 ins_remove -v -t app1
	lines_are app1
	says vol1
	tags_are ip1
}

@test "a delete script that forgets -N and -G does not recurse" {
	own_action gen/app delete <<-EOS
		echo "alpha delete \$*" >>"$J"
		ins_remove -t app1
	EOS
	expect 0 timeout 20 ins_remove -v -t app1
	lines_are app1
	[ "$(grep -c delete "$J")" -eq 1 ]
}

@test "a delete script changes the tree that the rest of the removal sees" {
	own_action gen/app delete <<-'EOS'
		ins_create -a gen -r app -t new -i new && dep_create -p new -c ip1
	EOS
	expect 8 ins_remove -v -R app1
	lines_are app1 vol1
	says '"ip1" is kept: "new" still depends on it'
	tags_are ip1 new
}

@test "the tree can be changed while a delete script runs" {
	own_action gen/app delete <<-EOS
		: >"$LKROOT/tmp/begun"
		while [ ! -e "$LKROOT/tmp/go" ]; do sleep 0.05; done
	EOS
	ins_remove -t app1 &
	wait_until 10 test -e "$LKROOT/tmp/begun"
	expect 0 timeout 5 flg_create -f meanwhile
	: >"$LKROOT/tmp/go"
	wait $!
	tags_are ip1 vol1
}

@test "killed between two instances, the same call completes the removal" {
	own_action comm/ip delete <<-EOS
		[ -e "$LKROOT/tmp/once" ] && exit 0
		: >"$LKROOT/tmp/once"
		kill -9 \$PPID
	EOS
	expect 137 ins_remove -R app1
	tags_are ip1 vol1
	expect 0 ins_remove -v -R app1
	lines_are ip1 vol1
	tags_are
	[ ! -e "$LKROOT/run/removal" ]
	expect 7 ins_remove -R app1
}

@test "the marks of a killed removal do not bar another one" {
	own_action comm/ip delete <<-EOS
		[ -e "$LKROOT/tmp/once" ] && exit 0
		: >"$LKROOT/tmp/once"
		kill -9 \$PPID
	EOS
	expect 137 ins_remove -R app1
	expect 0 ins_remove -v -t vol1
	lines_are vol1
	tags_are ip1
	# the marks are cleared: there is nothing left to complete
	expect 7 ins_remove -R app1
	tags_are ip1
}

@test "TERM reaches the delete script, and the removal ends with 1 and can be repeated" {
	own_action gen/app delete <<-EOS
		trap 'echo got TERM >>"$J"; exit 9' TERM
		: >"$LKROOT/tmp/begun"
		[ -e "$LKROOT/tmp/go" ] && exit 0
		while :; do sleep 0.05; done
	EOS
	ins_remove -R app1 2>"$BATS_TEST_TMPDIR/err" &
	local pid=$! rc=0
	wait_until 10 test -e "$LKROOT/tmp/begun"
	kill "$pid"
	wait "$pid" || rc=$?
	[ "$rc" -eq 1 ]
	grep -q 'interrupted by signal 15' "$BATS_TEST_TMPDIR/err"
	grep -q 'got TERM' "$J"
	tags_are app1 ip1 vol1
	: >"$LKROOT/tmp/go"
	expect 0 ins_remove -v -R app1
	lines_are app1 ip1 vol1
}

# Reserve ip1, as a running restore would.
reserve() {	# PID
	local file=$LKROOT/subsys/comm/resources/ip/instances
	awk -F '\t' -v OFS='\t' -v h="$1" '$1 == "ip1" { $7 = "RESTORE"; $8 = h } { print }' \
		"$file" >"$file.x"
	mv "$file.x" "$file"
}

@test "an instance that a running process has reserved is waited for" {
	sleep 60 3>&- &
	local holder=$!
	reserve "$holder"
	ins_remove -v -R app1 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	local pid=$! rc=0
	wait_until 10 grep -q "waiting for process $holder" "$BATS_TEST_TMPDIR/err"
	tags_are app1 ip1 vol1
	[ ! -s "$J" ]
	kill "$holder"
	wait "$holder" || true
	wait "$pid" || rc=$?
	[ "$rc" -eq 0 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -eq 3 ]
}

@test "a dead holder is not waited for, a live one for RESERVETIMEOUT" {
	sh -c 'exit 0' &
	wait $!
	reserve "$!"
	expect 0 timeout 10 ins_remove -v -t app1
	lines_are app1
	echo RESERVETIMEOUT=1 >"$LKROOT/etc/default/LifeKeeper"
	sleep 60 3>&- &
	local holder=$!
	reserve "$holder"
	expect 0 timeout 10 ins_remove -v -t ip1
	lines_are ip1
	kill "$holder"
}

@test "a filter that names something unknown gives 7" {
	expect 7 ins_remove -a nope
	says 'application "nope" does not exist'
	expect 7 ins_remove -a comm -r nope
	expect 7 ins_remove -r nope
	says 'no instance matches'
	expect 7 ins_remove -i nope
	expect 7 ins_remove -R nope
	expect 7 ins_remove -R ''
	tags_are app1 ip1 vol1
}

@test "filters combine" {
	expect 7 ins_remove -t ip1 -a filesys
	says 'no instance matches'
	expect 0 ins_remove -v -R app1 -a filesys
	lines_are app1 vol1
	tags_are ip1
}

@test "-R takes several tags" {
	ins_create -a gen -r app -t app2 -i app2id
	dep_create -p app2 -c vol1
	expect 0 ins_remove -v -R "$(printf 'app1\001app2')"
	lines_are app1 app2 ip1 vol1
	tags_are
}

@test "-R of a child removes its dependents, but not their other children" {
	expect 0 ins_remove -v -R ip1
	lines_are app1 ip1
	tags_are vol1
}

@test "-r without -a means the types of that name of every application" {
	expect 0 ins_remove -v -r volume
	lines_are app1 vol1
}

@test "the state does not matter, and no remove action runs" {
	in_service
	expect 0 ins_remove -R app1
	[ "$(cat "$J")" = "alpha delete -t app1 -i app1id" ]
	tags_are
}

@test "a delete action of the application is used where the type has none" {
	mkdir -p "$LKROOT/subsys/comm/actions"
	printf '#!/bin/sh\necho "common $*" >>"%s"\n' "$J" >"$LKROOT/subsys/comm/actions/delete.sh"
	chmod 755 "$LKROOT/subsys/comm/actions/delete.sh"
	expect 0 ins_remove -t ip1
	[ "$(tail -1 "$J")" = "common -t ip1 -i 10.0.0.10" ]
}

@test "a delete action that cannot be executed is skipped with a warning" {
	chmod 644 "$LKROOT/subsys/gen/resources/app/actions/delete"
	expect 0 ins_remove -t app1
	says 'it is not an executable file'
	[ ! -s "$J" ]
}

@test "a delete action that cannot be started keeps the instance" {
	own_action gen/app delete <<<''
	printf '#!/no/such/interpreter\n' >"$LKROOT/subsys/gen/resources/app/actions/delete"
	expect 8 ins_remove -t app1
	says 'cannot be executed'
	tags_are app1 ip1 vol1
}

@test "what a delete script prints does not mix with the tags" {
	own_action gen/app delete <<<'echo noise; cat'
	expect 0 ins_remove -v -t app1
	lines_are app1
	says noise
}

@test "two calls at once remove each instance once" {
	own_action gen/app delete <<-EOS
		echo "alpha delete \$*" >>"$J"
		sleep 0.3
	EOS
	ins_remove -v -t app1 >"$BATS_TEST_TMPDIR/one" &
	local first=$! rc=0
	wait_until 10 grep -q delete "$J"
	expect 7 ins_remove -v -G -t app1
	lines_are
	wait "$first" || rc=$?
	[ "$rc" -eq 0 ]
	[ "$(cat "$BATS_TEST_TMPDIR/one")" = app1 ]
	[ "$(grep -c delete "$J")" -eq 1 ]
}

@test "-I and -N exclude each other" {
	expect 2 ins_remove -I -N -t app1
	says 'exclude each other'
	tags_are app1 ip1 vol1
}

@test "-I is the default" {
	expect 0 ins_remove -I -v -t app1
	lines_are app1
}

@test "a system that cannot be reached gives 9" {
	unreachable
	sys_create -s beta
	expect 9 ins_remove -d beta -t app1
	tags_are app1 ip1 vol1
}

@test "a damaged tree gives 3 and runs no script" {
	printf 'broken' >"$LKROOT/config/dep"
	expect 3 ins_remove -t app1
	says 'config/dep:1: '
	[ ! -s "$J" ]
}

# How often the tree was changed, from the counter in its lock file.
changes() {
	echo $((16#$(head -c 16 "$LKROOT/config/lock")))
}

@test "instances without a delete action go together, in few changes of the tree" {
	local i before
	for i in $(seq 30); do
		ins_create -a comm -r ip -t "n$i" -i "10.1.0.$i"
		[ "$i" -eq 1 ] || dep_create -p "n$((i - 1))" -c "n$i"
	done
	before=$(changes)
	expect 0 ins_remove -G -R n1 -v
	# shellcheck disable=SC2046
	lines_are $(seq -f 'n%g' 30)
	[ $(($(changes) - before)) -le 10 ]
	expect 0 ins_list -f: -a comm
	[ "${#lines[@]}" -eq 1 ]
}

@test "a delete action that fails in the middle keeps what is below it, and only that" {
	stub_action gen/app delete 3
	ins_create -a comm -r ip -t top -i 10.2.0.1
	ins_create -a comm -r ip -t side -i 10.2.0.2
	ins_create -a comm -r ip -t low -i 10.2.0.3
	dep_create -p top -c app1
	dep_create -p top -c side
	dep_create -p ip1 -c low
	expect 8 ins_remove -G -R top -v
	lines_are top side
	expect 0 ins_list -f: -a comm
	[ "${#lines[@]}" -eq 2 ]
	expect 0 dep_list -f:
	lines_are app1:ip1 app1:vol1 ip1:low
}
