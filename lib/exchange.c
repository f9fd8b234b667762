/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ownership records that differ between systems. */
#include "lk/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lk/buf.h"
#include "lk/cleanup.h"
#include "lk/epoch.h"
#include "lk/gather.h"
#include "lk/name.h"
#include "lk/remote.h"
#include "lk/poison.h"

/* The newest record of a resource in the picture. false: nobody has one. */
static bool newest(const struct lk_picture *picture, const struct lk_pic_res *res, struct lk_epoch *said)
{
	uint64_t epoch;
	int owner = lk_decide_owner(picture, res, &epoch);

	*said = (struct lk_epoch){ .tag = res->tag, .owner = LK_EPOCH_NOBODY, .epoch = epoch };
	if (owner >= 0)
		said->owner = picture->sys[owner].name;
	return owner >= LK_PIC_NOBODY;
}

/* Is this record newer than that of the copy, by the rule of lk_epoch_set()? */
static bool is_news(const struct lk_pic_copy *copy, const struct lk_epoch *said)
{
	bool taken = copy->owner == LK_PIC_NOBODY && strcmp(said->owner, LK_EPOCH_NOBODY) != 0;

	return copy->epoch < said->epoch || (copy->epoch == said->epoch && taken);
}

/* What has changed here since the others were asked stands: it is no reason not to take over the rest. */
static int adopt(struct lk_lcd *lcd, const struct lk_epoch *said, struct lk_err *err)
{
	int rc = lk_epoch_set(lcd, said, err);

	return rc == -LK_EX_ARG || rc == -LK_EX_INTERNAL ? 0 : rc;
}

int lk_exchange_adopt(const struct lk_picture *picture, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_EPOCH | LK_T_SYS, err);

	for (unsigned i = 0; i < picture->nres && rc >= 0; i++) {
		const struct lk_pic_res *res = &picture->res[i];
		struct lk_epoch said;

		if (newest(picture, res, &said) && is_news(&picture->copy[res->first], &said))
			rc = adopt(&lcd, &said, err);
	}
	if (rc >= 0 && lcd.dirty)
		return lk_lcd_commit(&lcd, err);
	return rc < 0 ? rc : 0;
}

/* ---- telling others ---- */

static const char *other_tag(const struct lk_lcd *lcd, const char *tag, const char *sys)
{
	for (size_t i = 0; i < lcd->neqv; i++)
		if (!strcmp(lcd->eqv[i].tag, tag) && !strcmp(lcd->eqv[i].sys, sys))
			return lcd->eqv[i].othertag;
	return NULL;
}

/* Does this system lack the record of its copy? */
static bool lacks(const struct lk_picture *picture, const struct lk_pic_res *res, unsigned sys,
		  const struct lk_epoch *said)
{
	const struct lk_pic_copy *copy = lk_pic_copy_of(picture, res, sys);

	return copy && copy->state != LK_PIC_UNSEEN && is_news(copy, said);
}

struct telling {
	const struct lk_lcd *lcd;
	const struct lk_picture *picture;
	unsigned sys;
	char **argv;		/* room for 3 words and one per resource */
	int argc;
};

static void run_command(struct telling *t, const char *owner)
{
	struct lk_remote_request request = { .dest = t->picture->sys[t->sys].name, .prog = "lk_epoch",
					     .argc = t->argc, .argv = t->argv };
	struct lk_err ignored;
	int code;

	t->argv[0] = (char[]){ "lk_epoch" };
	t->argv[1] = (char[]){ "-o" };
	t->argv[2] = (char *)owner;
	t->argv[t->argc] = NULL;
	if (t->argc > 3)
		(void)!lk_remote_run(t->lcd, &request, &code, &ignored);
	while (t->argc > 3)
		free(t->argv[--t->argc]);
}

/* All records with this owner that the system lacks, in one command. */
static void tell(struct telling *t, const char *owner)
{
	t->argc = 3;
	for (unsigned i = 0; i < t->picture->nres; i++) {
		const struct lk_pic_res *res = &t->picture->res[i];
		struct lk_epoch said;
		char *word;

		if (!newest(t->picture, res, &said) || strcmp(said.owner, owner) ||
		    !lacks(t->picture, res, t->sys, &said))
			continue;
		const char *tag = other_tag(t->lcd, res->tag, t->picture->sys[t->sys].name);
		if (tag && asprintf(&word, "%s=%llu", tag, said.epoch) >= 0)
			t->argv[t->argc++] = word;
	}
	run_command(t, owner);
}

void lk_exchange_push(const struct lk_lcd *lcd, const struct lk_picture *picture)
{
	struct telling t = { .lcd = lcd, .picture = picture };
	char LK_AUTO_FREE *room = calloc(picture->nres + 4, sizeof(*t.argv));

	t.argv = (char **)(void *)room;
	for (t.sys = 0; room && t.sys < picture->nsys; t.sys++) {
		if (t.sys == picture->self || picture->sys[t.sys].life != LK_LIFE_ALIVE)
			continue;
		tell(&t, LK_EPOCH_NOBODY);
		for (unsigned owner = 0; owner < picture->nsys; owner++)
			tell(&t, picture->sys[owner].name);
	}
}

void lk_exchange(void)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_picture picture;
	struct lk_err ignored;

	if (lk_lcd_read(&lcd, LK_T_PICTURE, &ignored) < 0 || lk_gather(&lcd, &picture, &ignored) < 0)
		return;
	lk_exchange_push(&lcd, &picture);
	(void)!lk_exchange_adopt(&picture, &ignored);
}
