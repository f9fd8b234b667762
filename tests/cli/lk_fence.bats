#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: lk_fence [-n] -s system

load ../helpers/tree

setup() {
	f2
	mkdir -p "$LKROOT/etc/fence"
	fence=$LKROOT/etc/fence/beta
	calls=$BATS_TEST_TMPDIR/calls
	stand_in agent
}

teardown() {
	[ -z "${asker:-}" ] || kill -KILL "$asker" 2>/dev/null || :
}

# An agent that switches the file NAME.state, and notes what it was told; CODE: what it does instead when it is to
# switch.
stand_in() {	# NAME [CODE]
	local path=$BATS_TEST_TMPDIR/$1 switch=${2:-"echo off >'$BATS_TEST_TMPDIR/$1.state'"}
	cat >"$path" <<END
#!/bin/sh
[ \$# -eq 0 ] || exit 99
action=
while IFS= read -r line; do
	printf '$1 %s\n' "\$line" >>'$calls'
	case \$line in action=*) action=\${line#action=} ;; esac
done
case \$action in
off | reboot) $switch ;;
status) grep -q off '$path.state' && exit 2 ;;
esac
exit 0
END
	chmod 755 "$path"
	echo on >"$path.state"
}

configure() {	# LINE...
	(umask 077 && printf '%s\n' "$@" >"$fence")
}

told() {	# AGENT LINE
	grep -qxF -- "$1 $2" "$calls"
}

logged() {
	grep -q -- "$1" "$LKROOT/out/lifekeeper.log"
}

@test "a device that confirms has fenced the system, and that is recorded" {
	configure '# the board' "device bmc agent=$BATS_TEST_TMPDIR/agent ip=10.0.0.9 password=a\$(b)=c"
	expect 0 lk_fence -s beta
	told agent action=off
	told agent action=status
	told agent nodename=beta
	told agent ip=10.0.0.9
	# shellcheck disable=SC2016
	told agent 'password=a$(b)=c'
	grep -q '^[0-9]*	bmc	off$' "$LKROOT/run/fenced.beta"
	logged 'system "beta" is fenced: device "bmc", action off'
	grep -q '"what":"fence".*"fenced"' "$LKROOT/out/story.log"
	run ! grep -rq password "$LKROOT/out"
}

@test "a test asks for the state and switches nothing" {
	configure "device bmc agent=$BATS_TEST_TMPDIR/agent"
	expect 0 lk_fence -n -s beta
	told agent action=status
	run ! told agent action=off
	expect 0 lkcli fence test --system beta
	run ! told agent action=off
	[ ! -e "$LKROOT/run/fenced.beta" ]
	configure 'device bmc agent=/nonexistent/agent'
	expect 1 lk_fence -n -s beta
	says '"bmc"'
}

@test "the next device is tried when one has failed with all its retries" {
	stand_in broken 'exit 1'
	configure "device one agent=$BATS_TEST_TMPDIR/broken retries=1" "device two agent=$BATS_TEST_TMPDIR/agent action=reboot"
	expect 0 lk_fence -s beta
	[ "$(grep -c '^broken action=off$' "$calls")" -eq 2 ]
	told agent action=reboot
	grep -q '	two	reboot$' "$LKROOT/run/fenced.beta"
}

@test "a system that its device still calls on is not fenced, whatever the action ended with" {
	stand_in liar 'exit 0'
	configure "device one agent=$BATS_TEST_TMPDIR/liar retries=0"
	: >"$LKROOT/run/fenced.beta"
	expect 1 lk_fence -s beta
	[ ! -e "$LKROOT/run/fenced.beta" ]
	grep -q '"not-fenced"' "$LKROOT/out/story.log"
}

@test "an agent that hangs is ended, and has failed" {
	stand_in hanging 'exec sleep 1000'
	configure "device one agent=$BATS_TEST_TMPDIR/hanging retries=0 timeout=0.2"
	expect 1 lk_fence -s beta
	logged 'device "one".*action off, has ended with exit code'
}

@test "a device that says off and then hangs at the question for its state has not confirmed" {
	stand_in halfway 'grep -qx action=off && exit 0; exec sleep 1000'
	configure "device one agent=$BATS_TEST_TMPDIR/halfway retries=0 timeout=1"
	expect 1 lk_fence -s beta
	[ ! -e "$LKROOT/run/fenced.beta" ]
}

@test "two devices of one name are refused with the file, the line and the name" {
	configure "device bmc agent=$BATS_TEST_TMPDIR/agent" '# two' "device bmc agent=$BATS_TEST_TMPDIR/agent"
	expect 5 lk_fence -n -s beta
	says 'etc/fence/beta, line 3: device "bmc" is there already'
}

@test "a system that is not known or has no device is told by exit code 7" {
	expect 7 lk_fence -s nobody
	expect 7 lk_fence -s beta
	configure '# nothing'
	expect 7 lk_fence -s beta
	expect 7 lk_fence -n -s beta
}

@test "a file that others may read, or with a bad line, is refused" {
	configure "device bmc agent=$BATS_TEST_TMPDIR/agent"
	chmod 640 "$fence"
	expect 5 lk_fence -s beta
	local line
	for line in 'device' 'device x' 'device x ip=1' 'thing x agent=/bin/true' 'device agent=/bin/true' \
		'device x agent=../agent' 'device x agent=/bin/true word' 'device x agent=/bin/true =y' \
		'device x agent=/bin/true action=on' 'device x agent=/bin/true retries=-1' \
		'device x agent=/bin/true timeout=0' 'device x agent=/bin/true delay=x'; do
		rm -f "$fence"
		configure "device bmc agent=$BATS_TEST_TMPDIR/agent" "$line"
		expect 5 lk_fence -s beta
	done
	[ ! -e "$calls" ]
}

@test "this system does not fence itself, and lkcli wants --force" {
	configure "device bmc agent=$BATS_TEST_TMPDIR/agent"
	expect 5 lk_fence -s alpha
	expect 2 lkcli fence off --system beta
	[ ! -e "$calls" ]
	expect 0 lkcli fence off --system beta --force
	told agent action=off
}

@test "a takeover is preceded by fencing" {
	configure "device bmc agent=$BATS_TEST_TMPDIR/agent"
	expect 0 lcdmachfail -s beta
	told agent action=off
	logged 'FAILOVER RECOVERY OF MACHINE beta'
	[ -e "$LKROOT/run/fenced.beta" ]
	unreachable
	expect 0 lcdmachup -s beta
	[ ! -e "$LKROOT/run/fenced.beta" ]
}

@test "without a majority to grant it nothing is taken over from a system that could not be fenced" {
	stand_in broken 'exit 1'
	configure "device one agent=$BATS_TEST_TMPDIR/broken retries=0"
	# no answer is a no here, whatever the default is elsewhere
	printf 'CONFIRMSOTO=0\nCONFIRMSODEF=0\n' >"$LKROOT/etc/default/LifeKeeper"
	expect 0 lcdmachfail -s beta
	logged 'failover of "beta" is abandoned (no answer)'
	run ! logged 'FAILOVER RECOVERY OF MACHINE beta'
}

@test "a system that is back before it is fenced is left alone, and nothing is taken over" {
	: >"$LKROOT/run/dead-beta"
	FAKELCM_STATUS=none "$LK_BIN/../tests/helpers/fakelcm" "$LKROOT" beta="$BATS_TEST_TMPDIR/none" 3>&- &
	wait_until 10 test -S "$LKROOT/run/lcm.sock"
	stand_in returning "rm -f '$LKROOT/run/dead-beta'; exit 1"
	configure "device one agent=$BATS_TEST_TMPDIR/returning retries=0" "device two agent=$BATS_TEST_TMPDIR/agent"
	expect 0 lcdmachfail -s beta
	told returning action=off
	run ! told agent action=off
	logged 'system "beta" is ALIVE again: it is not fenced'
	run ! logged 'FAILOVER RECOVERY OF MACHINE beta'
}

@test "where a majority grants a takeover, no administrator is asked when fencing has failed" {
	join gamma 20 1510 10.1.0.3
	cp -r "$LKROOT" "$BATS_TEST_TMPDIR/gamma"
	printf 'QUORUM_MODE=majority\nCONFIRMSOTO=0\n' >"$LKROOT/etc/default/LifeKeeper"
	: >"$LKROOT/run/dead-beta"
	FAKELCM_STATUS=none "$LK_BIN/../tests/helpers/fakelcm" "$LKROOT" beta="$BATS_TEST_TMPDIR/none" \
		gamma="$BATS_TEST_TMPDIR/gamma" 3>&- &
	wait_until 10 test -S "$LKROOT/run/lcm.sock"
	configure "device one agent=/nonexistent/agent retries=0"
	run lcdmachfail -s beta
	logged 'what it ran has ended by itself'
	run ! logged 'waits for confirmation'
}

@test "where a majority grants a takeover, a device that hangs does not make it later" {
	join gamma 20 1510 10.1.0.3
	cp -r "$LKROOT" "$BATS_TEST_TMPDIR/gamma"
	echo QUORUM_MODE=majority >"$LKROOT/etc/default/LifeKeeper"
	: >"$LKROOT/run/dead-beta"
	FAKELCM_LEFT=700 FAKELCM_STATUS=none "$LK_BIN/../tests/helpers/fakelcm" "$LKROOT" \
		beta="$BATS_TEST_TMPDIR/none" gamma="$BATS_TEST_TMPDIR/gamma" 3>&- &
	wait_until 10 test -S "$LKROOT/run/lcm.sock"
	stand_in hanging "echo run >>'$BATS_TEST_TMPDIR/runs'; exec sleep 300"
	configure "device one agent=$BATS_TEST_TMPDIR/hanging timeout=200" "device two agent=$BATS_TEST_TMPDIR/hanging"
	run timeout 150 lcdmachfail -s beta
	[ "$status" -ne 124 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/runs")" -eq 1 ]
	logged 'what it ran has ended by itself'
}

@test "an administrator may confirm what no device did" {
	configure 'nonsense'
	lcdmachfail -s beta 2>/dev/null 3>&- &
	asker=$!
	wait_until 20 test -e "$LKROOT/run/confirmso.beta"
	expect 0 lk_confirmso -y -s beta
	wait "$asker"
	logged 'FAILOVER RECOVERY OF MACHINE beta'
}

@test "fence_dummy of the package fence-agents is understood" {
	[ -x /usr/sbin/fence_dummy ] || skip 'fence-agents is not installed'
	configure "device dummy agent=fence_dummy status_file=$BATS_TEST_TMPDIR/power"
	printf on >"$BATS_TEST_TMPDIR/power"
	expect 0 lk_fence -n -s beta
	expect 0 lk_fence -s beta
	[ "$(cat "$BATS_TEST_TMPDIR/power")" = off ]
}
