# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Virtual machines for tests: User Mode Linux, a kernel that runs as a process. tests/vm/guest is what runs in them.
# Nothing of this machine can be written there but the test's own directory; a network they have only as nodes of a
# lab (node.bash).

# Seconds for what must happen and takes as long as this machine is busy: the limit is for what never does.
# shellcheck disable=SC2034	# for others
VM_LONG=300

vm_or_skip() {
	local why=
	if ! command -v linux.uml >/dev/null; then
		why='there is no linux.uml'
	elif [ "$(id -u)" -ne 0 ]; then
		why='needs root'
	elif [ "$(df --output=avail /dev/shm | tail -n 1)" -lt 700000 ]; then
		why='three machines at once need 700 MB in /dev/shm'
	elif ! vm 180 'exit 0' || ! vm_finished; then
		why="linux.uml does not work here: $(tail -n 3 "$vm/kernel")"
	fi
	[ -z "$why" ] || skip "$why"
}

# vm_boot SECONDS [KERNEL-ARGUMENT...]: run the text on standard input in a new machine until that is off; false if it
# takes longer. $vm is the directory that it shares with us; VM_IN is what it is started by; VM_INIT, if not tests/vm/guest,
# is its first process. A panic ends the process, and softdog lets the kernel panic: UML's way to reboot out of a timer
# often fails. Another reboot ends it, too, since what it would execute again is no program (vm_rebooted).
vm_boot() {
	local seconds=$1 modules=${LK_UML_MODULES:-/usr/lib/uml/modules} good=0
	shift
	mkdir -p "$vm"
	cat >"$vm/script"
	# 124, or 137 if even its end hangs; what a panic leaves as exit code means nothing
	(
		"${VM_IN[@]}" env TMPDIR=/dev/shm HOME="$vm" timeout --kill-after=5 "$seconds" \
			bash -c 'exec -a /dev/null linux.uml "$@"' bash mem=192M \
			umid="lk-$$-${vm##*.}" root=/dev/root rootfstype=hostfs rootflags=/ ro init="${VM_INIT:-$LK_SRC/tests/vm/guest}" \
			vm="$vm" src="$LK_SRC" build="$LK_BUILD" modules="$modules" \
			softdog="soft_panic=1,nowayout=${vm_nowayout:-0}" quiet con=null con0=null,fd:1 "$@" \
			</dev/null >"$vm/kernel" 2>&1 3>&- || code=$?
		[ "${code:-0}" -ne 124 ] && [ "${code:-0}" -ne 137 ]
	) 2>/dev/null || good=1
	echo "$EPOCHREALTIME" >"$vm/ended"
	return $good
}

# vm SECONDS TEXT: a machine without a network.
vm() {
	local VM_IN=()
	vm=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/vm.$((vm_number += 1))
	vm_boot "$1" <<<"$2"
}

# It was reset, or ended, before its script was.
vm_was_cut() {
	[ ! -e "$vm/end" ]
}

vm_rebooted() {
	grep -q 'Failed to exec kernel' "$vm/kernel"
}

vm_finished() {
	[ "$(cat "$vm/end" 2>/dev/null)" = 'script: 0' ]
}

vm_tell() {
	tail -n 30 "$vm"/{end,console,out/lifekeeper.log,kernel} 2>/dev/null
}

# For how many seconds did it stand still at most? From one beat to the next, and from the last one to the end or to now.
vm_pause() {
	local end=$EPOCHREALTIME
	[ ! -e "$vm/ended" ] || end=$(<"$vm/ended")
	awk -v left="$(awk -v end="$end" -v last="$(stat -c %.6Y "$vm/beats")" 'BEGIN { print end - last }')" '
		NR > 1 && $1 - last > most { most = $1 - last }
		{ last = $1 }
		END { print (left > most ? left : most) + 0 }' "$vm/beats"
}

# vm_once_more SECONDS: for teardown after a failure. What a machine does that stood still for longer than that, because
# this one was busy, shows nothing: the test is run again, twice at most (bats looks at BATS_TEST_RETRIES after teardown).
vm_once_more() {
	local pause
	[ -e "${vm:-}/beats" ] || return 0
	pause=$(vm_pause)
	awk "BEGIN { exit !($pause > $1) }" || return 0
	# shellcheck disable=SC2034
	BATS_TEST_RETRIES=2
	echo "# the machine stood still for $pause s in try $BATS_TEST_TRY_NUMBER of \"$BATS_TEST_DESCRIPTION\"" >&3
}
