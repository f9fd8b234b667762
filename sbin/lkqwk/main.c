/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lkqwk: show on shared storage that this system lives, and see who else does (spec/core.md 6.4). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/detach.h"
#include "lk/ready.h"
#include "world.h"
#include "lk/poison.h"

void say_err(const struct world *w, enum lk_log_level level, const struct lk_err *err)
{
	struct lk_log_line line = { .level = level, .prog = "lkqwk", .pid = getpid(),
				    .component = "quorum", .action = "storage",
				    .number = (unsigned)err->number, .text = err->text };
	struct lk_err ignored;

	if (w->talk)
		fprintf(stderr, "lkqwk: %s\n", err->text);
	lk_log(&w->tree, &line, &ignored);
}

void say(const struct world *w, enum lk_log_level level, int number, int code, const char *fmt, ...)
{
	char text[LK_ERR_TEXT];
	struct lk_err err;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	lk_fail(&err, number, code, "%s", text);
	say_err(w, level, &err);
}

void say_ready(struct world *w)
{
	lk_ready_notify("READY=1\n");
	if (w->ready_fd < 0)
		return;
	/* the starter's output is not ours any more: whoever reads it need not wait for our end */
	int LK_AUTO_CLOSE null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	(void)!write(w->ready_fd, "", 1);
	close(w->ready_fd);
	w->ready_fd = -1;
}

static int take_lock(struct world *w, struct lk_err *err)
{
	(void)!mkdirat(w->tree.fd, "run", 0750);
	w->lock = openat(w->tree.fd, LK_QWK_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (w->lock < 0)
		return lk_fail_errno(err, errno, "%s/" LK_QWK_LOCK, w->tree.root);
	if (flock(w->lock, LOCK_EX | LOCK_NB) < 0)
		return lk_fail(err, LK_M_QWK_RUNS, w->tree.root);
	return 0;
}

static int take_signals(struct world *w, struct lk_err *err)
{
	sigset_t set;

	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);	/* were it ignored, children could not be waited for */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_SETMASK, &set, NULL);
	w->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->signal_fd < 0 ? lk_fail_errno(err, errno, "signalfd") : 0;
}

static int serve(struct world *w, struct lk_err *err)
{
	int rc = take_lock(w, err);

	if (rc == 0)
		rc = take_signals(w, err);
	if (rc < 0)
		return rc;
	lk_logger_open(&w->logger, &w->tree);
	rounds_begin(w);
	rounds_work(w);
	lk_ready_notify("STOPPING=1\n");
	rounds_end(w);
	say(w, LK_LOG_INFO, LK_M_QWK_END, "lkqwk", w->signal);
	lk_logger_close(&w->logger, &w->tree);
	close(w->signal_fd);
	close(w->lock);
	return 0;
}

/* In the background: the starter waits until we are ready. */
static int detach(struct world *w, struct lk_err *err)
{
	int fds[2];
	char byte;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return lk_fail_errno(err, errno, "pipe");
	pid_t pid = fork();
	if (pid < 0)
		return lk_fail_errno(err, errno, "fork");
	if (pid > 0) {
		close(fds[1]);
		_exit(read(fds[0], &byte, 1) == 1 ? 0 : 1);
	}
	close(fds[0]);
	setsid();
	w->ready_fd = fds[1];
	return 0;
}

static int work(struct lk_cmd *cmd, struct world *w)
{
	bool background = !lk_cmd_given(cmd, 'f') && !getenv("NOTIFY_SOCKET") && !getenv("LK_START_ID");
	int rc = lk_qwk_conf_read(&w->tree, &w->conf, &cmd->err);

	if (rc == 0)
		rc = lk_fail(&cmd->err, LK_M_QWK_NOT_INIT);
	if (rc < 0 && !lk_cmd_given(cmd, 'n'))
		say_err(w, LK_LOG_ERROR, &cmd->err);
	if (rc < 0 || lk_cmd_given(cmd, 'n'))
		return rc < 0 ? rc : 0;
	w->talk = lk_cmd_given(cmd, 'f') && isatty(2);
	rc = background ? detach(w, &cmd->err) : 0;
	return rc == 0 ? serve(w, &cmd->err) : rc;
}

static int run(struct lk_cmd *cmd)
{
	struct world w = { .signal_fd = -1, .lock = -1, .ready_fd = -1, .answer = -1 };

	lk_close_from(3);	/* of whoever has started us */
	int rc = lk_tree_open(&w.tree, &cmd->err);
	if (rc == 0)
		rc = work(cmd, &w);
	lk_tree_close(&w.tree);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'f', LK_OPT_FLAG, NULL, "stay in the foreground, as under lkinit", NULL },
	{ 'n', LK_OPT_FLAG, NULL, "check whether the storage quorum is initialised, and end", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lkqwk [-f | -n]",
	.summary = "Keep the storage quorum: write this system's object, watch the others'.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
