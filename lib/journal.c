/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config/journal: the list of files that a committed transaction replaces or deletes. */
#include "lk/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/msg.h"
#include "lk/rec.h"
#include "lk/poison.h"

static const struct lk_rec_kind journal_kind = {
	.name = "journal", .columns = 2, .column = { "operation", "path" },
};

struct loading {
	struct lk_journal *journal;
	struct lk_err *err;
};

/* The journal is obeyed with root's rights: a path in it must stay in the tree. */
static bool path_is_safe(const char *path)
{
	if (strlen(path) >= LK_PATH_MAX - 6)
		return false;
	for (;;) {
		size_t len = strcspn(path, "/");

		if (len == 0 || !strncmp(path, ".", len) || (len == 2 && !strncmp(path, "..", 2)))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

static int take_op(void *arg, struct lk_rec *rec)
{
	struct loading *l = arg;
	bool del = !strcmp(rec->field[0], "del");

	if ((!del && strcmp(rec->field[0], "put")) || !path_is_safe(rec->field[1]) ||
	    l->journal->n == LK_TX_FILES)
		return lk_fail(l->err, LK_M_DAMAGED, LK_JOURNAL, rec->line, "not a journal entry");
	l->journal->op[l->journal->n++] =
		(struct lk_journal_op){ .del = del, .path = rec->field[1] };
	return 0;
}

static int take_problem(void *arg, unsigned line, const char *what)
{
	struct loading *l = arg;

	return lk_fail(l->err, LK_M_DAMAGED, LK_JOURNAL, line, what);
}

int lk_journal_read(const struct lk_tree *tree, struct lk_arena *arena,
		    struct lk_journal **journal, struct lk_err *err)
{
	char *text;
	size_t len;
	int rc = lk_tree_slurp(tree, LK_JOURNAL, arena, &text, &len, err);

	*journal = NULL;
	if (rc <= 0)
		return rc;
	struct lk_journal *j = lk_arena_alloc(arena, sizeof(*j));
	if (!j)
		return lk_fail_nomem(err);
	j->n = 0;

	struct loading l = { .journal = j, .err = err };
	struct lk_rec_sink sink = { .record = take_op, .problem = take_problem, .arg = &l };
	rc = lk_rec_parse(&journal_kind, text, len, &sink);
	if (rc < 0)
		return rc;
	*journal = j;
	return 1;
}

void lk_journal_text(const struct lk_journal *journal, struct lk_buf *buf)
{
	lk_rec_head(buf, &journal_kind);
	for (unsigned i = 0; i < journal->n; i++) {
		const struct lk_journal_op *op = &journal->op[i];
		const char *fields[] = { op->del ? "del" : "put", op->path };

		lk_rec_row(buf, &journal_kind, fields);
	}
	lk_rec_tail(buf);
}

int lk_sync_dir(const struct lk_tree *tree, const char *path, struct lk_err *err)
{
	const char *slash = strrchr(path, '/');
	char dir[LK_PATH_MAX] = ".";

	if (slash)
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	int LK_AUTO_CLOSE fd = openat(tree->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, dir);
	return 0;
}

static int apply_op(const struct lk_tree *tree, const struct lk_journal_op *op, struct lk_err *err)
{
	char temp[LK_PATH_MAX];
	int rc;

	lk_tree_temp(op->path, temp);
	if (op->del)
		rc = unlinkat(tree->fd, op->path, 0);
	else
		rc = renameat(tree->fd, temp, tree->fd, op->path);
	/* ENOENT: done already, by a writer that died before it could remove the journal */
	if (rc < 0 && errno != ENOENT)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, op->path);
	return 0;
}

static size_t dir_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

/* Is the directory of op[i] that of an earlier one? */
static bool seen_dir(const struct lk_journal *journal, unsigned i)
{
	const char *path = journal->op[i].path;
	size_t len = dir_length(path);

	for (unsigned k = 0; k < i; k++)
		if (dir_length(journal->op[k].path) == len &&
		    !memcmp(journal->op[k].path, path, len))
			return true;
	return false;
}

int lk_journal_sync_dirs(const struct lk_tree *tree, const struct lk_journal *journal,
			 struct lk_err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < journal->n && rc == 0; i++)
		if (!seen_dir(journal, i))
			rc = lk_sync_dir(tree, journal->op[i].path, err);
	return rc;
}

int lk_journal_apply(const struct lk_tree *tree, const struct lk_journal *journal,
		     struct lk_err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < journal->n && rc == 0; i++)
		rc = apply_op(tree, &journal->op[i], err);
	if (rc == 0)
		rc = lk_journal_sync_dirs(tree, journal, err);
	if (rc < 0)
		return rc;
	if (unlinkat(tree->fd, LK_JOURNAL, 0) < 0 && errno != ENOENT)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, LK_JOURNAL);
	return lk_sync_dir(tree, LK_JOURNAL, err);
}
