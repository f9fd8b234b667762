/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dependency graph of the loaded instances. */
#include "lk/graph.h"

#include <stdlib.h>
#include <string.h>

#include "lk/poison.h"

struct pair {
	unsigned from, to;
};

/* An explicit stack, so that a chain of any length is walked: per level the node and the position
 * in its neighbour list. */
struct lk_graph_level {
	unsigned node, pos;
};

static int by_tag(const void *a, const void *b)
{
	return strcmp((*(struct lk_ins *const *)a)->tag, (*(struct lk_ins *const *)b)->tag);
}

static int by_pair(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

void *lk_graph_array(const struct lk_graph *graph, size_t size)
{
	void *array = lk_arena_alloc(&graph->lcd->arena, (graph->n + 1) * size);

	return array ? memset(array, 0, (graph->n + 1) * size) : NULL;
}

static int sort_nodes(struct lk_graph *g, struct lk_err *err)
{
	struct lk_lcd *lcd = g->lcd;

	g->n = (unsigned)lcd->nins;
	g->node = lk_graph_array(g, sizeof(*g->node));
	if (!g->node)
		return lk_fail_nomem(err);
	for (unsigned i = 0; i < g->n; i++)
		g->node[i] = &lcd->ins[i];
	qsort(g->node, g->n, sizeof(*g->node), by_tag);
	return 0;
}

int lk_graph_find(const struct lk_graph *g, const char *tag)
{
	unsigned low = 0, high = g->n;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;
		int order = strcmp(g->node[mid]->tag, tag);

		if (order == 0)
			return (int)mid;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return -1;
}

/* Neighbour lists of one direction from sorted pairs. */
static int fill_lists(struct lk_graph *g, enum lk_dir dir, struct pair *pairs, size_t n,
		      struct lk_err *err)
{
	g->first[dir] = lk_graph_array(g, sizeof(unsigned));
	g->next[dir] = lk_arena_alloc(&g->lcd->arena, (n + 1) * sizeof(unsigned));
	if (!g->first[dir] || !g->next[dir])
		return lk_fail_nomem(err);
	qsort(pairs, n, sizeof(*pairs), by_pair);
	unsigned node = 0;
	for (size_t i = 0; i < n; i++) {
		while (node <= pairs[i].from)
			g->first[dir][node++] = (unsigned)i;
		g->next[dir][i] = pairs[i].to;
	}
	while (node <= g->n)
		g->first[dir][node++] = (unsigned)n;
	return 0;
}

int lk_graph_build(struct lk_graph *g, struct lk_lcd *lcd, struct lk_err *err)
{
	*g = (struct lk_graph){ .lcd = lcd };
	int rc = sort_nodes(g, err);
	if (rc < 0)
		return rc;

	struct pair *pairs = lk_arena_alloc(&lcd->arena, (lcd->ndep + 1) * sizeof(*pairs));
	size_t n = 0;
	if (!pairs)
		return lk_fail_nomem(err);
	for (size_t i = 0; i < lcd->ndep; i++) {
		int parent = lk_graph_find(g, lcd->dep[i].parent);
		int child = lk_graph_find(g, lcd->dep[i].child);

		if (parent >= 0 && child >= 0)
			pairs[n++] = (struct pair){ (unsigned)parent, (unsigned)child };
	}
	g->stack = lk_graph_array(g, sizeof(*g->stack));
	g->seen = lk_graph_array(g, sizeof(*g->seen));
	if (!g->stack || !g->seen)
		return lk_fail_nomem(err);
	rc = fill_lists(g, LK_DOWN, pairs, n, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		pairs[i] = (struct pair){ pairs[i].to, pairs[i].from };
	return fill_lists(g, LK_UP, pairs, n, err);
}

static void enter(const struct lk_walk *walk, unsigned node)
{
	if (walk->node)
		walk->node(walk->arg, node);
}

static void pass(const struct lk_walk *walk, enum lk_dir dir, unsigned from, unsigned to)
{
	if (walk->edge)
		walk->edge(walk->arg, dir == LK_DOWN ? from : to, dir == LK_DOWN ? to : from);
}

static void walk_from(const struct lk_graph *g, unsigned start, enum lk_dir dir,
		      const struct lk_walk *walk, bool *seen)
{
	struct lk_graph_level *stack = g->stack;
	unsigned depth = 1;

	if (seen[start])
		return;
	stack[0] = (struct lk_graph_level){ start, g->first[dir][start] };
	seen[start] = true;
	enter(walk, start);
	while (depth) {
		struct lk_graph_level *top = &stack[depth - 1];

		if (top->pos == g->first[dir][top->node + 1]) {
			depth--;
			continue;
		}
		unsigned to = g->next[dir][top->pos++];
		pass(walk, dir, top->node, to);
		if (seen[to])
			continue;
		seen[to] = true;
		enter(walk, to);
		stack[depth++] = (struct lk_graph_level){ to, g->first[dir][to] };
	}
}

void lk_graph_walk(const struct lk_graph *g, unsigned start, enum lk_dir dir,
		   const struct lk_walk *walk)
{
	memset(g->seen, 0, g->n * sizeof(*g->seen));
	walk_from(g, start, dir, walk, g->seen);
}

void lk_graph_mark(const struct lk_graph *g, unsigned start, enum lk_dir dir, bool *mark)
{
	const struct lk_walk nothing = { 0 };

	walk_from(g, start, dir, &nothing, mark);
}

unsigned lk_graph_order(const struct lk_graph *g, enum lk_dir dir, const bool *only,
			unsigned *order)
{
	enum lk_dir back = dir == LK_DOWN ? LK_UP : LK_DOWN;
	unsigned *waiting = lk_graph_array(g, sizeof(*waiting));	/* for so many before it */
	unsigned n = 0, i = 0;

	if (!waiting)
		return 0;
	for (unsigned k = 0; k < g->n; k++)
		for (unsigned e = g->first[back][k]; e < g->first[back][k + 1]; e++)
			waiting[k] += !only || only[g->next[back][e]];
	while (i < g->n) {
		if (waiting[i] || (only && !only[i])) {
			i++;
			continue;
		}
		unsigned lowest = i + 1;

		order[n++] = i;
		waiting[i] = ~0U;
		for (unsigned k = g->first[dir][i]; k < g->first[dir][i + 1]; k++) {
			unsigned next = g->next[dir][k];

			if (--waiting[next] == 0 && next < lowest)
				lowest = next;
		}
		i = lowest;
	}
	return n;
}
