/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flags. */
#include "lk/flg.h"

#include <stdlib.h>
#include <string.h>

#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

struct lk_flg *lk_flg_find(const struct lk_lcd *lcd, const char *flag)
{
	for (size_t i = 0; i < lcd->nflg; i++)
		if (!strcmp(lcd->flg[i].name, flag))
			return &lcd->flg[i];
	return NULL;
}

int lk_flg_add(struct lk_lcd *lcd, const char *flag, struct lk_err *err)
{
	struct lk_flg row = { .name = lk_arena_dup(&lcd->arena, flag) };
	int rc = lk_check_flag(flag, err);

	if (rc < 0)
		return rc;
	if (lk_flg_find(lcd, flag))
		return lk_fail(err, LK_M_FLAG_EXISTS, flag);
	if (!row.name)
		return lk_fail_nomem(err);
	lcd->dirty |= LK_T_FLG;
	return LK_LCD_APPEND(lcd, flg, row, err);
}

int lk_flg_drop(struct lk_lcd *lcd, const char *flag, struct lk_err *err)
{
	const struct lk_flg *row = lk_flg_find(lcd, flag);

	if (!row)
		return lk_fail(err, LK_M_NO_FLAG, flag);
	LK_LCD_DROP(lcd, flg, (size_t)(row - lcd->flg));
	lcd->dirty |= LK_T_FLG;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct lk_flg *)a)->name, ((const struct lk_flg *)b)->name);
}

void lk_flg_sort(struct lk_lcd *lcd)
{
	if (lcd->nflg)
		qsort(lcd->flg, lcd->nflg, sizeof(*lcd->flg), by_name);
}
