# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Loop devices and a mount namespace for one test. $DISK is the device, $MNT an empty directory; in_ns
# runs in the namespace, whose mounts nobody else sees.

disk_setup() {
	[ "$(id -u)" -eq 0 ] || skip 'mounting needs root'
	MNT=$BATS_TEST_TMPDIR/mnt
	mkdir "$MNT"
	unshare -m sleep 600 3>&- &
	NS=$!
	wait_until 5 in_other_ns || skip 'no mount namespaces here'
	# shellcheck disable=SC2034
	KIT_EXEC=("$(command -v nsenter)" -m -t "$NS" --)
}

in_other_ns() { [ "$(readlink "/proc/$NS/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]; }

in_ns() { nsenter -m -t "$NS" -- "$@"; }

disk_make() {	# TYPE [OPTION...]: a device with a file system, as $DISK
	local type=$1 size=32M
	shift
	[ "$type" != xfs ] || size=320M
	truncate -s "$size" "$BATS_TEST_TMPDIR/$type.img"
	"mkfs.$type" -q "$@" "$BATS_TEST_TMPDIR/$type.img" >/dev/null || skip "no mkfs.$type here"
	DISK=$(losetup -f --show "$BATS_TEST_TMPDIR/$type.img") || skip 'no loop devices here'
	LOOPS="${LOOPS:-} $DISK"
}

disk_teardown() {
	local loop
	if [ -n "${NS:-}" ]; then
		kill -KILL "$NS" 2>/dev/null || :
		wait "$NS" 2>/dev/null || :
	fi
	for loop in ${LOOPS:-}; do
		losetup -d "$loop" || :
	done
}
