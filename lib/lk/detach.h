/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Child processes that outlive the one that forked them. */
#ifndef LK_DETACH_H
#define LK_DETACH_H

#include <stdbool.h>
#include <stddef.h>

#define LK_DETACH_FIRST 3	/* where the kept descriptors begin */
#define LK_DETACH_MAX 4

/* For a child right after fork(2): a session of its own, working directory /, standard descriptors on
 * /dev/null, every other one closed but the n in keep, which become LK_DETACH_FIRST, + 1, ... in this
 * order. Nobody waits for our end through a pipe or a lock then. False: a system call failed. */
bool lk_detach(const int *keep, size_t n);

/* Close all descriptors from first on. */
void lk_close_from(int first);

/* For a child: no signal is blocked, ignored or handled any more. Safe after vfork(2). */
void lk_reset_signals(void);

#endif
