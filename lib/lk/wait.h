/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting by polling, with TERM, INT and HUP as an orderly end of it. */
#ifndef LK_WAIT_H
#define LK_WAIT_H

#include <signal.h>
#include <stdint.h>

#include "lk/err.h"

#define LK_WAIT_MS 100

struct lk_wait {
	sigset_t signals, old_mask;
};

/* Block the signals (those that the process does not ignore), until lk_wait_end(). */
void lk_wait_begin(struct lk_wait *wait) LK_NONNULL(1);
void lk_wait_end(const struct lk_wait *wait) LK_NONNULL(1);

/* Sleep for LK_WAIT_MS. 0, or -1 with LK_M_INTERRUPTED when one of the signals came. */
int lk_wait_nap(const struct lk_wait *wait, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* The same signals, for others who block them. */
void lk_wait_signals(sigset_t *set) LK_NONNULL(1);

/* Milliseconds of the monotonic clock. */
int64_t lk_now_ms(void);

#endif
