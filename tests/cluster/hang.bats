#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A node that hangs and goes on later never serves once another one has taken over: QS-8 of spec/core.md 6.8, and the
# same by majority. What is in service is a client that writes on a page which all nodes see (writer.c), and notices a
# second one within 10 ms. The watchdog device of alpha is a pipe; who does not feed it loses power.

# shellcheck disable=SC2016  # the nodes expand what stands in single quotes

load lab
load service

COMMON='QUORUM_LOSS_DEADLINE=8
QUORUM_QUARANTINE_SECS=2
QUORUM_LOSS_ACTION=osu
WATCHDOG_TIMEOUT=2
LCMHBEATTIME=0.2
LCMNUMHBEATS=3'

setup() {
	lab_or_skip
	dogs=
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || { lab logs; cat "$SHARED"/{dogs,violations} || :; }
	[ -z "$dogs" ] || kill "$dogs"
	lab down
}

# The actions of app1 are those of the chaos program.
clients() {
	local node
	SHARED=$LAB_DIR/chaos
	mkdir -p "$SHARED"/{lock,owner,knob}
	: >"$SHARED/violations"
	cp "$LAB_TOOLS/writer" "$SHARED"
	for node in "$@"; do
		lab sh "$node" 'cd "$LKROOT/subsys/gen/resources/tapp/actions" && ln -sf "$1" restore && ln -sf "$1" remove' \
			"$LAB_HOME/chaos-act"
	done
}

# From here on alpha has a device.
device() {
	mkfifo "$SHARED/dog"
	"$LAB_TOOLS/watchdogs" 2000 "$SHARED/dogs" alpha "$SHARED/dog" "$LAB_DIR/alpha/pid" \
		"$(cat "$LAB_DIR/.lab/cgroup" 2>/dev/null)-alpha" </dev/null >/dev/null 2>&1 3>&- &
	dogs=$!
	echo "WATCHDOG_DEVICE=$SHARED/dog" >>"$(lab root alpha)/etc/default/LifeKeeper"
	on alpha pkill -x lkwatchdog
	wait_until 20 logged alpha "$SHARED/dog"
}

majority() {
	TUNABLES="QUORUM_MODE=majority
WITNESS_MODE=remote_verify
$COMMON" MISSES=20 service_up 3
	clients alpha beta gamma
}

storage() {
	local share=$BATS_TEST_TMPDIR/share
	mkdir "$share"
	TUNABLES="$(storage_settings "$share")
$COMMON" MISSES=10 service_up 2
	lab spawn beta qwk_storage_init
	on alpha qwk_storage_init >/dev/null
	clients alpha beta
}

serving_on_alpha() {
	wait_until 60 on alpha lk_quorum >/dev/null
	wait_until 60 on beta lk_quorum >/dev/null
	in_service_on alpha
	[ "$(<"$SHARED/owner/app1")" = alpha ]
}

alpha_is_down() {
	! lab alive alpha
}

no_violation() {
	[ ! -s "$SHARED/violations" ] || { cat "$SHARED/violations"; return 1; }
}

runs_once() {
	{ all_isp alpha && none_isp beta; } || { all_isp beta && none_isp alpha; }
}

one_owner() {
	no_violation || return
	all_isp beta
	none_isp alpha
	if on alpha pgrep -f '^hold-app1 '; then
		return 1
	fi
}

# It is back, and sees that beta has it.
alpha_returns() {
	lab restore
	lab start alpha
	on alpha lkstart
	wait_until 60 settled
	one_owner
	owner_is alpha app1 beta
}

# All of alpha hangs, unreached: its device resets it before beta takes over.
freeze() {
	serving_on_alpha
	device
	lab cut alpha
	lab pause alpha
	wait_until 30 grep -qs 'reset alpha' "$SHARED/dogs"
	none_isp beta
	wait_until 120 all_isp beta
	wait_until 10 alpha_is_down
	alpha_returns
}

# Only what renews the lease hangs, and the client goes on.
stall() {
	serving_on_alpha
	lab cut alpha
	lab sh alpha 'pkill -STOP "^(lcm|lkqwk|lkcheck)"'
	wait_until 60 alpha_is_down
	none_isp beta
	logged alpha 'resources may be in service: this node is ended'
	wait_until 120 all_isp beta
	lab off alpha
	alpha_returns
}

# It hangs until its lease is over, but not for so long that its device resets it: it has to stop by itself.
doze() {
	serving_on_alpha
	lab cut alpha
	lab sh alpha 'pkill -STOP "^(lcm|lkqwk)"'
	wait_until 60 eval '[ "$(lease_left alpha)" -lt 0 ]'
	lab sh alpha 'pkill -CONT "^(lcm|lkqwk)"'
	wait_until 30 none_isp alpha
	lab alive alpha
	logged alpha 'its lease is lost'
	none_isp beta
}

# Milliseconds until the end of the lease.
lease_left() {	# NODE
	awk -v now="$(awk '{ print $1 * 1000 }' /proc/uptime)" 'NR == 1 { print int($3 / 1000000 - now) }' \
		"$(lab root "$1")/run/lease"
}

@test "QS-8: a node that is frozen is reset before another takes over, and stands by when it is back" {
	storage
	freeze
}

@test "QS-8 by majority: a node that is frozen is reset before another takes over, and stands by when it is back" {
	majority
	freeze
}

@test "storage: a node whose daemons hang while its service runs is ended before another takes over" {
	storage
	stall
}

@test "majority: a node whose daemons hang while its service runs is ended before another takes over" {
	majority
	stall
}

@test "storage: a node that goes on when its lease is over stops what it runs, and lives: nobody takes over unasked" {
	storage
	doze
	# by its object it lives, but cannot be asked; it may have been taken for dead while it hung
	wait_until 90 eval 'logged beta "witness_verify(COMM_DOWN, alpha): ALIVE" || logged beta "is not granted"'
	none_isp beta
	lab restore
	wait_until 90 runs_once
	no_violation
}

@test "majority: a node that goes on when its lease is over stops what it runs before another takes over" {
	majority
	doze
	wait_until 120 all_isp beta
	one_owner
}
