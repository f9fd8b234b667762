/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting an action script. */
#include "lk/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/detach.h"
#include "lk/poison.h"

/* ---- the image ---- */

static bool is_replaced(const char *entry)
{
	return !strncmp(entry, "LKROOT=", 7) || !strncmp(entry, "PATH=", 5) ||
	       !strncmp(entry, "LK_RECORD=", 10);
}

/* The environment with LKROOT, PATH and LK_RECORD replaced. The new strings stand in image->strings. A
 * record of somebody else's instance is never passed on. */
static int build_env(struct lk_image *image, const char *record, struct lk_err *err)
{
	const char *path = getenv("PATH");
	size_t n = 0, k = 2;

	while (environ[n])
		n++;
	image->envp = calloc(n + 4, sizeof(*image->envp));
	lk_buf_addf(&image->strings, "LKROOT=%s", image->root);
	lk_buf_addc(&image->strings, '\0');
	size_t second = image->strings.len;
	lk_buf_addf(&image->strings, "PATH=%s/bin:%s", image->root,
		    path && *path ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
	lk_buf_addc(&image->strings, '\0');
	size_t third = image->strings.len;
	if (record)
		lk_buf_addf(&image->strings, "LK_RECORD=%s", record);
	if (!image->envp || image->strings.failed)
		return lk_fail_nomem(err);
	image->envp[0] = image->strings.data;
	image->envp[1] = image->strings.data + second;
	if (record)
		image->envp[k++] = image->strings.data + third;
	for (size_t i = 0; i < n; i++)
		if (!is_replaced(environ[i]))
			image->envp[k++] = environ[i];
	return 0;
}

int lk_image_build(struct lk_image *image, const struct lk_script *script, struct lk_err *err)
{
	size_t argc = 0;

	while (script->argv[argc])
		argc++;
	image->root = script->tree->root;
	snprintf(image->path, sizeof(image->path), "%s/%s", image->root, script->path);
	image->argv = calloc(argc + 2, sizeof(*image->argv));
	if (!image->argv)
		return lk_fail_nomem(err);
	memcpy(image->argv, script->argv, argc * sizeof(*image->argv));
	image->argv[0] = strrchr(image->path, '/') + 1;
	return build_env(image, script->record, err);
}

void lk_image_free(struct lk_image *image)
{
	free(image->argv);
	free(image->envp);
	lk_buf_free(&image->strings);
}

/* ---- the child: it shares our memory until exec, so it only makes system calls ---- */

static bool set_descriptors(int out)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 0) < 0)
		return false;
	if (out < 0)
		out = fcntl(2, F_GETFD) < 0 ? null : 2;
	return dup2(out, 2) >= 0 && dup2(out, 1) >= 0;
}

/* TERM when the parent ends. Had it ended before we asked, nobody would tell us. */
static bool follow(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent;
}

static _Noreturn __attribute__((noinline)) void become(const struct lk_image *image, pid_t parent,
						       volatile int *why)
{
	setpgid(0, 0);
	if ((!image->dies_with_us || follow(parent)) && set_descriptors(image->out)) {
		lk_close_from(3);
		lk_reset_signals();
		/* not execvp(): an empty or cut file without "#!" must fail, not run as a shell
		 * script that does nothing and succeeds */
		if (chdir(image->root) == 0)
			execve(image->path, image->argv, image->envp);
	}
	*why = errno ? errno : ECANCELED;
	_exit(*why == ENOENT ? 127 : 126);
}

pid_t lk_image_start(const struct lk_image *image, int *why)
{
	volatile int failed = 0;
	pid_t self = getpid(), pid = vfork();

	if (pid == 0)
		become(image, self, &failed);
	*why = failed;
	return pid;
}

/* ---- the parent ---- */

int lk_child_watch(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	errno = ENOTSUP;
	return -1;
#endif
}

bool lk_child_succeeded(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid && info.si_code == CLD_EXITED && info.si_status == 0;
}

bool lk_child_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	       info.si_pid == pid;
}

void lk_child_reap(pid_t pid, int why, struct lk_script_end *end)
{
	int status = 0;

	if (waitpid(pid, &status, WNOHANG) != pid)
		status = SIGKILL;	/* even that did not end it, or somebody else has reaped it */
	if (WIFSIGNALED(status)) {
		end->code = 128 + WTERMSIG(status);
		snprintf(end->reason, sizeof(end->reason), "killed by signal %d", WTERMSIG(status));
	} else {
		end->code = WEXITSTATUS(status);
		snprintf(end->reason, sizeof(end->reason), "exit code %d", end->code);
	}
	if (why)
		snprintf(end->reason, sizeof(end->reason), "cannot be executed: %s", strerror(why));
}
