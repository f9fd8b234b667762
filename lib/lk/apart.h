/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An action on many hierarchies that do not depend on each other. Those that another process is at work on, here or
 * on a system that has to release its part, are left to a child process each, which waits for them; all
 * others are done at once.
 *
 * A child dies with us, its scripts with it, and what it has reserved counts for nothing then.
 */
#ifndef LK_APART_H
#define LK_APART_H

#include <sys/types.h>

#include "lk/act.h"
#include "lk/graph.h"
#include "lk/wait.h"

struct lk_apart {
	const struct lk_graph *graph;
	/* in this process, for each hierarchy that is left to a child; why: who is at work on it */
	void (*left)(void *arg, const struct lk_act *act, const struct lk_err *why);
	/* in the child, after its action, with what that gave */
	void (*done)(void *arg, const struct lk_act *act, int rc, struct lk_err *err);
	void *arg;
	/* set by lk_apart_run() */
	bool *busy;		/* per node: another process has it */
	bool *given;		/* per node: a child does its hierarchy; in the child, that it does it */
	pid_t *child;		/* room for one per node */
	unsigned nchild;
	struct lk_wait wait;	/* with children: a signal waits for lk_apart_end() */
};

/* Zeroed but for the functions and arg. 0, -1. */
int lk_apart_begin(struct lk_apart *apart, const struct lk_graph *graph, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* The action, without what is left to children. list is what act->what.tag points to, and gets another order. As
 * lk_act_check() and lk_act_run(). */
int lk_apart_run(struct lk_apart *apart, const struct lk_act *act, const char **list, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);

/* Wait for the children; stop: end them first. 0; -1 interrupted, and then they are ended, too. */
int lk_apart_end(struct lk_apart *apart, bool stop, struct lk_err *err) LK_MUST LK_NONNULL(1, 3);

#endif
