/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carrying out an action on a hierarchy (spec/core.md 3.11). The whole plan is reserved in one transaction
 * before the first script; independent branches run at once, at most ACTION_PARALLEL scripts; each
 * change of state is in the tree before a restore starts that waited for it, and on stable storage in the end.
 *
 * Killed at any instant: the states tell what was done, the reservation of a dead process counts for nothing,
 * and the same call does the rest. Of a restore that was killed nobody knows what it has started: the next look
 * takes it for failed and stuck, so that it is removed before it is started elsewhere. After a power cut no state and
 * no reservation counts (lk/boot.h).
 */
#ifndef LK_ACT_H
#define LK_ACT_H

#include "lk/notice.h"
#include "lk/plan.h"

#define LK_ACT_PARALLEL 32		/* ACTION_PARALLEL */
#define LK_ACT_PARALLEL_MAX 500

#define LK_STUCK_FLAG "!stuck!"		/* and the tag: its remove has failed, or its restore was killed: it may run
					 * although it is OSF */
#define LK_SPLIT_FLAG "!split!"		/* and the tag: two owners, moves are blocked until it is resolved */

struct lk_act {
	struct lk_plan_for what;
	bool ignore;			/* -n: whatever is reserved by others */
	const char *release_for;	/* remove because this system wants to restore; else NULL */
	bool keep_owner;		/* of a remove: nobody decided that it shall be out of service, so this
					 * system stays the owner (a stop, a failover) */
	bool patient;			/* of a restore: wait until whoever may run it has certainly stopped */
	bool nowait;			/* another process is at work on one of them: tell which, -4, and nothing is done */
	void (*busy)(void *arg, const char *tag);	/* with nowait: for each tag of that kind; may be called while the tree
							 * is locked */
	void *busy_arg;
	bool apart;			/* a failure stops only what waits for it, not the whole run */
	char *const *args;		/* for the scripts, NULL-terminated */
	const char *prog;		/* who logs */
	const struct lk_notice *notice;	/* may be NULL */
};

/* Before anything is done: 1: there is something to do; 0: there is not; -3 no quorum, or damage;
 * -5 a bad tunable; -7 no such tag; -1. */
int lk_act_check(const struct lk_act *act, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Do it. 0; -1: a script failed, or interrupted, or a change could not be written; -9: another system
 * that has what is to be restored does not answer; -4: with nowait; else as above. */
int lk_act_run(const struct lk_act *act, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* A release that gives: what was taken out of service belongs to the system that wants it, with these epochs, so that
 * it need not tell us once more while clients wait. Tags that are not there do not matter. Before the release: would
 * we agree? After it: record it. 0; -4: a newer owner is known here, nothing was recorded; -1, -3. */
int lk_act_offered(const struct lk_epoch *said, size_t n, struct lk_err *err) LK_MUST LK_NONNULL(1, 3);
int lk_act_give(const struct lk_epoch *said, size_t n, struct lk_err *err) LK_MUST LK_NONNULL(1, 3);

/* What would be done, in the order of the plan. */
struct lk_act_shown {
	void (*step)(void *arg, const char *sys, const char *action, const char *tag, const char *why);
	void *arg;
};
/* Nothing is changed. First the other systems are asked to show what they would release; their lines come
 * on descriptor 1 at once, so nothing of ours must wait in a buffer. As lk_act_run(), also where that
 * would refuse. */
int lk_act_show(const struct lk_act *act, const struct lk_act_shown *shown, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* An action that is neither restore nor remove, on one instance (3.11.4): no state changes. */
struct lk_act_other {
	const char *tag, *action;
	char *const *args;
	const char *prog;
	const struct lk_notice *notice;	/* what is worth a warning; may be NULL */
	void (*line)(void *arg, const char *text);	/* the script's output; may be NULL */
	void *arg;
};
/* Is there such an action? 0; -5 bad name; -7 no such tag or action; -1, -3. */
int lk_act_other_check(const struct lk_act_other *other, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2);
int lk_act_other_run(const struct lk_act_other *other, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2);

/* Time limit of an action, seconds, 0: none: the tunable <TYPE>_<ACTION>_TIMEOUT. 0, -1, -3, -5. */
int lk_act_seconds(const struct lk_tree *tree, const char *type, const char *action,
		   unsigned *seconds, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4, 5);

/* May it still run, although its state is OSF: it could not be taken out of service, or whoever was restoring it has been
 * killed (then also before the state says so)? Needs LK_T_FLG. */
bool lk_act_is_stuck(const struct lk_lcd *lcd, const struct lk_ins *ins) LK_NONNULL(1, 2);

/* Set or clear that mark, in a transaction with LK_T_FLG. 0, or as lk_flg_add(). */
int lk_act_mark_stuck(struct lk_lcd *lcd, const char *tag, bool stuck, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 4);

#endif
