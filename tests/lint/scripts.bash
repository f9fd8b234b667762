# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Nothing to complain about in any script.

# bats files and what they load know $status and $output; the rest says its shell itself
for script in $(sources . -- -name '*.bats'); do
	check "${script#./}: shellcheck" shellcheck -x -s bats "$script"
done
for script in $(sources tests -- -name '*.bash'); do
	check "$script: shellcheck" shellcheck -e SC2154 "$script"
done
for script in $(sources . -- ! -name '*.bats' ! -name '*.bash' ! -path './build-aux/*' ! -path './configure*' ! -path './man/*' \
	-exec grep -Eqs -m1 '^#!.*[/ ](ba|da|k)?sh\>|^# shellcheck shell=' {} \;); do
	case $(head -n 1 "$script") in
	'#!'*bash*) shell=bash ;;
	'#!'*) shell='sh' ;;
	*) shell= ;;	# by its own directive
	esac
	check "${script#./}: shellcheck" shellcheck -x ${shell:+-s $shell} "$script"
done
