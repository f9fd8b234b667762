/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lock files: files of one line, written whole and durably. */
#include "lk/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lk/buf.h"
#include "lk/cleanup.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/proc.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define DIR_WAIT_MS 10000

int lk_lockfile_read(const char *path, char *line, size_t size, struct lk_err *err)
{
	struct stat st;
	int LK_AUTO_CLOSE fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return lk_fail_errno(err, errno, "%s", path);
	ssize_t len = S_ISREG(st.st_mode) ? read(fd, line, size) : 0;
	if (len < 0)
		return lk_fail_errno(err, errno, "%s", path);
	char *end = memchr(line, '\n', (size_t)len);
	if (!end || end + 1 != line + len || memchr(line, '\0', (size_t)len))
		return lk_fail(err, LK_M_BAD_LOCKFILE, path, "it is not a file of one line");
	*end = '\0';
	return 1;
}

/* The directory of path, opened; -1. */
static int open_dir(const char *path)
{
	struct lk_buf LK_AUTO_BUF dir = { 0 };
	const char *slash = strrchr(path, '/');

	if (slash)
		lk_buf_add(&dir, path, slash == path ? 1 : (size_t)(slash - path));
	else
		lk_buf_addc(&dir, '.');
	if (dir.failed) {
		errno = ENOMEM;
		return -1;
	}
	return open(dir.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A new file with the text and a newline, durable but for its name. */
static int write_new(const char *path, const char *line)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };

	unlink(path);	/* left by a dead process of our id */
	int LK_AUTO_CLOSE fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	lk_buf_addf(&text, "%s\n", line);
	if (fd < 0 || text.failed)
		return -1;
	ssize_t done = write(fd, text.data, text.len);
	if (done >= 0 && (size_t)done != text.len)
		errno = ENOSPC;
	return done >= 0 && (size_t)done == text.len && fsync(fd) == 0 ? 0 : -1;
}

int lk_lockfile_write(const char *path, const char *line, struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF temp = { 0 };
	int LK_AUTO_CLOSE dir = open_dir(path);

	lk_buf_addf(&temp, "%s.%ld.new", path, (long)getpid());
	if (temp.failed)
		return lk_fail_nomem(err);
	if (dir < 0)
		return lk_fail_errno(err, errno, "%s", path);
	if (write_new(temp.data, line) < 0 || rename(temp.data, path) < 0) {
		int saved = errno;

		unlink(temp.data);
		return lk_fail_errno(err, saved, "%s", path);
	}
	return fsync(dir) < 0 ? lk_fail_errno(err, errno, "%s", path) : 0;
}

/* One taker at a time looks and writes: they exclude each other by a lock on the directory. */
static int lock_dir(int dir)
{
	struct timespec nap = { .tv_nsec = 5000000 };
	int64_t deadline = lk_now_ms() + DIR_WAIT_MS;

	while (flock(dir, LOCK_EX | LOCK_NB) < 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || lk_now_ms() >= deadline)
			return -1;
		nanosleep(&nap, NULL);
	}
	return 0;
}

/* 1: nobody alive has it; 0: the process has it already. */
static int look(const char *path, pid_t pid, struct lk_err *err)
{
	char line[32];
	unsigned long long number;
	int rc = lk_lockfile_read(path, line, sizeof(line), err);

	if (rc < 0)
		return rc;
	if (rc == 0)
		return 1;
	if (!lk_is_number(line, 1, LK_PID_MAX, &number))
		return lk_fail(err, LK_M_BAD_LOCKFILE, path, "it does not hold a process id");
	struct lk_holder holder = { .pid = (pid_t)number };
	if (holder.pid == pid)
		return 0;
	return lk_proc_alive(&holder) ? lk_fail(err, LK_M_LOCKF_HELD, path, (long)holder.pid) : 1;
}

int lk_lockfile_take(const char *path, pid_t pid, struct lk_err *err)
{
	struct lk_holder holder = { .pid = pid };
	char line[32];

	if (!lk_proc_alive(&holder))
		return lk_fail(err, LK_M_LOCK_OWNER, (long)pid);
	int LK_AUTO_CLOSE dir = open_dir(path);
	if (dir < 0 || lock_dir(dir) < 0)
		return lk_fail_errno(err, errno, "%s", path);
	int rc = look(path, pid, err);
	if (rc <= 0)
		return rc;
	snprintf(line, sizeof(line), "%ld", (long)pid);
	return lk_lockfile_write(path, line, err);
}
