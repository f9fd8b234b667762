# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Database files written by hand, as a damaged or foreign tree has them.

# record FILE FIELD...: append a record to a file below $LKROOT.
record() {
	local file=$LKROOT/$1
	shift
	sed -i '$d' "$file"
	(IFS=$'\t' && printf '%s\n#end\n' "$*") >>"$file"
}

# instance APP/TYPE TAG ID [STATE [RESERVATION HOLDER [DELETING]]]
instance() {
	record "subsys/${1%/*}/resources/${1#*/}/instances" \
		"$2" "$3" '' "${4:-OSU}" '' AUTORES_ISP "${5:-}" "${6:-0}" 180 300 0 INTELLIGENT "${7:-0}"
}

# A journal whose writer died before it put any of the files in place.
unfinished() {	# PATH...
	{
		printf '#lockkeeper journal 1\n#operation\tpath\n'
		printf 'put\t%s\n' "$@"
		printf '#end\n'
	} >"$LKROOT/config/journal"
}
