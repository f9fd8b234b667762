/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A candidate collects the consent of a majority before it restores anything shared. */
#include "lk/canvass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/canvass_run.h"
#include "lk/epoch.h"
#include "lk/fenced.h"
#include "lk/held.h"
#include "lk/lcm.h"
#include "lk/lease.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/quorum.h"
#include "lk/sys.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define MS 1000000
#define TRIES 10		/* against others that ask at the same time, and answers that come late */
#define SOON_MS 100
#define PATIENCE_MS 5000	/* beyond the time that the last owner may have, and two leases */

int lk_canvass_needed(const struct lk_tree *tree, struct lk_err *err)
{
	struct lk_quorum_modes modes;
	int rc = lk_quorum_modes(tree, &modes, err);

	return rc < 0 ? rc : modes.quorum == LK_QMODE_MAJORITY || modes.quorum == LK_QMODE_STORAGE;
}

/* ---- one try ---- */

static uint32_t held(const struct lk_lcd *lcd)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++)
		if (lk_held(lcd, lcd->sys[i].name))
			set |= UINT32_C(1) << i;
	return set;
}

/* A grant of those counts that will bar for our window. */
static uint32_t knowing(const struct lk_lcd *lcd, const struct lk_lcm_quorum *answer)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++) {
		const struct lk_lcm_confirm *row = lk_lcm_confirm_of(answer, lcd->sys[i].name);

		if (row && row->knows)
			set |= UINT32_C(1) << i;
	}
	return set;
}

static int find_storage_terms(const struct lk_tree *tree, struct lk_canvass_terms *terms, struct lk_err *err)
{
	int64_t limit;
	int rc = lk_quiet_limit(tree, &limit, err);

	if (rc == 0)	/* the lease: about one look at the storage */
		*terms = (struct lk_canvass_terms){ .storage = true, .window = limit / 2 * MS, .lease = limit / 3 };
	return rc;
}

/* They may be changed at any time: window and who knows of it are of one moment. */
static int find_terms(struct lk_lcd *lcd, struct lk_canvass_terms *terms, struct lk_err *err)
{
	struct lk_lcm_quorum answer;
	struct lk_quorum_modes modes;
	int rc = lk_quorum_modes(&lcd->tree, &modes, err);

	if (rc == 0 && modes.quorum == LK_QMODE_STORAGE)
		return find_storage_terms(&lcd->tree, terms, err);
	if (rc == 0)
		rc = lk_lcm_quorum(lcd, &answer, err);
	if (rc == 0 && !answer.running)
		return lk_fail(err, LK_M_NO_DAEMON);
	if (rc == 0)
		*terms = (struct lk_canvass_terms){ .window = lk_terms_window(&answer.terms),
						    .lease = answer.terms.lease / MS, .generation = answer.generation,
						    .knowing = knowing(lcd, &answer) };
	return rc;
}

/* Whom we can ask, as of now; without quorum there is no use in it. */
static int see(struct lk_canvassing *c, struct lk_err *err)
{
	const char *why;
	int rc;

	lk_lcd_close(&c->lcd);
	rc = lk_lcd_read(&c->lcd, LK_T_GRANT, err);
	if (rc == 0)
		rc = lk_quorum_check(&c->lcd, err);
	if (rc == 0)
		rc = find_terms(&c->lcd, &c->terms, err);
	if (rc < 0)
		return rc;
	c->self = lk_promise_self(&c->lcd);
	/* one that is back may not have been seen to write since */
	if (c->held & ~held(&c->lcd))
		c->since = 0;
	c->held = held(&c->lcd);
	c->alive = 0;
	for (size_t i = 0; i < c->lcd.nsys && i < LK_SYSTEMS_MAX; i++)
		if (lk_sys_state(&c->lcd, &c->lcd.sys[i], &why) == LK_SYS_ALIVE)
			c->alive |= UINT32_C(1) << i;
	c->item = lk_arena_alloc(&c->lcd.arena, (c->n + 1) * sizeof(*c->item));
	c->fenced = lk_arena_alloc(&c->lcd.arena, sizeof(*c->fenced));
	if (!c->item || !c->fenced)
		return lk_fail_nomem(err);
	lk_fenced_here(&c->lcd, c->fenced);
	return 0;
}

/* An epoch of ours that was not refused is good for another try. */
static void begin_item(struct lk_canvassing *c, unsigned i)
{
	struct lk_canvass_item *item = &c->item[i];
	struct lk_grant_here here;

	*item = (struct lk_canvass_item){ .tag = c->what->tag[i] };
	lk_promise_key(&c->lcd, item->tag, &item->key);
	lk_promise_here(&c->lcd, &item->key, &here);
	uint64_t known = here.epoch > here.promise.epoch ? here.epoch : here.promise.epoch;
	bool ours = here.promise.candidate == (int)c->self && here.promise.epoch > here.epoch;
	struct lk_grant_ask ask = {
		.candidate = c->self, .epoch = ours ? here.promise.epoch : known + 1,
		.suspects = here.promise.runners | (here.owner >= 0 ? UINT32_C(1) << here.owner : 0),
	};

	if (!ours || !c->since)
		c->since = lk_lease_now() / MS;
	if (c->highest[i] >= ask.epoch)
		ask.epoch = c->highest[i] + 1;
	ask.suspects &= ~(UINT32_C(1) << c->self);
	lk_canvass_begin(&item->canvass, (unsigned)c->lcd.nsys, &ask);
}

static bool all_won(struct lk_canvassing *c)
{
	int64_t now = lk_lease_now();

	/* the moment that counts is now */
	lk_canvass_find_gone(c);
	for (unsigned i = 0; i < c->n; i++)
		if (!lk_canvass_item_won(c, &c->item[i], now))
			return false;
	return true;
}

/* Since the try began? Else who was asked after a change may bar by other terms than those of our window. Who has come to
 * know them meanwhile does not count: it may have granted before. */
static bool same_terms(struct lk_canvassing *c)
{
	const struct lk_canvass_terms *then = &c->terms;
	struct lk_canvass_terms now;
	struct lk_err ignored;

	return find_terms(&c->lcd, &now, &ignored) == 0 && now.storage == then->storage && now.window == then->window &&
	       now.generation == then->generation;
}

/* 1: all granted; 0: not. */
static int try(struct lk_canvassing *c, struct lk_err *err)
{
	int rc = see(c, err);

	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < c->n; i++)
		begin_item(c, i);
	for (unsigned round = 0; rc == 0 && round <= c->lcd.nsys + 1; round++) {
		rc = lk_canvass_round(c, err);
		if (rc == 0 && all_won(c))
			return same_terms(c);
		if (rc > 0)	/* nobody is left to be asked */
			return 0;
	}
	return rc < 0 ? rc : 0;
}

/* ---- winning ---- */

static int take_item(struct lk_lcd *lcd, const struct lk_canvass_item *item, unsigned self, struct lk_err *err)
{
	uint64_t epoch = item->canvass.ask.epoch;
	struct lk_grant_here here;

	lk_promise_here(lcd, &item->key, &here);
	/* our own promise may have gone to somebody else meanwhile */
	if (here.promise.epoch != epoch || here.promise.candidate != (int)self || here.epoch >= epoch)
		return lk_fail(err, LK_M_NOT_GRANTED, item->tag, "another system was faster");
	return lk_epoch_take(lcd, item->tag, epoch, err);
}

/* The moment of winning: under the lock, so that our promises are still ours. 1: ours; 0: too late. */
static int take(struct lk_canvassing *c, struct lk_lcd *lcd, struct lk_err *err)
{
	int rc = lk_lcd_begin(lcd, LK_T_GRANT, err);

	if (rc == 0)
		rc = lk_held_check(&lcd->tree, err);
	if (rc == 0 && (held(lcd) & ~c->held || !all_won(c))) {
		lk_lcd_close(lcd);
		return 0;
	}
	for (unsigned i = 0; i < c->n && rc == 0; i++)
		rc = take_item(lcd, &c->item[i], c->self, err);
	if (rc == 0)
		rc = lk_lcd_commit(lcd, err);
	return rc < 0 ? rc : 1;
}

/* ---- trying again ---- */

static void say_waiting(const struct lk_canvassing *c, const char *tag, const char *why)
{
	struct lk_err note, ignored;
	struct lk_log_line line = { .level = LK_LOG_INFO, .prog = c->what->prog, .pid = getpid(),
				    .component = "quorum", .action = "restore", .tag = tag,
				    .number = LK_M_NUMBER(LK_M_LOG_GRANT_WAIT), .text = note.text };

	lk_fail(&note, LK_M_LOG_GRANT_WAIT, tag, why);
	lk_log(&c->lcd.tree, &line, &ignored);
}

static int nap(const struct lk_wait *wait, int64_t ms, struct lk_err *err)
{
	int64_t until = lk_now_ms() + ms;
	int rc = 0;

	while (rc == 0 && lk_now_ms() < until)
		rc = lk_wait_nap(wait, err);
	return rc;
}

/* 0: try again, after a while; else what stands against it. */
static int again(struct lk_canvassing *c, const struct lk_wait *wait, struct lk_err *err)
{
	struct lk_canvass_verdict verdict;

	lk_canvass_judge(c, &verdict);
	for (unsigned i = 0; i < c->n; i++)
		/* also the very same epoch may have gone to somebody else */
		if (c->item[i].canvass.outbid)
			c->highest[i] = c->item[i].canvass.highest;
	if (verdict.what == LK_CANVASS_BUSY && c->tries++ < TRIES)
		/* not all at once */
		return nap(wait, 50 * (1 + c->self % 4), err);
	/* storage: one more look is worth waiting for; or one more heartbeat is */
	bool soon = verdict.soon || (c->terms.storage && verdict.longest <= c->terms.lease + SOON_MS);
	if (verdict.what == LK_CANVASS_WAIT && (c->what->patient || soon || c->deadline)) {
		/* who is not quiet then lives */
		if (!c->deadline || (c->brief && !verdict.soon && c->what->patient)) {
			c->brief = verdict.soon;
			c->deadline = lk_now_ms() + verdict.longest + 2 * c->terms.lease + PATIENCE_MS;
			say_waiting(c, verdict.tag, verdict.why);
		}
		if (lk_now_ms() < c->deadline)
			return nap(wait, verdict.wait < c->terms.lease ? verdict.wait : c->terms.lease, err);
	}
	return lk_fail(err, LK_M_NOT_GRANTED, verdict.tag, verdict.why);
}

static int collect(struct lk_canvassing *c, struct lk_lcd *lcd, struct lk_err *err)
{
	struct lk_wait wait;
	int rc;

	lk_wait_begin(&wait);
	do {
		rc = try(c, err);
		if (rc > 0)
			rc = take(c, lcd, err);
		else if (rc == 0)
			rc = again(c, &wait, err);
	} while (rc == 0);
	lk_wait_end(&wait);
	return rc < 0 ? rc : 0;
}

int lk_canvass_take(struct lk_lcd *lcd, const struct lk_canvass_for *what, struct lk_err *err)
{
	struct lk_canvassing c = { .what = what, .n = what->ntags, .lcd = LK_LCD_INIT };

	c.highest = calloc(c.n + 1, sizeof(*c.highest));
	int rc = c.highest ? collect(&c, lcd, err) : lk_fail_nomem(err);
	free(c.highest);
	lk_lcd_close(&c.lcd);
	return rc;
}
