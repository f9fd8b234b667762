/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing instances: the order of events. What is selected: select.c. */
#include "lk/removal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/eqv.h"
#include "lk/graph.h"
#include "lk/ins.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/proc.h"
#include "lk/resv.h"
#include "lk/script.h"
#include "lk/select.h"
#include "lk/poison.h"

#define BATCH 1000	/* instances without a script that go in one transaction */

struct job {
	const struct lk_removal *what;
	struct lk_holder top;		/* the outermost ins_remove */
	bool nested;			/* that is not us */
	struct lk_arena arena;		/* of the tags */
	char **tag;			/* parents first */
	size_t n;
	bool kept;			/* some are; first says why */
	struct lk_err first;
};

static bool same(const struct lk_holder *a, const struct lk_holder *b)
{
	return a->pid == b->pid && a->start == b->start;
}

/* ---- marking ---- */

/* The process whose marks are ours: one that waits for us, else we. */
static void find_top(struct job *job, const struct lk_lcd *lcd)
{
	job->top = lk_proc_holder(getpid());
	job->nested = false;
	for (size_t i = 0; i < lcd->nins && !job->nested; i++) {
		const struct lk_holder *holder = &lcd->ins[i].deleting;

		if (!holder->pid || !lk_proc_alive(holder) ||
		    !lk_proc_descends(getppid(), holder->pid))
			continue;
		job->top = *holder;
		job->nested = true;
	}
}

/* The first selected instance that another process works on, and who. */
static const struct lk_ins *find_foreign(const struct lk_selection *sel, pid_t *pid)
{
	for (unsigned i = 0; i < sel->graph.n; i++) {
		const struct lk_ins *ins = sel->graph.node[i];

		if (!sel->node[i])
			continue;
		*pid = ins->resv != LK_RESV_NONE && lk_holder_foreign(&ins->holder)
			       ? ins->holder.pid : ins->deleting.pid;
		if ((ins->resv != LK_RESV_NONE && lk_holder_foreign(&ins->holder)) ||
		    lk_holder_foreign(&ins->deleting))
			return ins;
	}
	return NULL;
}

static void clear_dead(struct lk_lcd *lcd)
{
	for (size_t i = 0; i < lcd->nins; i++) {
		struct lk_ins *ins = &lcd->ins[i];

		if (!ins->deleting.pid || lk_proc_alive(&ins->deleting))
			continue;
		ins->deleting = (struct lk_holder){ 0 };
		lk_ins_touch(lcd, ins);
	}
}

/* Mark what is selected and not marked yet, and note its tags in order. */
static int mark(struct job *job, struct lk_lcd *lcd, const struct lk_selection *sel,
		struct lk_err *err)
{
	job->tag = lk_arena_alloc(&job->arena, (sel->graph.n + 1) * sizeof(*job->tag));
	job->n = 0;
	for (unsigned i = 0; job->tag && i < sel->graph.n; i++) {
		struct lk_ins *ins = sel->graph.node[sel->order[i]];

		if (!sel->node[sel->order[i]] || same(&ins->deleting, &job->top))
			continue;
		job->tag[job->n] = lk_arena_dup(&job->arena, ins->tag);
		if (!job->tag[job->n++])
			return lk_fail_nomem(err);
		ins->deleting = job->top;
		ins->resv = LK_RESV_NONE;
		ins->holder = (struct lk_holder){ 0 };
		lk_ins_touch(lcd, ins);
	}
	return job->tag ? 0 : lk_fail_nomem(err);
}

/* One attempt: 1: marked; 0: another process has *ins, tag and pid say which. Patience false: take it. */
static int try_mark(struct job *job, bool patience, char tag[static LK_ERR_TEXT], pid_t *pid,
		    struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_selection sel = { .what = job->what };
	int rc = lk_lcd_begin(&lcd, LK_SELECT_TABLES, err);

	if (rc == 0)
		rc = lk_select(&sel, &lcd, err);
	if (rc < 0)
		return rc;
	find_top(job, &lcd);
	const struct lk_ins *foreign = patience ? find_foreign(&sel, pid) : NULL;
	if (foreign) {
		snprintf(tag, LK_ERR_TEXT, "%s", foreign->tag);
		return 0;
	}
	rc = mark(job, &lcd, &sel, err);
	if (rc == 0 && !job->nested && !job->what->nested)
		clear_dead(&lcd);
	if (rc == 0 && !job->nested)
		rc = lk_select_remember(&lcd, job->what->roots, &job->top, err);
	if (rc == 0)
		rc = lk_lcd_commit(&lcd, err);
	return rc < 0 ? rc : 1;
}

static int mark_all(struct job *job, struct lk_err *err)
{
	struct lk_resv_wait wait = { .notice = job->what->notice };
	char tag[LK_ERR_TEXT];
	struct lk_tree tree;
	bool patience = true;
	pid_t pid = 0;
	int rc = lk_tree_open(&tree, err);

	lk_wait_begin(&wait.wait);
	while (rc == 0 && (rc = try_mark(job, patience, tag, &pid, err)) == 0) {
		rc = lk_resv_nap(&wait, &tree, tag, pid, err);
		patience = rc > 0;
		rc = rc > 0 ? 0 : rc;
	}
	lk_wait_end(&wait.wait);
	lk_tree_close(&tree);
	return rc < 0 ? rc : 0;
}

/* ---- one instance ---- */

/* Keep it: remove the mark, and remember the first reason. */
static int keep(struct job *job, const char *tag, const struct lk_err *why, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_INS, err);

	if (job->kept)
		lk_notice(job->what->notice, "%s", why->text);
	else
		job->first = *why;
	job->kept = true;
	struct lk_ins *ins = rc == 0 ? lk_ins_find(&lcd, tag) : NULL;
	if (!ins || !same(&ins->deleting, &job->top))
		return rc;
	ins->deleting = (struct lk_holder){ 0 };
	lk_ins_touch(&lcd, ins);
	return lk_lcd_commit(&lcd, err);
}

/* A parent that is not on its way out. */
static const char *find_parent(const struct job *job, const struct lk_graph *g, unsigned node)
{
	for (unsigned k = g->first[LK_UP][node]; k < g->first[LK_UP][node + 1]; k++) {
		const struct lk_ins *parent = g->node[g->next[LK_UP][k]];

		if (!same(&parent->deleting, &job->top))
			return parent->tag;
	}
	return NULL;
}

/* 1: *ins can go; 0: it is gone; negative: it must be kept, why says so. */
static int may_go(const struct job *job, const struct lk_graph *g, const char *tag,
		  const struct lk_ins **ins, struct lk_err *why)
{
	int node = lk_graph_find(g, tag);

	if (node < 0)
		return 0;
	*ins = g->node[node];
	if (!same(&(*ins)->deleting, &job->top))
		return lk_fail(why, LK_M_RESERVED, tag, (long)(*ins)->deleting.pid);
	const char *parent = find_parent(job, g, (unsigned)node);
	return parent ? lk_fail(why, LK_M_KEPT, tag, parent) : 1;
}

static void log_failure(const struct job *job, const struct lk_tree *tree, const struct lk_ins *ins,
			const char *text)
{
	struct lk_err ignored;
	struct lk_log_line line = { .level = LK_LOG_ERROR, .prog = job->what->prog,
				    .pid = getpid(), .component = ins->type, .action = "delete",
				    .tag = ins->tag, .number = 700131, .text = text };

	lk_log(tree, &line, &ignored);
}

/* Run the delete script, if there is one. 0; 1: it failed, why says how; negative. */
static int run_delete(const struct job *job, const struct lk_lcd *lcd, const struct lk_ins *ins,
		      struct lk_err *why, struct lk_err *err)
{
	char path[LK_PATH_MAX];
	char *argv[] = { (char[]){ "delete" }, (char[]){ "-t" }, (char *)ins->tag,
			 (char[]){ "-i" }, (char *)ins->id, NULL };
	struct lk_script script = { .tree = &lcd->tree, .path = path, .argv = argv };
	struct lk_script_end end;
	int rc = lk_script_find(&lcd->tree, ins->app, ins->type, "delete", path, job->what->notice,
				err);

	if (rc <= 0)
		return rc;
	rc = lk_script_run(&script, &end, err);
	if (rc < 0)
		return rc;
	if (end.interrupted)
		return lk_fail(err, LK_M_INTERRUPTED, end.interrupted);
	if (end.code == 0)
		return 0;
	lk_fail(why, LK_M_DELETE_FAILED, ins->tag);
	size_t len = strlen(why->text);
	snprintf(why->text + len, sizeof(why->text) - len, " (%s: %s)", path, end.reason);
	log_failure(job, &lcd->tree, ins, why->text);
	return 1;
}

/* The script, without any lock. 1: go on; 0: nothing more to do with this one. */
static int prepare_one(struct job *job, const char *tag, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const struct lk_ins *ins;
	struct lk_graph graph;
	struct lk_err why;
	int rc = lk_lcd_read(&lcd, LK_T_INS | LK_T_DEP | LK_T_SYS, err);

	if (rc == 0)
		rc = lk_graph_build(&graph, &lcd, err);
	if (rc < 0)
		return rc;
	rc = may_go(job, &graph, tag, &ins, &why);
	if (rc == 0)
		return 0;
	if (rc > 0)
		rc = run_delete(job, &lcd, ins, &why, err);
	else
		rc = 1;
	if (rc > 0)
		return keep(job, tag, &why, err);
	return rc < 0 ? rc : 1;
}

static bool has_script(const struct lk_lcd *lcd, const struct lk_ins *ins)
{
	char path[LK_PATH_MAX];
	struct lk_err ignored;

	return lk_script_find(&lcd->tree, ins->app, ins->type, "delete", path, NULL, &ignored) != 0;
}

/* How many of the tags from job->tag[from] can go in one transaction: the first, of which the script
 * has run, and those behind it that have none. 0: the first cannot go any more, why says why (if
 * its code is set). */
static size_t count_going(const struct job *job, size_t from, const struct lk_graph *g,
			  struct lk_err *why)
{
	const struct lk_ins *ins, *last = NULL;
	size_t n = 0;

	why->code = 0;
	if (may_go(job, g, job->tag[from], &ins, why) <= 0)
		return 0;
	for (n = 1; n < BATCH && from + n < job->n; n++) {
		struct lk_err later;

		if (may_go(job, g, job->tag[from + n], &ins, &later) <= 0)
			break;
		if ((!last || strcmp(last->app, ins->app) != 0 ||
		     strcmp(last->type, ins->type) != 0) && has_script(g->lcd, ins))
			break;
		last = ins;
	}
	return n;
}

/* Drop n instances, from job->tag[from] on, and tell who wants to know. */
static int drop_batch(const struct job *job, size_t from, size_t n, struct lk_lcd *lcd,
		      struct lk_err *err)
{
	const char **tag = lk_arena_alloc(&lcd->arena, n * sizeof(*tag));
	struct lk_eqv_before before = { 0 };
	int rc = lk_eqv_remember(lcd, &before, err);

	if (rc < 0)
		return rc;
	if (!tag)
		return lk_fail_nomem(err);
	for (size_t i = 0; i < n; i++)
		tag[i] = job->tag[from + i];
	lk_ins_drop(lcd, tag, n);
	rc = lk_lcd_commit(lcd, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n && job->what->removed; i++)
		job->what->removed(job->what->arg, job->tag[from + i]);
	lk_eqv_remove_elsewhere(lcd, &before);
	return 0;
}

/* The records. The script took its time: everything is looked at again. *n: how many are done with. */
static int drop_some(struct job *job, size_t from, size_t *n, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_graph graph;
	struct lk_err why;
	int rc = lk_lcd_begin(&lcd, LK_T_INS | LK_T_DEP | LK_T_EQV | LK_T_EPOCH | LK_T_SYS,
			      err);

	if (rc == 0)
		rc = lk_graph_build(&graph, &lcd, err);
	if (rc < 0)
		return rc;
	*n = count_going(job, from, &graph, &why);
	if (*n)
		return drop_batch(job, from, *n, &lcd, err);
	*n = 1;
	if (!why.code)
		return 0;
	lk_tx_abort(&lcd.tx);
	return keep(job, job->tag[from], &why, err);
}

/* ---- all ---- */

static int forget_roots(const struct job *job, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = 0;

	if (job->nested || !job->what->roots)
		return 0;
	rc = lk_lcd_begin(&lcd, LK_T_FLG, err);
	if (rc == 0)
		rc = lk_select_remember(&lcd, NULL, &job->top, err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, err);
}

int lk_removal_check(const struct lk_removal *what, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_selection sel = { .what = what };
	int rc = lk_lcd_read(&lcd, LK_SELECT_TABLES, err);

	return rc < 0 ? rc : lk_select(&sel, &lcd, err);
}

int lk_removal_run(const struct lk_removal *what, struct lk_err *err)
{
	struct job job = { .what = what };
	int rc = mark_all(&job, err);

	for (size_t i = 0, n; rc == 0 && i < job.n; i += n) {
		n = 1;
		rc = prepare_one(&job, job.tag[i], err);
		if (rc > 0)
			rc = drop_some(&job, i, &n, err);
	}
	if (rc == 0)
		rc = forget_roots(&job, err);
	lk_arena_free(&job.arena);
	if (rc == 0 && job.kept) {
		*err = job.first;
		rc = -err->code;
	}
	return rc;
}
