/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that other systems want to run here. */
#ifndef LCM_SERVED_H
#define LCM_SERVED_H

#include "world.h"

void served_open(struct lcm_peer *peer, uint32_t id, struct lk_in *in) LK_NONNULL(1, 3);
void served_input(struct lcm_peer *peer, uint32_t id, struct lk_in *in) LK_NONNULL(1, 3);
void served_credit(struct lcm_peer *peer, uint32_t id, struct lk_in *in) LK_NONNULL(1, 3);
void served_cancel(struct lcm_peer *peer, uint32_t id) LK_NONNULL(1);
/* Nobody listens any more: the commands go on until their limit. */
void served_lose(struct lcm_peer *peer) LK_NONNULL(1);
/* Tell all to end. */
void served_stop(struct lcm *lcm) LK_NONNULL(1);
/* Wait for what can be taken now; once at the end of each turn. */
void served_arm(struct lcm *lcm) LK_NONNULL(1);

int64_t served_deadline(const struct lcm *lcm) LK_NONNULL(1);
void served_tick(struct lcm *lcm) LK_NONNULL(1);

#endif
