# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# What the actions and programs of the generic application share: where an instance's scripts are.
# shellcheck disable=SC2034,SC2154

APP_DATA=subsys/gen/resources/app/scripts
APP_SCRIPTS='restore remove quickCheck deepCheck recover delete extend create'

# The directory of an instance's scripts, below $LKROOT, as APP_DIR.
app_dir() {	# TAG
	lk_file_name "$1"
	APP_DIR=$APP_DATA/$LK_VALUE
}

# Run the instance's own script for this action. It gets the arguments of the action, and the
# application info in $LK_INFO; it runs in our process group, for any time.
app_run() {	# "$@"
	local code
	app_dir "$LK_TAG"
	[ -x "$LKROOT/$APP_DIR/$LK_ACTION" ] || return 0
	lk_info
	export LK_INFO
	"$LKROOT/$APP_DIR/$LK_ACTION" "$@" </dev/null
	code=$?
	[ "$code" -eq 0 ] ||
		lk_fail 710060 "the $LK_ACTION script of $LK_TAG ended with code $code"
}

# The same for actions that must have a script.
app_must_run() {	# "$@"
	app_dir "$LK_TAG"
	[ -x "$LKROOT/$APP_DIR/$LK_ACTION" ] ||
		lk_fail 710061 "$LK_TAG has no $LK_ACTION script: $LKROOT/$APP_DIR/$LK_ACTION"
	app_run "$@"
}

# A check's code is passed on: 0 healthy, 2 cannot tell, all others failed.
app_check() {	# "$@"
	local code
	app_dir "$LK_TAG"
	[ -x "$LKROOT/$APP_DIR/$LK_ACTION" ] || exit 0
	lk_info
	export LK_INFO
	"$LKROOT/$APP_DIR/$LK_ACTION" "$@" </dev/null
	code=$?
	case $code in
	0) exit 0 ;;
	2) lk_unknown 710062 "the $LK_ACTION script of $LK_TAG cannot tell" ;;
	esac
	lk_fail 710060 "the $LK_ACTION script of $LK_TAG ended with code $code"
}
