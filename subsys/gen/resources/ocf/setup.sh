# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# What the programs of the kit for OCF resource agents share: the agent's metadata, and taking over
# parameters.
# shellcheck disable=SC2034,SC2154

OCF_KIT=$LKROOT/subsys/gen/resources/ocf
OCF_LIMITS='start_timeout stop_timeout monitor_timeout'

# Parameters may come often, --param NAME=VALUE: they go to the file, the rest to lk_options.
ocf_options() {	# "NAME..." "$@"
	local names="$1" left
	shift
	lk_tmp
	: >"$LK_TMP/given"
	left=$#
	while [ "$left" -gt 0 ]; do
		if [ "$1" = --param ] && [ "$left" -gt 1 ]; then
			ocf_take_parameter "$2"
			shift 2
			left=$((left - 2))
			continue
		fi
		set -- "$@" "$1"
		shift
		left=$((left - 1))
		[ "$left" -gt 0 ] || continue
		set -- "$@" "$1"
		shift
		left=$((left - 1))
	done
	lk_options "$names" "$@"
}

ocf_take_parameter() {	# NAME=VALUE
	case $1 in
	*=*) ;;
	*) lk_bad "option --param: \"$1\" is no name=value" ;;
	esac
	case $1 in
	*'
'*) lk_bad "option --param: ${1%%=*} has more than one line" ;;
	esac
	ocf_name_ok "${1%%=*}" || lk_bad "option --param: \"${1%%=*}\" is no name of a parameter"
	printf '%s\n' "$1" >>"$LK_TMP/given"
}

# The agent of LK_ID is here and describes itself: $LK_TMP/operations, names and required.
ocf_describe() {
	lk_tmp
	lk_need xmllint awk
	[ -x "$OCF_PROGRAM" ] || lk_bad "the agent $OCF_PROGRAM is not installed"
	ocf_environment
	lk_get 30 "$OCF_PROGRAM" meta-data >"$LK_TMP/xml" 2>"$LK_TMP/said" </dev/null ||
		ocf_no_metadata "meta-data: exit code $?: $(head -n 1 "$LK_TMP/said")"
	ocf_xpath '//actions/action' >"$LK_TMP/actions" ||
		ocf_no_metadata 'no actions in the metadata'
	awk -f "$OCF_KIT/metadata.awk" "$LK_TMP/actions" >"$LK_TMP/operations"
	ocf_xpath '//parameters/parameter/@name' | ocf_values >"$LK_TMP/names"
	ocf_xpath '//parameters/parameter[@required="1" or @required="true"]/@name' | ocf_values >"$LK_TMP/required"
	{ ocf_advertises start && ocf_advertises stop && ocf_advertises monitor; } ||
		ocf_no_metadata 'start, stop or monitor is not in the metadata'
}

ocf_xpath() {	# EXPRESSION; an empty result is an error
	xmllint --nonet --xpath "$1" "$LK_TMP/xml" 2>/dev/null
}

# name="a" name="b" as lines a b
ocf_values() { tr ' ' '\n' | sed -n 's/^name="\([^"]*\)"$/\1/p'; }

ocf_no_metadata() {	# TEXT
	lk_give_up "$LK_EX_SYSTEM" 710360 "the agent $OCF_PROVIDER:$OCF_AGENT does not describe itself: $1"
}

ocf_advertises() {	# ACTION
	grep -q "^$1 " "$LK_TMP/operations"
}

# An agent with promote has a second state, which this kit does not lead it to.
ocf_check_promotable() {
	! ocf_advertises promote || [ "${opt_promotable:-}" = N ] ||
		lk_bad "option --agent: $OCF_PROVIDER:$OCF_AGENT can be promoted, which is not supported; if it also works unpromoted, say --promotable N"
}

ocf_check_parameters() {	# FILE
	local name
	while IFS='=' read -r name _; do
		grep -qxF -- "$name" "$LK_TMP/names" ||
			lk_bad "option --param: $OCF_PROVIDER:$OCF_AGENT has no parameter \"$name\""
	done <"$1"
	while read -r name; do
		grep -q "^$name=." "$1" || lk_bad "option --param: $name is missing, $OCF_PROVIDER:$OCF_AGENT needs it"
	done <"$LK_TMP/required"
}

# The options that are kept in the info, as LK_INFO.
ocf_info() {
	local name value
	LK_INFO=${opt_promotable:+promotable=N}
	for name in $OCF_LIMITS; do
		eval "value=\${opt_$name:-}"
		case $value in
		'') continue ;;
		*[!0-9]* | ???????*) lk_bad "option --$name: \"$value\" is no number of seconds" ;;
		esac
		LK_INFO="${LK_INFO:+$LK_INFO }$name=$value"
	done
}

# Limits from the info in the place of those from the metadata.
ocf_set_limits() {
	local name
	for name in $OCF_LIMITS; do
		lk_word "$name"
		[ -n "$LK_VALUE" ] || continue
		awk -v action="${name%_timeout}" -v value="$LK_VALUE" '$1 == action { $3 = value } { print }' \
			"$LK_TMP/operations" >"$LK_TMP/limited" && mv "$LK_TMP/limited" "$LK_TMP/operations"
	done
}

# With what is to be its parameters: would the agent work?
ocf_validate() {	# FILE
	ocf_read_parameters "$1"
	ocf_advertises validate-all || return 0
	ocf_operation validate-all 0 "$LK_TMP/operations"
	ocf_agent validate-all >&2
	case $OCF_CODE in
	0 | 3) ;;
	*) return 1 ;;
	esac
}

# Write parameters and operations where the instance has them, both whole.
ocf_install() {	# TAG PARAMETERS
	local new
	ocf_dir "$1"
	new=$LKROOT/$OCF_DIR
	mkdir -p -- "$new" && chmod 700 -- "$new" &&
		cp -- "$2" "$new/.parameters" && cp -- "$LK_TMP/operations" "$new/.operations" &&
		chmod 600 -- "$new/.parameters" "$new/.operations" &&
		sync "$new/.parameters" "$new/.operations" &&
		mv -- "$new/.parameters" "$new/parameters" && mv -- "$new/.operations" "$new/operations" &&
		sync "$new" "$LKROOT/$OCF_DATA"
}

# The target has an agent of its own, perhaps of another version: it reads the metadata there.
lk_extend_files() {
	local there
	ocf_dir "$opt_target_tag"
	there=$OCF_DIR
	ocf_dir "$opt_tag"
	lk_there mkdir -p "$there" && lk_there chmod 700 "$there" &&
		lcdrcp "$LKROOT/$OCF_DIR/parameters" "$LKROOT/$OCF_DIR/operations" "$opt_target:$there" &&
		lk_there chmod 600 "$there/parameters" "$there/operations" &&
		lk_there lkadm/subsys/gen/ocf/bin/update --tag "$opt_target_tag" --validate N >&2
}
