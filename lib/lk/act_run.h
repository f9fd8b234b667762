/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An action on a hierarchy in progress: for lib/act.c and lib/act_*.c only. */
#ifndef LK_ACT_RUN_H
#define LK_ACT_RUN_H

#include "lk/act.h"
#include "lk/pool.h"

enum lk_act_phase {
	LK_ACT_WAITING,		/* for others, or for its turn */
	LK_ACT_RUNNING,
	LK_ACT_ENDED,		/* but that is not recorded yet */
	LK_ACT_RECORDED,
};

struct lk_act_step {
	enum lk_act_phase phase;
	unsigned waits;			/* for so many others */
	unsigned seconds;		/* time limit */
	bool ran;			/* by its script; else there was nothing to run */
	bool good;			/* how it ended */
	bool undecided;			/* interrupted: its state stays as it was */
	bool reserved;			/* by us */
	enum lk_resv old_resv;		/* by one that waits for us */
	struct lk_holder old_holder;
};

struct lk_act_run {
	const struct lk_act *act;
	const char *action;		/* "restore" or "remove" */
	struct lk_lcd lcd;		/* as it was when we reserved it; owns all strings */
	struct lk_plan plan;
	struct lk_act_step *step;	/* beside plan.step */
	bool *planned;			/* per node of the graph; set by lk_act_take_over() */
	struct lk_holder self;
	unsigned long long parallel;
	struct lk_pool pool;
	bool showing;			/* what would be done: nothing is changed anywhere */
	bool canvass;			/* a majority has to consent */
	const char *give;		/* the only other system, which records in the release who is the owner then */
	bool stop;			/* start nothing any more */
	bool released;			/* nothing is left to do */
	struct lk_err first;		/* what went wrong first; code 0: nothing */
};

#define LK_ACT_TABLES (LK_T_INS | LK_T_DEP | LK_T_EQV | LK_T_SYS | LK_T_EPOCH | LK_T_FLG)

/* ---- lib/act_state.c ---- */

/* Make the plan and reserve it, after waiting for others. */
int lk_act_reserve(struct lk_act_run *run, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Record what has ended, and what needs no script; when nothing is left to do release all, in the same
 * transaction. After an error nothing of it is recorded: it can be repeated. */
int lk_act_record(struct lk_act_run *run, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Could this step's script start now? */
bool lk_act_ready(const struct lk_act_run *run, unsigned step) LK_NONNULL(1);

/* Is a step in service, or at work for another process? */
bool lk_act_busy(const struct lk_plan *plan) LK_NONNULL(1);

/* Note the first failure; a whole run that is not "apart" stops for it. */
void lk_act_fail_step(struct lk_act_run *run, const struct lk_err *err) LK_NONNULL(1, 2);

/* Note the first failure, and stop. */
void lk_act_fail(struct lk_act_run *run, const struct lk_err *err) LK_NONNULL(1, 2);

/* ---- lib/act_log.c: the log, and the story of each decision ---- */

struct lk_act_about {
	const struct lk_lcd *lcd;
	const char *prog, *action;
	const struct lk_ins *ins;
};

void lk_act_log_begin(const struct lk_act_about *about) LK_NONNULL(1);
/* failure NULL: it succeeded. */
void lk_act_log_end(const struct lk_act_about *about, const char *failure) LK_NONNULL(1);

/* Of the hierarchy as a whole; text NULL: nothing to add. */
void lk_act_tell(const struct lk_act_run *run, const char *decision, const char *text)
	LK_NONNULL(1, 2);
void lk_act_refuse(const struct lk_act *act, const struct lk_lcd *lcd, const struct lk_err *why)
	LK_NONNULL(1, 2, 3);

/* ---- lib/act_remote.c ---- */

/* Before the first restore: have the equivalents taken out of service on the other systems, and make
 * this one the owner. 0; -1 a remove failed there, or a change could not be written; -3 another system
 * knows a newer owner; -9 one does not answer. Nothing was restored then. */
int lk_act_take_over(struct lk_act_run *run, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* After an operator's remove: tell the other systems that nobody owns what was taken out of service. One
 * that does not answer learns it when it comes back. */
void lk_act_give_up(struct lk_act_run *run) LK_NONNULL(1);

#endif
