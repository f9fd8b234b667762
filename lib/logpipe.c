/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Output of a program as lines of the log. */
#include "lk/logpipe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lk/detach.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define LINE_ROOM 4096		/* longer lines are cut into several */
#define LINGER_MS 500

struct reader {
	struct lk_tree tree;
	struct lk_log_line line;
	unsigned lines;
	char text[LINE_ROOM + 1];
	size_t len;
};

static void put_line(struct reader *r)
{
	struct lk_err ignored;

	r->text[r->len] = '\0';
	r->len = 0;
	if (r->lines > LK_LOGPIPE_LINES)
		return;
	r->line.text = r->lines++ == LK_LOGPIPE_LINES ? "further output is dropped" : r->text;
	lk_log(&r->tree, &r->line, &ignored);
}

static void take(struct reader *r, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\n')
			r->text[r->len++] = data[i] ? data[i] : '?';
		if (data[i] == '\n' || r->len == LINE_ROOM)
			put_line(r);
	}
}

static _Noreturn void read_all(const struct lk_tree *tree, const struct lk_log_line *line, int fd)
{
	struct reader r = { .tree = *tree, .line = *line };

	r.tree.logger = NULL;
	const int keep[] = { fd, tree->fd };
	sigset_t none;
	char data[LINE_ROOM];
	ssize_t n;

	if (!lk_detach(keep, 2))
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	r.tree.fd = LK_DETACH_FIRST + 1;
	while ((n = read(LK_DETACH_FIRST, data, sizeof(data))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			take(&r, data, (size_t)n);
	if (r.len)
		put_line(&r);
	_exit(0);
}

int lk_logpipe_open(struct lk_logpipe *lp, const struct lk_tree *tree,
		    const struct lk_log_line *line, struct lk_err *err)
{
	int fds[2];

	*lp = (struct lk_logpipe){ .fd = -1, .pid = -1 };
	if (pipe2(fds, O_CLOEXEC) < 0)
		return lk_fail_errno(err, errno, "pipe");
	lp->pid = fork();
	if (lp->pid == 0)
		read_all(tree, line, fds[0]);
	int saved = errno;
	close(fds[0]);
	lp->fd = fds[1];
	if (lp->pid > 0)
		return 0;
	close(fds[1]);
	lp->fd = -1;
	return lk_fail_errno(err, saved, "fork");
}

void lk_logpipe_close(struct lk_logpipe *lp)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	int64_t end = lk_now_ms() + LINGER_MS;

	if (lp->fd < 0)
		return;
	close(lp->fd);
	lp->fd = -1;
	while (waitpid(lp->pid, NULL, WNOHANG) == 0 && lk_now_ms() < end)
		nanosleep(&nap, NULL);
}
