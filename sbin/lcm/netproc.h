/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network process as main sees it: starting it, sending to it, receiving from it. */
#ifndef LCM_NETPROC_H
#define LCM_NETPROC_H

#include "world.h"

/* Start it. 0 or -1, logged. */
int netproc_start(struct lcm *lcm) LK_MUST LK_NONNULL(1);

/* Send one message; what the bus does not take now is kept. fd -1: none, else it goes along and is closed. */
void netproc_send(struct lcm *lcm, const struct lk_out *message, int fd) LK_NONNULL(1, 2);

/* How this node sees a peer now. */
void netproc_send_view(struct lcm *lcm, const struct lcm_peer *peer) LK_NONNULL(1, 2);

/* Ask it to end. */
void netproc_stop(struct lcm *lcm) LK_NONNULL(1);
/* Forget what it has not taken. */
void netproc_free(struct lcm *lcm) LK_NONNULL(1);

#endif
