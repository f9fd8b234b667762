# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC3043,SC2154,SC2034,SC2030,SC2031
# What the groups that change hierarchies have in common. No group: its name has a dot.
sep=$(printf '\001')
stopped=''	# the signal that wants us to end
child=''	# the program that runs for us
replace_us=''

# ---- looking ----

words() {	# LINES: one line
	printf '%s' "$1" | tr '\n' ' '
}

here() {	# TAG: does it exist on this system?
	ins_list -t "$1" >/dev/null || exit $?
}

# One field of the instance of a tag; nothing if there is none.
field() {	# NUMBER TAG [SYSTEM]
	ins_list ${3:+-d "$3"} -t "$2" 2>/dev/null | cut -d "$sep" -f "$1"
}

is_in_service() {	# TAG [SYSTEM]
	case $(field 7 "$@") in ISP | ISU) ;; *) return 1 ;; esac
}

# All tags that are connected with one by dependencies, children before parents.
hierarchy() {	# TAG
	dep_list | awk -F "$sep" -v tag="$1" '
		{ parent[NR] = $1; child[NR] = $2 }
		END {
			todo[tag]
			do {
				more = 0
				for (i = 1; i <= NR; i++)
					if ((parent[i] in todo) != (child[i] in todo)) {
						todo[parent[i]]; todo[child[i]]; more = 1
					}
			} while (more)
			for (;;) {
				split("", waits); next_one = ""
				for (i = 1; i <= NR; i++)
					if (child[i] in todo)
						waits[parent[i]]
				for (t in todo)
					if (!(t in waits) && (next_one == "" || t "" < next_one ""))
						next_one = t
				if (next_one == "")
					exit
				print next_one
				delete todo[next_one]
			}
		}'
}

parents_first() {	# lines, last first
	awk '{ line[NR] = $0 } END { for (i = NR; i; i--) print line[i] }'
}

# The tags of a hierarchy on which nothing depends.
roots() {	# TAG
	local tag
	for tag in $(hierarchy "$1"); do
		[ -n "$(dep_list -p "$tag")" ] || echo "$tag"
	done
}

# The systems that have a tag of ours, the best first: lines PRIORITY SYSTEM TAG-THERE. Without equivalency
# the priority is 0.
copies() {	# TAG
	eqv_list -t "$1" | awk -F "$sep" -v tag="$1" -v me="$(self)" '
		$1 == me && $2 == tag { own = $6; print $7, $3, $4 }
		END { print own + 0, me, tag }' | sort -n
}

tag_on() {	# TAG SYSTEM: how it is called there; nothing: it is not there
	copies "$1" | awk -v sys="$2" '$2 == sys { print $3; exit }'
}

systems_of() {	# TAG
	copies "$1" | cut -d ' ' -f 2
}

living() {	# the systems that can be asked, this one first
	local system
	self
	for system in $(others); do
		! is_alive "$system" || echo "$system"
	done
}

# A change that concerns a system which cannot be told would make them differ.
need_alive() {	# SYSTEM...
	local system me
	me=$(self)
	for system; do
		[ "$system" = "$me" ] || is_alive "$system" || {
			sys_getst -s "$system" >/dev/null || exit $?
			fail 9 "$system cannot be reached ($(sys_getst -s "$system")): nothing was changed; run this again when it is ALIVE, or if it is gone for good, lkcli cluster forget --node $system"
		}
	done
}

# ---- doing ----

# With --dry-run: why the lines that follow are there.
because() {
	[ -z "$dry" ] || say "# $*"
}

done_so() {	# say what was done
	[ -n "$dry" ] || say "$*"
}

# The same, at once if it is meant for this system.
at() {	# SYSTEM COMMAND...
	local dest="$1"
	shift
	if [ "$dest" = "$(self)" ]; then
		run "$@"
	else
		# what runs there has its own limits, if any
		run lcdremexec -e -d "$dest" -t 604800 -- "$(quoted "$@")"
	fi
}

# A signal ends what runs for us, and then us: what was done so far is taken back first.
on_signal() {	# SIGNAL
	stopped=$1
	[ -z "$child" ] || kill -s TERM "$child" 2>/dev/null
}

# Run a program that undoes its work on TERM, and see to it that it gets one. A shell leaves INT to be
# ignored by what it starts with &, so Ctrl-C reaches it by us, too.
attended() {	# COMMAND...
	local code
	[ -z "$stopped" ] || return 1
	{
		replace_us=y
		"$@"
	} </dev/null &
	child=$!
	[ -z "$stopped" ] || kill -s TERM "$child" 2>/dev/null	# it came before we knew whom to tell
	while :; do
		wait "$child"
		code=$?
		kill -0 "$child" 2>/dev/null || break
	done
	child=
	return "$code"
}

# A program of a kit; under attended() it takes the place of our child, so that signals reach it.
kit_run() {	# PATH OPTION...
	[ -z "$replace_us" ] || [ -n "$dry" ] || exec "$@"
	run "$@"
}

# The end, with the code of what failed.
fail_as() {	# CODE TEXT
	if [ "$1" -ge 1 ] && [ "$1" -le 9 ] && [ "$1" -ne 2 ]; then fail "$@"; else fail 1 "$2"; fi
}

# Runs alone in the cluster until we end. What a killed one has started may still be at work: it has our
# descriptor 9, so it is waited for.
hold() {	# IDENTIFIER
	[ -z "$dry" ] || return 0
	trap 'on_signal INT' INT
	trap 'on_signal TERM' TERM
	trap 'on_signal HUP' HUP
	exec 9>>"$LKROOT/run/lkcli.lock" || exit 1
	flock 9 || exit 1
	if ! getlocks -e -a "$(self)" -i "$1" -l "$LKROOT/run/lkcli.$$" -p $$ 2>/dev/null; then
		warn 'waiting for the admin lock that flg_list shows as !action!'
		getlocks -a "$(self)" -i "$1" -l "$LKROOT/run/lkcli.$$" -p $$ || exit $?
	fi
	trap let_go EXIT
	tidy
}

let_go() {
	rlslocks -a "$(self)" -l "$LKROOT/run/lkcli.$$"
}

# ---- taking back ----
#
# Flags tell what is being made, until all of it is there: !create!TAG and !extend!SYSTEM!TAG.
# Whoever holds the lock next finds what one that was killed has left.

mark() {	# FLAG
	run flg_create -f "$1" || exit $?
}

unmark() {	# FLAG
	! flg_test -f "$1" || flg_remove -f "$1"
}

marks() {	# START
	flg_list | awk -v start="$1" 'index($0, start) == 1 { print substr($0, length(start) + 1) }'
}

# What is in service has come to the end of its creation.
undo_create() {	# TAG
	if [ -n "$(field 4 "$1")" ] && ! is_in_service "$1"; then
		ins_remove -G -t "$1" || return
		warn "$1 was half made: removed"
	fi
	unmark "!create!$1"
}

# The instance there and all that refers to it. Without an answer the flag stays.
undo_extend() {	# SYSTEM TAG
	local there system tag
	there=$(tag_on "$2" "$1")
	there=${there:-$2}
	is_alive "$1" || {
		forget_copy "$1" "$2" "$there"
		warn "$1 cannot be reached: $there will be removed there by the next lkcli resource command here that finds it ALIVE"
		return 9
	}
	if is_in_service "$there" "$1"; then
		warn "$there is in service on $1: kept"
	elif [ -n "$(field 4 "$there" "$1")" ]; then
		ins_remove -d "$1" -G -t "$there" || return
	fi
	unmark "!extend!$1!$2"
}

forget_copy() {	# SYSTEM TAG TAG-THERE
	local priority system tag
	copies "$2" | while read -r priority system tag; do
		[ "$system" = "$1" ] || ! is_in_reach "$system" ||
			eqv_remove -d "$system" -t "$tag" -S "$1" -o "$3" -e SHARED </dev/null 2>/dev/null
	done
}

is_in_reach() {	# SYSTEM
	[ "$1" = "$(self)" ] || is_alive "$1"
}

undo_extends() {	# SYSTEM
	local tag
	for tag in $(marks "!extend!$1!" | parents_first); do
		undo_extend "$1" "$tag"
	done
}

end_extends() {	# SYSTEM: all of it is there
	local tag
	for tag in $(marks "!extend!$1!"); do
		unmark "!extend!$1!$tag"
	done
	unmark "!extended!$1"
}

tidy() {
	local system tag
	for tag in $(marks '!create!'); do
		undo_create "$tag"
	done
	for system in $(marks '!extended!'); do
		end_extends "$system"
	done
	for system in $(marks '!extend!' | sed 's/!.*//' | sort -u); do
		warn "an extension to $system was interrupted: it is taken back"
		undo_extends "$system"
	done
}
