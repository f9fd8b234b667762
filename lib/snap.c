/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the tree without a lock. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/journal.h"
#include "lk/seq.h"
#include "lk/tree.h"
#include "lk/poison.h"

/* After so many attempts spoilt by writers, a reader also tries to keep them out. */
#define PATIENCE 50

int lk_seq_read(int fd, uint64_t *seq)
{
	char text[LK_SEQ_DIGITS + 1];
	ssize_t got = pread(fd, text, LK_SEQ_DIGITS, 0);
	char *end;

	*seq = 0;
	if (got < 0)
		return -errno;
	if (got < LK_SEQ_DIGITS)
		return 0;
	text[LK_SEQ_DIGITS] = '\0';
	*seq = strtoull(text, &end, 16);
	return 0;
}

static int current_seq(const struct lk_tree *tree, uint64_t *seq)
{
	int LK_AUTO_CLOSE fd = openat(tree->fd, LK_LOCKFILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	*seq = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;	/* ENOENT: nothing was ever written */
	return lk_seq_read(fd, seq);
}

static void try_shared_lock(struct lk_snap *snap)
{
	if (snap->lock_fd < 0)
		snap->lock_fd = openat(snap->tree->fd, LK_LOCKFILE,
				       O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	/* Not obtained: no harm. A writer that holds it for long changes nothing meanwhile. */
	if (snap->lock_fd >= 0 && flock(snap->lock_fd, LOCK_SH | LOCK_NB) < 0)
		return;
}

int lk_snap_begin(struct lk_snap *snap, const struct lk_tree *tree, struct lk_err *err)
{
	if (snap->tree != tree)
		*snap = (struct lk_snap){ .tree = tree, .lock_fd = -1 };
	lk_arena_free(&snap->arena);
	if (snap->attempts++ >= PATIENCE)
		try_shared_lock(snap);

	int rc = current_seq(tree, &snap->seq);
	snap->unreadable = rc < 0;
	if (rc < 0)
		return lk_fail_errno(err, -rc, "%s/%s", tree->root, LK_LOCKFILE);
	rc = lk_journal_read(tree, &snap->arena, &snap->journal, err);
	return rc < 0 ? rc : 0;
}

static const struct lk_journal_op *journal_op(const struct lk_journal *journal, const char *path)
{
	for (unsigned i = 0; journal && i < journal->n; i++)
		if (!strcmp(journal->op[i].path, path))
			return &journal->op[i];
	return NULL;
}

int lk_snap_read(const struct lk_snap *snap, const char *path, struct lk_arena *arena,
		 char **text, size_t *len, struct lk_err *err)
{
	const struct lk_journal_op *op = journal_op(snap->journal, path);

	if (op && op->del)
		return 0;
	if (op) {
		char temp[LK_PATH_MAX];

		lk_tree_temp(path, temp);
		int rc = lk_tree_slurp(snap->tree, temp, arena, text, len, err);
		if (rc)
			return rc;
	}
	return lk_tree_slurp(snap->tree, path, arena, text, len, err);
}

bool lk_snap_end(struct lk_snap *snap)
{
	uint64_t seq;

	/* a counter that cannot be read will not be readable at the next attempt either */
	return snap->unreadable ||
	       (current_seq(snap->tree, &seq) == 0 && seq == snap->seq);
}

void lk_snap_free(struct lk_snap *snap)
{
	lk_arena_free(&snap->arena);
	if (snap->lock_fd >= 0)
		close(snap->lock_fd);
	snap->lock_fd = -1;
}
