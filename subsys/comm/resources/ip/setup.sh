# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# What the programs of the kit comm/ip share: options, info, ping lists.
# shellcheck disable=SC2034,SC2154

IP_OPTIONS='netmask device backup source restoremode pinglist'

# Where the address belongs on this system: IP_ADDRESS IP_PREFIX IP_DEV.
ip_place() {	# NAME NETMASK DEVICE
	local line
	line=$(lk_netprobe -r ${2:+-m "$2"} ${3:+-i "$3"} "$1") || exit
	IP_ADDRESS=${line%% *}
	line=${line#* }
	IP_PREFIX=${line%% *} IP_DEV=${line#* }
}

ip_check_options() {
	lk_want_choice source "${opt_source:=N}" Y N
	lk_want_choice restoremode "${opt_restoremode:=enable}" enable disable
	case ${opt_source}$1 in
	Y*:*) lk_bad "option --source: only an IPv4 address can be the source" ;;
	esac
	[ -z "${opt_backup:-}" ] || [ -d "/sys/class/net/$opt_backup" ] || ip_is_device "$opt_backup" ||
		lk_bad "option --backup: there is no network interface $opt_backup"
	ip_check_list
}

ip_is_device() {	# DEV
	ip link show dev "$1" >/dev/null 2>&1
}

# The ping list: addresses, blanks or commas between them.
ip_check_list() {
	case ${opt_pinglist:-} in
	*[!0-9A-Fa-f:.,\ ]*) lk_bad "option --pinglist: numeric addresses are needed" ;;
	esac
	opt_pinglist=$(printf '%s' "${opt_pinglist:-}" | tr ',' ' ')
	# shellcheck disable=SC2086
	[ -z "$opt_pinglist" ] || lk_netprobe -c $opt_pinglist >/dev/null || exit "$LK_EX_ARG"
}

ip_make_info() {
	IP_INFO="dev=$IP_DEV prefix=$IP_PREFIX"
	[ -z "${opt_backup:-}" ] || IP_INFO="$IP_INFO backup=$opt_backup"
	[ "$opt_source" = N ] || IP_INFO="$IP_INFO source=Y"
	[ "$opt_restoremode" = enable ] || IP_INFO="$IP_INFO mode=disable"
}

# The list as a file, whole or not at all; an empty one is no file.
ip_write_list() {	# TAG
	local file
	lk_tag_file pinglist "$1"
	file=$LKROOT/$LK_VALUE
	if [ -z "$opt_pinglist" ]; then
		rm -f -- "$file"
		return
	fi
	# shellcheck disable=SC2086
	printf '%s\n' $opt_pinglist >"$file.new" && lk_put_file "$file"
}

lk_extend_files() {
	lk_copy_file pinglist
}
