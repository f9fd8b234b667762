/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame of the daemons. */
#include "lk/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/ready.h"
#include "lk/poison.h"

/* ---- log lines ---- */

static void put(const struct lk_daemon *d, struct lk_log_line line, const struct lk_err *err)
{
	struct lk_err ignored;

	line.prog = d->prog;
	line.pid = getpid();
	line.number = (unsigned)err->number;
	line.text = err->text;
	if (d->talk)
		fprintf(stderr, "%s: %s\n", d->prog, err->text);
	(void)lk_log(d->tree, &line, &ignored);
}

void lk_say_err(const struct lk_daemon *d, enum lk_log_level level, const struct lk_err *err)
{
	put(d, (struct lk_log_line){ .level = level, .component = d->component, .action = d->action }, err);
}

void lk_say(const struct lk_daemon *d, enum lk_log_level level, int number, int code, const char *fmt, ...)
{
	struct lk_err err;
	va_list args;

	va_start(args, fmt);
	lk_vfail(&err, number, code, fmt, args);
	va_end(args);
	lk_say_err(d, level, &err);
}

void lk_say_line(const struct lk_daemon *d, const struct lk_log_line *line, int number, int code, const char *fmt,
		 ...)
{
	struct lk_err err;
	va_list args;

	va_start(args, fmt);
	lk_vfail(&err, number, code, fmt, args);
	va_end(args);
	put(d, *line, &err);
}

/* ---- the start ---- */

static int go_to_background(struct lk_daemon *d, struct lk_err *err)
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
	d->ready_fd = fds[1];
	return 0;
}

int lk_daemon_start(struct lk_daemon *d, const struct lk_cmd *cmd, struct lk_err *err)
{
	bool foreground = lk_cmd_given(cmd, 'f');

	d->ready_fd = -1;
	d->talk = foreground && isatty(2);
	return foreground || getenv("NOTIFY_SOCKET") || getenv("LK_START_ID") ? 0 : go_to_background(d, err);
}

int lk_daemon_lock(const struct lk_daemon *d, const char *file, struct lk_err *err)
{
	(void)!mkdirat(d->tree->fd, "run", 0750);
	int fd = openat(d->tree->fd, file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return lk_fail_errno(err, errno, "%s/%s", d->tree->root, file);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	close(fd);
	return 0;
}

int lk_daemon_signals(const int *signals, size_t n, struct lk_err *err)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < n; i++) {
		signal(signals[i], SIG_DFL);
		sigaddset(&set, signals[i]);
	}
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);	/* were it ignored, children could not be waited for */
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? lk_fail_errno(err, errno, "signalfd") : fd;
}

void lk_daemon_ready(struct lk_daemon *d)
{
	lk_ready_notify("READY=1\n");
	if (d->ready_fd < 0)
		return;
	/* the starter's output is not ours any more: whoever reads it need not wait for our end */
	int LK_AUTO_CLOSE null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	(void)!write(d->ready_fd, "", 1);
	close(d->ready_fd);
	d->ready_fd = -1;
}

int lk_daemon_graph(struct lk_cmd *cmd, void (*draw)(struct lk_buf *out))
{
	struct lk_buf LK_AUTO_BUF graph = { 0 };

	draw(&graph);
	if (graph.failed)
		return lk_fail_nomem(&cmd->err);
	fputs(graph.data, stdout);
	return 0;
}
