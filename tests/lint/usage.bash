# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The synopsis is the same in CMD --help, in the page and in the test, white space apart; and page and
# test know every option.

squeezed() {
	tr -d '[:space:]'
}

executable() {	# COMMAND
	local dir
	for dir in "$LK_BUILD/bin" "$LK_BUILD/lkadm/bin"; do
		[ ! -x "$dir/$1" ] || echo "$dir/$1"
	done
}

help_usage() {	# EXECUTABLE
	"$1" --help | sed -n '1,/^[^ U]/{/^Usage: /s///p;s/^       \([^ ]\)/\1/p}' | squeezed
}

page_usage() {	# PAGE
	mandoc -Tascii -Owidth=900 "$1" | col -bx |
		sed -n '/^SYNOPSIS$/,/^[A-Z]/{/^ /p}' | squeezed
}

# sed's second address is searched from the line after the first, so /^[A-Z]/ is the next section

test_usage() {	# BATS FILE
	sed -n 's/^# usage: //p' "$1" | squeezed
}

same_usage() {	# COMMAND
	local program want got
	program=$(executable "$1")
	[ -n "$program" ] || {
		echo "$1: not built"
		return
	}
	want=$(help_usage "$program")
	[ -n "$want" ] || echo "$1 --help: no usage"
	got=$(page_usage "man/$1.8")
	[ "$got" = "$want" ] || printf '%s --help: %s\nman/%s.8: %s\n' "$1" "$want" "$1" "$got"
	got=$(test_usage "tests/cli/$1.bats")
	[ "$got" = "$want" ] || printf '%s --help: %s\ntests/cli/%s.bats: %s\n' "$1" "$want" "$1" "$got"
}

# -x and --long options, as --help shows them
options_of() {	# COMMAND
	"$(executable "$1")" --help | sed -n 's/^  \(-[^ ]*\) .*/\1/p' |
		grep -vxE -- '--help|--version'
}

known_options() {	# COMMAND
	local option name
	for option in $(options_of "$1"); do
		name=${option#-}
		grep -qE "(^\.|[ (\"])(It )?Fl( [^ ]+)* ?$name( |\$)|^\.It Fl $name( |\$)" "man/$1.8" ||
			echo "man/$1.8: option $option is missing"
		grep -vE '^[[:space:]]*(#|@test)' "tests/cli/$1.bats" |
			grep -qE -- "(^|[^[:alnum:]_-])$option" ||
			echo "tests/cli/$1.bats: no test uses option $option"
	done
}

for name in $(command_names); do
	if [ ! -e "man/$name.8" ] || [ ! -e "tests/cli/$name.bats" ]; then
		skipped "$name: usage" 'page or test is missing, see layout'
		continue
	fi
	check "$name: one synopsis" same_usage "$name"
	check "$name: options in page and test" known_options "$name"
done
