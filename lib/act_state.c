/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An action on a hierarchy: reservations and states. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/act_run.h"
#include "lk/epoch.h"
#include "lk/late.h"
#include "lk/eqv.h"
#include "lk/failure.h"
#include "lk/flg.h"
#include "lk/ins.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/proc.h"
#include "lk/resv.h"
#include "lk/poison.h"

static bool same(const struct lk_holder *a, const struct lk_holder *b)
{
	return a->pid == b->pid && a->start == b->start;
}

void lk_act_fail_step(struct lk_act_run *run, const struct lk_err *err)
{
	if (!run->first.code)
		run->first = *err;
	else
		lk_notice(run->act->notice, "%s", err->text);
	run->stop = run->stop || !run->act->apart;
}

void lk_act_fail(struct lk_act_run *run, const struct lk_err *err)
{
	lk_act_fail_step(run, err);
	run->stop = true;
}

bool lk_act_ready(const struct lk_act_run *run, unsigned i)
{
	return run->step[i].phase == LK_ACT_WAITING && !run->step[i].waits;
}

/* ---- reserving ---- */

static bool is_foreign(const struct lk_ins *ins, pid_t *pid)
{
	bool reserved = ins->resv != LK_RESV_NONE && lk_holder_foreign(&ins->holder);

	*pid = reserved ? ins->holder.pid : ins->deleting.pid;
	return reserved || lk_holder_foreign(&ins->deleting);
}

static const struct lk_ins *find_foreign(const struct lk_act_run *run, pid_t *pid)
{
	for (unsigned i = 0; i < run->plan.n; i++)
		if (is_foreign(lk_plan_ins(&run->plan, i), pid))
			return lk_plan_ins(&run->plan, i);
	return NULL;
}

static void stuck_flag(const char *tag, char flag[static LK_TAG_MAX + 32])
{
	snprintf(flag, LK_TAG_MAX + 32, LK_STUCK_FLAG "%s", tag);
}

/* Its script may have been at work, and what it has started may run. */
static bool restore_was_killed(const struct lk_ins *ins)
{
	return ins->resv == LK_RESV_RESTORE && !lk_state_up(ins->state) &&
	       !lk_proc_alive(&ins->holder);
}

bool lk_act_is_stuck(const struct lk_lcd *lcd, const struct lk_ins *ins)
{
	char flag[LK_TAG_MAX + 32];

	if (restore_was_killed(ins))
		return true;
	stuck_flag(ins->tag, flag);
	return ins->state == LK_OSF && lk_flg_find(lcd, flag);
}

int lk_act_mark_stuck(struct lk_lcd *lcd, const char *tag, bool stuck, struct lk_err *err)
{
	char flag[LK_TAG_MAX + 32];

	stuck_flag(tag, flag);
	if (stuck == (lk_flg_find(lcd, flag) != NULL))
		return 0;
	return stuck ? lk_flg_add(lcd, flag, err) : lk_flg_drop(lcd, flag, err);
}

bool lk_act_busy(const struct lk_plan *plan)
{
	pid_t pid;

	for (unsigned i = 0; i < plan->n; i++) {
		const struct lk_ins *ins = lk_plan_ins(plan, i);

		if (lk_state_up(ins->state) || lk_act_is_stuck(plan->graph.lcd, ins) ||
		    is_foreign(ins, &pid))
			return true;
	}
	return false;
}

/* Two systems that want to restore one resource at the same time would wait for each other: the one
 * of the better priority does not give way. */
static int check_rival(const struct lk_act_run *run, const struct lk_ins *ins, struct lk_err *err)
{
	const struct lk_lcd *lcd = &run->lcd;
	const char *rival = run->act->release_for;

	if (!rival || ins->resv != LK_RESV_RESTORE)
		return 0;
	unsigned ours = lk_eqv_priority(lcd, ins->tag, lcd->local);
	unsigned theirs = lk_eqv_priority(lcd, ins->tag, rival);

	if (!ours || !theirs || ours == theirs ? strcmp(lcd->local, rival) > 0 : ours > theirs)
		return 0;
	return lk_fail(err, LK_M_RESTORING, ins->tag, (long)ins->holder.pid, lcd->local);
}

/* A time limit that cannot be read is found before anything is done. */
static int find_seconds(struct lk_act_run *run, struct lk_err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < run->plan.n && rc == 0; i++) {
		const char *type = lk_plan_ins(&run->plan, i)->type;

		if (i && !strcmp(type, lk_plan_ins(&run->plan, i - 1)->type))
			run->step[i].seconds = run->step[i - 1].seconds;
		else
			rc = lk_act_seconds(&run->lcd.tree, type, run->action,
					    &run->step[i].seconds, err);
	}
	return rc;
}

/* Reservations of killed processes count for nothing, and need not be seen any more; but what they may have started
 * has to be removed before anybody else starts it. */
static int clear_dead(struct lk_lcd *lcd, struct lk_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < lcd->nins && rc == 0; i++) {
		struct lk_ins *ins = &lcd->ins[i];

		if (ins->resv == LK_RESV_NONE || lk_proc_alive(&ins->holder))
			continue;
		if (restore_was_killed(ins)) {
			ins->state = LK_OSF;
			ins->reason = LK_REASON_KILLED;
			rc = lk_act_mark_stuck(lcd, ins->tag, true, err);
		}
		ins->resv = LK_RESV_NONE;
		ins->holder = (struct lk_holder){ 0 };
		lk_ins_touch(lcd, ins);
	}
	return rc;
}

static int mark(struct lk_act_run *run, struct lk_err *err)
{
	pid_t pid;
	int rc = clear_dead(&run->lcd, err);

	if (rc < 0)
		return rc;
	run->step = lk_graph_array(&run->plan.graph, sizeof(*run->step));
	if (!run->step)
		return lk_fail_nomem(err);
	for (unsigned i = 0; i < run->plan.n; i++) {
		struct lk_ins *ins = lk_plan_ins(&run->plan, i);
		struct lk_act_step *step = &run->step[i];

		step->waits = run->plan.step[i].waits;
		if (run->act->ignore && is_foreign(ins, &pid))
			continue;
		if (ins->resv != LK_RESV_NONE && !lk_holder_foreign(&ins->holder)) {
			step->old_resv = ins->resv;
			step->old_holder = ins->holder;
		}
		step->reserved = true;
		ins->resv = run->act->what.kind == LK_PLAN_RESTORE ? LK_RESV_RESTORE
								   : LK_RESV_REMOVE;
		ins->holder = run->self;
		lk_ins_touch(&run->lcd, ins);
	}
	return find_seconds(run, err);
}

/* For who does not wait: those of the tags that another process is at work on. */
static int tell_busy(struct lk_act_run *run, const char *foreign, struct lk_err *err)
{
	struct lk_plan_for what = run->act->what;
	pid_t pid;

	lk_fail(err, LK_M_ACT_BUSY, foreign, run->lcd.local);
	for (size_t i = 0; i < run->act->what.ntags; i++) {
		what.tag = &run->act->what.tag[i];
		what.ntags = 1;
		int rc = lk_plan_make(&run->plan, &run->lcd, &what, err);
		if (rc < 0)
			return rc;
		if (find_foreign(run, &pid))
			run->act->busy(run->act->busy_arg, what.tag[0]);
	}
	return -LK_EX_EXISTS;
}

/* 1: reserved; 0: another process has *tag. */
static int try_reserve(struct lk_act_run *run, bool patience, char tag[static LK_ERR_TEXT],
		       pid_t *pid, struct lk_err *err)
{
	lk_lcd_close(&run->lcd);
	int rc = lk_lcd_begin(&run->lcd, LK_ACT_TABLES, err);

	if (rc == 0)
		rc = lk_plan_make(&run->plan, &run->lcd, &run->act->what, err);
	if (rc < 0)
		return rc;
	const struct lk_ins *foreign = patience ? find_foreign(run, pid) : NULL;
	if (foreign && run->act->nowait)
		return tell_busy(run, foreign->tag, err);
	if (foreign && check_rival(run, foreign, err) < 0)
		return -err->code;
	if (foreign) {
		snprintf(tag, LK_ERR_TEXT, "%s", foreign->tag);
		lk_tx_abort(&run->lcd.tx);
		return 0;
	}
	rc = mark(run, err);
	/* seen in part, or lost with the machine, it does no harm: others reserve under the lock, which we have */
	if (rc == 0)
		rc = lk_lcd_commit_states(&run->lcd, false, err);
	return rc < 0 ? rc : 1;
}

int lk_act_reserve(struct lk_act_run *run, struct lk_err *err)
{
	struct lk_resv_wait wait = { .notice = run->act->notice };
	char tag[LK_ERR_TEXT];
	bool patience = !run->act->ignore;
	pid_t pid = 0;
	int rc = 0;

	lk_wait_begin(&wait.wait);
	while (rc == 0 && (rc = try_reserve(run, patience, tag, &pid, err)) == 0) {
		rc = lk_resv_nap(&wait, &run->lcd.tree, tag, pid, err);
		patience = rc > 0;
		rc = rc > 0 ? 0 : rc;
	}
	lk_wait_end(&wait.wait);
	return rc < 0 ? rc : 0;
}

/* ---- recording ---- */

static void set_state(struct lk_lcd *lcd, struct lk_ins *ins, enum lk_state state,
		      const char *reason)
{
	ins->state = state;
	ins->reason = reason;
	lk_ins_touch(lcd, ins);
}

/* What an operator took out of service shall stay so (design 3.7). Whether that could be noted does not
 * change what the script has done. */
static void give_up(const struct lk_act_run *run, struct lk_lcd *lcd, const char *tag)
{
	struct lk_err ignored;

	if (run->act->keep_owner || run->act->release_for)
		return;
	lk_late_unmark(lcd, tag);
	(void)!lk_epoch_release(lcd, tag, &ignored);
}

/* The outcome of a script. */
static void apply(const struct lk_act_run *run, const struct lk_act_step *step, struct lk_lcd *lcd,
		  struct lk_ins *ins)
{
	bool restore = run->act->what.kind == LK_PLAN_RESTORE;
	struct lk_err ignored;

	if (step->undecided)
		return;
	if (!step->good)
		set_state(lcd, ins, LK_OSF, restore ? "restore action has failed"
						    : LK_REASON_REMOVE);
	else if (restore)
		set_state(lcd, ins, LK_ISP, "restore action has succeeded");
	else
		set_state(lcd, ins, LK_OSU, "remove action has succeeded");
	if (restore)
		lk_late_unmark(lcd, ins->tag);
	/* a restore that fails does not mean that it was stopped before */
	if (step->good || !restore)
		(void)!lk_act_mark_stuck(lcd, ins->tag, !step->good, &ignored);
	if (step->good && !restore)
		give_up(run, lcd, ins->tag);
}

/* Does the step need no script? Then it has ended. */
static bool settle(struct lk_act_run *run, struct lk_act_step *step, struct lk_ins *ins,
		   struct lk_lcd *lcd)
{
	bool up = lk_state_up(ins->state);

	if (up != (run->act->what.kind == LK_PLAN_RESTORE) || (up && run->act->what.again) ||
	    (run->act->what.kind == LK_PLAN_REMOVE && lk_act_is_stuck(lcd, ins)))
		return false;
	if (ins->state == LK_ISU)
		set_state(lcd, ins, LK_ISP, ins->reason);
	/* also what is stopped, or has failed, shall stay so from now on */
	if (run->act->what.kind == LK_PLAN_REMOVE)
		give_up(run, lcd, ins->tag);
	step->phase = LK_ACT_ENDED;
	step->good = true;
	return true;
}

static void release_followers(struct lk_act_run *run, unsigned i)
{
	const struct lk_plan_step *step = &run->plan.step[i];

	for (unsigned k = 0; k < step->nnext; k++)
		run->step[step->next[k]].waits--;
}

static int find_row(struct lk_act_run *run, struct lk_graph *graph, unsigned i)
{
	return lk_graph_find(graph, lk_plan_ins(&run->plan, i)->tag);
}

/* What happened to one step. A step stands behind all that it waits for, so that one pass over them
 * is enough. */
static void record_step(struct lk_act_run *run, unsigned i, struct lk_graph *graph)
{
	struct lk_act_step *step = &run->step[i];
	int node = find_row(run, graph, i);
	struct lk_ins *ins = node < 0 ? NULL : graph->node[node];
	struct lk_err gone;

	if (step->phase == LK_ACT_ENDED && ins && step->ran)
		apply(run, step, graph->lcd, ins);
	else if (step->phase == LK_ACT_ENDED && ins && step->good)
		settle(run, step, ins, graph->lcd);	/* once more, the first commit failed */
	if (run->stop || !lk_act_ready(run, i))
		return;
	if (!ins) {
		lk_fail(&gone, LK_M_VANISHED, lk_plan_ins(&run->plan, i)->tag);
		lk_act_fail(run, &gone);
	} else if (settle(run, step, ins, graph->lcd)) {
		release_followers(run, i);
	}
}

/* Is no script running, and none to be started? */
static bool is_idle(const struct lk_act_run *run)
{
	bool ready = false;

	for (unsigned i = 0; i < run->plan.n && !ready; i++)
		ready = !run->stop && lk_act_ready(run, i);
	return !ready && !run->pool.n;
}

static void release(struct lk_act_run *run, struct lk_graph *graph)
{
	for (unsigned i = 0; i < run->plan.n; i++) {
		const struct lk_act_step *step = &run->step[i];
		int node = find_row(run, graph, i);
		struct lk_ins *ins = node < 0 ? NULL : graph->node[node];

		if (!ins || !step->reserved || !same(&ins->holder, &run->self))
			continue;
		ins->resv = lk_proc_alive(&step->old_holder) ? step->old_resv : LK_RESV_NONE;
		ins->holder = ins->resv == LK_RESV_NONE ? (struct lk_holder){ 0 }
							: step->old_holder;
		lk_ins_touch(graph->lcd, ins);
	}
}

int lk_act_record(struct lk_act_run *run, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_graph graph;
	int rc = lk_lcd_begin(&lcd, LK_T_INS | LK_T_EPOCH | LK_T_SYS | LK_T_FLG, err);

	if (rc == 0)
		rc = lk_graph_build(&graph, &lcd, err);
	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < run->plan.n; i++)
		record_step(run, i, &graph);
	bool idle = is_idle(run);
	if (idle)
		release(run, &graph);
	if (lcd.dirty)
		rc = lk_lcd_commit_states(&lcd, idle && !run->act->release_for, err);
	for (unsigned i = 0; i < run->plan.n && rc == 0; i++)
		if (run->step[i].phase == LK_ACT_ENDED)
			run->step[i].phase = LK_ACT_RECORDED;
	run->released = rc == 0 && idle;
	return rc;
}
