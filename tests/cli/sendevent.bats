#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: sendevent -C class -E event -m monitor -n object [-s severity] [-i alarm] [-w] [-c objclass]
# usage: [-t time] [-T timestamp] [-o] [-z] [-a alarmtype] [-P probtype] [-p probcode] [-d data]
# usage: [-x text] [-S system] [-O outfile]

load ../helpers/tree

setup() {
	f0
	LOG=$LKROOT/out/lifekeeper.log
	mkdir -p "$LKROOT"/events/{gen1/boom,allclass}
}

# A handler, CLASS/EVENT/NAME or allclass/NAME, that notes its name and arguments in $J and then runs
# the script on standard input.
handler() {
	local file=$LKROOT/events/$1
	mkdir -p "${file%/*}"
	{
		printf '#!/bin/sh\necho "%s $*" >>"%s"\n' "${1##*/}" "$J"
		cat
	} >"$file"
	chmod 755 "$file"
}

se_handlers() {
	handler gen1/boom/20-h </dev/null
	handler gen1/boom/10-h </dev/null
	handler allclass/all-h </dev/null
	handler gen1/boom/ACTIVE </dev/null
}

journal_is() {
	[ "$(cat "$J")" = "$(printf '%s\n' "$@")" ]
}

has_line() {	# FILE REGEX
	grep -Eq -- "$2" "$1"
}

gone() {	# PID
	! kill -0 "$1" 2>/dev/null
}

@test "SE1: prints an id and runs the handlers in order, with all options, but not ACTIVE" {
	se_handlers
	expect 0 sendevent -C gen1 -E boom -m prod:comp -n obj
	[ "${#lines[@]}" -eq 1 ]
	[[ $output =~ ^alpha\.[0-9]+\.[0-9]+$ ]]
	local args='-C gen1 -E boom -m prod:comp -n obj'
	wait_until 10 journal_is "10-h $args" "20-h $args" "all-h $args"
}

@test "SE2: a missing class, event, monitor or object gives 1 and the usage" {
	se_handlers
	expect 1 sendevent -E boom -m p:c -n o
	lines_are
	says 'option -C is missing'
	says 'Usage: sendevent'
	expect 1 sendevent -C gen1 -m p:c -n o
	expect 1 sendevent -C gen1 -E boom -n o
	expect 1 sendevent -C gen1 -E boom -m p:c
	expect 1 sendevent -C gen1 -E boom -m p:c -n o operand
	expect 1 sendevent -C gen1 -E boom -m p:c -n o -q
	[ ! -s "$J" ]
}

@test "SE3: an unknown class gives 2" {
	se_handlers
	expect 2 sendevent -C nope -E boom -m p:c -n o
	lines_are
	says 'class "nope" does not exist'
	[[ $stderr != *Usage* ]]
	expect 2 sendevent -C nope -E boom -m p:c -n o -A
}

@test "SE4: an unknown event gives 3" {
	se_handlers
	expect 3 sendevent -C gen1 -E nope -m p:c -n o
	lines_are
	says 'class "gen1" has no event "nope"'
	: >"$LKROOT/events/gen1/nope"
	expect 3 sendevent -C gen1 -E nope -m p:c -n o
}

@test "SE5: -A gives 4" {
	se_handlers
	expect 4 sendevent -C gen1 -E boom -m p:c -n o -A
	lines_are
	says '-A is for internal use'
	[ ! -s "$J" ]
}

@test "SE6: severity 0 without -i gives 5" {
	se_handlers
	expect 5 sendevent -C gen1 -E boom -m p:c -n o -s 0
	lines_are
	[ ! -s "$J" ]
}

@test "SE7: severity 0 with the id of an alarm runs the handlers" {
	se_handlers
	expect 0 sendevent -C gen1 -E boom -m p:c -n o -w
	local id=$output
	: >"$J"
	expect 0 sendevent -C gen1 -E boom -m p:c -n o -s 0 -i "$id" -w
	[ "${#lines[@]}" -eq 1 ]
	has_line "$J" "^10-h .* -s 0 -i $id -w$"
	grep -q 'severity CLEARED, object "o"' "$LOG"
}

@test "SE8: values beyond their limits give 1 and nothing is run" {
	local long
	long=$(printf '%065d' 0)
	se_handlers
	expect 1 sendevent -C gen1 -E boom -m p:c -n o -s 6
	says 'option -s "6"'
	for monitor in toolongprod:c p:12345678901234567 p : :c p: p:c:d $'p:\001' ''; do
		expect 1 sendevent -C gen1 -E boom -m "$monitor" -n o
		says 'option -m'
	done
	for object in "$long" '' $'a\nb' $'\xc3\xa9'; do
		expect 1 sendevent -C gen1 -E boom -m p:c -n "$object"
		says 'option -n'
	done
	expect 0 sendevent -C gen1 -E boom -m 12345678:1234567890123456 -n "${long#0}" -s 5 -w
	[ "$(wc -l <"$J")" -eq 3 ]
}

@test "a class or event that is no plain name gives 1" {
	expect 1 sendevent -C ../events/gen1 -E boom -m p:c -n o
	expect 1 sendevent -C gen1 -E .. -m p:c -n o
	expect 1 sendevent -C '' -E boom -m p:c -n o
	says 'option -C'
}

@test "SE9: a failed resource in service is recovered, and the handlers are told" {
	f1s
	ins_setlocalrecover -t ip1 -l Y
	handler comm/failed/h </dev/null
	expect 0 sendevent -C comm -E failed -m ip:quick -n ip1
	[ "${#lines[@]}" -eq 1 ]
	local id=$output
	wait_until 10 has_line "$J" '^h -A -C comm -E failed -m ip:quick -n ip1$'
	wait_until 10 has_line "$J" '^alpha recover -t ip1'
	wait_until 10 not_reserved ip1
	[ "$(grep -c recover "$J")" -eq 1 ]
	[ "$(jq -r 'select(.what == "recovery") | .subject + ": " + .decision' "$LKROOT/out/story.log")" = \
		"$(printf '%s\n' 'ip1: begins' 'ip1: exit code 0')" ]
	[ "$(jq -r 'select(.what == "event") | .inputs.id' "$LKROOT/out/story.log")" = "$id" ]
}

not_reserved() {	# TAG
	[ -z "$(ins_list -t "$1" -J | jq -r '.[0].reservation // empty | select(. != "" and . != "NONE")')" ]
}

@test "the type as the class and the id as the object find the resource too" {
	f1s
	ins_setlocalrecover -t vol1 -l Y
	handler volume/failed/h </dev/null
	expect 0 sendevent -C volume -E failed -m vol:quick -n /mnt/d1 -w
	has_line "$J" '^h -A '
	wait_until 10 has_line "$J" '^alpha recover -t vol1'
}

@test "bin/recover is run where it is installed, whatever the local recovery says" {
	f1s
	mkdir "$LKROOT/bin"
	printf '#!/bin/sh\necho "program $*" >>"%s"\n' "$J" >"$LKROOT/bin/recover"
	chmod 755 "$LKROOT/bin/recover"
	handler comm/failed/h </dev/null
	expect 0 sendevent -C comm -E failed -m ip:quick -n ip1 -w
	wait_until 10 has_line "$J" '^program -t ip1 -C comm -E failed -n ip1$'
	has_line "$J" '^h -A '
}

@test "nothing is recovered that is out of service, of another class, or whose local recovery is off" {
	f1
	ins_setlocalrecover -t ip1 -l Y
	handler comm/failed/h </dev/null
	handler gen/failed/h </dev/null
	expect 0 sendevent -C comm -E failed -m ip:quick -n ip1 -w
	in_service
	expect 0 sendevent -C gen -E failed -m ip:quick -n ip1 -w
	expect 0 sendevent -C comm -E failed -m ip:quick -n nope -w
	expect 0 sendevent -C comm -E failed -m ip:quick -n ip1 -s 0 -i x -w
	expect 0 sendevent -C gen -E failed -m a:quick -n app1 -w
	run ! has_line "$J" ' -A |recover'
	[ "$(grep -c '^h ' "$J")" -eq 5 ]
	grep -q 'recovery of "app1": local recovery is off' "$LOG"
}

@test "no second recovery begins while the first is at work" {
	f1s
	ins_setlocalrecover -t ip1 -l Y
	handler comm/failed/h </dev/null
	mkfifo "$BATS_TEST_TMPDIR/go"
	printf '#!/bin/sh\necho "recover begins" >>"%s"\nread -r _ <"%s"\n' "$J" "$BATS_TEST_TMPDIR/go" \
		>"$LKROOT/subsys/comm/resources/ip/actions/recover"
	expect 0 sendevent -C comm -E failed -m ip:quick -n ip1 -w
	wait_until 10 has_line "$J" '^recover begins'
	expect 0 sendevent -C comm -E failed -m ip:deep -n ip1 -w
	has_line "$J" '^h -A .*ip:deep'
	[ "$(grep -c 'recover begins' "$J")" -eq 1 ]
	grep -q 'not begun: another operation' "$LOG"
	echo go >"$BATS_TEST_TMPDIR/go"
	wait_until 10 has_line "$LOG" 'recovery of "ip1": exit code 0'
	wait_until 10 not_reserved ip1
}

@test "SE10: the caller is not held up by a handler, not even in a substitution" {
	local id
	mkfifo "$BATS_TEST_TMPDIR/go"
	handler gen1/boom/slow <<<"read -r _ <'$BATS_TEST_TMPDIR/go'; echo ended >>'$J'"
	id=$(timeout 20 sendevent -C gen1 -E boom -m p:c -n o 2>&1 9>&1)
	[[ $id == alpha.* ]]
	run ! grep ended "$J"
	echo go >"$BATS_TEST_TMPDIR/go"
	wait_until 10 has_line "$J" '^ended'
}

@test "-w waits for the handlers, whatever they answer" {
	handler gen1/boom/1-bad <<<'exit 3'
	handler gen1/boom/2-good <<<'exit 0'
	printf 'no script\n' >"$LKROOT/events/gen1/boom/3-cut"
	chmod 755 "$LKROOT/events/gen1/boom/3-cut"
	printf '#!/bin/sh\n' >"$LKROOT/events/gen1/boom/4-not-executable"
	expect 0 sendevent -C gen1 -E boom -m p:c -n o -w
	journal_is '1-bad -C gen1 -E boom -m p:c -n o -w' '2-good -C gen1 -E boom -m p:c -n o -w'
	grep -q 'ERROR:gen1:boom:1-bad:700335:exit code 3' "$LOG"
	grep -q 'ERROR:gen1:boom:3-cut:700335:cannot be executed' "$LOG"
	grep -q 'ERROR:gen1:boom:4-not-executable:700335:skipped: it is not executable' "$LOG"
}

@test "same-named handlers of the event and of allclass are both run" {
	handler gen1/boom/h <<<'echo specific'
	handler allclass/h <<<'echo general'
	expect 0 sendevent -C gen1 -E boom -m p:c -n o -w
	[ "$(grep -c '^h ' "$J")" -eq 2 ]
	[ "$(grep -Eo 'specific|general' "$LOG" | tr '\n' ' ')" = 'specific general ' ]
}

@test "a handler has its environment, an empty input, its own group and its output in the log" {
	handler gen1/boom/h <<-'END'
		echo "root $LKROOT id $LKEVENTID path ${PATH%%:*} cwd $PWD"
		echo "to stderr" >&2
		echo "input $(wc -c)"
		echo "group $(($(ps -o pgid= -p $$) - $$))"
		printf 'no newline'
	END
	cd "$BATS_TEST_TMPDIR"
	expect 0 sendevent -C gen1 -E boom -m p:c -n o -w <<<'for nobody'
	local id=$output text
	[ -z "$stderr" ]
	for text in "root $LKROOT id $id path $LKROOT/bin cwd $LKROOT" 'to stderr' 'input 0' 'group 0' \
		'no newline'; do
		grep -qxE ".* sendevent\[[0-9]+\]: INFO:gen1:boom:h:700336:$text" "$LOG"
	done
}

@test "options for the handlers are passed on as they are, in their order" {
	handler gen1/boom/h <<<"for a; do printf '<%s>\n' \"\$a\" >>'$J'; done"
	expect 0 sendevent -wz -o -x 'two words' -d '' -a 1 -P t -p c -S beta -O out -c x -t 261125200000 \
		-T 1 -nobj -C gen1 -E boom -m p:c
	[ "$(sed 1d "$J" | tr -d '\n')" = '<-wz><-o><-x><two words><-d><><-a><1><-P><t><-p><c><-S><beta><-O><out><-c><x><-t><261125200000><-T><1><-nobj><-C><gen1><-E><boom><-m><p:c>' ]
}

@test "TERM ends the running handler with its children, and no other is started" {
	handler gen1/boom/1-slow <<-END
		trap 'echo told >>"$J"; exit 0' TERM
		sleep 600 &
		echo "child \$!" >>"$J"
		wait
	END
	handler gen1/boom/2-never </dev/null
	sendevent -C gen1 -E boom -m p:c -n o -w >/dev/null 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	local pid=$! code=0 child
	wait_until 10 has_line "$J" '^child [0-9]'
	child=$(sed -n 's/^child //p' "$J")
	kill -TERM "$pid"
	wait "$pid" || code=$?
	[ "$code" -eq 1 ]
	grep -q 'interrupted by signal 15' "$BATS_TEST_TMPDIR/err"
	has_line "$J" '^told'
	wait_until 10 gone "$child"
	run ! has_line "$J" '^2-never'
}

@test "a handler that ignores TERM is waited for" {
	mkfifo "$BATS_TEST_TMPDIR/go"
	handler gen1/boom/1-firm <<-END
		trap '' TERM
		echo ready >>"$J"
		read -r _ <"$BATS_TEST_TMPDIR/go"
		echo done >>"$J"
	END
	handler gen1/boom/2-never </dev/null
	sendevent -C gen1 -E boom -m p:c -n o -w >/dev/null 2>&1 3>&- &
	local pid=$! code=0
	wait_until 10 has_line "$J" '^ready'
	kill -TERM "$pid"
	echo go >"$BATS_TEST_TMPDIR/go"
	wait "$pid" || code=$?
	[ "$code" -eq 1 ]
	has_line "$J" '^done'
	run ! has_line "$J" '^2-never'
}

@test "EVENTTIMEOUT ends a handler that takes longer, and the next one is run" {
	echo EVENTTIMEOUT=1 >"$LKROOT/etc/default/LifeKeeper"
	handler gen1/boom/1-slow <<<'sleep 600'
	handler gen1/boom/2-next </dev/null
	expect 0 sendevent -C gen1 -E boom -m p:c -n o -w
	has_line "$J" '^2-next'
	grep -q '1-slow:700335:not finished after 1 s' "$LOG"
}

@test "damaged tunables and a damaged database do not keep handlers from running" {
	echo 'not a setting' >"$LKROOT/etc/default/LifeKeeper"
	echo rubbish >"$LKROOT/config/sys"
	echo rubbish >"$LKROOT/config/typ"
	se_handlers
	expect 0 sendevent -C gen1 -E boom -m p:c -n o -w
	[ "$(wc -l <"$J")" -eq 3 ]
	grep -q 'ERROR:gen1:boom:.*config/typ:1' "$LOG"
}

@test "what a handler leaves running keeps its output and holds nobody up" {
	mkfifo "$BATS_TEST_TMPDIR/go"
	handler gen1/boom/h <<<"(read -r _ <'$BATS_TEST_TMPDIR/go'; echo late; echo alive >>'$J') &"
	expect 0 timeout 20 sendevent -C gen1 -E boom -m p:c -n o -w
	echo go >"$BATS_TEST_TMPDIR/go"
	wait_until 10 has_line "$J" '^alive'
	wait_until 10 has_line "$LOG" ':h:700336:late$'
}

@test "without a log the handlers are run nonetheless" {
	rmdir "$LKROOT/out"
	handler gen1/boom/h <<-'EOS'
		echo lost; echo lost >&2; echo alive >>"$J"
	EOS
	expect 0 sendevent -C gen1 -E boom -m p:c -n o -w
	[ "${#lines[@]}" -eq 1 ]
	[ -z "$stderr" ]
	has_line "$J" '^alive'
}

@test "a caller that dies at once takes no handler along" {
	mkfifo "$BATS_TEST_TMPDIR/go"
	handler gen1/boom/1-slow <<<"echo running >>'$J'; read -r _ <'$BATS_TEST_TMPDIR/go'"
	handler gen1/boom/2-next </dev/null
	setsid bash -c 'sendevent -C gen1 -E boom -m p:c -n o; echo $$; exec sleep 600' \
		>"$BATS_TEST_TMPDIR/out" 3>&- &
	wait_until 10 has_line "$J" '^running'
	wait_until 10 has_line "$BATS_TEST_TMPDIR/out" '^[0-9]+$'
	kill -KILL -- "-$(tail -n 1 "$BATS_TEST_TMPDIR/out")"
	echo go >"$BATS_TEST_TMPDIR/go"
	wait_until 10 has_line "$J" '^2-next'
}

@test "an endless babbler does not fill the log" {
	handler gen1/boom/h <<<'yes | head -n 30000'
	expect 0 sendevent -C gen1 -E boom -m p:c -n o -w
	wait_until 20 has_line "$LOG" 'further output is dropped'
	[ "$(wc -l <"$LOG")" -lt 10020 ]
}

@test "an event without handlers is fine" {
	rmdir "$LKROOT/events/allclass"
	expect 0 sendevent -C gen1 -E boom -m p:c -n o
	[ "${#lines[@]}" -eq 1 ]
	grep -q '0 handlers' "$LOG"
}

@test "many events at once each run each handler" {
	local pids=() i
	se_handlers
	for i in $(seq 10); do
		sendevent -C gen1 -E boom -m p:c -n "o$i" -w >>"$BATS_TEST_TMPDIR/ids" 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	[ "$(sort -u "$J" | wc -l)" -eq 30 ]
	[ "$(sort -u "$BATS_TEST_TMPDIR/ids" | wc -l)" -eq 10 ]
}
