/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHARED equivalencies (spec/core.md 3.5). All need LK_T_EQV; the rows are this system's halves. */
#ifndef LK_EQV_H
#define LK_EQV_H

#include "lk/lcd.h"

/* NULL when there is none. */
struct lk_eqv *lk_eqv_find(const struct lk_lcd *lcd, const char *tag, const char *sys,
			   const char *othertag) LK_NONNULL(1, 2, 3, 4);

/* Which of two systems is this one, NULL meaning this one? *second is false when it is sys, true when
 * it is othersys. Needs LK_T_SYS. 0, or -5: both or neither are. */
int lk_eqv_side(const struct lk_lcd *lcd, const char *sys, const char *othersys, bool *second,
		struct lk_err *err) LK_MUST LK_NONNULL(1, 4, 5);

/* A new pair, local side first; priority 0: not given. */
struct lk_eqv_new {
	const char *tag, *sys, *othertag;
	unsigned priority, otherpriority;
	bool second;	/* the other side was named first, so it is the primary one by default */
};

/* Add this side of a pair. A priority not given is the one the system has for this tag already, else
 * 1 for the first and 10 for the second side. Needs LK_T_INS and LK_T_SYS too. 0; -4 exists; -5 same
 * system, bad other tag, priority of another system or other than the present one; -7 no such tag or
 * system. */
int lk_eqv_add(struct lk_lcd *lcd, const struct lk_eqv_new *new, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* 0, or -7 no such pair. */
int lk_eqv_drop(struct lk_lcd *lcd, const char *tag, const char *sys, const char *othertag,
		struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4, 5);

/* Sort for listing: bytewise by tag, other system, other tag. */
void lk_eqv_sort(struct lk_lcd *lcd) LK_NONNULL(1);

/* Sort by tag, then with the best priority of the other system first. */
void lk_eqv_sort_priority(struct lk_lcd *lcd) LK_NONNULL(1);

/* The priority of a system for a local tag, 0 if it has none. */
unsigned lk_eqv_priority(const struct lk_lcd *lcd, const char *tag, const char *sys)
	LK_NONNULL(1, 2, 3);

/* Remember the rows before instances are removed; afterwards ask the other systems to remove their
 * halves of those that are gone. A system that cannot be reached keeps a stale half, which is
 * resolved when it comes back (3.5.3): no error. Memory belongs to the LCD. 0, or -1: out of memory. */
struct lk_eqv_before {
	struct lk_eqv *eqv;
	size_t n;
};
int lk_eqv_remember(struct lk_lcd *lcd, struct lk_eqv_before *before, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);
void lk_eqv_remove_elsewhere(const struct lk_lcd *lcd, const struct lk_eqv_before *before)
	LK_NONNULL(1, 2);

#endif
