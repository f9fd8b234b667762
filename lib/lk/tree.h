/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree under $LKROOT as a set of text files that are replaced whole: consistent reading
 * without a lock, and transactions over several files. lk-tree(7) has the protocol in words.
 *
 * Paths are relative to the root, for instance "config/eqv".
 */
#ifndef LK_TREE_H
#define LK_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lk/arena.h"
#include "lk/buf.h"
#include "lk/err.h"

#define LK_FILE_MAX ((size_t)64 << 20)	/* no file of the tree is larger */
#define LK_PATH_MAX 256			/* a relative path, with its NUL */
#define LK_TX_FILES 1024		/* files in one transaction */

struct lk_logger;

struct lk_tree {
	char root[4096];
	int fd;
	struct lk_logger *logger;	/* of a daemon: who writes its log (lk/logger.h); else NULL */
};

/* Open the tree that the environment variable LKROOT names, else the configured one. 0, or -1 with
 * err when it is not there. The caller closes it. */
int lk_tree_open(struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);
void lk_tree_close(struct lk_tree *tree) LK_NONNULL(1);

/* One file's text, NUL-terminated and in the arena. 1: read; 0: there is no such file;
 * -1: a system call failed; -6: too large. Only regular files are read, links are not followed. */
int lk_tree_slurp(const struct lk_tree *tree, const char *path, struct lk_arena *arena,
		  char **text, size_t *len, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4, 5, 6);

/* ---- reading without a lock ----
 * begin, any number of reads, then end: true means that all reads together saw one state of the
 * tree. Otherwise a writer came between: forget what was read and begin again. Whatever
 * went wrong during the reads counts only if end says true. */
struct lk_snap {
	const struct lk_tree *tree;
	uint64_t seq;
	bool unreadable;		/* the counter is not: begin has failed, no use in trying again */
	struct lk_journal *journal;	/* a committed change that is not in place yet, or NULL */
	struct lk_arena arena;
	int lock_fd;			/* -1, or a shared lock after many attempts in vain */
	unsigned attempts;
};

/* 0, -1; read as lk_tree_slurp(). */
int lk_snap_begin(struct lk_snap *snap, const struct lk_tree *tree, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);
int lk_snap_read(const struct lk_snap *snap, const char *path, struct lk_arena *arena,
		 char **text, size_t *len, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4, 5, 6);
bool lk_snap_end(struct lk_snap *snap) LK_MUST LK_NONNULL(1);
/* Release what begin took, at the very end and also after an error. */
void lk_snap_free(struct lk_snap *snap) LK_NONNULL(1);

/* ---- transactions ----
 * begin takes the tree's only lock (waiting up to LK_LOCK_SECONDS), finishes what a dead writer had
 * committed, and leaves the lock to the caller until commit or abort. After a commit that
 * returned 0 the change is on stable storage; killed at any instant, all of it is there or nothing. */
#define LK_LOCK_SECONDS 60

struct lk_tx {
	const struct lk_tree *tree;
	int lock_fd;		/* -1 outside a transaction */
	uint64_t seq;
	unsigned n, cap;
	struct lk_tx_file *file;
	struct lk_arena arena;
};

/* 0, -1: also when the lock was not to be had in time. */
int lk_tx_begin(struct lk_tx *tx, const struct lk_tree *tree, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);
/* Replace or create path with data (copied); delete path. The directory must exist at commit.
 * 0; -1; -6 data larger than LK_FILE_MAX, too many files or a path too long. After an error the
 * transaction lacks this file: it must be aborted, for a commit would write the others. */
int lk_tx_put(struct lk_tx *tx, const char *path, const struct lk_buf *data, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);
/* Give the file that was put last the owner, group and mode of st, in the same transaction. */
void lk_tx_like(struct lk_tx *tx, const struct stat *st) LK_NONNULL(1, 2);
int lk_tx_del(struct lk_tx *tx, const char *path, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);
/* Carry out all of it and release the lock, also after an error. An error means that no file has changed,
 * with one exception: if the rename (or deletion) that is the commit succeeded and the sync of its
 * directory failed, readers see all of the change, and whether it survives a power cut is not known.
 * What is there now has to be looked up: by doing it again, or by lcdsync. */
int lk_tx_commit(struct lk_tx *tx, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);
/* The same for what may be seen in part, and what a restart of the machine makes worthless: each file is replaced
 * whole, but for itself. Killed in between, some are new and the others old; a reader that comes at that very
 * moment may see them so, too. A power cut may bring any of the old ones back; with sync, not after this returned 0.
 * Much cheaper than a change of several files. No file must be deleted. */
int lk_tx_commit_each(struct lk_tx *tx, bool sync, struct lk_err *err) LK_MUST LK_NONNULL(1, 3);
/* Forget the files and release the lock; the tree stays as begin left it. Needed after begin and after
 * a failed put or del; after a failed begin and after commit it does nothing. */
void lk_tx_abort(struct lk_tx *tx) LK_NONNULL(1);

/* Create the directories of path (all but its last component), durably. */
int lk_tree_mkdirs(const struct lk_tree *tree, const char *path, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* The name of the file that holds path's new text until it is renamed: "dir/.base.new". */
void lk_tree_temp(const char *path, char temp[static LK_PATH_MAX]) LK_NONNULL(1);

#endif
