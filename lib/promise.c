/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this system has promised for shared resources. */
#include "lk/promise.h"

#include <string.h>

#include "lk/act.h"
#include "lk/epoch.h"
#include "lk/ins.h"
#include "lk/limits.h"
#include "lk/poison.h"

/* ---- keys ---- */

void lk_promise_key(const struct lk_lcd *lcd, const char *tag, struct lk_promise_key *key)
{
	*key = (struct lk_promise_key){ .sys = lcd->local, .tag = tag };
	for (size_t i = 0; i < lcd->neqv; i++) {
		const struct lk_eqv *eqv = &lcd->eqv[i];

		if (!strcmp(eqv->tag, tag) && strcmp(eqv->sys, key->sys) < 0)
			*key = (struct lk_promise_key){ .sys = eqv->sys, .tag = eqv->othertag };
	}
}

const char *lk_promise_own(const struct lk_lcd *lcd, const struct lk_promise_key *key)
{
	if (!strcmp(key->sys, lcd->local))
		return key->tag;
	for (size_t i = 0; i < lcd->neqv; i++)
		if (!strcmp(lcd->eqv[i].sys, key->sys) && !strcmp(lcd->eqv[i].othertag, key->tag))
			return lcd->eqv[i].tag;
	return NULL;
}

static struct lk_promised *find(const struct lk_lcd *lcd, const struct lk_promise_key *key)
{
	for (size_t i = 0; i < lcd->npromise; i++)
		if (!strcmp(lcd->promise[i].sys, key->sys) && !strcmp(lcd->promise[i].tag, key->tag))
			return &lcd->promise[i];
	return NULL;
}

/* ---- systems ---- */

static int find_sys(const struct lk_lcd *lcd, const char *name)
{
	for (size_t i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++)
		if (!strcmp(lcd->sys[i].name, name))
			return (int)i;
	return -1;
}

unsigned lk_promise_self(const struct lk_lcd *lcd)
{
	int self = find_sys(lcd, lcd->local);

	return self < 0 ? 0 : (unsigned)self;
}

uint32_t lk_promise_set(const struct lk_lcd *lcd, const char *names)
{
	uint32_t set = 0;

	for (size_t i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++) {
		size_t len = strlen(lcd->sys[i].name);

		for (const char *at = names; *at; at += strcspn(at, " "), at += *at == ' ')
			if (strcspn(at, " ") == len && !strncmp(at, lcd->sys[i].name, len))
				set |= UINT32_C(1) << i;
	}
	return set;
}

void lk_promise_names(const struct lk_lcd *lcd, uint32_t set, struct lk_buf *names)
{
	lk_buf_adds(names, "");
	for (size_t i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++)
		if (set & UINT32_C(1) << i)
			lk_buf_addf(names, "%s%s", names->len ? " " : "", lcd->sys[i].name);
}

bool lk_promise_same_systems(const struct lk_lcd *lcd, const char *names)
{
	uint32_t common = lk_promise_set(lcd, names);
	size_t n = 0, shared = 0;

	for (const char *at = names; *at; at += strcspn(at, " "), at += strspn(at, " "))
		n++;
	for (size_t i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++)
		shared += common >> i & 1;
	return n == lcd->nsys && shared == n;
}

#define NOTE "systems\t"

void lk_promise_note_systems(const struct lk_lcd *lcd, struct lk_buf *buf)
{
	struct lk_buf LK_AUTO_BUF names = { 0 };

	lk_promise_names(lcd, UINT32_MAX, &names);
	buf->failed |= names.failed;
	if (!buf->failed)
		lk_buf_addf(buf, "#" NOTE "%s\n", names.data);
}

const char *lk_promise_noted_systems(const char *text)
{
	size_t lead = strlen(NOTE);

	return strncmp(text, NOTE, lead) ? NULL : text + lead;
}

/* ---- what is known here ---- */

/* Also what could not be stopped, and what was won and is being restored, even by a process that was killed. */
static bool in_service(const struct lk_lcd *lcd, const struct lk_ins *ins, const struct lk_epoch *record)
{
	bool ours = record && !strcmp(record->owner, lcd->local);

	return lk_state_up(ins->state) ||
	       lk_act_is_stuck(lcd, ins) ||
	       (ours && ins->resv == LK_RESV_RESTORE);
}

void lk_promise_here(const struct lk_lcd *lcd, const struct lk_promise_key *key, struct lk_grant_here *here)
{
	const struct lk_promised *promised = find(lcd, key);
	const char *tag = lk_promise_own(lcd, key);
	const struct lk_ins *ins = tag ? lk_ins_find(lcd, tag) : NULL;
	const struct lk_epoch *record = ins ? lk_epoch_get(lcd, tag) : NULL;

	*here = (struct lk_grant_here){
		.self = lk_promise_self(lcd), .epoch = record ? record->epoch : 0,
		.owner = record ? find_sys(lcd, record->owner) : LK_GRANT_NOBODY,
		.in_service = ins && in_service(lcd, ins, record),
		.promise = { .candidate = LK_GRANT_NOBODY },
	};
	if (promised)
		here->promise = (struct lk_promise){
			.epoch = promised->epoch, .candidate = find_sys(lcd, promised->candidate),
			.runners = lk_promise_set(lcd, promised->runners),
		};
	lk_grant_learn(&here->promise, here->epoch, here->owner);
}

int lk_promise_put(struct lk_lcd *lcd, const struct lk_promise_key *key, const struct lk_promise *promise,
		   struct lk_err *err)
{
	struct lk_promised *old = find(lcd, key);
	struct lk_buf LK_AUTO_BUF names = { 0 };

	lk_promise_names(lcd, promise->runners, &names);
	struct lk_promised row = {
		.sys = lk_arena_dup(&lcd->arena, key->sys), .tag = lk_arena_dup(&lcd->arena, key->tag),
		.epoch = promise->epoch,
		.candidate = promise->candidate < 0 ? LK_EPOCH_NOBODY : lcd->sys[promise->candidate].name,
		.runners = names.failed ? NULL : lk_arena_dup(&lcd->arena, names.data),
	};

	if (!row.sys || !row.tag || !row.runners)
		return lk_fail_nomem(err);
	lcd->dirty |= LK_T_PROMISE;
	if (!old)
		return LK_LCD_APPEND(lcd, promise, row, err);
	*old = row;
	return 0;
}
