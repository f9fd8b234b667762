/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A candidate's questions on their way to other systems, and the answers: for canvasses, and for who passes them on. */
#ifndef LK_BALLOT_H
#define LK_BALLOT_H

#include "lk/promise.h"

struct lk_ballot {
	unsigned sys;			/* who is asked */
	struct lk_ask *ask;
	unsigned n;
	/* results: its own answers, and of those whom it has asked in turn; the LCD's, but for the strings */
	struct lk_answer *answer;
	unsigned nanswers;
	char why[LK_ERR_TEXT + 80];	/* there is no answer; empty: there is */
	/* between lk_ballot_ask() and lk_ballot_free() */
	struct lk_buf input, output, errors;
	size_t at;
};

struct lk_ballot_way {
	const char *candidate;
	const char *pass;	/* systems whom the asked ones shall ask in turn, if need be; NULL or empty: none */
	unsigned limit;		/* ms; an answer that comes later is none. Who passes on takes half of it at most */
};

/* Ask all of them at the same time. Free the ballots also after an error. 0 or -1. */
int lk_ballot_ask(struct lk_lcd *lcd, struct lk_ballot *list, unsigned n, const struct lk_ballot_way *way,
		  struct lk_err *err) LK_MUST LK_NONNULL(1, 4, 5);
void lk_ballot_free(struct lk_ballot *list, unsigned n);

/* This system has answered the ballot's questions with "answer". Those systems of "pass" that may run something of them
 * by that, and that are reached from here, are asked in turn, within "limit" ms: what they answer is
 * ballot[].answer, one ballot for each of the *n (LK_SYSTEMS_MAX at most). 0 or -1. */
struct lk_ballot_pass {
	const char *candidate, *pass;
	unsigned limit;
	const struct lk_ask *ask;
	const struct lk_answer *answer;
	unsigned n;		/* of both */
};
int lk_ballot_pass(struct lk_lcd *lcd, const struct lk_ballot_pass *what, struct lk_ballot *list, unsigned *n,
		   struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4, 5);

#endif
