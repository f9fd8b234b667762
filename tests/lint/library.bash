# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# liblk.a and liblkcrypto.a never print, never exit and have no state.

forbidden='(__)?v?printf(_chk)?|puts|putchar(_unlocked)?|putc|perror|psignal|stdout|stderr|stdin|v?warnx?|v?errx?'
forbidden="$forbidden|exit|quick_exit|abort|__assert_fail|atexit"

libraries="$LK_BUILD/lib/liblk.a $LK_BUILD/lib/liblkcrypto.a"

calls() {
	# shellcheck disable=SC2086
	nm -A -u $libraries |
		sed -nE "s/^.*\/([^:]*):([^:]*): *U ($forbidden)\$/\1: \2 uses \3/p"
}

# Constant tables of pointers are relocated at start and then read-only.
state() {
	# shellcheck disable=SC2086
	nm -A -f sysv $libraries | awk -F'|' '
		{ gsub(/ /, "", $7); gsub(/ /, "", $1) }
		$7 ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ && $7 !~ /^\.data\.rel\.ro/ {
			sub(/^.*\//, "", $1); print $1 " is writable (" $7 ")" }'
}

if nm -u "$LK_BUILD/lib/liblk.a" | grep -q __asan; then
	skipped 'liblk.a: calls and state' 'a build with ASan'
else
	check 'liblk.a neither prints nor exits' calls
	check 'liblk.a has no writable data' state
fi

# What a command links itself; those with a reason to link more are named here.
commands_link() {
	local file also
	for file in "$LK_BUILD"/bin/*; do
		if [ ! -x "$file" ] || [ -h "$file" ]; then
			continue
		fi
		case ${file##*/} in
		lkkey) also='|libgnutls' ;;
		lcdrcp) also='|libz' ;;
		*) also= ;;
		esac
		objdump -p "$file" 2>/dev/null | awk -v file="bin/${file##*/}" \
			-v good="^(libpopt|libc|libasan|libubsan|libm|libgcc_s|ld-linux[^.]*$also)[.]so" '
			$1 == "NEEDED" && $2 !~ good { print file ": links " $2 }'
	done
}

check 'commands link nothing but libc and popt' commands_link
