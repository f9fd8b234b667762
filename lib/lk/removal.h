/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removing instances (spec/core.md 3.3.4): what is selected, all that depends on it, and with roots
 * what only they need; parents first, each after its delete script.
 *
 * While it works the instances are marked with the process of the outermost ins_remove, so that the
 * calls that its delete scripts make skip them. run/removal remembers which roots a process removes:
 * the root goes first, and after a kill the same call must still find the rest.
 */
#ifndef LK_REMOVAL_H
#define LK_REMOVAL_H

#include <stdbool.h>

#include "lk/notice.h"
#include "lk/err.h"

struct lk_removal {
	const char *roots;		/* tags separated by 0x01, or NULL */
	const char *app, *type, *tag, *id;	/* filters, or NULL; combined with AND */
	bool nested;			/* leave the marks of dead processes alone */
	const char *prog;		/* who logs */
	const struct lk_notice *notice;	/* may be NULL */
	void (*removed)(void *arg, const char *tag);	/* after each instance; may be NULL */
	void *arg;
};

/* Is there anything to remove? 0; -7: an unknown name, or nothing matches; else an error. */
int lk_removal_check(const struct lk_removal *what, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Remove. 0: all are gone, or are being removed by the call whose script we are; -7 as above; -8: some
 * are kept; -1: interrupted, and others. Can be repeated after any of these. */
int lk_removal_run(const struct lk_removal *what, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

#endif
