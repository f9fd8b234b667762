/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What other systems hold themselves to. */
#include "lk/holds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/limits.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define DIRECTORY "config"
#define RECORD DIRECTORY "/lease.%s"
#define RECORD_TEMP DIRECTORY "/.lease.%s.new"
#define KEPT "run/quorum.kept"

static const char *const names[LK_HOLDS_COUNT] = { "unknown", "lease", "leaving", "none", "unbound" };

enum lk_holds lk_holds_read(const struct lk_tree *tree, const char *sys)
{
	char path[LK_SYS_FILE], text[16];

	snprintf(path, sizeof(path), RECORD, sys);
	int LK_AUTO_CLOSE fd = openat(tree->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? LK_HOLDS_UNKNOWN : LK_HOLDS_UNBOUND;
	ssize_t len = read(fd, text, sizeof(text) - 1);
	text[len < 0 ? 0 : len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	for (int i = 0; i < LK_HOLDS_COUNT; i++)
		if (!strcmp(text, names[i]))
			return (enum lk_holds)i;
	return LK_HOLDS_UNBOUND;
}

int lk_holds_write(const struct lk_tree *tree, const char *sys, enum lk_holds holds, struct lk_err *err)
{
	char path[LK_SYS_FILE], temp[LK_SYS_FILE];

	snprintf(path, sizeof(path), RECORD, sys);
	snprintf(temp, sizeof(temp), RECORD_TEMP, sys);
	int LK_AUTO_CLOSE fd = openat(tree->fd, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	int LK_AUTO_CLOSE dir = openat(tree->fd, DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || dir < 0 || dprintf(fd, "%s\n", names[holds]) < 0 || fsync(fd) < 0 ||
	    renameat(tree->fd, temp, tree->fd, path) < 0 || fsync(dir) < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, path);
	return 0;
}

bool lk_holds_no_end(enum lk_holds holds)
{
	return holds == LK_HOLDS_NONE || holds == LK_HOLDS_UNBOUND;
}

/* Both records end when it is heard again. */
static bool is_off(const struct lk_tree *tree, const char *sys)
{
	return lk_sys_noted(tree, LK_SYS_FENCED, sys) || lk_sys_noted(tree, LK_SYS_CONFIRMED, sys);
}

const char *lk_holds_among(const struct lk_lcd *lcd)
{
	for (size_t i = 0; i < lcd->nsys; i++) {
		const char *name = lcd->sys[i].name;

		if (!lcd->sys[i].local && lk_holds_read(&lcd->tree, name) == LK_HOLDS_LEASE && !is_off(&lcd->tree, name))
			return name;
	}
	return NULL;
}

bool lk_holds_kept(const struct lk_tree *tree)
{
	return faccessat(tree->fd, KEPT, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int lk_holds_keep(const struct lk_tree *tree, bool keep, struct lk_err *err)
{
	int LK_AUTO_CLOSE fd = keep ? openat(tree->fd, KEPT, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644) : -1;

	if (keep ? fd < 0 : unlinkat(tree->fd, KEPT, 0) < 0 && errno != ENOENT)
		return lk_fail_errno(err, errno, "%s/" KEPT, tree->root);
	return 0;
}
