/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mailboxes for scripts. */
#include "lk/mail.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

#define DIR_NAME "tmp/mail"
#define NEW ".new"
#define DIGITS 16
#define NUMBER_MAX 9999999999999999ull

/* What is in a mailbox, or how many mailboxes there are. */
struct listing {
	unsigned long long first, last;
	unsigned n;
};

/* The directory of a mailbox: what is no letter, digit, '-' or '_' is written as %XX. */
static int box_path(const char *box, char path[static LK_PATH_MAX + 64], struct lk_err *err)
{
	char *out = path + snprintf(path, LK_PATH_MAX, "%s/", DIR_NAME);

	if (!*box || strlen(box) > LK_MAIL_NAME_MAX)
		return lk_fail(err, LK_M_BAD_NAME, "mailbox", box, "1 to 80 bytes are needed");
	for (const unsigned char *p = (const unsigned char *)box; *p; p++)
		if (isalnum(*p) || *p == '-' || *p == '_')
			*out++ = (char)*p;
		else
			out += snprintf(out, 4, "%%%02X", *p);
	*out = '\0';
	return 0;
}

static int list(int dir_fd, const char *path, struct listing *l, struct lk_err *err)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR LK_AUTO_DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	*l = (struct listing){ .first = NUMBER_MAX };
	if (!dir)
		return lk_fail_errno(err, errno, "%s", path);
	for (struct dirent *e; (e = readdir(dir));) {
		unsigned long long number;

		if (e->d_name[0] == '.')
			continue;
		l->n++;
		if (strlen(e->d_name) != DIGITS || !lk_is_number(e->d_name, 0, NUMBER_MAX, &number))
			continue;
		if (number < l->first)
			l->first = number;
		if (number > l->last)
			l->last = number;
	}
	return 0;
}

static int lock(int fd, const char *path, struct lk_err *err)
{
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return lk_fail_errno(err, errno, "%s", path);
	return 0;
}

static int open_dir(const struct lk_tree *tree, const char *path)
{
	return openat(tree->fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A new mailbox, unless there are too many. */
static int make_box(const struct lk_tree *tree, const char *path, struct lk_err *err)
{
	struct listing boxes;
	int rc = lk_tree_mkdirs(tree, path, err);
	int LK_AUTO_CLOSE fd = rc < 0 ? -1 : open_dir(tree, DIR_NAME);

	if (rc == 0 && fd < 0)
		rc = lk_fail_errno(err, errno, "%s/%s", tree->root, DIR_NAME);
	if (rc == 0)
		rc = list(fd, DIR_NAME, &boxes, err);
	if (rc < 0)
		return rc;
	if (boxes.n >= LK_MAIL_BOXES)
		return lk_fail(err, LK_M_MAIL_BOXES, LK_MAIL_BOXES);
	if ((mkdirat(tree->fd, path, 0700) < 0 && errno != EEXIST) || fsync(fd) < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, path);
	return 0;
}

static int write_new(int dir, const struct lk_buf *message)
{
	int LK_AUTO_CLOSE fd = openat(dir, NEW, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t done = fd < 0 ? -1 : write(fd, message->data ? message->data : "", message->len);

	if (done >= 0 && (size_t)done != message->len)
		errno = ENOSPC;
	return done == (ssize_t)message->len && fsync(fd) == 0 ? 0 : -1;
}

int lk_mail_put(const struct lk_tree *tree, const char *box, const struct lk_buf *message,
		struct lk_err *err)
{
	char path[LK_PATH_MAX + 64], name[DIGITS + 1];
	struct listing l;

	if (message->len > LK_MAIL_BYTES)
		return lk_fail(err, LK_M_TOO_LARGE, "message", (size_t)LK_MAIL_BYTES);
	int rc = box_path(box, path, err);
	if (rc < 0)
		return rc;
	int LK_AUTO_CLOSE dir = open_dir(tree, path);
	if (dir < 0 && errno == ENOENT) {
		rc = make_box(tree, path, err);
		dir = rc < 0 ? -1 : open_dir(tree, path);
	}
	if (rc == 0 && dir < 0)
		rc = lk_fail_errno(err, errno, "%s/%s", tree->root, path);
	if (rc == 0)
		rc = lock(dir, path, err);
	if (rc == 0)
		rc = list(dir, path, &l, err);
	if (rc < 0)
		return rc;
	if (l.n >= LK_MAIL_MESSAGES)
		return lk_fail(err, LK_M_MAIL_FULL, box, LK_MAIL_MESSAGES);
	snprintf(name, sizeof(name), "%0*llu", DIGITS, (l.last + 1) % (NUMBER_MAX + 1));
	if (write_new(dir, message) < 0 || renameat(dir, NEW, dir, name) < 0 || fsync(dir) < 0) {
		rc = lk_fail_errno(err, errno, "%s/%s", tree->root, path);
		unlinkat(dir, NEW, 0);
	}
	return rc;
}

/* The message of that name into data; its length or -1. */
static ssize_t read_message(int dir, const char *name, char data[static LK_MAIL_BYTES])
{
	int LK_AUTO_CLOSE fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -1 : read(fd, data, LK_MAIL_BYTES);
}

int lk_mail_get(const struct lk_tree *tree, const char *box, const struct lk_mail_taker *taker,
		struct lk_err *err)
{
	char path[LK_PATH_MAX + 64], name[DIGITS + 1], data[LK_MAIL_BYTES];
	struct listing l;
	int rc = box_path(box, path, err);

	if (rc < 0)
		return rc;
	int LK_AUTO_CLOSE dir = open_dir(tree, path);
	if (dir < 0)
		return errno == ENOENT ? 0 : lk_fail_errno(err, errno, "%s/%s", tree->root, path);
	rc = lock(dir, path, err);
	if (rc == 0)
		rc = list(dir, path, &l, err);
	if (rc < 0 || l.first > l.last)
		return rc;
	snprintf(name, sizeof(name), "%0*llu", DIGITS, l.first);
	ssize_t len = read_message(dir, name, data);
	if (len < 0)
		return lk_fail_errno(err, errno, "%s/%s/%s", tree->root, path, name);
	rc = taker->take(taker->arg, data, (size_t)len);
	if (rc < 0)
		return rc;
	if (unlinkat(dir, name, 0) < 0 || fsync(dir) < 0)
		return lk_fail_errno(err, errno, "%s/%s/%s", tree->root, path, name);
	return 1;
}
