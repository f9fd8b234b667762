/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An action on a hierarchy: giving what was released to the system that wants it. */
#include "lk/act.h"

#include "lk/epoch.h"
#include "lk/ins.h"
#include "lk/msg.h"
#include "lk/poison.h"

#define TABLES (LK_T_EPOCH | LK_T_INS | LK_T_SYS)

/* All of it, in memory. */
static int set_all(struct lk_lcd *lcd, const struct lk_epoch *said, size_t n, struct lk_err *err)
{
	struct lk_err why;

	for (size_t i = 0; i < n; i++) {
		int rc = lk_ins_find(lcd, said[i].tag) ? lk_epoch_set(lcd, &said[i], &why) : 0;

		if (rc == -LK_EX_ARG || rc == -LK_EX_INTERNAL)
			return lk_fail(err, LK_M_OFFER_OLD, said[i].tag, said[i].owner, why.text);
		if (rc < 0) {
			*err = why;
			return rc;
		}
	}
	return 0;
}

int lk_act_offered(const struct lk_epoch *said, size_t n, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, TABLES, err);

	return rc < 0 ? rc : set_all(&lcd, said, n, err);
}

int lk_act_give(const struct lk_epoch *said, size_t n, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, TABLES, err);

	if (rc == 0)
		rc = set_all(&lcd, said, n, err);
	return rc < 0 || !lcd.dirty ? rc : lk_lcd_commit(&lcd, err);
}
