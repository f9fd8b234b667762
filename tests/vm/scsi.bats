#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Reservations of the kit gen/filesys on a disk that two machines share: the nodes alpha and beta, and san with an iSCSI
# target, which they reach on a network of its own. There is no quorum, so that a partition has two owners.

# shellcheck disable=SC2016	# what runs in the machines is quoted
load vm
load node

TARGET=iqn.2026-01.test:san

# The target, and on it a disk of 32 MB. There is no other way to see that tgtd listens than to ask it.
san_start() {
	truncate -s 32M "$LAB_DIR/san.disk"
	lab_sh san 'mkdir -p /run/tgtd'
	lab_spawn san tgtd -f -C 7 --iscsi portal=10.2.0.3:3260
	wait_until "$VM_LONG" tgt --op show --mode target 2>/dev/null
	tgt --op new --mode target --tid 1 -T $TARGET &&
		tgt --op new --mode logicalunit --tid 1 --lun 1 -b "$LAB_DIR/san.disk" &&
		tgt --op bind --mode target --tid 1 -I ALL
}

tgt() { lab_run san tgtadm -C 7 --lld iscsi "$@"; }

# In a machine: /dev/sda is the disk.
initiator='
modprobe -d /run/mod -a iscsi_tcp sd_mod sg loop
mkdir -p /run/lock/iscsi
mount -t tmpfs none /etc/iscsi
echo "InitiatorName=iqn.2026-01.test:$(uname -n)" >/etc/iscsi/initiatorname.iscsi
printf "node.conn[0].timeo.noop_out_%s = 0\n" interval timeout >/etc/iscsi/iscsid.conf
iscsid
iscsiadm -m discovery -t st -p 10.2.0.3 && iscsiadm -m node -l
source "$src/tests/helpers/wait.bash"
wait_until 300 test -b /dev/sda
lkstart
'

# Both ends of the comm path on net1. Who stands still for ten seconds, because this machine is busy, is not dead.
cluster() {
	local node other
	lab_run alpha lkkey create >/dev/null
	cp -p "$(lab_root alpha)/etc/lkkey" "$(lab_root beta)/etc/lkkey"
	for node in alpha beta; do
		for other in alpha beta; do
			[ "$node" = "$other" ] || lab_run "$node" net_create -s "$other" -n TCP -l "$(lab_addr "$node")" \
				-r "$(lab_addr "$other")" -D TCP:1501 -i 1 -m 10
		done
	done
}

node_says() {	# NODE TEXT WANTED
	[ "$(node_sh "$1" "$2")" = "$3" ]
}

state_is() {	# NODE STATE
	node_says "$1" 'ins_list -t disk -f: | cut -d: -f7' "$2"
}

key_of() { echo "0x4c4b$(printf %s "$1" | sha256sum | cut -c 1-12)"; }

held_by() {	# NODE
	node_sh beta 'sg_persist -n -y -r /dev/sda' | grep -q "Key=$(key_of "$1")$"
}

setup_file() {
	local tool
	for tool in tgtd iscsid sg_persist; do
		command -v $tool >/dev/null || skip "$tool is not installed"
	done
	node_or_skip
	lab_up -n 2 alpha beta san
	san_start
	cluster
	node_boot alpha 3000 "$initiator"
	node_boot beta 3000 "$initiator"
	wait_until "$VM_LONG" node_says alpha 'sys_getst -s beta' ALIVE
	node_sh alpha 'mkfs.ext4 -q /dev/sda'
}

teardown_file() {
	lab_down
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || { node_tell alpha beta; lab_logs san; }
}

@test "create reserves the disk, and refuses one that cannot be reserved" {
	node_sh alpha 'truncate -s 8M /run/image && mkfs.ext4 -q /run/image && losetup /dev/loop0 /run/image'
	run node_sh alpha 'lkcli resource create filesys --tag loop --mountpoint /run/loop --device /dev/loop0 --reserve yes'
	[ "$status" -eq 5 ]
	[[ $output == *'has no persistent reservations'* ]]
	node_sh alpha 'lkcli resource create filesys --tag disk --mountpoint /run/disk --device /dev/sda --reserve yes --quick 1 --deep 0'
	held_by alpha
	node_sh alpha 'lkcli resource extend --tag disk --dest beta'
	node_sh alpha 'echo alpha >/run/disk/owner && sync /run/disk/owner'
}

@test "the other one can read the disk but not write to it" {
	node_sh beta 'dd if=/dev/sda of=/run/first bs=4k count=1 iflag=direct status=none'
	run node_sh beta 'dd if=/run/first of=/dev/sda bs=4k count=1 oflag=direct status=none'
	[ "$status" -ne 0 ]
}

@test "a takeover takes the disk: the old owner cannot write, sees it, and does not take it back" {
	node_sh alpha 'ins_setchkint -t disk -c quick -v 0'
	lab_cut alpha beta net1
	wait_until "$VM_LONG" state_is beta ISP
	held_by beta
	state_is alpha ISP
	# not a byte, neither past the cache nor through the file system
	run node_sh alpha 'dd if=/dev/zero of=/dev/sda bs=4k count=1 seek=100 oflag=direct status=none'
	[ "$status" -ne 0 ]
	run node_sh alpha 'echo alpha again >/run/disk/owner && sync /run/disk/owner'
	[ "$status" -ne 0 ]
	run node_sh alpha '$LKROOT/subsys/gen/resources/filesys/actions/quickCheck -t disk -i /run/disk'
	[ "$status" -eq 110 ]
	run node_sh alpha '$LKROOT/subsys/gen/resources/filesys/actions/recover -t disk -i /run/disk'
	[ "$status" -eq 1 ]
	# lkcheck has it leave
	node_sh alpha 'ins_setchkint -t disk -c quick -v 1'
	wait_until "$VM_LONG" state_is alpha OSF
	run node_sh alpha 'mountpoint -q /run/disk'
	[ "$status" -ne 0 ]
	held_by beta
	node_sh beta 'echo beta >/run/disk/owner && sync /run/disk/owner'
}

@test "a move back gives the disk to the next one" {
	lab_restore
	wait_until "$VM_LONG" node_says alpha 'sys_getst -s beta' ALIVE
	node_sh alpha 'retstate disk; lkcli resource in-service --tag disk'
	held_by alpha
	state_is beta OSU
	node_says alpha 'cat /run/disk/owner' beta
	node_sh alpha 'lkcli resource out-of-service --tag disk'
	node_sh beta 'sg_persist -n -y -k /dev/sda' | grep -q 'NO registered reservation keys'
}
