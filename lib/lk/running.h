/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is Lockkeeper running on this node? The supervisor holds an exclusive flock(2) on
 * $LKROOT/run/lkinit.pid as long as it lives, from before it starts its first daemon until the last one
 * has ended. The lock counts, not the file: it goes with the process, however that dies.
 */
#ifndef LK_RUNNING_H
#define LK_RUNNING_H

#include <stdbool.h>

#include "lk/lcd.h"

#define LK_RUNNING_FILE "run/lkinit.pid"

/* The supervisor must retry a lock that it does not get at once: this function holds a shared one for an
 * instant. A file that cannot be looked at counts as running. */
bool lk_running(const struct lk_tree *tree) LK_NONNULL(1);

/* The supervisor's process; false if it does not run or its process is not known (yet). The file has its
 * process id and start time. */
bool lk_running_process(const struct lk_tree *tree, struct lk_holder *holder) LK_NONNULL(1, 2);

/* Become the supervisor: take the lock and keep it in the descriptor that is returned. -4: another one
 * runs; -1. */
int lk_running_lock(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Write the process id of this process to the locked file. A file that cannot be written is emptied: the
 * lock is what counts. 0 or -1. */
int lk_running_write(int fd, struct lk_err *err) LK_MUST LK_NONNULL(2);

#endif
