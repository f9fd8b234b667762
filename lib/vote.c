/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This system's answers to a candidate. */
#include "lk/vote.h"

#include <string.h>

#include "lk/fenced.h"
#include "lk/msg.h"
#include "lk/quiet.h"
#include "lk/poison.h"

struct vote {
	struct lk_lcd lcd;		/* in the transaction */
	struct lk_quiet quiet;
	unsigned candidate;
	const struct lk_ask *ask;
	struct lk_answer *answer;
	unsigned n;
};

/* Whoever may run something of it, and so may have to be quiet. */
static uint32_t find_runners(const struct lk_lcd *lcd, const struct vote *vote)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < vote->n; i++) {
		struct lk_grant_here here;

		lk_promise_here(lcd, &vote->ask[i].key, &here);
		uint32_t known = vote->ask[i].suspects | here.promise.runners;

		if (here.owner >= 0)
			known |= UINT32_C(1) << here.owner;
		set |= known & ~vote->ask[i].released;
	}
	return set & ~(UINT32_C(1) << lk_promise_self(lcd) | UINT32_C(1) << vote->candidate);
}

/* The questions speak of the systems by their places. */
static bool same_systems(const struct lk_lcd *a, const struct lk_lcd *b)
{
	bool same = a->nsys == b->nsys;

	for (size_t i = 0; i < a->nsys && same; i++)
		same = !strcmp(a->sys[i].name, b->sys[i].name);
	return same;
}

/* A majority of other systems need not have a member in common with one of ours. */
static int check_members(const struct lk_lcd *lcd, const char *candidate, const char *theirs, struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF ours = { 0 };
	uint32_t common = lk_promise_set(lcd, theirs);
	size_t n = 0, shared = 0;

	for (const char *at = theirs; *at; at += strcspn(at, " "), at += strspn(at, " "))
		n++;
	for (size_t i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++)
		shared += common >> i & 1;
	if (n == lcd->nsys && shared == n)
		return 0;
	lk_promise_names(lcd, UINT32_MAX, &ours);
	return ours.failed ? lk_fail_nomem(err) : lk_fail(err, LK_M_GRANT_MEMBERS, candidate, theirs, ours.data);
}

/* Two names for one resource would be two promises. */
static int check_key(const struct vote *vote, const struct lk_promise_key *key, struct lk_err *err)
{
	const char *tag = lk_promise_own(&vote->lcd, key);
	struct lk_promise_key own;

	if (!tag)
		return 0;
	lk_promise_key(&vote->lcd, tag, &own);
	if (!strcmp(own.sys, key->sys) && !strcmp(own.tag, key->tag))
		return 0;
	return lk_fail(err, LK_M_GRANT_KEY, tag, vote->lcd.sys[vote->candidate].name);
}

static uint64_t longest(const struct lk_quiet *quiet, uint32_t who)
{
	uint64_t wait = 0;

	for (unsigned i = 0; i < LK_SYSTEMS_MAX; i++)
		if (who & UINT32_C(1) << i && quiet->wait[i] > wait)
			wait = quiet->wait[i];
	return wait;
}

static int answer_one(struct vote *vote, unsigned i, struct lk_err *err)
{
	const struct lk_ask *ask = &vote->ask[i];
	struct lk_grant_ask question = { .candidate = vote->candidate, .epoch = ask->epoch,
					 .suspects = ask->suspects, .released = ask->released };
	struct lk_grant_here here;
	int rc = check_key(vote, &ask->key, err);

	if (rc < 0)
		return rc;
	lk_promise_here(&vote->lcd, &ask->key, &here);
	here.quiet = vote->quiet.set;
	const struct lk_promise before = here.promise;
	vote->answer[i] = (struct lk_answer){ .key = ask->key, .answer = lk_grant(&question, &here),
					      .from = LK_ANSWER_OWN };
	vote->answer[i].wait = longest(&vote->quiet, vote->answer[i].answer.who);
	bool kept = here.promise.epoch == before.epoch && here.promise.candidate == before.candidate &&
		    here.promise.runners == before.runners;
	/* also who is refused has our release */
	return kept ? 0 : lk_promise_put(&vote->lcd, &ask->key, &here.promise, err);
}

static int answer_all(struct vote *vote, const struct lk_lcd *read, struct lk_err *err)
{
	int rc = lk_lcd_begin(&vote->lcd, LK_T_GRANT, err);

	if (rc == 0 && !same_systems(read, &vote->lcd))
		return lk_fail(err, LK_M_GRANT_SYSTEMS);
	if (rc == 0)
		rc = lk_quiet_note(&vote->lcd.tree, vote->lcd.sys[vote->candidate].name, err);
	for (unsigned i = 0; i < vote->n && rc == 0; i++)
		rc = answer_one(vote, i, err);
	return rc == 0 && vote->lcd.dirty ? lk_lcd_commit(&vote->lcd, err) : rc;
}

int lk_vote(struct lk_lcd *lcd, const char *candidate, const struct lk_ask *ask, unsigned n,
	    struct lk_answer *answer, struct lk_err *err)
{
	struct vote vote = { .lcd = LK_LCD_INIT, .ask = ask, .answer = answer, .n = n };
	struct lk_quiet_ended ended = { .said = { 0 } };
	size_t at = 0;

	while (at < lcd->nsys && at < LK_SYSTEMS_MAX && strcmp(lcd->sys[at].name, candidate) != 0)
		at++;
	if (at == lcd->nsys || at == LK_SYSTEMS_MAX)
		return lk_fail(err, LK_M_NO_SYS, candidate);
	vote.candidate = (unsigned)at;
	/* one candidate knows the same of all its questions */
	int rc = n && ask->systems ? check_members(lcd, candidate, ask->systems, err) : 0;
	if (rc < 0)
		return rc;
	if (n)
		memcpy(ended.said, ask->fenced, sizeof(ended.said));
	lk_fenced_here(lcd, &ended.here);
	rc = lk_quiet_bar(lcd, find_runners(lcd, &vote), &ended, &vote.quiet, err);
	if (rc == 0)
		rc = answer_all(&vote, lcd, err);
	lk_lcd_close(&vote.lcd);
	return rc;
}
