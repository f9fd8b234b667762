/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is Lockkeeper running on this node? The supervisor holds an exclusive flock(2) on
 * $LKROOT/run/lkinit.pid as long as it lives, from before it starts its first daemon until the last one
 * has ended. The lock counts, not the file: it goes with the process, however that dies.
 */
#ifndef LK_RUNNING_H
#define LK_RUNNING_H

#include <stdbool.h>

#include "lk/tree.h"

#define LK_RUNNING_FILE "run/lkinit.pid"

/* The supervisor must retry a lock that it does not get at once: this function holds a shared one for an
 * instant. A file that cannot be looked at counts as running. */
bool lk_running(const struct lk_tree *tree) LK_NONNULL(1);

#endif
