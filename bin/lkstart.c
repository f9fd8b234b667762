/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lkstart: start Lockkeeper on this system (spec/core.md 3.10.1). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/holds.h"
#include "lk/jobs.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/program.h"
#include "lk/quarantine.h"
#include "lk/quorum.h"
#include "lk/running.h"
#include "lk/supervisor.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define WAIT_DEFAULT 60
#define WAIT_MAX 86400
#define NAP_MS 20
#define LOCK "run/lkstart.lock"
#define SILENT_MS 10000
#define LOG_TAIL 65536
#define UNIT "lockkeeper.service"

struct start {
	struct lk_cmd *cmd;
	struct lk_tree tree;
	unsigned long long seconds;
	int64_t deadline;
	off_t log_size;			/* before the start */
	char line[LK_ERR_TEXT];		/* of the log */
};

/* False when the time is over. */
static bool nap(const struct start *s)
{
	struct timespec time = { .tv_nsec = NAP_MS * 1000000L };

	if (lk_now_ms() >= s->deadline)
		return false;
	nanosleep(&time, NULL);
	return true;
}

/* ---- the log ---- */

static void note_log(struct start *s)
{
	struct stat st;

	s->log_size = fstatat(s->tree.fd, LK_LOG, &st, 0) == 0 ? st.st_size : 0;
}

/* Prefer what the daemon has printed over what lkinit tells about it. */
static void choose(struct start *s, char *text, const char *tag)
{
	char about[LK_INITTAB_TAG + 4], *rest;
	bool own = false;

	snprintf(about, sizeof(about), ":%s: ", tag);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		const char *from = strstr(line, " lkinit[");

		if (from && (own || !strstr(from, about)))
			continue;
		own |= !from;
		snprintf(s->line, sizeof(s->line), "%s", from ? strstr(from, about) + 1 : line);
	}
	lk_printable(s->line);
}

/* The last line of the log that says something about the daemon, in s->line. */
static void find_line(struct start *s, const char *tag)
{
	char LK_AUTO_FREE *text = malloc(LOG_TAIL + 1);
	int LK_AUTO_CLOSE fd = openat(s->tree.fd, LK_LOG, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (!text || fd < 0 || fstat(fd, &st) < 0)
		return;
	off_t from = st.st_size < s->log_size ? 0 : s->log_size;
	if (st.st_size - from > LOG_TAIL)
		from = st.st_size - LOG_TAIL;
	ssize_t len = pread(fd, text, LOG_TAIL, from);
	text[len > 0 ? len : 0] = '\0';
	choose(s, text, tag);
}

/* ---- waiting ---- */

static const char *not_ready(const struct lk_supervisor *status)
{
	for (unsigned i = 1; i < status->n; i++)
		if (strcmp(status->row[i].state, "up") != 0 && strcmp(status->row[i].state, "off") != 0)
			return status->row[i].tag;
	return "lkinit";
}

static int too_late(struct start *s, const struct lk_supervisor *status)
{
	const char *tag = not_ready(status);

	find_line(s, tag);
	return lk_fail(&s->cmd->err, LK_M_START_LATE, tag, s->seconds, s->line[0] ? ": " : "",
		       s->line);
}

static int died(struct start *s)
{
	find_line(s, "lkinit");
	return lk_fail(&s->cmd->err, LK_M_START_DIED, s->line[0] ? ": " : "", s->line);
}

/* After a loss of quorum the daemons do not start for a while. Negative: so it is. */
static int check_quarantine(struct start *s, const struct lk_supervisor *status)
{
	struct lk_err ignored;
	int64_t ms = 0;

	if (strcmp(status->row[0].state, "quarantine") != 0)
		return 0;
	(void)!lk_quarantine_left(&s->tree, &ms, &ignored);
	return lk_fail(&s->cmd->err, LK_M_START_QUARANTINE, (long long)(ms + 999) / 1000);
}

static int wait_ready(struct start *s)
{
	struct lk_supervisor status = { .n = 0 };
	struct lk_err ignored;

	do {
		int rc = lk_supervisor_now(&s->tree, &status, &ignored);

		if (rc > 0 && !strcmp(status.row[0].state, "up"))
			return 0;
		if (rc > 0 && check_quarantine(s, &status) < 0)
			return -s->cmd->err.code;
		if (rc <= 0)
			status.n = 0;
		if (rc <= 0 && !lk_running(&s->tree))
			return died(s);
	} while (nap(s));
	return too_late(s, &status);
}

/* ---- starting ---- */

/* Run a program and wait for its end; its exit code. */
static int call(const char *path, char *const *argv)
{
	struct lk_job job = { 0 };
	struct lk_jobs jobs = { .job = &job, .n = 1, .quiet = true };

	lk_jobs_begin(&jobs);
	int rc = lk_jobs_start(&jobs, 0, path, argv, 0);
	if (rc == 0)
		lk_jobs_wait(&jobs);
	lk_jobs_end(&jobs);
	return rc < 0 ? 126 : job.code;
}

/* Is the service manager at work, does it have our unit, and is that of this tree? */
static bool systemd_has_it(const struct start *s)
{
	char *argv[] = { "systemctl", "--quiet", "cat", UNIT, NULL };

	return !strcmp(s->tree.root, LKROOT_DEFAULT) && access("/run/systemd/system", F_OK) == 0 &&
	       access("/usr/bin/systemctl", X_OK) == 0 &&
	       call("/usr/bin/systemctl", argv) == 0;
}

static int start_unit(struct start *s)
{
	char *argv[] = { "systemctl", "start", "--no-block", UNIT, NULL };

	if (call("/usr/bin/systemctl", argv) != 0)
		return lk_fail(&s->cmd->err, LK_M_START_DIED, ": ", "systemctl start " UNIT);
	while (!lk_running(&s->tree) && nap(s))
		;
	return wait_ready(s);
}

static int start_lkinit(struct start *s)
{
	char path[LK_PROGRAM_MAX], *argv[] = { "lkinit", NULL };
	int rc = lk_program_find(&s->tree, "sbin/lkinit", path, &s->cmd->err);

	if (rc < 0)
		return rc;
	if (call(path, argv) != 0 && !lk_running(&s->tree))
		return lk_fail(&s->cmd->err, LK_M_START_DIED, "", "");
	return wait_ready(s);
}

/* Several that start at once take turns, and one that is about to stop is waited for. One that says nothing is at its
 * very end, or its beginning; or its disk is full. 1: it runs already; 0: it does not. */
static int take_turn(struct start *s, int lock)
{
	int64_t silent = lk_now_ms() + SILENT_MS;
	struct lk_supervisor status;
	struct lk_err ignored;

	while (flock(lock, LOCK_EX | LOCK_NB) < 0)
		if (!nap(s))
			return lk_fail(&s->cmd->err, LK_M_START_BUSY, "another lkstart", s->seconds);
	while (lk_running(&s->tree)) {
		bool known = lk_supervisor_now(&s->tree, &status, &ignored) > 0;

		if (known && check_quarantine(s, &status) < 0)
			return -s->cmd->err.code;
		if (known ? strcmp(status.row[0].state, "stopping") != 0 : lk_now_ms() > silent)
			return 1;
		if (!nap(s))
			return lk_fail(&s->cmd->err, LK_M_START_BUSY, "stopping", s->seconds);
	}
	return 0;
}

/* Kits that were installed since. Those that cannot be registered must not keep the others from running; what
 * the command prints is of no interest here. */
static void register_kits(struct start *s)
{
	char path[LK_PROGRAM_MAX], *argv[] = { "lk_kitsetup", NULL };
	struct lk_err ignored;

	if (lk_program_find(&s->tree, "bin/lk_kitsetup", path, &ignored) == 0 && call(path, argv) != 0)
		lk_cmd_warn(s->cmd, "the installed kits could not be registered, see lk_kitsetup(8)");
}

/* The table of pairs allows them, its explanation does not (6.2). */
static void warn_of_pair(const struct start *s, const struct lk_quorum_modes *modes)
{
	if ((modes->quorum == LK_QMODE_MAJORITY && modes->witness == LK_WMODE_NONE) ||
	    (modes->quorum == LK_QMODE_NONE && modes->witness == LK_WMODE_REMOTE))
		lk_cmd_warn(s->cmd, "QUORUM_MODE=%s and WITNESS_MODE=%s: majority and remote_verify are meant for each other",
			    lk_qmode_names[modes->quorum], lk_wmode_names[modes->witness]);
}

/* Whom we shall hear is not known yet: lcdavail(8) leaves all out of service then. */
static void warn_of_others(const struct start *s, const struct lk_quorum_modes *modes)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err ignored;
	const char *other;

	if (lk_quorum_leases(modes->quorum) || lk_lcd_read(&lcd, LK_T_SYS, &ignored) < 0)
		return;
	other = lk_holds_among(&lcd);
	if (other)
		lk_cmd_warn(s->cmd, "QUORUM_MODE is %s on \"%s\", and \"%s\" had a mode with a lease when it was heard last: "
			    "nothing shared is started here until they are equal", lk_qmode_names[modes->quorum], lcd.local,
			    other);
}

/* A pair of modes that makes no sense, a bad number, or hosts that cannot be asked, are refused while nothing is in service yet
 * (spec/core.md 6.2). */
static int check_quorum(struct start *s)
{
	struct lk_quorum_modes modes;
	struct lk_err *err = &s->cmd->err;

	if (lk_quorum_configured(&s->tree, &modes, err) == 0) {
		int rc = lk_quorum_numbers(&s->tree, modes.quorum, err);

		if (rc == 0 && modes.quorum == LK_QMODE_TCP)
			rc = lk_quorum_tcp_settings(&s->tree, err);
		warn_of_pair(s, &modes);
		warn_of_others(s, &modes);
		return rc < 0 ? rc : lk_quorum_modes(&s->tree, &modes, err);
	}
	/* a damaged file of tunables is for those who need what it says */
	return err->number == LK_M_NUMBER(LK_M_BAD_QUORUM_MODE) ||
	       err->number == LK_M_NUMBER(LK_M_BAD_WITNESS_MODE) ||
	       err->number == LK_M_NUMBER(LK_M_QUORUM_PAIR) ? -err->code : 0;
}

static int start(struct start *s)
{
	struct lk_inittab LK_AUTO_INITTAB tab = { 0 };
	int rc = lk_tree_mkdirs(&s->tree, LOCK, &s->cmd->err);

	if (rc < 0)
		return rc;
	int LK_AUTO_CLOSE lock = openat(s->tree.fd, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
					0644);
	if (lock < 0)
		return lk_fail_errno(&s->cmd->err, errno, "%s/%s", s->tree.root, LOCK);
	rc = take_turn(s, lock);
	if (rc)
		return rc < 0 ? rc : 0;
	rc = check_quorum(s);
	if (rc == 0)
		rc = lk_inittab_read(&tab, &s->tree, &s->cmd->err);
	if (rc == 0)
		rc = lk_inittab_respawn(&s->tree, &s->cmd->err);
	if (rc < 0)
		return rc;
	note_log(s);
	register_kits(s);
	return systemd_has_it(s) ? start_unit(s) : start_lkinit(s);
}

static int run(struct lk_cmd *cmd)
{
	struct start s = { .cmd = cmd, .seconds = WAIT_DEFAULT };
	const char *wait = lk_cmd_value(cmd, 'w');
	int rc = 0;

	if (wait)
		rc = lk_parse_number("option -w", wait, 1, WAIT_MAX, &s.seconds, &cmd->err);
	if (rc < 0)
		return rc;
	s.deadline = lk_now_ms() + (int64_t)s.seconds * 1000;
	rc = lk_tree_open(&s.tree, &cmd->err);
	if (rc == 0)
		rc = start(&s);
	lk_tree_close(&s.tree);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'w', LK_OPT_VALUE, "waitperiod", "seconds to wait for the daemons at most (default 60)", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lkstart [-w waitperiod]",
	.summary = "Start Lockkeeper on this system.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
