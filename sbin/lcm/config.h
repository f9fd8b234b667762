/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree as lcm's configuration: systems, comm paths, tunables and key, watched for changes. */
#ifndef LCM_CONFIG_H
#define LCM_CONFIG_H

#include "world.h"

/* Read what does not change while we run: own name, settings. 0; -1, -3 with err. */
int config_init(struct lcm *lcm, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Read all and report the first problem, for -n. */
int config_check(struct lcm *lcm, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Watch the tree. What cannot be watched is looked at every minute. */
void config_watch(struct lcm *lcm) LK_NONNULL(1);

/* Read the tree and tell net what has changed. Damaged files leave all as it was. */
void config_load(struct lcm *lcm) LK_NONNULL(1);

/* net has put a configuration in force. */
void config_confirmed(struct lcm *lcm, uint32_t generation) LK_NONNULL(1);

/* net wants the device of a TTY or DISK path. */
void config_open_device(struct lcm *lcm, struct lcm_path *path) LK_NONNULL(1, 2);

void config_tick(struct lcm *lcm) LK_NONNULL(1);

#endif
