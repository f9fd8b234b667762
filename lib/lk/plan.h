/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an action on a hierarchy does, in which order (spec/core.md 3.11.5 and 3.11.6): the pure
 * decision, from the loaded LCD alone.
 */
#ifndef LK_PLAN_H
#define LK_PLAN_H

#include "lk/graph.h"

enum lk_plan_kind { LK_PLAN_RESTORE, LK_PLAN_REMOVE };

struct lk_plan_for {
	enum lk_plan_kind kind;
	const char *const *tag;		/* ntags of them */
	size_t ntags;
	bool single;			/* -s: only these */
	bool below;			/* -b: restore these and what is below them */
	bool again;			/* restore these even if they are in service */
	bool lenient;			/* unknown tags do not matter */
};

struct lk_plan_step {
	unsigned node;			/* in the graph */
	unsigned waits;			/* for how many other steps */
	unsigned *next;			/* the steps that wait for this one, nnext of them */
	unsigned nnext;
};

struct lk_plan {
	struct lk_graph graph;
	struct lk_plan_step *step;	/* in the order of the spec, each behind those it waits for */
	unsigned n;
};

/* Needs LK_T_INS and LK_T_DEP; the memory belongs to the LCD. 0; -1; -3 dependencies in a cycle; -7 no
 * such tag. */
int lk_plan_make(struct lk_plan *plan, struct lk_lcd *lcd, const struct lk_plan_for *what,
		 struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4);

static inline struct lk_ins *lk_plan_ins(const struct lk_plan *plan, unsigned step)
{
	return plan->graph.node[plan->step[step].node];
}

#endif
