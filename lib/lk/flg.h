/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flags (spec/core.md 3.7). All need LK_T_FLG. */
#ifndef LK_FLG_H
#define LK_FLG_H

#include "lk/lcd.h"

/* NULL when it is not set. */
struct lk_flg *lk_flg_find(const struct lk_lcd *lcd, const char *flag) LK_NONNULL(1, 2);

/* 0; -4 set already; -5 bad name. */
int lk_flg_add(struct lk_lcd *lcd, const char *flag, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* 0, or -7 not set. */
int lk_flg_drop(struct lk_lcd *lcd, const char *flag, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Sort for listing: bytewise. */
void lk_flg_sort(struct lk_lcd *lcd) LK_NONNULL(1);

#endif
