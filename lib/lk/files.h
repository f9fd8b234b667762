/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directories and files of the tree's database and kits, config/ and subsys/, one by one. */
#ifndef LK_FILES_H
#define LK_FILES_H

#include <stdbool.h>
#include <sys/stat.h>

#include "lk/tree.h"

#define LK_FILES_PATH 1024	/* a visited path, with its NUL */

struct lk_files {
	/* Called for "config", "subsys" and everything below them, a directory before its entries, the
	 * entries in bytewise order; links are not followed. Returns 0 to go on, or negative to
	 * stop. The file may be unlinked. */
	int (*visit)(void *arg, const char *path, const struct stat *st);
	void *arg;
};

/* 0; what visit returned; -1. A directory that is not there is no error. */
int lk_files_visit(const struct lk_tree *tree, const struct lk_files *files, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Is it the new text of a file that was never put in place (".base.new")? */
bool lk_files_leftover(const char *path) LK_NONNULL(1);

/* Is it a file of records, the journal and the lock not counted? */
bool lk_files_records(const char *path) LK_NONNULL(1);

/* Take "subsys/APP/resources/TYPE/NAME" apart; false if path is not of that form. *name points into
 * path. */
struct lk_files_kit {
	char app[65], type[65];
	const char *name;
};
bool lk_files_kit(const char *path, struct lk_files_kit *kit) LK_NONNULL(1, 2);

/* Remove every left-over ".new" file and make the records and directories durable. Only under the tree
 * lock, with no journal left. 0 or -1. */
int lk_files_settle(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

#endif
