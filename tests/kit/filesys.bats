#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The kit gen/filesys, with real file systems on loop devices, mounted in a namespace.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154

load standard
load disk

setup() {
	KIT=gen/filesys TAG=fs1
	kit_tree "$KIT"
	disk_setup
	ID=$MNT
	data=$LKROOT/subsys/gen/resources/filesys
	export LK_FSTAB=$BATS_TEST_TMPDIR/fstab
	tunables FS_KERNEL_RETRIES=0
}

teardown() {
	[ -z "${holders:-}" ] || xargs -n 1 kill -KILL <<<"$holders" 2>/dev/null || :
	disk_teardown
}

tunables() { printf '%s\n' "$@" >"$LKROOT/etc/default/LifeKeeper"; }

made() {	# [INFO WORD...]: an instance for $DISK
	ins_create -a gen -r filesys -t "$TAG" -i "$ID" -v "dev=${dev:-$DISK} fstype=ext4 opts=rw,noatime $*"
}

kit_is_up() { in_ns mountpoint -q "$ID"; }

# Somebody who uses the file system; $holder is the pid.
hold() {	# SHELL-TEXT
	nsenter -m -t "$NS" -- sh -c "cd '$ID' && : >'$BATS_TEST_TMPDIR/holds' && $1" 3>&- &
	holder=$!
	holders="${holders:-} $holder"
	wait_until 10 test -e "$BATS_TEST_TMPDIR/holds"
	rm "$BATS_TEST_TMPDIR/holds"
}

@test "the standard tests" {
	disk_make ext4
	made
	standard_double_restore
	standard_double_remove
	standard_wrong_call
	standard_missing_tool mount restore
	standard_killed mount restore
	standard_killed e2fsck restore
	expect 0 action restore
	standard_missing_tool umount remove
	standard_missing_tool lk_fsprobe quickCheck deepCheck recover
}

@test "a remove that is killed can be run again" {
	disk_make ext4
	made
	expect 0 action restore
	KIT_SHELLS=dash standard_killed umount remove
}

@test "restore mounts by device, UUID and label, with the options" {
	disk_make ext4 -L my-label
	local dev
	for dev in "$DISK" "UUID=$(blkid -c /dev/null -o value -s UUID "$DISK")" LABEL=my-label; do
		made
		for kit_shell in $KIT_SHELLS; do
			expect 0 action restore
			[[ $(in_ns findmnt -n -o SOURCE,OPTIONS "$MNT") == "$DISK "*rw,noatime* ]]
			expect 0 action remove
		done
		ins_remove -t fs1 -G
	done
}

@test "restore makes the mount point, and says what device is missing" {
	disk_make ext4
	made
	rmdir "$MNT"
	expect 0 action restore
	kit_is_up
	expect 0 action remove
	ins_setin -t fs1 -v 'dev=UUID=00000000-dead fstype=ext4'
	each_shell expect 1 action restore
	logged "012046:LifeKeeper RESTORE VOLUME $MNT FAILED."
	logged 'the device UUID=00000000-dead is not there'
}

@test "restore refuses a mount point where another device is mounted" {
	disk_make ext4
	made
	in_ns mount -t tmpfs none "$MNT"
	each_shell expect 1 action restore
	logged "none is mounted on $MNT instead of $DISK"
}

@test "restore repairs what can be repaired, and does not mount what cannot" {
	disk_make ext4
	made fsck=force
	debugfs -w -R 'set_inode_field / links_count 9' "$DISK" 2>/dev/null
	expect 0 action restore
	expect 0 action remove
	expect 0 e2fsck -f -n "$DISK"
	made_bad
	each_shell expect 1 action restore
	logged 'fsck ended with code'
	run ! kit_is_up
}

made_bad() {	# the directory of / is no directory
	debugfs -w -R 'set_inode_field / mode 0100644' "$DISK" 2>/dev/null
}

@test "with fsck=no nothing is checked" {
	disk_make ext4
	made fsck=no
	stub e2fsck "touch '$BATS_TEST_TMPDIR/checked'; exit 4"
	expect 0 action restore
	[ ! -e "$BATS_TEST_TMPDIR/checked" ]
}

@test "names with blanks and tags with slashes work" {
	disk_make ext4
	ID="$BATS_TEST_TMPDIR/a b\\c" TAG=/mnt/a
	made
	for kit_shell in $KIT_SHELLS; do
		expect 0 action restore
		in_ns mkdir "$ID/in x"
		in_ns mount -t tmpfs none "$ID/in x"
		expect 0 action quickCheck
		expect 0 action remove
		run ! kit_is_up
		in_ns mount "$DISK" "$ID"
		in_ns rmdir "$ID/in x"
	done
}

# ---- remove ----

@test "remove unmounts what is stacked and what is below" {
	disk_make ext4
	made
	expect 0 action restore
	in_ns mount -t tmpfs none "$MNT"
	in_ns mkdir -p "$MNT/a/b"
	in_ns mount -t tmpfs none "$MNT/a"
	in_ns mkdir "$MNT/a/b"
	in_ns mount -t tmpfs none "$MNT/a/b"
	expect 0 action remove
	run ! kit_is_up
}

@test "a process that uses it gets TERM" {
	disk_make ext4
	made
	for kit_shell in $KIT_SHELLS; do
		expect 0 action restore
		hold 'trap "echo TERM >$J; exit 0" TERM; while :; do sleep 0.1; done'
		expect 0 action remove
		run ! kit_is_up
		[ "$(cat "$J")" = TERM ]
	done
	logged "$MNT is busy: TERM to the processes"
}

@test "a process that does not heed TERM gets KILL" {
	disk_make ext4
	made
	expect 0 action restore
	hold 'trap "" TERM; while :; do sleep 0.1; done'
	expect 0 action remove
	run ! kit_is_up
	run ! kill -0 "$holder"
	logged "$MNT is busy: KILL to the processes"
}

@test "without rounds of TERM it is KILL at once" {
	disk_make ext4
	made
	tunables FS_UMOUNT_RETRIES=0 FS_KERNEL_RETRIES=0
	expect 0 action restore
	hold 'trap "echo TERM >$J; exit 0" TERM; while :; do sleep 0.1; done'
	expect 0 action remove
	[ ! -s "$J" ]
}

@test "what the kernel holds makes remove fail, and nobody else is signalled" {
	disk_make ext4
	made
	expect 0 action restore
	truncate -s 8M "$BATS_TEST_TMPDIR/small"
	in_ns cp "$BATS_TEST_TMPDIR/small" "$MNT/image"
	local loop
	loop=$(in_ns losetup -f --show "$MNT/image")
	expect 1 action remove
	logged "012035:Unable to lock volume $MNT on"
	kit_is_up
	losetup -d "$loop"
	wait_until 20 remove_works
}

remove_works() { expect 0 action remove; }

@test "services and programs of the stop list end first, and services start again" {
	disk_make ext4
	made
	stub systemctl "echo \"\$*\" >>'$J'; case \$1 in stop) kill \$(cat '$BATS_TEST_TMPDIR/svc') ;; esac"
	printf 'service web 30 restart\nservice log\n' >"$data/stoplist.fs1"
	expect 0 action restore
	expect 0 action remove
	[ ! -s "$J" ]
	expect 0 action restore
	hold 'trap "" HUP; exec sleep 1000'
	echo "$holder" >"$BATS_TEST_TMPDIR/svc"
	expect 0 action remove
	output=$(cat "$J")
	lines_are 'is-active --quiet web' 'stop web' 'is-active --quiet log' 'stop log' \
		'start --no-block web'
	run ! grep 'is busy' "$LKROOT/out/lifekeeper.log"
}

# ---- checks and recovery ----

@test "checks are content with what is mounted as it should be" {
	disk_make ext4
	made
	expect 0 action restore
	each_shell expect 0 action quickCheck
	each_shell expect 0 action deepCheck
	ins_setin -t fs1 -v "dev=$DISK fstype=ext4 opts=ro"
	in_ns mount -o remount,ro "$MNT"
	each_shell expect 0 action quickCheck
	each_shell expect 0 action deepCheck
}

@test "checks find a file system that is gone or read-only, and recover helps" {
	disk_make ext4
	made
	expect 0 action restore
	for kit_shell in $KIT_SHELLS; do
		in_ns umount "$MNT"
		expect 1 action quickCheck
		logged "nothing is mounted on $MNT"
		expect 0 action recover
		expect 0 action quickCheck
		in_ns mount -o remount,ro "$MNT"
		expect 1 action quickCheck
		logged "$DISK on $MNT is read-only"
		expect 0 action recover
		expect 0 action deepCheck
	done
}

@test "checks find a disk that does not answer, within the time limit" {
	disk_make ext4
	made
	tunables FS_CHECKTIME=1
	expect 0 action restore
	in_ns fsfreeze -f "$MNT"
	local code=0
	each_shell expect 1 action deepCheck || code=$?
	each_shell expect 0 action quickCheck || code=$?
	in_ns fsfreeze -u "$MNT"
	[ "$code" -eq 0 ]
	logged "$MNT has not answered within 1 s"
}

@test "checks find a disk that is dead, and recovery of that fails" {
	disk_make ext4
	made
	expect 0 action restore
	in_ns sync
	: >"$BATS_TEST_TMPDIR/ext4.img"
	each_shell expect 1 action quickCheck
	each_shell expect 1 action recover
	logged "$MNT: Input/output error"
}

@test "an xfs file system is created from the mount, checked and moved" {
	disk_make xfs
	in_ns mount -o noatime "$DISK" "$MNT"
	expect 0 program create --mountpoint "$MNT" --tag fs1
	expect 0 action quickCheck
	expect 0 action remove
	expect 0 action restore
	[[ $(in_ns findmnt -n -o FSTYPE,OPTIONS "$MNT") == xfs*noatime* ]]
	command -v xfs_io >/dev/null || skip 'xfs_io is not installed'
	in_ns xfs_io -x -c shutdown "$MNT"
	expect 1 action quickCheck
	expect 0 action remove
}

# ---- programs ----

@test "create keeps device and options of what is mounted" {
	disk_make ext4
	in_ns mount -o nodev,noatime,commit=7 "$DISK" "$MNT"
	created() {
		expect 0 program create --mountpoint "$MNT/" && lines_are "$MNT" &&
			expect 0 ins_list -f'|' && fields 4-7,13-15 '|' &&
			lines_are "$MNT|$MNT|dev=UUID=$(blkid -c /dev/null -o value -s UUID "$DISK") fstype=ext4 opts=rw,nodev,noatime,commit=7 fsck=auto|ISP|180|300|1" &&
			expect 0 ins_remove -t "$MNT" && kit_is_up
	}
	each_shell created
	expect 0 program create --mountpoint "$MNT" --tag fs1
	expect 0 action remove
	expect 0 action restore
	[[ $(in_ns findmnt -n -o OPTIONS "$MNT") == rw,nodev,noatime,commit=7 ]]
}

@test "create mounts what is not mounted" {
	disk_make ext4
	expect 0 program create --mountpoint "$MNT" --device "$DISK" --fsck force --tag fs1
	kit_is_up
	expect 0 ins_list -f'|' -t fs1
	fields 6 '|'
	lines_are "dev=$DISK fstype=ext4 opts=defaults fsck=force"
}

@test "create refuses what cannot be, and makes nothing" {
	disk_make ext4
	expect 2 program create --device "$DISK"
	expect 5 program create --mountpoint mnt --device "$DISK"
	says '(No. 104902) The mount point mnt is not an absolute path'
	expect 5 program create --mountpoint / --device "$DISK"
	expect 5 program create --mountpoint "$MNT"
	expect 5 program create --mountpoint "$MNT" --device /dev/nosuch
	expect 5 program create --mountpoint "$MNT" --device LABEL=nosuch
	expect 5 program create --mountpoint "$MNT" --device "$DISK" --fsck maybe
	expect 5 program create --mountpoint "$MNT" --device "$DISK" --options 'rw noatime'
	echo 'reboot' >"$BATS_TEST_TMPDIR/list"
	expect 5 program create --mountpoint "$MNT" --device "$DISK" --stoplist "$BATS_TEST_TMPDIR/list"
	expect 1 program create --mountpoint "$MNT" --device "$DISK" --options nosuchoption
	: >"$MNT/file"
	expect 5 program create --mountpoint "$MNT" --device "$DISK"
	says "(No. 104903) The mount point $MNT is not empty."
	in_ns mount -t tmpfs none "$MNT"
	expect 5 program create --mountpoint "$MNT"
	expect 0 ins_list
	lines_are
}

@test "a failed create does not unmount what was mounted before" {
	disk_make ext4
	in_ns mount "$DISK" "$MNT"
	stub findfs 'exit 1'
	stub blkid 'case "$*" in *-t*) exit 2 ;; esac; exec '"$(command -v blkid)"' "$@"'
	expect 1 program create --mountpoint "$MNT"
	kit_is_up
	expect 0 ins_list
	lines_are
}

@test "create warns of a file system that is mounted at boot" {
	disk_make ext4
	printf '%s %s ext4 defaults 0 2\n' "$DISK" "$MNT" >"$LK_FSTAB"
	expect 0 program create --mountpoint "$MNT" --device "$DISK" --tag fs1
	says "$MNT is mounted at boot"
	ins_remove -t fs1
	printf '%s %s ext4 noauto 0 2\n' "$DISK" "$MNT" >"$LK_FSTAB"
	expect 0 program create --mountpoint "$MNT" --device "$DISK" --tag fs1
	[[ $stderr != *'at boot'* ]]
}

@test "extend wants the device on the target, and the mount point free" {
	kit_peer "$KIT"
	disk_make ext4
	echo 'service web' >"$BATS_TEST_TMPDIR/list"
	expect 0 program create --mountpoint "$MNT" --device "$DISK" --tag fs1 --stoplist "$BATS_TEST_TMPDIR/list"
	expect 5 program canextend --tag fs1 --target beta
	says "(No. 104901) The mount point $MNT is mounted"
	in_ns umount "$MNT"
	each_shell expect 0 program canextend --tag fs1 --target beta
	lines_are "dev=$DISK fstype=ext4 opts=defaults fsck=auto"
	expect 0 program extend --tag fs1 --target beta
	[ "$(cat "$PEER/subsys/gen/resources/filesys/stoplist.fs1")" = 'service web' ]
	expect 0 program unextend --tag fs1 --target beta
	[ ! -e "$PEER/subsys/gen/resources/filesys/stoplist.fs1" ]
	ins_setin -t fs1 -v 'dev=LABEL=nosuch fstype=ext4'
	expect 5 program extend --tag fs1 --target beta
	says 'there is no device LABEL=nosuch on server beta'
}

@test "config changes options, fsck and stop list" {
	disk_make ext4
	expect 0 program create --mountpoint "$MNT" --device "$DISK" --tag fs1
	echo 'program p' >"$BATS_TEST_TMPDIR/list"
	expect 0 program config --tag fs1 --options rw,nodev --fsck no --stoplist "$BATS_TEST_TMPDIR/list"
	[ -e "$data/stoplist.fs1" ]
	expect 0 ins_list -f'|' -t fs1
	fields 6 '|'
	lines_are "dev=$DISK fstype=ext4 opts=rw,nodev fsck=no"
	expect 0 program config --tag fs1 --stoplist ''
	[ ! -e "$data/stoplist.fs1" ]
	expect 7 program config --tag none --fsck no
	expect 5 program config --tag fs1 --fsck maybe
}

# ---- reservations ----

# A sg_persist that plays a disk: $PR/holder, $PR/type and $PR/keys, a key in each line. $PR/fail: it ends with that
# code. It says unit attention once if $PR/attention is there. tests/vm/scsi.bats has a real one.
pr_disk() {
	export PR=$BATS_TEST_TMPDIR/pr
	mkdir "$PR"
	: >"$PR/keys"
	stub sg_persist '
echo "$*" >>"$PR/calls"
[ ! -e "$PR/fail" ] || { echo broken; exit "$(cat "$PR/fail")"; }
[ ! -e "$PR/attention" ] || { rm "$PR/attention"; exit 6; }
for word; do
	case $word in
	--param-rk=*) rk=${word#*=} ;;
	--param-sark=*) sark=${word#*=} ;;
	esac
done
registered() { grep -qx "$rk" "$PR/keys" || exit 24; }
drop() { grep -vx "$1" "$PR/keys" >"$PR/keys.new"; mv "$PR/keys.new" "$PR/keys"; }
case " $* " in
*" -c "*) echo "(PTPL_C): $(cat "$PR/keeps" 2>/dev/null)"; echo "Write Exclusive, registrants only: $(cat "$PR/can" 2>/dev/null || echo 1)" ;;
*" -k "*) echo "  PR generation=0x1, registered:"; sed "s/^/    /" "$PR/keys" ;;
*" -r "*)
	[ -s "$PR/holder" ] || { echo "  PR generation=0x1, there is NO reservation held"; exit 0; }
	printf "  PR generation=0x1, Reservation follows:\n    Key=%s\n    scope: LU_SCOPE,  type: %s\n" \
		"$(cat "$PR/holder")" "$(cat "$PR/type" 2>/dev/null || echo "Write Exclusive, registrants only")"
	;;
*" --register-ignore "*) drop "$sark"; echo "$sark" >>"$PR/keys" ;;
*" --reserve "*) registered; [ ! -s "$PR/holder" ] || exit 24; echo "$rk" >"$PR/holder" ;;
*" --preempt-abort "*) exit 5 ;;
*" --preempt "*)
	registered
	grep -qx "$sark" "$PR/keys" || exit 24
	[ "$(cat "$PR/holder")" != "$sark" ] || { echo "$rk" >"$PR/holder"; rm -f "$PR/type"; }
	[ "$sark" = "$rk" ] || drop "$sark"
	;;
*" --release "*) registered; [ "$(cat "$PR/holder")" != "$rk" ] || : >"$PR/holder" ;;
*" --register "*) registered; drop "$rk"; [ "$(cat "$PR/holder" 2>/dev/null)" != "$rk" ] || : >"$PR/holder" ;;
*) exit 1 ;;
esac'
	OURS=$(key_of "$(uname -n)")
	OTHER=$(key_of beta)
}

key_of() { echo "0x4c4b$(printf %s "$1" | sha256sum | cut -c 1-12)"; }

held_by() {	# KEY, the only one that is registered
	[ "$(cat "$PR/holder" "$PR/keys" | sort -u)" = "$1" ] && return
	tail -n 20 "$PR/holder" "$PR/keys" "$PR/calls"
	return 1
}

pr_taken() { printf '%s\n' "$OTHER" | tee "$PR/holder" >"$PR/keys"; }

@test "with reserve=yes restore takes the disk, and remove gives it back" {
	disk_make ext4
	pr_disk
	made reserve=yes
	for kit_shell in $KIT_SHELLS; do
		expect 0 action restore
		held_by "$OURS"
		expect 0 action restore
		expect 0 action quickCheck
		expect 0 action deepCheck
		expect 0 action recover
		held_by "$OURS"
		expect 0 action remove
		held_by ''
		expect 0 action remove
	done
	run ! grep aptpl "$PR/calls"
	echo 1 >"$PR/keeps"
	expect 0 action restore
	grep -q -- '--register-ignore --param-aptpl' "$PR/calls"
}

@test "a restore takes the disk from another server, and all that are registered lose it" {
	disk_make ext4
	pr_disk
	made reserve=yes
	for kit_shell in $KIT_SHELLS; do
		pr_taken
		key_of gamma >>"$PR/keys"
		: >"$PR/attention"
		expect 0 action restore
		held_by "$OURS"
		expect 0 action remove
		pr_taken
		echo "$OURS" >>"$PR/keys"
		echo "$OURS" >"$PR/holder"
		echo 'Write Exclusive' >"$PR/type"
		expect 0 action restore
		held_by "$OURS"
		[ ! -e "$PR/type" ]
		expect 0 action remove
	done
	logged "is taken from $OTHER"
}

@test "a lost reservation fails the checks with 110, and nothing here takes it back" {
	disk_make ext4
	pr_disk
	made reserve=yes
	for kit_shell in $KIT_SHELLS; do
		expect 0 action restore
		ins_setst -t fs1 -S ISP
		pr_taken
		expect 110 action quickCheck
		expect 110 action deepCheck
		expect 1 action recover
		expect 1 action restore
		kit_is_up
		held_by "$OTHER"
		expect 0 action remove
		run ! kit_is_up
		held_by "$OTHER"
		expect 0 action restore
		: >"$PR/holder"
		: >"$PR/keys"
		expect 110 action quickCheck
		expect 1 action restore
		held_by ''
		expect 0 action remove
	done
	logged "is lost: it is held by $OTHER"
	logged 'is lost: it is held by nobody'
}

@test "a disk that does not say who holds it is a failure only if it does not work" {
	disk_make ext4
	pr_disk
	made reserve=yes
	expect 0 action restore
	echo 11 >"$PR/fail"
	each_shell expect 2 action quickCheck
	each_shell expect 2 action deepCheck
	each_shell expect 1 action recover
	in_ns mount -o remount,ro "$MNT"
	each_shell expect 1 action quickCheck
	each_shell expect 0 action remove
	logged 'the reservation of'
	each_shell expect 1 action restore
	run ! kit_is_up
}

@test "a disk that other software has reserved is left alone, and a failed restore gives back what it took" {
	disk_make ext4
	pr_disk
	made reserve=yes
	echo 0x123 | tee "$PR/holder" >"$PR/keys"
	each_shell expect 1 action restore
	logged 'the key 0x123 is registered, which is not of Lockkeeper'
	held_by 0x123
	: >"$PR/holder"
	: >"$PR/keys"
	stub mount 'exit 32'
	each_shell expect 1 action restore
	held_by ''
}

@test "create reserves on demand, and refuses what cannot be reserved or shares its disk" {
	disk_make ext4
	expect 5 program create --mountpoint "$MNT" --device "$DISK" --tag fs1 --reserve maybe
	each_shell without sg_persist expect 1 program create --mountpoint "$MNT" --device "$DISK" --tag fs1 --reserve yes
	pr_disk
	echo 5 >"$PR/fail"
	expect 5 program create --mountpoint "$MNT" --device "$DISK" --tag fs1 --reserve yes
	says "option --reserve: $DISK has no persistent reservations: broken"
	rm "$PR/fail"
	echo 0 >"$PR/can"
	expect 5 program create --mountpoint "$MNT" --device "$DISK" --tag fs1 --reserve yes
	rm "$PR/can"
	expect 0 ins_list
	lines_are
	in_ns mount "$DISK" "$MNT"
	expect 0 program create --mountpoint "$MNT" --tag fs1 --reserve yes
	held_by "$OURS"
	expect 0 program config --tag fs1 --fsck no
	expect 0 ins_list -f'|' -t fs1
	[[ $output == *'fsck=no reserve=yes|'* ]]
	for kit_shell in $KIT_SHELLS; do
		expect 5 program create --mountpoint "$MNT/x" --device "$DISK" --tag fs2
		says "option --reserve: fs1 is on the same disk"
	done
}

@test "extend wants a target that can reserve the disk" {
	kit_peer "$KIT"
	disk_make ext4
	pr_disk
	expect 0 program create --mountpoint "$MNT" --device "$DISK" --tag fs1 --reserve yes
	in_ns umount "$MNT"
	expect 0 program canextend --tag fs1 --target beta
	lines_are "dev=$DISK fstype=ext4 opts=defaults fsck=auto reserve=yes"
	echo 0 >"$PR/can"
	expect 5 program canextend --tag fs1 --target beta
}
