# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# What the programs of quick service protection share: can this service be protected here?
# shellcheck disable=SC2034,SC2154

# The service opt_service as LK_ID, or the end.
qsp_probe() {
	qsp_limits
	qsp_name_ok "$opt_service" || lk_bad "option --service: \"$opt_service\" is no name of a service"
	LK_ID=$opt_service
	if qsp_systemd; then
		lk_need systemctl
		qsp_probe_unit
	else
		qsp_probe_script
	fi
	qsp_probe_kits
}

# One service has one id, whatever it was called: the unit's own name, without .service.
qsp_probe_unit() {
	qsp_show "$LK_ID" ||
		lk_give_up "$LK_EX_SYSTEM" 134607 "systemctl command has failed for \"$LK_ID\": show"
	[ "$QSP_LoadState" = loaded ] || lk_bad "option --service: unit $LK_ID is $QSP_LoadState"
	[ "$QSP_CanStart$QSP_CanStop" = yesyes ] ||
		lk_bad "option --service: unit $LK_ID cannot be started and stopped"
	LK_ID=${QSP_Id%.service}
	case $QSP_UnitFileState in
	enabled | enabled-runtime)
		lk_warn 710320 "systemd starts $LK_ID when the system boots, which is not its matter any more: systemctl disable $LK_ID"
		;;
	esac
	[ -z "$QSP_TriggeredBy" ] ||
		lk_warn 710321 "$LK_ID can be started by $QSP_TriggeredBy: protect that instead, or disable it"
	QSP_UP=
	[ "$QSP_ActiveState" != active ] || QSP_UP=1
}

qsp_probe_script() {
	local link
	LK_ID=${LK_ID%.service}
	if [ ! -x "$QSP_INITD/$LK_ID" ]; then
		command -v service >/dev/null ||
			lk_bad "option --service: there is no init script $QSP_INITD/$LK_ID"
		qsp_script "$QSP_CHECK_TIME" status >/dev/null 2>&1 ||
			lk_bad "option --service: \"service $LK_ID status\" fails"
	fi
	for link in /etc/rc[2345].d/S[0-9][0-9]"$LK_ID"; do
		[ -e "$link" ] || continue
		lk_warn 710320 "$link starts $LK_ID when the system boots, which is not its matter any more: remove it"
		break
	done
	QSP_UP=
	[ "${opt_quick:-1}" = 0 ] || ! qsp_status || QSP_UP=1
}

# Kits name the services that they protect themselves in a file "services", one per line.
qsp_probe_kits() {
	local file
	case $LK_ID in
	lockkeeper*) lk_bad "option --service: $LK_ID is Lockkeeper itself" ;;
	esac
	for file in "$LKROOT"/subsys/*/resources/*/services; do
		[ -f "$file" ] || continue
		! grep -qxF -- "$LK_ID" "$file" ||
			lk_bad "option --service: $LK_ID has a kit of its own in ${file%/services}"
	done
}
