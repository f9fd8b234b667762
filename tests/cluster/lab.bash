# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A cluster of namespaces on this machine: nodes, networks between them, and what can go wrong. The
# verbs are in tests/cluster/README; each is a function lab_VERB here and a word of the command lab.
#
# All state is below $LAB_DIR (exported by lab_up), so that a test may use the lab of its setup_file:
#	.lab/		pid, owner, nodes, nets, cgroup, clock, faults; stage/ is for mounting
#	NODE/		pid, console, clock, wired, off, delayN; its disk: lk/ (its $LKROOT), etc/, log/
#
# The lab is one process with the nodes below it in a nested process id namespace, and everything else
# (networks, mounts, relays) belongs to it: it ends whole, when told or when its owner dies.
# shellcheck disable=SC2015,SC2046,SC2086	# A && B || C: C is for a failure of either; names are single words

LAB_HOME=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
: "${LK_SRC:=$(cd "$LAB_HOME/../.." && pwd)}"
[ -n "${LK_BUILD:-}" ] || LK_BUILD=${LK_BIN:+$(cd "$LK_BIN/.." && pwd)}
: "${LK_BUILD:=$LK_SRC/build}" "${LK_BIN:=$LK_BUILD/bin}"
export LK_SRC LK_BUILD LK_BIN
LAB_TOOLS=$LK_BUILD/tests/cluster
: "${LAB_PATH:=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}"
LAB_NAMES=(alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho
	sigma tau upsilon phi chi psi omega)
# shellcheck source=tests/helpers/wait.bash disable=SC1091
source "$LAB_HOME/../helpers/wait.bash"

lab_fail() {	# MESSAGE
	echo "lab: $*" >&2
	return 1
}

# --- What this machine can do ---

# Why no lab can run here; nothing if one can.
lab_obstacle() {
	local tool
	[ "$(id -u)" -eq 0 ] || { echo 'not root'; return; }
	for tool in ip nft nsenter; do
		command -v $tool >/dev/null || { echo "$tool is not installed"; return; }
	done
	[ -x "$LAB_TOOLS/nsinit" ] && [ -e "$LAB_TOOLS/tree" ] || { echo "no $LAB_TOOLS/nsinit: make check-cluster builds it"; return; }
	unshare -mnpiuf sh -c 'ip link add br1 type bridge && ip link add veth1 type veth peer name veth2 &&
		nft add table bridge lab' 2>/dev/null >&2 || echo 'no namespaces, bridges, veth or nft bridge tables'
}

# Skip the test where no lab can run; continuous integration must be able to.
lab_or_skip() {
	local why
	why=$(lab_obstacle)
	[ -z "$why" ] && return 0
	[ "${CI:-}" != true ] || { lab_fail "$why, and CI=true"; return; }
	skip "no cluster lab: $why"
}

# --- Processes: "PID START-TIME", so that a number used again is nobody we know ---

lab__stat() {	# PID -> $state $parent $started
	local line
	state='' parent='' started=''
	{ read -r line <"/proc/$1/stat"; } 2>/dev/null || return
	set -- ${line##*) }
	state=$1 parent=$2 started=${20}
}

lab__living() {	# FILE -> $pid
	local state parent started born
	{ read -r pid born <"$1"; } 2>/dev/null || return
	lab__stat "$pid" && [ "$started" = "$born" ] && [[ $state != [ZX] ]]
}

lab__gone() {	# FILE
	local pid
	! lab__living "$1"
}

lab__note() {	# PID FILE
	local state parent started
	lab__stat "$1" && echo "$1 $started" >"$2"
}

# --- Names ---

# The name of NODE, which may be its number -> $node
lab__node() {
	local nodes
	[ -n "${LAB_DIR:-}" ] && [ -e "$LAB_DIR/.lab/nodes" ] || { lab_fail 'there is no lab: lab up'; return; }
	node=$1
	# the number is needed: in a teardown, which is a trap, it would be that of the test
	[ -n "$1" ] && [ -d "$LAB_DIR/$1/lk" ] && return 0
	read -ra nodes <"$LAB_DIR/.lab/nodes"
	[[ $1 =~ ^[1-9][0-9]*$ ]] && node=${nodes[$1 - 1]:-}
	[ -n "$node" ] && [ -d "$LAB_DIR/$node/lk" ] || lab_fail "$1: no such node"
}

lab__number() {	# NODE -> $number
	local nodes
	read -ra nodes <"$LAB_DIR/.lab/nodes"
	for ((number = 1; number <= ${#nodes[@]}; number++)); do
		[ "${nodes[number - 1]}" != "$1" ] || return 0
	done
	return 1
}

lab__nets() {
	seq "$(<"$LAB_DIR/.lab/nets")"
}

# --- Making a lab ---

# Run a command in the lab's switch, which has the bridges br1, br2 and a port NODE-NET for each cable.
lab_switch() {	# COMMAND...
	local pid
	lab__living "$LAB_DIR/.lab/pid" || { lab_fail 'the lab is down'; return; }
	nsenter -t "$pid" -m -n -- "$@"
}

# The same for a process that is to stay: it ends with the lab.
lab__switch_daemon() {	# COMMAND...
	local pid
	lab__living "$LAB_DIR/.lab/pid" && nsenter -t "$pid" -m -n -p -- "$@" </dev/null >&2 3>&-
}

# Directories that stay visible in the nodes -> $keep
lab__keep() {
	keep=("$LAB_DIR" "$LK_SRC" "$LK_BUILD")
	[ -z "${BATS_RUN_TMPDIR:-}" ] || keep+=("$BATS_RUN_TMPDIR")
	[ -z "${LAB_KEEP:-}" ] || keep+=("$LAB_KEEP")
}

# A directory of links to those of the files that are programs.
lab__link() {	# DIRECTORY FILE...
	local dir=$1 file programs=()
	shift
	mkdir "$dir"
	for file; do
		[ ! -f "$file" ] || [ ! -x "$file" ] || programs+=("$file")
	done
	[ ${#programs[@]} -eq 0 ] || ln -s -f "${programs[@]}" "$dir"
}

# The kits, installed: what is bin/ in their sources goes below lkadm, templates beside it.
lab__kits() {	# LKROOT
	local bin type dir
	cp -r "$LK_SRC/subsys" "$1" || return
	for bin in "$LK_SRC"/subsys/*/resources/*/bin; do
		type=${bin%/bin} type=${type#"$LK_SRC/subsys/"}
		dir=$1/lkadm/subsys/${type/\/resources/}
		mkdir -p "$dir" && mv "$1/subsys/$type/bin" "$dir" || return
		[ ! -d "$1/subsys/$type/templates" ] || mv "$1/subsys/$type/templates" "$dir"
	done
	find "$1/subsys" -name Makefile.inc -delete
}

# A tree as an install leaves it, with the programs of this build.
lab__tree() {	# LKROOT
	local dir
	for dir in $(<"$LAB_TOOLS/tree") etc/default lib; do
		mkdir -p "$1/$dir" || return
	done
	for dir in config out run support tmp; do
		[ ! -d "$1/$dir" ] || chmod 0750 "$1/$dir"
	done
	cp "$LK_SRC/etc/LifeKeeper" "$1/etc/default/LifeKeeper" || return
	cp "$LK_SRC/etc/LKinit.config" "$1/etc" || return
	lab__link "$1/bin" "$LK_BIN"/* "$LK_SRC"/bin/*
	lab__link "$1/sbin" "$LK_BUILD"/sbin/*/*
	mkdir -p "$1/lkadm/bin"
	ln -s "$LK_BIN"/{getlocks,rlslocks,retstate} "$1/lkadm/bin"
	lab__kits "$1"
	ln -s "$LK_BUILD/lib/lk-exit.sh" "$LK_SRC"/lib/*.sh "$LK_SRC/lib/lkcli" "$1/lib"
	cp -r "$LK_SRC/etc/events" "$1"
}

lab__hosts() {
	local node net number=0
	printf '127.0.0.1\tlocalhost\n::1\tlocalhost\n'
	for node in $(<"$LAB_DIR/.lab/nodes"); do
		number=$((number + 1))
		for net in $(lab__nets); do
			printf '10.%d.0.%d\t%s-net%d%s\n' "$net" "$number" "$node" "$net" \
				"$([ "$net" -ne 1 ] || printf '\t%s' "$node")"
			printf 'fd00:%d::%d\t%s-net%d-6\n' "$net" "$number" "$node" "$net"
		done
	done
}

lab__disk() {	# NODE
	local dir=$LAB_DIR/$1
	mkdir -p "$dir"/{etc,log,lk,stage} || return
	lab__hosts >"$dir/etc/hosts"
	echo "$1" >"$dir/etc/hostname"
	printf '%-20s' 0 >"$dir/clock"
	lab__tree "$dir/lk"
}

# A group for each node's processes, where the kernel can freeze them: -> .lab/cgroup
lab__cgroup() {	# OWNER
	local top group
	for top in /sys/fs/cgroup /sys/fs/cgroup/unified; do
		[ -e "$top/cgroup.procs" ] && [ -e "$top/cgroup.controllers" ] || continue
		group=$top/lklab-$1-$RANDOM
		echo "$group" >"$LAB_DIR/.lab/cgroup"	# first, for lab_down
		if mkdir "$group-test" 2>/dev/null && [ -e "$group-test/cgroup.freeze" ] &&
			(echo "$BASHPID" >"$group-test/cgroup.procs" && exec true) 2>/dev/null; then
			return
		fi
		rm "$LAB_DIR/.lab/cgroup"
		rmdir "$group-test" 2>/dev/null || :
	done
}

lab__groups() {
	local group
	[ -e "$LAB_DIR/.lab/cgroup" ] || return 0
	for group in "$(<"$LAB_DIR/.lab/cgroup")"-*; do
		[ ! -d "$group" ] || echo "$group"
	done
}

# Join the node's group; called in the process that is to become one of its processes.
lab__join() {	# NODE
	[ ! -e "$LAB_DIR/.lab/cgroup" ] || echo "$BASHPID" >"$(<"$LAB_DIR/.lab/cgroup")-$1/cgroup.procs"
}

# The lab's side of a lab_run in a frozen group would never reap its child, which then holds up the end.
# By the group itself where the kernel can; else by numbers, of which 0, a process that this namespace does
# not see, would be our own process group.
lab__kill_group() {	# GROUP
	local member
	[ ! -w "$1/cgroup.kill" ] || ! echo 1 2>/dev/null >"$1/cgroup.kill" || return 0
	while read -r member; do
		[ "$member" -le 1 ] || kill -9 "$member" 2>/dev/null || :
	done <"$1/cgroup.procs"
}

# A bridge without an address of its own takes that of some port: the nodes would not find it for seconds after that
# port has gone.
lab__bridges() {
	local net
	for net in $(lab__nets); do
		printf 'link add br%d address 02:6c:6b:%02x:00:fe type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n' \
			"$net" "$net"
		printf 'link set br%d up\naddr add 10.%d.0.254/24 dev br%d\n' "$net" "$net" "$net"
	done | lab_switch ip -batch - || return
	for net in $(lab__nets); do
		lab_switch sh -c "echo 0 >/proc/sys/net/ipv6/conf/br$net/disable_ipv6" &&
			lab_switch ip addr add "fd00:$net::fe/64" dev "br$net" nodad || return
	done
}

# What lab__wire made before, and relays in its cables.
lab__unwire() {	# NODE
	local net
	[ -e "$LAB_DIR/$1/wired" ] || return 0
	for net in $(lab__nets); do
		echo "link del $1-$net"
		[ ! -e "$LAB_DIR/$1/delay$net" ] || echo "link del $1-${net}r"
		rm -f "$LAB_DIR/$1/delay$net"
	done
	echo "netns del $1"
}

# Its network as new: a network namespace and a cable into each bridge.
lab__wire() {	# NODE
	local node=$1 net number
	lab__number "$node"
	{
		lab__unwire "$node"
		echo "netns add $node"
		for net in $(lab__nets); do
			printf 'link add net%d netns %s address 02:6c:6b:%02x:00:%02x type veth peer name %s-%d\n' \
				"$net" "$node" "$net" "$number" "$node" "$net"
			printf 'link set %s-%d master br%d up\n' "$node" "$net" "$net"
		done
	} | lab_switch ip -batch - || return
	: >"$LAB_DIR/$node/wired"
	{
		echo 'link set lo up'
		for net in $(lab__nets); do
			printf 'addr add 10.%d.0.%d/24 brd + dev net%d\n' "$net" "$number" "$net"
			printf 'addr add fd00:%d::%x/64 dev net%d nodad\n' "$net" "$number" "$net"
			printf 'link set net%d up\n' "$net"
		done
	} | lab_switch ip -n "$node" -batch -
}

lab__names() {	# N | NAME... -> $names
	local name
	names=("$@")
	if [ $# -eq 1 ] && [[ $1 =~ ^[0-9]+$ ]]; then
		[ "$1" -ge 1 ] && [ "$1" -le ${#LAB_NAMES[@]} ] ||
			{ lab_fail "$1: a lab has 1 to ${#LAB_NAMES[@]} nodes"; return; }
		names=("${LAB_NAMES[@]:0:$1}")
	fi
	for name in "${names[@]}"; do
		# with the number of a network it must be an interface's name
		[[ $name =~ ^[a-z][a-z0-9]{1,9}$ && $name != any && ! $name =~ ^net[0-9] ]] ||
			{ lab_fail "$name: no name for a node"; return; }
	done
}

lab__create() {	# OWNER NETS NAME...
	local owner=$1 nets=$2 keep pid
	shift 2
	mkdir -p "$LAB_DIR/.lab/stage" || return
	lab__note "$owner" "$LAB_DIR/.lab/owner" || { lab_fail "there is no process $owner"; return; }
	echo "$*" >"$LAB_DIR/.lab/nodes"
	echo "$nets" >"$LAB_DIR/.lab/nets"
	: >"$LAB_DIR/.lab/faults"
	lab__keep
	pid=$("$LAB_TOOLS/nsinit" -o "$owner" "$LAB_HOME/boot" lab "$LAB_DIR/.lab" "${keep[@]}" \
		</dev/null 2>>"$LAB_DIR/.lab/console") && lab__note "$pid" "$LAB_DIR/.lab/pid" ||
		{ lab_fail "no lab: $(<"$LAB_DIR/.lab/console")"; return; }
	lab__cgroup "$owner"
	lab__bridges
}

# lab_up [-n NETS] [-c] N | NAME...: start a lab; -c: with clocks that lab_step can set.
lab_up() {
	local nets=2 clock='' opt OPTIND=1 names node jobs=() job code=0
	while getopts n:c opt; do
		case $opt in
		n) nets=$OPTARG ;;
		c) clock=1 ;;
		*) return 2 ;;
		esac
	done
	shift $((OPTIND - 1))
	lab__names "$@" || return
	[[ $nets =~ ^[1-9]$ ]] || { lab_fail "$nets: a lab has 1 to 9 networks"; return; }
	[ -n "${LAB_DIR:-}" ] ||
		export LAB_DIR="${BATS_TEST_TMPDIR:-${BATS_FILE_TMPDIR:-${TMPDIR:-/tmp}/lk-lab}}/lab"
	lab_sweep || return
	[ ! -e "$LAB_DIR" ] || { lab_fail "$LAB_DIR: there is a lab: lab down"; return; }
	lab__create "${LAB_OWNER:-$$}" "$nets" "${names[@]}" || { lab_down; return 1; }
	[ -z "$clock" ] || : >"$LAB_DIR/.lab/clock"
	for node in "${names[@]}"; do
		{ lab__disk "$node" && lab_start "$node"; } </dev/null 3>&- &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do
		wait "$job" || code=1
	done
	[ $code -eq 0 ] || lab_down
	return $code
}

# Remove what a lab leaves whose owner was killed: groups, which the kernel does not remove by itself,
# and the files, if it was here.
lab_sweep() {
	local group owner
	for group in /sys/fs/cgroup/lklab-* /sys/fs/cgroup/unified/lklab-*; do
		[ -d "$group" ] || continue
		owner=${group##*/lklab-}
		# with processes that we do not see the owner is one that we do not see
		[ ! -e "/proc/${owner%%-*}" ] && ! grep -qx 0 "$group/cgroup.procs" || continue
		lab__kill_group "$group"
		wait_until 5 rmdir "$group" 2>/dev/null || :
	done
	if [ -d "${LAB_DIR:-}/.lab" ] && lab__gone "$LAB_DIR/.lab/owner"; then
		lab_down
	fi
}

# End the lab and remove it with its disks. It is no error if there is none.
lab_down() {
	local pid group node
	[ -n "${LAB_DIR:-}" ] && [ -d "$LAB_DIR/.lab" ] || return 0
	if [ ! -e "$LAB_DIR/.lab/cgroup" ] && [ -e "$LAB_DIR/.lab/nodes" ]; then
		for node in $(<"$LAB_DIR/.lab/nodes"); do
			! lab__living "$LAB_DIR/$node/pid" || lab_kill "$node"
		done
	fi
	if lab__living "$LAB_DIR/.lab/pid"; then
		kill -9 "$pid" || :
		for group in $(lab__groups); do
			lab__kill_group "$group"
		done
		wait_until 30 lab__gone "$LAB_DIR/.lab/pid" || { lab_fail "process $pid does not end"; return; }
	fi
	for group in $(lab__groups); do
		wait_until 5 rmdir "$group" || :
	done
	rm -rf "$LAB_DIR"
}

# --- Nodes ---

lab_alive() {	# NODE
	local node pid
	lab__node "$1" && lab__living "$LAB_DIR/$node/pid"
}

# Boot a node that is down: a fresh network, /run and /tmp; its disk is as it was.
lab_start() {	# NODE
	local node pid lab keep
	lab__node "$1" || return
	! lab__living "$LAB_DIR/$node/pid" || { lab_fail "$node is up"; return; }
	lab__living "$LAB_DIR/.lab/pid" || { lab_fail 'the lab is down'; return; }
	lab=$pid
	rm -f "$LAB_DIR/$node/off"
	lab__wire "$node" && lab__apply "$node" || return
	if [ -e "$LAB_DIR/.lab/cgroup" ]; then
		mkdir -p "$(<"$LAB_DIR/.lab/cgroup")-$node"
		echo 0 >"$(<"$LAB_DIR/.lab/cgroup")-$node/cgroup.freeze"
	fi
	lab__keep
	pid=$(
		exec </dev/null 2>>"$LAB_DIR/$node/console"
		lab__join "$node"
		exec "$LAB_TOOLS/nsinit" -j "$lab" -n "$node" "$LAB_HOME/boot" node "$LAB_DIR/$node" "$node" "${keep[@]}"
	) && lab__note "$pid" "$LAB_DIR/$node/pid" ||
		lab_fail "$node does not start: $(<"$LAB_DIR/$node/console")"
}

# Kill all processes of a node at once. Its kernel still answers: ping, and a reset to who connects.
lab_kill() {	# NODE
	local node pid entering=''
	lab__node "$1" && lab__living "$LAB_DIR/$node/pid" || { lab_fail "$1 is down"; return; }
	[ -e "$LAB_DIR/.lab/cgroup" ] || entering=$(lab__entering "$node")
	kill -9 "$pid" || :
	lab__signal 9 $entering
	[ ! -e "$LAB_DIR/.lab/cgroup" ] || lab__kill_group "$(<"$LAB_DIR/.lab/cgroup")-$node"
	wait_until 30 lab__gone "$LAB_DIR/$node/pid"
}

# Cut a node's power: nothing of it answers, nobody gets a last word.
lab_off() {	# NODE
	local node
	lab__node "$1" || return
	: >"$LAB_DIR/$node/off"
	lab__apply "$node" || return
	! lab_alive "$node" || lab_kill "$node"
}

# All processes of a node, by the number of their namespace.
lab__processes() {	# NODE
	local pid own
	lab__living "$LAB_DIR/$1/pid" || return
	own=$(readlink "/proc/$pid/ns/pid")
	find /proc/[0-9]*/ns/pid -maxdepth 0 -lname "${own/[/\\[}" 2>/dev/null | cut -d/ -f3
}

# Stop them, until none is found running: one may have started another.
lab__stop_all() {	# NODE
	local state parent started process running=1
	while [ -n "$running" ]; do
		running=''
		for process in $(lab__processes "$1"); do
			lab__stat "$process" && [[ $state != [TZX] ]] || continue
			running=1
			kill -STOP "$process" 2>/dev/null || :
		done
	done
}

# Freeze a node at one moment; its kernel still answers. As a machine that is suspended, or swaps to death.
lab_pause() {	# NODE
	local node group
	lab__node "$1" && lab_alive "$node" || { lab_fail "$1 is down"; return; }
	[ -e "$LAB_DIR/.lab/cgroup" ] || { lab__stop_all "$node"; return; }
	group=$(<"$LAB_DIR/.lab/cgroup")-$node
	echo 1 >"$group/cgroup.freeze"
	wait_until 10 grep -q 'frozen 1' "$group/cgroup.events"
}

# The lab's side of each lab_run on a node without a group: it stops when its child does.
lab__entering() {	# NODE
	local state parent started process
	for process in $(lab__processes "$1"); do
		lab__stat "$process" && [ "$(cat "/proc/$parent/comm" 2>/dev/null)" = nsenter ] || continue
		echo "$parent"
	done
}

lab__signal() {	# SIGNAL PID...
	local signal=$1 process
	shift
	for process; do
		kill "-$signal" "$process" 2>/dev/null || :
	done
}

lab_resume() {	# NODE
	local node group
	lab__node "$1" && lab_alive "$node" || { lab_fail "$1 is down"; return; }
	[ -e "$LAB_DIR/.lab/cgroup" ] || {
		lab__signal CONT $(lab__processes "$node") $(lab__entering "$node")
		return
	}
	group=$(<"$LAB_DIR/.lab/cgroup")-$node
	echo 0 >"$group/cgroup.freeze"
	wait_until 10 grep -q 'frozen 0' "$group/cgroup.events"
}

# Step the clock of a node by SECONDS, also negative or a fraction: what runs there sees it at once.
lab_step() {	# NODE SECONDS
	local node ms part sign
	lab__node "$1" || return
	[ -e "$LAB_DIR/.lab/clock" ] || { lab_fail 'a lab with clocks is made by: lab up -c'; return; }
	[[ $2 =~ ^([+-]?)([0-9]+)(\.([0-9]{1,3}))?$ ]] || { lab_fail "$2: no number of seconds"; return; }
	sign=${BASH_REMATCH[1]} part=${BASH_REMATCH[4]}000
	ms=$((10#${BASH_REMATCH[2]} * 1000 + 10#${part:0:3}))
	[ "$sign" != - ] || ms=-$ms
	ms=$((ms + $(<"$LAB_DIR/$node/clock")))
	printf '%-20s' $ms 1<>"$LAB_DIR/$node/clock"	# in place: programs have it mapped
}

# Run a command as a process of the node, as root in /. Nothing of it is interpreted, the environment is
# the caller's but for LKROOT, HOME and PATH, and the exit code is the command's.
lab_run() {	# NODE COMMAND...
	local node pid clock=()
	lab__node "$1" || return
	lab__living "$LAB_DIR/$node/pid" || { lab_fail "$node is down"; return; }
	shift
	[ ! -e "$LAB_DIR/.lab/clock" ] ||
		clock=("LD_PRELOAD=$LAB_TOOLS/stepclock.so" "LK_STEPCLOCK=$LAB_DIR/$node/clock"
			ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0")
	(
		exec 3>&-	# or who goes on in the background keeps bats waiting
		lab__join "$node"
		exec nsenter -t "$pid" -m -u -i -n -p -- env -C / HOME=/root "LKROOT=$LAB_DIR/$node/lk" \
			"PATH=$LAB_DIR/$node/lk/bin:$LAB_DIR/$node/lk/lkadm/bin:$LAB_DIR/$node/lk/sbin:$LAB_PATH" \
			"${clock[@]}" "$@"
	)
}

# Run a text in bash on the node, with $1... after it: lab_sh NODE TEXT [ARG...]
lab_sh() {
	local node=$1 text=$2
	shift 2
	lab_run "$node" bash -c "$text" bash "$@"
}

lab_shell() {	# NODE
	lab_run "$1" bash -i
}

# What the nodes have written, for the output of a test that failed.
lab_logs() {	# [NODE...]
	local node file
	[ $# -gt 0 ] || set -- $(<"$LAB_DIR/.lab/nodes")
	for node; do
		lab__node "$node" || return
		for file in "$LAB_DIR/$node"/{console,lk/out/*,log/*}; do
			[ ! -s "$file" ] || { echo "== $node: ${file#"$LAB_DIR/$node/"}"; tail -n 200 "$file"; }
		done
	done
}

# Start a command on the node that goes on by itself; its output is appended to the node's console.
lab_spawn() {	# NODE COMMAND...
	local node
	lab__node "$1" || return
	shift
	lab_run "$node" setsid -f "$@" </dev/null >>"$LAB_DIR/$node/console" 2>&1 3>&-
}

# The node's $LKROOT, the same path here and there.
lab_root() {	# NODE
	local node
	lab__node "$1" && echo "$LAB_DIR/$node/lk"
}

# An address of the node: lab_addr NODE [netN] [6]
lab_addr() {
	local node number net=${2:-net1}
	lab__node "$1" || return
	lab__number "$node"
	if [ "${3:-}" = 6 ]; then
		printf 'fd00:%d::%x\n' "${net#net}" "$number"
	else
		printf '10.%d.0.%d\n' "${net#net}" "$number"
	fi
}

# --- Faults of the network: a line "KIND VALUE FROM TO NET" each, from which all else is made ---

# [NODE [NODE]] [netN] -> $where, "any" for what is not given
lab__where() {
	local node from=any to=any net=any arg=0
	for arg; do
		if [[ $arg =~ ^net[1-9]$ ]]; then
			[ "${arg#net}" -le "$(<"$LAB_DIR/.lab/nets")" ] || { lab_fail "$arg: no such network"; return; }
			net=$arg
		elif [ "$arg" = "$1" ]; then
			[ "$arg" = any ] || { lab__node "$arg" || return; from=$node; }
		else
			[ "$arg" = any ] || { lab__node "$arg" || return; to=$node; }
		fi
	done
	where="$from $to $net"
}

lab__fault() {	# KIND VALUE WHERE...
	local kind=$1 value=$2 where
	shift 2
	lab__where "$@" || return
	echo "$kind $value $where" >>"$LAB_DIR/.lab/faults"
	lab__act "$kind" || { sed -i '$d' "$LAB_DIR/.lab/faults"; return 1; }
}

lab_cut() {	# [NODE [NODE]] [netN]
	lab__fault cut - "$@"
}

lab_oneway() {	# FROM|any TO|any [netN]
	lab__fault oneway - "$@"
}

lab_loss() {	# PERCENT [NODE [NODE]] [netN]
	[[ $1 =~ ^[0-9]+$ ]] && [ "$1" -le 100 ] || { lab_fail "$1: no percentage"; return; }
	lab__fault loss "$@"
}

lab_block() {	# PORT [NODE [NODE]] [netN]
	[[ $1 =~ ^[0-9]+$ ]] || { lab_fail "$1: no TCP port"; return; }
	lab__fault block "$@"
}

lab_unplug() {	# NODE [netN]
	lab__fault unplug - "$@"
}

lab_delay() {	# MS [NODE] [netN]
	[[ $1 =~ ^[0-9]+$ ]] || { lab_fail "$1: no number of milliseconds"; return; }
	lab__fault delay "$@"
}

# Undo the faults that were made with the same words for where; all of them if none are given.
lab_restore() {	# [NODE [NODE]] [netN]
	local where faults=''
	if [ $# -gt 0 ]; then
		lab__where "$@" || return
		grep -q " $where\$" "$LAB_DIR/.lab/faults" || { lab_fail "$*: nothing to restore"; return; }
		faults=$(grep -v " $where\$" "$LAB_DIR/.lab/faults" || :)
	fi
	printf '%s' "${faults:+$faults$'\n'}" >"$LAB_DIR/.lab/faults"
	lab__apply
}

lab_faults() {
	cat "$LAB_DIR/.lab/faults"
}

# The bridge's port for a node: the cable, or the far end of the relay in it.
lab__port() {	# NODE NET
	echo "$1-$2$([ ! -e "$LAB_DIR/$1/delay$2" ] || echo d)"
}

# One rule for the packets from FROM to TO on a network.
lab__rule() {	# FROM TO NET VERDICT
	local rule='' node
	[ "$1" = any ] || rule="iifname \"$(lab__port "$1" "$3")\" "
	[ "$2" = any ] || rule+="oifname \"$(lab__port "$2" "$3")\" "
	[ -z "$rule" ] || { echo "$rule$4"; return; }
	for node in $(<"$LAB_DIR/.lab/nodes"); do	# the whole network
		printf 'iifname "%s" %s\n' "$(lab__port "$node" "$3")" "$4"
		printf 'oifname "%s" %s\n' "$(lab__port "$node" "$3")" "$4"
	done
}

lab__both_ways() {	# FROM TO NET VERDICT
	lab__rule "$1" "$2" "$3" "$4"
	[ "$1 $2" = 'any any' ] || lab__rule "$2" "$1" "$3" "$4"
}

lab__rules() {
	local kind value from to net nets
	while read -r kind value from to net; do
		nets=${net#net}
		[ "$net" != any ] || nets=$(lab__nets)
		for net in $nets; do
			case "$kind $value" in
			'cut -' | 'loss 100') lab__both_ways "$from" "$to" "$net" drop ;;
			oneway*) lab__rule "$from" "$to" "$net" drop ;;
			loss*) lab__both_ways "$from" "$to" "$net" "numgen random mod 100 < $value drop" ;;
			block*)
				lab__both_ways "$from" "$to" "$net" "tcp dport $value drop"
				lab__both_ways "$from" "$to" "$net" "tcp sport $value drop"
				;;
			esac
		done
	done <"$LAB_DIR/.lab/faults"
}

lab__table() {
	local hook
	echo 'table bridge lab'
	echo 'delete table bridge lab'
	echo 'table bridge lab {'
	printf 'chain faults {\n%s\n}\n' "$(lab__rules)"
	for hook in input forward output; do
		echo "chain $hook { type filter hook $hook priority 0; jump faults; }"
	done
	echo '}'
}

# The last word on how long frames stay in a node's cable; 0: no time.
lab__delay_wanted() {	# NODE NET
	local kind value from to net ms=0
	while read -r kind value from to net; do
		[ "$kind" = delay ] && [[ $from == "$1" || $from == any ]] && [[ $net == "net$2" || $net == any ]] && ms=$value
	done <"$LAB_DIR/.lab/faults"
	echo $ms
}

# Put a relay into a node's cable, NODE-NET <relay> NODE-NETr = NODE-NETd, or take it out.
lab__relay() {	# NODE NET
	local port=$1-$2 file=$LAB_DIR/$1/delay$2 ms is=0
	ms=$(lab__delay_wanted "$1" "$2")
	[ ! -e "$file" ] || is=$(<"$file")
	[ "$ms" != "$is" ] || return 0
	if [ "$is" != 0 ]; then
		# the relay ends with it
		printf 'link del %sr\nlink set %s master br%d\n' "$port" "$port" "$2" | lab_switch ip -batch - || return
		rm -f "$file"
	fi
	[ "$ms" != 0 ] || return 0
	printf 'link set %s nomaster\nlink add %sd type veth peer name %sr\nlink set %sr up\nlink set %sd master br%d up\n' \
		"$port" "$port" "$port" "$port" "$port" "$2" | lab_switch ip -batch - || return
	echo "$ms" >"$file"
	lab__switch_daemon "$LAB_TOOLS/relay" "$port" "${port}r" "$ms"
}

# Is the cable pulled, or the node without power?
lab__unplugged() {	# NODE NET
	[ -e "$LAB_DIR/$1/off" ] || grep -qE "^unplug - ($1|any) any (any|net$2)\$" "$LAB_DIR/.lab/faults"
}

lab__filter() {
	lab__table | lab_switch nft -f -
}

# Only what a new fault needs: a filter is in force within milliseconds.
lab__act() {	# KIND
	case $1 in
	cut | oneway | loss | block) lab__filter ;;
	*) lab__apply ;;
	esac
}

# Make the switch be as the faults say; the rules change all at one moment.
lab__apply() {	# [NODE: the cables of no other]
	local node net
	for node in ${1:-$(<"$LAB_DIR/.lab/nodes")}; do
		[ -e "$LAB_DIR/$node/wired" ] || continue
		for net in $(lab__nets); do
			lab__relay "$node" "$net" || return
		done
	done
	lab__filter || return
	lab__cables ${1:-$(<"$LAB_DIR/.lab/nodes")} | lab_switch ip -batch -
}

lab__cables() {	# NODE...
	local node net
	for node; do
		[ -e "$LAB_DIR/$node/wired" ] || continue
		for net in $(lab__nets); do
			if lab__unplugged "$node" "$net"; then
				echo "link set $node-$net down"
			else
				echo "link set $node-$net up"
			fi
		done
	done
}

# The verbs.
lab_help() {
	cat "$LAB_HOME/README"
}

# The command: lab VERB [ARG...]
lab() {
	local verb=${1:-help}
	[[ $verb =~ ^[a-z]+$ ]] && declare -F "lab_$verb" >/dev/null || { lab_fail "$verb: no such verb"; return 2; }
	shift
	"lab_$verb" "$@"
}
