# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Waiting and time, for every kind of test.

# Milliseconds since the epoch, for differences.
now_ms() {
	local us=${EPOCHREALTIME//[!0-9]/}
	echo "${us%???}"
}

# wait_until SECONDS COMMAND...: poll until the command succeeds; fractions as 0.5.
wait_until() {
	local part=000 end
	[[ $1 != *.* ]] || part=${1#*.}000
	end=$(($(now_ms) + ${1%.*} * 1000 + 10#${part:0:3}))
	shift
	until "$@"; do
		[ "$(now_ms)" -lt "$end" ] || return 1
		sleep 0.02
	done
}

# Has the process ended? A zombie that nobody reaps counts as ended.
is_gone() {	# PID
	! grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status" 2>/dev/null
}
