# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# What every action script of a kit begins with; the contract is lk-kit(7).
#
#	. "${LKROOT:?}/lib/lk-kit.sh"
#	lk_begin restore "$@"
#	...
#	lk_end
#
# Sets LK_ACTION, LK_TAG, LK_ID, LK_SYSTEM; kits read also what lk_info and lk_number set.
# shellcheck disable=SC2034

: "${LKROOT:?}"
# shellcheck source=/dev/null
. "$LKROOT/lib/lk-exit.sh"

LK_GRACE=${LK_GRACE:-3}	# seconds from TERM to KILL; below the 5 that a script itself is given
LK_TUNABLES=$LKROOT/etc/default/LifeKeeper
LK_ACTION=${0##*/} LK_TAG='' LK_ID='' LK_TMP='' lk_running='' lk_earlier='' lk_settings=''
# for this action only, not for what it starts: a service would keep it for ever
lk_record=${LK_RECORD-}
unset LK_RECORD

# ---- the log ----

# Lockkeeper has what a script says on standard error in the log anyhow: a message goes there only
# for those who look.
lk_log() {	# CATEGORY NUMBER TEXT
	if [ -t 2 ] || [ -n "${LK_PROGRAM:-}" ]; then
		lk_err -c "$1" -n "$2" -p "$LK_ACTION" "$3"
	else
		lk_err -c "$1" -n "$2" -p "$LK_ACTION" -d TO_LOG "$3"
	fi
}

lk_note() { lk_log FRS_MES "$@"; }	# NUMBER TEXT
lk_warn() { lk_log FRS_WARN "$@"; }
lk_error() { lk_log FRS_ERR "$@"; }

# ---- begin and end ----

# A check that cannot find out must not say that the resource has failed.
lk_is_check() {
	case $LK_ACTION in
	quickCheck | deepCheck) ;;
	*) return 1 ;;
	esac
}

# A kit that has something to take back when its action fails or is interrupted redefines this.
lk_undo() { :; }

lk_clean() {
	[ -z "$LK_TMP" ] || rm -rf -- "$LK_TMP"
	LK_TMP=
}

lk_usage() {
	lk_error 2 "Usage error: $LK_ACTION needs -t tag"
	exit "$LK_EX_USAGE"
}

lk_begin() {	# ACTION "$@"
	LK_ACTION=$1
	shift
	read -r LK_SYSTEM </proc/sys/kernel/hostname
	while [ $# -gt 1 ]; do
		case $1 in
		-t) LK_TAG=$2 ;;
		-i) LK_ID=$2 ;;
		*) break ;;	# the caller's own arguments follow
		esac
		shift 2
	done
	[ -n "$LK_TAG" ] || lk_usage
	lk_catch
}

lk_catch() {
	trap lk_clean EXIT
	trap 'lk_interrupted TERM 143' TERM
	trap 'lk_interrupted INT 130' INT
	trap 'lk_interrupted HUP 129' HUP
}

# The child's group is not ours: pass the signal on; timeout(1) adds KILL after the grace. One that is
# hit while it forks leaves its command behind, so the group is ended in any case.
lk_interrupted() {	# SIGNAL CODE
	trap '' TERM INT HUP
	if [ -n "$lk_running" ] && [ "${!-}" != "$lk_earlier" ]; then
		kill -s TERM "$!" 2>/dev/null
		wait "$!"
		kill -s KILL -- "-$!" 2>/dev/null
	fi
	lk_undo
	lk_error 26 "END failed $LK_ACTION for $LK_TAG on server $LK_SYSTEM due to $1 signal"
	exit "$2"
}

# It worked. perform_action logs begin and end; a script would only make clients wait for its own.
lk_end() {
	exit "$LK_EX_OK"
}

# It did not; a check that ends so says: the resource has failed.
lk_fail() {	# NUMBER TEXT
	trap '' TERM INT HUP
	lk_error "$1" "$2"
	lk_undo
	exit 1
}

# A check could not find out; what is no check fails.
lk_unknown() {	# NUMBER TEXT
	lk_is_check || lk_fail "$@"
	lk_warn "$1" "$2"
	exit 2
}

lk_need() {	# PROGRAM...
	local program
	for program; do
		command -v "$program" >/dev/null ||
			lk_unknown 710003 "the program $program is not installed"
	done
}

# A check has found that the resource is not this system's to run any more. It leaves: no repair is tried.
lk_lost() {	# NUMBER TEXT
	lk_is_check || lk_fail "$@"
	lk_error "$1" "$2"
	exit 110
}

# ---- the outside world ----

# Run a command in a process group of its own; its exit code, or 124 or 137 when the time was over
# and the whole group was ended. SECONDS 0: no limit.
# A signal may come before any line here: $! names the child from the moment that there is one.
lk_run() {	# SECONDS COMMAND...
	local code
	lk_earlier=${!-} lk_running=1
	timeout -k "$LK_GRACE" "$@" &
	wait "$!"
	code=$?
	case $code in
	124 | 137) kill -s KILL -- "-$!" 2>/dev/null ;;	# those that ignored TERM
	esac
	lk_running=
	return "$code"
}

# The same for a command whose output is wanted: x=$(lk_get 5 COMMAND...). It stays in our group.
lk_get() {	# SECONDS COMMAND...
	timeout --foreground -k "$LK_GRACE" "$@"
}

lk_timed_out() {	# CODE
	[ "$1" -eq 124 ] || [ "$1" -eq 137 ]
}

# A directory for temporary files, gone when the script ends: $LK_TMP
lk_tmp() {
	[ -n "$LK_TMP" ] || LK_TMP=$(mktemp -d "$LKROOT/tmp/kit.XXXXXX") ||
		lk_unknown 710004 "$LKROOT/tmp: no temporary directory can be made"
}

# ---- the instance ----

# LK_APP LK_TYPE LK_ID LK_INFO LK_STATE LK_INIT LK_QUICK LK_DEEP LK_RECOVERY of this tag.
# The first time from LK_RECORD, if that is of our tag; what has changed since then says ins_list.
lk_info() {
	local record="$lk_record" tag="$LK_TAG"
	lk_record=
	case $record in
	*"$LK_SEP$tag$LK_SEP"*)
		lk_take_record "$record" && [ "$LK_TAG" = "$tag" ] && return
		LK_TAG=$tag
		;;
	esac
	record=$(ins_list -t "$LK_TAG") ||
		lk_unknown 19 "Resource not found on local server: $LK_TAG"
	lk_take_record "$record"
}

lk_take_record() {	# LINE OF ins_list
	local IFS="$LK_SEP"
	set -f
	# shellcheck disable=SC2086
	set -- $1
	set +f
	[ $# -gt 9 ] || return
	LK_APP=$2 LK_TYPE=$3 LK_TAG=$4 LK_ID=$5 LK_INFO=$6 LK_STATE=$7 LK_INIT=$9
	shift 9
	LK_QUICK=$4 LK_DEEP=$5 LK_RECOVERY=$6
}

# Info that is a list of words KEY=VALUE: the value of KEY, or DEFAULT, as LK_VALUE.
lk_word() {	# KEY [DEFAULT]
	local word
	LK_VALUE=${2-}
	set -f
	for word in $LK_INFO; do
		case $word in
		"$1="*) LK_VALUE=${word#*=} ;;
		esac
	done
	set +f
}

# A tag as the name of a file: %2F stands for /, and % is in no tag.
lk_file_name() {	# TAG; the name is LK_VALUE
	local rest="$1"
	LK_VALUE=
	while :; do
		case $rest in
		*/*)
			LK_VALUE=$LK_VALUE${rest%%/*}%2F
			rest=${rest#*/}
			;;
		*) break ;;
		esac
	done
	LK_VALUE=$LK_VALUE$rest
}

# ---- tunables ----

# The file once, as read asks the kernel for each single byte of it: lines NAME=VALUE.
lk_read_settings() {
	local line
	lk_settings='
'
	[ -r "$LK_TUNABLES" ] || return 0
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		[A-Za-z]*=*) lk_settings="$lk_settings$line
" ;;
		esac
	done <"$LK_TUNABLES"
}

# A value from lk-tunables(5), as LK_VALUE.
lk_setting() {	# NAME DEFAULT
	local line value="$2" IFS='
'
	[ -n "$lk_settings" ] || lk_read_settings
	set -f
	for line in $lk_settings; do
		case $line in
		"$1="* | "export $1="*) value=${line#*=} ;;
		esac
	done
	set +f
	value=${value%%#*}
	value=${value%"${value##*[! 	]}"}
	case $value in
	\"*\" | \'*\') value=${value#?} value=${value%?} ;;
	esac
	LK_VALUE=$value
}

# A number. What is none from MIN to MAX counts as DEFAULT.
lk_number() {	# NAME DEFAULT MIN MAX
	local value
	lk_setting "$1" "$2"
	value=$LK_VALUE
	case $value in
	'' | *[!0-9]* | ??????????*) LK_VALUE=$2 ;;
	*) { [ "$value" -ge "$3" ] && [ "$value" -le "$4" ]; } || LK_VALUE=$2 ;;
	esac
	[ "$LK_VALUE" = "$value" ] ||
		lk_warn 710005 "$1=$value is no number from $3 to $4: $2 is used"
}
