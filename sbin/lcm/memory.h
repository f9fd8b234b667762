/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lcm knows over its own restart: run/lcm.memory, replaced as a whole at each change. Lines of words separated
 * by tabs: "boot MARK", "start ID LIFE", "peer NAME STATE LIFE", "path NAME DEVICE COMM_DOWNS".
 *
 * The counters are valid for this boot of the machine, the rest for this start of Lockkeeper. What cannot be
 * written is removed: without a memory a restart is taken for a return, and nothing is lost but quiet.
 */
#ifndef LCM_MEMORY_H
#define LCM_MEMORY_H

#include "world.h"

/* Read it, before there are peers: our life and, into lcm->memory, the rest. */
void memory_load(struct lcm *lcm) LK_NONNULL(1);
/* A peer or path that is new, at our start: what was known of it. */
void memory_peer(struct lcm_peer *peer) LK_NONNULL(1);
void memory_path(struct lcm_path *path, struct lcm *lcm) LK_NONNULL(1, 2);
/* At the end of a turn: write it if lcm->changed. */
void memory_save(struct lcm *lcm) LK_NONNULL(1);

#endif
