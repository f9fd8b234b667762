/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Action scripts: running them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/detach.h"
#include "lk/script.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define ERRNO_FD 3		/* in the child: tells the parent why exec failed */
#define NO_PIDFD_MS 20		/* how often to look where the kernel has no pidfd */

enum phase { RUNNING, TERMINATED, KILLED };

struct child {
	pid_t pid;
	int pid_fd, signal_fd, errno_fd;
	sigset_t old_mask;
	struct sigaction old_chld;
	enum phase phase;
	int64_t deadline;	/* milliseconds; -1: none */
};

/* What exec needs, prepared before the fork. */
struct image {
	char path[4096 + LK_PATH_MAX + 1];
	const char *root;
	char **argv, **envp;
	int output;
	struct lk_buf strings;
};

/* ---- the image ---- */

static bool is_replaced(const char *entry)
{
	return !strncmp(entry, "LKROOT=", 7) || !strncmp(entry, "PATH=", 5);
}

/* The environment with LKROOT and PATH replaced. The two new strings stand in image->strings. */
static int build_env(struct image *image, struct lk_err *err)
{
	const char *path = getenv("PATH");
	size_t n = 0, k = 2;

	while (environ[n])
		n++;
	image->envp = calloc(n + 3, sizeof(*image->envp));
	lk_buf_addf(&image->strings, "LKROOT=%s", image->root);
	lk_buf_addc(&image->strings, '\0');
	size_t second = image->strings.len;
	lk_buf_addf(&image->strings, "PATH=%s/bin:%s", image->root,
		    path && *path ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
	if (!image->envp || image->strings.failed)
		return lk_fail_nomem(err);
	image->envp[0] = image->strings.data;
	image->envp[1] = image->strings.data + second;
	for (size_t i = 0; i < n; i++)
		if (!is_replaced(environ[i]))
			image->envp[k++] = environ[i];
	return 0;
}

static int build_image(struct image *image, const struct lk_script *script, struct lk_err *err)
{
	size_t argc = 0;

	while (script->argv[argc])
		argc++;
	image->root = script->tree->root;
	image->output = script->output;
	snprintf(image->path, sizeof(image->path), "%s/%s", image->root, script->path);
	image->argv = calloc(argc + 2, sizeof(*image->argv));
	if (!image->argv)
		return lk_fail_nomem(err);
	memcpy(image->argv, script->argv, argc * sizeof(*image->argv));
	image->argv[0] = strrchr(image->path, '/') + 1;
	return build_env(image, err);
}

static void free_image(struct image *image)
{
	free(image->argv);
	free(image->envp);
	lk_buf_free(&image->strings);
}

/* ---- the child ---- */

static void reset_signals(void)
{
	struct sigaction normal = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &normal, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Descriptors 0 to 2 as promised, ERRNO_FD for the parent; the others are closed afterwards. */
static bool set_descriptors(int errno_fd, int output)
{
	int high = fcntl(errno_fd, F_DUPFD_CLOEXEC, ERRNO_FD + 1);
	int out = output ? fcntl(output, F_DUPFD_CLOEXEC, ERRNO_FD + 1) : 2;
	int null = open("/dev/null", O_RDWR);

	if (high < 0 || out < 0 || null < 0 || dup2(null, 0) < 0)
		return false;
	if (output ? dup2(out, 2) < 0 : fcntl(2, F_GETFD) < 0 && dup2(null, 2) < 0)
		return false;
	return dup2(2, 1) >= 0 && dup3(high, ERRNO_FD, O_CLOEXEC) >= 0;
}

static _Noreturn void become(const struct image *image, int errno_fd)
{
	setpgid(0, 0);
	if (set_descriptors(errno_fd, image->output)) {
		errno_fd = ERRNO_FD;
		lk_close_from(ERRNO_FD + 1);
		reset_signals();
		/* not execvp(): an empty or cut file without "#!" must fail, not run as a shell
		 * script that does nothing and succeeds */
		if (chdir(image->root) == 0)
			execve(image->path, image->argv, image->envp);
	}
	int why = errno;
	if (write(errno_fd, &why, sizeof(why)) < 0)
		_exit(126);
	_exit(why == ENOENT ? 127 : 126);
}

/* ---- the parent ---- */

static int start(struct child *child, const struct image *image, struct lk_err *err)
{
	struct sigaction normal = { .sa_handler = SIG_DFL };
	int fds[2];
	sigset_t set;

	lk_wait_signals(&set);
	child->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (child->signal_fd < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return lk_fail_errno(err, errno, "%s", image->path);
	child->errno_fd = fds[0];
	sigprocmask(SIG_BLOCK, &set, &child->old_mask);
	/* were SIGCHLD ignored, the exit code would be lost */
	sigaction(SIGCHLD, &normal, &child->old_chld);
	child->pid = fork();
	if (child->pid == 0)
		become(image, fds[1]);
	int saved = errno;
	close(fds[1]);
	if (child->pid < 0) {
		sigaction(SIGCHLD, &child->old_chld, NULL);
		sigprocmask(SIG_SETMASK, &child->old_mask, NULL);
		return lk_fail_errno(err, saved, "%s", image->path);
	}
	setpgid(child->pid, child->pid);
#ifdef SYS_pidfd_open
	child->pid_fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
#endif
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

static bool has_ended(const struct child *child)
{
	siginfo_t info = { 0 };

	/* it stays a zombie, so that its group can still be named safely */
	return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	       info.si_pid == child->pid;
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

/* True when it has ended, false when even KILL did not help. */
static bool supervise(struct child *child, struct lk_script_end *end)
{
	struct pollfd fds[] = {
		{ .fd = child->signal_fd, .events = POLLIN },
		{ .fd = child->pid_fd, .events = POLLIN },	/* -1: left out */
	};

	while (!has_ended(child)) {
		if (poll(fds, 2, poll_timeout(child)) < 0 && errno != EINTR)
			return false;
		pass_signals(child, end);
		if (child->deadline >= 0 && lk_now_ms() >= child->deadline && !has_ended(child) &&
		    !press(child, end))
			return false;
	}
	pass_signals(child, end);
	return true;
}

static void describe(const struct child *child, const struct lk_script *script,
		     struct lk_script_end *end, int status)
{
	int why;

	if (WIFSIGNALED(status)) {
		end->code = 128 + WTERMSIG(status);
		snprintf(end->reason, sizeof(end->reason), "killed by signal %d", WTERMSIG(status));
	} else {
		end->code = WEXITSTATUS(status);
		snprintf(end->reason, sizeof(end->reason), "exit code %d", end->code);
	}
	if (read(child->errno_fd, &why, sizeof(why)) == sizeof(why))
		snprintf(end->reason, sizeof(end->reason), "cannot be executed: %s", strerror(why));
	if (end->timed_out) {
		end->code = end->code ? end->code : 128 + SIGTERM;
		snprintf(end->reason, sizeof(end->reason), "not finished after %u s",
			 script->seconds);
	} else if (end->interrupted) {
		snprintf(end->reason, sizeof(end->reason), "interrupted by signal %d",
			 end->interrupted);
	}
}

static void finish(struct child *child, const struct lk_script *script,
		   struct lk_script_end *end, bool ended)
{
	int status = 0;

	if (end->timed_out)
		kill(-child->pid, SIGKILL);	/* what the script has left behind, too */
	fcntl(child->errno_fd, F_SETFL, O_NONBLOCK);
	if (!ended || waitpid(child->pid, &status, 0) != child->pid)
		status = SIGKILL;
	describe(child, script, end, status);
	sigaction(SIGCHLD, &child->old_chld, NULL);
	sigprocmask(SIG_SETMASK, &child->old_mask, NULL);
	if (child->pid_fd >= 0)
		close(child->pid_fd);
}

int lk_script_run(const struct lk_script *script, struct lk_script_end *end, struct lk_err *err)
{
	struct child child = { .pid_fd = -1, .signal_fd = -1, .errno_fd = -1, .deadline = -1 };
	struct image image = { 0 };
	int rc = build_image(&image, script, err);

	*end = (struct lk_script_end){ 0 };
	if (rc == 0)
		rc = start(&child, &image, err);
	if (rc == 0) {
		if (script->seconds)
			child.deadline = lk_now_ms() + (int64_t)script->seconds * 1000;
		bool ended = supervise(&child, end);

		finish(&child, script, end, ended);
	}
	if (child.signal_fd >= 0)
		close(child.signal_fd);
	if (child.errno_fd >= 0)
		close(child.errno_fd);
	free_image(&image);
	return rc;
}
