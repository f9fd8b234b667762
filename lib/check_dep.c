/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dependencies of a tree that is checked: dangling ones, cycles, states that do not fit. */
#include <string.h>

#include "lk/check.h"
#include "lk/graph.h"
#include "lk/poison.h"

static const char dep_file[] = "config/dep";

static void add_dangling(struct lk_check *check, size_t row, const char *missing)
{
	const struct lk_dep *dep = &check->lcd.dep[row];

	lk_check_offer(check, lk_check_add(check, dep_file, dep->line,
			"\"%s\" depends on \"%s\", but \"%s\" does not exist", dep->parent,
			dep->child, missing),
		       LK_REPAIR_DROP, LK_T_DEP, row, LK_T_INS | LK_T_TYP, "dependency dropped");
}

static void check_states(struct lk_check *check, const struct lk_dep *dep,
			 const struct lk_ins *parent, const struct lk_ins *child)
{
	if (!lk_state_up(parent->state) || lk_state_up(child->state))
		return;
	struct lk_finding *found = lk_check_add(check, dep_file, dep->line,
		"\"%s\" is in service (%s), but \"%s\", on which it depends, is not (%s)",
		parent->tag, lk_state_names[parent->state], child->tag,
		lk_state_names[child->state]);

	found->warning = true;
	found->advice = lk_check_format(check, "perform_action -t %s -a restore", child->tag);
}

static void check_dep(struct lk_check *check, const struct lk_graph *graph, size_t row)
{
	const struct lk_dep *dep = &check->lcd.dep[row];
	int parent = lk_graph_find(graph, dep->parent), child = lk_graph_find(graph, dep->child);

	if (!strcmp(dep->parent, dep->child)) {
		lk_check_add(check, dep_file, dep->line, "\"%s\" depends on itself",
			     dep->parent)->advice =
			lk_check_format(check, "dep_remove -p %s -c %s", dep->parent, dep->child);
		return;
	}
	if (parent >= 0 && child >= 0)
		check_states(check, dep, graph->node[parent], graph->node[child]);
	else if (!check->orphans)
		add_dangling(check, row, parent < 0 ? dep->parent : dep->child);
}

/* ---- cycles ---- */

/* A parent of node that is on or below a cycle too, node itself not counted; -1: none. */
static int parent_left(const struct lk_graph *g, const bool *listed, unsigned node)
{
	for (unsigned k = g->first[LK_UP][node]; k < g->first[LK_UP][node + 1]; k++)
		if (g->next[LK_UP][k] != node && !listed[g->next[LK_UP][k]])
			return (int)g->next[LK_UP][k];
	return -1;
}

static unsigned line_of(const struct lk_lcd *lcd, const char *parent, const char *child)
{
	for (size_t i = 0; i < lcd->ndep; i++)
		if (!strcmp(lcd->dep[i].parent, parent) && !strcmp(lcd->dep[i].child, child))
			return lcd->dep[i].line;
	return 0;
}

/* next[] leads from child to parent around the cycle; name it from parent to child, beginning with its
 * lowest tag. */
static void add_cycle(struct lk_check *check, const struct lk_graph *g, const int *next,
		      unsigned *way, unsigned node)
{
	struct lk_buf LK_AUTO_BUF names = { 0 };
	unsigned start = node, n = 0;

	for (unsigned k = (unsigned)next[node]; k != node; k = (unsigned)next[k])
		start = k < start ? k : start;
	unsigned at = start;
	do {
		way[n++] = at;
		at = (unsigned)next[at];
	} while (at != start);
	lk_buf_addf(&names, "\"%s\"", g->node[start]->tag);
	for (unsigned i = n; i-- > 0;)
		lk_buf_addf(&names, " -> \"%s\"", g->node[way[i]]->tag);

	const char *parent = g->node[way[1]]->tag, *child = g->node[start]->tag;
	lk_check_add(check, dep_file, line_of(&check->lcd, parent, child),
		     "the dependencies go round in a circle: %s",
		     names.failed ? "" : names.data)->advice =
		lk_check_format(check, "dep_remove -p %s -c %s", parent, child);
}

/* Walk up from every node that has no place in the order of starting: who comes back to a node of his
 * own walk has found a cycle. */
static void find_cycles(struct lk_check *check, const struct lk_graph *g, const bool *listed)
{
	unsigned *walk = lk_graph_array(g, sizeof(*walk));	/* number of the walk that was here */
	unsigned *way = lk_graph_array(g, sizeof(*way));	/* the nodes of one cycle */
	int *next = lk_graph_array(g, sizeof(*next));

	if (!walk || !way || !next) {
		check->nomem = true;
		return;
	}
	for (unsigned start = 0; start < g->n; start++) {
		int node = listed[start] || walk[start] ? -1 : (int)start;

		while (node >= 0 && !walk[node]) {
			walk[node] = start + 1;
			next[node] = parent_left(g, listed, (unsigned)node);
			node = next[node];
		}
		if (node >= 0 && walk[node] == start + 1)
			add_cycle(check, g, next, way, (unsigned)node);
	}
}

static void check_cycles(struct lk_check *check, const struct lk_graph *g)
{
	unsigned *order = lk_graph_array(g, sizeof(*order));
	bool *listed = lk_graph_array(g, sizeof(*listed));

	if (!order || !listed) {
		check->nomem = true;
		return;
	}
	unsigned n = lk_graph_order(g, LK_DOWN, NULL, order);
	for (unsigned i = 0; i < n; i++)
		listed[order[i]] = true;
	if (n < g->n)
		find_cycles(check, g, listed);
}

void lk_check_deps(struct lk_check *check, struct lk_err *err)
{
	struct lk_graph graph;

	if (lk_graph_build(&graph, &check->lcd, err) < 0)
		return;
	for (size_t i = 0; i < check->lcd.ndep; i++)
		check_dep(check, &graph, i);
	check_cycles(check, &graph);
}
