# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# What the actions and programs of quick service protection share: a service by its name, with
# systemd where that runs and with init scripts elsewhere. LK_ID is the name.
# shellcheck disable=SC2034,SC2154

QSP_INITD=/etc/init.d
QSP_STARTED=''	# set when there is something to take back
QSP_POLL=0.2	# seconds between two looks at a service that is on its way

# As sd_booted(3) finds out.
qsp_systemd() { [ -d /run/systemd/system ]; }

# Limits in seconds, 0 is none.
qsp_limits() {
	lk_number QSP_START_TIME 300 0 604800
	QSP_START_TIME=$LK_VALUE
	lk_number QSP_STOP_TIME 300 0 604800
	QSP_STOP_TIME=$LK_VALUE
	lk_number QSP_CHECK_TIME 10 1 604800
	QSP_CHECK_TIME=$LK_VALUE
}

# A name is an argument of programs and part of a path.
qsp_name_ok() {	# NAME
	case $1 in
	'' | [!A-Za-z0-9]* | *[!A-Za-z0-9:_.@\\-]*) return 1 ;;
	esac
	[ "${#1}" -le 256 ]
}

qsp_begin() {	# ACTION "$@"
	# shellcheck disable=SC2317	# not in programs, which undo otherwise
	lk_undo() { qsp_undo; }
	lk_begin "$@"
	qsp_limits
	[ -n "$LK_ID" ] || lk_info
	qsp_name_ok "$LK_ID" || lk_unknown 710300 "\"$LK_ID\" is no name of a service"
	if qsp_systemd; then
		lk_need systemctl
		QSP_BY=unit
	else
		lk_info		# says whether status can be asked for
		lk_word status Y
		QSP_STATUS=$LK_VALUE
		QSP_BY=script
	fi
}

# A restore that fails or is interrupted leaves nothing half started.
qsp_undo() {
	[ -n "$QSP_STARTED" ] || return 0
	if qsp_systemd; then
		lk_run 4 systemctl --no-block stop -- "$LK_ID"
	else
		qsp_script 4 stop
	fi
}

# ---- systemd ----

# The state of the unit as QSP_STATE: active, inactive, failed, activating, deactivating and others.
qsp_ask() {
	QSP_STATE=$(lk_get "$QSP_CHECK_TIME" systemctl is-active -- "$LK_ID" 2>/dev/null)
	[ -n "$QSP_STATE" ] ||
		lk_unknown 134607 "systemctl command has failed for \"$LK_TAG\": systemd does not say the state of $LK_ID"
}

# Wait while the unit is on its way, SECONDS at most; then QSP_STATE tells where it is.
qsp_settle() {	# SECONDS
	local left=$(($1 * 5))
	[ "$1" -ne 0 ] || left=-1
	while :; do
		qsp_ask
		case $QSP_STATE in
		activating | deactivating | maintenance) [ "$left" -ne 0 ] || return 0 ;;
		reloading | refreshing)
			QSP_STATE=active
			return
			;;
		*) return 0 ;;
		esac
		left=$((left - 1))
		sleep "$QSP_POLL"
	done
}

qsp_systemctl() {	# SECONDS VERB...
	lk_run "$@" -- "$LK_ID" </dev/null
}

# start or restart; a unit that failed too often gets another chance.
qsp_unit_up() {	# VERB
	QSP_STARTED=1
	qsp_systemctl "$QSP_START_TIME" systemctl "$1"
	case $? in
	0) ;;
	124 | 137) lk_fail 710301 "$LK_ID was not up after $QSP_START_TIME s" ;;
	*)
		qsp_systemctl "$QSP_CHECK_TIME" systemctl reset-failed 2>/dev/null
		qsp_systemctl "$QSP_START_TIME" systemctl "$1" ||
			lk_fail 134607 "systemctl command has failed for \"$LK_TAG\": $1 of $LK_ID, exit code $?"
		;;
	esac
	qsp_settle "$QSP_START_TIME"
	[ "$QSP_STATE" = active ] || lk_fail 710302 "$LK_ID was started and is $QSP_STATE"
}

qsp_unit_down() {
	local code
	qsp_systemctl "$QSP_STOP_TIME" systemctl stop
	code=$?
	if lk_timed_out "$code"; then
		lk_warn 710303 "$LK_ID has not stopped after $QSP_STOP_TIME s and is killed"
		qsp_systemctl "$QSP_CHECK_TIME" systemctl kill --signal=KILL
	fi
	qsp_settle "$QSP_CHECK_TIME"
	case $QSP_STATE in
	inactive | failed | unknown) ;;	# also a unit that is no more
	*) lk_fail 134607 "systemctl command has failed for \"$LK_TAG\": $LK_ID is $QSP_STATE after stop, exit code $code" ;;
	esac
}

qsp_unit_check() {
	qsp_settle "$QSP_CHECK_TIME"
	[ "$QSP_STATE" = active ] || lk_fail 710304 "$LK_ID is $QSP_STATE"
}

# Properties of the unit, one exec: sets QSP_LoadState and so on, each empty if unknown.
qsp_show() {	# UNIT; returns non-zero if systemd does not answer
	local name value text
	QSP_Id='' QSP_LoadState='' QSP_ActiveState='' QSP_SubState='' QSP_Result='' QSP_Type=''
	QSP_UnitFileState='' QSP_CanStart='' QSP_CanStop='' QSP_TriggeredBy=''
	text=$(lk_get "$QSP_CHECK_TIME" systemctl show \
		-p Id,LoadState,ActiveState,SubState,Result,Type,UnitFileState,CanStart,CanStop,TriggeredBy -- "$1") || return
	while IFS='=' read -r name value; do
		case $name in
		Id) QSP_Id=$value ;;
		LoadState) QSP_LoadState=$value ;;
		ActiveState) QSP_ActiveState=$value ;;
		SubState) QSP_SubState=$value ;;
		Result) QSP_Result=$value ;;
		Type) QSP_Type=$value ;;
		UnitFileState) QSP_UnitFileState=$value ;;
		CanStart) QSP_CanStart=$value ;;
		CanStop) QSP_CanStop=$value ;;
		TriggeredBy) QSP_TriggeredBy=$value ;;
		esac
	done <<-EOT
	$text
	EOT
	[ -n "$QSP_LoadState" ]
}

# What "active" hides: processes that are gone, a run that ended badly.
qsp_unit_deep() {
	qsp_unit_check
	qsp_show "$LK_ID" ||
		lk_unknown 134607 "systemctl command has failed for \"$LK_TAG\": show of $LK_ID"
	case $QSP_Type/$QSP_SubState in
	oneshot/exited) ;;
	*/exited | */dead | */failed) lk_fail 710304 "$LK_ID is $QSP_ActiveState ($QSP_SubState)" ;;
	esac
	case $QSP_Result in
	'' | success) ;;
	*) lk_fail 710305 "$LK_ID: systemd has the result $QSP_Result" ;;
	esac
}

# ---- init scripts ----

qsp_have_script() {
	[ -x "$QSP_INITD/$LK_ID" ] || command -v service >/dev/null
}

qsp_script() {	# SECONDS VERB
	if [ -x "$QSP_INITD/$LK_ID" ]; then
		lk_run "$1" "$QSP_INITD/$LK_ID" "$2" </dev/null
	else
		lk_run "$1" service "$LK_ID" "$2" </dev/null
	fi
}

# LSB: 0 runs; 1, 2 and 3 do not; the rest is no answer. 0, 1 or 2 as a check says it; QSP_STATE
# has the words.
qsp_status() {
	local code
	qsp_script "$QSP_CHECK_TIME" status >/dev/null
	code=$?
	QSP_STATE="status $code"
	case $code in
	0) return 0 ;;
	1 | 2 | 3) return 1 ;;
	124 | 137) QSP_STATE="no status within $QSP_CHECK_TIME s" ;;
	esac
	return 2
}

# A script may return before the service runs.
qsp_script_settle() {
	local left=$((QSP_CHECK_TIME * 5))
	[ "$QSP_STATUS" = Y ] || return 0
	until qsp_status; do
		[ "$left" -gt 0 ] || lk_fail 710302 "$LK_ID was started and is down: $QSP_STATE"
		left=$((left - 1))
		sleep "$QSP_POLL"
	done
}

qsp_script_up() {
	local code
	[ -x "$QSP_INITD/$LK_ID" ] || lk_need service
	if [ "$1" = restart ]; then
		qsp_script "$QSP_STOP_TIME" stop
	elif [ "$QSP_STATUS" = Y ] && qsp_status; then
		return 0	# not all scripts take a second start for a success
	fi
	QSP_STARTED=1
	qsp_script "$QSP_START_TIME" start
	code=$?
	! lk_timed_out "$code" || lk_fail 710301 "$LK_ID was not up after $QSP_START_TIME s"
	[ "$code" -eq 0 ] || lk_fail 710306 "start of $LK_ID failed: exit code $code"
	qsp_script_settle
}

# Code 5 of stop: the program is not installed, so it does not run.
qsp_script_down() {
	local code left=$((QSP_CHECK_TIME * 5))
	if ! qsp_have_script; then
		lk_warn 710307 "there is no init script of $LK_ID, it is taken for stopped"
		return 0
	fi
	qsp_script "$QSP_STOP_TIME" stop
	code=$?
	if [ "$QSP_STATUS" != Y ]; then
		[ "$code" -eq 0 ] || [ "$code" -eq 5 ] || lk_fail 710308 "stop of $LK_ID failed: exit code $code"
		return 0
	fi
	while qsp_status; do
		{ [ "$left" -gt 0 ] && [ "$code" -eq 0 ]; } ||
			lk_fail 710308 "stop of $LK_ID failed: exit code $code, it still runs"
		left=$((left - 1))
		sleep "$QSP_POLL"
	done
	case $code:$QSP_STATE in
	0:* | 5:* | *:'status '[123]) ;;
	*) lk_fail 710308 "stop of $LK_ID failed: exit code $code, $QSP_STATE" ;;
	esac
}

qsp_script_check() {
	[ -x "$QSP_INITD/$LK_ID" ] || lk_need service
	[ "$QSP_STATUS" = Y ] || return 0
	qsp_status
	case $? in
	0) ;;
	1) lk_fail 710304 "$LK_ID does not run: $QSP_STATE" ;;
	*) lk_unknown 710309 "$LK_ID: $QSP_STATE says nothing about the service" ;;
	esac
}

qsp_script_deep() { qsp_script_check; }
