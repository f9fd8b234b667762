/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A reboot of this system as the last resort: bin/lk_reboot, started as a process that outlives the caller. */
#ifndef LK_REBOOT_H
#define LK_REBOOT_H

#include "lk/tree.h"

#define LK_REBOOT "bin/lk_reboot"	/* relative to $LKROOT, or to the installation */
#define LK_REBOOT_MARKS "run/recover"	/* who recovers a resource; empty when it has ended */

struct lk_reboot {
	unsigned seconds;
	const char *reason;
	const char *tag;	/* only if the recovery of tag by this process has not ended by then; or NULL */
};

/* 0: it runs, or will say in the log why not. */
int lk_reboot_start(const struct lk_tree *tree, const struct lk_reboot *reboot, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* The mark of a recovery, which lk_reboot looks for, in the file that is its lock: set, or taken away. */
int lk_reboot_mark(int fd, bool set, struct lk_err *err) LK_MUST LK_NONNULL(3);

/* Is the mark of the process there, so that it is at work on tag, or was killed before its end? */
bool lk_reboot_marked(const struct lk_tree *tree, const char *tag, pid_t pid) LK_NONNULL(1, 2);

#endif
