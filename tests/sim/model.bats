#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# lib/grant.pml, checked exhaustively by spin: three nodes, two changes of owner (some 20 million states).

setup() {
	command -v spin >/dev/null || skip 'spin is not installed'
	cd "$BATS_TEST_TMPDIR" || return
}

# The verdict of the verifier, in $output.
verify() {	# DEFINE...
	spin -a "$@" "$LK_SRC/lib/grant.pml" >spin.log
	"${CC:-cc}" -w -O2 -DSAFETY -DHC4 -DNOFAIR -DMEMLIM=6000 -o pan pan.c
	run ./pan -m100000 -w26
	echo "$output" | tail -n 25
	[[ $output != *'max search depth too small'* ]]
	[[ $output != *'out of memory'* ]]
}

is_found() {	# MUTATION
	verify -DEPOCHS=2 "-D$1"
	[[ $output == *'assertion violated'* ]]
	[[ $output == *'errors: 1'* ]]
}

@test "no two owners, and no change of owner is forgotten, in any state that can be reached" {
	verify -DEPOCHS=2
	[[ $output == *'errors: 0'* ]]
	[[ $output != *'Search not completed'* ]]
}

@test "the model finds what goes wrong without the takeover delay" {
	is_found NO_DELAY
}

@test "the model finds what goes wrong without the comparison of epochs" {
	is_found NO_EPOCH
}

@test "the model finds what goes wrong without the grant of a majority" {
	is_found NO_MAJORITY
}

@test "the model finds what goes wrong when who grants goes on confirming" {
	is_found NO_BAR
}

@test "the model finds what goes wrong when suspects that only others know are not asked about" {
	is_found NO_MORE
}
