/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening the tree and reading its files. */
#include "lk/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/journal.h"
#include "lk/msg.h"
#include "lk/poison.h"

int lk_tree_open(struct lk_tree *tree, struct lk_err *err)
{
	const char *root = getenv("LKROOT");

	*tree = (struct lk_tree){ .fd = -1 };
	if (!root || !*root)
		root = LKROOT_DEFAULT;
	if (root[0] != '/')
		return lk_fail(err, LK_M_NO_TREE, root, "LKROOT is not an absolute path");
	if (strlen(root) >= sizeof(tree->root))
		return lk_fail(err, LK_M_NO_TREE, root, strerror(ENAMETOOLONG));
	tree->fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (tree->fd < 0)
		return lk_fail(err, LK_M_NO_TREE, root, strerror(errno));
	snprintf(tree->root, sizeof(tree->root), "%s", root);
	return 0;
}

void lk_tree_close(struct lk_tree *tree)
{
	if (tree->fd >= 0)
		close(tree->fd);
	tree->fd = -1;
}

void lk_tree_temp(const char *path, char temp[static LK_PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash - path) + 1 : 0;

	snprintf(temp, LK_PATH_MAX, "%.*s.%.*s.new", dir, path, LK_PATH_MAX - 6 - dir, path + dir);
}

/* All of fd from its start, as text in the arena. */
static int read_all(int fd, const char *path, size_t size, struct lk_arena *arena, char **text,
		    size_t *len, struct lk_err *err)
{
	char *data = lk_arena_alloc(arena, size + 1);
	size_t done = 0;

	if (!data)
		return lk_fail_nomem(err);
	while (done < size) {
		ssize_t got = read(fd, data + done, size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return lk_fail_errno(err, errno, "%s", path);
		if (got == 0)
			break;
		done += (size_t)got;
	}
	data[done] = '\0';
	*text = data;
	*len = done;
	return 1;
}

int lk_tree_slurp(const struct lk_tree *tree, const char *path, struct lk_arena *arena,
		  char **text, size_t *len, struct lk_err *err)
{
	struct stat st;
	/* O_NONBLOCK: a FIFO in place of a file must not hang us */
	int LK_AUTO_CLOSE fd =
		openat(tree->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, path);
	if (!S_ISREG(st.st_mode))
		return lk_fail(err, LK_M_DAMAGED, path, 0, "not a regular file");
	if ((unsigned long long)st.st_size > LK_FILE_MAX)
		return lk_fail(err, LK_M_TOO_LARGE, path, LK_FILE_MAX);
	return read_all(fd, path, (size_t)st.st_size, arena, text, len, err);
}

static int make_dir(const struct lk_tree *tree, const char *dir, struct lk_err *err)
{
	if (mkdirat(tree->fd, dir, 0755) < 0 && errno != EEXIST)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, dir);
	/* also if it was there: it may be the work of a writer that died before its fsync */
	return lk_sync_dir(tree, dir, err);
}

int lk_tree_mkdirs(const struct lk_tree *tree, const char *path, struct lk_err *err)
{
	char part[LK_PATH_MAX];
	int rc = 0;

	/* the file is there: whoever committed it came through here */
	if (faccessat(tree->fd, path, F_OK, 0) == 0)
		return 0;
	for (const char *slash = strchr(path, '/'); slash && rc == 0;
	     slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		rc = make_dir(tree, part, err);
	}
	return rc;
}
