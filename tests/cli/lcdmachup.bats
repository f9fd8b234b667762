#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lcdmachup -s sys
# Decisions among several systems: tests/decide. With real ones: tests/cluster/recovery.bats.

load ../helpers/tree
load ../helpers/far

setup() {
	f2
	export FAKELCM_STATUS=
}

teardown() {
	far_end
}

@test "where majorities decide, a system that knows other systems is named in the log" {
	local log=$LKROOT/out/lifekeeper.log
	rm -r "$LKROOT"
	f1
	far beta gamma
	on gamma sys_create -s delta
	expect 0 lcdmachup -s gamma
	if grep 'the members differ' "$log"; then return 1; fi
	echo 'QUORUM_MODE=majority' >>"$LKROOT/etc/default/LifeKeeper"
	expect 0 lcdmachup -s gamma
	grep -q 'WARN:quorum:.*the members differ: system "gamma" does not know the same systems' "$log"
	if grep 'the members differ: system "beta"' "$log"; then return 1; fi
}

# beta returns, and gamma has failed while there was no quorum.
return_of_beta() {	# yes|no: is there quorum now?
	export FAKELCM_QUORUM=$1
	rm -r "$LKROOT"
	f1
	far beta gamma
	echo QUORUM_MODE=majority >>"$LKROOT/etc/default/LifeKeeper"
	touch "$LKROOT/run/late" "$LKROOT/run/late.beta" "$LKROOT/run/late.gamma"
	expect 0 lcdmachup -s beta
}

@test "who makes a majority by its return decides what becomes of another one's failure" {
	return_of_beta yes
	[ ! -e "$LKROOT/run/late.beta" ]
	[ ! -e "$LKROOT/run/late.gamma" ]
}

@test "without quorum nothing that is to be done yet is forgotten" {
	return_of_beta no
	[ -e "$LKROOT/run/late.beta" ]
	[ -e "$LKROOT/run/late.gamma" ]
}

@test "what nobody had in service stays out of service" {
	expect 0 lcdmachup -s beta
	[ ! -s "$J" ]
	grep -q 'recovery:up:app1:[0-9]*:LEAVE: ' "$LKROOT/out/lifekeeper.log"
}

@test "what is in service here stays here" {
	in_service
	expect 0 lcdmachup -s beta
	[ ! -s "$J" ]
	grep -q 'recovery:up:app1:[0-9]*:LEAVE: it is in service here' "$LKROOT/out/lifekeeper.log"
}

# beta does not answer as long as run/silent is there in its tree, and had ip1 by a record of this epoch; alpha has it.
ran_in_turns() {	# EPOCH [SYSTEM...]
	rm -r "$LKROOT"
	f1
	far beta "${@:2}"
	ins_setst -t ip1 -S ISP
	eqv_create --local-only -t ip1 -p 1 -S beta -o ip1 -r 10 -e SHARED
	far_ip1 beta
	on beta ins_setst -t ip1 -S OSU
	on beta eqv_create --local-only -t ip1 -p 10 -S alpha -o ip1 -r 1 -e SHARED
	on beta lk_epoch -t ip1 -e "$1" -o beta
	lk_epoch -t ip1 -e 3 -o alpha
	far_silent beta
}

# The record of ip1 there: epoch and owner.
record() {	# SYSTEM
	lk_epoch -d "$1" -l -t ip1 -f: | cut -d: -f2,3 | tr : ' '
}

names_alpha() {	# EPOCH
	[ "$(record alpha)" = "$1 alpha" ] && [ "$(record beta)" = "$1 alpha" ]
}

@test "a system whose record is not known yet is asked again, so that the newest one names who has it" {
	local epoch
	for epoch in 3 7; do
		ran_in_turns "$epoch"
		lcdmachup -s beta 3>&- &
		wait_until 10 grep -q 'recovery:up:ip1:[0-9]*:LEAVE: it is in service here' "$LKROOT/out/lifekeeper.log"
		[ "$(record alpha)" = '3 alpha' ]
		rm "$FAR/beta/run/silent"
		wait "$!"
		names_alpha $((epoch + 1))
		far_end
		rm -r "$FAR/beta"
	done
}

@test "a system that has no instance of anything yet is not waited for" {
	rm -r "$LKROOT"
	f1
	far beta
	ins_setst -t ip1 -S ISP
	eqv_create --local-only -t ip1 -p 1 -S beta -o ip1 -r 10 -e SHARED
	expect 0 timeout 10 lcdmachup -s beta
	grep -q 'recovery:up:ip1:[0-9]*:LEAVE: it is in service here' "$LKROOT/out/lifekeeper.log"
}

@test "nor is one that was back before" {
	ran_in_turns 3 gamma
	expect 0 timeout 10 lcdmachup -s gamma
	[ "$(record alpha)" = '3 alpha' ]
}

# gamma knows that beta has ip1 by a record of this epoch, and so has alpha.
two_owners() {
	rm -r "$LKROOT"
	f1
	far beta gamma
	ins_setst -t ip1 -S ISP
	eqv_create --local-only -t ip1 -p 1 -S beta -o ip1 -r 10 -e SHARED
	eqv_create --local-only -t ip1 -p 1 -S gamma -o ip1 -r 20 -e SHARED
	far_ip1 gamma
	on gamma ins_setst -t ip1 -S OSU
	on gamma lk_epoch -t ip1 -e 3 -o beta
	lk_epoch -t ip1 -e 3 -o alpha
}

@test "without quorum nobody takes a higher epoch than one that is not reached, which may have it, too" {
	two_owners
	touch "$LKROOT/run/dead-beta"
	expect 0 lcdmachup -s gamma
	[ "$(record alpha)" = '3 alpha' ]
	[ "$(record gamma)" = '3 beta' ]
}

@test "who waits for a record ends when its system is gone again" {
	ran_in_turns 3
	lcdmachup -s beta 3>&- &
	wait_until 10 grep -q 'recovery:up:ip1:[0-9]*:LEAVE: it is in service here' "$LKROOT/out/lifekeeper.log"
	touch "$LKROOT/run/dead-beta"
	wait "$!"
	[ "$(record alpha)" = '3 alpha' ]
}

@test "an unknown system, and this one, give 7" {
	expect 7 lcdmachup -s nope
	expect 7 lcdmachup -s alpha
}

@test "a missing system gives 2" {
	expect 2 lcdmachup
}

gamma_is_dead_for() {	# SYSTEM...
	local name
	for name; do
		case $name in
		alpha) touch "$LKROOT/run/dead-gamma" ;;
		*) touch "$FAR/$name/run/dead-gamma" ;;
		esac
	done
}

# alpha with these systems, of which beta was told that gamma was to stop.
cluster_of() {	# SYSTEM...
	rm -r "$LKROOT"
	f1
	far "$@"
	on beta flg_create -f '!nofailover!gamma'
}

@test "that a system was stopped in order before this one started is learned from another one, once" {
	cluster_of beta gamma
	gamma_is_dead_for alpha beta
	expect 0 lcdmachup -s beta
	expect 0 flg_test -f '!nofailover!gamma'
	expect 0 lcdmachup -s beta
	expect 0 lcdavail
	[ "$(flg_list | grep -c nofailover)" -eq 1 ]
	[ "$(grep -c 'system "gamma" was stopped in order before this one started' "$LKROOT/out/lifekeeper.log")" -eq 1 ]
}

@test "the same at the start, and from a system for which it is still about to stop" {
	cluster_of beta gamma
	gamma_is_dead_for alpha
	expect 0 lcdavail
	expect 0 flg_test -f '!nofailover!gamma'
}

@test "nothing of the kind is learned of a system that is ALIVE here, or for another one that was not told" {
	cluster_of beta gamma delta
	gamma_is_dead_for beta
	expect 0 lcdmachup -s beta
	expect 7 flg_test -f '!nofailover!gamma'
	gamma_is_dead_for alpha
	expect 0 lcdmachup -s beta
	expect 7 flg_test -f '!nofailover!gamma'
	gamma_is_dead_for delta
	expect 0 lcdmachup -s beta
	expect 0 flg_test -f '!nofailover!gamma'
}

@test "nor of one that comes back while others are asked, nor where an administrator only bars failovers" {
	cluster_of beta gamma
	on beta flg_create -f 'nosysfailover!gamma'
	gamma_is_dead_for alpha beta
	mkdir -p "$FAR/beta/bin"
	printf '#!/bin/sh\nrm -f "%s/run/dead-gamma"\nexec "%s/lk_picture" "$@"\n' "$LKROOT" "$LK_BIN" >"$FAR/beta/bin/lk_picture"
	chmod 755 "$FAR/beta/bin/lk_picture"
	expect 0 lcdmachup -s beta
	expect 7 flg_test -f '!nofailover!gamma'
	on beta flg_remove -f '!nofailover!gamma'
	rm "$FAR/beta/bin/lk_picture"
	gamma_is_dead_for alpha
	expect 0 lcdmachup -s beta
	[ -z "$(flg_list)" ]
}

@test "if it cannot be noted the event goes on, and the next one does it" {
	cluster_of beta gamma
	gamma_is_dead_for alpha beta
	mkdir "$LKROOT/config/.flg.new"
	expect 0 lcdmachup -s beta
	expect 7 flg_test -f '!nofailover!gamma'
	grep -q 'WARN:recovery:up:' "$LKROOT/out/lifekeeper.log"
	rmdir "$LKROOT/config/.flg.new"
	expect 0 lcdmachup -s beta
	expect 0 flg_test -f '!nofailover!gamma'
}
