/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lock files: files of one line, anywhere in the file system, written whole and durably. */
#ifndef LK_LOCKFILE_H
#define LK_LOCKFILE_H

#include <stddef.h>
#include <sys/types.h>

#include "lk/err.h"

/* The line, without its newline. 1; 0: there is no such file; -1; -3: it is not such a file. */
int lk_lockfile_read(const char *path, char *line, size_t size, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 4);

/* Write or replace it. 0 or -1. */
int lk_lockfile_write(const char *path, const char *line, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Take path as a lock for a process: of several who try, one gets it; a lock whose holder has ended is
 * replaced. 0: taken, or held by that process already; -1: LK_M_LOCKF_HELD, or a call failed; -3: the
 * file is not a lock file. */
int lk_lockfile_take(const char *path, pid_t pid, struct lk_err *err) LK_MUST LK_NONNULL(1, 3);

#endif
