/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dependency graph of the loaded instances. Nodes are numbered in the order of their tags, so
 * "sorted by tag" is "by number". Memory belongs to the LCD. Needs LK_T_INS and LK_T_DEP; a
 * dependency that names an unknown tag is left out.
 */
#ifndef LK_GRAPH_H
#define LK_GRAPH_H

#include "lk/lcd.h"

enum lk_dir { LK_DOWN, LK_UP };		/* to children, to parents */

struct lk_graph {
	struct lk_lcd *lcd;
	unsigned n;
	struct lk_ins **node;
	/* neighbours of node i in a direction: next[dir][first[dir][i]] to next[dir][first[dir][i+1]-1] */
	unsigned *first[2], *next[2];
	/* scratch of the walks: one at a time, so that many of them need no more memory than one */
	struct lk_graph_level *stack;
	bool *seen;
};

/* Good until the LCD is closed or an instance or dependency of it is added or dropped. 0, or -1: out of memory. */
int lk_graph_build(struct lk_graph *graph, struct lk_lcd *lcd, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Number of the node with that tag, or -1. */
int lk_graph_find(const struct lk_graph *graph, const char *tag) LK_NONNULL(1, 2);

/* Does nothing depend on it? */
static inline bool lk_graph_is_root(const struct lk_graph *graph, unsigned node)
{
	return graph->first[LK_UP][node] == graph->first[LK_UP][node + 1];
}

struct lk_walk {
	void (*node)(void *arg, unsigned node);			/* may be NULL */
	void (*edge)(void *arg, unsigned parent, unsigned child);	/* may be NULL */
	void *arg;
};

/* Pre-order from start, neighbours in order of their tags, every node and edge once; also in a
 * graph with cycles. The callbacks may not walk the same graph. */
void lk_graph_walk(const struct lk_graph *graph, unsigned start, enum lk_dir dir,
		   const struct lk_walk *walk) LK_NONNULL(1, 4);

/* Mark (true) start and all it reaches in mark[0..n-1], which is not cleared before. */
void lk_graph_mark(const struct lk_graph *graph, unsigned start, enum lk_dir dir, bool *mark)
	LK_NONNULL(1, 4);

/* All nodes, or those marked in only (unless NULL), into order[0..n-1], the lowest possible tag first;
 * LK_DOWN: parents before children; LK_UP: children before parents. The result is how many there
 * are: fewer than that means that the rest is on a cycle or behind one. */
unsigned lk_graph_order(const struct lk_graph *graph, enum lk_dir dir, const bool *only,
			unsigned *order) LK_NONNULL(1, 4);

/* An array of n zeroed elements that lives as long as the LCD, or NULL. */
void *lk_graph_array(const struct lk_graph *graph, size_t size) LK_MUST LK_NONNULL(1);

#endif
