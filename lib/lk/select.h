/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which instances a removal is about; used by removal.c. */
#ifndef LK_SELECT_H
#define LK_SELECT_H

#include "lk/graph.h"
#include "lk/removal.h"

#define LK_SELECT_TABLES (LK_T_APP | LK_T_INS | LK_T_DEP)

struct lk_selection {
	const struct lk_removal *what;
	struct lk_graph graph;
	bool *node;		/* by number: selected, or depending on what is */
	unsigned *order;	/* all numbers, parents first */
};

/* Needs LK_SELECT_TABLES. 0, or -7 when a name is unknown or nothing matches. */
int lk_select(struct lk_selection *sel, struct lk_lcd *lcd, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Within a transaction: note in run/removal that holder removes the roots (NULL: no longer), and
 * forget what the dead were about. */
int lk_select_remember(struct lk_lcd *lcd, const char *roots, const struct lk_holder *holder,
		       struct lk_err *err) LK_MUST LK_NONNULL(1, 3, 4);

#endif
