/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lkstop: stop Lockkeeper on this system (spec/core.md 3.10.2, 7.1). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/flg.h"
#include "lk/held.h"
#include "lk/jobs.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/outage.h"
#include "lk/proc.h"
#include "lk/program.h"
#include "lk/running.h"
#include "lk/stopped.h"
#include "lk/supervisor.h"
#include "lk/sys.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define PEER_MS 15000		/* for telling the other systems, all at the same time */
#define DAEMONS_SECONDS 300
#define NAP_MS 20

struct stop {
	struct lk_cmd *cmd;
	struct lk_lcd lcd;
	bool keep, switch_over;		/* resources stay in service; peers may take over */
	struct lk_outage out;
};

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
	char flag[LK_STOPPED_MAX], text[64];
	struct lk_err err;

	if (!job)
		return;
	jobs.job = job;
	lk_stopped_flag(s->lcd.local, flag);
	lk_jobs_begin(&jobs);
	if (tell_peers(s, command, &jobs, flag) < 0 && !quiet)
		lk_outage_say(&s->out, &s->cmd->err, LK_LOG_ERROR);
	lk_jobs_end(&jobs);
	s->out.interrupted = quiet ? s->out.interrupted : jobs.interrupted;
	for (size_t i = 0; i < s->lcd.nsys && !quiet; i++) {
		int code = job[i].code;

		if (!code || code == LK_EX_EXISTS)
			continue;
		lk_fail(&err, LK_M_STOP_PEER, s->lcd.sys[i].name,
			code == LK_EX_COMM ? "it cannot be reached" : lk_outage_ending(code, text));
		lk_outage_say(&s->out, &err, LK_LOG_WARN);
	}
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

/* Nothing is stopped yet, nor noted that resources stay, and without the flags a failure of this system is one again. */
static int give_up(struct stop *s)
{
	if (!s->switch_over)
		forbid_failover(s, "flg_remove", true);
	return lk_fail(&s->cmd->err, LK_M_INTERRUPTED, s->out.interrupted);
}

static void prepare(struct stop *s)
{
	struct lk_err note;

	if (lk_cmd_given(s->cmd, 's'))
		s->switch_over = lk_flg_find(&s->lcd, "shutdown_switchover") != NULL;
	lk_fail(&note, LK_M_STOP_BEGIN, s->keep ? "stay in service" : "are taken out of service",
		s->switch_over ? "may take over" : "may not take over");
	lk_outage_say(&s->out, &note, LK_LOG_INFO);
	if (!s->switch_over)
		forbid_failover(s, "flg_create", false);
}

/* A system that came back while we were at work may have made an event restore what we had stopped. Now that
 * the daemons are gone nothing does that any more. What could not be removed before is not tried again. */
static int stop_again(struct stop *s)
{
	if (s->keep || s->out.failed)
		return 0;
	lk_lcd_close(&s->lcd);
	int rc = lk_lcd_read(&s->lcd, LK_T_ALL, &s->cmd->err);

	return rc < 0 ? rc : lk_outage_run(&s->out);
}

static int stop(struct stop *s)
{
	int rc = lk_lcd_read(&s->lcd, LK_T_ALL, &s->cmd->err);

	/* with a damaged database the daemons can be stopped, but no resources that nobody knows */
	if (rc < 0 && !s->keep)
		return rc;
	if (rc == 0)
		prepare(s);
	/* what nobody can end must not be taken for ended */
	if (rc == 0 && s->keep && !s->out.interrupted && lk_held_begin(&s->lcd, &s->cmd->err) < 0) {
		forbid_failover(s, "flg_remove", true);
		return -s->cmd->err.code;
	}
	if (!s->keep && !s->out.interrupted)
		rc = lk_outage_run(&s->out);
	if (s->out.interrupted)
		return give_up(s);
	if (rc < 0) {
		lk_outage_say(&s->out, &s->cmd->err, LK_LOG_ERROR);
		s->out.failed = true;
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

	s.out = (struct lk_outage){ .cmd = cmd, .lcd = &s.lcd, .prog = "lkstop" };
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
	return s.out.failed ? LK_EX_SYSTEM : 0;
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
