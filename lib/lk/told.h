/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which terms of another system count, by what it has told (lk/grant.h). Pure: times come in as numbers, of one clock,
 * that of whoever judges.
 *
 * Larger ones count at once. Smaller ones do not: what it had in service when it made them smaller may run as long as
 * the larger ones have let it, from the last moment at which they may have held. That was not after the first smaller
 * ones were heard. So they count when the larger lease and stop time have passed since then, and of all that was
 * told meanwhile the largest. Nothing else is needed: a system that hangs has told the smaller ones before it hung or
 * not at all, and one that has started again runs nothing of before.
 */
#ifndef LK_TOLD_H
#define LK_TOLD_H

#include <stdint.h>

#include "lk/grant.h"

struct lk_told {
	struct lk_terms counts;	/* what counts, as of the last call */
	struct lk_terms last;	/* what was told last */
	struct lk_terms since;	/* the largest told since "smaller" */
	int64_t smaller;	/* in ns: the first ones that were smaller than what counts were heard then; 0: none were */
};

/* The system has told these. What it may have told long ago, such as an old object, only if it is larger:
 * lk_told_exceeds(). */
void lk_told_hear(struct lk_told *told, const struct lk_terms *terms, int64_t now) LK_NONNULL(1, 2);

/* Is one of the two longer than what counts? */
bool lk_told_exceeds(const struct lk_told *told, const struct lk_terms *terms) LK_MUST LK_NONNULL(1, 2);

/* What counts now, and in how many ns smaller ones may; 0: they do not, or there are none. */
struct lk_terms lk_told_terms(const struct lk_told *told, int64_t now) LK_MUST LK_NONNULL(1);
int64_t lk_told_left(const struct lk_told *told, int64_t now) LK_MUST LK_NONNULL(1);

#endif
