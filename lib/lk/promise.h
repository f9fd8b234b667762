/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this system has promised for shared resources (lk/grant.h), and the words in which candidates ask for
 * it and are answered: record files, lk-records(5), of the kinds "ask" and "answer".
 *
 * A resource may have another tag on each system. Its key is the tag that the first of its systems, by name, has
 * for it. Sets of systems are bits by their place in lcd->sys; other systems have other places, so
 * that only names go over the wire. A name that is not known here does not matter: it gets no heartbeats.
 */
#ifndef LK_PROMISE_H
#define LK_PROMISE_H

#include "lk/buf.h"
#include "lk/grant.h"
#include "lk/lcd.h"

#define LK_T_GRANT (LK_T_INS | LK_T_EQV | LK_T_SYS | LK_T_EPOCH | LK_T_PROMISE | LK_T_FLG)

struct lk_promise_key {
	const char *sys, *tag;
};

/* The key of a local instance. Needs LK_T_EQV and LK_T_SYS; the strings are the LCD's. */
void lk_promise_key(const struct lk_lcd *lcd, const char *tag, struct lk_promise_key *key)
	LK_NONNULL(1, 2, 3);

/* The tag here, or NULL: this system has no instance of it. */
const char *lk_promise_own(const struct lk_lcd *lcd, const struct lk_promise_key *key) LK_NONNULL(1, 2);

/* What is known here of the resource, but for who is quiet: an owner that the record names has won it.
 * Needs LK_T_GRANT. */
void lk_promise_here(const struct lk_lcd *lcd, const struct lk_promise_key *key,
		     struct lk_grant_here *here) LK_NONNULL(1, 2, 3);

/* Note it, in a transaction; the strings are copied. 0 or -1. */
int lk_promise_put(struct lk_lcd *lcd, const struct lk_promise_key *key, const struct lk_promise *promise,
		   struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4);

/* ---- systems ---- */

unsigned lk_promise_self(const struct lk_lcd *lcd) LK_NONNULL(1);
uint32_t lk_promise_set(const struct lk_lcd *lcd, const char *names) LK_NONNULL(1, 2);
void lk_promise_names(const struct lk_lcd *lcd, uint32_t set, struct lk_buf *names) LK_NONNULL(1, 3);

/* ---- words ---- */

struct lk_ask {
	struct lk_promise_key key;
	uint64_t epoch;
	uint32_t suspects, released;
	const char *systems;	/* all that the candidate knows, separated by blanks; NULL: it does not say (older releases) */
	const uint64_t *fenced;	/* LK_SYSTEMS_MAX incarnations that have certainly ended, in the order of lcd->sys; 0: none */
};

#define LK_ANSWER_OWN (-1)
#define LK_ANSWER_STRANGER (-2)
struct lk_answer {
	struct lk_promise_key key;
	struct lk_grant_answer answer;
	int from;		/* the system at that place of lcd->sys, which was asked in turn; LK_ANSWER_OWN: who was asked;
				 * LK_ANSWER_STRANGER: one that is not known here */
	uint64_t wait;		/* ms until all of answer.who will be quiet, if they are not heard of again */
};

void lk_ask_write(const struct lk_lcd *lcd, const struct lk_ask *ask, unsigned n, struct lk_buf *buf)
	LK_NONNULL(1, 4);
void lk_answer_write(const struct lk_lcd *lcd, const struct lk_answer *answer, unsigned n,
		     struct lk_buf *buf) LK_NONNULL(1, 4);

/* text is NUL-terminated and changed, the strings point into it; *list is the LCD's. 0, -1, or -3: it
 * cannot be understood. */
int lk_ask_read(struct lk_lcd *lcd, struct lk_buf *text, struct lk_ask **list, unsigned *n,
		struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4, 5);
int lk_answer_read(struct lk_lcd *lcd, struct lk_buf *text, struct lk_answer **list, unsigned *n,
		   struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4, 5);

#endif
