#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# qwk_storage_init: begin the storage mode (spec/core.md 6.6, 9.13).
#
# usage: qwk_storage_init

load ../helpers/tree
load ../helpers/far
load ../helpers/qwk

setup() {
	qwk_systems beta
	qwk_tunables
}

teardown() {
	qwk_end
}

# In the background; its process is $INIT.
init_waits() {
	qwk_init alpha
	INIT=$QWK_PID
	wait_until 30 grep -q '^waiting for beta' "$BATS_TEST_TMPDIR/alpha.init"
}

# It refuses with this number, and nothing is made.
refused() {	# NUMBER
	expect 1 qwk_storage_init
	says "(No. $1)"
	[ -z "$(ls "$SHARED")" ]
	[ ! -e "$LKROOT/config/qwk" ]
}

@test "QI1, QI2: it waits until the others have run it, and makes an object of 4096 bytes" {
	init_waits
	[ ! -e "$LKROOT/config/qwk" ]
	expect 0 on beta qwk_storage_init
	lines_are
	wait_until 30 test -e "$LKROOT/config/qwk"
	wait "$INIT"
	[ "$(stat -c %s "$SHARED/alpha" "$SHARED/beta")" = "$(printf '4096\n4096')" ]
	[ "$(sed -n 's/^my_node=//p' "$LKROOT/config/qwk")" = alpha ]
	grep -qx hbeattime=6 "$LKROOT/config/qwk"
	grep -qx numhbeats=4 "$LKROOT/config/qwk"
	expect 0 qwk_storage_init
	lines_are
}

@test "interrupted, it clears its object and the mode is not initialised" {
	init_waits
	kill -TERM "$INIT"
	wait "$INIT" || :
	[ ! -e "$LKROOT/config/qwk" ]
	wait_until 30 cmp -s -n 4096 "$SHARED/alpha" /dev/zero
	wait_until 30 grep -q 'No. 700007' "$BATS_TEST_TMPDIR/alpha.init"
}

@test "killed, it leaves nothing that another call does not finish" {
	init_waits
	kill -KILL "$INIT"
	wait "$INIT" || :
	[ ! -e "$LKROOT/config/qwk" ]
	expect 0 on beta qwk_storage_init
	expect 0 qwk_storage_init
	[ "$(sequence_of "$SHARED/alpha")" -eq 2 ]
}

@test "QI3: HBEATTIME must be from 5 to 10" {
	for value in 4 11 5.5 x -6; do
		qwk_tunables "QWK_STORAGE_HBEATTIME=$value"
		refused 18115
		says "configuration of hbeattime '$value' is incorrect."
	done
}

@test "QI4: NUMHBEATS must be at least 3" {
	for value in 2 0 100 many; do
		qwk_tunables "QWK_STORAGE_NUMHBEATS=$value"
		refused 18116
		says "configuration of numhbeats '$value' is incorrect."
	done
}

@test "QI5: the times must not be below those of the comm paths" {
	qwk_tunables QWK_STORAGE_HBEATTIME=5 LCMHBEATTIME=6
	refused 18118
	says "configuration of lcmhbeattime '6' is incorrect."
	qwk_tunables LCMNUMHBEATS=5
	refused 18119
	says "configuration of lcmnumhbeats '5' is incorrect."
}

@test "QI6: every system needs an object" {
	qwk_tunables QWK_STORAGE_OBJECT_beta=
	refused 18113
	says beta
}

@test "the name in a tunable may be in capitals" {
	qwk_tunables QWK_STORAGE_OBJECT_beta= "QWK_STORAGE_OBJECT_BETA=$SHARED/b"
	init_waits
	kill -TERM "$INIT"
	wait "$INIT" || :
}

@test "QI7: a path has at most 256 characters, is absolute, and is named once" {
	local long
	long=/$(printf '%0256d' 0)
	qwk_tunables "QWK_STORAGE_OBJECT_beta=$long"
	refused 18125
	for path in beta "$SHARED/" "$SHARED/alpha"; do
		qwk_tunables "QWK_STORAGE_OBJECT_beta=$path"
		refused 18125
		says "configuration of object path '$path' is incorrect."
	done
}

@test "objects in S3 are named by one or two uris" {
	for path in /x s3://bucket s3://bucket/ s3:///key s3://b/a,s3://b/a ,s3://b/a \
		"'s3://b/a, s3://c/a'" 's3://b/a,'; do
		qwk_tunables QWK_STORAGE_TYPE=aws_s3 "QWK_STORAGE_OBJECT_alpha=$path"
		refused 18125
	done
	qwk_tunables QWK_STORAGE_TYPE=aws_s3 QWK_STORAGE_OBJECT_alpha=s3://b/a,s3://c/a,s3://d/a
	refused 18123
}

@test "QI8: the mode is for 2 to 4 systems" {
	for name in b c d; do
		sys_create -s "$name"
	done
	refused 18122
	says "number_of_node '5'"
	for name in b c d beta; do
		sys_remove -s "$name"
	done
	refused 18122
	says "number_of_node '1'"
}

@test "QI9: names must differ by more than - . and _" {
	sys_create -s a-b
	sys_create -s a_b
	refused 703114
	says '"a-b" and "a_b"'
}

@test "QI10: a comm path that is not ALIVE, or missing, is refused" {
	: >"$LKROOT/run/dead-beta"
	refused 703116
	says DEAD
	rm "$LKROOT/run/dead-beta"
	sys_create -s gamma
	qwk_tunables "QWK_STORAGE_OBJECT_gamma=$SHARED/gamma"
	refused 703115
	says gamma
}

# The lines of an example, with the objects where this test can have them.
settings_of() {	# PAGE
	sed -n '/^QUORUM_MODE=storage/,/^QWK_STORAGE_OBJECT_beta/p' "$LK_SRC/man/$1" | sed "s|=/[a-z/]*/\([a-z]*\)$|=$SHARED/\1|"
}

works_as_shipped() {	# PAGE
	cat "$LK_SRC/etc/LifeKeeper" >"$LKROOT/etc/default/LifeKeeper"
	settings_of "$1" >>"$LKROOT/etc/default/LifeKeeper"
	[ "$(grep -c "=$SHARED/" "$LKROOT/etc/default/LifeKeeper")" -eq 2 ]
	init_waits
}

@test "the example of lk-quorum(7) is right for the tunables that are shipped" {
	works_as_shipped lk-quorum.7
}

@test "the example of qwk_storage_init(8) is, too" {
	works_as_shipped qwk_storage_init.8
}

@test "both modes must be storage, and the type known" {
	qwk_tunables QUORUM_MODE=majority
	refused 703113
	says QUORUM_MODE
	qwk_tunables WITNESS_MODE=off
	refused 703113
	says WITNESS_MODE
	for value in smb ''; do
		qwk_tunables "QWK_STORAGE_TYPE=$value"
		refused 18120
	done
}

@test "a tunable that cannot be read, and an operand, are told" {
	echo 'what is this' >>"$LKROOT/etc/default/LifeKeeper"
	expect 3 qwk_storage_init
	expect 2 qwk_storage_init x
	says 'unexpected argument "x"'
}

@test "storage that cannot be used is refused, and other data is kept" {
	printf 'precious' >"$SHARED/alpha"
	expect 1 qwk_storage_init
	says 18135
	[ "$(cat "$SHARED/alpha")" = precious ]
	rm "$SHARED/alpha"
	mkdir "$SHARED/alpha"
	expect 1 qwk_storage_init
	says "open for $SHARED/alpha failed: "
	rmdir "$SHARED/alpha"
	rmdir "$SHARED"
	expect 1 qwk_storage_init
	says "qwk object was not found. $SHARED/alpha"
	[ ! -e "$LKROOT/config/qwk" ]
}

@test "other settings are refused while the mode is initialised" {
	init_waits
	on beta qwk_storage_init
	wait "$INIT"
	qwk_tunables QWK_STORAGE_HBEATTIME=7
	expect 1 qwk_storage_init
	says 703117
	grep -qx hbeattime=6 "$LKROOT/config/qwk"
}
