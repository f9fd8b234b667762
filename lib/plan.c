/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an action on a hierarchy does, in which order. */
#include "lk/plan.h"

#include <stdio.h>
#include <string.h>

#include "lk/msg.h"
#include "lk/poison.h"

/* A plan in the making. */
struct making {
	struct lk_plan *plan;
	const struct lk_graph *g;
	unsigned *stack, *pos;		/* of visit(): nodes, and how far each one's children are done */
	enum { UNSEEN, OPEN, DONE } *mark;
	const bool *again;		/* nodes to be restored even if they are in service, or NULL */
	unsigned *number;		/* step of a node, counted from 1; 0: none */
};

/* Nothing to do for a restore? */
static bool in_service(const struct making *m, unsigned node)
{
	return m->g->node[node]->state == LK_ISP && !(m->again && m->again[node]);
}

static int fail_cycle(const struct making *m, unsigned node, struct lk_err *err)
{
	char what[600];

	snprintf(what, sizeof(what), "\"%s\" depends on itself, by way of others: lcdcheck tells more",
		 m->g->node[node]->tag);
	return lk_fail(err, LK_M_BROKEN, what);
}

static void append(struct making *m, unsigned node)
{
	m->plan->step[m->plan->n++] = (struct lk_plan_step){ .node = node };
	m->number[node] = m->plan->n;
}

/* The marked nodes in order; how many, or -3 if they cannot have one. */
static int sort_marked(const struct making *m, enum lk_dir dir, const bool *mark, unsigned *order,
		       struct lk_err *err)
{
	unsigned n = lk_graph_order(m->g, dir, mark, order), marked = 0;

	for (unsigned i = 0; i < m->g->n; i++)
		marked += mark[i];
	for (unsigned i = 0; n < marked && i < m->g->n; i++) {
		bool found = !mark[i];

		for (unsigned k = 0; k < n && !found; k++)
			found = order[k] == i;
		if (!found)
			return fail_cycle(m, i, err);
	}
	return (int)n;
}

/* ---- restore ---- */

/* Step 3a: nothing if it is in service, else its children, then itself. On an explicit stack, so that
 * a chain of any length is visited. */
static int visit(struct making *m, unsigned start, struct lk_err *err)
{
	const struct lk_graph *g = m->g;
	unsigned depth = 0;

	if (m->mark[start] == DONE || in_service(m, start))
		return 0;
	m->mark[start] = OPEN;
	m->stack[depth++] = start;
	m->pos[start] = g->first[LK_DOWN][start];
	while (depth) {
		unsigned node = m->stack[depth - 1];

		if (m->pos[node] == g->first[LK_DOWN][node + 1]) {
			m->mark[node] = DONE;
			append(m, node);
			depth--;
			continue;
		}
		unsigned child = g->next[LK_DOWN][m->pos[node]++];
		if (m->mark[child] == OPEN)
			return fail_cycle(m, child, err);
		if (m->mark[child] == DONE || in_service(m, child))
			continue;
		m->mark[child] = OPEN;
		m->stack[depth++] = child;
		m->pos[child] = g->first[LK_DOWN][child];
	}
	return 0;
}

/* Steps 3b to 3d for one tag. */
static int plan_restore(struct making *m, const struct lk_plan_for *what, unsigned node,
			struct lk_err *err)
{
	const struct lk_graph *g = m->g;

	if (what->single) {
		if (!in_service(m, node) && !m->number[node])
			append(m, node);
		return 0;
	}
	int rc = visit(m, node, err);
	if (rc < 0 || what->below)
		return rc;
	bool *above = lk_graph_array(g, sizeof(*above));
	unsigned *order = lk_graph_array(g, sizeof(*order));
	if (!above || !order)
		return lk_fail_nomem(err);
	lk_graph_mark(g, node, LK_UP, above);
	rc = sort_marked(m, LK_UP, above, order, err);
	for (int i = 0; rc >= 0 && i < rc; i++) {
		int bad = visit(m, order[i], err);

		rc = bad < 0 ? bad : rc;
	}
	return rc < 0 ? rc : 0;
}

/* In the order of the tags given. */
static int plan_restores(struct making *m, const struct lk_plan_for *what, struct lk_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < what->ntags && rc == 0; i++) {
		int node = lk_graph_find(m->g, what->tag[i]);

		if (node >= 0)
			rc = plan_restore(m, what, (unsigned)node, err);
	}
	return rc;
}

/* ---- remove ---- */

/* The tags and, unless single, all that depends on them, roots first. */
static int plan_remove(struct making *m, const struct lk_plan_for *what, const bool *named,
		       struct lk_err *err)
{
	const struct lk_graph *g = m->g;
	bool *mark = lk_graph_array(g, sizeof(*mark));
	unsigned *order = lk_graph_array(g, sizeof(*order));

	if (!mark || !order)
		return lk_fail_nomem(err);
	for (unsigned i = 0; i < g->n; i++)
		if (named[i] && what->single)
			mark[i] = true;
		else if (named[i])
			lk_graph_mark(g, i, LK_UP, mark);
	int n = sort_marked(m, LK_DOWN, mark, order, err);
	for (int i = 0; i < n; i++)
		append(m, order[i]);
	return n < 0 ? n : 0;
}

/* ---- who waits for whom ---- */

static int link_steps(struct making *m, enum lk_dir dir, struct lk_err *err)
{
	const struct lk_graph *g = m->g;
	enum lk_dir ahead = dir == LK_DOWN ? LK_UP : LK_DOWN;

	for (unsigned i = 0; i < m->plan->n; i++) {
		struct lk_plan_step *step = &m->plan->step[i];
		unsigned from = g->first[ahead][step->node], to = g->first[ahead][step->node + 1];

		step->next = lk_arena_alloc(&g->lcd->arena, (to - from + 1) * sizeof(*step->next));
		if (!step->next)
			return lk_fail_nomem(err);
		for (; from < to; from++) {
			unsigned other = m->number[g->next[ahead][from]];

			if (!other)
				continue;
			step->next[step->nnext++] = other - 1;
			m->plan->step[other - 1].waits++;
		}
	}
	return 0;
}

static int begin(struct making *m, struct lk_plan *plan, struct lk_err *err)
{
	const struct lk_graph *g = &plan->graph;

	*m = (struct making){ .plan = plan, .g = g };
	plan->step = lk_graph_array(g, sizeof(*plan->step));
	m->stack = lk_graph_array(g, sizeof(*m->stack));
	m->pos = lk_graph_array(g, sizeof(*m->pos));
	m->mark = lk_graph_array(g, sizeof(*m->mark));
	m->number = lk_graph_array(g, sizeof(*m->number));
	return plan->step && m->stack && m->pos && m->mark && m->number ? 0 : lk_fail_nomem(err);
}

int lk_plan_make(struct lk_plan *plan, struct lk_lcd *lcd, const struct lk_plan_for *what,
		 struct lk_err *err)
{
	struct making m;
	int rc;

	*plan = (struct lk_plan){ .n = 0 };
	rc = lk_graph_build(&plan->graph, lcd, err);
	if (rc == 0)
		rc = begin(&m, plan, err);
	bool *named = rc == 0 ? lk_graph_array(&plan->graph, sizeof(*named)) : NULL;
	if (!named)
		return rc < 0 ? rc : lk_fail_nomem(err);
	for (size_t i = 0; i < what->ntags; i++) {
		int node = lk_graph_find(&plan->graph, what->tag[i]);

		if (node < 0 && !what->lenient)
			return lk_fail(err, LK_M_NO_TAG, what->tag[i]);
		if (node < 0)
			continue;
		named[node] = true;
	}
	m.again = what->again ? named : NULL;
	if (rc == 0 && what->kind == LK_PLAN_RESTORE)
		rc = plan_restores(&m, what, err);
	if (rc == 0 && what->kind == LK_PLAN_REMOVE)
		rc = plan_remove(&m, what, named, err);
	if (rc == 0)
		rc = link_steps(&m, what->kind == LK_PLAN_RESTORE ? LK_DOWN : LK_UP, err);
	return rc;
}
