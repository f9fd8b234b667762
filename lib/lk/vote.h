/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This system's answers to a candidate (lk/grant.h): for lk_grant, and for the own vote. */
#ifndef LK_VOTE_H
#define LK_VOTE_H

#include "lk/promise.h"

/* Answer n questions of a candidate, all in one change. lcd was read with LK_T_GRANT, and the questions
 * with it. A candidate that knows other systems than this one gets no promise. What is promised is on stable storage, and who may not be confirmed is barred. 0; -1; -3;
 * -7 an unknown candidate. */
int lk_vote(struct lk_lcd *lcd, const char *candidate, const struct lk_ask *ask, unsigned n,
	    struct lk_answer *answer, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 6);

#endif
