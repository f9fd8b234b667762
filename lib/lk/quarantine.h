/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time after a loss of quorum in which a system keeps away from the others (spec/core.md 6.2):
 * $LKROOT/run/quarantine. lkinit has stopped all daemons meanwhile. It outlives lkinit, but not the machine's boot, and lkstop ends it.
 */
#ifndef LK_QUARANTINE_H
#define LK_QUARANTINE_H

#include <stdint.h>

#include "lk/tree.h"

#define LK_QUARANTINE_FILE "run/quarantine"

/* Begin, or begin anew; lkinit acts on it at its next HUP. 0 or -1. */
int lk_quarantine_begin(const struct lk_tree *tree, unsigned long long seconds, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 3);

/* 1: milliseconds left, at least 1; 0: there is none; -3: the file is damaged; -1. */
int lk_quarantine_left(const struct lk_tree *tree, int64_t *ms, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* Remove the file, if there is one. */
void lk_quarantine_end(const struct lk_tree *tree) LK_NONNULL(1);

#endif
