/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions. The new text of every file is first written beside it (".base.new") and made durable.
 * One file: its rename is the commit. Several: the durable appearance of config/journal, which
 * lists the renames still to be done, is the commit; whoever finds it finishes the work.
 *
 * The change counter is raised before the ".new" files are touched (a reader may still be using
 * those of the previous journal) and again between commit and renames (a reader that saw no
 * journal must not trust files read from here on).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/journal.h"
#include "lk/msg.h"
#include "lk/seq.h"
#include "lk/tree.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define FILE_MODE 0640

struct lk_tx_file {
	const char *path;
	const char *data;	/* NULL: delete */
	size_t len;
	struct stat like;	/* owner and mode, if like_set */
	bool like_set;
};

/* The process that config/lock names as holder, for a message; "?" if it cannot be read. */
static void holder(int fd, char pid[static 16])
{
	char text[16];
	ssize_t got = pread(fd, text, 10, LK_SEQ_DIGITS + 1);
	const char *digits = text;

	snprintf(pid, 16, "?");
	if (got != 10)
		return;
	text[10] = '\0';
	digits += strspn(digits, "0");
	if (*digits && strspn(digits, "0123456789") == strlen(digits))
		snprintf(pid, 16, "%s", digits);
}

/* flock(2) with a time limit. Polling, because the library has no signals to spend on a timer. */
static int take_lock(int fd, struct lk_err *err)
{
	int64_t deadline = lk_now_ms() + LK_LOCK_SECONDS * 1000;
	struct timespec nap = { .tv_nsec = 250000 };
	char pid[16];

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return lk_fail_errno(err, errno, "%s", LK_LOCKFILE);
		if (lk_now_ms() >= deadline) {
			holder(fd, pid);
			return lk_fail(err, LK_M_LOCK_TIMEOUT, pid, LK_LOCK_SECONDS);
		}
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < 1000000)
			nap.tv_nsec *= 2;
	}
	return 0;
}

static int raise_seq(struct lk_tx *tx, struct lk_err *err)
{
	char text[LK_SEQ_DIGITS + 13];

	tx->seq++;
	int len = snprintf(text, sizeof(text), "%016llx %010ld\n", (unsigned long long)tx->seq,
			   (long)getpid());
	ssize_t done = pwrite(tx->lock_fd, text, (size_t)len, 0);
	if (done != len)
		return lk_fail_errno(err, done < 0 ? errno : ENOSPC, "%s/%s", tx->tree->root,
				     LK_LOCKFILE);
	return 0;
}

/* Finish what a dead writer had committed. */
static int redo_journal(struct lk_tx *tx, struct lk_err *err)
{
	struct lk_journal *journal;
	int rc = lk_journal_read(tx->tree, &tx->arena, &journal, err);

	if (rc <= 0)
		return rc;
	rc = raise_seq(tx, err);
	return rc < 0 ? rc : lk_journal_apply(tx->tree, journal, err);
}

static int open_lock(const struct lk_tree *tree, struct lk_err *err)
{
	int fd = openat(tree->fd, LK_LOCKFILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
			FILE_MODE);

	if (fd < 0 && errno == ENOENT)
		return lk_fail(err, LK_M_NO_TREE, tree->root, "it has no directory \"config\"");
	if (fd < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, LK_LOCKFILE);
	return fd;
}

int lk_tx_begin(struct lk_tx *tx, const struct lk_tree *tree, struct lk_err *err)
{
	*tx = (struct lk_tx){ .tree = tree, .lock_fd = open_lock(tree, err) };
	if (tx->lock_fd < 0) {
		int rc = tx->lock_fd;

		tx->lock_fd = -1;
		return rc;
	}
	int rc = take_lock(tx->lock_fd, err);
	if (rc == 0 && (rc = lk_seq_read(tx->lock_fd, &tx->seq)) < 0)
		rc = lk_fail_errno(err, -rc, "%s/%s", tree->root, LK_LOCKFILE);
	if (rc == 0)
		rc = redo_journal(tx, err);
	if (rc < 0)
		lk_tx_abort(tx);
	return rc;
}

void lk_tx_abort(struct lk_tx *tx)
{
	if (tx->lock_fd >= 0)
		close(tx->lock_fd);
	tx->lock_fd = -1;
	free(tx->file);
	tx->file = NULL;
	tx->n = tx->cap = 0;
	lk_arena_free(&tx->arena);
}

static int add_file(struct lk_tx *tx, const char *path, const char *data, size_t len,
		    struct lk_err *err)
{
	char *copy = lk_arena_dup(&tx->arena, path);

	if (strlen(path) >= LK_PATH_MAX - 6)
		return lk_fail(err, LK_M_TOO_LARGE, path, (size_t)LK_PATH_MAX - 6);
	if (tx->n == LK_TX_FILES)
		return lk_fail(err, LK_M_TOO_LARGE, "transaction", (size_t)LK_TX_FILES);
	if (tx->n == tx->cap) {
		unsigned cap = tx->cap ? tx->cap * 2 : 8;
		struct lk_tx_file *grown = realloc(tx->file, cap * sizeof(*grown));

		if (!grown)
			return lk_fail_nomem(err);
		tx->file = grown;
		tx->cap = cap;
	}
	if (!copy)
		return lk_fail_nomem(err);
	tx->file[tx->n++] = (struct lk_tx_file){ .path = copy, .data = data, .len = len };
	return 0;
}

int lk_tx_put(struct lk_tx *tx, const char *path, const struct lk_buf *data, struct lk_err *err)
{
	char *copy;

	/* what is larger could not be read again */
	if (data->len > LK_FILE_MAX)
		return lk_fail(err, LK_M_TOO_LARGE, path, LK_FILE_MAX);
	copy = data->failed ? NULL : lk_arena_alloc(&tx->arena, data->len + 1);
	if (!copy)
		return lk_fail_nomem(err);
	memcpy(copy, data->data ? data->data : "", data->len + 1);
	return add_file(tx, path, copy, data->len, err);
}

void lk_tx_like(struct lk_tx *tx, const struct stat *st)
{
	tx->file[tx->n - 1].like = *st;
	tx->file[tx->n - 1].like_set = true;
}

int lk_tx_del(struct lk_tx *tx, const char *path, struct lk_err *err)
{
	return add_file(tx, path, NULL, 0, err);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t done = write(fd, data, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		data += done;
		len -= (size_t)done;
	}
	return 0;
}

/* Owner and mode as asked for. The owner as far as it goes: on some file systems it cannot be given. */
static int set_like(int fd, const struct stat *like)
{
	(void)!fchown(fd, like->st_uid, like->st_gid);
	return fchmod(fd, like->st_mode & 07777);
}

/* Write the file's new text beside it, durably. */
static int write_temp(const struct lk_tree *tree, const struct lk_tx_file *f, struct lk_err *err)
{
	const char *path = f->path;
	char temp[LK_PATH_MAX];

	lk_tree_temp(path, temp);
	int LK_AUTO_CLOSE fd =
		openat(tree->fd, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		       FILE_MODE);
	if (fd < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, path);
	if (write_all(fd, f->data, f->len) < 0 || (f->like_set && set_like(fd, &f->like) < 0) ||
	    fsync(fd) < 0) {
		int saved = errno;

		unlinkat(tree->fd, temp, 0);	/* give the space back */
		return lk_fail_errno(err, saved, "%s/%s", tree->root, path);
	}
	return 0;
}

static void drop_temps(const struct lk_tx *tx, unsigned n)
{
	char temp[LK_PATH_MAX];

	for (unsigned i = 0; i < n; i++) {
		lk_tree_temp(tx->file[i].path, temp);
		if (tx->file[i].data)
			unlinkat(tx->tree->fd, temp, 0);
	}
}

static int write_temps(const struct lk_tx *tx, struct lk_err *err)
{
	for (unsigned i = 0; i < tx->n; i++) {
		const struct lk_tx_file *f = &tx->file[i];
		int rc = f->data ? write_temp(tx->tree, f, err) : 0;

		if (rc < 0) {
			drop_temps(tx, i);
			return rc;
		}
	}
	return 0;
}

static int put_in_place(const struct lk_tree *tree, const char *path, struct lk_err *err)
{
	char temp[LK_PATH_MAX];

	lk_tree_temp(path, temp);
	if (renameat(tree->fd, temp, tree->fd, path) < 0) {
		int saved = errno;

		unlinkat(tree->fd, temp, 0);
		return lk_fail_errno(err, saved, "%s/%s", tree->root, path);
	}
	return 0;
}

static int rename_temp(const struct lk_tree *tree, const char *path, struct lk_err *err)
{
	int rc = put_in_place(tree, path, err);

	return rc < 0 ? rc : lk_sync_dir(tree, path, err);
}

static int commit_one(const struct lk_tx *tx, struct lk_err *err)
{
	const struct lk_tx_file *f = &tx->file[0];

	if (f->data)
		return rename_temp(tx->tree, f->path, err);
	if (unlinkat(tx->tree->fd, f->path, 0) < 0 && errno != ENOENT)
		return lk_fail_errno(err, errno, "%s/%s", tx->tree->root, f->path);
	return lk_sync_dir(tx->tree, f->path, err);
}

static int write_journal(const struct lk_tx *tx, const struct lk_journal *journal,
			 struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };

	lk_journal_text(journal, &text);
	if (text.failed)
		return lk_fail_nomem(err);
	/* the names of the ".new" files must be as durable as the journal that counts on them */
	int rc = lk_journal_sync_dirs(tx->tree, journal, err);
	if (rc == 0)
		rc = write_temp(tx->tree, &(struct lk_tx_file){ .path = LK_JOURNAL, .data = text.data,
								.len = text.len }, err);
	return rc < 0 ? rc : rename_temp(tx->tree, LK_JOURNAL, err);
}

static int commit_many(struct lk_tx *tx, struct lk_err *err)
{
	struct lk_journal *journal = lk_arena_alloc(&tx->arena, sizeof(*journal));

	if (!journal)
		return lk_fail_nomem(err);
	journal->n = tx->n;
	for (unsigned i = 0; i < tx->n; i++)
		journal->op[i] = (struct lk_journal_op){ .del = !tx->file[i].data,
							 .path = tx->file[i].path };
	int rc = write_journal(tx, journal, err);
	if (rc < 0) {
		if (faccessat(tx->tree->fd, LK_JOURNAL, F_OK, 0) < 0 && errno == ENOENT)
			drop_temps(tx, tx->n);
		return rc;
	}

	/* Committed. If what follows fails, readers see the new state through the journal and the
	 * next writer finishes it: the command has still succeeded. */
	struct lk_err later;
	if (raise_seq(tx, &later) == 0)
		(void)!lk_journal_apply(tx->tree, journal, &later);
	return 0;
}

/* The renames stand together, between two raises of the counter: so few readers come in between. */
static int commit_each(struct lk_tx *tx, bool sync, struct lk_err *err)
{
	int rc = raise_seq(tx, err);

	for (unsigned i = 0; i < tx->n && rc == 0; i++)
		rc = put_in_place(tx->tree, tx->file[i].path, err);
	if (rc == 0)
		rc = raise_seq(tx, err);
	if (rc < 0)
		drop_temps(tx, tx->n);
	for (unsigned i = 0; i < tx->n && rc == 0 && sync; i++)
		rc = lk_sync_dir(tx->tree, tx->file[i].path, err);
	return rc;
}

/* All new texts beside the old ones. 1: there are some; 0: there are none; -1. */
static int stage(struct lk_tx *tx, struct lk_err *err)
{
	int rc = tx->n ? raise_seq(tx, err) : 0;

	if (rc == 0)
		rc = write_temps(tx, err);
	return rc < 0 ? rc : tx->n > 0;
}

int lk_tx_commit_each(struct lk_tx *tx, bool sync, struct lk_err *err)
{
	int rc = stage(tx, err);

	if (rc > 0)
		rc = commit_each(tx, sync, err);
	lk_tx_abort(tx);
	return rc;
}

int lk_tx_commit(struct lk_tx *tx, struct lk_err *err)
{
	int rc = stage(tx, err);

	if (rc > 0)
		rc = tx->n == 1 ? commit_one(tx, err) : commit_many(tx, err);
	lk_tx_abort(tx);
	return rc;
}
