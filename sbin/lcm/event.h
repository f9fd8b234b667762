/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of class lifekeeper and their handlers: one at a time per peer, in order, lcm_avail before
 * all others. One that is outdated is not started any more, or told to end.
 */
#ifndef LCM_EVENT_H
#define LCM_EVENT_H

#include "world.h"

/* Look whether our supervisor's start has had its lcm_avail already. */
void event_init(struct lcm *lcm) LK_NONNULL(1);

/* HANDLER_UP or HANDLER_DOWN is to be processed, or (HANDLER_NONE) nothing any more. again: also if the
 * same one runs already. */
void event_want(struct lcm_peer *peer, enum lcm_handler handler, bool again) LK_NONNULL(1);

/* Is !nofailover!PEER set here: was the peer stopped in order? */
bool event_is_flagged(const struct lcm_peer *peer) LK_NONNULL(1);

/* The peer has come up: remove that flag, if it is set. What is set from now on is about its next stop. The peer's
 * next handler waits until that is done. */
void event_clear(struct lcm_peer *peer) LK_NONNULL(1);

/* Start what may start now. */
void event_pump(struct lcm *lcm) LK_NONNULL(1);

int64_t event_deadline(const struct lcm *lcm) LK_NONNULL(1);
void event_tick(struct lcm *lcm) LK_NONNULL(1);

/* Tell all handlers to end. */
void event_stop(struct lcm *lcm) LK_NONNULL(1);

#endif
