# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Machines as nodes of a lab (tests/cluster/README), with a kernel of their own. Load it after vm.bash.
#
#	node_boot NODE SECONDS [TEXT]	power off the node and start a machine in its place, for at most so long: its
#				name, its cables (the lab's faults act on them), and a copy of its disk as $LKROOT. TEXT
#				runs before it listens to the next. VM_MORE are further arguments for its kernel
#	node_sh NODE TEXT	run a text in bash there; output and exit code
#	node_dir NODE		the directory that we share with it: /run/share there
#	node_is_up NODE		does the machine run?
#	node_journal FILE	write what is sent to 10.1.0.254, UDP port 9009, there: one clock and one order for all nodes.
#				It ends with the lab
#	node_tell NODE...	what they have written, for the output of a test that failed

# shellcheck disable=SC2016,SC2034	# what runs in the machines is quoted; vm_boot uses VM_IN

# shellcheck source=tests/cluster/lab.bash disable=SC1091
source "$LK_SRC/tests/cluster/lab.bash"

node_or_skip() {
	vm_or_skip
	lab_or_skip
}

node_dir() {	# NODE
	echo "$LAB_DIR/$1/vm.$1"
}

# Read and do, one text after the other. The name of one that is complete is never that of one being written; read
# with a time limit is a sleep without a process.
node__serve='
mkfifo /run/never
exec 8<>/run/never
n=1
while :; do
	until [ -e "/run/share/do.$n" ]; do read -r -t 0.05 -u 8 || :; done
	bash "/run/share/do.$n" >"/run/share/said.$n" 2>&1 8>&-
	echo $? >"/run/share/code.$n.new"
	mv "/run/share/code.$n.new" "/run/share/code.$n"
	n=$((n + 1))
done'

# Taps in place of the node's cables; the next machine finds those of the one before.
node__wire() {	# NODE
	local net
	lab_switch test -e "/run/netns/$1" || return 0
	lab__unwire "$1"
	for net in $(lab__nets); do
		printf 'tuntap add dev %s-%d mode tap vnet_hdr\nlink set %s-%d master br%d\n' "$1" "$net" "$1" "$net" "$net"
	done
}

node_boot() {	# NODE SECONDS [TEXT]
	local node number net VM_IN cables='' arguments=() pid vm
	lab__node "$1" && lab__number "$node" || return
	[ -e "$LAB_DIR/$node/off" ] || lab_off "$node" || return
	node__wire "$node" | lab_switch ip -batch - || return
	rm "$LAB_DIR/$node/off"
	lab__apply "$node" || return
	for net in $(lab__nets); do
		cables+=${cables:+,}net$net:$(lab_addr "$node" "net$net")/24
		arguments+=("vec$((net - 1)):transport=tap,ifname=$node-$net,depth=64,gro=1,mac=$(printf '02:6c:6b:%02x:00:%02x' "$net" "$number")")
	done
	lab__living "$LAB_DIR/.lab/pid" || return
	VM_IN=(nsenter -t "$pid" -m -n -p --)
	vm=$(node_dir "$node")
	rm -rf "$vm"
	mkdir -p "$vm"
	echo 0 >"$vm/asked"
	vm_boot "$2" node="$node" tree="$LAB_DIR/$node" cables="$cables" "${arguments[@]}" "${VM_MORE[@]}" \
		<<<"${3:-}$node__serve" 3>&- &
	node_sh "$node" : || lab_fail "$node does not start: $(tail -n 20 "$vm/console" "$vm/kernel")"
}

node_is_up() {	# NODE
	[ ! -e "$(node_dir "$1")/ended" ]
}

# Has it answered, or ended?
node__done() {	# DIRECTORY N
	[ -e "$1/code.$2" ] || [ -e "$1/ended" ]
}

node_sh() {	# NODE TEXT
	local dir n
	dir=$(node_dir "$1")
	n=$(($(<"$dir/asked") + 1))
	echo "$n" >"$dir/asked"
	printf '%s\n' "$2" >"$dir/do.new"
	mv "$dir/do.new" "$dir/do.$n"
	wait_until "$VM_LONG" node__done "$dir" "$n" || :
	[ -e "$dir/code.$n" ] || { lab_fail "$1 does not answer"; return; }
	cat "$dir/said.$n"
	return "$(<"$dir/code.$n")"
}

# One line at a time, as they come: "TIME TEXT".
node_journal() {	# FILE
	: >"$1"
	lab__switch_daemon bash -c 'socat -u UDP4-RECV:9009 - | while IFS= read -r line; do
		echo "$EPOCHREALTIME $line"
	done >>"$1"' bash "$1" 3>&- &
}

node_tell() {	# NODE...
	local node
	for node; do
		echo "== $node"
		tail -n 40 "$(node_dir "$node")"/{console,kernel,out/lifekeeper.log} 2>/dev/null
	done
}
