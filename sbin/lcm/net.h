/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process of lcm that owns the network, and the helper processes of shared-disk paths. */
#ifndef LCM_NET_H
#define LCM_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lk/attr.h"

struct net_setup {
	const char *user;	/* LCMUSER: name or number; "nobody" when /etc/passwd does not have it */
	unsigned realtime;	/* LCMRTPRIO: SCHED_RR priority, 0 none */
	bool seccomp;		/* false: without the filter, for debuggers */
	int64_t until;		/* end of the lease that was published last in this boot (lk/lease.h); 0 none */
	int64_t deadline;	/* of what it let run; 0 none */
};

/*
 * Be the network process: in a child of main, with bus the only descriptor besides 0, 1 and 2 that it
 * needs (the others are closed). Gives up privileges, says BUS_READY, serves until BUS_QUIT or the
 * end of the bus. The exit code: 0, or 1 when it could not start or main broke the protocol. Ignores INT,
 * HUP, TERM and PIPE.
 */
int net_run(int bus, const struct net_setup *setup) LK_MUST LK_NONNULL(2);

/*
 * Start the helper of a DISK path: a child of the caller that opens the device (O_DIRECT | O_DSYNC
 * where possible), gives up privileges and then writes and reads one slot of 4096 bytes at each
 * request. A device that hangs hangs only it. It ends when the other end of *fd is closed: main gives
 * *fd to net with BUS_FD and closes its own. The caller reaps the child; a child in a hanging write may
 * take long to end. The pid, or -1 with errno.
 */
struct disk_setup {
	const char *device;
	const char *user;	/* as above */
	bool first;		/* this system's name is the bytewise smaller one of the two */
	bool seccomp;
	void *secret;		/* what the child, a copy of the caller, shall not keep: keys */
	size_t secret_len;
};
pid_t disk_start(const struct disk_setup *setup, int *fd) LK_MUST LK_NONNULL(1, 2);

#endif
