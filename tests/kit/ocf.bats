#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The kit gen/ocf: the agents of the package resource-agents as they are, Dummy, IPaddr2 in a network
# namespace, Filesystem on a loop device and nginx; and agents of the test's own for what goes wrong.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2317

load standard

setup() {
	KIT=gen/ocf TAG=a/b ID=heartbeat:Dummy:d1
	kit_tree "$KIT"
	state=$BATS_TEST_TMPDIR/dummy.state
	data=$LKROOT/subsys/gen/resources/ocf/data
	loop='' space=''
}

teardown() {
	[ -z "$space" ] || kill -KILL "$space" 2>/dev/null || :
	[ -z "$loop" ] || losetup -d "$loop"
	[ ! -s "$BATS_TEST_TMPDIR/nginx.pid" ] || kill "$(cat "$BATS_TEST_TMPDIR/nginx.pid")" 2>/dev/null || :
}

kit_is_up() { [ -e "$state" ]; }

need_agents() {
	[ -x "/usr/lib/ocf/resource.d/heartbeat/$1" ] || skip "the agent $1 is not installed (package resource-agents)"
	[ "$(id -u)" -eq 0 ] || skip 'agents need root'
}

dummy() {	# [OPTION...]
	program create --tag "$TAG" --agent heartbeat:Dummy --name d1 --param "state=$state" "$@"
}

# An agent of our own: own_agent ACTIONS SHELL-TEXT, which has the action as $1
own_agent() {
	export OCF_ROOT=$BATS_TEST_TMPDIR/ocf
	mkdir -p "$OCF_ROOT/resource.d/own"
	cat >"$OCF_ROOT/resource.d/own/agent" <<-EOF
	#!/bin/sh
	case \$1 in
	meta-data)
		cat <<-'EOX'
		<?xml version="1.0"?>
		<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
		<resource-agent name="agent">
		<parameters>
		<parameter name="one" required="1"><content type="string"/></parameter>
		<parameter name="two" unique="0"><content type="string" default="a > b"/></parameter>
		</parameters>
		<actions>$1</actions>
		</resource-agent>
		EOX
		exit
		;;
	esac
	printf '%s depth=%s interval=%s one=%s\n' "\$1" "\$OCF_CHECK_LEVEL" "\$OCF_RESKEY_CRM_meta_interval" \
		"\$OCF_RESKEY_one" >>"$J"
	state=$state
	$2
	EOF
	chmod 755 "$OCF_ROOT/resource.d/own/agent"
	ID=own:agent:x
}

usual='<action name="start" timeout="5"/><action name="stop" timeout="5s"/>
<action name="monitor" timeout="2000ms" interval="1min" depth="0"/>'
works='case $1 in start) : >"$state" ;; stop) rm -f "$state" ;; monitor) [ -e "$state" ] || exit 7 ;; esac'

own() {	# [OPTION...]
	program create --tag "$TAG" --agent own:agent --name x --param one=1 "$@"
}

journal() { output=$(cat "$J"); : >"$J"; }

of_tag() {	# FIELDS
	expect 0 ins_list -f'|' -t "$TAG"
	fields "$1" '|'
}

@test "Dummy: the standard tests" {
	need_agents Dummy
	expect 0 dummy --inservice N
	standard_double_restore
	standard_double_remove
	standard_wrong_call
}

@test "an agent that hangs is ended with all it has started; so is one that is killed" {
	own_agent "$usual" "$works"
	expect 0 own --inservice N --start_timeout 1 --stop_timeout 2 --monitor_timeout 1
	own_agent "$usual" "[ \$1 != stop ] || exit 0; slow_tool"
	standard_hanging slow_tool restore 1
	standard_hanging slow_tool quickCheck 1
	logged 'monitor of own:agent:x: not done after 1 s'
	own_agent "$usual" "[ ! -e '$BATS_TEST_TMPDIR/stub/slow_tool' ] || slow_tool; $works"
	standard_killed slow_tool restore
	standard_killed slow_tool remove
}

@test "Dummy: create takes limits and intervals from the metadata and starts it" {
	need_agents Dummy
	each_shell dummy_created
}

dummy_created() {
	expect 0 dummy && lines_are a/b && kit_is_up && of_tag 4-7,13-15 &&
		lines_are 'a/b|heartbeat:Dummy:d1||ISP|10|0|1' &&
		output=$(cat "$data/a%2Fb/parameters") && lines_are "state=$state" &&
		grep -qx 'monitor 0 20 10' "$data/a%2Fb/operations" &&
		expect 0 action quickCheck && expect 0 action deepCheck && rm "$state" &&
		expect 1 action quickCheck && logged 'monitor of heartbeat:Dummy:d1: not running (7)' &&
		expect 0 action recover && kit_is_up && expect 0 action remove &&
		expect 0 ins_remove -t a/b && [ ! -e "$data/a%2Fb" ]
}

@test "values of parameters are data, whatever they look like" {
	local odd='$(touch '$BATS_TEST_TMPDIR'/bad) `x` "q" '\''s'\'' a=b \n *'
	own_agent "$usual" "$works"
	each_shell odd_value
	[ ! -e "$BATS_TEST_TMPDIR/bad" ]
}

odd_value() {
	: >"$J"
	expect 0 program create --tag t --agent own:agent --name x --param "one=$odd" --inservice N &&
		TAG=t && expect 0 action restore && journal &&
		[[ $output == *"start depth=0 interval=0 one=$odd"* ]] &&
		expect 0 action remove && expect 0 ins_remove -t t
}

@test "monitor: what exit codes mean" {
	local code
	own_agent "$usual" "$works"
	expect 0 own
	for code in 0:0 1:1 2:1 3:2 4:1 5:1 6:2 7:1 8:1 9:1 190:0 191:1 77:1; do
		own_agent "$usual" "exit ${code%:*}"
		each_shell expect "${code#*:}" action quickCheck
	done
}

@test "start and stop: what exit codes mean, and a failed start is taken back" {
	own_agent "$usual" "$works"
	expect 0 own --inservice N
	own_agent "$usual" 'case $1 in start) : >"$state"; exit 1 ;; stop) rm -f "$state" ;; esac'
	each_shell expect 1 action restore
	logged 'start of own:agent:x: failed (1)'
	run ! kit_is_up
	own_agent "$usual" 'exit 7'
	each_shell expect 0 action remove
	own_agent "$usual" 'exit 1'
	each_shell expect 1 action remove
	each_shell expect 1 action recover
	own_agent "$usual" 'exit 5'
	each_shell expect 0 action remove
	own_agent "$usual" 'case $1 in stop) exit 5 ;; esac'
	each_shell expect 1 action remove
}

@test "deepCheck is the deepest monitor, with the interval and limit of that" {
	own_agent "$usual <action name='monitor' depth='10' timeout='7' interval='90'/>
		<action depth='20' name='monitor' timeout='0.5h' interval='120s'/>" "$works"
	expect 0 own
	of_tag 13-15
	lines_are '60|120|1'
	grep -qx 'monitor 20 1800 120' "$data/a%2Fb/operations"
	grep -qx 'monitor 0 2 60' "$data/a%2Fb/operations"
	journal
	each_shell expect 0 action deepCheck
	expect 0 action quickCheck
	journal
	lines_are 'monitor depth=20 interval=120000 one=1' 'monitor depth=20 interval=120000 one=1' \
		'monitor depth=0 interval=60000 one=1'
}

@test "an agent that is gone: a check cannot tell, the others fail" {
	own_agent "$usual" "$works"
	expect 0 own
	rm "$OCF_ROOT/resource.d/own/agent"
	each_shell expect 2 action quickCheck
	each_shell expect 1 action remove
	logged "the agent $OCF_ROOT/resource.d/own/agent is not installed"
	own_agent "$usual" "$works"
	rm "$data/a%2Fb/operations"
	each_shell expect 2 action quickCheck
	each_shell expect 1 action restore
	each_shell expect 0 action delete
}

@test "create refuses wrong agents, names and parameters, and changes nothing" {
	local before
	before=$(database)
	own_agent "$usual" "$works"
	expect 2 program create --agent own:agent
	expect 2 own --param
	expect 5 program create --tag t --agent own:none
	says 'none is not installed'
	expect 5 program create --tag t --agent own:../x
	expect 5 program create --tag t --agent agent
	expect 5 program create --tag a/b --agent own:agent --param one=1
	says 'is no provider:agent:name'
	expect 5 program create --tag t --agent own:agent
	says 'one is missing'
	expect 5 own --param three=3
	says 'has no parameter "three"'
	expect 5 own --param two
	expect 5 own --param 'two;x=1'
	expect 5 own --param $'two=1\n2'
	expect 5 own --start_timeout 1s
	own_agent "$usual<action name='validate-all' timeout='5'/>" "[ \$1 = validate-all ] && exit 6; $works"
	each_shell expect 5 own
	says 'validate-all of own:agent:x: not configured (6)'
	own_agent '<action name="start"/>' "$works"
	expect 1 own
	says 'does not describe itself'
	own_agent '<action' "$works"
	expect 1 own
	says 'does not describe itself'
	[ "$(database)" = "$before" ]
	[ ! -e "$data" ]
}

@test "an agent that can be promoted is refused, unless it is to run unpromoted" {
	own_agent "$usual<action name='promote' timeout='5'/>" "$works"
	expect 5 own
	says 'can be promoted, which is not supported'
	expect 0 own --promotable N
	of_tag 6
	lines_are promotable=N
}

@test "a create that fails leaves nothing, and does not stop what ran before" {
	local before
	before=$(database)
	own_agent "$usual" '[ $1 != start ] || { : >"$state"; exit 1; }; '"$works"
	each_shell expect 1 own
	run ! kit_is_up
	[ "$(database)" = "$before" ]
	[ -z "$(ls -A "$data")" ]
	own_agent "$usual" "$works"
	: >"$state"
	rmdir "$data"
	: >"$data"
	each_shell expect 1 own
	kit_is_up
	rm "$data"
	[ "$(database)" = "$before" ]
}

@test "extend brings the parameters and reads the metadata there; update changes them" {
	kit_peer "$KIT"
	own_agent "$usual" "$works"
	expect 0 own --monitor_timeout 33
	each_shell expect 0 program canextend --tag a/b --target beta
	lines_are monitor_timeout=33
	expect 0 program extend --tag a/b --target beta
	cmp "$data/a%2Fb/parameters" "$PEER/subsys/gen/resources/ocf/data/a%2Fb/parameters"
	grep -qx 'monitor 0 33 60' "$PEER/subsys/gen/resources/ocf/data/a%2Fb/operations"
	each_shell expect 0 program update --tag a/b --param two='x y' --param one=9
	output=$(cat "$data/a%2Fb/parameters")
	lines_are one=9 'two=x y'
	expect 0 program update --tag a/b --param two=
	output=$(cat "$data/a%2Fb/parameters")
	lines_are one=9
	expect 5 program update --tag a/b --param one=
	expect 7 program update --tag none
	expect 0 program unextend --tag a/b --target beta
	[ ! -e "$PEER/subsys/gen/resources/ocf/data/a%2Fb" ]
}

# Namespaces that stay while the test runs; its actions run in there.
new_space() {	# UNSHARE-OPTION...
	unshare --kill-child "$@" sh -c 'echo $$ >"$0"; exec sleep 600' "$BATS_TEST_TMPDIR/space" 3>&- 2>/dev/null &
	disown
	space=$!
	wait_until 10 test -s "$BATS_TEST_TMPDIR/space"
	local shell
	KIT_SHELLS=
	for shell in dash bash; do
		printf '#!/bin/sh\nexec nsenter -t %s -n -m -- %s "$@"\n' "$space" "$shell" >"$BATS_TEST_TMPDIR/in-$shell"
		chmod 755 "$BATS_TEST_TMPDIR/in-$shell"
		KIT_SHELLS="$KIT_SHELLS $BATS_TEST_TMPDIR/in-$shell"
	done
	KIT_SHELLS=${KIT_SHELLS# }
	kit_shell=${KIT_SHELLS%% *}
}

inside() { nsenter -t "$space" -n -m -- "$@"; }

@test "IPaddr2 keeps an address" {
	need_agents IPaddr2
	new_space -n -m
	inside ip link add e0 type veth peer e1
	inside ip link set e1 up
	inside ip address add 10.9.0.1/24 dev e0
	inside ip link set e0 up
	ID=heartbeat:IPaddr2:ip1 TAG=ip1
	kit_is_up() { inside ip -o address show dev e0 | grep -q 'inet 10\.9\.0\.77/24 '; }
	expect 0 program create --tag ip1 --agent ocf:heartbeat:IPaddr2 --param ip=10.9.0.77 --param cidr_netmask=24
	kit_is_up
	each_shell lost_address
	standard_double_restore
	expect 5 program create --tag ip2 --agent heartbeat:IPaddr2 --param ip=10.99.0.1.1
}

lost_address() {
	expect 0 action restore && expect 0 action quickCheck && inside ip address del 10.9.0.77/24 dev e0 &&
		expect 1 action quickCheck && expect 0 action recover && kit_is_up && expect 0 action remove
}

@test "Filesystem mounts a loop device" {
	need_agents Filesystem
	truncate -s 16M "$BATS_TEST_TMPDIR/disk"
	mkfs.ext4 -q "$BATS_TEST_TMPDIR/disk" >/dev/null
	loop=$(losetup -f --show "$BATS_TEST_TMPDIR/disk") || skip 'there are no loop devices here'
	mkdir "$BATS_TEST_TMPDIR/mnt"
	new_space -n -m
	ID=heartbeat:Filesystem:fs TAG=fs
	kit_is_up() { inside mountpoint -q "$BATS_TEST_TMPDIR/mnt"; }
	expect 0 program create --tag fs --agent heartbeat:Filesystem --param "device=$loop" \
		--param "directory=$BATS_TEST_TMPDIR/mnt" --param fstype=ext4
	kit_is_up
	expect 0 action quickCheck
	inside umount "$BATS_TEST_TMPDIR/mnt"
	each_shell expect 1 action quickCheck
	each_shell expect 0 action recover
	standard_double_remove
}

@test "nginx serves a page" {
	need_agents nginx
	command -v nginx >/dev/null || skip 'nginx is not installed'
	new_space -n -m
	inside ip link set lo up
	ID=heartbeat:nginx:web TAG=web
	cat >"$BATS_TEST_TMPDIR/nginx.conf" <<-EOC
	pid $BATS_TEST_TMPDIR/nginx.pid;
	error_log $BATS_TEST_TMPDIR/error.log;
	events {}
	http {
	access_log off;
	server {
	listen 127.0.0.1:8080;
	location / { return 200 "here\n"; }
	}
	}
	EOC
	kit_is_up() { inside bash -c 'exec 9<>/dev/tcp/127.0.0.1/8080' 2>/dev/null; }
	expect 0 program create --tag web --agent heartbeat:nginx --param "configfile=$BATS_TEST_TMPDIR/nginx.conf" \
		--param status10url=http://127.0.0.1:8080/ --param status10regex=here
	kit_is_up
	expect 0 action quickCheck
	kill "$(cat "$BATS_TEST_TMPDIR/nginx.pid")"
	wait_until 5 fails action quickCheck
	expect 0 action recover
	kit_is_up
	standard_double_remove
}

fails() { ! "$@"; }
