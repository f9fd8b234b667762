# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC3043,SC2154
# When the members of a cluster may change, lk-quorum(7). No group: its name has a dot.

# Each system counts its own majority: a list that is one change behind has a member in common with every
# majority of ours, one that is two changes behind need not have. So all must hear of every change.
counts_members() {	# [-d SYSTEM]
	case $(lk_quorum "$@" 2>/dev/null | sed -n 's/^mode: //p') in
	majority | storage) ;;
	*) return 1 ;;
	esac
}

all_but() {	# NODE, of the lines of a sys_list
	grep -vxF -- "$1" | sort | tr '\n' ' '
}

# SYSTEM can be reached, and its list is the same but for NODE, whose change may be at work.
need_member() {	# SYSTEM STATE NODE LIST LIST-OF-SYSTEM
	[ "$2" = ALIVE ] ||
		fail 9 "$1 cannot be reached (${2:-unknown}) and would not learn that the members change: start it, or mend the network; if it is gone for good, see lk-quorum(7), Changing the members"
	[ "$4" = "$5" ] ||
		fail 8 "but for $3, $1 knows the systems ${5:-(none) }and not ${4% }: finish the last change of the members first, see lkcli cluster check"
}

# Ends with 3, 8 or 9 if not. --force is for who has read lk-quorum(7).
may_change_members() {	# NODE
	local system list
	if [ -n "${opt_force:-}" ] || ! counts_members; then
		return 0
	fi
	lk_quorum >/dev/null 2>&1 ||
		fail 3 "without quorum the members cannot be changed: $(lk_quorum 2>/dev/null | sed -n 's/^why: //p'). If it is lost for good, see lk-quorum(7), Changing the members"
	list=$(sys_list | all_but "$1")
	for system in $(others); do
		[ "$system" = "$1" ] ||
			need_member "$system" "$(sys_getst -s "$system" 2>/dev/null)" "$1" "$list" \
				"$(sys_list -d "$system" 2>/dev/null | all_but "$1")"
	done
}

# The same, of this system, as a member sees it that can be reached already.
may_join_members() {	# MEMBER
	local system list me
	if [ -n "${opt_force:-}" ] || ! counts_members -d "$1"; then
		return 0
	fi
	me=$(self)
	list=$(sys_list -d "$1" | all_but "$me")
	for system in $list; do
		[ "$system" = "$1" ] ||
			need_member "$system" "$(sys_getst -d "$1" -s "$system" 2>/dev/null)" "$me" "$list" \
				"$(lcdremexec -d "$1" -- "$(quoted sys_list -d "$system")" 2>/dev/null | all_but "$me")"
	done
}

# Until what a system may have run has ended. Who forgets it does not wait for that any more.
await_stop() {	# SYSTEM
	local said='' left=1200
	while lk_quorum 2>/dev/null | awk -v sys="$1:" '$1 == "system" && $2 == sys && !/has stopped$/ { found = 1 } END { exit !found }'; do
		[ $((left -= 1)) -gt 0 ] && ! is_alive "$1" || return 0
		[ -n "$said" ] || say "Waiting until what $1 may run has stopped."
		said=y
		sleep 0.5
	done
}
