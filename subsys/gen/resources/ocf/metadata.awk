# SPDX-License-Identifier: GPL-2.0-or-later
# Elements <action .../> as xmllint prints them become lines ACTION DEPTH TIMEOUT INTERVAL, times in
# whole seconds, rounded up.

function attribute(name) {
	if (!match($0, " " name "=\"[^\"]*\""))
		return ""
	return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4)
}

function seconds(text, number, unit, whole) {
	if (text !~ /^ *[0-9]+(\.[0-9]+)? *[a-z]* *$/)
		return 0
	number = text + 0
	unit = text
	gsub(/[0-9. ]/, "", unit)
	if (unit ~ /^(ms|msec)$/)
		number /= 1000
	else if (unit ~ /^(us|usec)$/)
		number /= 1000000
	else if (unit ~ /^(m|min)$/)
		number *= 60
	else if (unit ~ /^(h|hr)$/)
		number *= 3600
	whole = int(number)
	if (whole < number)
		whole++
	return whole > 604800 ? 604800 : whole
}

BEGIN { RS = ">" }

/<action / {
	gsub(/[\t\n]/, " ")
	name = attribute("name")
	if (name !~ /^[A-Za-z0-9_-]+$/)
		next
	depth = attribute("depth")
	timeout = seconds(attribute("timeout"))
	print name, depth ~ /^[0-9]+$/ ? depth + 0 : 0, timeout ? timeout : 20, seconds(attribute("interval"))
}
