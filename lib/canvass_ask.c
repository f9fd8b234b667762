/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A canvass: asking, and what the answers mean. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/ballot.h"
#include "lk/canvass_run.h"
#include "lk/held.h"
#include "lk/lease.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/vote.h"
#include "lk/poison.h"

#define MS 1000000

/* What one system is asked. */
struct question {
	struct lk_ballot ballot;
	unsigned *item;			/* the numbers of ballot.ask */
	struct lk_canvass_sent *sent;	/* beside item */
};

static uint32_t bit(unsigned sys)
{
	return UINT32_C(1) << sys;
}

/* ---- winning ---- */

void lk_canvass_find_gone(struct lk_canvassing *c)
{
	struct lk_quiet_ended ended = { .since = c->since };
	struct lk_quiet quiet;
	struct lk_err ignored;

	c->gone = 0;
	ended.here = *c->fenced;
	if (!c->terms.storage || lk_quiet_storage(&c->lcd, &ended, &quiet, &ignored) < 0)
		return;
	c->gone = quiet.set;
	memcpy(c->left, quiet.wait, sizeof(c->left));
}

bool lk_canvass_item_won(const struct lk_canvassing *c, const struct lk_canvass_item *item, int64_t now)
{
	return c->terms.storage ? lk_canvass_won_all(&item->canvass, c->gone, now, c->terms.window) :
			    lk_canvass_won(&item->canvass, c->terms.knowing, now, c->terms.window);
}

/* ---- asking ---- */

/* A note of lkstop -f refuses it here, and those that it speaks of can be asked: only their release helps, and a yes of
 * others would but keep them from the lease that they need to take the note back. */
static bool is_for_others(const struct lk_canvassing *c, const struct lk_canvass_item *item, unsigned sys)
{
	const struct lk_answer *own = &item->answer[c->self];

	return item->refused & bit(c->self) && own->wait >= LK_HELD_WAIT && !(own->answer.who & ~c->alive) &&
	       sys != c->self && !(own->answer.who & bit(sys));
}

static bool is_pending(const struct lk_canvassing *c, const struct lk_canvass_item *item, unsigned sys)
{
	if (is_for_others(c, item, sys))
		return false;
	return c->alive & bit(sys) && !item->canvass.asked[sys] && !((item->refused | item->silent) & bit(sys)) &&
	       !lk_canvass_item_won(c, item, lk_lease_now());
}

static int make_question(struct question *q, struct lk_canvassing *c, unsigned sys, struct lk_err *err)
{
	struct lk_arena *arena = &c->lcd.arena;
	struct lk_ballot *b = &q->ballot;

	*q = (struct question){ .ballot.sys = sys };
	q->item = lk_arena_alloc(arena, (c->n + 1) * sizeof(*q->item));
	b->ask = lk_arena_alloc(arena, (c->n + 1) * sizeof(*b->ask));
	q->sent = lk_arena_alloc(arena, (c->n + 1) * sizeof(*q->sent));
	if (!q->item || !b->ask || !q->sent)
		return lk_fail_nomem(err);
	for (unsigned i = 0; i < c->n; i++) {
		const struct lk_canvass_item *item = &c->item[i];
		const struct lk_grant_ask *ask = &item->canvass.ask;

		if (!is_pending(c, item, sys))
			continue;
		q->item[b->n] = i;
		q->sent[b->n] = (struct lk_canvass_sent){ .when = lk_lease_now(), .suspects = ask->suspects };
		b->ask[b->n++] = (struct lk_ask){ .key = item->key, .epoch = ask->epoch,
						  .suspects = ask->suspects, .released = ask->released,
						  .fenced = c->fenced->incarnation };
	}
	return 0;
}

/* ---- answers ---- */

/* Who was waited for and has released it since may be asked about again. */
static void forget_refusals(const struct lk_canvassing *c, struct lk_canvass_item *item)
{
	for (unsigned sys = 0; sys < c->lcd.nsys; sys++) {
		const struct lk_grant_answer *said = &item->answer[sys].answer;

		if (item->refused & bit(sys) && said->grant == LK_GRANT_ALIVE &&
		    !(said->who & ~item->canvass.ask.released))
			item->refused &= ~bit(sys);
	}
}

static void take_answer(struct lk_canvassing *c, const struct question *q, unsigned k, const struct lk_answer *answer)
{
	struct lk_canvass_item *item = &c->item[q->item[k]];
	/* one that it has asked in turn has answered what we have asked */
	unsigned from = answer->from == LK_ANSWER_OWN ? q->ballot.sys : (unsigned)answer->from;
	bool settled = lk_canvass_answer(&item->canvass, from, &q->sent[k], &answer->answer);

	if (settled && answer->answer.grant != LK_GRANT_YES) {
		item->answer[from] = *answer;
		item->refused |= bit(from);
	}
	forget_refusals(c, item);
}

static void take_silence(struct lk_canvassing *c, const struct question *q)
{
	char text[LK_ERR_TEXT + 300];
	struct lk_log_line line = { .level = LK_LOG_WARN, .prog = c->what->prog, .pid = getpid(),
				    .component = "quorum", .action = "restore",
				    .number = LK_M_NUMBER(LK_M_LOG_NO_ANSWER), .text = text };
	struct lk_err ignored;

	snprintf(text, sizeof(text), "system \"%s\" has not answered whether it grants: %s",
		 c->lcd.sys[q->ballot.sys].name, q->ballot.why);
	lk_log(&c->lcd.tree, &line, &ignored);
}

/* Answers come in the order of the questions, but nothing depends on that. */
static void take_answers(struct lk_canvassing *c, const struct question *q)
{
	const struct lk_ballot *b = &q->ballot;

	if (*b->why)
		take_silence(c, q);
	for (unsigned k = 0; k < b->n; k++) {
		const struct lk_promise_key *key = &b->ask[k].key;
		bool any = false;

		for (unsigned i = 0; i < b->nanswers; i++) {
			const struct lk_answer *answer = &b->answer[i];

			if (strcmp(answer->key.sys, key->sys) != 0 || strcmp(answer->key.tag, key->tag) != 0 ||
			    answer->from == LK_ANSWER_STRANGER || answer->from == (int)c->self)
				continue;
			any = any || answer->from == LK_ANSWER_OWN;
			take_answer(c, q, k, answer);
		}
		if (!any)
			c->item[q->item[k]].silent |= bit(b->sys);
	}
}

/* ---- the others ---- */

/* Whom those that we reach shall ask for us. */
static int unreached(const struct lk_canvassing *c, struct lk_buf *names)
{
	lk_promise_names(&c->lcd, ~c->alive & ~c->gone & ~bit(c->self), names);
	return names->failed ? -1 : 0;
}

static int ask_others(struct lk_canvassing *c, struct question *q, unsigned n, struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF pass = { 0 };
	struct lk_ballot list[LK_SYSTEMS_MAX];
	/* an answer that comes later is none */
	struct lk_ballot_way way = { .candidate = c->lcd.local, .limit = (unsigned)(c->terms.window / MS * 3 / 4) + 1 };

	if (unreached(c, &pass) < 0)
		return lk_fail_nomem(err);
	way.pass = pass.data;
	for (unsigned i = 0; i < n; i++)
		list[i] = q[i].ballot;
	int rc = lk_ballot_ask(&c->lcd, list, n, &way, err);
	for (unsigned i = 0; i < n && rc == 0; i++) {
		q[i].ballot = list[i];
		take_answers(c, &q[i]);
	}
	lk_ballot_free(list, n);
	return rc;
}

/* ---- ourselves ---- */

static int ask_self(struct lk_canvassing *c, struct question *q, struct lk_err *err)
{
	struct lk_ballot *b = &q->ballot;
	struct lk_answer *answer = lk_arena_alloc(&c->lcd.arena, (b->n + 1) * sizeof(*answer));

	if (!answer)
		return lk_fail_nomem(err);
	int rc = lk_vote(&c->lcd, c->lcd.local, b->ask, b->n, answer, err);
	for (unsigned k = 0; k < b->n && rc == 0; k++)
		take_answer(c, q, k, &answer[k]);
	return rc;
}

int lk_canvass_round(struct lk_canvassing *c, struct lk_err *err)
{
	struct question q[LK_SYSTEMS_MAX], self;
	unsigned n = 0;
	int rc = make_question(&self, c, c->self, err);

	if (rc == 0 && self.ballot.n)
		rc = ask_self(c, &self, err);
	for (unsigned sys = 0; sys < c->lcd.nsys && rc == 0; sys++) {
		if (sys == c->self)
			continue;
		rc = make_question(&q[n], c, sys, err);
		n += rc == 0 && q[n].ballot.n;
	}
	if (rc == 0 && n)
		rc = ask_others(c, q, n, err);
	return rc < 0 ? rc : !n && !self.ballot.n;
}

/* ---- what it means ---- */

struct judging {
	const struct lk_canvassing *c;
	struct lk_canvass_verdict *verdict;
	struct lk_buf why;
	bool here, busy, alive, unknowing;
};

static void add_why(struct judging *j, unsigned sys, const char *what)
{
	lk_buf_addf(&j->why, "%s%s: %s", j->why.len ? "; " : "", j->c->lcd.sys[sys].name, what);
}

static void add_wait(struct lk_canvass_verdict *verdict, uint64_t ms)
{
	int64_t wait = (int64_t)ms + 1;

	if (!verdict->wait || wait < verdict->wait)
		verdict->wait = wait;
	if (wait > verdict->longest)
		verdict->longest = wait;
}

static void judge_alive(struct judging *j, unsigned sys, const struct lk_answer *answer)
{
	struct lk_buf LK_AUTO_BUF who = { 0 };
	struct lk_buf LK_AUTO_BUF text = { 0 };
	struct lk_canvass_verdict *v = j->verdict;

	lk_promise_names(&j->c->lcd, answer->answer.who, &who);
	if (answer->wait >= LK_HELD_WAIT)
		lk_buf_addf(&text, "%s may have it in service, and was stopped with that, or holds itself to no lease", who.data ? who.data : "?");
	else
		lk_buf_addf(&text, "%s may have it in service for %.1f s more", who.data ? who.data : "?",
			    (double)answer->wait / 1000);
	if (text.data)
		add_why(j, sys, text.data);
	/* that does not pass; but one that is back can be asked, and has not answered in time */
	if (answer->wait >= LK_HELD_WAIT) {
		if (answer->answer.who & j->c->alive)
			j->busy = true;
		else
			j->here = true;
		return;
	}
	/* whoever can be asked has not answered in time */
	if (answer->answer.who & j->c->alive)
		j->busy = true;
	j->alive = true;
	add_wait(v, answer->wait);
}

/* Storage mode: it cannot be asked, and lives or has lived until lately. */
static void judge_unreached(struct judging *j, unsigned sys)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };
	uint64_t wait = j->c->left[sys];

	lk_buf_addf(&text, "it is not reached, and by the storage may run for %.1f s more", (double)wait / 1000);
	if (text.data)
		add_why(j, sys, text.data);
	j->alive = true;
	add_wait(j->verdict, wait);
}

/* It grants, and may not bar for as long as we collect: its next confirmation tells. */
static void judge_unknowing(struct judging *j, unsigned sys)
{
	add_why(j, sys, "it has not confirmed yet that it knows the times of this system");
	j->unknowing = true;
	add_wait(j->verdict, (uint64_t)j->c->terms.lease / 4);
}

static void judge_system(struct judging *j, const struct lk_canvass_item *item, unsigned sys)
{
	const struct lk_answer *answer = &item->answer[sys];

	if (!j->c->terms.storage && item->canvass.asked[sys] && sys != j->c->self && !(j->c->terms.knowing & bit(sys))) {
		judge_unknowing(j, sys);
		return;
	}
	if (item->silent & bit(sys)) {
		j->busy = true;
		add_why(j, sys, "no answer");
		return;
	}
	if (j->c->terms.storage && !((j->c->alive | j->c->gone) & bit(sys))) {
		judge_unreached(j, sys);
		return;
	}
	if (!(item->refused & bit(sys)))
		return;
	switch (answer->answer.grant) {
	case LK_GRANT_OLD:
		j->busy = true;
		add_why(j, sys, "another system was faster");
		break;
	case LK_GRANT_HERE:
		j->here = true;
		add_why(j, sys, "it is in service there");
		break;
	default:
		judge_alive(j, sys, answer);
	}
}

void lk_canvass_judge(const struct lk_canvassing *c, struct lk_canvass_verdict *verdict)
{
	struct judging j = { .c = c, .verdict = verdict };
	int64_t now = lk_lease_now();
	unsigned i = 0;

	*verdict = (struct lk_canvass_verdict){ .what = LK_CANVASS_NO, .tag = c->item[0].tag };
	while (i < c->n && lk_canvass_item_won(c, &c->item[i], now))
		i++;
	if (i < c->n) {
		verdict->tag = c->item[i].tag;
		for (unsigned sys = 0; sys < c->lcd.nsys; sys++)
			judge_system(&j, &c->item[i], sys);
	}
	verdict->soon = j.unknowing && !j.alive;
	/* all have answered well, but not soon enough */
	if (!j.here && (j.busy || !(j.alive || j.unknowing)))
		verdict->what = LK_CANVASS_BUSY;
	else if (!j.here)
		verdict->what = LK_CANVASS_WAIT;
	snprintf(verdict->why, sizeof(verdict->why), "%s", j.why.len ? j.why.data : "the answers came too late");
	lk_buf_free(&j.why);
}
