# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Every command has its page and its test, every file is in its list, every list has its file.

# in_list FILE WORD: does a makefile fragment have the word?
in_list() {
	awk -v word="$2" '{ for (i = 1; i <= NF; i++) if ($i == word) found = 1 }
		END { exit !found }' "$1"
}

has() {	# FILE
	[ -e "$1" ] || echo "$1: there is none"
}

listed() {	# FRAGMENT WORD
	in_list "$1" "$2" || echo "$1: $2 is not in the list"
}

program_listed() {	# COMMAND
	in_list bin/Makefile.inc "bin/$1" || in_list bin/Makefile.inc "lkadm/bin/$1" ||
		echo "bin/Makefile.inc: $1 is not in the list"
}

command_layout() {	# COMMAND
	program_listed "$1"
	has "man/$1.8"
	listed man/Makefile.inc "man/$1.8"
	has "tests/cli/$1.bats"
	listed tests/Makefile.inc "tests/cli/$1.bats"
	completed "$1"
}

completed() {	# COMMAND
	grep -qE "^	$1( .*)?$" etc/completion/lockkeeper ||
		echo "etc/completion/lockkeeper: $1 is not in the list"
}

# A second name needs its file and a page that names it.
link_layout() {	# FILE LINK
	has "bin/$1.c"
	completed "$2"
	[ -e "man/$2.8" ] || grep -qsE "^\.Nm $2( ,)?\$" "man/$1.8" ||
		echo "man/$1.8: the section NAME does not have $2"
}

for name in $(command_names); do
	check "$name: layout" command_layout "$name"
done

while IFS=: read -r file link; do
	check "$link: second name of $file" link_layout "$file" "$link"
done < <(sed -n '/^LINKS/,/EMPTY/s/^	\([^ $]*:[^ ]*\) .*/\1/p' bin/Makefile.inc)

# Files that no list has would be missing in the distribution.
unlisted() {
	local file
	for file in man/*.[1-9]; do
		listed man/Makefile.inc "$file"
	done
	for file in $(sources tests/cli tests/kit tests/unit -- -name '*.bats'); do
		listed tests/Makefile.inc "$file"
	done
	for file in $(sources tests/cluster -- -name '*.bats'); do
		listed tests/cluster/Makefile.inc "$file"
	done
	for file in tests/vm/*.bats; do
		listed tests/vm/Makefile.inc "$file"
	done
	for file in tests/pkg/*.bats; do
		listed tests/pkg/Makefile.inc "$file"
	done
	for file in $(find etc/packaging -type f | sort); do
		listed etc/Makefile.inc "$file"
	done
	for file in lib/*.c lib/*/*.c lib/lk/*.h lib/lkcli/*; do
		listed lib/Makefile.inc "$file"
	done
}

# Words of the lists that name files.
missing() {
	local fragment word
	for fragment in lib man tests tests/cluster tests/vm etc; do
		for word in $(grep -v '^#' "$fragment/Makefile.inc" |
			tr '[:blank:]' '\n' | grep -E "^$fragment/[^$:]*[a-z0-9]\$" | sort -u); do
			[ -e "$word" ] || [[ $word == *.[ao] || $word == *.so || $word == *.t || $word == */lk-exit.sh ]] ||
				grep -q "^$word:" "$fragment/Makefile.inc" || in_list "$fragment/Makefile.inc" "$word.c" || [ -e "$word.c" ] || [ -e "$word.in" ] ||
				echo "$fragment/Makefile.inc: there is no $word"
		done
	done
}

check 'every file is in a list' unlisted
check 'every word of a list is a file' missing
