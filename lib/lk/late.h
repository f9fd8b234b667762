/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is made up for once there is quorum: the resources that a start left out for want of it, each by a flag
 * !late!TAG on this system, and the events that found none. A file run/late says that there is
 * something; lcm, which knows when there is quorum, runs lcdavail -q and repeats the events. Of a resource that anybody
 * has restored or taken out of service since the start the flag is gone: nothing is made up for.
 */
#ifndef LK_LATE_H
#define LK_LATE_H

#include "lk/lcd.h"

#define LK_LATE_FLAG "!late!"		/* and the tag */

/* The file. 0 or -1. */
int lk_late_note(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);
void lk_late_forget(const struct lk_tree *tree) LK_NONNULL(1);
bool lk_late_noted(const struct lk_tree *tree) LK_NONNULL(1);

/* Where a lease tells when there is quorum: has the event of this system that is at work found quorum? If not it is noted, by the
 * file and one of its own, run/late.SYSTEM. What cannot be noted is not repeated. */
void lk_late_event(const struct lk_tree *tree, const char *sys, bool quorum) LK_NONNULL(1, 2);
bool lk_late_event_noted(const struct lk_tree *tree, const char *sys) LK_NONNULL(1, 2);
/* A start, or the return of who makes a majority: what was before it is over. */
void lk_late_forget_events(const struct lk_lcd *lcd) LK_NONNULL(1);

/* The flag, in a transaction with LK_T_FLG. 0 or -1. */
int lk_late_mark(struct lk_lcd *lcd, const char *tag, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);
void lk_late_unmark(struct lk_lcd *lcd, const char *tag) LK_NONNULL(1, 2);
void lk_late_unmark_all(struct lk_lcd *lcd) LK_NONNULL(1);

/* Was it left out, and nobody has touched it since, nor is at work on it? Needs LK_T_FLG. */
bool lk_late_is_due(const struct lk_lcd *lcd, const struct lk_ins *ins) LK_NONNULL(1, 2);

/* Take away all flags: it has been tried. 0, -1, -3. */
int lk_late_end(struct lk_err *err) LK_MUST LK_NONNULL(1);

#endif
