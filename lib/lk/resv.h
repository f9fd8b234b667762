/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Respecting what other processes have reserved (spec/core.md 3.11.5, step 5). */
#ifndef LK_RESV_H
#define LK_RESV_H

#include <stdbool.h>
#include <stdint.h>

#include "lk/lcd.h"
#include "lk/notice.h"
#include "lk/wait.h"

/* Is the holder a running process that is neither ours nor one that waits for us? */
bool lk_holder_foreign(const struct lk_holder *holder) LK_NONNULL(1);

/* A wait for others to finish. Zeroed at first, then begin; at each look that finds the instance taken,
 * lk_resv_nap(); at last end. */
struct lk_resv_wait {
	struct lk_wait wait;
	int64_t deadline;	/* 0: nothing was waited for yet */
	const struct lk_notice *notice;
};

/* Sleep a little. 1: look again; 0: RESERVETIMEOUT is over, do not wait any longer; -1:
 * interrupted; -3, -5: the tunable is damaged. The caller must not hold the tree lock. */
int lk_resv_nap(struct lk_resv_wait *wait, const struct lk_tree *tree, const char *tag, pid_t pid,
		struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 5);

#endif
