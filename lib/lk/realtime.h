/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a daemon needs that must not wait for others: a heartbeat, a watchdog. */
#ifndef LK_REALTIME_H
#define LK_REALTIME_H

#include <stddef.h>

#include "lk/attr.h"

/* SCHED_RR with that priority, children without. 0, or -1 with errno; one goes on without. */
int lk_realtime(unsigned priority) LK_MUST;

/* Keep in memory what was used once, the whole program, and so many bytes of heap; as far as the limit goes.
 * 0, or -1 with errno; one goes on without. */
int lk_lock_memory(size_t heap) LK_MUST;

#endif
