# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# What the programs of the kit gen/filesys share.
# shellcheck disable=SC2034,SC2154

FS_OPTIONS='options fsck stoplist'

fs_check_options() {
	lk_want_choice fsck "${opt_fsck:=auto}" auto force no
	case ${opt_options:-}${opt_device:-}${opt_fstype:-} in
	*[[:space:]]*) lk_bad "options, devices and types must not have blanks; use the UUID of a device" ;;
	esac
	[ -z "${opt_stoplist:-}" ] || [ "$opt_stoplist" = - ] || fs_check_list
}

fs_check_list() {
	[ -r "$opt_stoplist" ] || lk_bad "option --stoplist: $opt_stoplist cannot be read"
	! grep -Evq '^(#.*|service +[^ ]+( +[0-9]+)?( +restart)?|program +[^ ]+|)$' "$opt_stoplist" ||
		lk_bad "option --stoplist: \"service UNIT [SECONDS] [restart]\" and \"program NAME\" are known"
}

# A copy of the stop list; an empty name: none.
fs_write_list() {	# TAG
	local file
	lk_tag_file stoplist "$1"
	file=$LKROOT/$LK_VALUE
	if [ -z "${opt_stoplist:-}" ]; then
		rm -f -- "$file"
	else
		cp -- "$opt_stoplist" "$file.new" && lk_put_file "$file"
	fi
}

# The first other instance on the disk of a device, where one of the two has reservations.
fs_pr_others() {	# DEVICE RESERVE
	local disk record
	fs_pr_disk "$1" || return 0
	disk=$FS_DISK
	ins_list -a gen -r filesys | while IFS= read -r record; do
		lk_take_record "$record"
		lk_word reserve no
		[ "$2$LK_VALUE" != nono ] || continue
		lk_word dev
		if fs_find_device "$LK_VALUE" && fs_pr_disk "$FS_DEVICE" && [ "$FS_DISK" = "$disk" ]; then
			printf '%s\n' "$LK_TAG"
			break
		fi
	done
}

# With a reservation the disk is one file system's alone: whoever takes one would take all.
fs_check_reserve() {
	local other
	[ "$opt_reserve" = no ] || {
		lk_need sg_persist sha256sum
		fs_pr_can || lk_bad "option --reserve: $FS_WHY"
	}
	other=$(fs_pr_others "$FS_DEVICE" "$opt_reserve")
	[ -z "$other" ] ||
		lk_bad "option --reserve: $other is on the same disk, and a reservation is for the whole disk"
}

# A mount point that can be mounted on here.
fs_check_point() {	# PATH
	[ ! -e "$1" ] || [ -d "$1" ] || lk_bad "the mount point $1 is not a directory"
	[ ! -d "$1" ] || [ -z "$(ls -A -- "$1")" ] || {
		lk_error 104903 "The mount point $1 is not empty."
		exit "$LK_EX_ARG"
	}
}

lk_extend_files() {
	lk_copy_file stoplist
}
