#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# qwk_storage_exit: end the storage mode (spec/core.md 6.6, 9.13).
#
# shellcheck disable=SC2153	# QWK_PID comes from the helper
# usage: qwk_storage_exit [-n | -y]

load ../helpers/tree
load ../helpers/far
load ../helpers/daemons
load ../helpers/qwk

LINE='lkqwk:respawn,if=config/qwk:sbin/lkqwk'

setup() {
	qwk_systems beta
	qwk_tunables
}

teardown() {
	qwk_end
	if [ -e "$LKROOT/run/lkinit.pid" ]; then
		kill "$(lkinit_pid)" 2>/dev/null || :
		wait_until 30 stopped || :
	fi
}

both_init() {
	qwk_init beta
	qwk_storage_init >/dev/null
	wait "$QWK_PID"
}

is_zero() {	# FILE
	[ "$(stat -c %s "$1")" -eq 4096 ] && cmp -s -n 4096 "$1" /dev/zero
}

@test "QX1, QX3: the daemon ends and the object is cleared, on one system after the other" {
	both_init
	qwk_start alpha
	qwk_start beta
	wait_until 30 logged alpha HAVE_QUORUM
	wait_until 30 logged beta HAVE_QUORUM
	expect 0 qwk_storage_exit
	lines_are
	[ ! -e "$LKROOT/config/qwk" ]
	is_zero "$SHARED/alpha"
	flock -n "$LKROOT/run/lkqwk.lock" true
	[ -n "$(sequence_of "$SHARED/beta")" ]
	expect 0 on beta qwk_storage_exit
	is_zero "$SHARED/beta"
}

@test "QX2: without the mode there is nothing to do" {
	expect 0 qwk_storage_exit
	lines_are
	[ -z "$(ls "$SHARED")" ]
}

@test "QX4: after it the mode can be begun anew, with a third system" {
	both_init
	expect 0 qwk_storage_exit
	expect 0 on beta qwk_storage_exit
	far_end
	FAR_PIDS=()
	far gamma
	"$LK_BIN/../tests/helpers/fakelcm" "$FAR/beta" none= 3>&- &
	FAR_PIDS+=($!)
	local name
	wait_until 10 test -S "$FAR/beta/run/lcm.sock"
	net_create -s gamma -n TCP -D TCP:1600 -l 10.1.0.1 -r 10.1.0.3
	on beta net_create -s gamma -n TCP -D TCP:1600 -l 10.1.0.2 -r 10.1.0.3
	on gamma net_create -s alpha -n TCP -D TCP:1600 -l 10.1.0.3 -r 10.1.0.1
	on gamma net_create -s beta -n TCP -D TCP:1610 -l 10.1.0.3 -r 10.1.0.2
	cp "$LKROOT/etc/default/LifeKeeper" "$FAR/gamma/etc/default/"
	for name in alpha beta gamma; do
		echo "QWK_STORAGE_OBJECT_gamma=$SHARED/gamma" >>"$(root_of "$name")/etc/default/LifeKeeper"
	done
	QWK_PIDS=()
	qwk_init beta
	qwk_init gamma
	expect 0 qwk_storage_init
	wait "${QWK_PIDS[0]}"
	wait "${QWK_PIDS[1]}"
	grep -qx number_of_node=3 "$FAR/gamma/config/qwk"
}

@test "QX5: it takes no operand" {
	expect 2 qwk_storage_exit x
	says 'unexpected argument "x"'
}

@test "an object that cannot be cleared is an error, and a second run goes on from there" {
	both_init
	mv "$SHARED" "$SHARED.gone"
	expect 1 qwk_storage_exit
	says 703331
	[ ! -e "$LKROOT/config/qwk" ]
	expect 1 qwk_storage_exit
	says 703331
	expect 1 qwk_storage_init
	says 703330
	mv "$SHARED.gone" "$SHARED"
	expect 0 qwk_storage_exit
	lines_are
	is_zero "$SHARED/alpha"
	[ ! -e "$LKROOT/config/qwk.leaving" ]
}

@test "an exit that was killed when the settings had been put aside is completed by a second run" {
	both_init
	mv "$LKROOT/config/qwk" "$LKROOT/config/qwk.leaving"
	expect 0 qwk_storage_exit
	is_zero "$SHARED/alpha"
	[ ! -e "$LKROOT/config/qwk.leaving" ]
	expect 0 qwk_storage_exit
}

# Something is in service on alpha.
in_service() {
	app_create -a gen
	typ_create -a gen -r app
	ins_create -a gen -r app -t app1 -i app1
	ins_setst -t app1 -S ISP
}

@test "-n tells whether the system is in the mode, and changes nothing" {
	expect 0 qwk_storage_exit -n
	lines_are
	both_init
	expect 3 qwk_storage_exit -n
	says 'this system is in the storage mode'
	[ -e "$LKROOT/config/qwk" ]
	mv "$LKROOT/config/qwk" "$LKROOT/config/qwk.leaving"
	expect 0 qwk_storage_exit -n
	[ -e "$LKROOT/config/qwk.leaving" ]
	[ -n "$(sequence_of "$SHARED/alpha")" ]
	expect 2 qwk_storage_exit -n -y
}

@test "settings that cannot be read are kept without -y, since others would take this system for dead" {
	echo nonsense >"$LKROOT/config/qwk"
	expect 1 qwk_storage_exit
	says 703333
	says 'no settings of this version'
	[ "$(cat "$LKROOT/config/qwk")" = nonsense ]
	[ ! -e "$LKROOT/config/qwk.leaving" ]
	expect 0 qwk_storage_exit -y
	says '*WARNING* the own object stays as it is: '
	[ ! -e "$LKROOT/config/qwk" ]
	[ ! -e "$LKROOT/config/qwk.leaving" ]
	logged alpha 'on the word of an operator'
	expect 0 qwk_storage_exit -y
	lines_are
}

@test "after a kill in the middle of -y nothing is forgotten, and -y goes on" {
	echo '#unknown' >"$LKROOT/config/qwk.leaving"
	expect 1 qwk_storage_exit
	says 703333
	expect 1 qwk_storage_init
	says 703330
	expect 0 qwk_storage_exit -y
	[ ! -e "$LKROOT/config/qwk.leaving" ]
}

@test "with -y an object that can be cleared is cleared, and one that never can be is left" {
	both_init
	expect 0 qwk_storage_exit -y
	lines_are
	is_zero "$SHARED/alpha"
	rm -r "$SHARED"
	expect 1 on beta qwk_storage_exit
	says 'or with -y if it never can be'
	[ -e "$FAR/beta/config/qwk.leaving" ]
	expect 0 on beta qwk_storage_exit -y
	says 'the own object stays as it is: '
	[ ! -e "$FAR/beta/config/qwk.leaving" ]
	logged beta 'on the word of an operator'
}

@test "an object that is another's is never cleared, and -y leaves it" {
	both_init
	cp "$SHARED/beta" "$SHARED/alpha"
	expect 1 qwk_storage_exit
	says 703331
	expect 0 qwk_storage_exit -y
	[ ! -e "$LKROOT/config/qwk.leaving" ]
	cmp "$SHARED/alpha" "$SHARED/beta"
}

@test "with resources in service -y waits for the others that are ALIVE to have left the mode" {
	both_init
	in_service
	rm -r "$SHARED"
	expect 1 qwk_storage_exit -y
	says 703334
	says 'system "beta" could take this one for dead (it is in the storage mode)'
	[ -e "$LKROOT/config/qwk.leaving" ]
	# its object cannot be cleared either, but it has no quorum any more
	expect 1 on beta qwk_storage_exit
	expect 0 qwk_storage_exit -y
	[ ! -e "$LKROOT/config/qwk.leaving" ]
	expect 0 on beta qwk_storage_exit -y
}

@test "with resources in service a system that does not answer keeps -y from leaving, one that is down does not" {
	both_init
	in_service
	rm -r "$SHARED"
	mkdir -p "$FAR/beta/bin"
	printf '#!/bin/sh\nexit 2\n' >"$FAR/beta/bin/qwk_storage_exit"
	chmod 755 "$FAR/beta/bin/qwk_storage_exit"
	expect 1 qwk_storage_exit -y
	says 'system "beta" could take this one for dead (it does not tell)'
	: >"$LKROOT/run/dead-beta"
	expect 0 qwk_storage_exit -y
}

@test "two at once: one leaves, the other one finds nothing left to do or the same" {
	both_init
	rm -r "$SHARED"
	qwk_storage_exit -y 3>&- 2>/dev/null &
	local other=$!
	expect 0 qwk_storage_exit -y
	wait "$other"
	[ ! -e "$LKROOT/config/qwk.leaving" ]
	[ ! -e "$LKROOT/config/qwk" ]
}

@test "lkinit starts the daemon when the mode is begun and ends it when it is left" {
	with_daemons "$LINE"
	mkdir -p "$LKROOT/sbin"
	ln -s "$LKQWK" "$LKROOT/sbin/lkqwk"
	lkinit 3>&-
	wait_until 30 test -s "$LKROOT/run/lkinit.status"
	[ -z "$(pid_of lkqwk)" ]
	qwk_init beta
	expect 0 qwk_storage_init
	[ "${stderr:-}" = '' ]
	wait "$QWK_PID"
	wait_until 30 state_is lkqwk up
	logged alpha HAVE_QUORUM
	expect 0 qwk_storage_exit
	wait_until 30 gone_from_table
	is_zero "$SHARED/alpha"
}

gone_from_table() {
	! lktest | grep -q lkqwk
}

@test "a table that lacks the daemon is told" {
	with_daemons 'one:off:sbin/testd'
	lkinit 3>&-
	wait_until 30 test -s "$LKROOT/run/lkinit.pid"
	qwk_init beta
	expect 0 qwk_storage_init
	says "add this line: $LINE"
}
