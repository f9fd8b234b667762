# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# What the actions and programs of the kit for OCF resource agents share: where an instance's data is,
# the environment that agents expect, and what their exit codes mean.
# shellcheck disable=SC2034,SC2154

OCF_DATA=subsys/gen/resources/ocf/data
: "${OCF_ROOT:=/usr/lib/ocf}"

# The directory of an instance's data, below $LKROOT, as OCF_DIR: the files parameters, NAME=VALUE
# lines, and operations, lines ACTION DEPTH TIMEOUT INTERVAL as the agent's metadata has them.
ocf_dir() {	# TAG
	lk_file_name "$1"
	OCF_DIR=$OCF_DATA/$LK_VALUE
}

# An id is provider:agent:name; the parts become OCF_PROVIDER, OCF_AGENT, OCF_NAME.
ocf_split() {	# ID
	OCF_PROVIDER=${1%%:*} OCF_AGENT=${1#*:}
	OCF_NAME=${OCF_AGENT#*:} OCF_AGENT=${OCF_AGENT%%:*}
	case $1 in
	*:*:*) ;;
	*) return 1 ;;
	esac
	ocf_word_ok "$OCF_PROVIDER" && ocf_word_ok "$OCF_AGENT" && ocf_word_ok "$OCF_NAME" &&
		OCF_PROGRAM=$OCF_ROOT/resource.d/$OCF_PROVIDER/$OCF_AGENT
}

# It becomes part of a path, and agents make file names of it.
ocf_word_ok() {	# WORD
	case $1 in
	'' | [!A-Za-z0-9_]* | *[!A-Za-z0-9_.-]*) return 1 ;;
	esac
}

ocf_name_ok() {	# NAME OF A PARAMETER
	case $1 in
	'' | [!A-Za-z_]* | *[!A-Za-z0-9_]*) return 1 ;;
	esac
}

# The environment, for all that follows. Values are data: no shell reads them as text.
ocf_environment() {
	export OCF_ROOT OCF_RA_VERSION_MAJOR=1 OCF_RA_VERSION_MINOR=1
	export OCF_RESOURCE_INSTANCE="$OCF_NAME" OCF_RESOURCE_TYPE="$OCF_AGENT"
	export OCF_RESOURCE_PROVIDER="$OCF_PROVIDER"
	export OCF_RESKEY_CRM_meta_on_node="$LK_SYSTEM" OCF_RESKEY_CRM_meta_on_node_uuid="$LK_SYSTEM"
	export HA_RSCTMP=/run/resource-agents HA_RSCTMP_OLD=/run/resource-agents HA_VARRUN=/run
	export HA_LOGFACILITY=none HA_debug=0 HA_LOGTAG="$OCF_AGENT($OCF_NAME)"
	# on a system without systemd nobody makes it at boot
	[ -d "$HA_RSCTMP" ] || { mkdir -p "$HA_RSCTMP" && chmod 1755 "$HA_RSCTMP"; }
}

ocf_read_parameters() {	# FILE
	local line
	while IFS= read -r line || [ -n "$line" ]; do
		ocf_name_ok "${line%%=*}" || lk_unknown 710350 "$1: \"${line%%=*}\" is no name of a parameter"
		export "OCF_RESKEY_${line%%=*}=${line#*=}"
	done <"$1"
}

# What the metadata say of an action: OCF_TIMEOUT and OCF_INTERVAL, in seconds. Of monitor that with
# the DEPTH, or with the highest one, "max"; OCF_DEPTH is the one found.
ocf_operation() {	# ACTION DEPTH FILE
	local action depth timeout interval
	OCF_TIMEOUT=20 OCF_INTERVAL=0 OCF_DEPTH=0
	while read -r action depth timeout interval; do
		[ "$action" = "$1" ] || continue
		if [ "$2" = max ]; then
			[ "$depth" -ge "$OCF_DEPTH" ] || continue
		else
			[ "$depth" -eq "$2" ] || continue
		fi
		OCF_DEPTH=$depth OCF_TIMEOUT=$timeout OCF_INTERVAL=$interval
	done <"$3"
}

ocf_begin() {	# ACTION "$@"
	# shellcheck disable=SC2317	# not in programs, which undo otherwise
	lk_undo() { ocf_undo; }
	lk_begin "$@"
	[ -n "$LK_ID" ] || lk_info
	ocf_split "$LK_ID" || lk_unknown 710351 "\"$LK_ID\" is no provider:agent:name"
	ocf_dir "$LK_TAG"
	{ [ -r "$LKROOT/$OCF_DIR/parameters" ] && [ -r "$LKROOT/$OCF_DIR/operations" ]; } ||
		lk_unknown 710352 "$LKROOT/$OCF_DIR: the data of $LK_TAG is not there"
	[ -x "$OCF_PROGRAM" ] ||
		lk_unknown 710353 "the agent $OCF_PROGRAM is not installed"
	ocf_environment
	ocf_read_parameters "$LKROOT/$OCF_DIR/parameters"
}

# Run the agent; its code is OCF_CODE, OCF_WHY the words for it.
ocf_call() {	# ACTION [DEPTH]
	ocf_operation "$1" "${2:-0}" "$LKROOT/$OCF_DIR/operations"
	ocf_agent "$1"
}

ocf_agent() {	# ACTION
	export OCF_CHECK_LEVEL="$OCF_DEPTH" OCF_RESKEY_CRM_meta_name="$1"
	export OCF_RESKEY_CRM_meta_timeout="${OCF_TIMEOUT}000" OCF_RESKEY_CRM_meta_interval="${OCF_INTERVAL}000"
	[ "$OCF_INTERVAL" != 0 ] || OCF_RESKEY_CRM_meta_interval=0
	OCF_CODE=0
	lk_run "$OCF_TIMEOUT" "$OCF_PROGRAM" "$1" </dev/null || OCF_CODE=$?
	ocf_words "$OCF_CODE"
	OCF_WHY="$1 of $LK_ID: $LK_VALUE"
}

ocf_words() {	# CODE
	case $1 in
	0) LK_VALUE=success ;;
	1) LK_VALUE='failed (1)' ;;
	2) LK_VALUE='wrong arguments (2)' ;;
	3) LK_VALUE='not implemented (3)' ;;
	4) LK_VALUE='not permitted (4)' ;;
	5) LK_VALUE='not installed (5)' ;;
	6) LK_VALUE='not configured (6)' ;;
	7) LK_VALUE='not running (7)' ;;
	8) LK_VALUE='promoted (8)' ;;
	9) LK_VALUE='promoted and failed (9)' ;;
	124 | 137) LK_VALUE="not done after $OCF_TIMEOUT s" ;;
	190) LK_VALUE='degraded (190)' ;;
	191) LK_VALUE='promoted and degraded (191)' ;;
	*) LK_VALUE="exit code $1" ;;
	esac
}

OCF_STARTED=''	# set when there is something to take back

ocf_undo() {
	[ -z "$OCF_STARTED" ] || ocf_call stop
}

ocf_start() {
	OCF_STARTED=1
	ocf_call start
	[ "$OCF_CODE" -eq 0 ] || lk_fail 710354 "$OCF_WHY"
}

# An agent that does not find its program says so; then a look tells whether the service runs.
ocf_stop() {
	ocf_call stop
	case $OCF_CODE in
	0 | 7) return ;;
	5)
		ocf_call monitor
		case $OCF_CODE in
		5 | 7) return ;;
		esac
		;;
	esac
	lk_fail 710355 "$OCF_WHY"
}

# 3 and 6 say nothing about the service, and would say so elsewhere, too.
ocf_check() {	# DEPTH
	ocf_call monitor "$1"
	case $OCF_CODE in
	0) ;;
	190) lk_warn 710356 "$OCF_WHY" ;;
	3 | 6) lk_unknown 710357 "$OCF_WHY" ;;
	*) lk_fail 710358 "$OCF_WHY" ;;
	esac
}
