/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events that stand for a failed resource. */
#include "lk/recoverable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/detach.h"
#include "lk/ins.h"
#include "lk/logpipe.h"
#include "lk/msg.h"
#include "lk/proc.h"
#include "lk/script.h"
#include "lk/story.h"
#include "lk/poison.h"

struct recovery {
	const struct lk_event *event;
	struct lk_lcd *lcd;
	const struct lk_ins *ins;
	char path[LK_PATH_MAX];		/* LK_RECOVER, else the action of the instance */
	bool whole;			/* path is LK_RECOVER */
};

static struct lk_log_line log_line(const struct recovery *r, enum lk_log_level level,
				   unsigned number)
{
	return (struct lk_log_line){ .level = level, .prog = r->event->prog, .pid = getpid(),
				     .component = r->event->class, .action = r->event->name,
				     .tag = r->ins ? r->ins->tag : NULL, .number = number };
}

static void say(const struct recovery *r, enum lk_log_level level, const char *what)
{
	struct lk_log_line line = log_line(r, level, LK_M_NUMBER(LK_M_EVT_RECOVERY));
	struct lk_err text;

	lk_fail(&text, LK_M_EVT_RECOVERY, r->ins ? r->ins->tag : r->event->object, what);
	line.text = text.text;
	lk_log(r->event->tree, &line, &text);
	struct lk_story story = {
		.prog = r->event->prog, .node = r->event->node, .what = "recovery",
		.subject = r->ins ? r->ins->tag : r->event->object, .decision = what,
		.inputs = LK_INPUTS({ "class", r->event->class }, { "event", r->event->name },
				    { "id", r->event->id }),
	};
	lk_story(r->event->tree, &story, &text);
}

/* ---- the decision ---- */

static const struct lk_ins *find(const struct lk_lcd *lcd, const struct lk_event *event)
{
	const struct lk_ins *found = NULL;

	for (size_t i = 0; i < lcd->nins; i++) {
		const struct lk_ins *ins = &lcd->ins[i];

		if (ins->state != LK_ISP || (strcmp(ins->app, event->class) != 0 &&
					     strcmp(ins->type, event->class) != 0))
			continue;
		if (!strcmp(ins->tag, event->object))
			return ins;
		if (!strcmp(ins->id, event->object))
			found = ins;
	}
	return found;
}

static bool is_reserved(const struct lk_ins *ins)
{
	return ins->resv != LK_RESV_NONE && lk_proc_alive(&ins->holder);
}

/* What there is to run: the recovery of the whole hierarchy, else only the action of the instance. */
static bool find_program(struct recovery *r)
{
	struct lk_err err;

	r->whole = faccessat(r->event->tree->fd, LK_RECOVER, X_OK, AT_EACCESS) == 0;
	if (r->whole) {
		snprintf(r->path, sizeof(r->path), "%s", LK_RECOVER);
		return true;
	}
	if (!r->ins->localrecovery) {
		say(r, LK_LOG_WARN, "local recovery is off and there is no " LK_RECOVER);
		return false;
	}
	int rc = lk_script_find(r->event->tree, r->ins->app, r->ins->type, "recover", r->path, NULL,
				&err);
	if (rc <= 0)
		say(r, LK_LOG_WARN, rc < 0 ? err.text : "there is no recover action");
	return rc > 0;
}

/* ---- in the background ---- */

/* Reserve the instance for us, or give it free. 0; -1: it is not ours to take any more. */
static int reserve(const struct recovery *r, enum lk_resv resv)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_ins *ins;
	struct lk_err err;

	if (lk_ins_edit(&lcd, 0, r->ins->tag, &ins, &err) < 0)
		return -1;
	if (resv == LK_RESV_NONE ? ins->holder.pid != getpid()
				 : is_reserved(ins) || ins->state != LK_ISP)
		return -1;
	ins->resv = resv;
	ins->holder = resv == LK_RESV_NONE ? (struct lk_holder){ 0 } : lk_proc_holder(getpid());
	return lk_ins_save(&lcd, ins, &err);
}

static void run_program(const struct recovery *r, char *const *argv)
{
	struct lk_log_line line = log_line(r, LK_LOG_INFO, LK_M_NUMBER(LK_M_EVT_OUTPUT));
	struct lk_script script = { .tree = r->event->tree, .path = r->path, .argv = argv };
	struct lk_script_end end;
	struct lk_logpipe output;
	struct lk_err err;

	if (lk_logpipe_open(&output, r->event->tree, &line, &err) < 0)
		say(r, LK_LOG_ERROR, err.text);
	else
		script.output = output.fd;
	int rc = lk_script_run(&script, &end, &err);
	lk_logpipe_close(&output);
	if (rc < 0)
		say(r, LK_LOG_ERROR, err.text);
	else
		say(r, end.code ? LK_LOG_ERROR : LK_LOG_INFO, end.reason);
}

static void run(const struct recovery *r)
{
	const struct lk_event *e = r->event;
	const char *whole[] = { "recover", "-t", r->ins->tag, "-C", e->class, "-E", e->name, "-n",
				e->object, NULL };
	const char *action[] = { "recover", "-t", r->ins->tag, "-i", r->ins->id, NULL };

	say(r, LK_LOG_INFO, "begins");
	if (r->whole) {		/* which makes its own reservations */
		run_program(r, (char *const *)whole);
		return;
	}
	if (reserve(r, LK_RESV_RECOVER) < 0) {
		say(r, LK_LOG_WARN, "not begun: the instance could not be reserved");
		return;
	}
	run_program(r, (char *const *)action);
	if (reserve(r, LK_RESV_NONE) < 0)
		say(r, LK_LOG_WARN, "the reservation is not there any more");
}

static bool start(struct recovery *r)
{
	pid_t pid = fork();

	if (pid < 0)
		say(r, LK_LOG_ERROR, strerror(errno));
	if (pid != 0)
		return pid > 0;
	if (!lk_detach(&r->event->tree->fd, 1))
		_exit(1);
	r->event->tree->fd = LK_DETACH_FIRST;
	r->lcd->tree.fd = -1;
	run(r);
	_exit(0);
}

bool lk_recoverable(const struct lk_event *event)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct recovery r = { .event = event, .lcd = &lcd };
	struct lk_err err;

	if (lk_lcd_read(&lcd, LK_T_INS, &err) < 0) {
		say(&r, LK_LOG_ERROR, err.text);
		return false;
	}
	r.ins = find(&lcd, event);
	if (!r.ins)
		return false;
	if (is_reserved(r.ins)) {
		say(&r, LK_LOG_INFO, "not begun: another operation is at work on it");
		return r.ins->resv == LK_RESV_RECOVER;
	}
	return find_program(&r) && start(&r);
}
