/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking everything on this system out of service. */
#include "lk/outage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/act.h"
#include "lk/graph.h"
#include "lk/jobs.h"
#include "lk/msg.h"
#include "lk/proc.h"
#include "lk/program.h"
#include "lk/poison.h"

#define PARALLEL 32		/* remove actions at a time */

struct work {
	struct lk_outage *out;
	struct lk_graph graph;
	enum { TODO, BUSY, FINE, BAD } *fate;	/* by node of the graph */
};

void lk_outage_say(const struct lk_outage *out, const struct lk_err *err, enum lk_log_level level)
{
	struct lk_log_line line = { .level = level, .prog = out->prog, .pid = getpid(),
				    .component = out->prog, .number = (unsigned)err->number,
				    .text = err->text };
	struct lk_err ignored;

	if (level != LK_LOG_INFO)
		lk_cmd_warn(out->cmd, "(No. %d) %s", err->number, err->text);
	lk_log(&out->lcd->tree, &line, &ignored);
}

const char *lk_outage_ending(int code, char text[static 64])
{
	if (code > 128)
		snprintf(text, 64, "killed by signal %d", code - 128);
	else
		snprintf(text, 64, code == 127 ? "the command is missing" : "exit code %d", code);
	return text;
}

/* Or it may be, since its remove has failed before: it is tried again. Or about to be: the handler of an event, or
 * an operator, may be restoring it right now. */
static bool in_service(const struct work *s, unsigned node)
{
	const struct lk_ins *ins = s->graph.node[node];

	return lk_state_up(ins->state) || lk_act_is_stuck(s->out->lcd, ins) ||
	       (ins->resv == LK_RESV_RESTORE && lk_proc_alive(&ins->holder));
}

static void blocked_by(struct work *s, unsigned node, unsigned up)
{
	struct lk_err err;

	if (!in_service(s, node))
		return;
	lk_fail(&err, LK_M_STOP_PARENT, s->graph.node[node]->tag, s->graph.node[up]->tag);
	lk_outage_say(s->out, &err, LK_LOG_ERROR);
}

/* Those above it come first: 1 all are out of service, 0 not yet, -1 one of them stays. */
static int parents(struct work *s, unsigned node)
{
	const struct lk_graph *g = &s->graph;
	int rc = 1;

	for (unsigned k = g->first[LK_UP][node]; k < g->first[LK_UP][node + 1]; k++) {
		unsigned up = g->next[LK_UP][k];

		if (s->fate[up] == BAD) {
			blocked_by(s, node, up);
			return -1;
		}
		if (s->fate[up] != FINE)
			rc = 0;
	}
	return rc;
}

static int begin_remove(struct work *s, struct lk_jobs *jobs, const char *path, unsigned node)
{
	char *tag = (char *)s->graph.node[node]->tag;
	char *argv[] = { "perform_action", "-G", "-s", "--keep-owner", "-t", tag, "-a", "remove", NULL };

	printf("Taking %s out of service\n", tag);
	fflush(stdout);
	return lk_jobs_start(jobs, node, path, argv, 0);
}

static void bad(struct work *s, unsigned node, const char *why)
{
	struct lk_err err;

	s->fate[node] = BAD;
	s->out->failed = true;
	if (!why)
		return;
	lk_fail(&err, LK_M_STOP_FAILED, s->graph.node[node]->tag, why);
	lk_outage_say(s->out, &err, LK_LOG_ERROR);
}

/* Start what can be started, in the order of the tags. True: something has changed that others
 * may wait for. */
static bool advance(struct work *s, struct lk_jobs *jobs, const char *path)
{
	bool changed = false;

	for (unsigned i = 0; i < s->graph.n; i++) {
		int up = s->fate[i] == TODO ? parents(s, i) : 0;

		if (up == 0 || (in_service(s, i) && up > 0 && jobs->running == PARALLEL))
			continue;
		if (up < 0 && in_service(s, i))
			bad(s, i, NULL);
		else if (up < 0)
			s->fate[i] = BAD;
		else if (!in_service(s, i))
			s->fate[i] = FINE;
		else if (begin_remove(s, jobs, path, i) < 0)
			bad(s, i, strerror(errno));
		else
			s->fate[i] = BUSY;
		changed |= s->fate[i] != BUSY;
	}
	return changed;
}

static void remove_all(struct work *s, struct lk_jobs *jobs, const char *path)
{
	char text[64];
	ssize_t i;

	do {
		while (!jobs->interrupted && advance(s, jobs, path))
			;
		i = lk_jobs_wait(jobs);
		if (i >= 0 && jobs->job[i].code)
			bad(s, (unsigned)i, lk_outage_ending(jobs->job[i].code, text));
		else if (i >= 0)
			s->fate[i] = FINE;
	} while (i >= 0);
	s->out->interrupted = jobs->interrupted;
}

/* The global scripts are run once around all removes. Without lcdrecover there are none. */
static void global_scripts(struct work *s, char *option)
{
	char path[LK_PROGRAM_MAX], text[64], *argv[] = { "lcdrecover", option, "remove", NULL };
	struct lk_job job = { 0 };
	struct lk_jobs jobs = { .job = &job, .n = 1 };
	struct lk_err err;

	if (s->out->interrupted || lk_program_find(&s->out->lcd->tree, "bin/lcdrecover", path, &err) < 0)
		return;
	lk_jobs_begin(&jobs);
	if (lk_jobs_start(&jobs, 0, path, argv, 0) < 0)
		job.code = 126;
	lk_jobs_wait(&jobs);
	lk_jobs_end(&jobs);
	s->out->interrupted = jobs.interrupted;
	if (!job.code)
		return;
	lk_fail(&err, LK_M_STOP_SCRIPTS, option, lk_outage_ending(job.code, text));
	lk_outage_say(s->out, &err, LK_LOG_ERROR);
	s->out->failed = true;
}

static bool any_in_service(const struct work *s)
{
	for (unsigned i = 0; i < s->graph.n; i++)
		if (in_service(s, i))
			return true;
	return false;
}

int lk_outage_run(struct lk_outage *out)
{
	struct work work = { .out = out }, *s = &work;
	struct lk_jobs jobs = { 0 };
	char path[LK_PROGRAM_MAX];
	int rc = lk_graph_build(&s->graph, out->lcd, &out->cmd->err);

	if (rc < 0 || !any_in_service(s))
		return rc;
	rc = lk_program_find(&out->lcd->tree, "bin/perform_action", path, &out->cmd->err);
	s->fate = lk_graph_array(&s->graph, sizeof(*s->fate));
	jobs.job = lk_graph_array(&s->graph, sizeof(*jobs.job));
	jobs.n = s->graph.n;
	if (rc < 0 || !s->fate || !jobs.job)
		return rc < 0 ? rc : lk_fail_nomem(&out->cmd->err);
	global_scripts(s, "-g");
	lk_jobs_begin(&jobs);
	if (!out->interrupted)
		remove_all(s, &jobs, path);
	lk_jobs_end(&jobs);
	global_scripts(s, "-G");
	return 0;
}
