/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Systems that were stopped in order while this one was not there to be told so: what they had in service stays where it
 * is (spec/core.md 3.10.2), by the flags !nofailover!SYSTEM of those that were told.
 */
#ifndef LK_STOPPED_H
#define LK_STOPPED_H

#include "lk/name.h"
#include "lk/picture.h"

#define LK_STOPPED_FLAG "!nofailover!"	/* and the system */
#define LK_STOPPED_MAX (LK_SYS_MAX + 16)
void lk_stopped_flag(const char *sys, char flag[static LK_STOPPED_MAX]) LK_NONNULL(1, 2);

/* Bit s: this one lacks the flag of system s, which it has never seen since it started, another one that is ALIVE has it,
 * and none sees s without having it. */
uint32_t lk_stopped_unknown(const struct lk_picture *picture) LK_NONNULL(1);

/* Set these flags, here and in the picture; lcm removes each when its system is back, as any other. One that comes back
 * while this is at work keeps none. 0; -1, -3, and only the picture has them. Killed in between, or without room
 * on the disk, the next event does it. */
int lk_stopped_adopt(struct lk_picture *picture, const char *prog, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

#endif
