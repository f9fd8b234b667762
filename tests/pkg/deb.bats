#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The .deb packages: built from the tarball, checked, installed, used, upgraded and removed. The tests go on
# from each other.
# shellcheck disable=SC2016
load world

setup_file() {
	world_or_skip
	command -v dpkg-buildpackage lintian fakeroot dh >/dev/null || skip 'dpkg-dev, debhelper, lintian, fakeroot needed'
	build_packages deb || return
	core=$(echo "$PKG"/lockkeeper_*.deb) kits=$(echo "$PKG"/lockkeeper-kits_*.deb)
	export core kits
	higher 2 "$core" "$kits" && higher 3 "$core" 'exit 1' && higher 4 "$core" && world_up
}

teardown_file() {
	world_down
}

# The same package with a higher revision, in $PKG/NUMBER; the last word may be a preinst script.
higher() {	# NUMBER PACKAGE... [SCRIPT]
	local number=$1 file tree=$PKG/tree
	mkdir -p "$PKG/$number"
	shift
	for file; do
		[ -e "$file" ] || continue
		rm -rf "$tree"
		dpkg-deb -R "$file" "$tree" && sed -i "s/^Version: .*/&.$number/" "$tree/DEBIAN/control" || return
		if [ ! -e "${*: -1}" ]; then
			printf '#!/bin/sh\n%s\n' "${*: -1}" >"$tree/DEBIAN/preinst"
			chmod 755 "$tree/DEBIAN/preinst"
		fi
		dpkg-deb -Znone -b "$tree" "$PKG/$number/" >/dev/null || return
	done
}

dpkg_() {	# CODE ARGUMENT...
	local code=$1
	shift
	expect "$code" dpkg --force-unsafe-io "$@"
}

version_of() {	# PACKAGE
	inside dpkg-query -W -f '${Version} ${db:Status-Abbrev}' "$1"
}

@test "lintian finds no error" {
	run lintian --fail-on error --no-tag-display-limit "$PKG"/*.changes
	[ "$status" -eq 0 ] || { printf '%s\n' "$output"; false; }
}

@test "the core has daemons, commands and settings, the kits have scripts, and there is no key" {
	run dpkg-deb -c "$core"
	says ./opt/lockkeeper/sbin/lcm
	says ./opt/lockkeeper/bin/ins_create
	says ./lib/systemd/system/lockkeeper.service
	says ./usr/share/man/man8/lkstart.8.gz
	says ./usr/share/bash-completion/completions/lkstart
	[[ $output != */resources/* ]]
	[[ $output != */etc/lkkey* ]]
	[ "$(dpkg-deb -I "$core" conffiles | sort)" = '/etc/profile.d/lockkeeper.sh
/opt/lockkeeper/etc/LKinit.config
/opt/lockkeeper/etc/default/LifeKeeper' ]
	run dpkg-deb -c "$kits"
	says ./opt/lockkeeper/subsys/gen/resources/app/actions/restore
	says ./opt/lockkeeper/lkadm/subsys/comm/ip/bin/create
	[[ $output != */config/* && $output != */instances* && $output != *lkkey* ]]
}

@test "installing makes the user and registers the kits, and starts nothing" {
	dpkg_ 0 -i "/mnt/${core##*/}" "/mnt/${kits##*/}"
	expect 0 getent passwd lockkeeper
	says nologin
	[ "$(inside id -gn lockkeeper)" = lockkeeper ]
	expect 0 typ_list -f:
	says gen:app
	says comm:ip
	expect 1 lktest
	expect 0 lcdcheck
	expect 0 dpkg -V lockkeeper lockkeeper-kits
	[ -z "$output" ]
}

@test "the unit is enabled, and root has the commands in the PATH" {
	expect 0 sh -c 'readlink /etc/systemd/system/*.target.wants/lockkeeper.service'
	expect 0 env -i HOME=/root bash -lc 'command -v lkstart getlocks'
	expect 1 setpriv --reuid lockkeeper --clear-groups env -i HOME=/ bash -lc 'command -v lkstart'
}

@test "only root can look into the directories of the tree" {
	local dir
	for dir in config out run support tmp; do
		[ "$(mode_of /opt/lockkeeper/$dir)" = '750 root' ] || { echo "$dir"; false; }
	done
	[ "$(mode_of /opt/lockkeeper/subsys)" = '755 root' ]
}

@test "lkstart starts the daemons, and the network process is the user's" {
	expect 0 lkstart
	expect 0 lktest
	says 'lcm '
	expect 0 pgrep -u lockkeeper lcm
}

@test "an application is protected with the kit of the package" {
	protect_service
}

@test "an upgrade replaces the daemons, and the application keeps its process" {
	begin_upgrade
	dpkg_ 0 -i "/mnt/2/$(basename "$PKG"/2/lockkeeper_*)" "/mnt/2/$(basename "$PKG"/2/lockkeeper-kits_*)"
	[[ $(version_of lockkeeper) == *.2\ ii* && $(version_of lockkeeper-kits) == *.2\ ii* ]]
	upgrade_was_good
}

@test "an upgrade that fails before the new files starts the old daemons again" {
	local pid old
	pid=$(service_pid)
	old=$(lkinit_pid)
	dpkg_ 1 -i "/mnt/3/$(basename "$PKG"/3/lockkeeper_*)"
	[[ $(version_of lockkeeper) == *.2\ ii* ]]
	expect 0 lktest
	[ "$(lkinit_pid)" != "$old" ]
	[ "$(service_pid)" = "$pid" ]
}

@test "an upgrade whose daemons do not start fails, and goes on when that is put right" {
	local pid
	pid=$(service_pid)
	inside sh -c 'echo "nonsense" >>/opt/lockkeeper/etc/LKinit.config'
	dpkg_ 1 -i "/mnt/4/$(basename "$PKG"/4/lockkeeper_*)"
	says 'nobody looks after them'
	expect 1 lktest
	dpkg_ 1 --configure -a
	inside sed -i /nonsense/d /opt/lockkeeper/etc/LKinit.config
	dpkg_ 0 --configure -a
	expect 0 lktest
	[ "$(service_pid)" = "$pid" ]
	wait_until 60 in_service
	[[ $(calls) != *remove* ]]
}

@test "an upgrade of a stopped node starts nothing" {
	local pid
	pid=$(service_pid)
	expect 0 lkstop -f
	dpkg_ 0 -i "/mnt/4/$(basename "$PKG"/4/lockkeeper_*)"
	expect 1 lktest
	[ "$(service_pid)" = "$pid" ]
}

@test "removal is refused while a resource is in service, whether the daemons run or not" {
	dpkg_ 1 -r lockkeeper-kits
	says 'in service on this system: web'
	expect 0 lkstart
	dpkg_ 1 -r lockkeeper-kits lockkeeper
	says 'in service on this system: web'
	dpkg_ 1 -r --force-depends lockkeeper
	says 'in service on this system: web'
	[[ $(version_of lockkeeper) == *\ ?i* && $(version_of lockkeeper-kits) == *\ ?i* ]]
	expect 0 lktest
	service_pid
}

@test "removal stops the daemons and leaves the data" {
	expect 0 lkstop
	expect 0 lkstart
	wait_until 60 in_service	# lkstart does not wait for the resources
	expect 0 env LKROOT=/opt/lockkeeper perform_action -t web -a remove
	dpkg_ 0 -r lockkeeper-kits lockkeeper
	says 'stay defined, here and on other systems, without their scripts: web'
	expect 1 pgrep '^(lkinit|lcm)'
	expect 1 test -e /opt/lockkeeper/bin
	expect 0 grep web /opt/lockkeeper/subsys/gen/resources/app/instances
	expect 0 grep LCMNUMHBEATS=7 /opt/lockkeeper/etc/default/LifeKeeper
}

@test "installed again, it has the resources that it had" {
	dpkg_ 0 -i "/mnt/${core##*/}" "/mnt/${kits##*/}"
	expect 0 ins_list -f: -t web
	says alpha:gen:app:web
	expect 0 lkstart
	expect 0 lkstop
}

@test "purge leaves nothing but the user" {
	dpkg_ 0 -P lockkeeper-kits lockkeeper
	run written_in_world '*lockkeeper*' -o -name 'lkstart*'
	[ "$status" -eq 0 ]
	[ -z "$output" ] || { printf '%s\n' "$output"; false; }
	expect 0 getent passwd lockkeeper
}
