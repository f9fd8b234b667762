/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lkstop: stop Lockkeeper on this system (spec/core.md 3.10.2, 7.1). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lk/act.h"
#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/flg.h"
#include "lk/graph.h"
#include "lk/jobs.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/proc.h"
#include "lk/program.h"
#include "lk/running.h"
#include "lk/supervisor.h"
#include "lk/sys.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define PEER_MS 15000		/* for telling the other systems, all at the same time */
#define DAEMONS_SECONDS 300
#define PARALLEL 32		/* remove actions at a time */
#define NAP_MS 20

struct stop {
	struct lk_cmd *cmd;
	struct lk_lcd lcd;
	bool keep, switch_over;		/* resources stay in service; peers may take over */
	bool failed;
	int interrupted;
	struct lk_graph graph;
	enum { TODO, BUSY, FINE, BAD } *fate;	/* by node of the graph */
};

/* What went wrong, on stderr and in the log; we go on. */
static void trouble(struct stop *s, const struct lk_err *err, enum lk_log_level level)
{
	struct lk_log_line line = { .level = level, .prog = "lkstop", .pid = getpid(),
				    .component = "lkstop", .number = (unsigned)err->number,
				    .text = err->text };
	struct lk_err ignored;

	if (level != LK_LOG_INFO)
		lk_cmd_warn(s->cmd, "(No. %d) %s", err->number, err->text);
	lk_log(&s->lcd.tree, &line, &ignored);
}

static const char *ending(int code, char text[static 64])
{
	if (code > 128)
		snprintf(text, 64, "killed by signal %d", code - 128);
	else
		snprintf(text, 64, code == 127 ? "the command is missing" : "exit code %d", code);
	return text;
}

/* ---- the other systems ---- */

/* flg_create or flg_remove of our flag on every other system, all at the same time. */
static int tell_peers(struct stop *s, const char *command, struct lk_jobs *jobs, const char *flag)
{
	char path[LK_PROGRAM_MAX], name[64];

	snprintf(name, sizeof(name), "bin/%s", command);
	int rc = lk_program_find(&s->lcd.tree, name, path, &s->cmd->err);
	for (size_t i = 0; i < s->lcd.nsys && rc == 0; i++) {
		char *argv[] = { (char *)command, "-d", (char *)s->lcd.sys[i].name, "-f",
				 (char *)flag, NULL };

		if (s->lcd.sys[i].local)
			continue;
		jobs->job[i].code = 126;
		(void)!lk_jobs_start(jobs, i, path, argv, PEER_MS);
	}
	while (lk_jobs_wait(jobs) >= 0)
		;
	return rc;
}

static void forbid_failover(struct stop *s, const char *command, bool quiet)
{
	struct lk_jobs jobs = { .n = s->lcd.nsys };
	struct lk_job LK_AUTO_FREE *job = calloc(s->lcd.nsys + 1, sizeof(*job));
	char flag[300], text[64];
	struct lk_err err;

	if (!job)
		return;
	jobs.job = job;
	snprintf(flag, sizeof(flag), "!nofailover!%s", s->lcd.local);
	lk_jobs_begin(&jobs);
	if (tell_peers(s, command, &jobs, flag) < 0 && !quiet)
		trouble(s, &s->cmd->err, LK_LOG_ERROR);
	lk_jobs_end(&jobs);
	s->interrupted = quiet ? s->interrupted : jobs.interrupted;
	for (size_t i = 0; i < s->lcd.nsys && !quiet; i++) {
		int code = job[i].code;

		if (!code || code == LK_EX_EXISTS)
			continue;
		lk_fail(&err, LK_M_STOP_PEER, s->lcd.sys[i].name,
			code == LK_EX_COMM ? "it cannot be reached" : ending(code, text));
		trouble(s, &err, LK_LOG_WARN);
	}
}

/* ---- resources ---- */

/* Or it may be, since its remove has failed before: it is tried again. Or about to be: the handler of an event, or an operator, may be restoring it right now. */
static bool in_service(const struct stop *s, unsigned node)
{
	const struct lk_ins *ins = s->graph.node[node];

	return ins->state == LK_ISP || ins->state == LK_ISU || lk_act_is_stuck(&s->lcd, ins) ||
	       (ins->resv == LK_RESV_RESTORE && lk_proc_alive(&ins->holder));
}

static void blocked_by(struct stop *s, unsigned node, unsigned up)
{
	struct lk_err err;

	if (!in_service(s, node))
		return;
	lk_fail(&err, LK_M_STOP_PARENT, s->graph.node[node]->tag, s->graph.node[up]->tag);
	trouble(s, &err, LK_LOG_ERROR);
}

/* Those above it come first: 1 all are out of service, 0 not yet, -1 one of them stays. */
static int parents(struct stop *s, unsigned node)
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

static int begin_remove(struct stop *s, struct lk_jobs *jobs, const char *path, unsigned node)
{
	char *tag = (char *)s->graph.node[node]->tag;
	char *argv[] = { "perform_action", "-G", "-s", "--keep-owner", "-t", tag, "-a", "remove", NULL };

	printf("Taking %s out of service\n", tag);
	fflush(stdout);
	return lk_jobs_start(jobs, node, path, argv, 0);
}

static void bad(struct stop *s, unsigned node, const char *why)
{
	struct lk_err err;

	s->fate[node] = BAD;
	s->failed = true;
	if (!why)
		return;
	lk_fail(&err, LK_M_STOP_FAILED, s->graph.node[node]->tag, why);
	trouble(s, &err, LK_LOG_ERROR);
}

/* Start what can be started, in the order of the tags. True: something has changed that others
 * may wait for. */
static bool advance(struct stop *s, struct lk_jobs *jobs, const char *path)
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

static void remove_all(struct stop *s, struct lk_jobs *jobs, const char *path)
{
	char text[64];
	ssize_t i;

	do {
		while (!jobs->interrupted && advance(s, jobs, path))
			;
		i = lk_jobs_wait(jobs);
		if (i >= 0 && jobs->job[i].code)
			bad(s, (unsigned)i, ending(jobs->job[i].code, text));
		else if (i >= 0)
			s->fate[i] = FINE;
	} while (i >= 0);
	s->interrupted = jobs->interrupted;
}

/* The global scripts are run once around all removes. Without lcdrecover there are none. */
static void global_scripts(struct stop *s, char *option)
{
	char path[LK_PROGRAM_MAX], text[64], *argv[] = { "lcdrecover", option, "remove", NULL };
	struct lk_job job = { 0 };
	struct lk_jobs jobs = { .job = &job, .n = 1 };
	struct lk_err err;

	if (s->interrupted || lk_program_find(&s->lcd.tree, "bin/lcdrecover", path, &err) < 0)
		return;
	lk_jobs_begin(&jobs);
	if (lk_jobs_start(&jobs, 0, path, argv, 0) < 0)
		job.code = 126;
	lk_jobs_wait(&jobs);
	lk_jobs_end(&jobs);
	s->interrupted = jobs.interrupted;
	if (!job.code)
		return;
	lk_fail(&err, LK_M_STOP_SCRIPTS, option, ending(job.code, text));
	trouble(s, &err, LK_LOG_ERROR);
	s->failed = true;
}

static bool any_in_service(const struct stop *s)
{
	for (unsigned i = 0; i < s->graph.n; i++)
		if (in_service(s, i))
			return true;
	return false;
}

static int stop_resources(struct stop *s)
{
	struct lk_jobs jobs = { 0 };
	char path[LK_PROGRAM_MAX];
	int rc = lk_graph_build(&s->graph, &s->lcd, &s->cmd->err);

	if (rc < 0 || !any_in_service(s))
		return rc;
	rc = lk_program_find(&s->lcd.tree, "bin/perform_action", path, &s->cmd->err);
	s->fate = lk_graph_array(&s->graph, sizeof(*s->fate));
	jobs.job = lk_graph_array(&s->graph, sizeof(*jobs.job));
	jobs.n = s->graph.n;
	if (rc < 0 || !s->fate || !jobs.job)
		return rc < 0 ? rc : lk_fail_nomem(&s->cmd->err);
	global_scripts(s, "-g");
	lk_jobs_begin(&jobs);
	if (!s->interrupted)
		remove_all(s, &jobs, path);
	lk_jobs_end(&jobs);
	global_scripts(s, "-G");
	return 0;
}

/* ---- the daemons ---- */

static void say_daemons(struct stop *s)
{
	struct lk_supervisor status;
	struct lk_err ignored;

	if (lk_supervisor_now(&s->lcd.tree, &status, &ignored) <= 0)
		return;
	while (status.n-- > 1)
		if (status.row[status.n].process.pid)
			printf("Stopping %s\n", status.row[status.n].tag);
	fflush(stdout);
}

/* Until that process has ended, or nothing runs: another one may have been started since. */
static bool is_over(const struct stop *s, const struct lk_holder *holder)
{
	return holder->pid ? !lk_proc_alive(holder) : !lk_running(&s->lcd.tree);
}

static int stop_daemons(struct stop *s)
{
	struct timespec nap = { .tv_nsec = NAP_MS * 1000000L };
	int64_t start = lk_now_ms();
	struct lk_holder holder = { 0 };

	say_daemons(s);
	for (; !is_over(s, &holder); nanosleep(&nap, NULL)) {
		int64_t waited = lk_now_ms() - start;

		if (!holder.pid && lk_running_process(&s->lcd.tree, &holder) &&
		    kill(holder.pid, SIGTERM) < 0 && errno != ESRCH)
			return lk_fail_errno(&s->cmd->err, errno, "lkinit (process %ld)",
					     (long)holder.pid);
		if (!holder.pid && waited > 5000)
			return lk_fail(&s->cmd->err, LK_M_STOP_NO_PID);
		if (waited > DAEMONS_SECONDS * 1000)
			return lk_fail(&s->cmd->err, LK_M_STOP_LATE, DAEMONS_SECONDS);
	}
	return 0;
}

/* ---- all of it ---- */

/* Nothing is stopped yet, and without the flags a failure of this system is one again. */
static int give_up(struct stop *s)
{
	if (!s->switch_over)
		forbid_failover(s, "flg_remove", true);
	return lk_fail(&s->cmd->err, LK_M_INTERRUPTED, s->interrupted);
}

static void prepare(struct stop *s)
{
	struct lk_err note;

	if (lk_cmd_given(s->cmd, 's'))
		s->switch_over = lk_flg_find(&s->lcd, "shutdown_switchover") != NULL;
	lk_fail(&note, LK_M_STOP_BEGIN, s->keep ? "stay in service" : "are taken out of service",
		s->switch_over ? "may take over" : "may not take over");
	trouble(s, &note, LK_LOG_INFO);
	if (!s->switch_over)
		forbid_failover(s, "flg_create", false);
}

/* A system that came back while we were at work may have made an event restore what we had stopped. Now that
 * the daemons are gone nothing does that any more. What could not be removed before is not tried again. */
static int stop_again(struct stop *s)
{
	if (s->keep || s->failed)
		return 0;
	lk_lcd_close(&s->lcd);
	int rc = lk_lcd_read(&s->lcd, LK_T_ALL, &s->cmd->err);

	return rc < 0 ? rc : stop_resources(s);
}

static int stop(struct stop *s)
{
	int rc = lk_lcd_read(&s->lcd, LK_T_ALL, &s->cmd->err);

	/* with a damaged database the daemons can be stopped, but no resources that nobody knows */
	if (rc < 0 && !s->keep)
		return rc;
	if (rc == 0)
		prepare(s);
	if (!s->keep && !s->interrupted)
		rc = stop_resources(s);
	if (s->interrupted)
		return give_up(s);
	if (rc < 0) {
		trouble(s, &s->cmd->err, LK_LOG_ERROR);
		s->failed = true;
	}
	rc = stop_daemons(s);
	if (rc == 0)
		rc = stop_again(s);
	return rc;
}

static int run(struct lk_cmd *cmd)
{
	struct stop s = { .cmd = cmd, .lcd = LK_LCD_INIT,
			  .keep = lk_cmd_given(cmd, 'f') || lk_cmd_given(cmd, 'r') };
	struct lk_tree tree;
	int rc = lk_tree_open(&tree, &cmd->err);

	if (rc == 0 && s.keep && lk_cmd_given(cmd, 's'))
		rc = lk_fail(&cmd->err, LK_M_USAGE, "option --shutdown excludes -f and -r");
	signal(SIGPIPE, SIG_IGN);	/* whoever reads our output must not end us half-way */
	if (rc == 0 && lk_running(&tree))
		rc = stop(&s);
	lk_lcd_close(&s.lcd);
	lk_tree_close(&tree);
	if (rc < 0)
		return rc;
	puts("LIFEKEEPER NOW STOPPED");
	return s.failed ? LK_EX_SYSTEM : 0;
}

static const struct lk_opt options[] = {
	{ 'n', LK_OPT_FLAG, NULL, "accepted and ignored: other systems never take over", NULL },
	{ 'f', LK_OPT_FLAG, NULL, "stop the daemons only: resources stay in service", NULL },
	{ 'r', LK_OPT_FLAG, NULL, "the same as -f", NULL },
	{ 's', LK_OPT_FLAG, NULL, "the system goes down: act by its shutdown strategy", "shutdown" },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lkstop [-n] [-f] [-r]\nlkstop [-n] --shutdown",
	.summary = "Stop Lockkeeper on this system.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
