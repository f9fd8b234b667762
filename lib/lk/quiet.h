/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which other systems this one has not confirmed for so long that what they ran has ended (lk/grant.h). */
#ifndef LK_QUIET_H
#define LK_QUIET_H

#include "lk/lcd.h"
#include "lk/limits.h"

struct lk_quiet {
	uint32_t set;			/* bit s: the system at lcd->sys[s] is quiet, and barred for lk_terms_bar() */
	uint64_t wait[LK_SYSTEMS_MAX];	/* ms until it is, if it is not heard of again */
};

/* Of the set those that are quiet are barred, and the others are left alone: one that lives must not lose
 * its lease by questions. Without lcm nobody is quiet. 0; -1; -3; -9. */
int lk_quiet_bar(struct lk_lcd *lcd, uint32_t set, struct lk_quiet *quiet, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 3, 4);

/* The same in storage mode: a system has stopped when its object was not seen to advance, and its heartbeats were not
 * confirmed from here, for the time that each of them lets it run, and the stop time. Nobody is barred: no system
 * becomes a candidate without the grant of all that are not quiet. *limit: how long the storage lets this
 * one run, in ms. 0; -1; -3 the daemon has said nothing; -9. */
int lk_quiet_storage(struct lk_lcd *lcd, struct lk_quiet *quiet, int64_t *limit, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);

#endif
