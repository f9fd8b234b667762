/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saying that a shared resource is in service here without having restored it: by hand, or since something else has
 * started it. Where a restore needs the grant of a majority (lk/canvass.h) that needs it, too.
 */
#ifndef LK_CLAIM_H
#define LK_CLAIM_H

#include <stdbool.h>

#include "lk/promise.h"

#define LK_T_CLAIM LK_T_GRANT

struct lk_claim {
	bool needed;		/* the quorum mode asks for it */
	const char **tag;	/* granted, and their epochs */
	uint64_t *epoch;
	unsigned n;
};

/* Get what the tags need, in a lock-free moment: not for those that are in service here already, are not shared, or are
 * being restored here, which has the grant. Free it also after an error. 0; -1; -3: not granted, or no quorum. */
struct lk_claim_for {
	const char *const *tag;
	unsigned n;
	bool patient;		/* as in lk/canvass.h */
	const char *prog;
};
int lk_claim_get(const struct lk_claim_for *what, struct lk_claim *claim, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);
void lk_claim_free(struct lk_claim *claim) LK_NONNULL(1);

/* In the transaction (LK_T_CLAIM), before the state is set: does it cover the instance still? 0; -1; -3. */
int lk_claim_check(const struct lk_claim *claim, struct lk_lcd *lcd, const struct lk_ins *ins, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);

#endif
