# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# What the actions of the kit gen/filesys share. The id of an instance is the mount point; its info
# has words:
#
#	dev=UUID=...		or dev=LABEL=..., or dev=/dev/...
#	fstype=ext4 opts=rw,noatime
#	fsck=auto		or force, no
#	reserve=yes		or no: the disk, by SCSI reservations (reserve.sh)
# shellcheck disable=SC2034,SC2154

FS_DATA=$LKROOT/subsys/gen/resources/filesys
# shellcheck source=subsys/gen/resources/filesys/reserve.sh
. "$FS_DATA/reserve.sh"

# Read the instance.
fs_info() {
	lk_info
	lk_word dev
	FS_WANT=$LK_VALUE
	lk_word fstype auto
	FS_FSTYPE=$LK_VALUE
	lk_word opts defaults
	FS_OPTS=$LK_VALUE
	lk_word fsck auto
	FS_FSCK=$LK_VALUE
	lk_word reserve no
	FS_RESERVE=$LK_VALUE
}

# A path as the kernel writes it in mountinfo, as FS_NAME.
fs_encode() {	# PATH
	local rest="$1" head
	FS_NAME=
	while [ -n "$rest" ]; do
		head=${rest%%[ 	\\]*}
		FS_NAME=$FS_NAME$head
		rest=${rest#"$head"}
		case $rest in
		' '*) FS_NAME="$FS_NAME\\040" ;;
		'	'*) FS_NAME="$FS_NAME\\011" ;;
		\\*) FS_NAME="$FS_NAME\\134" ;;
		esac
		rest=${rest#?}
	done
}

# What is mounted on a directory: FS_SOURCE, FS_NUMBER (major:minor), FS_RO; nothing is mounted where
# FS_SOURCE is empty. FS_BELOW: what is mounted below it, the last first, as the kernel writes it.
fs_look() {	# PATH
	local number point options rest
	fs_encode "$1"
	FS_SOURCE='' FS_NUMBER='' FS_RO='' FS_BELOW=''
	while read -r _ _ number _ point options rest; do
		case $point in
		"$FS_NAME")
			FS_NUMBER=$number
			rest=${rest#*'- '}
			rest=${rest#* }
			FS_SOURCE=${rest%% *}
			FS_RO=
			case ",$options,${rest##* }," in *,ro,*) FS_RO=1 ;; esac
			;;
		"$FS_NAME"/*) FS_BELOW="$point
$FS_BELOW" ;;
		esac
	done </proc/self/mountinfo
}

# The block device that is meant, as FS_DEVICE.
fs_find_device() {	# DEV
	case $1 in
	UUID=* | LABEL=* | PARTUUID=* | PARTLABEL=*)
		lk_need findfs blkid
		# its cache may not know yet what has just come
		FS_DEVICE=$(lk_get 60 findfs "$1" 2>/dev/null) ||
			FS_DEVICE=$(lk_get 60 blkid -c /dev/null -o device -t "$1" 2>/dev/null)
		FS_DEVICE=${FS_DEVICE%%"
"*}
		;;
	*) FS_DEVICE=$1 ;;
	esac
	[ -n "$FS_DEVICE" ] && [ -b "$FS_DEVICE" ]
}

# Is what is mounted the device? Some types have no number of a device, but its name.
fs_is_device() {
	[ "$FS_SOURCE" = "$FS_DEVICE" ] || [ "$FS_NUMBER" = "$(stat -L -c %Hr:%Lr -- "$FS_DEVICE")" ]
}

fs_is_read_only() {	# OPTIONS
	case ,$1, in
	*,ro,*) return 0 ;;
	esac
	return 1
}

# ---- mounting ----

# The checker of the type repairs what is safe to repair. xfs repairs itself when it is mounted.
fs_check() {
	local code=0
	[ "$FS_FSCK" != no ] || return 0
	case $FS_FSTYPE in
	xfs | btrfs) return 0 ;;
	ext[234])
		lk_need e2fsck
		if [ "$FS_FSCK" = force ]; then
			lk_run 0 e2fsck -f -p "$FS_DEVICE"
		else
			lk_run 0 e2fsck -p "$FS_DEVICE"
		fi
		code=$?
		;;
	*)
		lk_need fsck
		lk_run 0 fsck -a -t "$FS_FSTYPE" "$FS_DEVICE"
		code=$?
		;;
	esac
	# 1 and 2: errors, which are corrected
	[ "$code" -le 2 ] || {
		FS_WHY="the file system on $FS_DEVICE has errors: fsck ended with code $code"
		return 1
	}
}

# Mount it, unless it is. FS_WHY tells what went wrong.
fs_mount() {
	FS_WHY="the device $FS_WANT is not there"
	fs_find_device "$FS_WANT" || return
	fs_look "$LK_ID"
	if [ -n "$FS_SOURCE" ]; then
		FS_WHY="$FS_SOURCE is mounted on $LK_ID instead of $FS_WANT"
		fs_is_device && fs_take_mounted
		return
	fi
	FS_WHY="the mount point $LK_ID cannot be made"
	[ -d "$LK_ID" ] || mkdir -p -- "$LK_ID" || return
	fs_take && fs_check || return
	FS_WHY="$FS_DEVICE cannot be mounted on $LK_ID"
	lk_run 0 mount -t "$FS_FSTYPE" -o "$FS_OPTS" -- "$FS_DEVICE" "$LK_ID" || return
	fs_look "$LK_ID"
	FS_WHY="$FS_DEVICE is read-only"
	[ -z "$FS_RO" ] || fs_is_read_only "$FS_OPTS"
}

# ---- unmounting ----

fs_gone() {	# PATH
	fs_look "$1"
	[ -z "$FS_SOURCE" ]
}

fs_try() {	# PATH
	lk_run 0 umount -- "$1" 2>/dev/null || fs_gone "$1"
}

# Try again and again, each after a pause.
fs_try_often() {	# PATH TIMES SECONDS
	local left="$2"
	until fs_try "$1"; do
		left=$((left - 1))
		[ "$left" -ge 0 ] || return 1
		sleep "$3"
	done
}

# Signal all that use it. -M: never those of the file system around, should nothing be mounted.
fs_signal() {	# SIGNAL PATH
	local users
	users=$(lk_get 30 fuser -k "-$1" -M -m "$2" 2>/dev/null)
	[ -z "$users" ] || lk_warn 710160 "$2 is busy: $1 to the processes$users"
}

# The stop list: services and programs that are known to use it, one in a line.
#	service UNIT [SECONDS] [restart]
#	program NAME
fs_stop_list() {
	local kind name seconds again
	lk_file_name "$LK_TAG"
	FS_RESTART='' FS_STOPPED=''
	[ -r "$FS_DATA/stoplist.$LK_VALUE" ] || return 0
	while read -r kind name seconds again; do
		[ "$seconds" != restart ] || again=restart seconds=
		case $kind in
		service)
			lk_get 30 systemctl is-active --quiet "$name" </dev/null || continue
			lk_run "${seconds:-120}" systemctl stop "$name"
			FS_STOPPED=1
			[ "$again" != restart ] || FS_RESTART="$FS_RESTART $name"
			;;
		program) ! lk_run 30 pkill -TERM -x "$name" || FS_STOPPED=1 ;;
		esac
	done <"$FS_DATA/stoplist.$LK_VALUE"
}

fs_restart() {
	local name
	for name in ${FS_RESTART:-}; do
		lk_run 30 systemctl start --no-block "$name" ||
			lk_warn 710161 "the service $name cannot be started again"
	done
}

# Unmount one directory, by force if need be: the stop list, signals, then patience with the kernel.
fs_release() {	# PATH
	local round=0
	fs_try "$1" && return
	fs_stop_list
	if [ -n "$FS_STOPPED" ]; then
		fs_try_often "$1" 15 0.2 && return
	fi
	lk_need fuser
	lk_number FS_UMOUNT_RETRIES 1 0 1000
	while [ "$round" -lt "$LK_VALUE" ]; do
		fs_signal TERM "$1"
		fs_try_often "$1" 15 0.2 && return
		round=$((round + 1))
	done
	for round in 1 2 3; do
		fs_signal KILL "$1"
		fs_try_often "$1" 5 0.2 && return
	done
	lk_number FS_KERNEL_RETRIES 60 0 100000
	fs_try_often "$1" "$LK_VALUE" 3
}

# All of it: what is mounted below first, and what is stacked.
fs_unmount() {
	local point again
	while :; do
		fs_look "$LK_ID"
		[ -n "$FS_SOURCE" ] || break
		again=$FS_BELOW
		while read -r point; do
			[ -z "$point" ] || fs_release "$(printf '%b' "$(printf '%s' "$point" | sed 's/\\/\\0/g')")" || return
		done <<-EOF
		$again
		EOF
		fs_release "$LK_ID" || return
	done
	fs_restart
}

# ---- checks ----

fs_probe() {	# [-w]
	lk_number FS_CHECKTIME 10 1 86400
	FS_WHY=$(lk_fsprobe "$@" -t "$LK_VALUE" "$LK_ID" 2>&1)
}

# quickCheck and, with -w, deepCheck.
fs_is_healthy() {	# [-w]
	fs_look "$LK_ID"
	FS_WHY="nothing is mounted on $LK_ID"
	[ -n "$FS_SOURCE" ] || return
	FS_WHY="$FS_SOURCE on $LK_ID is read-only"
	if fs_is_read_only "$FS_OPTS"; then
		shift $#
	else
		[ -z "$FS_RO" ] || return
	fi
	case $FS_SOURCE in
	/dev/*)
		FS_WHY="the device $FS_SOURCE is gone"
		[ -b "$FS_SOURCE" ] || return
		set -- "$@" -b "$FS_SOURCE"
		;;
	esac
	fs_probe "$@"
}
