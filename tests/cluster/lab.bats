# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The cluster lab itself: what it promises to the tests that run on it.

load lab

setup_file() {
	lab_or_skip
	lab up 3
}

teardown_file() {
	lab down
}

# Does NODE reach what it pings?
reaches() {	# NODE HOST
	lab run "$1" ping -q -c 1 -W 1 "$2" >/dev/null
}

@test 'three nodes are up, and each is alone on its machine' {
	run lab run 1 uname -n
	[ "$status" -eq 0 ]
	[ "$output" = alpha ]
	reaches 1 beta
}
