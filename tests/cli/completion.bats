#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion: the file is sourced and its function called as readline would.

load ../helpers/tree

setup() {
	f0
	: "${LK_SRC:=$BATS_TEST_DIRNAME/../..}"
	# shellcheck source=/dev/null
	. "$LK_SRC/etc/completion/lockkeeper"
	for type in comm/ip filesys/volume gen/app; do
		app_create -a "${type%/*}"
		typ_create -a "${type%/*}" -r "${type#*/}"
	done
	ins_create -a comm -r ip -t ip1 -i 10.0.0.10
	ins_create -a comm -r ip -t ip2 -i 10.0.0.11
	ins_create -a gen -r app -t app1 -i app1id
}

# What is offered after typing LINE, sorted, one per line, in $output.
type_line() {	# LINE
	COMP_LINE=$1
	COMP_POINT=${#1}
	COMPREPLY=()
	_lockkeeper "${1%% *}" "${1##* }" ''
	output=$(printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort)
}

@test "options are those of --help" {
	type_line 'ins_list -'
	lines_are --help --version -J -R -a -d -f -i -r -t
	type_line 'ins_list --v'
	lines_are --version
}

@test "-t offers the tags" {
	type_line 'ins_list -t '
	lines_are app1 ip1 ip2
	type_line 'ins_list -t ip'
	lines_are ip1 ip2
	type_line 'ins_list -t nothing'
	lines_are
}

@test "-R offers the tags, -i the ids" {
	type_line 'ins_list -R a'
	lines_are app1
	type_line 'ins_list -i 10.0.0.10'
	lines_are 10.0.0.10
}

@test "-a offers the applications" {
	type_line 'ins_create -a '
	lines_are comm filesys gen
}

@test "-r offers the types, those of the application if it is given" {
	type_line 'ins_create -r '
	lines_are app ip volume
	type_line 'ins_create -a gen -r '
	lines_are app
	type_line 'ins_create -acomm -r '
	lines_are ip
}

@test "-d offers the systems" {
	[ -x "$LK_BIN/sys_list" ] || skip 'sys_list is not built'
	printf '%s\n' '#lockkeeper sys 1' $'#system\tplace' $'alpha\tlocal' $'beta\tremote' '#end' \
		>"$LKROOT/config/sys"
	type_line 'flg_test -d '
	lines_are alpha beta
	type_line 'flg_test -d b'
	lines_are beta
}

@test "-f offers the flags where it takes a flag, and nothing where it is the separator" {
	flg_create -f shutdown_switchover
	type_line 'flg_test -f '
	lines_are shutdown_switchover
	type_line 'ins_list -f '
	lines_are
}

@test "choices of the usage are offered" {
	type_line 'ins_create -I '
	lines_are AUTORES_ISP INIT_ISP INIT_OSU
	type_line 'ins_create -l '
	lines_are N Y
	type_line 'ins_create -s A'
	lines_are AUTOMATIC
}

@test "a value may follow its letter at once" {
	type_line 'ins_list -tip'
	lines_are -tip1 -tip2
}

@test "what the shell would interpret is escaped, unless it is quoted already" {
	flg_create -f '!nofailover!beta'
	type_line 'flg_test -f '
	lines_are '\!nofailover\!beta'
	type_line 'flg_test -f \!no'
	lines_are '\!nofailover\!beta'
	type_line "flg_test -f '!no"
	lines_are '!nofailover!beta'
}

@test "behind a colon only the rest is offered, as readline wants it" {
	flg_create -f '!action!01525!701120147!cindy:Create'
	type_line 'flg_test -f \!action\!01525\!701120147\!cindy:Cr'
	lines_are Create
}

# shellcheck disable=SC2016
@test "a name in the tree is never run" {
	flg_create -f '$(touch${IFS}pwned)'
	flg_create -f '`touch${IFS}pwned`'
	cd "$BATS_TEST_TMPDIR"
	type_line 'flg_test -f '
	[ "${#COMPREPLY[@]}" -eq 2 ]
	[ ! -e pwned ]
	eval "set -- ${COMPREPLY[*]}"
	[ $# -eq 2 ]
	[ "$1" = '$(touch${IFS}pwned)' ] || [ "$2" = '$(touch${IFS}pwned)' ]
	[ ! -e pwned ]
}

@test "a damaged tree offers nothing and prints nothing" {
	printf 'broken' >"$LKROOT/config/app"
	COMP_LINE='ins_create -a '
	COMP_POINT=14
	run _lockkeeper ins_create
	[ "$status" -eq 0 ]
	lines_are
}

@test "a command that is not installed offers nothing" {
	type_line 'no_such_command -t '
	lines_are
}

@test "every command built is registered" {
	for file in "$LK_BIN"/* "$LK_BIN"/../lkadm/bin/*; do
		if [ -x "$file" ] && [ ! -d "$file" ]; then
			complete -p "${file##*/}" >/dev/null
		fi
	done
}

@test "lkcli: groups, then verbs, then options and systems" {
	type_lkcli() {
		COMP_LINE=$1
		COMP_POINT=${#1}
		COMPREPLY=()
		_lkcli lkcli "${1##* }" ''
		output=$(printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort)
	}
	sys_create -s beta
	type_lkcli 'lkcli c'
	lines_are cluster commpath
	type_lkcli 'lkcli --d'
	lines_are --dry-run
	type_lkcli 'lkcli -J commpath '
	lines_are create delete list modify
	type_lkcli 'lkcli cluster leave -'
	lines_are --force
	type_lkcli 'lkcli commpath delete --dest beta --'
	lines_are --dest --device --local-only
	type_lkcli 'lkcli commpath delete --dest b'
	lines_are beta
	type_lkcli 'lkcli commpath create --type '
	lines_are DISK TCP TTY
	type_lkcli 'lkcli fence off --force --system b'
	lines_are beta
	type_lkcli 'lkcli server set-failover --dest beta --system '
	lines_are off on
	type_lkcli 'lkcli resource create app --inservice '
	lines_are N Y
	type_lkcli 'lkcli resource set-recovery --recovery Y --dest b'
	lines_are beta
	type_lkcli 'lkcli simulate node-failure b'
	lines_are beta
}
