/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config/journal: the list of files that a committed transaction replaces or deletes. While it is
 * there the new text of a file is in its ".new" file, or already in place.
 */
#ifndef LK_JOURNAL_H
#define LK_JOURNAL_H

#include <stdbool.h>

#include "lk/tree.h"

#define LK_JOURNAL "config/journal"
#define LK_LOCKFILE "config/lock"

struct lk_journal_op {
	bool del;
	const char *path;
};

struct lk_journal {
	unsigned n;
	struct lk_journal_op op[LK_TX_FILES];
};

/* Read the journal into the arena. 1: *journal is set; 0: there is none; negative: error. */
int lk_journal_read(const struct lk_tree *tree, struct lk_arena *arena,
		    struct lk_journal **journal, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4);

/* The text of a journal file. */
void lk_journal_text(const struct lk_journal *journal, struct lk_buf *buf) LK_NONNULL(1, 2);

/* Put a committed journal's files in place and remove it. Can be repeated. */
int lk_journal_apply(const struct lk_tree *tree, const struct lk_journal *journal,
		     struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* fsync every directory in which the journal's files are, once each. */
int lk_journal_sync_dirs(const struct lk_tree *tree, const struct lk_journal *journal,
			 struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* fsync the directory of path. */
int lk_sync_dir(const struct lk_tree *tree, const char *path, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

#endif
