#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The .rpm packages: built from the tarball, checked, installed, used, upgraded and removed, on a machine whose
# shell is bash, as where such packages belong. The tests go on from each other.
# shellcheck disable=SC2016
load world

setup_file() {
	world_or_skip
	command -v rpmbuild rpmlint >/dev/null || skip 'rpm (with rpmbuild) and rpmlint needed'
	build_packages rpm || return
	core=$(echo "$PKG"/lockkeeper-[0-9]*.x86_64.rpm) kits=$(echo "$PKG"/lockkeeper-kits-*.noarch.rpm)
	[ -e "$core" ] || core=$(find "$PKG" -maxdepth 1 -name 'lockkeeper-[0-9]*.rpm' ! -name '*.src.rpm')
	export core kits
	world_up && inside ln -sf bash /bin/sh
}

teardown_file() {
	world_down
}

# The machine's packages are not in the database of rpm.
rpm_() {	# CODE ARGUMENT...
	local code=$1
	shift
	expect "$code" rpm --dbpath /var/lib/rpm-world "$@"
}

query() {	# PACKAGE OPTION...
	local file=$1
	shift
	run rpm -qp "$@" "$file"
}

@test "rpmlint finds no error" {
	run rpmlint -c "$LK_SRC/etc/packaging/rpmlint.toml" "$PKG"/*.rpm "$PKG"/SPECS/*.spec
	[ "$status" -eq 0 ] || { printf '%s\n' "$output" | grep -v ' W: '; false; }
}

@test "the core has daemons, commands and settings, the kits have scripts, and there is no key" {
	query "$core" -l
	says /opt/lockkeeper/sbin/lcm
	says /opt/lockkeeper/bin/ins_create
	says /usr/lib/systemd/system/lockkeeper.service
	says /usr/share/man/man8/lkstart.8
	says /usr/share/bash-completion/completions/lkstart
	[[ $output != */resources/* && $output != */etc/lkkey* ]]
	query "$core" --qf '[%{FILENAMES} %{FILEFLAGS:fflags}\n]'
	[ "$(grep ' c' <<<"$output")" = '/etc/profile.d/lockkeeper.sh cn
/opt/lockkeeper/etc/LKinit.config cn
/opt/lockkeeper/etc/default/LifeKeeper cn' ]
	query "$kits" -l
	says /opt/lockkeeper/subsys/gen/resources/app/actions/restore
	says /opt/lockkeeper/lkadm/subsys/comm/ip/bin/create
	[[ $output != */config/* && $output != */instances* && $output != *lkkey* ]]
}

@test "installing makes the user and registers the kits, and starts nothing" {
	rpm_ 0 -i --nodeps "/mnt/${core##*/}" "/mnt/${kits##*/}"
	expect 0 getent passwd lockkeeper
	says nologin
	expect 0 typ_list -f:
	says gen:app
	says comm:ip
	expect 1 lktest
	[ "$(mode_of /opt/lockkeeper/config)" = '750 root' ]
	[ "$(mode_of /opt/lockkeeper/subsys)" = '755 root' ]
}

@test "an application is protected with the kit of the package" {
	expect 0 lkstart
	protect_service
}

@test "an upgrade replaces the daemons, and the application keeps its process" {
	begin_upgrade
	rpm_ 0 -U --nodeps --force "/mnt/${core##*/}" "/mnt/${kits##*/}"
	upgrade_was_good
}

@test "removal is refused while a resource is in service" {
	rpm_ 1 -e lockkeeper-kits
	says 'in service on this system: web'
	rpm_ 2 -e lockkeeper-kits lockkeeper
	says 'in service on this system: web'
	rpm_ 0 -q lockkeeper lockkeeper-kits
	expect 0 lktest
	service_pid
}

@test "removal stops the daemons and leaves the data" {
	expect 0 env LKROOT=/opt/lockkeeper perform_action -t web -a remove
	rpm_ 0 -e lockkeeper-kits lockkeeper
	says 'stay defined, here and on other systems, without their scripts: web'
	expect 1 pgrep '^(lkinit|lcm)'
	expect 1 test -e /opt/lockkeeper/bin
	expect 0 grep web /opt/lockkeeper/subsys/gen/resources/app/instances
	expect 0 sh -c 'grep -h LCMNUMHBEATS=7 /opt/lockkeeper/etc/default/LifeKeeper*'
}
