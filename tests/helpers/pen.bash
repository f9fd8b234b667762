# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2016	# the texts for the pen are quoted
# A PID namespace in which a program may end "the machine": reboot(2) ends the namespace. And leases. Loaded after
# tree.bash, whose LK_KEEP_NODE protects the machine outside.

can_pen() {
	{ [ "$(id -u)" -eq 0 ] && unshare -p -f true 2>/dev/null; } || skip 'needs root for a PID namespace'
}

# pen TEXT: run a text in bash as the first process. 129: it was ended by reboot, 130: by power off.
pen() {
	LK_OUTSIDE=$(readlink /proc/self/ns/pid) unshare --pid --fork --kill-child --mount-proc bash -c '
		[ $$ -eq 1 ] && [ "$(readlink /proc/self/ns/pid)" != "$LK_OUTSIDE" ] || exit 99
		unset LK_KEEP_NODE
		source "$0/wait.bash"
		source "$0/pen.bash"
		eval "$1"' "${BASH_SOURCE[0]%/*}" "$1"
}

# Publish a lease; times in milliseconds from now, or "never".
lease() {	# UNTIL DEADLINE
	local now line
	now=$(awk '{ printf "%d", $1 * 1000 }' /proc/uptime)
	[ "$2" = never ] && set -- "$1" $((9223372036854775807 / 1000000 - now)) 775807
	line=$(printf 'lease 1 %014d000000 %014d%06d %s %s' $((now + $1)) $((now + $2)) "${3:-0}" \
		"$(cat /proc/sys/kernel/random/boot_id)" "$(awk '{ sub(/^.*\) /, ""); print $20 }' /proc/1/stat)")
	printf '%-159s\n%-159s\n' "$line" "$line" | dd of="$LKROOT/run/lease" conv=notrunc status=none
}

# Its deadline, in milliseconds from now, or "never".
deadline() {
	awk -v now="$(awk '{ print $1 * 1000 }' /proc/uptime)" 'NR == 1 {
		print $4 == "09223372036854775807" ? "never" : int($4 / 1000000 - now) }' "$LKROOT/run/lease"
}
