# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Rules of the C sources that the compiler does not know.

c_files=$(sources bin sbin lib tests -- -name '*.c')

last_include() {
	local file
	for file in $c_files; do
		[ "$(grep -E '^#[[:space:]]*include' "$file" | tail -n 1)" = '#include "lk/poison.h"' ] ||
			echo "$file: the last #include is not lk/poison.h"
	done
}

spdx() {
	local file
	for file in $(sources bin sbin lib subsys etc tests man .ci -- ! -name '*.corpus' ! -path '*/corpus/*' \
		! -path '*/fixtures/*' ! -path '*/packaging/debian/*' ! -name '*.o' ! -name '*.a' ! -name '.dirstamp' ! -path '*/.deps/*'); do
		grep -Iq . "$file" || continue
		! head -n 1 "$file" | grep -q '^\.so ' || continue	# stands for another page
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' ||
			echo "$file: no SPDX line"
	done
}

# A body begins with '{' and ends with '}' in the first column; tables do not.
long_functions() {
	# shellcheck disable=SC2086
	awk 'FNR == 1 { start = 0 }
		!start && /^[A-Za-z].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
		/^{/ { start = FNR }
		/^}/ && start {
			if (FNR - start - 1 > 60)
				print FILENAME ":" start ": " name "() has " FNR - start - 1 " lines, at most 60 are allowed"
			start = 0
		}' $c_files
}

message_numbers() {
	sed -nE 's/^#define (LK_M[A-Z_0-9]+) ([0-9]+).*/\2 \1/p' lib/lk/msg.h | sort -n | awk '
		$1 == last { print "lib/lk/msg.h: number " $1 " belongs to " name " and " $2 }
		{ last = $1; name = $2 }'
}

# A literal number elsewhere, in a log line for instance, is one of lk/msg.h.
message_places() {
	local file line number
	# shellcheck disable=SC2086
	grep -noE '\b70[0-9]{4}\b' $c_files /dev/null | while IFS=: read -r file line number; do
		grep -qE "^#define LK_M[A-Z_0-9]+ $number\\b" lib/lk/msg.h ||
			echo "$file:$line: lib/lk/msg.h has no message $number"
	done
}

poisoned() {
	sed -n 's/^#pragma GCC poison //p' lib/lk/poison.h | grep -q 'strcpy.*system' ||
		echo 'lib/lk/poison.h: poisons less than it should'
}

check 'lk/poison.h is the last header of every C file' last_include
check 'lk/poison.h poisons' poisoned
check 'every file says its licence' spdx
check 'no function is longer than 60 lines' long_functions
check 'every message number is used once' message_numbers
check 'every message number is one of lib/lk/msg.h' message_places
