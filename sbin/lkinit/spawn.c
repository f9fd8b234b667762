/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting a daemon's process. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/detach.h"
#include "lk/proc.h"
#include "lk/program.h"
#include "world.h"
#include "lk/poison.h"

#define ERRNO_FD 3		/* in the child: tells us why exec failed */
#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What the child needs, made before the fork. */
struct image {
	char path[LK_PROGRAM_MAX];
	struct lk_buf strings;
	char *envp[8];
	const char *root;
	char *const *argv;
	pid_t parent;
};

static void build_env(struct image *image, const struct world *w, const struct daemon *d)
{
	struct lk_buf *env = &image->strings;
	char base[4096], notify[4200];
	size_t at[8], n = 0;

	at[n++] = env->len;
	lk_buf_addf(env, "LKROOT=%s%c", w->tree.root, 0);
	at[n++] = env->len;
	lk_buf_addf(env, "PATH=%s/bin:", w->tree.root);
	if (lk_program_base(base, sizeof(base)) && strcmp(base, w->tree.root) != 0)
		lk_buf_addf(env, "%s/bin:", base);
	lk_buf_addf(env, "%s%c", SYSTEM_PATH, 0);
	at[n++] = env->len;
	lk_buf_addf(env, "LK_START_ID=%s%c", w->start_id, 0);
	at[n++] = env->len;
	lk_buf_addf(env, "LK_RESTARTS=%u%c", d->starts, 0);
	if (!d->row->noready) {
		notify_name(w, d, notify, sizeof(notify));
		at[n++] = env->len;
		lk_buf_addf(env, "NOTIFY_SOCKET=%s%c", notify, 0);
	}
	for (size_t i = 0; i < n && !env->failed; i++)
		image->envp[i] = env->data + at[i];
}

/* Standard input is empty, both outputs go to the log: not to a pipe of ours, for that would break with us
 * under the applications that a daemon's scripts have started. Without a log they go nowhere. */
static bool set_descriptors(int errno_fd)
{
	int high = fcntl(errno_fd, F_DUPFD_CLOEXEC, ERRNO_FD + 1);
	int null = open("/dev/null", O_RDWR);
	int log = open(LK_LOG, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0640);

	if (high < 0 || null < 0)
		return false;
	if (log >= 0)
		fcntl(log, F_SETFL, O_APPEND);
	return dup2(null, 0) >= 0 && dup2(log < 0 ? null : log, 1) >= 0 && dup2(1, 2) >= 0 &&
	       dup3(high, ERRNO_FD, O_CLOEXEC) >= 0;
}

static _Noreturn void become(const struct image *image, int errno_fd)
{
	setsid();
	/* our death is its end; if that has happened already, nobody would tell it */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != image->parent)
		_exit(126);
	umask(022);
	if (chdir(image->root) == 0 && set_descriptors(errno_fd)) {
		errno_fd = ERRNO_FD;
		lk_close_from(ERRNO_FD + 1);
		lk_reset_signals();
		execve(image->path, image->argv, image->envp);
	}
	int why = errno;
	if (write(errno_fd, &why, sizeof(why)) < 0)
		_exit(126);
	_exit(127);
}

/* 0, or the errno of what went wrong up to and with exec. */
static int launch(struct daemon *d, const struct image *image)
{
	int report[2], why = 0;

	if (pipe2(report, O_CLOEXEC) < 0)
		return errno;
	int LK_AUTO_CLOSE reader = report[0];
	pid_t pid = fork();
	if (pid == 0)
		become(image, report[1]);
	if (pid < 0)
		why = errno;
	close(report[1]);
	if (why)
		return why;
	if (read(reader, &why, sizeof(why)) == sizeof(why))
		return why;	/* the process is reaped like any other, but is no daemon's */
	d->process = lk_proc_holder(pid);
	return 0;
}

int spawn(const struct world *w, struct daemon *d, struct lk_err *err)
{
	struct image image = { .root = w->tree.root, .argv = d->row->argv, .parent = getpid() };
	int why = ENOMEM;

	if (!d->row->noready && d->notify_fd < 0 && notify_open(w, d, err) < 0)
		return -err->code;
	if (lk_program_find(&w->tree, d->row->program, image.path, err) < 0)
		return lk_fail(err, LK_M_DMN_NOT, d->row->tag, d->row->program, "it is not there");
	build_env(&image, w, d);
	if (!image.strings.failed)
		why = launch(d, &image);
	lk_buf_free(&image.strings);
	d->starts++;
	return why ? lk_fail(err, LK_M_DMN_NOT, d->row->tag, image.path, strerror(why)) : 0;
}
