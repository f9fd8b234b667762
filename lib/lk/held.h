/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resources that stay in service while no daemon of their system runs (lkstop -f): no lease ends them, so
 * others must not take them for ended. Where grants are needed (lk/canvass.h) that is said before the daemons stop, by
 * a flag on enough of the others that every majority has one that knows; who knows takes that system for
 * quiet only if its incarnation has certainly ended (lk/fenced.h). The flag goes when the system has a lease
 * again, so that its watchdog covers what it runs; it has one of its own for that.
 */
#ifndef LK_HELD_H
#define LK_HELD_H

#include <stdbool.h>

#include "lk/lcd.h"

#define LK_HELD_FLAG "!held!"		/* and the system, another '!', and a number of this stop */
#define LK_HELD_WAIT 99999999		/* ms: as good as for ever, in answers to who asks */

/* Was it said here? Needs LK_T_FLG. */
bool lk_held(const struct lk_lcd *lcd, const char *sys) LK_NONNULL(1, 2);

/* Say it, if need be: grants are needed and anything is in service here, as of now, and nothing more comes into service
 * before this process has ended; nobody else takes it back as long. lcd was read with all tables. 0: said, or
 * there was no need; -3: no quorum, or not enough others have noted it: nothing has changed; -1. */
int lk_held_begin(struct lk_lcd *lcd, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* This system is back: take it back, if it was said and there is quorum; who is not reached is told by those who are, and
 * what cannot be told stays here, to be told by the next call. Not while lk_held_begin(), or what follows it, is at
 * work: that says it for a stop that is still to come. */
void lk_held_end(void);

/* May anything be brought into service? 0; -3: the daemons are being stopped without their resources. To be asked with
 * the tables locked. */
int lk_held_check(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

#endif
