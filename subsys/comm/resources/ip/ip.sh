# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# What the actions of the kit comm/ip share. The id of an instance is the address; its info has words:
#
#	dev=eth0 prefix=24	where it belongs
#	backup=eth1		where local recovery may move it
#	source=Y		it is to be the source address of what leaves for its subnet (IPv4)
#	mode=disable		in service without an address, and not watched
# shellcheck disable=SC2034,SC2154

IP_DATA=$LKROOT/subsys/comm/resources/ip
IP_LIMIT=0	# seconds for a program of a check; clients wait for the other actions, and a program more
		# before each costs them time: who runs the action limits it

ip_do() {	# COMMAND...
	if [ "$IP_LIMIT" -eq 0 ]; then "$@"; else lk_get "$IP_LIMIT" "$@"; fi
}

# Read the instance.
ip_info() {
	lk_info
	case $LK_INFO in
	'' | *=*) ;;
	*) LK_INFO="dev=$LK_INFO" ;;	# made by hand
	esac
	lk_word dev
	IP_DEV=$LK_VALUE
	lk_word backup
	IP_BACKUP=$LK_VALUE
	lk_word source N
	IP_SOURCE=$LK_VALUE
	lk_word mode enable
	IP_MODE=$LK_VALUE
	ip_family
	lk_word prefix "$IP_BITS"
	IP_PREFIX=$LK_VALUE
}

ip_family() {
	case $LK_ID in
	*:*) IP_INET=inet6 IP_BITS=128 ;;
	*) IP_INET=inet IP_BITS=32 ;;
	esac
}

# One look at all interfaces. Sets IP_ON, the one that has the address, or nothing; IP_HELD, the
# address as it is there, with its prefix; IP_WORDS, what the kernel says of it; IP_OTHERS, all other
# addresses "DEV ADDRESS/PREFIX", a line each; IP_LINKS, the interfaces whose link is up.
ip_look() {
	local all line dev='' IFS
	all=$(ip_do ip address show) ||
		lk_unknown 710100 "the network interfaces cannot be listed"
	IP_ON='' IP_HELD='' IP_WORDS='' IP_OTHERS='' IP_LINKS=' '
	# not with read, which asks the kernel for each single byte
	IFS='
'
	set -f
	for line in $all; do
		line=${line#"${line%%[! ]*}"}
		case $line in
		[0-9]*': '*': <'*)
			dev=${line#*: }
			dev=${dev%%[@:]*}
			case $line in *[\<,]LOWER_UP[,\>]*) IP_LINKS="$IP_LINKS$dev " ;; esac
			;;
		"$IP_INET $LK_ID/"*)
			IP_ON=$dev
			IP_WORDS=" ${line#* } "
			IP_HELD=${IP_WORDS# }
			IP_HELD=${IP_HELD%% *}
			;;
		"inet "*)
			line=${line#* }
			IP_OTHERS="$IP_OTHERS$dev ${line%% *}
"
			;;
		esac
	done
	set +f
}

ip_has_link() {	# DEV
	case $IP_LINKS in
	*" $1 "*) ;;
	*) return 1 ;;
	esac
}

# ---- giving and taking the address ----

# Does another host have it? Nobody may be asked if the tunable says so.
ip_is_unique() {	# DEV
	lk_number NOIPUNIQUE 0 0 1
	[ "$LK_VALUE" -eq 0 ] || return 0
	lk_number IP_PROBETIME 15 1 60000
	IP_WHY=$(lk_netprobe -p -i "$1" -w "$LK_VALUE" "$LK_ID" 2>&1)
}

# nodad: we have asked already, the kernel would take a second for it. A deprecated IPv6 address is not
# chosen as source, as a secondary IPv4 address is not.
ip_add() {	# DEV
	if [ "$IP_INET" = inet6 ]; then
		IP_WHY=$(ip address add "$LK_ID/$IP_PREFIX" dev "$1" nodad preferred_lft 0 2>&1)
	else
		IP_WHY=$(ip address add "$LK_ID/$IP_PREFIX" broadcast + dev "$1" 2>&1)
	fi
}

# The address on this interface, and everybody knows. IP_WHY tells what went wrong.
ip_bring() {	# DEV
	if [ "$IP_ON" != "$1" ]; then
		lk_number IP_NOLINKCHECK 0 0 1
		[ "$LK_VALUE" -eq 1 ] || ip_await_link "$1" || return
		ip_is_unique "$1" || return
		ip_add "$1" || return
		IP_ON=$1
		IP_HELD=$LK_ID/$IP_PREFIX
	fi
	IP_WHY=$(lk_netprobe -a -i "$1" "$LK_ID" 2>&1) || return
	[ "$IP_SOURCE" = N ] || {
		ip_look
		ip_set_source "$1"
	}
}

# The same for an address that is on no interface yet, if its link is up and nobody else has it: one program,
# while clients wait. If it fails for whatever reason, ip_bring finds out, and says so.
# lk_undo is to take back what undo says.
ip_bring_new() {	# DEV
	lk_number NOIPUNIQUE 0 0 1
	[ "$LK_VALUE" -eq 0 ] || return
	lk_number IP_PROBETIME 15 1 60000
	undo=$(lk_netprobe -u -i "$1" -m "$IP_PREFIX" -w "$LK_VALUE" "$LK_ID" 2>/dev/null) || return
	IP_ON=$1 IP_HELD=$LK_ID/$IP_PREFIX IP_WORDS='' IP_LINKS=" $1 "
	[ "$IP_SOURCE" = N ] || {
		ip_look
		ip_set_source "$1"
	}
}

# A link that is down may come back within IP_MAX_LINKCHK seconds.
ip_await_link() {	# DEV
	local left
	ip_has_link "$1" || ip link set dev "$1" up
	lk_number IP_MAX_LINKCHK 5 0 3600
	left=$((LK_VALUE * 5))
	until ip_has_link "$1"; do
		IP_WHY="the link of $1 is down"
		left=$((left - 1))
		[ "$left" -ge 0 ] || return 1
		sleep 0.2
		ip_look
	done
}

# Take the address away, and know that it is. The kernel drops the other addresses of a subnet with its first one, unless it
# is told to promote them; where it cannot be told (/proc is read-only), they are put back.
ip_drop() {
	local dev="$IP_ON" before="$IP_OTHERS" sure=1
	[ -n "$dev" ] || return 0
	[ "$IP_INET" = inet6 ] || {
		ip_unset_source
		{ echo 1 >"/proc/sys/net/ipv4/conf/$dev/promote_secondaries"; } 2>/dev/null || sure=
	}
	ip address delete "$IP_HELD" dev "$dev" || sure=
	if [ -n "$sure" ]; then
		IP_ON=
		return 0
	fi
	ip_look
	[ "$IP_INET" = inet6 ] || ip_put_back "$dev" "$before"
	[ -z "$IP_ON" ]
}

ip_put_back() {	# DEV ADDRESSES
	local dev address
	while read -r dev address; do
		[ "$dev" = "$1" ] || continue
		case "
$IP_OTHERS" in
		*"
$dev $address
"*) ;;
		*)
			lk_warn 710101 "$address on $dev went with $LK_ID and is put back"
			ip address add "$address" broadcast + dev "$dev"
			;;
		esac
	done <<-EOF
	$2
	EOF
}

# ---- the source address ----

# The subnet's route, and the default route if the address has a subnet of its own.
ip_set_source() {	# DEV
	local route
	ip -4 route show table main to match "$LK_ID" dev "$1" | while read -r route; do
		case $route in
		default*) case $IP_WORDS in *' secondary '*) continue ;; esac ;;
		esac
		ip_change_route "$route" "$1" "$LK_ID"
	done
}

# Routes with a source address vanish with it: give them back the one that the kernel chooses.
ip_unset_source() {
	local route
	ip -4 route show table main src "$LK_ID" dev "$IP_ON" | while read -r route; do
		case "$route $IP_WORDS" in
		*'proto kernel'*' secondary '*) ip_change_route "$route" "$IP_ON" '' ;;
		*'proto kernel'*) ;;	# its own, goes with it
		*) ip_change_route "$route" "$IP_ON" '' ;;
		esac
	done
}

ip_change_route() {	# ROUTE DEV SOURCE
	local words
	words=${1%' linkdown'*}
	case $words in
	*' src '*)
		words=${words#*' src '}
		words="${1%%' src '*} ${words#"${words%% *}"}"
		;;
	esac
	# shellcheck disable=SC2086
	ip -4 route change $words dev "$2" ${3:+src "$3"} ||
		lk_warn 710102 "the source address of the route $1 cannot be changed"
}

# ---- the health of it ----

# The names of files that belong to the tag.
ip_files() {
	lk_file_name "$LK_TAG"
	IP_PINGLIST=$IP_DATA/pinglist.$LK_VALUE
	IP_RESPONDER=$IP_DATA/responder.$LK_VALUE
}

# In order: the address, the link, an answer. IP_WHY tells what fails; 2: cannot tell.
ip_is_healthy() {
	IP_WHY="$LK_ID is not configured on $IP_DEV"
	[ -n "$IP_ON" ] && { [ "$IP_ON" = "$IP_DEV" ] || [ "$IP_ON" = "$IP_BACKUP" ]; } || return 1
	case $IP_WORDS in
	*' dadfailed '*)
		IP_WHY="another host has $LK_ID"
		return 1
		;;
	esac
	lk_number IP_NOLINKCHECK 0 0 1
	IP_WHY="the link of $IP_ON is down"
	[ "$LK_VALUE" -eq 1 ] || ip_has_link "$IP_ON" || return 1
	ip_is_reachable
}

# A ping list replaces the broadcast.
ip_is_reachable() {
	local list='' line
	ip_files
	if [ -r "$IP_PINGLIST" ]; then
		while read -r line || [ -n "$line" ]; do
			case $line in '' | \#*) ;; *) list="$list $line" ;; esac
		done <"$IP_PINGLIST"
	fi
	if [ -n "$list" ]; then
		IP_WHY="none of the ping list answers:$list"
		# shellcheck disable=SC2086
		ip_ping "$LK_ID" $list
		return
	fi
	lk_number NOBCASTPING 0 0 1
	[ "$LK_VALUE" -eq 0 ] || return 0
	IP_WHY="no other host of the subnet of $LK_ID answers a broadcast ping"
	ip_ping_all
}

# Whoever answered last is asked along with all: one answer is enough.
ip_ping_all() {
	local known='' keep
	lk_number IP_NOSAVEREPLY 0 0 1
	keep=$((1 - LK_VALUE))
	[ "$keep" -eq 0 ] || [ ! -r "$IP_RESPONDER" ] || read -r known <"$IP_RESPONDER"
	ip_ping "$LK_ID/$IP_PREFIX" ${known:+"$known"} || return
	[ "$keep" -eq 0 ] || [ "$IP_REPLY" = "$known" ] ||
		{ printf '%s\n' "$IP_REPLY" >"$IP_RESPONDER"; } 2>/dev/null || :
}

ip_ping() {	# SOURCE HOST...
	local time tries preload code
	lk_number IP_PINGTIME 1 1 600
	time=$LK_VALUE
	lk_number IP_PINGTRIES 3 1 1000
	tries=$LK_VALUE
	lk_number IP_PINGPRELOAD 1 1 1000
	preload=$LK_VALUE
	[ "$IP_LIMIT" -eq 0 ] || IP_LIMIT=$((IP_LIMIT + time * tries))
	IP_REPLY=$(ip_do lk_netprobe -e -i "$IP_ON" -w "${time}000" \
		-n "$tries" -l "$preload" -s "$@" 2>/dev/null)
	code=$?
	case $code in
	0) return 0 ;;
	"$LK_EX_COMM") return 1 ;;
	esac
	IP_WHY="the network cannot be asked: lk_netprobe ended with code $code"
	return 2
}

# quickCheck and deepCheck.
ip_check() {
	local code
	lk_need ip lk_netprobe
	lk_number IP_QUICKCHECK_TIMEOUT 12 1 3600
	IP_LIMIT=$LK_VALUE
	ip_info
	[ "$IP_MODE" != disable ] || exit 0
	ip_look
	ip_is_healthy
	code=$?
	case $code in
	0) lk_end ;;
	1) lk_fail 710103 "$IP_WHY" ;;
	*) lk_unknown 710104 "$IP_WHY" ;;
	esac
}
