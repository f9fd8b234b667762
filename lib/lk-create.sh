# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# What the kit programs create, extend, canextend, depstoextend, delete and unextend have in common,
# lk-kit(7). Whatever a program has done is undone, last thing first, when it fails or is interrupted.
# shellcheck disable=SC2034,SC2154

# shellcheck source=lib/lk-kit.sh
. "${LKROOT:?}/lib/lk-kit.sh"

LK_PROGRAM=1
LK_KIT=${0%/*}		# the directory of the programs of this kit
LK_DONE=''		# what is to be undone, a line each
opt_tag='' opt_target='' opt_here=''

# ---- options ----

# Options are --NAME VALUE; the value of each becomes opt_NAME.
lk_options() {	# "NAME..." "$@"
	local names=" $1 " name
	shift
	while [ $# -gt 0 ]; do
		name=${1#--}
		case $name in
		'' | *[!A-Za-z_]*) lk_wrong "unexpected argument \"$1\"" ;;
		esac
		case "$1$names" in
		--*" $name "*) ;;
		*) lk_wrong "unknown option $1" ;;
		esac
		[ $# -gt 1 ] || lk_wrong "option $1 needs a value"
		eval "opt_$name=\$2"	# the name is one of ours
		shift 2
	done
}

lk_wrong() {	# TEXT
	lk_error 2 "Usage error: $1"
	exit "$LK_EX_USAGE"
}

lk_bad() {	# TEXT
	lk_error 710030 "$1"
	exit "$LK_EX_ARG"
}

lk_want() {	# OPTION...
	local name value
	for name; do
		eval "value=\${opt_$name-}"
		[ -n "$value" ] || lk_wrong "option --$name is missing"
	done
}

lk_want_choice() {	# OPTION VALUE CHOICE...
	local name="$1" value="$2" choice
	shift 2
	for choice; do
		[ "$value" != "$choice" ] || return 0
	done
	lk_bad "option --$name: \"$value\" is none of $*"
}

# ---- begin and end ----

lk_program() {	# PROGRAM APP/TYPE
	LK_ACTION=$1 LK_APP=${2%/*} LK_TYPE=${2#*/}
	LK_SYSTEM=$(lcduname) || exit
	LK_ACTIONS=$LKROOT/subsys/$LK_APP/resources/$LK_TYPE/actions
	lk_catch
}

lk_remember() {	# KIND WORD [WORD]
	LK_DONE="$*
$LK_DONE"
}

lk_undo() {
	local kind a b
	while read -r kind a b; do
		case $kind in
		instance)
			lk_error 21 "Removing resource instance $a from server ${b:-$LK_SYSTEM} due to an error during creation"
			ins_remove ${b:+-d "$b"} -t "$a" -G
			;;
		service) perform_action -G -s -t "$a" -a remove >&2 ;;
		directory) rm -rf -- "$a" ;;
		esac
	done <<-EOF
	$LK_DONE
	EOF
	LK_DONE=
}

# Leave after an error, with the code that the failed command gave.
lk_give_up() {	# CODE NUMBER TEXT
	trap '' TERM INT HUP
	lk_error "$2" "$3"
	lk_undo
	exit "$1"
}

# ---- create ----

LK_CREATE_OPTIONS='tag switchback localrecovery quick deep inservice'

# Does the type have this action?
lk_has_action() {	# ACTION
	[ -x "$LK_ACTIONS/$1" ]
}

# A kit that has files of its own redefines this; it runs when the instance is there.
lk_create_files() { :; }

# Make the instance and bring it into service. Options of all kits count here; a kit that has no check
# or recovery for this one instance sets opt_quick, opt_deep or opt_localrecovery beforehand.
lk_create() {	# ID INFO
	local code
	lk_want_choice inservice "${opt_inservice:=Y}" Y N
	lk_run 0 ins_create -a "$LK_APP" -r "$LK_TYPE" -t "$opt_tag" -i "$1" -v "$2" \
		-s "${opt_switchback:-INTELLIGENT}" -l "${opt_localrecovery:-$(lk_default_recovery)}" \
		-Q "${opt_quick:-$(lk_default_interval quickCheck 180)}" \
		-D "${opt_deep:-$(lk_default_interval deepCheck 300)}"
	code=$?
	[ "$code" -ne "$LK_EX_EXISTS" ] ||
		lk_give_up "$code" 14 "Resource with either matching tag $opt_tag or ID exists"
	[ "$code" -eq 0 ] || lk_give_up "$code" 15 "ins_create failed on server $LK_SYSTEM"
	lk_remember instance "$opt_tag"
	lk_create_files ||
		lk_give_up "$LK_EX_SYSTEM" 18 "Error creating resource $opt_tag on server $LK_SYSTEM"
	[ "$opt_inservice" = N ] || lk_first_restore
	LK_DONE=
	printf '%s\n' "$opt_tag"
}

lk_default_interval() {	# ACTION SECONDS
	if lk_has_action "$1"; then echo "$2"; else echo 0; fi
}

lk_default_recovery() {
	if lk_has_action recover; then echo Y; else echo N; fi
}

# -G: the creator holds the admin lock, the global scripts would wait for it.
lk_first_restore() {
	[ -n "${LK_WAS_RUNNING:-}" ] || lk_remember service "$opt_tag"
	lk_run 0 perform_action -G -t "$opt_tag" -a restore >&2 ||
		lk_give_up "$LK_EX_SYSTEM" 23 "Error bringing resource $opt_tag in service on server $LK_SYSTEM"
}

# ---- the other system ----

# A word as the shell of lcdremexec needs it.
lk_quote() {	# WORD; the result is LK_VALUE
	local rest="$1"
	LK_VALUE="'"
	while :; do
		case $rest in
		*\'*)
			LK_VALUE="$LK_VALUE${rest%%\'*}'\\''"
			rest=${rest#*\'}
			;;
		*) break ;;
		esac
	done
	LK_VALUE="$LK_VALUE$rest'"
}

# Run a command on the target; its paths are relative to the tree there.
lk_there() {	# COMMAND...
	local line='' word
	for word; do
		lk_quote "$word"
		line="$line $LK_VALUE"
	done
	lcdremexec -e -d "$opt_target" -- "${line# }"
}

# The instance OPT_TAG here, and what extend needs to know of it.
lk_template() {
	local record
	lk_want tag target
	LK_TAG=$opt_tag
	record=$(ins_list -t "$opt_tag" 2>/dev/null) ||
		lk_give_up "$LK_EX_NOENT" 3 "Template resource $opt_tag on server $LK_SYSTEM does not exist"
	lk_take_record "$record"
	LK_ACTIONS=$LKROOT/subsys/$LK_APP/resources/$LK_TYPE/actions
	[ -n "${opt_target_tag:-}" ] || opt_target_tag=$opt_tag
	[ "$opt_target" != "$LK_SYSTEM" ] || lk_bad "option --target: $opt_target is this system"
}

# ---- canextend ----

LK_EXTEND_OPTIONS='tag target target_tag priority template_priority switchback'

# Can the instance be extended? What the kit itself has to say, "canextend --here Y", runs on the target
# and prints the info that the instance is to have there.
lk_canextend() {	# KIT OPTION...
	lk_template
	lk_kit_there
	lk_need_quorum
	[ -z "$(lk_field 4 ins_list -d "$opt_target" -t "$opt_target_tag" 2>/dev/null)" ] ||
		lk_give_up "$LK_EX_EXISTS" 4 "Template resource $opt_tag cannot be extended to server $opt_target because it already exists there"
	lk_there "lkadm/subsys/$LK_APP/$LK_TYPE/bin/canextend" --here Y --tag "$opt_target_tag" \
		--id "$LK_ID" --info "$LK_INFO" "$@" ||
		lk_give_up $? 8 "Cannot extend resource $opt_tag to server $opt_target"
}

# Is the kit installed there?
lk_kit_there() {
	local path code
	path=lkadm/subsys/$LK_APP/$LK_TYPE/bin/canextend
	lk_there test -x "$path"
	code=$?
	[ "$code" -ne "$LK_EX_COMM" ] ||
		lk_give_up "$code" 4217 "Communication failure: destination system \"$opt_target\" is out of service."
	[ "$code" -ne "$LK_EX_NOENT" ] || lk_give_up "$code" 710033 "there is no system $opt_target"
	[ "$code" -eq 0 ] ||
		lk_give_up "$LK_EX_SYSTEM" 5 "Cannot access canextend script on server $opt_target"
	lk_there test -x "subsys/$LK_APP/resources/$LK_TYPE/actions/restore" ||
		lk_give_up "$LK_EX_SYSTEM" 6 "Cannot access extend script subsys/$LK_APP/resources/$LK_TYPE on server $opt_target"
}

# Who has no quorum, here or there, may not know what the other part of the cluster has made meanwhile.
lk_need_quorum() {
	lk_setting ALLOW_EXTEND_WITH_QUORUM_ERROR false
	[ "$LK_VALUE" != true ] || return 0
	lk_has_quorum "$LK_SYSTEM"
	lk_has_quorum "$opt_target" -d "$opt_target"
}

lk_has_quorum() {	# SYSTEM OPTION...
	local system="$1"
	shift
	lk_quorum "$@" >/dev/null 2>&1
	[ $? -ne "$LK_EX_INTERNAL" ] || lk_give_up "$LK_EX_INTERNAL" 703351 \
		"Resource $opt_tag cannot be extended to server $opt_target: system \"$system\" has no quorum, and ALLOW_EXTEND_WITH_QUORUM_ERROR is not true"
}

# One field of what a command prints.
lk_field() {	# NUMBER COMMAND...
	local field="$1"
	shift
	"$@" | cut -d "$LK_SEP" -f "$field"
}

# ---- extend ----

# A kit that copies files to the target redefines this; it runs when the instance is there.
lk_extend_files() { :; }

lk_extend() {	# KIT OPTION...
	local info
	info=$(lk_canextend "$@") || exit
	lk_template
	lk_run 0 ins_create -d "$opt_target" -a "$LK_APP" -r "$LK_TYPE" -t "$opt_target_tag" \
		-i "$LK_ID" -v "$info" -I "$LK_INIT" -Q "$LK_QUICK" -D "$LK_DEEP" \
		-s "${opt_switchback:-INTELLIGENT}" -l "$(lk_yes "$LK_RECOVERY")" ||
		lk_give_up $? 15 "ins_create failed on server $opt_target"
	lk_remember instance "$opt_target_tag" "$opt_target"
	lk_extend_files || lk_extend_failed
	lk_run 0 eqv_create -t "$opt_tag" -p "${opt_template_priority:-$(lk_own_priority)}" \
		-S "$opt_target" -o "$opt_target_tag" -r "${opt_priority:-10}" -e SHARED || lk_extend_failed
	lk_extend_others || lk_extend_failed
	lk_extend_deps || lk_extend_failed
	LK_DONE=
}

lk_extend_failed() {
	lk_give_up "$LK_EX_SYSTEM" 18 "Error creating resource $opt_target_tag on server $opt_target"
}

lk_yes() { if [ "$1" = 1 ]; then echo Y; else echo N; fi; }

# The priority that this system has in an earlier equivalency, else 1.
lk_own_priority() {
	local priority
	priority=$(lk_field 6 eqv_list -t "$opt_tag" | sed -n 1p)
	echo "${priority:-1}"
}

# The target becomes the equivalent of the other systems' instances, too.
lk_extend_others() {
	local ours tag other otag shared prio oprio
	eqv_list -t "$opt_tag" | tr "$LK_SEP" '\t' |
		while IFS='	' read -r ours tag other otag shared prio oprio; do
			[ "$other" != "$opt_target" ] || continue
			eqv_create -d "$other" -t "$otag" -p "$oprio" -S "$opt_target" \
				-o "$opt_target_tag" -r "${opt_priority:-10}" -e "$shared" || return
		done
}

# The tag that the equivalent of one of ours has on the target; nothing: there is none.
lk_tag_there() {	# TAG
	eqv_list -t "$1" | tr "$LK_SEP" '\t' | awk -F '\t' -v to="$opt_target" -v tag="$1" \
		'$2 == tag && $3 == to { print $4; exit }'
}

# The dependencies on those that are there already.
lk_extend_deps() {
	local parent child there
	dep_list | tr "$LK_SEP" '\t' | while IFS='	' read -r parent child; do
		if [ "$parent" = "$opt_tag" ]; then
			there=$(lk_tag_there "$child")
			[ -z "$there" ] || dep_create -d "$opt_target" -p "$opt_target_tag" -c "$there" || return
		elif [ "$child" = "$opt_tag" ]; then
			there=$(lk_tag_there "$parent")
			[ -z "$there" ] || dep_create -d "$opt_target" -p "$there" -c "$opt_target_tag" || return
		fi
	done
}

# ---- a file of the instance, NAME.TAG in the directory of its type ----

lk_tag_file() {	# NAME TAG; the path below LKROOT is LK_VALUE
	lk_file_name "$2"
	LK_VALUE=subsys/$LK_APP/resources/$LK_TYPE/$1.$LK_VALUE
}

# FILE.new was written; it becomes FILE, durably: whole or not at all.
lk_put_file() {	# FILE
	sync "$1.new" && mv -- "$1.new" "$1" && sync "${1%/*}"
}

# For lk_extend_files: the target has the file of this system to begin with, if there is one.
lk_copy_file() {	# NAME
	local from
	lk_tag_file "$1" "$opt_tag"
	from=$LK_VALUE
	[ -e "$LKROOT/$from" ] || return 0
	lk_tag_file "$1" "$opt_target_tag"
	lcdrcp "$LKROOT/$from" "$opt_target:$LK_VALUE"
}

# ---- depstoextend, unextend, delete ----

# What the instance depends on, and the target has not: children before parents.
lk_depstoextend() {
	local tag
	lk_template
	ins_list -R "$opt_tag" | cut -d "$LK_SEP" -f 4 | tac | while read -r tag; do
		[ "$tag" = "$opt_tag" ] || [ -n "$(lk_tag_there "$tag")" ] || echo "$tag"
	done
}

lk_unextend() {
	local there
	lk_template
	there=$(lk_tag_there "$opt_tag")
	[ -n "$there" ] ||
		lk_give_up "$LK_EX_NOENT" 19 "$opt_tag is not extended to server $opt_target"
	case $(lk_field 7 ins_list -d "$opt_target" -t "$there") in
	OSU | OSF) ;;
	'') lk_give_up "$LK_EX_COMM" 10 "Error getting resource information" ;;
	*) lk_give_up "$LK_EX_INUSE" 710031 "$there is in service on server $opt_target" ;;
	esac
	ins_remove -d "$opt_target" -t "$there" -G	# the caller holds the admin lock
}

# On every system, the others first: what is left after an error can be deleted again from here.
lk_delete() {
	local other tag code=0
	lk_want tag
	ins_list -t "$opt_tag" >/dev/null || exit
	LK_VALUE=$(lk_equivalents)
	while read -r other tag; do
		[ -z "$other" ] || ins_remove -d "$other" -t "$tag" -G </dev/null || code=$?
	done <<-EOF
	$LK_VALUE
	EOF
	[ "$code" -eq 0 ] ||
		lk_give_up "$code" 710032 "$opt_tag is not deleted here because it could not be deleted on another server"
	ins_remove -t "$opt_tag" -G
}

lk_equivalents() {
	eqv_list -t "$opt_tag" | tr "$LK_SEP" '\t' |
		awk -F '\t' -v tag="$opt_tag" '$2 == tag { print $3, $4 }'
}
