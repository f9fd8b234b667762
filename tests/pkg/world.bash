# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A world: a throw-away copy of this machine with its own files, processes and network, in which packages are
# installed. The machine itself is untouched. The tests of a file share one world and go on from each other.
# shellcheck disable=SC2016	# what the world's shell expands
# shellcheck source=/dev/null
. "$LK_SRC/tests/helpers/wait.bash"

world_or_skip() {
	[ "$(id -u)" -eq 0 ] || skip 'namespaces and mounts need root'
	[ -e "${LK_TARBALL:-}" ] || skip 'no tarball: run make check-pkg'
}

# Build the packages in $PKG.
build_packages() {	# deb|rpm
	export PKG=$BATS_FILE_TMPDIR/packages
	mkdir "$PKG"
	"$LK_SRC/etc/packaging/build" "$1" "$LK_TARBALL" "$PKG" >"$PKG/build.log" 2>&1 </dev/null || {
		tail -n 40 "$PKG/build.log" >&2
		return 1
	}
}

world_up() {
	export WORLD=$BATS_FILE_TMPDIR/world WORLD_PID
	mkdir "$WORLD"
	WORLD_PID=$("$LK_BUILD/tests/cluster/nsinit" -o "$PPID" "$LK_SRC/tests/pkg/boot" "$WORLD" "$PKG")
}

world_down() {
	[ -z "${WORLD_PID:-}" ] || kill -KILL "$WORLD_PID"
}

# Run a command in the world, as root logged in.
inside() {	# COMMAND...
	nsenter -t "$WORLD_PID" -m -n -p -u -i chroot "$WORLD/root" \
		env -i HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive \
		PATH=/opt/lockkeeper/bin:/opt/lockkeeper/lkadm/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" </dev/null 3>&- 4>&-
}

# The same, with exit code and output for the test.
expect() {	# CODE COMMAND...
	local code=$1
	shift
	run inside "$@"
	[ "$status" -eq "$code" ] || {
		printf 'exit code %s, not %s: %s\n%s\n' "$status" "$code" "$*" "$output" >&2
		return 1
	}
}

says() {	# TEXT
	[[ $output == *"$1"* ]] || {
		printf '"%s" is not in:\n%s\n' "$1" "$output" >&2
		return 1
	}
}

# A process as a resource: restore starts it unless it runs; every call is noted.
make_service() {
	inside sh -c '
		mkdir -p /srv/web && cd /srv/web || exit 1
		printf "%s\n" "#!/bin/sh" "echo restore >>/srv/web/calls" \
			"kill -0 \$(cat /srv/web/pid) 2>/dev/null && exit 0" \
			"setsid sleep 100000 </dev/null >/dev/null 2>&1 &" "echo \$! >/srv/web/pid" >restore
		printf "%s\n" "#!/bin/sh" "echo remove >>/srv/web/calls" \
			"[ ! -e /srv/web/pid ] || kill \$(cat /srv/web/pid)" "rm -f /srv/web/pid" "exit 0" >remove
		chmod 755 restore remove'
}

service_pid() {
	inside sh -c 'kill -0 $(cat /srv/web/pid) && cat /srv/web/pid'
}

calls() {
	inside cat /srv/web/calls
}

in_service() {
	[ "$(inside ins_list -f: -t web | cut -d: -f 7)" = ISP ]
}

lkinit_pid() {
	inside cut -d ' ' -f 1 /opt/lockkeeper/run/lkinit.pid
}

# The service as a resource, with the kit of the package.
protect_service() {
	make_service &&
		expect 0 env LKROOT=/opt/lockkeeper /opt/lockkeeper/lkadm/subsys/gen/app/bin/create \
			--tag web --restore /srv/web/restore --remove /srv/web/remove &&
		in_service && service_pid
}

# What an upgrade must keep: the service's process and a setting of the administrator's.
begin_upgrade() {
	UPGRADE_SERVICE=$(service_pid) && UPGRADE_LKINIT=$(lkinit_pid) &&
		inside sh -c 'echo LCMNUMHBEATS=7 >>/opt/lockkeeper/etc/default/LifeKeeper'
}

upgrade_was_good() {
	expect 0 lktest && [ "$(lkinit_pid)" != "$UPGRADE_LKINIT" ] && [ "$(service_pid)" = "$UPGRADE_SERVICE" ] &&
		wait_until 60 in_service && [[ $(calls) != *remove* ]] &&
		expect 0 grep LCMNUMHBEATS=7 /opt/lockkeeper/etc/default/LifeKeeper
}

mode_of() {	# PATH
	inside stat -c '%a %U' "$1"
}

# Files that the world has written and still has, by name; a deleted one of the machine is a device there.
written_in_world() {	# PATTERN [-o -name PATTERN]
	nsenter -t "$WORLD_PID" -m find "$WORLD/upper" ! -type c '(' -name "$@" ')'
}
