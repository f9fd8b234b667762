/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recovery in progress: for lib/failure.c, lib/failure_local.c and lib/failure_move.c only. */
#ifndef LK_FAILURE_RUN_H
#define LK_FAILURE_RUN_H

#include "lk/decide.h"
#include "lk/failure.h"
#include "lk/graph.h"
#include "lk/log.h"

struct lk_failing {
	const struct lk_failure *f;
	struct lk_lcd lcd;		/* as it was when we reserved it; owns all strings */
	struct lk_graph graph;
	unsigned node;			/* the resource */
	unsigned *up, nup;		/* it and all that depends on it, walking up */
	bool *moving;			/* per node: in service here, or taken out of service by us before */
	struct lk_picture picture;
};

/* One decision: a line of the log and of the story. why may be NULL. */
void lk_failing_tell(const struct lk_failing *run, enum lk_log_level level, const char *decision,
		     const char *why) LK_NONNULL(1, 3);

/* A text that operators know, under its own number. */
void lk_failing_say(const struct lk_failing *run, const struct lk_err *text) LK_NONNULL(1, 2);

static inline struct lk_ins *lk_failing_ins(const struct lk_failing *run)
{
	return run->graph.node[run->node];
}

/* ---- lib/failure_local.c ---- */

/* Repair it here. 1: done; 0: it could not be; -1: interrupted. */
int lk_failing_repair(const struct lk_failing *run, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* ---- lib/failure_move.c ---- */

/* Are transfers disabled, to every system that has a copy? */
bool lk_failing_is_bound(const struct lk_failing *run) LK_NONNULL(1);

/* What could not be taken out of service here, of all that would move; NULL: nothing. Valid until the LCD
 * given is closed. */
const char *lk_failing_stuck(const struct lk_failing *run, struct lk_lcd *now) LK_NONNULL(1, 2);

/* Have other systems restore it, one after the other. 0: one has; -1: none has, or something is stuck
 * (LK_M_FLR_STUCK). */
int lk_failing_move(struct lk_failing *run, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

#endif
