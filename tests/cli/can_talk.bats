#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: can_talk -d system

load ../helpers/tree
load ../helpers/far

setup() {
	f0
}

teardown() {
	far_end
}

@test "a system that answers gives 0, one that does not 9, without a word" {
	DOWN=gamma far beta gamma
	expect 0 can_talk -d beta
	lines_are
	expect 9 can_talk -d gamma
	lines_are
	says ''
	[ -z "${stderr:-}" ]
}

@test "this system answers, also without lcm, which others need" {
	expect 0 can_talk -d alpha
	sys_create -s beta
	expect 9 can_talk -d beta
	[ -z "${stderr:-}" ]
}

@test "a system nobody knows gives 7, no system 2" {
	expect 7 can_talk -d nosuch
	says 'system "nosuch" does not exist'
	expect 2 can_talk
	says 'option -d is missing'
}
