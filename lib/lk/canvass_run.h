/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A canvass in progress: for lib/canvass*.c only. */
#ifndef LK_CANVASS_RUN_H
#define LK_CANVASS_RUN_H

#include "lk/canvass.h"
#include "lk/promise.h"
#include "lk/quiet.h"

/* One resource. */
struct lk_canvass_item {
	const char *tag;
	struct lk_promise_key key;
	struct lk_canvass canvass;
	uint32_t refused;	/* bit s: the system at that place does not grant it as it was asked */
	uint32_t silent;	/* bit s: it has not answered at all */
	struct lk_answer answer[LK_SYSTEMS_MAX];	/* of those that refused */
};

/* By what it is decided, as of one moment. */
struct lk_canvass_terms {
	bool storage;		/* not a majority grants, but all that live by the storage */
	int64_t window;		/* ns */
	int64_t lease;		/* ms */
	uint32_t generation;	/* majority: of lcm, whose terms these are */
	uint32_t knowing;	/* majority: these bar for that window if they grant */
};

struct lk_canvassing {
	const struct lk_canvass_for *what;
	struct lk_lcd lcd;	/* as of the last try */
	unsigned self, n;
	uint32_t alive;
	struct lk_fenced *fenced;	/* what has certainly ended */
	struct lk_canvass_terms terms;	/* as of the last try */
	uint32_t gone;		/* storage: these have certainly stopped */
	uint64_t left[LK_SYSTEMS_MAX];	/* storage: ms until they have */
	uint32_t held;		/* these were stopped with what they run, as of the last try */
	int64_t since;		/* storage: ... by looks that began since nobody else was promised anything here */
	struct lk_canvass_item *item;
	uint64_t *highest;	/* epochs that were refused, per resource; lasts for all tries */
	int64_t deadline;	/* ms, of our patience; 0: nothing was waited for yet */
	bool brief;		/* ... when nothing but confirmations was waited for */
	unsigned tries;
};

/* Ask those who have not answered, all at the same time. 0; 1: there is nobody; -1, -3. */
int lk_canvass_round(struct lk_canvassing *c, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Storage mode: who has stopped, as of now. */
void lk_canvass_find_gone(struct lk_canvassing *c) LK_NONNULL(1);

bool lk_canvass_item_won(const struct lk_canvassing *c, const struct lk_canvass_item *item, int64_t now)
	LK_NONNULL(1, 2);

/* Why is it not granted? */
struct lk_canvass_verdict {
	enum { LK_CANVASS_NO, LK_CANVASS_BUSY, LK_CANVASS_WAIT } what;	/* for ever, for a moment, for wait ms */
	const char *tag;	/* the first one that is not */
	int64_t wait, longest;	/* until the first, and all, may have stopped */
	bool soon;		/* only confirmations are waited for */
	char why[700];
};
void lk_canvass_judge(const struct lk_canvassing *c, struct lk_canvass_verdict *verdict) LK_NONNULL(1, 2);

#endif
