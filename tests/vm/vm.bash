# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Virtual machines for tests: User Mode Linux, a kernel that runs as a process. tests/vm/guest is what runs in them.
# Nothing of this machine can be written there but the test's own directory; a network they have only as nodes of a
# lab (node.bash).

vm_or_skip() {
	local why=
	if ! command -v linux.uml >/dev/null; then
		why='there is no linux.uml'
	elif [ "$(id -u)" -ne 0 ]; then
		why='needs root'
	elif ! vm 60 'exit 0' || ! vm_finished; then
		why="linux.uml does not work here: $(tail -n 3 "$vm/kernel")"
	fi
	[ -z "$why" ] || skip "$why"
}

# vm_boot SECONDS [KERNEL-ARGUMENT...]: run the text on standard input in a new machine until that is off; false if it
# takes longer. $vm is the directory that it shares with us; VM_IN is what it is started by; VM_INIT, if not tests/vm/guest,
# is its first process. softdog lets the kernel panic, which ends the process; UML's way to reboot out of a timer often
# fails.
vm_boot() {
	local seconds=$1 modules=${LK_UML_MODULES:-/usr/lib/uml/modules}
	shift
	mkdir -p "$vm"
	cat >"$vm/script"
	# 124, or 137 if even its end hangs; what a panic leaves as exit code means nothing
	(
		"${VM_IN[@]}" env TMPDIR=/dev/shm HOME="$vm" timeout --kill-after=5 "$seconds" linux.uml mem=192M \
			umid="lk-$$-${vm##*.}" root=/dev/root rootfstype=hostfs rootflags=/ ro init="${VM_INIT:-$LK_SRC/tests/vm/guest}" \
			vm="$vm" src="$LK_SRC" build="$LK_BUILD" modules="$modules" \
			softdog="soft_panic=1,nowayout=${vm_nowayout:-0}" quiet con=null con0=null,fd:1 "$@" \
			</dev/null >"$vm/kernel" 2>&1 3>&- || code=$?
		[ "${code:-0}" -ne 124 ] && [ "${code:-0}" -ne 137 ]
	) 2>/dev/null
}

# vm SECONDS TEXT: a machine without a network.
vm() {
	local VM_IN=()
	vm=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/vm.$((vm_number += 1))
	vm_boot "$1" <<<"$2"
}

vm_boots() {
	wc -l <"$vm/boots"
}

# It was reset, or ended, before its script was.
vm_was_cut() {
	[ ! -e "$vm/boots.end" ]
}

vm_finished() {
	[ "$(cat "$vm/boots.end" 2>/dev/null)" = 'script: 0' ]
}

vm_tell() {
	tail -n 30 "$vm"/{boots,boots.end,console,out/lifekeeper.log,kernel} 2>/dev/null
}
