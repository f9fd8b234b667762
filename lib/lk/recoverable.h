/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events that stand for a failed resource (spec/core.md 3.12, step 3). */
#ifndef LK_RECOVERABLE_H
#define LK_RECOVERABLE_H

#include "lk/event.h"

#define LK_RECOVER "bin/recover"	/* what recovers a resource, relative to the root */

/* If the event is about an instance in service - class is its application or type, object its tag or id -
 * start its recovery in the background. True: it is under way, begun here or by another process. Whatever
 * stands against it is logged. */
bool lk_recoverable(const struct lk_event *event) LK_NONNULL(1);

#endif
