/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other systems hold themselves to, as their heartbeats have told last (lk/grant.h). Time says only of one with a
 * lease that it has stopped. In $LKROOT/config, since it must outlive lcm and the machine.
 */
#ifndef LK_HOLDS_H
#define LK_HOLDS_H

#include "lk/lcd.h"

enum lk_holds {
	LK_HOLDS_UNKNOWN,	/* it was never heard */
	LK_HOLDS_LEASE,
	LK_HOLDS_LEAVING,	/* a lease yet, but it is configured to need none */
	LK_HOLDS_NONE,		/* no lease, and it is configured so */
	LK_HOLDS_UNBOUND,	/* no lease: an older version, or storage that it does not use yet */
	LK_HOLDS_COUNT
};

/* What was recorded. What cannot be read is UNBOUND. */
enum lk_holds lk_holds_read(const struct lk_tree *tree, const char *sys) LK_NONNULL(1, 2);

/* On stable storage when it returns. 0 or -1. */
int lk_holds_write(const struct lk_tree *tree, const char *sys, enum lk_holds holds, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 4);

/* Does nothing end it after a time? */
bool lk_holds_no_end(enum lk_holds holds);

/* Another system that holds itself to a lease and is to go on doing so, and was neither fenced nor confirmed to be off;
 * or NULL. Among such ones a system without a lease starts nothing. Needs LK_T_SYS. */
const char *lk_holds_among(const struct lk_lcd *lcd) LK_NONNULL(1);

/* Does this system keep the lease that it had, whatever QUORUM_MODE says since? lcm decides. 0 or -1. */
bool lk_holds_kept(const struct lk_tree *tree) LK_NONNULL(1);
int lk_holds_keep(const struct lk_tree *tree, bool keep, struct lk_err *err) LK_MUST LK_NONNULL(1, 3);

#endif
