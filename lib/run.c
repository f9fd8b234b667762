/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Action scripts: running them. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lk/spawn.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define NO_PIDFD_MS 20		/* how often to look where the kernel has no pidfd */

enum phase { RUNNING, TERMINATED, KILLED };

struct child {
	pid_t pid;
	int pid_fd, signal_fd;
	int why;		/* errno of exec */
	sigset_t old_mask;
	struct sigaction old_chld;
	enum phase phase;
	int64_t deadline;	/* milliseconds; -1: none */
};

static int start(struct child *child, const struct lk_image *image, struct lk_err *err)
{
	struct sigaction normal = { .sa_handler = SIG_DFL };
	sigset_t set;

	lk_wait_signals(&set);
	child->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (child->signal_fd < 0)
		return lk_fail_errno(err, errno, "%s", image->path);
	sigprocmask(SIG_BLOCK, &set, &child->old_mask);
	/* were SIGCHLD ignored, the exit code would be lost */
	sigaction(SIGCHLD, &normal, &child->old_chld);
	child->pid = lk_image_start(image, &child->why);
	if (child->pid < 0) {
		int saved = errno;

		sigaction(SIGCHLD, &child->old_chld, NULL);
		sigprocmask(SIG_SETMASK, &child->old_mask, NULL);
		return lk_fail_errno(err, saved, "%s", image->path);
	}
	child->pid_fd = lk_child_watch(child->pid);
	return 0;
}

static void pass_signals(struct child *child, struct lk_script_end *end)
{
	struct signalfd_siginfo info;

	while (read(child->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		end->interrupted = (int)info.ssi_signo;
		kill(-child->pid, (int)info.ssi_signo);
	}
}

/* The time is over: TERM, then KILL, then no more waiting. False: give up. */
static bool press(struct child *child, struct lk_script_end *end)
{
	end->timed_out = true;
	if (child->phase == KILLED)
		return false;
	kill(-child->pid, child->phase == RUNNING ? SIGTERM : SIGKILL);
	child->phase++;
	child->deadline = lk_now_ms() + LK_SCRIPT_GRACE * 1000;
	return true;
}

static int poll_timeout(const struct child *child)
{
	int64_t left = child->deadline - lk_now_ms();

	if (child->deadline < 0)
		left = INT32_MAX;
	if (child->pid_fd < 0 && left > NO_PIDFD_MS)
		left = NO_PIDFD_MS;
	if (child->pid_fd >= 0 && child->deadline < 0)
		return -1;
	return left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

/* Until it has ended, or even KILL did not help. */
static void supervise(struct child *child, struct lk_script_end *end)
{
	struct pollfd fds[] = {
		{ .fd = child->signal_fd, .events = POLLIN },
		{ .fd = child->pid_fd, .events = POLLIN },	/* -1: left out */
	};

	while (!lk_child_ended(child->pid)) {
		if (poll(fds, 2, poll_timeout(child)) < 0 && errno != EINTR)
			return;
		pass_signals(child, end);
		if (child->deadline >= 0 && lk_now_ms() >= child->deadline && !lk_child_ended(child->pid) &&
		    !press(child, end))
			return;
	}
	pass_signals(child, end);
}

static void finish(struct child *child, const struct lk_script *script,
		   struct lk_script_end *end)
{
	if (end->timed_out)
		kill(-child->pid, SIGKILL);	/* what the script has left behind, too */
	lk_child_reap(child->pid, child->why, end);
	if (end->timed_out) {
		end->code = end->code ? end->code : 128 + SIGTERM;
		snprintf(end->reason, sizeof(end->reason), "not finished after %u s",
			 script->seconds);
	} else if (end->interrupted) {
		snprintf(end->reason, sizeof(end->reason), "interrupted by signal %d",
			 end->interrupted);
	}
	sigaction(SIGCHLD, &child->old_chld, NULL);
	sigprocmask(SIG_SETMASK, &child->old_mask, NULL);
	if (child->pid_fd >= 0)
		close(child->pid_fd);
}

int lk_script_run(const struct lk_script *script, struct lk_script_end *end, struct lk_err *err)
{
	struct child child = { .pid_fd = -1, .signal_fd = -1, .deadline = -1 };
	struct lk_image image = { .out = script->output ? script->output : -1 };
	int rc = lk_image_build(&image, script, err);

	*end = (struct lk_script_end){ 0 };
	if (rc == 0)
		rc = start(&child, &image, err);
	if (rc == 0) {
		if (script->seconds)
			child.deadline = lk_now_ms() + (int64_t)script->seconds * 1000;
		supervise(&child, end);
		finish(&child, script, end);
	}
	if (child.signal_fd >= 0)
		close(child.signal_fd);
	lk_image_free(&image);
	return rc;
}
