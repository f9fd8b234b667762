/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words in which candidates ask for a promise and are answered. */
#include <string.h>

#include "lk/fenced.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/promise.h"
#include "lk/rec.h"
#include "lk/sys.h"
#include "lk/poison.h"

static const struct lk_rec_kind ask_kind = {
	"ask", 6, { "system", "tag", "epoch", "suspects", "released", "fenced" }
};
static const struct lk_rec_kind answer_kind = {
	"answer", 7, { "system", "tag", "answer", "epoch", "who", "wait", "from" }
};

/* A note among the questions, which older releases do not read. */
#define SYSTEMS "systems\t"

#define WAIT_MAX 100000000ULL	/* ms */

/* ---- writing ---- */

void lk_ask_write(const struct lk_lcd *lcd, const struct lk_ask *ask, unsigned n, struct lk_buf *buf)
{
	struct lk_buf LK_AUTO_BUF systems = { 0 };

	lk_rec_head(buf, &ask_kind);
	lk_promise_names(lcd, UINT32_MAX, &systems);
	buf->failed |= systems.failed;
	if (buf->failed)
		return;
	lk_buf_addf(buf, "#" SYSTEMS "%s\n", systems.data);
	for (unsigned i = 0; i < n; i++) {
		struct lk_buf LK_AUTO_BUF suspects = { 0 };
		struct lk_buf LK_AUTO_BUF released = { 0 };
		struct lk_buf LK_AUTO_BUF fenced = { 0 };
		char epoch[LK_NUMBER_TEXT];

		lk_format_number(ask[i].epoch, epoch);
		lk_promise_names(lcd, ask[i].suspects, &suspects);
		lk_promise_names(lcd, ask[i].released, &released);
		lk_fenced_write(lcd, ask[i].fenced, &fenced);
		buf->failed |= suspects.failed || released.failed || fenced.failed;
		if (buf->failed)
			return;
		const char *fields[] = { ask[i].key.sys, ask[i].key.tag, epoch, suspects.data, released.data,
					 fenced.data };
		lk_rec_row(buf, &ask_kind, fields);
	}
	lk_rec_tail(buf);
}

void lk_answer_write(const struct lk_lcd *lcd, const struct lk_answer *answer, unsigned n, struct lk_buf *buf)
{
	lk_rec_head(buf, &answer_kind);
	for (unsigned i = 0; i < n; i++) {
		const struct lk_grant_answer *said = &answer[i].answer;
		struct lk_buf LK_AUTO_BUF who = { 0 };
		char epoch[LK_NUMBER_TEXT], wait[LK_NUMBER_TEXT];

		lk_format_number(said->epoch, epoch);
		lk_format_number(answer[i].wait, wait);
		lk_promise_names(lcd, said->who, &who);
		buf->failed |= who.failed;
		if (buf->failed)
			return;
		const char *fields[] = { answer[i].key.sys, answer[i].key.tag, lk_grant_names[said->grant], epoch,
					 who.data, wait,
					 answer[i].from < 0 ? "" : lcd->sys[answer[i].from].name };
		lk_rec_row(buf, &answer_kind, fields);
	}
	lk_rec_tail(buf);
}

/* ---- reading ---- */

struct reading {
	struct lk_lcd *lcd;
	void *list;		/* of asks or answers */
	unsigned n;
	size_t cap;
	const char *systems;
	struct lk_err *err;
};

static int refuse(const struct reading *r, unsigned line, const char *what)
{
	return lk_fail(r->err, LK_M_BAD_GRANT_TEXT, line, what);
}

static int problem(void *arg, unsigned line, const char *what)
{
	return refuse(arg, line, what);
}

static void *grow(struct reading *r, size_t size)
{
	void *list = lk_lcd_grow(r->lcd, r->list, r->n, &r->cap, size);

	if (list)
		r->list = list;
	return list;
}

static bool take_key(const struct lk_rec *rec, struct lk_promise_key *key)
{
	struct lk_err ignored;

	*key = (struct lk_promise_key){ .sys = rec->field[0], .tag = rec->field[1] };
	return lk_check_sys(key->sys, &ignored) == 0 && lk_check_tag(key->tag, &ignored) == 0;
}

static int take_ask(void *arg, struct lk_rec *rec)
{
	struct reading *r = arg;
	struct lk_ask ask = { .suspects = lk_promise_set(r->lcd, rec->field[3]),
			      .released = lk_promise_set(r->lcd, rec->field[4]) };
	unsigned long long epoch;

	if (!take_key(rec, &ask.key) || !lk_is_number(rec->field[2], 1, LK_EPOCH_MAX, &epoch))
		return refuse(r, rec->line, "a field makes no sense");
	ask.epoch = epoch;
	uint64_t *fenced = lk_arena_alloc(&r->lcd->arena, LK_SYSTEMS_MAX * sizeof(*fenced));
	if (!fenced)
		return lk_fail_nomem(r->err);
	lk_fenced_read(r->lcd, rec->field[5], fenced);
	ask.fenced = fenced;
	if (!grow(r, sizeof(ask)))
		return lk_fail_nomem(r->err);
	((struct lk_ask *)r->list)[r->n++] = ask;
	return 0;
}

static int take_note(void *arg, char *text)
{
	struct reading *r = arg;
	size_t lead = strlen(SYSTEMS);

	if (!strncmp(text, SYSTEMS, lead))
		r->systems = text + lead;
	return 0;
}

static int find_from(const struct lk_lcd *lcd, const char *name)
{
	const struct lk_sys *sys = lk_sys_find(lcd, name);

	if (!*name)
		return LK_ANSWER_OWN;
	return sys && sys < lcd->sys + LK_SYSTEMS_MAX ? (int)(sys - lcd->sys) : LK_ANSWER_STRANGER;
}

static int take_answer(void *arg, struct lk_rec *rec)
{
	struct reading *r = arg;
	struct lk_answer answer = { .answer.who = lk_promise_set(r->lcd, rec->field[4]) };
	unsigned long long epoch, wait;
	int word = 0;

	while (lk_grant_names[word] && strcmp(lk_grant_names[word], rec->field[2]) != 0)
		word++;
	if (!take_key(rec, &answer.key) || !lk_grant_names[word] ||
	    !lk_is_number(rec->field[3], 0, LK_EPOCH_MAX, &epoch) ||
	    !lk_is_number(rec->field[5], 0, WAIT_MAX, &wait))
		return refuse(r, rec->line, "a field makes no sense");
	answer.answer.grant = (enum lk_grant)word;
	answer.answer.epoch = epoch;
	answer.wait = wait;
	answer.from = find_from(r->lcd, rec->field[6]);
	if (!grow(r, sizeof(answer)))
		return lk_fail_nomem(r->err);
	((struct lk_answer *)r->list)[r->n++] = answer;
	return 0;
}

static int parse(struct reading *r, const struct lk_rec_kind *kind, struct lk_buf *text,
		 int (*take)(void *arg, struct lk_rec *rec))
{
	struct lk_rec_sink sink = { .record = take, .problem = problem, .note = take_note, .arg = r };

	if (text->failed)
		return lk_fail_nomem(r->err);
	if (!text->len)
		return refuse(r, 0, "it is empty");
	return lk_rec_parse(kind, text->data, text->len, &sink);
}

int lk_ask_read(struct lk_lcd *lcd, struct lk_buf *text, struct lk_ask **list, unsigned *n, struct lk_err *err)
{
	struct reading r = { .lcd = lcd, .err = err };
	int rc = parse(&r, &ask_kind, text, take_ask);

	*list = r.list;
	for (unsigned i = 0; i < r.n; i++)
		(*list)[i].systems = r.systems;
	*n = r.n;
	return rc;
}

int lk_answer_read(struct lk_lcd *lcd, struct lk_buf *text, struct lk_answer **list, unsigned *n,
		   struct lk_err *err)
{
	struct reading r = { .lcd = lcd, .err = err };
	int rc = parse(&r, &answer_kind, text, take_answer);

	*list = r.list;
	*n = r.n;
	return rc;
}
