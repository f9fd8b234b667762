/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ownership epochs: for each resource with equivalencies the system that restored it last, and how often
 * that has changed. Every system that can be reached has the same record. So after a partition
 * the higher epoch tells whose the resource is, and an equal one with two owners is split brain.
 *
 * All need LK_T_EPOCH; those that change it, a transaction.
 */
#ifndef LK_EPOCH_H
#define LK_EPOCH_H

#include "lk/lcd.h"
#include "lk/limits.h"

#define LK_EPOCH_NOBODY "-"	/* as owner: an operator has taken it out of service */

/* NULL when there is none: nobody has restored it yet. */
struct lk_epoch *lk_epoch_get(const struct lk_lcd *lcd, const char *tag) LK_NONNULL(1, 2);

/* This system is the owner now: if it is not the owner already, the epoch becomes one higher. Needs
 * LK_T_SYS. 0 or -1. */
int lk_epoch_raise(struct lk_lcd *lcd, const char *tag, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* The same, and the epoch becomes higher whoever the owner is. 0 or -1. */
int lk_epoch_claim(struct lk_lcd *lcd, const char *tag, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* The epoch that it has when this system is the owner. */
unsigned long long lk_epoch_next(const struct lk_lcd *lcd, const char *tag) LK_NONNULL(1, 2);

/* "TAG=EPOCH", which is cut at the last "=" and kept in *said. 0; -2; -5 no such number. */
int lk_epoch_parse(char *word, struct lk_epoch *said, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* The same by a majority's grant of this epoch, which is higher than the one here. 0 or -1. */
int lk_epoch_take(struct lk_lcd *lcd, const char *tag, unsigned long long epoch, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 4);

/* An operator has taken it out of service: if this system is the owner, the epoch becomes one higher and
 * nobody is the owner. What is not owned is not started when a system fails (design 3.7). 0 or -1. */
int lk_epoch_release(struct lk_lcd *lcd, const char *tag, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* What another system says. 1: it was newer, and is set; 0: we know that; -3: another owner has the same
 * epoch, split brain; -5: it is older than ours, or a bad name or number; -1. Of one epoch a record with an owner
 * is newer than one without: stopped here and taken over there at the same moment, it is there. */
int lk_epoch_set(struct lk_lcd *lcd, const struct lk_epoch *said, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* A system is gone for good: what it owns by the records belongs to nobody, each by an epoch that is one higher. How
 * many there were, or -1. */
int lk_epoch_disown(struct lk_lcd *lcd, const char *owner, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* Sort for listing, bytewise by tag. */
void lk_epoch_sort(struct lk_lcd *lcd) LK_NONNULL(1);

#endif
