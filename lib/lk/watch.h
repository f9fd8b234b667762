/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that a kit has registered: when one of them ends, its resource is checked at once. One file per
 * resource in run/watch: its tag, then a line "pid start boot" per process.
 */
#ifndef LK_WATCH_H
#define LK_WATCH_H

#include "lk/lcd.h"

#define LK_WATCH_DIR "run/watch"
#define LK_WATCH_MAX 64		/* processes of one resource */
#define LK_WATCH_BOOT 40	/* a boot's id, with its NUL */

struct lk_watch {
	char tag[260];		/* "": there is no record, or it is damaged */
	struct lk_holder process[LK_WATCH_MAX];
	unsigned n;		/* those of former boots are left out */
};

/* The record in a file of run/watch. 0; -1, -3. */
int lk_watch_read(const struct lk_tree *tree, const char *name, struct lk_watch *watch, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);

/* Add running processes to the record of a tag; those that have ended are dropped from it. 0; -1; -6 too
 * many; -7 a process does not run. */
int lk_watch_add(const struct lk_tree *tree, const char *tag, const pid_t *pid, size_t n,
		 struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 5);

/* Forget the record; without one nothing happens. 0 or -1. */
int lk_watch_drop(const struct lk_tree *tree, const char *tag, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

#endif
