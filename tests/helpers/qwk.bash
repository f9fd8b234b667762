# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Two systems, alpha ($LKROOT) and beta, with the storage quorum. Loaded after tree.bash and far.bash; the test's
# teardown calls qwk_end.

LKQWK=$LK_BIN/../sbin/lkqwk/lkqwk
QWK_PIDS=()

# Systems with comm paths that are ALIVE, and a directory for their objects.
qwk_systems() {	# SYSTEM...
	local name port=1500
	export FAKELCM_STATUS=' ' FAKELCM_PATHS=1
	f0
	SHARED=$BATS_TEST_TMPDIR/shared
	mkdir -p "$SHARED"
	for name; do
		mkdir -p "$BATS_TEST_TMPDIR/$name"
	done
	far "$@"
	for name; do
		net_create -s "$name" -n TCP -D "TCP:$port" -l 10.1.0.1 -r "10.1.$((port / 10 % 100)).2" -p 1
		on "$name" net_create -s alpha -n TCP -D "TCP:$port" -l "10.1.$((port / 10 % 100)).2" -r 10.1.0.1 -p 1
		port=$((port + 10))
	done
}

root_of() {	# SYSTEM
	[ "$1" = alpha ] && echo "$LKROOT" || echo "$FAR/$1"
}

# Lines of the tunables of both, on top of those for files.
qwk_tunables() {	# LINE...
	local name
	for name in alpha beta; do
		printf '%s\n' LCMHBEATTIME=1 QUORUM_MODE=storage WITNESS_MODE=storage QWK_STORAGE_TYPE=file \
			"QWK_STORAGE_OBJECT_alpha=$SHARED/alpha" "QWK_STORAGE_OBJECT_beta=$SHARED/beta" \
			"$@" >"$(root_of "$name")/etc/default/LifeKeeper"
	done
}

# Both are initialised, with a time that no tunable may set.
qwk_conf() {	# TYPE SECONDS ALPHA'S-OBJECT BETA'S-OBJECT
	qwk_conf_of alpha beta "$@"
	qwk_conf_of beta alpha "$1" "$2" "$4" "$3"
}

qwk_conf_of() {	# SYSTEM OTHER TYPE SECONDS OBJECT OTHER-OBJECT
	local object
	{
		printf '%s\n' '#lockkeeper qwk 1' "hbeattime=$4" numhbeats=3 "qwk_object_type=$3" number_of_node=2
		echo "my_node=$1"
		for object in ${5//,/ }; do
			echo "qwk_object_path=$object"
		done
		echo "node=$2"
		for object in ${6//,/ }; do
			echo "qwk_object_path=$object"
		done
		echo '#end'
	} >"$(root_of "$1")/config/qwk"
}

# Empty objects, as a daemon does not make the files.
qwk_objects() {
	head -c 4096 /dev/zero >"$SHARED/alpha"
	head -c 4096 /dev/zero >"$SHARED/beta"
}

# A good object, with these lines between its head and its checksum, over what is there.
qwk_object() {	# SYSTEM SEQUENCE [LINE...]
	local name=$1
	local text="signature=LKQWK1
local_node=$1
time=1
sequence=$2
"
	shift 2
	[ $# -eq 0 ] || text+=$(printf '%s\n' "$@")$'\n'
	printf '%schecksum=%s\n' "$text" "$(qwk_sum "$text")" | qwk_bytes "$name"
}

qwk_sum() {	# TEXT
	printf %s "$1" | gzip -c | tail -c 8 | head -c 4 | od -An -tx4 | tr -d ' '
}

# Standard input becomes a system's object, as a whole.
qwk_bytes() {	# SYSTEM
	cat >"$BATS_TEST_TMPDIR/bytes"
	truncate -s 4096 "$BATS_TEST_TMPDIR/bytes"
	mv "$BATS_TEST_TMPDIR/bytes" "$SHARED/$1"
}

# Both are initialised with objects in S3, for which tests/helpers/aws stands.
qwk_s3() {	# SECONDS ALPHA'S-OBJECTS BETA'S-OBJECTS
	local object
	export S3_DIR=$BATS_TEST_TMPDIR/s3
	mkdir -p "$S3_DIR" "$BATS_TEST_TMPDIR/bin"
	ln -sf "$LK_SRC/tests/helpers/aws" "$BATS_TEST_TMPDIR/bin/aws"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	qwk_conf aws_s3 "$@"
	for object in ${2//,/ } ${3//,/ }; do
		mkdir -p "$S3_DIR/$(dirname "${object#s3://}")"
		head -c 4096 /dev/zero >"$S3_DIR/${object#s3://}"
	done
}

# Start the daemon of a system; its process is $QWK_PID.
qwk_start() {	# SYSTEM
	LKROOT=$(root_of "$1") "$LKQWK" -f 3>&- 2>>"$BATS_TEST_TMPDIR/stderr" &
	QWK_PID=$!
	QWK_PIDS+=("$QWK_PID")
}

# qwk_storage_init in the background; its process is $QWK_PID, its output in the file SYSTEM.init.
qwk_init() {	# SYSTEM
	LKROOT=$(root_of "$1") qwk_storage_init >"$BATS_TEST_TMPDIR/$1.init" 2>&1 3>&- &
	QWK_PID=$!
	QWK_PIDS+=("$QWK_PID")
}

qwk_kill() {	# SIGNAL PID
	kill "-$1" "$2"
	wait "$2" || :
}

qwk_end() {
	local pid
	for pid in "${QWK_PIDS[@]}"; do
		kill -CONT "$pid" || :
		kill "$pid" || :
		wait "$pid" || :
	done 2>/dev/null
	QWK_PIDS=()
	far_end
	# shellcheck disable=SC2034
	FAR_PIDS=()
}

logged() {	# SYSTEM TEXT
	grep -qF -- "$2" "$(root_of "$1")/out/lifekeeper.log" 2>/dev/null
}

not_logged() {	# SYSTEM TEXT
	! logged "$@"
}

# One value of what a system knows of another: value_of alpha beta sequence
value_of() {	# SYSTEM NODE KEY
	tr -d '\0' <"$(root_of "$1")/run/lkqwk.status" |
		sed -n "s/^node=$2 .*\<$3=\([0-9]*\).*/\1/p"
}

# Has the system seen the other's sequence rise?
sees() {	# SYSTEM NODE [SEQUENCE]
	[ "$(value_of "$1" "$2" changed)" -gt 0 ] && [ "$(value_of "$1" "$2" sequence)" -ge "${3:-0}" ]
} 2>/dev/null

# Does the other say that it sees the system ALIVE?
sees_alive() {	# SYSTEM NODE
	[ "$(value_of "$1" "$2" commstat)" = 0 ]
}

sequence_of() {	# FILE
	tr -d '\0' <"$1" | sed -n 's/^sequence=//p'
}
