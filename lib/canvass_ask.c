/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A canvass: asking, and what the answers mean. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/canvass_run.h"
#include "lk/lease.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/remote.h"
#include "lk/vote.h"
#include "lk/poison.h"

#define MS 1000000

/* What one system is asked. */
struct question {
	struct lk_canvassing *c;
	unsigned sys;
	unsigned n;
	unsigned *item;			/* their numbers */
	struct lk_ask *ask;
	struct lk_canvass_sent *sent;	/* beside item */
	struct lk_buf input, output;
	size_t at;			/* of the input */
};

static uint32_t bit(unsigned sys)
{
	return UINT32_C(1) << sys;
}

/* ---- winning ---- */

void lk_canvass_find_gone(struct lk_canvassing *c)
{
	struct lk_quiet quiet;
	struct lk_err ignored;
	int64_t limit;

	c->gone = 0;
	if (!c->storage || lk_quiet_storage(&c->lcd, &quiet, &limit, &ignored) < 0)
		return;
	c->gone = quiet.set;
	memcpy(c->left, quiet.wait, sizeof(c->left));
}

static bool has_granted(const struct lk_canvassing *c, const struct lk_canvass_item *item, unsigned sys, int64_t now)
{
	return item->canvass.asked[sys] && now - item->canvass.asked[sys] < c->window;
}

bool lk_canvass_item_won(const struct lk_canvassing *c, const struct lk_canvass_item *item, int64_t now)
{
	if (!c->storage)
		return lk_canvass_won(&item->canvass, now, c->window);
	for (unsigned sys = 0; sys < c->lcd.nsys; sys++)
		if (!(c->gone & bit(sys)) && !has_granted(c, item, sys, now))
			return false;
	return true;
}

/* ---- asking ---- */

static bool is_pending(const struct lk_canvassing *c, const struct lk_canvass_item *item, unsigned sys)
{
	return c->alive & bit(sys) && !item->canvass.asked[sys] && !((item->refused | item->silent) & bit(sys)) &&
	       !lk_canvass_item_won(c, item, lk_lease_now());
}

static int make_question(struct question *q, struct lk_canvassing *c, unsigned sys, struct lk_err *err)
{
	struct lk_arena *arena = &c->lcd.arena;

	*q = (struct question){ .c = c, .sys = sys };
	q->item = lk_arena_alloc(arena, (c->n + 1) * sizeof(*q->item));
	q->ask = lk_arena_alloc(arena, (c->n + 1) * sizeof(*q->ask));
	q->sent = lk_arena_alloc(arena, (c->n + 1) * sizeof(*q->sent));
	if (!q->item || !q->ask || !q->sent)
		return lk_fail_nomem(err);
	for (unsigned i = 0; i < c->n; i++) {
		const struct lk_canvass_item *item = &c->item[i];
		const struct lk_grant_ask *ask = &item->canvass.ask;

		if (!is_pending(c, item, sys))
			continue;
		q->item[q->n] = i;
		q->sent[q->n] = (struct lk_canvass_sent){ .when = lk_lease_now(), .suspects = ask->suspects };
		q->ask[q->n++] = (struct lk_ask){ .key = item->key, .epoch = ask->epoch,
						  .suspects = ask->suspects, .released = ask->released };
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

static void take_answer(const struct question *q, unsigned k, const struct lk_answer *answer)
{
	struct lk_canvass_item *item = &q->c->item[q->item[k]];
	bool settled = lk_canvass_answer(&item->canvass, q->sys, &q->sent[k], &answer->answer);

	if (settled && answer->answer.grant != LK_GRANT_YES) {
		item->answer[q->sys] = *answer;
		item->refused |= bit(q->sys);
	}
	forget_refusals(q->c, item);
}

static void take_silence(const struct question *q, const char *why)
{
	char text[LK_ERR_TEXT + 300];
	struct lk_log_line line = { .level = LK_LOG_WARN, .prog = q->c->what->prog, .pid = getpid(),
				    .component = "quorum", .action = "restore",
				    .number = LK_M_NUMBER(LK_M_LOG_NO_ANSWER), .text = text };
	struct lk_err ignored;

	snprintf(text, sizeof(text), "system \"%s\" has not answered whether it grants: %s",
		 q->c->lcd.sys[q->sys].name, why);
	lk_log(&q->c->lcd.tree, &line, &ignored);
	for (unsigned k = 0; k < q->n; k++)
		q->c->item[q->item[k]].silent |= bit(q->sys);
}

/* Answers come in the order of the questions, but nothing depends on that. */
static void take_output(struct question *q)
{
	struct lk_answer *list;
	struct lk_err err;
	unsigned n;

	if (lk_answer_read(&q->c->lcd, &q->output, &list, &n, &err) < 0) {
		take_silence(q, err.text);
		return;
	}
	for (unsigned k = 0; k < q->n; k++) {
		const struct lk_promise_key *key = &q->ask[k].key;
		unsigned i = 0;

		while (i < n && (strcmp(list[i].key.sys, key->sys) || strcmp(list[i].key.tag, key->tag)))
			i++;
		if (i < n)
			take_answer(q, k, &list[i]);
		else
			q->c->item[q->item[k]].silent |= bit(q->sys);
	}
}

/* ---- the others ---- */

static ssize_t give_input(struct lk_remote_job *job, void *data, size_t size)
{
	struct question *q = job->arg;
	size_t left = q->input.len - q->at, len = left < size ? left : size;

	memcpy(data, q->input.data + q->at, len);
	q->at += len;
	return (ssize_t)len;
}

static int keep_output(struct lk_remote_job *job, int stream, const void *data, size_t len)
{
	struct question *q = job->arg;

	if (q->output.len + len > LK_FILE_MAX)
		return lk_fail(&job->err, LK_M_TOO_LARGE, "the answer", LK_FILE_MAX);
	if (stream == 1)
		lk_buf_add(&q->output, data, len);
	return q->output.failed ? lk_fail_nomem(&job->err) : 0;
}

static void take_end(struct question *q, const struct lk_remote_job *job)
{
	char text[80];

	if (job->rc == 0 && job->code == 0) {
		take_output(q);
		return;
	}
	snprintf(text, sizeof(text), "lk_grant ended there with exit code %d", job->code);
	take_silence(q, job->rc < 0 ? job->err.text : text);
}

static int ask_others(struct lk_canvassing *c, struct question *q, unsigned n, struct lk_err *err)
{
	char *argv[] = { (char *)"lk_grant", (char *)"-c", c->lcd.local, NULL };
	struct lk_remote_job job[LK_SYSTEMS_MAX];

	for (unsigned i = 0; i < n; i++) {
		lk_ask_write(&c->lcd, q[i].ask, q[i].n, &q[i].input);
		if (q[i].input.failed)
			return lk_fail_nomem(err);
		job[i] = (struct lk_remote_job){
			.dest = c->lcd.sys[q[i].sys].name, .argc = 3, .argv = argv, .input = give_input,
			.output = keep_output, .arg = &q[i],
			/* an answer that comes later is none */
			.limit = (unsigned)(c->window / MS * 3 / 4) + 1,
		};
	}
	lk_remote_jobs(&c->lcd, job, n);
	for (unsigned i = 0; i < n; i++)
		take_end(&q[i], &job[i]);
	return 0;
}

/* ---- ourselves ---- */

static int ask_self(struct lk_canvassing *c, struct question *q, struct lk_err *err)
{
	struct lk_answer *answer = lk_arena_alloc(&c->lcd.arena, (q->n + 1) * sizeof(*answer));

	if (!answer)
		return lk_fail_nomem(err);
	int rc = lk_vote(&c->lcd, c->lcd.local, q->ask, q->n, answer, err);
	for (unsigned k = 0; k < q->n && rc == 0; k++)
		take_answer(q, k, &answer[k]);
	return rc;
}

int lk_canvass_round(struct lk_canvassing *c, struct lk_err *err)
{
	struct question q[LK_SYSTEMS_MAX], self;
	unsigned n = 0;
	int rc = make_question(&self, c, c->self, err);

	if (rc == 0 && self.n)
		rc = ask_self(c, &self, err);
	for (unsigned sys = 0; sys < c->lcd.nsys && rc == 0; sys++) {
		if (sys == c->self)
			continue;
		rc = make_question(&q[n], c, sys, err);
		n += rc == 0 && q[n].n;
	}
	if (rc == 0 && n)
		rc = ask_others(c, q, n, err);
	for (unsigned i = 0; i < n; i++) {
		lk_buf_free(&q[i].input);
		lk_buf_free(&q[i].output);
	}
	return rc < 0 ? rc : !n && !self.n;
}

/* ---- what it means ---- */

struct judging {
	const struct lk_canvassing *c;
	struct lk_canvass_verdict *verdict;
	struct lk_buf why;
	bool here, busy, alive;
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
	lk_buf_addf(&text, "%s may have it in service for %.1f s more", who.data ? who.data : "?",
		    (double)answer->wait / 1000);
	if (text.data)
		add_why(j, sys, text.data);
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

static void judge_system(struct judging *j, const struct lk_canvass_item *item, unsigned sys)
{
	const struct lk_answer *answer = &item->answer[sys];

	if (item->silent & bit(sys)) {
		j->busy = true;
		add_why(j, sys, "no answer");
		return;
	}
	if (j->c->storage && !((j->c->alive | j->c->gone) & bit(sys))) {
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
	/* all have answered well, but not soon enough */
	if (!j.here && (j.busy || !j.alive))
		verdict->what = LK_CANVASS_BUSY;
	else if (!j.here)
		verdict->what = LK_CANVASS_WAIT;
	snprintf(verdict->why, sizeof(verdict->why), "%s", j.why.len ? j.why.data : "the answers came too late");
	lk_buf_free(&j.why);
}
