/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time after a loss of quorum in which a system keeps away from the others (spec/core.md 6.2):
 * $LKROOT/run/quarantine. lkinit has stopped all daemons meanwhile. It outlives lkinit, but not the machine's boot, after
 * which nothing is in service, and lkstop ends it.
 *
 * Before anything is taken out of service for it the intention is written: who is killed meanwhile, or cannot write it
 * when all has been taken out, leaves nothing in service that would tell it to the next one. lkinit makes the file
 * when it starts, and it is written in place, so that a disk which is full by then does no harm.
 */
#ifndef LK_QUARANTINE_H
#define LK_QUARANTINE_H

#include <stdint.h>

#include "lk/tree.h"

#define LK_QUARANTINE_FILE "run/quarantine"

/* Make room for it on the disk, where that was not done in this boot. 0 or -1. */
int lk_quarantine_prepare(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* There is to be one as soon as nothing is in service. What did not become one in that time will not. 0 or -1. */
int lk_quarantine_intend(const struct lk_tree *tree, unsigned long long seconds, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 3);

/* Is there to be one, or is there one that lkinit may not have been told of? 1; 0; -3: the file is damaged; -1. */
int lk_quarantine_intended(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Begin, or begin anew; lkinit acts on it at its next HUP. 0 or -1. */
int lk_quarantine_begin(const struct lk_tree *tree, unsigned long long seconds, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 3);

/* 1: milliseconds left, at least 1; 0: there is none; -3: the file is damaged; -1. */
int lk_quarantine_left(const struct lk_tree *tree, int64_t *ms, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* Neither is there one any more, nor is there to be one. 0 or -1. */
int lk_quarantine_end(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

#endif
