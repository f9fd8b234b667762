/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tunables: KEY=VALUE lines of $LKROOT/etc/default/LifeKeeper, in shell syntax without expansions.
 * The file is read at each call, so that an edit counts at once. A file that is not there sets
 * nothing; a file with a bad line sets nothing either, and that is an error.
 */
#ifndef LK_TUNABLE_H
#define LK_TUNABLE_H

#include <stddef.h>

#include "lk/tree.h"

#define LK_TUNABLES "etc/default/LifeKeeper"
#define LK_TUNABLE_MAX 1024		/* room for any value, with its NUL */

/* The value of key, the last one if it is set more than once, into value[0..size-1]. 1: found; 0: not
 * set; -1: cannot be read; -3: a bad line (file and line in err), or a value longer than size - 1. */
int lk_tunable(const struct lk_tree *tree, const char *key, char *value, size_t size,
	       struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 5);

/* A whole number from min to max. 1: found and set; 0: not set, *number is left alone; -5: not
 * such a number; else as above. */
int lk_tunable_number(const struct lk_tree *tree, const char *key, unsigned long long min,
		      unsigned long long max, unsigned long long *number, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 5, 6);

#endif
