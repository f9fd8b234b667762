/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A resource has failed here: local recovery, by its own program or by one of those that depend on it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/act.h"
#include "lk/failure_run.h"
#include "lk/logpipe.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/script.h"
#include "lk/poison.h"

struct program {
	const struct lk_ins *ins;
	char path[LK_PATH_MAX];
	bool special;		/* made for this class and event */
};

/* The program for just this event, spec/core.md 2.1. */
static bool find_special(const struct lk_failing *run, struct program *p)
{
	const struct lk_failure *f = run->f;
	struct lk_err ignored;
	struct stat st;

	if (!f->class || !f->event || lk_check_app("class", f->class, &ignored) < 0 ||
	    lk_check_app("event", f->event, &ignored) < 0)
		return false;
	int len = snprintf(p->path, sizeof(p->path), "subsys/%s/resources/%s/recovery/%s/%s",
			   p->ins->app, p->ins->type, f->class, f->event);
	p->special = len < LK_PATH_MAX && fstatat(run->lcd.tree.fd, p->path, &st, 0) == 0 &&
		     S_ISREG(st.st_mode) &&
		     faccessat(run->lcd.tree.fd, p->path, X_OK, AT_EACCESS) == 0;
	return p->special;
}

static bool find_program(const struct lk_failing *run, struct program *p)
{
	struct lk_err err;

	if (find_special(run, p))
		return true;
	int rc = lk_script_find(&run->lcd.tree, p->ins->app, p->ins->type, "recover", p->path, NULL,
				&err);
	if (rc < 0)
		lk_failing_tell(run, LK_LOG_ERROR, "repair-skipped", err.text);
	return rc > 0;
}

static void log_program(const struct lk_failing *run, const struct program *p, enum lk_log_level level,
			const struct lk_err *text)
{
	struct lk_log_line line = { .level = level, .prog = run->f->prog, .pid = getpid(),
				    .component = p->ins->type, .action = "recover",
				    .tag = p->ins->tag, .number = (unsigned)text->number,
				    .text = text->text };
	struct lk_err ignored;

	lk_log(&run->lcd.tree, &line, &ignored);
}

/* Run it with its output in the log. */
static int execute(const struct lk_failing *run, const struct program *p, char *const *argv,
		   struct lk_script_end *end, struct lk_err *err)
{
	struct lk_log_line line = { .level = LK_LOG_INFO, .prog = run->f->prog, .pid = getpid(),
				    .component = p->ins->type, .action = "recover",
				    .tag = p->ins->tag, .number = LK_M_NUMBER(LK_M_LOG_OUTPUT) };
	struct lk_script script = { .tree = &run->lcd.tree, .path = p->path, .argv = argv };
	struct lk_logpipe output;
	struct lk_err ignored;
	int rc = lk_act_seconds(&run->lcd.tree, p->ins->type, "recover", &script.seconds, err);

	if (rc < 0)
		return rc;
	if (lk_logpipe_open(&output, &run->lcd.tree, &line, &ignored) == 0)
		script.output = output.fd;
	rc = lk_script_run(&script, end, err);
	lk_logpipe_close(&output);
	return rc;
}

/* 1: it works again; 0; -1: interrupted. */
static int run_program(const struct lk_failing *run, const struct program *p, struct lk_err *err)
{
	const struct lk_failure *f = run->f;
	const char *argv[16] = { "recover", "-t", p->ins->tag, "-i", p->ins->id };
	const char *event[] = { "-C", f->class, "-E", f->event, f->object ? "-n" : NULL, f->object };
	struct lk_script_end end;
	struct lk_err text;

	if (p->special)
		memcpy(argv + 5, event, sizeof(event));
	lk_fail(&text, LK_M_LOG_BEGIN, "recover", p->ins->tag, run->lcd.local);
	log_program(run, p, LK_LOG_INFO, &text);
	if (execute(run, p, (char *const *)argv, &end, &text) < 0) {
		log_program(run, p, LK_LOG_ERROR, &text);
		return 0;
	}
	if (end.code == 0)
		lk_fail(&text, LK_M_LOG_END, "recover", p->ins->tag, run->lcd.local);
	else
		lk_fail(&text, LK_M_LOG_FAILED, "recover", p->ins->tag, run->lcd.local, end.reason);
	log_program(run, p, end.code ? LK_LOG_ERROR : LK_LOG_INFO, &text);
	if (end.code && end.interrupted)
		return lk_fail(err, LK_M_INTERRUPTED, end.interrupted);
	return end.code == 0;
}

int lk_failing_repair(const struct lk_failing *run, struct lk_err *err)
{
	char why[300];
	bool tried = false;
	struct lk_err text;
	int rc = 0;

	for (unsigned i = 0; i < run->nup && rc == 0; i++) {
		struct program p = { .ins = run->graph.node[run->up[i]] };

		/* ISU: in service without local recovery */
		if (p.ins->state != LK_ISP || !p.ins->localrecovery || !find_program(run, &p))
			continue;
		snprintf(why, sizeof(why), "the recover action of \"%.250s\"", p.ins->tag);
		lk_failing_tell(run, LK_LOG_INFO, "repair", why);
		rc = run_program(run, &p, err);
		tried = true;
	}
	lk_fail(&text, LK_M_FLR_LOCAL, run->f->tag);
	if (rc == 0 && tried)
		lk_failing_say(run, &text);
	else if (rc == 0)
		lk_failing_tell(run, LK_LOG_INFO, "no-repair", "local recovery is off, or there is no recover action");
	return rc;
}
