/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ownership epochs. */
#include "lk/epoch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

struct lk_epoch *lk_epoch_get(const struct lk_lcd *lcd, const char *tag)
{
	for (size_t i = 0; i < lcd->nepoch; i++)
		if (!strcmp(lcd->epoch[i].tag, tag))
			return &lcd->epoch[i];
	return NULL;
}

/* The strings are copied. */
static int put(struct lk_lcd *lcd, struct lk_epoch *old, const struct lk_epoch *new,
	       struct lk_err *err)
{
	time_t now = time(NULL);
	struct lk_epoch row = {
		.tag = lk_arena_dup(&lcd->arena, new->tag),
		.owner = lk_arena_dup(&lcd->arena, new->owner),
		.epoch = new->epoch,
		.time = now > 0 ? (unsigned long long)now : 0,
	};

	if (!row.tag || !row.owner)
		return lk_fail_nomem(err);
	lcd->dirty |= LK_T_EPOCH;
	if (!old)
		return LK_LCD_APPEND(lcd, epoch, row, err);
	*old = row;
	return 0;
}

unsigned long long lk_epoch_next(const struct lk_lcd *lcd, const char *tag)
{
	const struct lk_epoch *old = lk_epoch_get(lcd, tag);

	return !old ? 1 : strcmp(old->owner, lcd->local) ? old->epoch + 1 : old->epoch;
}

int lk_epoch_parse(char *word, struct lk_epoch *said, struct lk_err *err)
{
	char *equals = strrchr(word, '=');

	if (!equals)
		return lk_fail(err, LK_M_BAD_EPOCH, word);
	*equals = '\0';
	said->tag = word;
	return lk_parse_number("epoch", equals + 1, 1, LK_EPOCH_MAX, &said->epoch, err);
}

static int change_owner(struct lk_lcd *lcd, const char *tag, const char *owner, struct lk_err *err)
{
	struct lk_epoch *old = lk_epoch_get(lcd, tag);
	struct lk_epoch new = { .tag = tag, .owner = owner, .epoch = old ? old->epoch + 1 : 1 };

	if (new.epoch > LK_EPOCH_MAX)
		return lk_fail(err, LK_M_TOO_LARGE, "epoch", (size_t)LK_EPOCH_MAX);
	return put(lcd, old, &new, err);
}

int lk_epoch_raise(struct lk_lcd *lcd, const char *tag, struct lk_err *err)
{
	const struct lk_epoch *old = lk_epoch_get(lcd, tag);

	if (old && !strcmp(old->owner, lcd->local))
		return 0;
	return change_owner(lcd, tag, lcd->local, err);
}

int lk_epoch_claim(struct lk_lcd *lcd, const char *tag, struct lk_err *err)
{
	return change_owner(lcd, tag, lcd->local, err);
}

int lk_epoch_take(struct lk_lcd *lcd, const char *tag, unsigned long long epoch, struct lk_err *err)
{
	const struct lk_epoch new = { .tag = tag, .owner = lcd->local, .epoch = epoch };

	if (epoch > LK_EPOCH_MAX)
		return lk_fail(err, LK_M_TOO_LARGE, "epoch", (size_t)LK_EPOCH_MAX);
	return put(lcd, lk_epoch_get(lcd, tag), &new, err);
}

int lk_epoch_release(struct lk_lcd *lcd, const char *tag, struct lk_err *err)
{
	const struct lk_epoch *old = lk_epoch_get(lcd, tag);

	if (!old || strcmp(old->owner, lcd->local) != 0)
		return 0;
	return change_owner(lcd, tag, LK_EPOCH_NOBODY, err);
}

int lk_epoch_disown(struct lk_lcd *lcd, const char *owner, struct lk_err *err)
{
	int n = 0;

	for (size_t i = 0; i < lcd->nepoch; i++) {
		if (strcmp(lcd->epoch[i].owner, owner) != 0)
			continue;
		int rc = change_owner(lcd, lcd->epoch[i].tag, LK_EPOCH_NOBODY, err);
		if (rc < 0)
			return rc;
		n++;
	}
	return n;
}

static bool is_nobody(const struct lk_epoch *record)
{
	return !strcmp(record->owner, LK_EPOCH_NOBODY);
}

int lk_epoch_set(struct lk_lcd *lcd, const struct lk_epoch *said, struct lk_err *err)
{
	struct lk_epoch *old = lk_epoch_get(lcd, said->tag);
	int rc = lk_check_sys(said->owner, err);

	if (rc < 0)
		return rc;
	if (old && said->epoch < old->epoch)
		return lk_fail(err, LK_M_OLD_EPOCH, said->epoch, said->tag, old->epoch);
	bool same = old && said->epoch == old->epoch && !strcmp(said->owner, old->owner);
	/* a release that a take-over overtook: it was taken, by whoever did not know that it had been stopped */
	if (same || (old && said->epoch == old->epoch && is_nobody(said)))
		return 0;
	if (old && said->epoch == old->epoch && !is_nobody(old))
		return lk_fail(err, LK_M_SPLIT_BRAIN, said->tag, old->epoch, old->owner,
			       said->owner);
	rc = put(lcd, old, said, err);
	return rc < 0 ? rc : 1;
}

static int by_tag(const void *a, const void *b)
{
	return strcmp(((const struct lk_epoch *)a)->tag, ((const struct lk_epoch *)b)->tag);
}

void lk_epoch_sort(struct lk_lcd *lcd)
{
	if (lcd->nepoch)
		qsort(lcd->epoch, lcd->nepoch, sizeof(*lcd->epoch), by_tag);
}
