/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The global scripts (spec/core.md 3.9.4): before and after operations on resources of any type the
 * scripts pre<kind> and post<kind> of subsys/lifekeeper/actions and then of every application run,
 * in the order of the applications' names. The flag !<kind> says that post scripts are due.
 */
#ifndef LK_GLOBAL_H
#define LK_GLOBAL_H

#include "lk/notice.h"
#include "lk/err.h"

enum lk_global_kind { LK_GLOBAL_RESTORE, LK_GLOBAL_REMOVE, LK_GLOBAL_DELETE };
extern const char *const lk_global_names[];	/* "restore", ..., NULL */

struct lk_global {
	enum lk_global_kind kind;
	char *const *args;		/* for the scripts, NULL-terminated */
	const char *prog;		/* who logs */
	const struct lk_notice *notice;	/* failed scripts; may be NULL */
};

/* Set the flag and run the pre scripts. The number of scripts that failed, or negative: interrupted,
 * or the tree cannot be read or written. */
int lk_global_pre(const struct lk_global *global, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* If the flag is set: take the admin lock (unless the first argument is -m: the caller has it), run the
 * post scripts here and on the systems of the flags !<kind>!<uname>, remove the flags. The flag of a
 * system that does not answer stays. Result as above; -4 if our own operation holds the lock. */
int lk_global_post(const struct lk_global *global, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* The same for who may be part of an operation that holds the lock: the scripts are told so then, by -m. */
int lk_global_post_within(const struct lk_global *global, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

#endif
