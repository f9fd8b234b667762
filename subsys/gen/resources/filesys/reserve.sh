# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# SCSI-3 persistent reservations, lk-kit-filesys(7): where the info has the word reserve=yes, only the system on which the file system
# is in service can write to its disk.
#
# Of the types it is 5, Write Exclusive, Registrants Only. Whoever has the key may write, so that it does not matter
# over which path of a system a command comes, as it would with type 1; others can still read, and so find the disk
# by its UUID. Only the system in service is registered: at a takeover all others lose their registration at once.
# shellcheck disable=SC2034,SC2154

FS_PR_TYPE=5
FS_PR_NAME='Write Exclusive, registrants only'
FS_PR_OURS=0x4c4b	# "LK": what all keys of Lockkeeper begin with

# The key of a system, from its name, as FS_KEY.
fs_pr_key() {	# SYSTEM
	local sum
	sum=$(printf %s "$1" | sha256sum)
	FS_KEY=$FS_PR_OURS${sum%"${sum#????????????}"}
}

# The disk that a device is, or is a partition of, as FS_DISK: reservations are for whole disks.
fs_pr_disk() {	# DEVICE
	local node
	node=$(stat -L -c %Hr:%Lr -- "$1") && node=$(readlink -f -- "/sys/dev/block/$node") || return
	[ ! -e "$node/partition" ] || node=${node%/*}
	FS_DISK=/dev/${node##*/}
	[ -b "$FS_DISK" ]
}

# Ask or tell the disk; what is said is FS_PR_SAID. 6 is a unit attention, which comes once, for instance when the
# registration of this system was taken away.
fs_pr() {	# OPTION...
	local code left=5
	while :; do
		FS_PR_SAID=$(lk_get 20 sg_persist -n "$@" "$FS_DISK" 2>&1)
		code=$?
		left=$((left - 1))
		if [ "$code" -ne 6 ] || [ "$left" -eq 0 ]; then return "$code"; fi
	done
}

# Who holds it: FS_HOLDER, a key, or nothing if nobody does. -y: a disk that was open for writing is probed by udev.
fs_pr_read() {
	fs_pr -y -r || return
	FS_HOLDER=
	case $FS_PR_SAID in
	*Key=0x*)
		FS_HOLDER=${FS_PR_SAID#*Key=}
		FS_HOLDER=${FS_HOLDER%%[!0-9a-fx]*}
		;;
	esac
}

# Does this system hold it, by what fs_pr_read has read?
fs_pr_is_ours() {
	fs_pr_key "$LK_SYSTEM"
	[ "$FS_HOLDER" = "$FS_KEY" ] || return
	case $FS_PR_SAID in
	*"type: $FS_PR_NAME"*) return 0 ;;
	esac
	return 1
}

# The holder in words, as FS_PR_WHO: the name of its system, if we know it.
fs_pr_who() {
	local name own="$FS_KEY"
	FS_PR_WHO=${FS_HOLDER:-nobody}
	while read -r name; do
		fs_pr_key "$name"
		[ "$FS_KEY" != "$FS_HOLDER" ] || FS_PR_WHO=$name
	done <<-EOF_NAMES
	$LK_SYSTEM
	$(sys_list 2>/dev/null)
	EOF_NAMES
	FS_KEY=$own
}

# All that are registered, as FS_KEYS. Those of others than Lockkeeper have a right that is not ours to take.
fs_pr_keys() {
	local word
	fs_pr -y -k || return
	FS_KEYS=
	for word in $FS_PR_SAID; do
		case $word in
		"$FS_PR_OURS"????????????) FS_KEYS="$FS_KEYS $word" ;;
		generation=* | PR) ;;
		0x*)
			FS_PR_SAID="the key $word is registered, which is not of Lockkeeper"
			return 1
			;;
		esac
	done
}

# Can the disk of FS_DEVICE do that? If not FS_WHY says why.
fs_pr_can() {
	FS_WHY="the disk of $FS_DEVICE cannot be found"
	fs_pr_disk "$FS_DEVICE" || return
	FS_WHY="$FS_DISK is no disk but made of others: reservations would be for one of its paths or parts only"
	case $FS_DISK in
	/dev/dm-* | /dev/md*) return 1 ;;
	esac
	if fs_pr -y -c; then
		FS_PR_CAPABLE=$FS_PR_SAID
		case $FS_PR_SAID in
		*"$FS_PR_NAME: 1"* | *'Type Mask Valid(TMV): 0'*) return 0 ;;
		esac
		FS_PR_SAID="its types are without \"$FS_PR_NAME\""
	fi
	FS_WHY="$FS_DISK has no persistent reservations: $FS_PR_SAID"
	return 1
}

# ---- taking and giving back ----

# After fs_pr_can. Where the disk can, so that a power cut there does not end it.
fs_pr_register() {
	local keep=
	case $FS_PR_CAPABLE in
	*'(PTPL_C): 1'*) keep=1 ;;
	esac
	fs_pr --out --register-ignore ${keep:+--param-aptpl} "--param-sark=$FS_KEY"
}

# Take the right of another one, and if the disk can its commands that are under way, too.
fs_pr_preempt() {	# KEY
	fs_pr --out --preempt-abort "--param-rk=$FS_KEY" "--param-sark=$1" "--prout-type=$FS_PR_TYPE" ||
		fs_pr --out --preempt "--param-rk=$FS_KEY" "--param-sark=$1" "--prout-type=$FS_PR_TYPE"
}

# One step towards being the only one: 0: that is so; 1: look again; 2: it cannot be.
fs_pr_step() {
	local key others=
	fs_pr_keys && fs_pr_read || return 2
	case " $FS_KEYS " in
	*" $FS_KEY "*) ;;
	*)
		FS_PR_SAID='another system takes it at the same time'
		return 2
		;;
	esac
	if [ -z "$FS_HOLDER" ]; then
		fs_pr --out --reserve "--param-rk=$FS_KEY" "--prout-type=$FS_PR_TYPE"
		return 1
	fi
	if ! fs_pr_is_ours; then
		fs_pr_who
		lk_note 710167 "$FS_DISK is taken from $FS_PR_WHO"
		fs_pr_preempt "$FS_HOLDER"
		return 1
	fi
	for key in $FS_KEYS; do
		[ "$key" = "$FS_KEY" ] || {
			others=1
			fs_pr_preempt "$key"
		}
	done
	[ -z "$others" ]
}

# Only this system may write from now on. FS_WHY tells what went wrong.
fs_take() {
	local code left=6
	[ "$FS_RESERVE" = yes ] || return 0
	lk_need sg_persist sha256sum
	fs_pr_can || return
	fs_pr_key "$LK_SYSTEM"
	if fs_pr_keys && FS_TAKEN=1 && fs_pr_register; then
		while [ "$left" -gt 0 ]; do
			fs_pr_step
			code=$?
			[ "$code" -ne 0 ] || return 0
			[ "$code" -eq 1 ] || break
			left=$((left - 1))
		done
	fi
	FS_WHY="$FS_DISK cannot be reserved: $FS_PR_SAID"
	return 1
}

# The same for what is mounted. Once it was in service here somebody else may have written meanwhile, and what this
# kernel remembers of the disk is wrong.
fs_take_mounted() {
	[ "$FS_RESERVE" = yes ] || return 0
	lk_need sg_persist sha256sum
	fs_pr_can && fs_pr_read || return
	! fs_pr_is_ours || return 0
	if [ -n "$FS_HOLDER" ] || [ "$LK_STATE" = ISP ]; then
		fs_pr_who
		FS_WHY="$LK_ID is mounted, but $FS_DISK is held by $FS_PR_WHO"
		return 1
	fi
	fs_take
}

# Others may write again. This is not to keep a remove from succeeding: whoever comes next can take it, too.
fs_give_back() {
	local code
	[ "$FS_RESERVE" = yes ] || return 0
	if ! fs_find_device "$FS_WANT" || ! fs_pr_disk "$FS_DEVICE"; then
		lk_warn 710169 "the reservation of $FS_WANT stays: the device is not there"
		return 0
	fi
	if ! command -v sg_persist >/dev/null; then
		lk_warn 710169 "the reservation of $FS_DISK stays: sg_persist is not installed"
		return 0
	fi
	fs_pr_key "$LK_SYSTEM"
	fs_pr --out --release "--param-rk=$FS_KEY" "--prout-type=$FS_PR_TYPE"
	fs_pr --out --register "--param-rk=$FS_KEY" --param-sark=0
	code=$?
	# 24, a conflict: we are not registered
	[ "$code" -eq 0 ] || [ "$code" -eq 24 ] ||
		lk_warn 710169 "the reservation of $FS_DISK stays: $FS_PR_SAID"
}

# What a restore that failed has taken.
fs_give_back_unused() {
	[ -z "${FS_TAKEN:-}" ] || ! fs_gone "$LK_ID" || fs_give_back
}

# ---- checks ----

# Does this system hold the disk of what is mounted? 0: yes; 1: no; 2: that cannot be found out. FS_WHY.
fs_holds() {	# DEVICE
	if ! fs_pr_disk "$1" || ! fs_pr_read; then
		FS_WHY="who holds the disk of $1 cannot be found out: ${FS_PR_SAID:-there is no such disk}"
		return 2
	fi
	! fs_pr_is_ours || return 0
	fs_pr_who
	FS_WHY="the reservation of $FS_DISK is lost: it is held by $FS_PR_WHO"
	return 1
}

# Of a check: what is lost is not repaired but leaves. What cannot be found out must not hide what fs_is_healthy
# finds: FS_UNSURE is for afterwards.
fs_check_hold() {
	FS_UNSURE=
	[ "$FS_RESERVE" = yes ] || return 0
	lk_need sg_persist sha256sum
	fs_look "$LK_ID"
	[ -b "$FS_SOURCE" ] || return 0
	fs_holds "$FS_SOURCE"
	case $? in
	1) lk_lost 710167 "$FS_WHY" ;;
	2) FS_UNSURE=$FS_WHY ;;
	esac
}
