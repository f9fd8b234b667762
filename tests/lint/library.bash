# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# liblk.a never prints, never exits and has no state.

forbidden='(__)?v?printf(_chk)?|puts|putchar(_unlocked)?|putc|perror|psignal|stdout|stderr|stdin|v?warnx?|v?errx?'
forbidden="$forbidden|exit|quick_exit|abort|__assert_fail|atexit"

calls() {
	nm -A -u "$LK_BUILD/lib/liblk.a" |
		sed -nE "s/^[^:]*:([^:]*): *U ($forbidden)\$/liblk.a: \1 uses \2/p"
}

# Constant tables of pointers are relocated at start and then read-only.
state() {
	nm -A -f sysv "$LK_BUILD/lib/liblk.a" | awk -F'|' '
		{ gsub(/ /, "", $7); gsub(/ /, "", $1) }
		$7 ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ && $7 !~ /^\.data\.rel\.ro/ {
			sub(/^[^:]*:/, "", $1); print "liblk.a: " $1 " is writable (" $7 ")" }'
}

if nm -u "$LK_BUILD/lib/liblk.a" | grep -q __asan; then
	skipped 'liblk.a: calls and state' 'a build with ASan'
else
	check 'liblk.a neither prints nor exits' calls
	check 'liblk.a has no writable data' state
fi

commands_link() {
	local file
	for file in "$LK_BUILD"/bin/*; do
		if [ ! -x "$file" ] || [ -h "$file" ]; then
			continue
		fi
		ldd "$file" 2>/dev/null | awk -v file="bin/${file##*/}" '
			$1 !~ /^(linux-vdso|libpopt|libc|libasan|libubsan|libm|libgcc_s)\.so/ &&
			$1 !~ /ld-linux/ && $1 ~ /\.so/ { print file ": links " $1 }'
	done
}

check 'commands link nothing but libc and popt' commands_link
