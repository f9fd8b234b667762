/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is Lockkeeper running on this node? */
#include "lk/running.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/proc.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define LOCK_MS 2000

bool lk_running(const struct lk_tree *tree)
{
	int LK_AUTO_CLOSE fd = openat(tree->fd, LK_RUNNING_FILE,
				      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno != ENOENT;
	return flock(fd, LOCK_SH | LOCK_NB) < 0;
}

/* "PID START" */
static bool parse(char *text, struct lk_holder *holder)
{
	unsigned long long pid;
	char *blank = strchr(text, ' ');

	text[strcspn(text, "\n")] = '\0';
	if (!blank)
		return false;
	*blank = '\0';
	if (!lk_is_number(text, 1, LK_PID_MAX, &pid) ||
	    !lk_is_number(blank + 1, 0, ~0ULL >> 1, &holder->start))
		return false;
	holder->pid = (pid_t)pid;
	return true;
}

bool lk_running_process(const struct lk_tree *tree, struct lk_holder *holder)
{
	char text[64];

	*holder = (struct lk_holder){ 0 };
	if (!lk_running(tree))
		return false;
	int LK_AUTO_CLOSE fd = openat(tree->fd, LK_RUNNING_FILE,
				      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (len <= 0)
		return false;
	text[len] = '\0';
	/* between the lock and the write it is still that of a supervisor that has gone */
	return parse(text, holder) && lk_proc_alive(holder);
}

/* Others hold a shared lock for an instant, in order to look. */
static bool lock(int fd)
{
	struct timespec nap = { .tv_nsec = 5000000 };
	int64_t deadline = lk_now_ms() + LOCK_MS;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || lk_now_ms() >= deadline)
			return false;
		nanosleep(&nap, NULL);
	}
	return true;
}

int lk_running_lock(const struct lk_tree *tree, struct lk_err *err)
{
	struct lk_holder holder;

	if (lk_tree_mkdirs(tree, LK_RUNNING_FILE, err) < 0)
		return -err->code;
	int fd = openat(tree->fd, LK_RUNNING_FILE,
			O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	if (fd < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, LK_RUNNING_FILE);
	if (lock(fd))
		return fd;
	int why = errno;
	close(fd);
	if (why != EWOULDBLOCK)
		return lk_fail_errno(err, why, "%s/%s", tree->root, LK_RUNNING_FILE);
	lk_running_process(tree, &holder);
	return lk_fail(err, LK_M_RUNNING, (long)holder.pid);
}

int lk_running_write(int fd, struct lk_err *err)
{
	struct lk_holder self = lk_proc_holder(getpid());
	char text[64];

	int len = snprintf(text, sizeof(text), "%ld %llu\n", (long)self.pid, self.start);
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)len, 0) == len)
		return 0;
	int why = errno;
	if (ftruncate(fd, 0) < 0)
		why = errno;
	return lk_fail_errno(err, why, "%s", LK_RUNNING_FILE);
}
