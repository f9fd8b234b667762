/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Priorities of whole hierarchies (spec/core.md 3.5.4). Needs LK_T_INS, LK_T_DEP, LK_T_EQV, LK_T_SYS. */
#ifndef LK_PRI_H
#define LK_PRI_H

#include "lk/graph.h"
#include "lk/lcd.h"

/* Mark in mark[0..graph->n-1] all that is connected with start by dependencies, whatever their
 * direction. Marks that are set already are not left through. 0, or -1. */
int lk_pri_hierarchy(const struct lk_graph *graph, unsigned start, bool *mark, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 3, 4);

/* Give the system this priority for every marked instance that has an equivalency with it, or, for
 * the local system, with any. top names the hierarchy in messages. 0; -5 another system has that
 * priority for one of them; -7 no such equivalency. */
struct lk_pri {
	const char *sys, *top;
	unsigned priority;
};
int lk_pri_set(const struct lk_graph *graph, const bool *mark, const struct lk_pri *pri,
	       struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4);

#endif
