/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Priorities of whole hierarchies. */
#include "lk/pri.h"

#include <string.h>

#include "lk/msg.h"
#include "lk/poison.h"

/* Put the unmarked neighbours in one direction on the stack, whose new height is the result. */
static unsigned push(const struct lk_graph *g, unsigned node, enum lk_dir dir, bool *mark,
		     unsigned *stack, unsigned height)
{
	for (unsigned i = g->first[dir][node]; i < g->first[dir][node + 1]; i++) {
		unsigned next = g->next[dir][i];

		if (mark[next])
			continue;
		mark[next] = true;
		stack[height++] = next;
	}
	return height;
}

int lk_pri_hierarchy(const struct lk_graph *graph, unsigned start, bool *mark, struct lk_err *err)
{
	unsigned *stack = lk_graph_array(graph, sizeof(*stack));
	unsigned height = 1;

	if (!stack)
		return lk_fail_nomem(err);
	if (mark[start])
		return 0;
	mark[start] = true;
	stack[0] = start;
	while (height) {
		unsigned node = stack[--height];

		height = push(graph, node, LK_DOWN, mark, stack, height);
		height = push(graph, node, LK_UP, mark, stack, height);
	}
	return 0;
}

static bool is_marked(const struct lk_graph *graph, const bool *mark, const char *tag)
{
	int node = lk_graph_find(graph, tag);

	return node >= 0 && mark[node];
}

/* Only pairs with the changed system count, so that one clash can be repaired after the other. */
static int check_clash(const struct lk_lcd *lcd, const struct lk_eqv *row,
		       const struct lk_pri *pri, struct lk_err *err)
{
	bool local = !strcmp(pri->sys, lcd->local);

	if (!local && row->priority == pri->priority)
		return lk_fail(err, LK_M_PRIORITY_CLASH, pri->priority, row->tag, lcd->local);
	if (strcmp(row->sys, pri->sys) != 0 && row->otherpriority == pri->priority)
		return lk_fail(err, LK_M_PRIORITY_CLASH, pri->priority, row->tag, row->sys);
	return 0;
}

/* Has the system a priority for the tag that a row is about? */
static bool concerns(const struct lk_lcd *lcd, const struct lk_eqv *row, const char *sys)
{
	if (!strcmp(sys, lcd->local))
		return true;
	for (size_t i = 0; i < lcd->neqv; i++)
		if (!strcmp(lcd->eqv[i].tag, row->tag) && !strcmp(lcd->eqv[i].sys, sys))
			return true;
	return false;
}

int lk_pri_set(const struct lk_graph *graph, const bool *mark, const struct lk_pri *pri,
	       struct lk_err *err)
{
	struct lk_lcd *lcd = graph->lcd;
	bool any = false;

	for (size_t i = 0; i < lcd->neqv; i++) {
		struct lk_eqv *row = &lcd->eqv[i];

		if (!is_marked(graph, mark, row->tag) || !concerns(lcd, row, pri->sys))
			continue;
		int rc = check_clash(lcd, row, pri, err);
		if (rc < 0)
			return rc;
		if (!strcmp(pri->sys, lcd->local))
			row->priority = pri->priority;
		else if (!strcmp(pri->sys, row->sys))
			row->otherpriority = pri->priority;
		any = true;
	}
	if (!any)
		return lk_fail(err, LK_M_NO_PRIORITY, pri->sys, pri->top);
	lcd->dirty |= LK_T_EQV;
	return 0;
}
