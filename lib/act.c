/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carrying out an action on a hierarchy. */
#include "lk/act.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/act_run.h"
#include "lk/buf.h"
#include "lk/flg.h"
#include "lk/ins.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/proc.h"
#include "lk/quorum.h"
#include "lk/tunable.h"
#include "lk/poison.h"

static const char *const action_names[] = { "restore", "remove" };

int lk_act_seconds(const struct lk_tree *tree, const char *type, const char *action,
		   unsigned *seconds, struct lk_err *err)
{
	unsigned long long number = 0;
	char key[160];

	snprintf(key, sizeof(key), "%s_%s_TIMEOUT", type, action);
	for (char *p = key; *p; p++)
		*p = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
	int rc = lk_tunable_number(tree, key, 0, LK_INTERVAL_MAX, &number, err);
	*seconds = (unsigned)number;
	return rc < 0 ? rc : 0;
}

/* ---- one script ---- */

#define RECORD_MAX 65536	/* exec refuses a string of 128 KiB: who has a longer one runs ins_list */

/* The instance as ins_list prints it, so that its script need not ask. */
static int make_record(const struct lk_act_about *about, struct lk_lcd *lcd, struct lk_pool_job *job,
		       struct lk_err *err)
{
	char numbers[4][LK_INS_NUMBER];
	const char *fields[LK_INS_FIELDS];
	struct lk_buf LK_AUTO_BUF text = { 0 };

	lk_ins_fields(about->lcd, about->ins, numbers, fields);
	for (int i = 0; i < LK_INS_FIELDS; i++)
		lk_buf_addf(&text, "%s%s", i ? "\001" : "", fields[i]);
	if (text.failed)
		return lk_fail_nomem(err);
	if (text.len > RECORD_MAX)
		return 0;
	job->record = lk_arena_dup(&lcd->arena, text.data);
	return job->record ? 0 : lk_fail_nomem(err);
}

/* The strings and the vector live as long as the LCD. */
static int make_job(const struct lk_act_about *about, struct lk_lcd *lcd, char *const *args,
		    struct lk_pool_job *job, struct lk_err *err)
{
	size_t n = 0, k = 0;

	while (args[n])
		n++;
	char **argv = lk_arena_alloc(&lcd->arena, (n + 6) * sizeof(*argv));
	if (!argv)
		return lk_fail_nomem(err);
	argv[k++] = (char *)about->action;
	argv[k++] = lk_arena_dup(&lcd->arena, "-t");
	argv[k++] = (char *)about->ins->tag;
	if (!strcmp(about->action, "restore") || !strcmp(about->action, "remove")) {
		argv[k++] = lk_arena_dup(&lcd->arena, "-i");
		argv[k++] = (char *)about->ins->id;
	}
	memcpy(argv + k, args, n * sizeof(*argv));
	argv[k + n] = NULL;
	*job = (struct lk_pool_job){ .argv = argv, .component = about->ins->type,
				     .action = about->action, .tag = about->ins->tag };
	if (!argv[1] || (k > 3 && !argv[3]))
		return lk_fail_nomem(err);
	return make_record(about, lcd, job, err);
}

/* Its path, in the LCD's memory. 0, -7 or -1. */
static int find_path(const struct lk_act_about *about, struct lk_lcd *lcd, const struct lk_notice *notice,
		     const char **found, struct lk_err *err)
{
	const struct lk_ins *ins = about->ins;
	char path[LK_PATH_MAX];
	int rc = lk_script_find(&lcd->tree, ins->app, ins->type, about->action, path, notice, err);

	if (rc < 0)
		return rc;
	if (rc == 0)
		return lk_fail(err, LK_M_NO_ACTION, ins->app, ins->type, about->action);
	*found = lk_arena_dup(&lcd->arena, path);
	return *found ? 0 : lk_fail_nomem(err);
}

/* ---- a hierarchy ---- */

static struct lk_act_about about_step(const struct lk_act_run *run, unsigned i)
{
	return (struct lk_act_about){ .lcd = &run->lcd, .prog = run->act->prog, .action = run->action,
			       .ins = lk_plan_ins(&run->plan, i) };
}

/* The end of a script, or that there was none. */
static void end_step(struct lk_act_run *run, unsigned i, const struct lk_script_end *end)
{
	struct lk_act_about about = about_step(run, i);
	struct lk_act_step *step = &run->step[i];
	const struct lk_plan_step *plan = &run->plan.step[i];
	struct lk_err err;

	step->phase = LK_ACT_ENDED;
	step->ran = true;
	step->good = end->code == 0;
	/* an interrupted remove has decided nothing: it can be run again */
	step->undecided = !step->good && end->interrupted &&
			  run->act->what.kind == LK_PLAN_REMOVE;
	lk_act_log_end(&about, step->good ? NULL : end->reason);
	if (step->good) {
		for (unsigned k = 0; k < plan->nnext; k++)
			run->step[plan->next[k]].waits--;
		return;
	}
	lk_fail(&err, LK_M_ACTION_FAILED, run->action, about.ins->tag, end->reason);
	lk_act_fail_step(run, &err);
}

static int start_step(struct lk_act_run *run, unsigned i, struct lk_err *err)
{
	struct lk_act_about about = about_step(run, i);
	struct lk_pool_job job;
	struct lk_script_end none = { .code = LK_EX_NOENT };
	int rc = make_job(&about, &run->lcd, run->act->args, &job, err);

	lk_act_log_begin(&about);
	if (rc == 0)
		rc = find_path(&about, &run->lcd, run->act->notice, &job.path, err);
	if (rc == -LK_EX_NOENT) {	/* no script is a failure of the action */
		snprintf(none.reason, sizeof(none.reason), "%.150s", err->text);
		end_step(run, i, &none);
		return 0;
	}
	job.id = i;
	job.seconds = run->step[i].seconds;
	if (rc == 0)
		rc = lk_pool_start(&run->pool, &job, err);
	if (rc == 0)
		run->step[i].phase = LK_ACT_RUNNING;
	return rc;
}

/* Start what can be started, in the order of the plan; with up, only what is in service. */
static void start_steps(struct lk_act_run *run, bool up)
{
	struct lk_err err;
	int sig = lk_pool_interrupted(&run->pool);

	if (sig && !run->stop) {
		lk_fail(&err, LK_M_INTERRUPTED, sig);
		lk_act_fail(run, &err);
	}
	for (unsigned i = 0; i < run->plan.n && !run->stop; i++) {
		if (run->pool.n == run->pool.cap)
			return;
		/* by the plan, which is reserved, this step has to run its script */
		bool due = !up || lk_state_up(lk_plan_ins(&run->plan, i)->state);

		if (due && lk_act_ready(run, i) && start_step(run, i, &err) < 0)
			lk_act_fail(run, &err);
	}
}

/* Wait for scripts to end; true if any has. */
static bool collect(struct lk_act_run *run, struct lk_pool_end *ends)
{
	size_t n = lk_pool_wait(&run->pool, -1, ends);

	if (n && run->pool.interrupted && !run->first.code) {
		lk_fail(&run->first, LK_M_INTERRUPTED, run->pool.interrupted);
		run->stop = true;
	}
	for (size_t i = 0; i < n; i++)
		end_step(run, ends[i].id, &ends[i].end);
	return n;
}

/* Is there something to record, to settle, or nothing left to wait for? */
static bool has_news(const struct lk_act_run *run)
{
	for (unsigned i = 0; i < run->plan.n; i++)
		if (run->step[i].phase == LK_ACT_ENDED || lk_act_ready(run, i))
			return true;
	return !run->pool.n;
}

/*
 * Until nothing is left to do, or the rest cannot be recorded.
 *
 * A remove goes on while what has ended is recorded: clients wait. Killed then, it leaves states of what runs no more,
 * and the same call takes it out of service once again. A restore does not: nothing may run that has no state.
 */
static void carry_out(struct lk_act_run *run, struct lk_pool_end *ends)
{
	struct lk_err err;

	for (;;) {
		if (run->act->what.kind == LK_PLAN_REMOVE)
			start_steps(run, true);
		int rc = has_news(run) ? lk_act_record(run, &err) : 0;

		if (rc < 0)
			lk_act_fail(run, &err);
		if (run->released || (rc < 0 && !run->pool.n))
			return;
		start_steps(run, false);
		collect(run, ends);
	}
}

/* ---- all of it ---- */

static int find_parallel(struct lk_act_run *run, struct lk_err *err)
{
	struct lk_tree tree;
	int rc = lk_tree_open(&tree, err);

	run->parallel = LK_ACT_PARALLEL;
	if (rc == 0)
		rc = lk_tunable_number(&tree, "ACTION_PARALLEL", 1, LK_ACT_PARALLEL_MAX,
				       &run->parallel, err);
	lk_tree_close(&tree);
	return rc < 0 ? rc : 0;
}

static int run_scripts(struct lk_act_run *run, struct lk_err *err)
{
	struct lk_pool_end *ends = calloc(run->parallel, sizeof(*ends));
	int rc = run->act->what.kind == LK_PLAN_RESTORE ? lk_act_take_over(run, err) : 0;

	if (rc == 0)
		rc = lk_pool_open(&run->pool, &run->lcd.tree, run->act->prog, run->parallel, err);

	if (rc == 0 && !ends)
		rc = lk_fail_nomem(err);
	if (rc < 0)
		lk_act_fail(run, err);	/* and release */
	carry_out(run, ends);
	if (run->pool.tree)
		lk_pool_close(&run->pool);
	if (run->act->what.kind == LK_PLAN_REMOVE && !run->act->keep_owner && !run->act->release_for)
		lk_act_give_up(run);
	free(ends);
	*err = run->first;
	return -run->first.code;
}

/* What has two owners is not moved before an operator has chosen one. */
static int check_split(const struct lk_lcd *lcd, const struct lk_plan *plan, struct lk_err *err)
{
	char flag[LK_TAG_MAX + 32];

	for (unsigned i = 0; i < plan->n; i++) {
		snprintf(flag, sizeof(flag), LK_SPLIT_FLAG "%s", lk_plan_ins(plan, i)->tag);
		if (lk_flg_find(lcd, flag))
			return lk_fail(err, LK_M_SPLIT_OPEN, lk_plan_ins(plan, i)->tag);
	}
	return 0;
}

int lk_act_check(const struct lk_act *act, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_plan plan;
	int rc = lk_lcd_read(&lcd, LK_ACT_TABLES | LK_T_FLG, err);

	if (rc == 0)
		rc = lk_plan_make(&plan, &lcd, &act->what, err);
	if (rc == 0 && act->what.kind == LK_PLAN_RESTORE && lk_quorum_check(&lcd, err) < 0) {
		lk_act_refuse(act, &lcd, err);
		return -err->code;
	}
	if (rc == 0)
		rc = check_split(&lcd, &plan, err);
	if (rc == 0 && act->release_for)
		return lk_act_busy(&plan);
	return rc < 0 ? rc : plan.n > 0;
}

int lk_act_run(const struct lk_act *act, struct lk_err *err)
{
	struct lk_act_run run = {
		.act = act, .action = action_names[act->what.kind], .lcd = LK_LCD_INIT,
		.self = lk_proc_holder(getpid()), .pool = { .signal_fd = -1 },
	};
	int rc = find_parallel(&run, err);

	if (rc == 0)
		rc = lk_act_reserve(&run, err);
	if (rc == 0) {
		lk_act_tell(&run, "begun", NULL);
		rc = run_scripts(&run, err);
		lk_act_tell(&run, rc < 0 ? "failed" : "done", rc < 0 ? err->text : NULL);
	}
	lk_lcd_close(&run.lcd);
	return rc;
}

/* ---- other actions ---- */

static int other_begin(const struct lk_act_other *other, struct lk_lcd *lcd,
		       const struct lk_notice *notice, struct lk_act_about *about, const char **path,
		       struct lk_err *err)
{
	struct lk_ins *ins;
	int rc = lk_lcd_read(lcd, LK_T_INS | LK_T_SYS, err);

	if (rc == 0)
		rc = lk_ins_get(lcd, other->tag, &ins, err);
	if (rc < 0)
		return rc;
	*about = (struct lk_act_about){ .lcd = lcd, .prog = other->prog, .action = other->action,
				 .ins = ins };
	return find_path(about, lcd, notice, path, err);
}

int lk_act_other_check(const struct lk_act_other *other, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_act_about about;
	const char *path;

	return other_begin(other, &lcd, NULL, &about, &path, err);
}

static int run_other(const struct lk_act_about *about, const struct lk_pool_job *job, struct lk_err *err)
{
	struct lk_pool_end end = { .id = 0 };
	struct lk_pool pool;
	int rc = lk_pool_open(&pool, &about->lcd->tree, about->prog, 1, err);

	lk_act_log_begin(about);
	if (rc == 0)
		rc = lk_pool_start(&pool, job, err);
	if (rc == 0)
		lk_pool_wait(&pool, -1, &end);
	int sig = pool.interrupted;
	lk_pool_close(&pool);
	if (rc < 0)
		return rc;
	lk_act_log_end(about, end.end.code ? end.end.reason : NULL);
	if (sig)
		return lk_fail(err, LK_M_INTERRUPTED, sig);
	if (end.end.code)
		return lk_fail(err, LK_M_ACTION_FAILED, about->action, about->ins->tag,
			       end.end.reason);
	return 0;
}

int lk_act_other_run(const struct lk_act_other *other, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_pool_job job;
	struct lk_act_about about;
	const char *path;
	int rc = other_begin(other, &lcd, other->notice, &about, &path, err);

	if (rc == 0)
		rc = make_job(&about, &lcd, other->args, &job, err);
	if (rc < 0)
		return rc;
	job.path = path;
	job.line = other->line;
	job.arg = other->arg;
	rc = lk_act_seconds(&lcd.tree, about.ins->type, other->action, &job.seconds, err);
	return rc < 0 ? rc : run_other(&about, &job, err);
}
