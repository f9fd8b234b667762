# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The pages are well-formed, have their sections, refer to pages that exist, and lk-exit(7) has the
# table of lib/lk/exit.h.

# Pages of other projects that ours may refer to.
foreign_pages=' awk(1) bash(1) bats(1) cat(1) cp(1) cron(8) cut(1) diff(1) fdatasync(2) find(1) flock(1) flock(2)
	fsync(2) grep(1) hostname(1) hostname(5) ip(8) jq(1) kill(1) kill(2) logger(1) ls(1) mandoc(1)
	open(2) passwd(5) printf(1) proc(5) ps(1) regex(7) rename(2) rsync(1) sed(1) sh(1) signal(7)
	sort(1) strace(1) syslog(3) systemctl(1) systemd(1) tar(1) time(7) timeout(1) uname(1) uname(2)
	utf-8(7) '
foreign_pages=${foreign_pages//[[:space:]]/ }

# mandoc looks for referred pages among those installed, where ours are not; references() does that.
mandoc_lint() {	# PAGE
	mandoc -Tlint -Wstyle "$1" 2>&1 | grep -vE 'referenced manual not found|outdated mandoc.db'
	[ "${PIPESTATUS[1]}" -eq 1 ]	# nothing was left
}

sections() {	# PAGE
	local want='NAME SYNOPSIS DESCRIPTION EXIT_STATUS EXAMPLES SEE_ALSO' section missing=''
	case $1 in
	*.8 | *.1) ;;
	*) want='NAME DESCRIPTION SEE_ALSO' ;;
	esac
	for section in $want; do
		grep -q "^\.Sh ${section//_/ }\$" "$1" || missing="$missing ${section//_/ }"
	done
	[ -z "$missing" ] || echo "$1: no section$missing"
}

# The title line names the file.
title() {	# PAGE
	local name=${1##*/} want
	want=".Dt $(printf '%s' "${name%.*}" | tr '[:lower:]' '[:upper:]') ${name##*.}"
	grep -qxF "$want" "$1" || echo "$1: no line \"$want\""
	grep -q '^\.Os Lockkeeper$' "$1" || echo "$1: no line \".Os Lockkeeper\""
}

# A page of ours: a file, or a second name of a command whose page names it.
is_ours() {	# NAME SECTION
	[ -e "man/$1.$2" ] || grep -lqE "^\.Nm $1( ,)?\$" man/*."$2" 2>/dev/null
}

references() {	# PAGE
	local name section line
	while read -r line name section; do
		[[ $foreign_pages == *" $name($section) "* ]] || is_ours "$name" "$section" ||
			echo "$1:$line: refers to $name($section), which does not exist"
	done < <(awk '{ sub(/^\./, "") } { for (i = 1; i <= NF - 2; i++)
		if ($i == "Xr") print NR, $(i + 1), $(i + 2) }' "$1")
}

for page in man/*.[1-9]; do
	if grep -q '^\.so ' "$page"; then
		target=$(sed -n 's|^\.so \(man[0-9]/\)*||p' "$page")
		[ -e "man/$target" ] && text='' || text="$page: no man/$target"
		verdict "$page: stands for a page" "$text"
		continue
	fi
	check "$page: mandoc -Tlint" mandoc_lint "$page"
	check "$page: title" title "$page"
	check "$page: sections" sections "$page"
	check "$page: references" references "$page"
done

# ---- exit codes ----

exit_codes_of_header() {
	sed -n 's|^	\(LK_EX_[A-Z]*\) = \([0-9]*\),.*|\2 \1|p' lib/lk/exit.h
}

exit_codes_of_page() {
	sed -n 's|^\.It \([0-9]*\) Ta Dv \(LK_EX_[A-Z]*\)\( .*\)*$|\1 \2|p' man/lk-exit.7
}

check 'lk-exit(7) has the codes of lib/lk/exit.h' \
	diff --label lib/lk/exit.h --label man/lk-exit.7 -u <(exit_codes_of_header) <(exit_codes_of_page)
check 'lib/lk/exit.h has the codes 0 to 9' \
	diff <(exit_codes_of_header | cut -d ' ' -f 1) <(seq 0 9)
