/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many scripts at once. */
#include "lk/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/log.h"
#include "lk/msg.h"
#include "lk/spawn.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define NO_PIDFD_MS 20		/* how often to look where the kernel has no pidfd */
#define LINE 4096		/* longer lines of output are cut into several */
#define DRAIN (64 * 1024)	/* what a pipe holds: as much is read after the end, not more */

enum phase { RUNNING, TERMINATED, KILLED, LOST };

struct lk_pool_child {
	struct lk_pool_job job;
	pid_t pid;
	int pid_fd;
	int why;		/* errno of exec */
	int in;			/* its output, for reading */
	int out;		/* the same description that it writes to */
	enum phase phase;
	int64_t deadline;	/* milliseconds; -1: none */
	bool timed_out;
	size_t len;
	char line[LINE + 1];
};

int lk_pool_open(struct lk_pool *pool, const struct lk_tree *tree, const char *prog, size_t cap,
		 struct lk_err *err)
{
	struct sigaction normal = { .sa_handler = SIG_DFL };
	sigset_t set;

	*pool = (struct lk_pool){ .tree = tree, .prog = prog, .cap = cap, .signal_fd = -1 };
	lk_wait_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &pool->old_mask);
	/* were SIGCHLD ignored, the exit codes would be lost */
	sigaction(SIGCHLD, &normal, &pool->old_chld);
	pool->child = calloc(cap, sizeof(struct lk_pool_child *));
	pool->fds = calloc(2 * cap + 2, sizeof(*pool->fds));
	if (!pool->child || !pool->fds)
		return lk_fail_nomem(err);
	pool->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return pool->signal_fd < 0 ? lk_fail_errno(err, errno, "signalfd") : 0;
}

/* ---- output ---- */

/* Out of the way of the descriptors 0 to 2, which the child replaces. */
static int lift(int fd)
{
	int high = fd < 0 || fd > 2 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (high != fd)
		close(fd);
	return high;
}

/*
 * The child writes to a description of the pipe that can be read as well, and of which we keep a
 * descriptor. So a daemon that it leaves behind gets no SIGPIPE when we are gone, and made
 * non-blocking in the end it does not hang on the full pipe either.
 */
static int open_pipe(struct lk_pool_child *child, struct lk_err *err)
{
	char path[40];
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return lk_fail_errno(err, errno, "pipe");
	child->in = lift(fd[0]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd[1]);
	child->out = open(path, O_RDWR | O_CLOEXEC);
	if (child->out < 0)
		child->out = fd[1];
	else
		close(fd[1]);
	child->out = lift(child->out);
	if (child->in < 0 || child->out < 0 || fcntl(child->in, F_SETFL, O_NONBLOCK) < 0)
		return lk_fail_errno(err, errno, "pipe");
	return 0;
}

static void put_line(const struct lk_pool *pool, struct lk_pool_child *child)
{
	const struct lk_pool_job *job = &child->job;
	struct lk_log_line line = { .level = LK_LOG_INFO, .prog = pool->prog, .pid = child->pid,
				    .component = job->component, .action = job->action,
				    .tag = job->tag, .number = LK_M_NUMBER(LK_M_LOG_OUTPUT),
				    .text = child->line };
	struct lk_err ignored;

	child->line[child->len] = '\0';
	child->len = 0;
	if (!child->line[0])
		return;
	lk_log(pool->tree, &line, &ignored);
	if (job->line)
		job->line(job->arg, child->line);
}

static void add_output(const struct lk_pool *pool, struct lk_pool_child *child, const char *data,
		       size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\n')
			child->line[child->len++] = data[i] ? data[i] : '?';
		if (data[i] == '\n' || child->len == LINE)
			put_line(pool, child);
	}
}

/* At most DRAIN bytes. */
static void read_output(const struct lk_pool *pool, struct lk_pool_child *child)
{
	char data[8192];
	ssize_t got;

	for (size_t all = 0; all < DRAIN; all += (size_t)got) {
		got = read(child->in, data, sizeof(data));
		if (got <= 0)
			return;
		add_output(pool, child, data, (size_t)got);
	}
}

/* ---- start and end ---- */

static void free_child(struct lk_pool_child *child)
{
	const int fd[] = { child->pid_fd, child->in, child->out };

	if (child->out >= 0)
		fcntl(child->out, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 3; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	free(child);
}

static int start_child(struct lk_pool *pool, struct lk_pool_child *child, struct lk_err *err)
{
	const struct lk_pool_job *job = &child->job;
	struct lk_script script = { .tree = pool->tree, .path = job->path, .argv = job->argv,
				    .record = job->record };
	struct lk_image image = { .dies_with_us = true };
	int rc = open_pipe(child, err);

	if (rc == 0)
		rc = lk_image_build(&image, &script, err);
	if (rc == 0) {
		image.out = child->out;
		child->pid = lk_image_start(&image, &child->why);
		if (child->pid < 0)
			rc = lk_fail_errno(err, errno, "%s", image.path);
	}
	lk_image_free(&image);
	if (rc < 0)
		return rc;
	child->pid_fd = lk_child_watch(child->pid);
	if (job->seconds)
		child->deadline = lk_now_ms() + (int64_t)job->seconds * 1000;
	return 0;
}

int lk_pool_start(struct lk_pool *pool, const struct lk_pool_job *job, struct lk_err *err)
{
	struct lk_pool_child *child = pool->n < pool->cap ? calloc(1, sizeof(*child)) : NULL;

	if (!child)
		return lk_fail_nomem(err);
	child->job = *job;
	child->pid_fd = child->in = child->out = -1;
	child->deadline = -1;
	int rc = start_child(pool, child, err);
	if (rc < 0)
		free_child(child);
	else
		pool->child[pool->n++] = child;
	return rc;
}

static void describe(const struct lk_pool *pool, const struct lk_pool_child *child,
		     struct lk_script_end *end)
{
	end->timed_out = child->timed_out;
	end->interrupted = child->timed_out ? 0 : pool->interrupted;
	if (child->timed_out) {
		end->code = end->code ? end->code : 128 + SIGTERM;
		snprintf(end->reason, sizeof(end->reason), "not finished after %u s",
			 child->job.seconds);
	} else if (end->interrupted && end->code) {
		snprintf(end->reason, sizeof(end->reason), "interrupted by signal %d",
			 end->interrupted);
	}
}

static void finish_child(struct lk_pool *pool, struct lk_pool_child *child, struct lk_pool_end *end)
{
	end->id = child->job.id;
	end->end = (struct lk_script_end){ 0 };
	/* what the script has left behind, too; but a restore that succeeded all the same, keeps
	 * what it has started */
	if (child->timed_out || (child->phase != RUNNING && !lk_child_succeeded(child->pid)))
		kill(-child->pid, SIGKILL);
	lk_child_reap(child->pid, child->why, &end->end);
	describe(pool, child, &end->end);
	read_output(pool, child);
	put_line(pool, child);
	free_child(child);
}

/* ---- waiting ---- */

static void pass_signals(struct lk_pool *pool)
{
	struct signalfd_siginfo info;
	int64_t deadline = lk_now_ms() + LK_SCRIPT_GRACE * 1000;

	while (read(pool->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		pool->interrupted = (int)info.ssi_signo;
		for (size_t i = 0; i < pool->n; i++) {
			struct lk_pool_child *child = pool->child[i];

			kill(-child->pid, (int)info.ssi_signo);
			if (child->phase != RUNNING)
				continue;
			child->phase = TERMINATED;
			child->deadline = deadline;
		}
	}
}

/* The time is over: TERM, then KILL, then no more waiting. */
static void press(struct lk_pool_child *child)
{
	if (child->phase == RUNNING)
		child->timed_out = true;
	if (child->phase != KILLED)
		kill(-child->pid, child->phase == RUNNING ? SIGTERM : SIGKILL);
	child->phase++;
	child->deadline = child->phase == LOST ? -1 : lk_now_ms() + LK_SCRIPT_GRACE * 1000;
}

static int poll_timeout(const struct lk_pool *pool, int64_t until)
{
	int64_t now = lk_now_ms(), first = until;
	bool blind = false;

	for (size_t i = 0; i < pool->n; i++) {
		int64_t deadline = pool->child[i]->deadline;

		if (deadline >= 0 && (first < 0 || deadline < first))
			first = deadline;
		blind = blind || pool->child[i]->pid_fd < 0;
	}
	if (blind && (first < 0 || first > now + NO_PIDFD_MS))
		first = now + NO_PIDFD_MS;
	return first < 0 ? -1 : first <= now ? 0 : first - now > INT32_MAX ? INT32_MAX :
	       (int)(first - now);
}

/* Sleep until something happens, and take up the output. other: one more descriptor to look at, or -1. */
static void look(struct lk_pool *pool, int64_t until, int other)
{
	struct pollfd *fds = pool->fds;
	size_t n = pool->n;

	fds[0] = (struct pollfd){ .fd = pool->signal_fd, .events = POLLIN };
	for (size_t i = 0; i < n; i++) {
		fds[1 + i] = (struct pollfd){ .fd = pool->child[i]->pid_fd, .events = POLLIN };
		fds[1 + n + i] = (struct pollfd){ .fd = pool->child[i]->in, .events = POLLIN };
	}
	fds[1 + 2 * n] = (struct pollfd){ .fd = other, .events = POLLIN };
	if (poll(fds, 2 * n + 2, poll_timeout(pool, until)) > 0)
		for (size_t i = 0; i < n; i++)
			if (fds[1 + n + i].revents)
				read_output(pool, pool->child[i]);
	pass_signals(pool);
}

static size_t collect(struct lk_pool *pool, struct lk_pool_end *end)
{
	size_t ended = 0, left = 0;

	for (size_t i = 0; i < pool->n; i++) {
		struct lk_pool_child *child = pool->child[i];

		if (!lk_child_ended(child->pid) && child->deadline >= 0 &&
		    lk_now_ms() >= child->deadline)
			press(child);
		if (child->phase == LOST || lk_child_ended(child->pid))
			finish_child(pool, child, &end[ended++]);
		else
			pool->child[left++] = child;
	}
	pool->n = left;
	return ended;
}

size_t lk_pool_wait(struct lk_pool *pool, int ms, struct lk_pool_end *end)
{
	int64_t until = ms < 0 ? -1 : lk_now_ms() + ms;
	size_t ended = collect(pool, end);

	while (!ended && pool->n && !(until >= 0 && lk_now_ms() >= until)) {
		look(pool, until, -1);
		ended = collect(pool, end);
	}
	return ended;
}

size_t lk_pool_turn(struct lk_pool *pool, int fd, int ms, struct lk_pool_end *end)
{
	size_t ended = collect(pool, end);

	if (ended)
		return ended;
	look(pool, ms < 0 ? -1 : lk_now_ms() + ms, fd);
	return collect(pool, end);
}

static bool is_of_pool(const struct lk_pool *pool, pid_t pid)
{
	for (size_t i = 0; i < pool->n; i++)
		if (pool->child[i]->pid == pid)
			return true;
	return false;
}

/* One of the pool that has ended just now stands in the way: the next call goes on. */
void lk_pool_strays(const struct lk_pool *pool)
{
	for (;;) {
		siginfo_t info = { 0 };

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid ||
		    is_of_pool(pool, info.si_pid) || waitpid(info.si_pid, NULL, WNOHANG) <= 0)
			return;
	}
}

int lk_pool_interrupted(struct lk_pool *pool)
{
	pass_signals(pool);
	return pool->interrupted;
}

void lk_pool_close(struct lk_pool *pool)
{
	struct lk_pool_end end;

	for (size_t i = 0; i < pool->n; i++) {
		kill(-pool->child[i]->pid, SIGKILL);
		while (!lk_child_ended(pool->child[i]->pid) && pool->child[i]->phase != LOST)
			pool->child[i]->phase++, poll(NULL, 0, NO_PIDFD_MS);
		finish_child(pool, pool->child[i], &end);
	}
	free(pool->child);
	free(pool->fds);
	if (pool->signal_fd >= 0)
		close(pool->signal_fd);
	sigaction(SIGCHLD, &pool->old_chld, NULL);
	sigprocmask(SIG_SETMASK, &pool->old_mask, NULL);
	*pool = (struct lk_pool){ .signal_fd = -1 };
}
