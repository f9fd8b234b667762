/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk_reboot: reboot this system after a countdown, or unless a recovery ends (ResMon_* tunables). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/limits.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/reboot.h"
#include "lk/running.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define SYNC_MS 5000		/* for what is not on the disks yet; a disk may be why we are here */
#define SECONDS_MAX 1000000

struct reboot {
	struct lk_tree tree;
	const char *reason, *tag;
	unsigned long long seconds, pid;
};

static void nap(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static void say(const struct reboot *r, const struct lk_err *text)
{
	struct lk_log_line line = { .level = LK_LOG_ERROR, .prog = "lk_reboot", .pid = getpid(),
				    .component = "lk_reboot", .action = "reboot", .tag = r->tag,
				    .number = (unsigned)text->number, .text = text->text };
	struct lk_err ignored;

	lk_log(&r->tree, &line, &ignored);
}

/* On the console, for whoever sits there; no console is no reason to stay up. */
static void show(const char *text)
{
	int LK_AUTO_CLOSE fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		dprintf(fd, "\r\nLockkeeper: %s\r\n", text);
	puts(text);
	fflush(stdout);
}

static void count_down(const struct reboot *r)
{
	int64_t end = lk_now_ms() + (int64_t)r->seconds * 1000;
	struct lk_err text;

	lk_fail(&text, LK_M_REBOOT_SOON, r->seconds, r->reason);
	say(r, &text);
	for (unsigned long long left = r->seconds; left > 0; left--) {
		lk_fail(&text, LK_M_REBOOT_SOON, left, r->reason);
		if (left % 10 == 0 || left < 10 || left == r->seconds)
			show(text.text);
		for (int64_t now; (now = lk_now_ms()) < end - (int64_t)(left - 1) * 1000;)
			nap(end - (int64_t)(left - 1) * 1000 - now);
	}
}

/* Until the time is over. True: it has not ended, and nobody has stopped Lockkeeper meanwhile. */
static bool wait_in_vain(const struct reboot *r)
{
	int64_t end = lk_now_ms() + (int64_t)r->seconds * 1000;

	while (lk_reboot_marked(&r->tree, r->tag, (pid_t)r->pid)) {
		int64_t left = end - lk_now_ms();

		if (left <= 0)
			return lk_running(&r->tree);
		nap(left > 1000 ? 1000 : left);
	}
	return false;
}

/* It may hang for ever. */
static void write_all_back(void)
{
	int64_t end = lk_now_ms() + SYNC_MS;
	pid_t pid = fork();

	if (pid == 0) {
		sync();
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0 && lk_now_ms() < end)
		nap(20);
}

static int reboot_now(const struct reboot *r, struct lk_err *err)
{
	lk_fail(err, LK_M_REBOOT_NOW, r->reason);
	say(r, err);
	show(err->text);
	write_all_back();
	reboot(RB_AUTOBOOT);
	lk_fail_errno(err, errno, "reboot");
	say(r, err);
	return -err->code;
}

/* It is not to be called off, nor to wait for memory. */
static void harden(void)
{
	const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	mlockall(MCL_CURRENT | MCL_FUTURE);
}

static int parse(struct lk_cmd *cmd, struct reboot *r)
{
	const char *pid = lk_cmd_value(cmd, 'p');

	r->reason = lk_cmd_value(cmd, 'r');
	r->tag = lk_cmd_value(cmd, 't');
	if (!pid != !r->tag)
		return lk_fail(&cmd->err, LK_M_USAGE, "options -t and -p belong together");
	int rc = lk_parse_number("seconds", lk_cmd_value(cmd, 'w'), 0, SECONDS_MAX, &r->seconds,
				 &cmd->err);
	if (rc == 0 && pid)
		rc = lk_parse_number("process id", pid, 1, LK_PID_MAX, &r->pid, &cmd->err);
	return rc;
}

static int run(struct lk_cmd *cmd)
{
	struct reboot r = { .seconds = 0 };
	int rc = parse(cmd, &r);

	if (rc == 0)
		rc = lk_tree_open(&r.tree, &cmd->err);
	if (rc < 0)
		return rc;
	harden();
	if (!r.tag)
		count_down(&r);
	if (!r.tag || wait_in_vain(&r))
		rc = reboot_now(&r, &cmd->err);
	lk_tree_close(&r.tree);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'w', LK_OPT_REQUIRED, "seconds", "how long to wait before", NULL },
	{ 'r', LK_OPT_REQUIRED, "reason", "why, for the console and the log", NULL },
	{ 't', LK_OPT_VALUE, "tag", "only if the recovery of this resource has not ended by then", NULL },
	{ 'p', LK_OPT_VALUE, "pid", "the process that recovers it", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lk_reboot -w seconds -r reason [-t tag -p pid]",
	.summary = "Reboot this system; the tunables ResMon_* have it run.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
