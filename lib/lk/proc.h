/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes as holders of marks and locks. */
#ifndef LK_PROC_H
#define LK_PROC_H

#include <stdbool.h>

#include "lk/lcd.h"

/* When the process was started, in clock ticks since boot. 0; -ESRCH: there is no such process, or
 * it is dead and only not yet reaped; another -errno: it cannot be told. */
int lk_proc_start(pid_t pid, unsigned long long *start) LK_MUST LK_NONNULL(2);

/* The process as a holder; its start is 0 where that cannot be told. */
struct lk_holder lk_proc_holder(pid_t pid);

/* Does the holder still run? A later process of the same id does not count, provided the start time
 * is known. In doubt it does run. */
bool lk_proc_alive(const struct lk_holder *holder) LK_NONNULL(1);

/* Is ancestor the process itself, its parent, its parent's parent, ...? */
bool lk_proc_descends(pid_t pid, pid_t ancestor);

#endif
