/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An action on a hierarchy: the other systems (spec/core.md 3.11.5, step 6). What is to be restored
 * here is first taken out of service wherever it may be in service; then it is written down, here and
 * there, that it belongs to this system.
 *
 * Only then: were the epoch raised first, a remove that fails there would leave the true owner with
 * the older epoch. But where only one system is to be asked, it writes that down itself when all of its removes have
 * succeeded: one round less, while clients wait. Should we die before we have done so as well, it has told the truth
 * of what nobody runs: the next restore, on either side, begins with that epoch or the next.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/act_run.h"
#include "lk/canvass.h"
#include "lk/epoch.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/remote.h"
#include "lk/running.h"
#include "lk/sys.h"
#include "lk/poison.h"

/* One command each for several systems, which run at the same time. */
struct commands {
	struct lk_remote_job *job;	/* room for one of each system */
	size_t n;
};

static int begin_commands(struct lk_act_run *run, struct commands *commands, struct lk_err *err)
{
	commands->n = 0;
	commands->job = lk_arena_alloc(&run->lcd.arena, (run->lcd.nsys + 1) * sizeof(*commands->job));
	return commands->job ? 0 : lk_fail_nomem(err);
}

#define HEAD 6

/* One more, that begins with head; what is NULL is left out. NULL: no memory. It has room for an argument
 * per equivalency. */
static struct lk_remote_job *add_command(struct lk_act_run *run, struct commands *commands, const char *sys,
					 const char *const head[static HEAD])
{
	struct lk_remote_job *job = &commands->job[commands->n];
	char **argv = lk_arena_alloc(&run->lcd.arena, (run->lcd.neqv + HEAD + 1) * sizeof(*argv));

	if (!argv)
		return NULL;
	*job = (struct lk_remote_job){ .dest = sys, .argv = argv, .output = lk_remote_pass };
	for (int i = 0; i < HEAD; i++)
		if (head[i])
			argv[job->argc++] = (char *)head[i];
	argv[job->argc] = NULL;
	commands->n++;
	return job;
}

static void add_argument(struct lk_remote_job *job, const char *text)
{
	char **argv = (char **)job->argv;

	argv[job->argc++] = (char *)text;
	argv[job->argc] = NULL;
}

/* All at once; what only shows, one after the other, so that its lines stay together. */
static void run_commands(const struct lk_act_run *run, const struct commands *commands)
{
	if (!commands->n)
		return;
	if (!run->showing)
		lk_remote_jobs(&run->lcd, commands->job, commands->n);
	for (size_t i = 0; run->showing && i < commands->n; i++)
		lk_remote_jobs(&run->lcd, &commands->job[i], 1);
}

/* The equivalencies of the plan with one system, one after the other; NULL: no more. */
static const struct lk_eqv *next_eqv(const struct lk_act_run *run, const char *sys, size_t *at)
{
	while (*at < run->lcd.neqv) {
		const struct lk_eqv *eqv = &run->lcd.eqv[(*at)++];
		int node = strcmp(eqv->sys, sys) == 0 ? lk_graph_find(&run->plan.graph, eqv->tag)
						      : -1;

		if (node >= 0 && run->planned[node])
			return eqv;
	}
	return NULL;
}

static void warn(const struct lk_act_run *run, unsigned number, const char *text)
{
	struct lk_log_line line = { .level = LK_LOG_WARN, .prog = run->act->prog, .pid = getpid(),
				    .component = "lcd", .action = run->action, .number = number,
				    .text = text };
	struct lk_err ignored;

	if (!run->showing)
		lk_log(&run->lcd.tree, &line, &ignored);
	lk_notice(run->act->notice, "%s", text);
}

/* ---- taking out of service there ---- */

/*
 * A system of which nothing is known. It may have the resources. If it restored one of them last we must not
 * guess: either the communication manager will soon know whether it is alive, or there is none
 * that could ask. Otherwise nothing says that it has them, and waiting for a system that may be gone
 * for ever would keep them out of service: it is noted, and not asked.
 */
static int pass_over(struct lk_act_run *run, const char *sys, const char *why, struct lk_err *err)
{
	bool running = lk_running(&run->lcd.tree);
	const struct lk_eqv *eqv, *first = NULL;
	struct lk_err note;
	size_t at = 0;

	while ((eqv = next_eqv(run, sys, &at))) {
		const struct lk_epoch *epoch = lk_epoch_get(&run->lcd, eqv->tag);

		first = first ? first : eqv;
		if (!epoch || strcmp(epoch->owner, sys) != 0)
			continue;
		if (!running)
			return lk_fail(err, LK_M_NO_DAEMON);
		return lk_fail(err, LK_M_OWNER_SILENT, eqv->tag, sys, epoch->epoch);
	}
	if (running && first) {
		lk_fail(&note, LK_M_LOG_UNKNOWN, sys, why, first->tag);
		warn(run, (unsigned)note.number, note.text);
	}
	return 0;
}

/* "TAG=EPOCH", in the memory of the run. NULL: no memory. */
static char *epoch_word(struct lk_act_run *run, const char *tag, unsigned long long epoch)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };

	lk_buf_addf(&text, "%s=%llu", tag, epoch);
	return text.failed ? NULL : lk_arena_dup(&run->lcd.arena, text.data);
}

/* What is busy there, a line each, is for us alone. */
static int keep_tags(struct lk_remote_job *job, int stream, const void *data, size_t len)
{
	return stream == 2 ? lk_remote_pass(job, stream, data, len) : lk_remote_keep(job, stream, data, len);
}

/* The equivalents of what has been told, and free that. */
static void tell_busy(const struct lk_act_run *run, const struct lk_remote_job *job)
{
	struct lk_buf *text = job->kept[0];
	char *at = text->data, *tag;

	while (job->rc == 0 && job->code == LK_EX_EXISTS && (tag = strsep(&at, "\n")))
		for (size_t i = 0; i < run->lcd.neqv; i++)
			if (!strcmp(run->lcd.eqv[i].sys, job->dest) && !strcmp(run->lcd.eqv[i].othertag, tag))
				run->act->busy(run->act->busy_arg, run->lcd.eqv[i].tag);
	lk_buf_free(text);
}

static int add_release(struct lk_act_run *run, struct commands *commands, const char *sys,
		       struct lk_err *err)
{
	const struct lk_eqv *eqv;
	size_t at = 0;
	const char *const head[HEAD] = { "perform_action", "--release", run->showing ? "--dry-run" : NULL,
					 run->give ? "--give" : run->act->nowait ? "--nowait" : NULL, "-o",
					 run->lcd.local };
	struct lk_remote_job *job = add_command(run, commands, sys, head);

	if (job && run->act->nowait) {
		job->output = keep_tags;
		job->kept[0] = lk_graph_array(&run->plan.graph, sizeof(struct lk_buf));
		if (!job->kept[0])
			return lk_fail_nomem(err);
	}
	while (job && (eqv = next_eqv(run, sys, &at))) {
		const char *word = eqv->othertag;

		if (run->give)
			word = epoch_word(run, word, lk_epoch_next(&run->lcd, eqv->tag));
		if (!word)
			return lk_fail_nomem(err);
		add_argument(job, word);
	}
	return job ? 0 : lk_fail_nomem(err);
}

/* Usage: it is of an older release, which can only wait. */
static int check_release(const struct lk_remote_job *job, struct lk_err *err)
{
	if (job->rc < 0)
		*err = job->err;
	else if ((job->code == LK_EX_EXISTS || job->code == LK_EX_USAGE) && job->output == keep_tags)
		return lk_fail(err, LK_M_ACT_BUSY, "what is to be released", job->dest);
	else if (job->code == LK_EX_COMM)
		return lk_fail(err, LK_M_OUT_OF_SERVICE, job->dest);
	else if (job->code == LK_EX_EXISTS)
		return lk_fail(err, LK_M_STALE, job->dest, job->code);
	else if (job->code)
		return lk_fail(err, LK_M_REMOTE_RELEASE, job->dest, job->code);
	return job->rc;
}

static bool is_concerned(const struct lk_act_run *run, const struct lk_sys *sys)
{
	size_t at = 0;

	return !sys->local && next_eqv(run, sys->name, &at);
}

/* The other system of the plan that is ALIVE, as lcd sees them; NULL: none, or several. */
static const char *only_alive(const struct lk_act_run *run, struct lk_lcd *lcd)
{
	const char *why, *found = NULL;

	for (size_t i = 0; i < run->lcd.nsys; i++) {
		const struct lk_sys *sys = &run->lcd.sys[i];

		if (!is_concerned(run, sys) || lk_sys_state(lcd, sys, &why) != LK_SYS_ALIVE)
			continue;
		if (found)
			return NULL;
		found = sys->name;
	}
	return found;
}

/* Whom to ask; nobody is asked if one that must be asked cannot be. */
static int find_releases(struct lk_act_run *run, struct commands *commands, struct lk_err *err)
{
	const char *why;
	int rc = 0;

	for (size_t i = 0; i < run->lcd.nsys && rc == 0; i++) {
		const struct lk_sys *sys = &run->lcd.sys[i];

		if (!is_concerned(run, sys))
			continue;
		switch (lk_sys_state(&run->lcd, sys, &why)) {
		case LK_SYS_ALIVE:
			rc = add_release(run, commands, sys->name, err);
			break;
		case LK_SYS_UNKNOWN:
			rc = pass_over(run, sys->name, why, err);
			break;
		case LK_SYS_DEAD:
			break;
		}
	}
	return rc;
}

static int ask_for_release(struct lk_act_run *run, struct commands *commands, struct lk_err *err)
{
	int rc = begin_commands(run, commands, err);

	if (rc == 0)
		rc = find_releases(run, commands, err);
	if (rc == 0)
		run_commands(run, commands);
	return rc;
}

/* The first failure, in the order of the systems. */
static int release_there(struct lk_act_run *run, struct lk_err *err)
{
	struct commands commands;
	int rc = ask_for_release(run, &commands, err);

	/* of an older release, it does not know this option, and has done nothing */
	if (rc == 0 && run->give && commands.job[0].rc == 0 && commands.job[0].code == LK_EX_USAGE) {
		run->give = NULL;
		rc = ask_for_release(run, &commands, err);
	}
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < commands.n && run->act->nowait; i++)
		tell_busy(run, &commands.job[i]);
	for (size_t i = 0; i < commands.n && rc == 0; i++)
		rc = check_release(&commands.job[i], err);
	return rc;
}

/* ---- epochs ---- */

/* Those of the plan that have an equivalent; *lcd is left readable. */
static int raise_epochs(const struct lk_act_run *run, struct lk_lcd *lcd, struct lk_err *err)
{
	int rc = lk_lcd_begin(lcd, LK_T_EPOCH | LK_T_SYS, err);

	for (size_t i = 0; i < run->lcd.neqv && rc == 0; i++) {
		int node = lk_graph_find(&run->plan.graph, run->lcd.eqv[i].tag);

		if (node >= 0 && run->planned[node])
			rc = lk_epoch_raise(lcd, run->lcd.eqv[i].tag, err);
	}
	if (rc == 0 && lcd->dirty)
		rc = lk_lcd_commit(lcd, err);
	else
		lk_tx_abort(&lcd->tx);
	return rc;
}

/* What a system is told: the records that have this owner. Nothing, if there are none. */
struct push {
	const char *owner, *sys;
};

static int add_push(struct lk_act_run *run, struct commands *commands, const struct lk_lcd *lcd,
		    const struct push *push, struct lk_err *err)
{
	const char *const head[HEAD] = { "lk_epoch", NULL, NULL, NULL, "-o", push->owner };
	struct lk_remote_job *job = add_command(run, commands, push->sys, head);
	int fixed = job ? job->argc : 0;
	const struct lk_eqv *eqv;
	size_t at = 0;

	while (job && (eqv = next_eqv(run, push->sys, &at))) {
		const struct lk_epoch *epoch = lk_epoch_get(lcd, eqv->tag);

		if (!epoch || strcmp(epoch->owner, push->owner) != 0)
			continue;
		char *word = epoch_word(run, eqv->othertag, epoch->epoch);
		if (!word)
			return lk_fail_nomem(err);
		add_argument(job, word);
	}
	if (job && job->argc == fixed)
		commands->n--;
	return job ? 0 : lk_fail_nomem(err);
}

/* A system that does not answer learns it when it comes back. One that knows better stops us. */
static int check_push(const struct lk_act_run *run, const struct lk_remote_job *job, struct lk_err *err)
{
	struct lk_err note;

	if (job->rc < 0) {
		lk_fail(&note, LK_M_LOG_PUSH, job->dest, job->err.text);
		warn(run, (unsigned)note.number, note.text);
	} else if (job->code == LK_EX_ARG || job->code == LK_EX_INTERNAL) {
		return lk_fail(err, LK_M_STALE, job->dest, job->code);
	}
	return 0;
}

/* Whom? *lcd was read after the change: who is ALIVE only later finds it there, and who was when we began is old news. */
static int push_to_all(struct lk_act_run *run, struct lk_lcd *lcd, const char *owner, struct lk_err *err)
{
	struct commands commands;
	struct lk_err more;
	const char *why;
	int rc = begin_commands(run, &commands, err);

	for (size_t i = 0; i < run->lcd.nsys && rc == 0; i++) {
		const struct lk_sys *sys = &run->lcd.sys[i];
		struct push push = { .owner = owner, .sys = sys->name };

		if (is_concerned(run, sys) &&
		    lk_sys_state(lcd, sys, &why) == LK_SYS_ALIVE)
			rc = add_push(run, &commands, lcd, &push, err);
	}
	if (rc < 0)
		return rc;
	run_commands(run, &commands);
	for (size_t i = 0; i < commands.n; i++) {
		int one = check_push(run, &commands.job[i], rc < 0 ? &more : err);

		rc = rc < 0 ? rc : one;
	}
	return rc;
}

/* The same with the consent of a majority (design 3.6). */
static int collect_grants(const struct lk_act_run *run, struct lk_lcd *lcd, struct lk_err *err)
{
	const char **tag = lk_graph_array(&run->plan.graph, sizeof(*tag));
	bool *taken = lk_graph_array(&run->plan.graph, sizeof(*taken));
	struct lk_canvass_for what = { .tag = tag, .patient = run->act->patient, .prog = run->act->prog };

	if (!tag || !taken)
		return lk_fail_nomem(err);
	for (size_t i = 0; i < run->lcd.neqv; i++) {
		int node = lk_graph_find(&run->plan.graph, run->lcd.eqv[i].tag);

		if (node < 0 || !run->planned[node] || taken[node])
			continue;
		taken[node] = true;
		tag[what.ntags++] = run->lcd.eqv[i].tag;
	}
	return lk_canvass_take(lcd, &what, err);
}

/* What was given with the release is what has become of the epochs here? */
static bool was_given(const struct lk_act_run *run, const struct lk_lcd *lcd)
{
	for (size_t i = 0; i < run->lcd.neqv; i++) {
		const char *tag = run->lcd.eqv[i].tag;
		int node = lk_graph_find(&run->plan.graph, tag);

		if (node >= 0 && run->planned[node] &&
		    lk_epoch_get(lcd, tag)->epoch != lk_epoch_next(&run->lcd, tag))
			return false;
	}
	return true;
}

static int take_ownership(struct lk_act_run *run, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = run->canvass ? collect_grants(run, &lcd, err) : raise_epochs(run, &lcd, err);

	if (rc < 0)
		return rc;
	/* one that came back meanwhile has still to be told */
	const char *alive = run->give && was_given(run, &lcd) ? only_alive(run, &lcd) : NULL;
	if (alive && !strcmp(alive, run->give))
		return 0;
	return push_to_all(run, &lcd, run->lcd.local, err);
}

/* Mark what the plan is about. 1: something of it is shared; 0: nothing; -1. */
static int find_planned(struct lk_act_run *run, struct lk_err *err)
{
	run->planned = lk_graph_array(&run->plan.graph, sizeof(*run->planned));
	if (!run->planned)
		return lk_fail_nomem(err);
	for (unsigned i = 0; i < run->plan.n; i++)
		run->planned[run->plan.step[i].node] = true;
	for (size_t i = 0; i < run->lcd.neqv; i++) {
		int node = lk_graph_find(&run->plan.graph, run->lcd.eqv[i].tag);

		if (node >= 0 && run->planned[node])
			return 1;
	}
	return 0;
}

int lk_act_take_over(struct lk_act_run *run, struct lk_err *err)
{
	int rc = find_planned(run, err);

	if (rc > 0) {
		rc = lk_canvass_needed(&run->lcd.tree, err);
		run->canvass = rc > 0;
		/* of several, one could record it while another keeps what it has */
		if (rc == 0 && !run->showing && !run->act->nowait)
			run->give = only_alive(run, &run->lcd);
		if (rc >= 0)
			rc = release_there(run, err);
		if (rc == 0 && !run->showing)
			rc = take_ownership(run, err);
	}
	return rc;
}

void lk_act_give_up(struct lk_act_run *run)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err err;
	int rc = find_planned(run, &err);

	if (rc > 0)
		rc = lk_lcd_read(&lcd, LK_T_EPOCH | LK_T_SYS, &err);
	if (rc == 0 && lcd.loaded)
		rc = push_to_all(run, &lcd, LK_EPOCH_NOBODY, &err);
	if (rc < 0)
		warn(run, (unsigned)err.number, err.text);
}
