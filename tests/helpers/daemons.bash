# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Trees in which the supervisor runs, with small daemons (tests/daemon/testd.c). Loaded after tree.bash.

# with_daemons LINE...: the table. The test's teardown must call end_daemons.
with_daemons() {
	mkdir -p "$LKROOT"/{bin,sbin,etc}
	ln -sf "$LK_BIN/../sbin/lkinit/lkinit" "$LKROOT/sbin/lkinit"
	ln -sf "$LK_BIN/../tests/daemon/testd" "$LKROOT/sbin/testd"
	table "$@"
	PATH=$LKROOT/sbin:$PATH
}

table() {	# LINE...
	printf '%s\n' "$@" >"$LKROOT/etc/LKinit.config"
}

lkinit_pid() {
	cut -d ' ' -f 1 "$LKROOT/run/lkinit.pid"
}

# The process of a daemon; nothing if it has none.
pid_of() {	# TAG
	lktest | awk -v tag="$1" '$1 == tag && $2 != "-" { print $2 }'
}

state_is() {	# TAG STATE
	lktest | grep -qE "^$1 [0-9-]+ $2 "
}

# The daemon has a process, and it is not this one.
restarted() {	# TAG OLD-PID
	local pid
	pid=$(pid_of "$1")
	[ -n "$pid" ] && [ "$pid" != "$2" ]
}

starts_of() {	# TAG
	if [ -e "$LKROOT/tmp/$1.starts" ]; then
		wc -l <"$LKROOT/tmp/$1.starts"
	else
		echo 0
	fi
}

has_started() {	# TAG TIMES
	[ "$(starts_of "$1")" -ge "$2" ]
}

ended() {	# PID
	! kill -0 "$1" 2>/dev/null
}

logged() {	# TEXT
	grep -qF -- "$1" "$LKROOT/out/lifekeeper.log"
}

stopped() {
	! lktest >/dev/null
}

# Only processes of this test's tree are ended: those that have noted their ids and their parents, if they
# still have its LKROOT in their environment.
end_daemons() {
	local pid
	while read -r pid _; do
		for pid in $(ps -o ppid= -p "$pid") "$pid"; do
			if grep -qzxF "LKROOT=$LKROOT" "/proc/$pid/environ" 2>/dev/null && [ "$pid" != $$ ]; then
				kill -KILL "$pid" 2>/dev/null || :
			fi
		done
	done < <(cat "$LKROOT/run/lkinit.pid" "$LKROOT"/tmp/*.{starts,helper,app} 2>/dev/null)
}
