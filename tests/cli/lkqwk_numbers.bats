#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The documented message numbers of the storage quorum, 18100 to 18219: each one is caused, and found in the log. The
# others of that range, and why they cannot be caused, are in lkqwk(8).
#
# shellcheck disable=SC2153,SC2030,SC2031	# QWK_PID and QWK_PIDS are the helper's, and a test's own

load ../helpers/tree
load ../helpers/far
load ../helpers/qwk

setup() {
	qwk_systems beta
	qwk_tunables
}

teardown() {
	# by this the daemon ends also where strace does not pass the signal on
	rm -f "$LKROOT/config/qwk"
	qwk_end
}

files() {
	qwk_conf file 1 "${1:-$SHARED/alpha}" "${2:-$SHARED/beta}"
	qwk_objects
}

debug() {
	qwk_tunables QUORUM_DEBUG=1
}

# The log of alpha gets a line of this number and level, with this text.
tells() {	# NUMBER LEVEL TEXT
	wait_until 60 is_told "$@"
}

is_told() {	# NUMBER LEVEL TEXT
	grep "\\]: $2:quorum:[^:]*:[^:]*:0$1:" "$LKROOT/out/lifekeeper.log" | grep -qF -- "$3"
} 2>/dev/null

# The daemon does not start with such settings.
refuses() {	# NUMBER TEXT SED-SCRIPT
	files
	sed -i "$3" "$LKROOT/config/qwk"
	expect 1 "$LKQWK" -f
	is_told "$1" ERROR "$2"
	is_told 18106 ERROR 'run qwk_storage_exit and qwk_storage_init on all systems'
	expect 1 "$LKQWK" -n
	says "(No. $1)"
}

# beta's object has this text, and alpha says so, and that it is no sign of life.
bad_object() {	# NUMBER LEVEL TEXT LINE...
	local number=$1 level=$2 text=$3
	shift 3
	files
	printf '%s\n' "$@" | qwk_bytes beta
	qwk_start alpha
	tells "$number" "$level" "$SHARED/beta: $text"
	tells 18152 ERROR "\"beta\": $text"
	wait_until 60 rests
}

# Nothing counts of what was read of beta.
rests() {
	[ "$(value_of alpha beta sequence)" -eq 0 ]
} 2>/dev/null

head_of_beta=(signature=LKQWK1 local_node=beta time=1 sequence=7)

# ---- start, settings, end ----

@test "18100, 18101: with QUORUM_DEBUG the lock of the daemon is traced" {
	files
	debug
	qwk_start alpha
	tells 18100 INFO run/lkqwk.lock
	tells 18150 INFO 'write sequence 1'
	qwk_kill TERM "$QWK_PID"
	tells 18101 INFO run/lkqwk.lock
}

is_old() {	# FILE
	[ $(($(date +%s) - $(stat -c %Y "$1"))) -ge 4 ]
}

@test "18102: a round that begins too late is told" {
	files
	qwk_start alpha
	tells 18212 INFO HAVE_QUORUM
	kill -STOP "$QWK_PID"
	wait_until 60 is_old "$LKROOT/run/lkqwk.status"
	kill -CONT "$QWK_PID"
	tells 18102 ERROR 'ms, which exceeds 2*QWK_STORAGE_HBEATTIME (2000) ms.'
}

@test "18104: a wrong argument is told in the log, too" {
	expect 2 "$LKQWK" now
	is_told 18104 ERROR 'usage: lkqwk [-f | -n]'
}

@test "18105, 18169, 18111: start, the request to end, and end are told" {
	files
	qwk_start alpha
	tells 18105 INFO 'starting lkqwk: 2 systems, every 1 s, 3 misses, 1 own objects'
	tells 18212 INFO HAVE_QUORUM
	qwk_kill TERM "$QWK_PID"
	tells 18169 INFO 'by signal 15'
	tells 18111 INFO 'shutdown lkqwk'
}

@test "18107: that the daemon cannot start is told" {
	files
	mkdir "$LKROOT/run/lkqwk.lock"
	expect 1 "$LKQWK" -f
	is_told 18107 ERROR 'run/lkqwk.lock'
}

@test "18108: what is known cannot be kept from the start on" {
	files
	ln -s nowhere "$LKROOT/run/lkqwk.status"
	qwk_start alpha
	tells 18108 ERROR 'run/lkqwk.status'
}

@test "18109: what is known cannot be kept any more" {
	files
	qwk_start alpha
	tells 18212 INFO HAVE_QUORUM
	ln -s nowhere "$BATS_TEST_TMPDIR/link"
	mv -T "$BATS_TEST_TMPDIR/link" "$LKROOT/run/lkqwk.status"
	tells 18109 ERROR 'run/lkqwk.status'
}

@test "18106, 18112: settings that are missing or cannot be read are told" {
	expect 1 "$LKQWK" -f
	is_told 18112 ERROR 'open for config/qwk failed: the storage quorum is not initialised: run qwk_storage_init'
	is_told 18106 ERROR 'lkqwk does not start'
	ln -s nowhere "$LKROOT/config/qwk"
	expect 1 "$LKQWK" -f
	is_told 18112 ERROR 'config/qwk: Too many levels of symbolic links'
}

@test "18113: a system without an object is told" {
	refuses 18113 'QWK_STORAGE_OBJECT_beta is not set' "\\,^qwk_object_path=$SHARED/beta,d"
}

@test "18114: an unknown word in the settings is told" {
	refuses 18114 "'colour' is unknown config" '2i colour=red'
}

@test "18115: a wrong hbeattime in the settings is told" {
	refuses 18115 "configuration of hbeattime '0' is incorrect." 's/^hbeattime=.*/hbeattime=0/'
	refuses 18115 "configuration of hbeattime '' is incorrect." '/^hbeattime=/d'
}

@test "18116: a wrong numhbeats in the settings is told" {
	refuses 18116 "configuration of numhbeats 'x' is incorrect." 's/^numhbeats=.*/numhbeats=x/'
	refuses 18116 "configuration of numhbeats '' is incorrect." '/^numhbeats=/d'
}

@test "18118: qwk_storage_init tells that LCMHBEATTIME is too long" {
	qwk_tunables QWK_STORAGE_HBEATTIME=5 LCMHBEATTIME=6
	expect 1 qwk_storage_init
	is_told 18118 ERROR "configuration of lcmhbeattime '6' is incorrect."
}

@test "18119: qwk_storage_init tells that LCMNUMHBEATS is too large" {
	qwk_tunables LCMNUMHBEATS=5
	expect 1 qwk_storage_init
	is_told 18119 ERROR "configuration of lcmnumhbeats '5' is incorrect."
}

@test "18120: an unknown type of storage is told" {
	refuses 18120 "configuration of qwk_object_type 'tape' is incorrect." 's/^qwk_object_type=.*/qwk_object_type=tape/'
}

@test "18121: a wrong name of this system is told" {
	refuses 18121 "configuration of my_node 'al pha' is incorrect" 's/^my_node=.*/my_node=al pha/'
	refuses 18121 "configuration of my_node '' is incorrect: it is missing" '/^my_node=/d'
}

@test "18122: a wrong number of systems is told" {
	refuses 18122 "configuration of number_of_node '3' is incorrect." 's/^number_of_node=.*/number_of_node=3/'
	refuses 18122 "configuration of number_of_node '0' is incorrect." '/^number_of_node=/d'
}

@test "18123: more objects than a system may have are told" {
	refuses 18123 "configuration of number_of_object '2' is incorrect." '/^#end/i qwk_object_path=/another'
}

@test "18124: an object of a system that is none is told" {
	refuses 18124 "configuration of object node 'be ta' is incorrect" 's/^node=.*/node=be ta/'
	refuses 18124 "configuration of object node 'alpha' is incorrect: it is named twice" 's/^node=.*/node=alpha/'
}

@test "18125: a wrong path of an object is told" {
	refuses 18125 "configuration of object path 'beta' is incorrect." "s,^qwk_object_path=.*/beta,qwk_object_path=beta,"
}

@test "18126: that this system itself has no object is told" {
	refuses 18126 'there is no object of this system, alpha' "\\,^qwk_object_path=$SHARED/alpha,d"
	rm "$LKROOT/config/qwk"
	qwk_tunables QWK_STORAGE_OBJECT_alpha=
	expect 1 qwk_storage_init
	is_told 18126 ERROR 'QWK_STORAGE_OBJECT_alpha is not set'
}

# ---- storage that fails ----

@test "18127, 18151: an object that cannot be opened to read is told" {
	files
	rm "$SHARED/beta"
	mkfifo "$SHARED/beta"
	qwk_start alpha
	tells 18127 ERROR "open for $SHARED/beta failed: not a regular file"
	tells 18151 ERROR "failed to read qwk object of \"beta\": open for $SHARED/beta failed"
}

@test "18128: an object that cannot be read is told" {
	# the first bytes of a process are never there
	files '' /proc/self/mem
	qwk_start alpha
	tells 18128 ERROR 'read for /proc/self/mem failed: Input/output error'
}

@test "18129: that the AWS CLI cannot be run to read is told" {
	qwk_s3 3 s3://one/alpha s3://one/beta
	PATH=/nonexistent qwk_start alpha
	tells 18129 ERROR 'the program to read s3://one/beta could not be run: aws: No such file or directory'
}

@test "18130: an object that cannot be opened to write is told" {
	files
	qwk_start alpha
	tells 18212 INFO HAVE_QUORUM
	rm "$SHARED/alpha"
	mkdir "$SHARED/alpha"
	tells 18130 ERROR "open for $SHARED/alpha failed: Is a directory"
}

@test "18131: an object that cannot be written is told" {
	[ "$(id -u)" -eq 0 ] || skip 'needs root'
	unshare -m true 2>/dev/null || skip 'no private mount namespace here'
	files
	truncate -s 0 "$SHARED/beta"
	# shellcheck disable=SC2016	# the inner one expands it
	unshare -m bash -c '
		mount --make-rprivate / && mount -t tmpfs -o size=4k small "$1" || exit 10
		truncate -s 4096 "$1/alpha" || exit 11	# all hole, so that a write needs room
		dd if=/dev/zero of="$1/fill" bs=1k 2>/dev/null
		exec "$2" -f 3>&-' bash "$SHARED" "$LKQWK" &
	QWK_PIDS+=("$!")
	tells 18131 ERROR "write for $SHARED/alpha failed: No space left on device"
}

@test "18132: that the AWS CLI cannot be run to write is told" {
	qwk_s3 3 s3://one/alpha s3://one/beta
	qwk_start alpha
	tells 18212 INFO HAVE_QUORUM
	printf '%s\n' '#!/bin/sh' 'echo "aws: python3: not found" >&2' 'exit 127' >"$BATS_TEST_TMPDIR/bin/new"
	chmod 755 "$BATS_TEST_TMPDIR/bin/new"
	mv "$BATS_TEST_TMPDIR/bin/new" "$BATS_TEST_TMPDIR/bin/aws"
	tells 18132 ERROR 'the program to write s3://one/alpha could not be run: aws: python3: not found'
}

@test "18149: an object that is not there is told" {
	files
	rm "$SHARED/beta"
	qwk_start alpha
	tells 18149 ERROR "qwk object was not found. $SHARED/beta"
}

@test "18155: that there is no memory is told" {
	strace -o /dev/null true 2>/dev/null || skip 'no strace here'
	qwk_s3 3 s3://one/alpha s3://one/beta
	strace -f -qq -o /dev/null -e trace=memfd_create -e inject=memfd_create:error=ENOMEM \
		"$LKQWK" -f 3>&- >/dev/null 2>&1 &
	QWK_PIDS+=("$!")
	tells 18155 ERROR 'no memory for 4096 bytes: Cannot allocate memory'
}

@test "18156, 18193: that no process can be started is told" {
	files
	qwk_start alpha
	tells 18212 INFO HAVE_QUORUM
	prlimit --pid "$QWK_PID" --nofile=3:
	tells 18156 ERROR "the process for an access to $SHARED/alpha could not be started: Too many open files"
	tells 18193 ERROR 'asks lcm how this system sees the others could not be started: Too many open files'
}

@test "18211, 18213: the own object is lost, and then restored" {
	files
	qwk_start alpha
	tells 18212 INFO HAVE_QUORUM
	mv "$SHARED" "$SHARED.gone"
	tells 18213 INFO 'quorum state changed to LOST_QUORUM.'
	mv "$SHARED.gone" "$SHARED"
	tells 18211 INFO 'qwk object was restored.'
}

@test "18212: that this system has quorum is told" {
	files
	qwk_start alpha
	tells 18212 INFO 'quorum state changed to HAVE_QUORUM.'
}

@test "18216, 18217: an object in S3 that cannot be read or written is told" {
	qwk_s3 3 s3://one/alpha s3://one/beta
	qwk_start alpha
	tells 18212 INFO HAVE_QUORUM
	: >"$S3_DIR/one.down"
	tells 18216 ERROR 'qwk_storage_s3get for s3://one/beta failed: 1 (fatal error: Could not connect'
	tells 18217 ERROR 'qwk_storage_s3put for s3://one/alpha failed: 1 (fatal error: Could not connect'
}

@test "18218: a first round in which not all objects were read is told" {
	files
	rm "$SHARED/beta"
	mkfifo "$SHARED/beta"
	qwk_start alpha
	tells 18218 WARN 'first cycle did not complete before timeout (1000 ms), completed_num='
}

# ---- objects ----

@test "18135: an object without signature is told" {
	bad_object 18135 ERROR "'signature=' line is missing." precious
}

@test "18136: an object with another signature is told, and never written over" {
	bad_object 18136 ERROR "signature 'LKQWK9' does not match." signature=LKQWK9
	qwk_kill TERM "$QWK_PID"
	rm "$LKROOT/config/qwk"
	cp "$SHARED/beta" "$SHARED/alpha"
	expect 1 qwk_storage_init
	is_told 18136 ERROR "signature 'LKQWK9' does not match. $SHARED/alpha has other data in it, which is not overwritten"
	cmp "$SHARED/beta" "$SHARED/alpha"
}

@test "18137: an object that does not say whose it is is told" {
	bad_object 18137 ERROR "'local_node=' line is missing." signature=LKQWK1
}

@test "18138: an object of another system is told" {
	bad_object 18138 ERROR "local_node 'gamma' does not match." signature=LKQWK1 local_node=gamma
}

@test "18139: an object without time is told" {
	bad_object 18139 ERROR "'time=' line is missing." "${head_of_beta[@]:0:2}"
}

@test "18140: an object without sequence is told" {
	bad_object 18140 ERROR "'sequence=' line is missing." "${head_of_beta[@]:0:3}"
}

@test "18141: a sequence that is no number is told" {
	bad_object 18141 ERROR "sequence 'x' scan failed." "${head_of_beta[@]:0:3}" sequence=x
}

@test "18142: an object that does not name all systems is told, and counts" {
	files
	qwk_object beta 7
	qwk_start alpha
	tells 18142 WARN "$SHARED/beta: 'node=' line is missing or wrong. index=0"
	wait_until 60 sees alpha beta 7
}

@test "18143: a system without its state is told" {
	bad_object 18143 ERROR "'commstat=' line is missing. index=0" "${head_of_beta[@]}" node=alpha
}

@test "18144: an object without checksum is told" {
	bad_object 18144 ERROR "'checksum=' line is missing." "${head_of_beta[@]}" node=alpha commstat=ALIVE
}

@test "18145: a checksum that is none is told" {
	bad_object 18145 ERROR "checksum 'none' scan failed." "${head_of_beta[@]}" checksum=none
}

@test "18146, 18152: a checksum that does not match is told" {
	bad_object 18146 ERROR 'checksum does not match.' "${head_of_beta[@]}" checksum=00000000
}

@test "18147: the sequence of the own object goes on" {
	files
	qwk_object alpha 41 node=beta commstat=ALIVE
	qwk_start alpha
	tells 18147 INFO 'valid qwk object is found, sequence=41'
	wait_until 60 has_written 42
}

has_written() {	# SEQUENCE
	[ "$(sequence_of "$SHARED/alpha")" -ge "$1" ]
} 2>/dev/null

begins_anew() {
	[ "$(sequence_of "$SHARED/alpha")" -lt 41 ]
} 2>/dev/null

@test "18148: a damaged own object begins anew" {
	files
	printf '%s\n' signature=LKQWK1 local_node=alpha time=1 sequence=41 | qwk_bytes alpha
	qwk_start alpha
	tells 18144 ERROR "$SHARED/alpha: 'checksum=' line is missing."
	tells 18148 INFO 'initialised to sequence 0'
	wait_until 60 begins_anew
}

@test "18150, 18153: with QUORUM_DEBUG each sequence is told" {
	files
	debug
	qwk_object beta 7 node=alpha commstat=ALIVE
	qwk_start alpha
	tells 18150 INFO 'write sequence 1'
	tells 18153 INFO 'read sequence 7 of "beta"'
}

@test "18154: a sequence that goes back is told" {
	files
	qwk_object beta 700 node=alpha commstat=ALIVE
	qwk_start alpha
	wait_until 60 sees alpha beta 700
	qwk_object beta 7 node=alpha commstat=ALIVE
	tells 18154 WARN 'sequence of "beta" backed down from 700 to 7'
}

@test "18209: a state that is none is told" {
	bad_object 18209 ERROR "'MAYBE' is unknown node state" "${head_of_beta[@]}" node=alpha commstat=MAYBE
}

@test "18215: an object with nothing in it is told, also one of no length" {
	files
	: >"$SHARED/beta"
	qwk_start alpha
	tells 18215 ERROR "$SHARED/beta: qwk object is empty"
	tells 18215 ERROR "$SHARED/alpha: qwk object is empty"
}

# ---- the checks at an event ----

# The event of alpha: beta is not reached any more.
comm_down() {	# [SYSTEM]
	: >"$LKROOT/run/dead-beta"
	EVENT_OF=${1:-beta}
	lcdmachfail -s "$EVENT_OF" 2>/dev/null 3>&- &
	EVENT=$!
	QWK_PIDS+=("$EVENT")
}

# Where the machine was so busy that alpha had no quorum meanwhile, the event comes again.
finds() {	# NUMBER TEXT
	wait_until 90 is_found "$@"
}

is_found() {	# NUMBER TEXT
	is_told "$1" INFO "$2" && return
	kill -0 "$EVENT" 2>/dev/null || comm_down "$EVENT_OF"
	return 1
}

@test "18157, 18160, 18164, 18165, 18166, 18168: a dead system, with its steps" {
	files
	debug
	qwk_object beta 7 node=alpha commstat=DEAD
	qwk_start alpha
	tells 18212 INFO HAVE_QUORUM
	comm_down
	finds 18166 'quorum_verify(COMM_DOWN, beta): have quorum'
	finds 18165 'quorum check of "beta" in progress: '
	finds 18164 'remote node down (status=CR2) "beta"'
	finds 18157 'lcd sys state: DEAD'
	finds 18168 'witness_verify(COMM_DOWN, beta): DEAD'
	tells 18160 INFO 'remote node "beta" is DOWN. quiet_period='
}

@test "18158, 18159, 18163: a system that lives and cannot be reached, and how each sees the other" {
	files
	qwk_start alpha
	qwk_start beta
	wait_until 60 sees alpha beta 2
	wait_until 60 sees_alive alpha beta
	comm_down
	finds 18163 'remote node up (status=CR1) "beta"'
	finds 18158 'lcd sys state of "beta" seen from this system: DEAD'
	finds 18159 'lcd sys state of this system seen from "beta": ALIVE'
}

@test "18161: a system of which the storage tells nothing is told after twice the time" {
	files
	rm "$SHARED/beta"
	mkfifo "$SHARED/beta"
	qwk_start alpha
	tells 18212 INFO HAVE_QUORUM
	comm_down
	finds 18161 'timeout (status=CR4) "beta"'
}

@test "18162: that this system has no quorum itself is told" {
	files
	: >"$LKROOT/run/dead-beta"
	expect 0 lcdmachfail -s beta
	is_told 18162 INFO 'quorum failed (status=CR3) "beta": this system has no quorum'
}

@test "18167, 18219: a system that the settings do not have is told" {
	files
	debug
	sys_create -s gamma
	qwk_start alpha
	tells 18212 INFO HAVE_QUORUM
	comm_down gamma
	finds 18167 "target_node 'gamma' is unknown"
	is_told 18219 ERROR "Cannot find the configuration for node 'gamma' in the configuration file."
}

@test "18210: an unknown word for the state of the quorum is told, and written anew" {
	echo QUORUM_MODE=majority >"$LKROOT/etc/default/LifeKeeper"
	echo perhaps >"$LKROOT/run/quorum.state"
	: >"$LKROOT/run/dead-beta"
	expect 0 lcdmachfail -s beta
	is_told 18210 ERROR "'perhaps' is unknown quorum state"
	grep -qx lost "$LKROOT/run/quorum.state"
}

# ---- the list ----

numbers_of_page() {	# SECTION
	sed -n "/^\\.Ss $1/,/^\\.S[sh]/s/^\\.It \\(18[0-9]*\\)\\( to \\([0-9]*\\)\\)\\?.*/\\1 \\3/p" "$LK_SRC/man/lkqwk.8" |
		while read -r from to; do
			seq "$from" "${to:-$from}"
		done
}

numbers_of_source() {
	sed -n 's/^#define LK_M[A-Z_0-9]* \(18[12][0-9][0-9]\),.*/\1/p' "$LK_SRC/lib/lk/msg.h" | sort -n
}

@test "lkqwk(8) has the messages of lib/lk/msg.h, and each one is tested here" {
	[ "$(numbers_of_source | wc -l)" -gt 60 ]
	[ "$(numbers_of_page Messages)" = "$(numbers_of_source)" ]
	[ "$(grep '^@test "18' "$BATS_TEST_FILENAME" | grep -o '18[12][0-9][0-9]' | sort -nu)" = "$(numbers_of_source)" ]
}

@test "lkqwk(8) has the others of the range, too, and says why they cannot occur" {
	[ "$({ numbers_of_page Messages; numbers_of_page 'Numbers that do not occur'; } | sort -n)" = "$(seq 18100 18219)" ]
}
