# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A systemd of the test's own, as the first process of new namespaces. Its root is a tmpfs: /etc, /var,
# /run, /tmp and /home are private and nearly empty, of the machine it has /usr to read, with no units,
# tmpfiles or sysctl settings in it, and the directories given to read or write. Kernel settings are
# read-only, and its control groups are below one that the test makes.
#
#	systemd_up WRITABLE [READABLE...]	1: it cannot run here
#	systemd_down
#
# $SYSTEMD_PID is its process; units are in $SYSTEMD_UNITS, which is /etc/systemd/system in there.

SYSTEMD_PID='' SYSTEMD_PARENT='' SYSTEMD_CGROUP=''

systemd_up() {
	local top=/sys/fs/cgroup
	[ -x /usr/lib/systemd/systemd ] && [ "$(id -u)" -eq 0 ] || return
	[ ! -d /sys/fs/cgroup/unified ] || top=/sys/fs/cgroup/unified
	[ -e "$top/cgroup.procs" ] || return
	SYSTEMD_CGROUP=$top/lkqsp-$$-$RANDOM
	mkdir "$SYSTEMD_CGROUP" || return
	SYSTEMD_UNITS=$1/units
	mkdir -p "$SYSTEMD_UNITS"
	printf '[Unit]\nDefaultDependencies=no\n' >"$SYSTEMD_UNITS/default.target"
	# shellcheck disable=SC2016
	sh -c 'echo $$ >"$1/cgroup.procs" && shift &&
		exec unshare --mount --pid --fork --kill-child --cgroup --net --uts --ipc \
			bash -c "$@"' sh "$SYSTEMD_CGROUP" "$(declare -f systemd_root); systemd_root \"\$@\"" \
		systemd "$@" >"$1/systemd.log" 2>&1 3>&- &
	SYSTEMD_PARENT=$!
	wait_until 20 systemd_runs "$1" || {
		cat "$1/systemd.log" >&2
		return 1
	}
}

systemd_runs() {
	SYSTEMD_PID=$(pgrep -P "$SYSTEMD_PARENT") && [ "$(cat "/proc/$SYSTEMD_PID/comm")" = systemd ] &&
		nsenter -t "$SYSTEMD_PID" -m -p systemctl is-active --quiet default.target
}

# In the namespaces: make the root, see that nothing of the machine can be written, become systemd.
systemd_root() {
	local root=$1/root writable=$1 dir
	shift
	set -e
	mount -n --make-rprivate /
	mkdir -p "$root"
	mount -n -t tmpfs root "$root"
	cd "$root"
	mkdir dev etc etc/systemd etc/systemd/system home old proc root run sys tmp usr var
	ln -s usr/bin usr/sbin usr/lib .
	[ ! -e /usr/lib64 ] || ln -s usr/lib64 .
	mount -n --bind /usr usr
	mount -n -o remount,bind,ro usr
	for dir in lib/systemd/system lib/systemd/system-generators lib/systemd/system-preset \
		lib/tmpfiles.d lib/sysusers.d lib/sysctl.d lib/modules-load.d lib/environment.d; do
		[ ! -d "usr/$dir" ] || mount -n -t tmpfs -o ro none "usr/$dir"
	done
	mount -n -t tmpfs run run
	mount -n -t proc proc proc
	mount -n --bind proc/sys proc/sys
	mount -n -o remount,bind,ro proc/sys
	mount -n -t sysfs -o ro sys sys
	mount -n -t tmpfs cgroup sys/fs/cgroup
	mount -n -t cgroup2 cgroup2 sys/fs/cgroup
	for dir in null zero full random urandom; do
		: >"dev/$dir"
		mount -n --bind "/dev/$dir" "dev/$dir"
	done
	cp -r /etc/passwd /etc/group /etc/ld.so.cache /etc/alternatives etc/
	echo 0123456789abcdef0123456789abcdef >etc/machine-id
	mkdir -p ".$writable"
	mount -n --bind "$writable" ".$writable"
	mount -n --bind "$writable/units" etc/systemd/system
	for dir; do
		mkdir -p ".$dir"
		mount -n --bind "$dir" ".$dir"
		mount -n -o remount,bind,ro ".$dir"
	done
	pivot_root . old
	umount -l old
	for dir in / /etc /home /root /run /tmp /var; do
		[ "$(stat -fc %T "$dir")" = tmpfs ]
	done
	for dir in /old /home /root /var /usr/lib/tmpfiles.d /usr/lib/sysusers.d /usr/lib/systemd/system; do
		[ -z "$(ls -A "$dir")" ]
	done
	[ ! -w /usr ] && [ ! -w /proc/sys/fs/file-max ]
	exec env -i container=lk PATH=/usr/sbin:/usr/bin /usr/lib/systemd/systemd --system \
		--log-target=console --show-status=no --unit=default.target
}

systemd_down() {
	[ -z "$SYSTEMD_PID" ] || kill -KILL "$SYSTEMD_PID"
	[ -z "$SYSTEMD_PARENT" ] || wait "$SYSTEMD_PARENT" || :
	[ -z "$SYSTEMD_CGROUP" ] || find "$SYSTEMD_CGROUP" -depth -type d -exec rmdir {} +
}
