# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# What the programs of the generic application share: taking scripts over.
# shellcheck disable=SC2034,SC2154

opt_restore='' opt_remove='' opt_quickCheck='' opt_deepCheck='' opt_recover='' opt_delete=''
opt_extend='' opt_create=''

# App.N, the first that is free.
app_default_tag() {
	local n=0 used
	used=" $(ins_list | cut -d "$LK_SEP" -f 4,5 | tr "$LK_SEP\n" '  ') "
	while :; do
		case $used in
		*" App.$n "*) n=$((n + 1)) ;;
		*) break ;;
		esac
	done
	opt_tag=App.$n
}

# Scripts create, extend and delete beside the restore script belong to it.
app_hooks() {
	local name suffix value file
	for name in create extend delete; do
		eval "value=\$opt_$name"
		[ -z "$value" ] || continue
		for suffix in '' .ksh .sh .pl .py; do
			file=${opt_restore%/*}/$name$suffix
			if [ -f "$file" ] && [ -x "$file" ]; then
				eval "opt_$name=\$file"
				break
			fi
		done
	done
}

app_check_script() {	# OPTION PATH
	case $2 in
	/*) ;;
	*) lk_bad "option --$1: \"$2\" is no full path" ;;
	esac
	case $2 in
	*[!A-Za-z0-9_!./-]*) lk_bad "option --$1: a path has letters, digits and - _ ! . / only" ;;
	esac
	[ -f "$2" ] || lk_bad "option --$1: there is no file $2"
	[ -x "$2" ] || lk_bad "option --$1: $2 cannot be executed"
}

app_check_scripts() {
	local name value
	for name in $APP_SCRIPTS; do
		eval "value=\$opt_$name"
		[ -z "$value" ] || app_check_script "$name" "$value"
	done
}

# Copy the scripts to a directory that becomes the instance's when there is one.
app_stage() {
	local name value
	APP_NEW=$LKROOT/$APP_DATA/.new.$$
	lk_remember directory "$APP_NEW"
	rm -rf -- "$APP_NEW"
	mkdir -p -- "$APP_NEW" || lk_give_up "$LK_EX_SYSTEM" 710064 "$APP_NEW cannot be made"
	for name in $APP_SCRIPTS; do
		eval "value=\$opt_$name"
		[ -z "$value" ] || cp -- "$value" "$APP_NEW/$name" ||
			lk_give_up "$LK_EX_SYSTEM" 710065 "$value cannot be copied to $APP_NEW"
	done
	{ chmod -R u=rwx,go=rx -- "$APP_NEW" && sync "$APP_NEW"/* "$APP_NEW"; } ||
		lk_give_up "$LK_EX_SYSTEM" 710065 "the scripts cannot be copied to $APP_NEW"
}

lk_create_files() {
	app_dir "$opt_tag"
	# what is there belongs to an instance that is no more
	rm -rf -- "${LKROOT:?}/$APP_DIR" && mv -T -- "$APP_NEW" "$LKROOT/$APP_DIR" &&
		sync "$LKROOT/$APP_DATA" || return
	[ -z "$opt_create" ] || lk_run 0 "$LKROOT/$APP_DIR/create" -t "$opt_tag" -i "${opt_id:-$opt_tag}" >&2
}

# On the target: the directory $2 becomes $1.
# shellcheck disable=SC2016
APP_PUT='sync "$2"/* && rm -rf "$1" && mv -T "$2" "$1" && sync "${1%/*}"'

# The target gets the scripts as they are here; its own extend script then runs there.
lk_extend_files() {
	local there new
	app_dir "$opt_target_tag"
	there=$APP_DIR
	new=$APP_DATA/.new.$$
	app_dir "$opt_tag"
	lk_there rm -rf "$new" && lk_there mkdir -p "$new" &&
		lcdrcp "$LKROOT/$APP_DIR"/* "$opt_target:$new" &&
		lk_there sh -c "$APP_PUT" sh "$there" "$new" || return
	[ ! -x "$LKROOT/$APP_DIR/extend" ] ||
		lk_there "$there/extend" -t "$opt_target_tag" -i "$LK_ID" >&2
}
