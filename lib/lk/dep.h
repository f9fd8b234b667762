/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dependencies (spec/core.md 3.4): the parent needs the child. All need LK_T_DEP. */
#ifndef LK_DEP_H
#define LK_DEP_H

#include "lk/graph.h"
#include "lk/lcd.h"

/* NULL when there is none. */
struct lk_dep *lk_dep_find(const struct lk_lcd *lcd, const char *parent, const char *child)
	LK_NONNULL(1, 2, 3);

/* Does nothing depend on tag? */
bool lk_dep_is_root(const struct lk_lcd *lcd, const char *tag) LK_MUST LK_NONNULL(1, 2);

/* Needs LK_T_INS. 0; -4 exists; -5 on itself, a cycle, or the parent is in service and the child is
 * not; -7 no such tag. */
int lk_dep_add(struct lk_lcd *lcd, const char *parent, const char *child, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);

/* Drop every dependency with that parent and that child; NULL stands for any. Needs LK_T_INS. A tag
 * that has no instance will do if a dependency names it. 0, also when there was nothing to drop; -7
 * no such tag, or both were given and there is no such dependency. */
int lk_dep_drop(struct lk_lcd *lcd, const char *parent, const char *child, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 4);

/* tag and all it reaches in a direction, in the order of lk_graph_walk(), as a NULL-terminated
 * array that lives as long as the LCD. Needs LK_T_INS. 0, or -7 no such tag. */
int lk_dep_reach(struct lk_lcd *lcd, const char *tag, enum lk_dir dir, struct lk_ins ***reached,
		 struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 4, 5);

/* Sort for listing: bytewise by parent, then child. */
void lk_dep_sort(struct lk_lcd *lcd) LK_NONNULL(1);

#endif
