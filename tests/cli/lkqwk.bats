#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# lkqwk: the daemon of the storage quorum. What needs S3 runs with tests/helpers/aws in its place.
#
# shellcheck disable=SC2153	# QWK_PID comes from the helper
# usage: lkqwk [-f | -n]

load ../helpers/tree
load ../helpers/far
load ../helpers/qwk

setup() {
	LOOPS=()
	qwk_systems beta
}

teardown() {
	qwk_end
	local loop
	for loop in "${LOOPS[@]}"; do
		losetup -d "$loop"
	done
}

files() {	# [SECONDS]
	qwk_conf file "${1:-1}" "$SHARED/alpha" "$SHARED/beta"
	qwk_objects
}

logged_twice() {	# TEXT
	[ "$(grep -c -- "$1" "$LKROOT/out/lifekeeper.log")" -eq 2 ]
}

has_risen() {	# FILE SEQUENCE
	[ "$(sequence_of "$1")" -ge "$2" ]
} 2>/dev/null

@test "-n says whether the mode is initialised" {
	expect 1 "$LKQWK" -n
	says 18112
	expect 1 "$LKQWK" -f
	says 18112
	logged alpha :018112:
	files
	expect 0 "$LKQWK" -n
	lines_are
	expect 2 "$LKQWK" now
	echo colour=red >>"$LKROOT/config/qwk"
	expect 1 "$LKQWK" -n
	says 18114
	says colour
}

@test "two systems see each other's object rise" {
	files
	qwk_start alpha
	qwk_start beta
	wait_until 30 sees alpha beta 2
	wait_until 30 sees beta alpha 2
	logged alpha 'quorum state changed to HAVE_QUORUM.'
	[ "$(stat -c %s "$SHARED/alpha" "$SHARED/beta")" = "$(printf '4096\n4096')" ]
	wait_until 30 grep -qa '^commstat=ALIVE$' "$SHARED/beta"
	wait_until 30 sees_alive alpha beta
}

@test "QS-10: a system whose object rests is dead after its time, and not before" {
	local beta quiet
	files
	qwk_start alpha
	qwk_start beta
	beta=$QWK_PID
	wait_until 30 sees alpha beta 2
	qwk_kill KILL "$beta"
	wait_until 60 logged alpha '018160'
	quiet=$(sed -n 's/.*remote node "beta" is DOWN. quiet_period=//p' "$LKROOT/out/lifekeeper.log" | head -n 1)
	[ "$quiet" -ge 3000 ]
	[ "$(value_of alpha beta quiet)" -ge 3 ]
	sequence=$(sequence_of "$SHARED/beta")
	qwk_start beta
	wait_until 30 logged alpha 'remote node "beta" is UP'
	logged beta "valid qwk object is found, sequence=$sequence"
	wait_until 30 sees alpha beta $((sequence + 1))
}

@test "a daemon that hangs is dead to the other, and lives again when it goes on" {
	local beta
	files
	qwk_start alpha
	qwk_start beta
	beta=$QWK_PID
	wait_until 30 sees alpha beta 2
	kill -STOP "$beta"
	wait_until 60 logged alpha 'remote node "beta" is DOWN'
	kill -CONT "$beta"
	wait_until 30 logged alpha 'remote node "beta" is UP'
	logged beta '018102'
}

@test "storage that has gone is no quorum, nothing is made in its place, and it may come back" {
	files
	qwk_start alpha
	wait_until 30 logged alpha HAVE_QUORUM
	mv "$SHARED" "$SHARED.gone"
	mkdir "$SHARED"
	wait_until 60 logged alpha LOST_QUORUM
	logged alpha "qwk object was not found. $SHARED/alpha"
	[ -z "$(ls "$SHARED")" ]
	rmdir "$SHARED"
	mv "$SHARED.gone" "$SHARED"
	wait_until 30 logged alpha 'qwk object was restored.'
	wait_until 30 logged_twice HAVE_QUORUM
}

looked_at() {	# OBJECT BEFORE
	[ "$(value_of alpha "$1" looked)" -gt "$2" ]
}

@test "that no object is found says nothing of its system while the storage is gone, and something when it is there" {
	local looked
	files
	qwk_start alpha
	wait_until 30 looked_at beta 0
	mv "$SHARED" "$SHARED.gone"
	wait_until 30 logged alpha "failed to read qwk object of \"beta\": qwk object was not found"
	looked=$(value_of alpha beta looked)
	wait_until 60 logged alpha LOST_QUORUM
	[ "$(value_of alpha beta looked)" -eq "$looked" ]
	rm "$SHARED.gone/beta"
	mv "$SHARED.gone" "$SHARED"
	wait_until 30 looked_at beta "$looked"
	[ ! -e "$SHARED/beta" ]
}

@test "with QUORUM_DEBUG each sequence is logged" {
	files
	qwk_start alpha
	qwk_start beta
	wait_until 30 sees alpha beta 2
	not_logged alpha ':018150:'
	echo QUORUM_DEBUG=1 >>"$LKROOT/etc/default/LifeKeeper"
	wait_until 30 logged alpha ':018150:write sequence '
	wait_until 30 logged alpha ':018153:read sequence '
}

@test "a QUORUM_DEBUG that is neither 0 nor 1 is said once, and counts as 0" {
	files
	echo QUORUM_DEBUG=yes >>"$LKROOT/etc/default/LifeKeeper"
	qwk_start alpha
	wait_until 30 logged alpha ':703421:'
	logged alpha '"yes"'
	wait_until 30 has_risen "$SHARED/alpha" 4
	[ "$(grep -c ':703421:' "$LKROOT/out/lifekeeper.log")" -eq 1 ]
	not_logged alpha ':018150:'
	echo QUORUM_DEBUG=1 >>"$LKROOT/etc/default/LifeKeeper"
	wait_until 30 logged alpha ':018150:write sequence '
}

# The last line counts.
deadline_of() {	# SYSTEM SECONDS
	echo "QUORUM_LOSS_DEADLINE=$2" >>"$(root_of "$1")/etc/default/LifeKeeper"
}

stop_in() {	# FILE
	tr -d '\0' <"$1" | sed -n 's/^stop=//p'
}

# Is the stop time of beta that counts for alpha so many ms?
counts() {	# MS
	[ "$(value_of alpha beta stop)" = "$1" ]
}

tells_under() {	# FILE MS
	[ "$(stop_in "$1")" -lt "$2" ]
} 2>/dev/null

@test "a QUORUM_LOSS_DEADLINE that is made smaller again counts when all has ended that the larger one has let run" {
	local began
	files
	qwk_tunables QUORUM_LOSS_DEADLINE=2 QUORUM_DEBUG=2
	deadline_of beta 7
	qwk_start alpha
	qwk_start beta
	wait_until 30 counts 7000
	wait_until 30 logged alpha ' a QUORUM_LOSS_DEADLINE of 7000 ms'
	run lk_quorum
	[[ $output == *'larger: system beta counts with a lease of 3.0 s and a deadline of 7.0 s'* ]]
	expect 3 lkcli cluster check
	[[ $output == *'takeovers take longer than the settings here say, '*'beta counts with a lease of 3.0 s and a deadline of 7.0 s.'* ]]
	[[ $output == *'QUORUM_DEBUG=2 counts as 0: it must be 0 or 1.'* ]]
	deadline_of beta 2
	began=$(now_ms)
	wait_until 30 tells_under "$SHARED/beta" 7000
	wait_until 90 counts 2000
	# lease and stop time
	[ $(($(now_ms) - began)) -ge 10000 ]
	logged alpha ':703422:'
	[ "$(stop_in "$SHARED/beta")" -eq 2000 ]
	run lk_quorum
	[[ $output != *'a lease of 3.0 s'* ]]
}

@test "neither side's restart lets a smaller QUORUM_LOSS_DEADLINE count sooner" {
	local alpha beta
	files
	deadline_of beta 300
	qwk_start alpha
	alpha=$QWK_PID
	qwk_start beta
	beta=$QWK_PID
	wait_until 30 counts 300000
	qwk_kill KILL "$beta"
	deadline_of beta 2
	qwk_start beta
	wait_until 30 tells_under "$SHARED/beta" 300000
	# nobody who has not seen the object before takes it for what may run now
	[ "$(stop_in "$SHARED/beta")" -gt 100000 ]
	qwk_kill KILL "$alpha"
	qwk_start alpha
	wait_until 30 sees alpha beta 2
	counts 300000
	not_logged alpha ':703422:'
}

@test "storage that is not there at the start is waited for, and its sequence goes on" {
	files
	qwk_start alpha
	wait_until 30 has_risen "$SHARED/alpha" 2
	qwk_kill TERM "$QWK_PID"
	local sequence
	sequence=$(sequence_of "$SHARED/alpha")
	rm -f "$LKROOT/run/lkqwk.status"
	mv "$SHARED" "$SHARED.gone"
	: >"$LKROOT/out/lifekeeper.log"
	qwk_start alpha
	wait_until 30 logged alpha '018149'
	not_logged alpha HAVE_QUORUM
	mv "$SHARED.gone" "$SHARED"
	wait_until 30 logged alpha "valid qwk object is found, sequence=$sequence"
	wait_until 30 logged alpha HAVE_QUORUM
}

@test "other data in place of the object is never written over" {
	files
	printf 'precious' >"$SHARED/alpha"
	qwk_start alpha
	wait_until 30 logged alpha :018135:
	logged alpha "'signature=' line is missing."
	[ "$(cat "$SHARED/alpha")" = precious ]
	qwk_kill TERM "$QWK_PID"
	cp "$SHARED/beta" "$SHARED/alpha"
	qwk_start beta
	wait_until 30 has_risen "$SHARED/beta" 1
	qwk_kill TERM "$QWK_PID"
	cp "$SHARED/beta" "$SHARED/alpha"
	qwk_start alpha
	wait_until 30 logged alpha "local_node 'beta' does not match."
	cmp "$SHARED/beta" "$SHARED/alpha"
}

@test "another system's data that appears later is not written over either" {
	files
	qwk_start alpha
	wait_until 30 logged alpha HAVE_QUORUM
	printf 'signature=LKQWK1\nlocal_node=gamma\n' >"$BATS_TEST_TMPDIR/new"
	mv "$BATS_TEST_TMPDIR/new" "$SHARED/alpha"
	wait_until 60 logged alpha LOST_QUORUM
	logged alpha "local_node 'gamma' does not match."
	[ "$(stat -c %s "$SHARED/alpha")" -lt 100 ]
}

began_anew() {
	[ "$(value_of beta alpha sequence)" -lt 1000000 ]
} 2>/dev/null

@test "a damaged own object begins anew, which the other takes for a sign of life" {
	local alpha
	files
	# a sequence that no round of the test will reach
	qwk_object alpha 1000000
	qwk_start alpha
	alpha=$QWK_PID
	qwk_start beta
	wait_until 30 sees beta alpha 1000002
	logged alpha 'valid qwk object is found, sequence=1000000'
	qwk_kill TERM "$alpha"
	printf 'xyz' | dd of="$SHARED/alpha" bs=1 seek=60 conv=notrunc status=none
	qwk_start alpha
	wait_until 30 logged alpha 018148
	wait_until 30 logged beta 'sequence of "alpha" backed down from'
	wait_until 30 began_anew
}

@test "a damaged object of another system is told once, and is no sign of life" {
	files
	printf 'garbage\n' | dd of="$SHARED/beta" conv=notrunc status=none
	qwk_start alpha
	wait_until 60 logged alpha 'remote node "beta" is DOWN'
	[ "$(grep -c 'failed to decode node_info of "beta"' "$LKROOT/out/lifekeeper.log")" -lt 3 ]
	[ "$(value_of alpha beta sequence)" -eq 0 ]
}

damage_on() {	# FILE: other bytes that are no object, again and again, until it has gone
	local n=0
	while [ -e "$1" ]; do
		n=$((n + 1))
		printf 'garbage %06d\n' "$n" | dd of="$1" conv=notrunc,nocreat status=none 2>/dev/null
		sleep 0.2
	done
}

changed_since() {	# TIME
	[ "$(value_of alpha beta changed)" -gt "$1" ]
} 2>/dev/null

@test "a damaged object whose bytes go on changing has a writer, and so a system that lives" {
	local writer changed
	files
	damage_on "$SHARED/beta" 3>&- &
	writer=$!
	qwk_start alpha
	for _ in 1 2 3 4; do
		changed=$(value_of alpha beta changed) || changed=0
		wait_until 30 changed_since "${changed:-0}"
	done
	mv "$SHARED/beta" "$SHARED/beta.moved"
	wait "$writer"
	wait_until 60 logged alpha 'remote node "beta" is DOWN'
}

@test "what is no file hangs nobody" {
	files
	rm "$SHARED/beta" "$SHARED/alpha"
	mkfifo "$SHARED/beta"
	mkdir "$SHARED/alpha"
	qwk_start alpha
	wait_until 30 logged alpha 'not a regular file'
	wait_until 30 logged alpha "open for $SHARED/alpha failed"
	qwk_kill TERM "$QWK_PID"
}

@test "there is one daemon in a tree, and it ends when the mode is left" {
	files
	qwk_start alpha
	wait_until 30 logged alpha HAVE_QUORUM
	expect 4 "$LKQWK" -f
	says 703111
	rm "$LKROOT/config/qwk"
	wait_until 30 logged alpha 'lkqwk ends: the storage quorum is no longer initialised'
	wait "$QWK_PID"
}

@test "without -f it goes to the background when the first round is over" {
	files
	expect 0 timeout 30 "$LKQWK" 3>&-
	wait_until 30 logged alpha HAVE_QUORUM
	rm "$LKROOT/config/qwk"
	wait_until 30 flock -n "$LKROOT/run/lkqwk.lock" true
}

@test "a restart keeps the time of the last write" {
	files 4
	qwk_start alpha
	wait_until 30 logged alpha HAVE_QUORUM
	qwk_kill KILL "$QWK_PID"
	mv "$SHARED" "$SHARED.gone"
	: >"$LKROOT/out/lifekeeper.log"
	qwk_start alpha
	wait_until 60 logged alpha LOST_QUORUM
	[ "$(grep -c HAVE_QUORUM "$LKROOT/out/lifekeeper.log")" -eq 0 ]
}

@test "block: objects on devices" {
	local name loop
	[ "$(id -u)" -eq 0 ] || skip 'loop devices need root'
	for name in alpha beta; do
		truncate -s 1M "$BATS_TEST_TMPDIR/$name.img"
		loop=$(losetup -f --show "$BATS_TEST_TMPDIR/$name.img") || skip 'no loop devices here'
		LOOPS+=("$loop")
	done
	qwk_conf block 1 "${LOOPS[0]}" "${LOOPS[1]}"
	qwk_start alpha
	qwk_start beta
	wait_until 60 sees alpha beta 2
	wait_until 60 sees beta alpha 2
	head -c 4096 "$BATS_TEST_TMPDIR/alpha.img" | grep -qa '^local_node=alpha$'
	qwk_end
	if mkfs.ext4 -q "${LOOPS[0]}" >&2; then
		: >"$LKROOT/out/lifekeeper.log"
		qwk_start alpha
		wait_until 30 logged alpha :018135:
		qwk_kill TERM "$QWK_PID"
	fi
	qwk_conf block 1 "$BATS_TEST_TMPDIR/alpha.img" "${LOOPS[1]}"
	: >"$LKROOT/out/lifekeeper.log"
	qwk_start alpha
	wait_until 30 logged alpha 'not a block device'
}

# ---- S3 ----

@test "aws_s3: objects by the AWS CLI, with the proxies" {
	qwk_s3 3 s3://one/quorum/alpha s3://one/quorum/beta
	sed -i 's|^number_of_node|https_proxy=http://proxy.example:3128\n&|' "$LKROOT/config/qwk"
	qwk_start alpha
	qwk_start beta
	wait_until 60 sees alpha beta 2
	wait_until 60 sees beta alpha 2
	grep -qxF 's3 cp --only-show-errors - s3://one/quorum/alpha http://proxy.example:3128' "$S3_DIR/calls"
	grep -qxF 's3 cp --only-show-errors s3://one/quorum/beta - http://proxy.example:3128' "$S3_DIR/calls"
	[ "$(stat -c %s "$S3_DIR/one/quorum/alpha")" -eq 4096 ]
}

@test "QS-7: with objects in two regions one may be down, and without both there is no quorum" {
	qwk_s3 3 s3://one/alpha,s3://two/alpha s3://one/beta,s3://two/beta
	qwk_start alpha
	qwk_start beta
	wait_until 60 sees alpha beta 2
	: >"$S3_DIR/one.down"
	wait_until 60 logged alpha '18217:qwk_storage_s3put for s3://one/alpha failed: 1 (fatal error: Could not connect'
	wait_until 60 logged alpha 'qwk_storage_s3get for s3://one/beta failed'
	local sequence
	sequence=$(value_of alpha beta sequence)
	wait_until 90 sees alpha beta $((sequence + 2))
	not_logged alpha LOST_QUORUM
	: >"$S3_DIR/two.down"
	wait_until 90 logged alpha LOST_QUORUM
}

# The stand-ins of this test have its directory in their environment.
nothing_runs() {
	local environ
	for environ in /proc/[0-9]*/environ; do
		if grep -qzxF "S3_DIR=$S3_DIR" "$environ" && [[ $(tr '\0' ' ' <"${environ%environ}cmdline") == 'sleep 1000 ' ]]; then
			return 1
		fi
	done 2>/dev/null
}

@test "storage that never answers is no access, and keeps nobody from ending" {
	qwk_s3 3 s3://one/alpha s3://two/beta
	: >"$S3_DIR/two.hang"
	qwk_start alpha
	wait_until 60 logged alpha HAVE_QUORUM
	wait_until 60 logged alpha 'failed to read qwk object of "beta": s3://two/beta: no answer within'
	: >"$S3_DIR/one.hang"
	wait_until 60 logged alpha '703119:s3://one/alpha: no answer within'
	wait_until 60 logged alpha LOST_QUORUM
	not_logged alpha 'remote node "beta" is DOWN'
	[ "$(value_of alpha beta quiet)" -eq 0 ]
	qwk_kill TERM "$QWK_PID"
	wait_until 30 nothing_runs
}

@test "without the AWS CLI the reason is told" {
	qwk_s3 3 s3://one/alpha s3://one/beta
	PATH=/nonexistent qwk_start alpha
	wait_until 30 logged alpha 'could not be run: aws: No such file or directory'
}

@test "aws_s3: other data in one of two objects is never written over" {
	qwk_s3 3 s3://one/alpha,s3://two/alpha s3://one/beta,s3://two/beta
	printf precious >"$S3_DIR/two/alpha"
	qwk_start alpha
	wait_until 60 logged alpha HAVE_QUORUM
	wait_until 60 logged alpha :018135:
	wait_until 60 has_risen "$S3_DIR/one/alpha" 3
	[ "$(cat "$S3_DIR/two/alpha")" = precious ]
}

@test "aws_s3: other data that appears later is not written over either" {
	qwk_s3 3 s3://one/alpha s3://one/beta
	qwk_start alpha
	wait_until 60 logged alpha HAVE_QUORUM
	: >"$S3_DIR/one.down"
	wait_until 60 logged alpha LOST_QUORUM
	printf precious >"$S3_DIR/one/alpha"
	rm "$S3_DIR/one.down"
	wait_until 60 logged alpha :018135:
	[ "$(cat "$S3_DIR/one/alpha")" = precious ]
}

@test "aws_s3: an object that is too large is told, and is not read to its end" {
	qwk_s3 3 s3://one/alpha s3://one/beta
	truncate -s 1G "$S3_DIR/one/beta"
	qwk_start alpha
	wait_until 60 logged alpha 's3://one/beta is larger than 4096 bytes'
	wait_until 60 logged alpha HAVE_QUORUM
}

has_left() {	# SYSTEM
	[ "$(value_of alpha "$1" left)" = 1 ]
}

looked_since() {	# SYSTEM BEFORE
	[ "$(value_of alpha "$1" looked)" -gt "$2" ]
}

@test "that a system has left stays known while one of its two objects is still there" {
	local looked
	qwk_s3 3 s3://one/alpha,s3://two/alpha s3://one/beta,s3://two/beta
	qwk_start alpha
	qwk_start beta
	wait_until 60 sees alpha beta 2
	qwk_kill TERM "$QWK_PID"
	head -c 4096 /dev/zero >"$S3_DIR/new"
	mv "$S3_DIR/new" "$S3_DIR/one/beta"
	wait_until 60 logged alpha 720402
	wait_until 60 has_left beta
	looked=$(value_of alpha beta looked)
	wait_until 60 looked_since beta "$looked"
	has_left beta
}
