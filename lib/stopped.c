/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Systems that were stopped in order while this one was not there to be told so. */
#include "lk/stopped.h"

#include <stdio.h>
#include <unistd.h>

#include "lk/flg.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/sys.h"
#include "lk/poison.h"

void lk_stopped_flag(const char *sys, char flag[static LK_STOPPED_MAX])
{
	snprintf(flag, LK_STOPPED_MAX, LK_STOPPED_FLAG "%s", sys);
}

uint32_t lk_stopped_unknown(const struct lk_picture *picture)
{
	const struct lk_pic_sys *self = &picture->sys[picture->self];
	uint32_t set = 0, seen = 0;

	for (unsigned i = 0; i < picture->nsys; i++) {
		if (i == picture->self || picture->sys[i].life != LK_LIFE_ALIVE)
			continue;
		set |= picture->sys[i].stopped;
		seen |= picture->sys[i].sees;
	}
	return set & self->absent & ~seen & ~self->stopped;
}

static int change(const struct lk_picture *picture, uint32_t set, bool put, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	char flag[LK_STOPPED_MAX];
	int rc = set ? lk_lcd_begin(&lcd, LK_T_FLG, err) : 0;

	for (unsigned i = 0; i < picture->nsys && rc == 0; i++) {
		lk_stopped_flag(picture->sys[i].name, flag);
		if (!(set >> i & 1) || put == (lk_flg_find(&lcd, flag) != NULL))
			continue;
		rc = put ? lk_flg_add(&lcd, flag, err) : lk_flg_drop(&lcd, flag, err);
	}
	return rc < 0 || !lcd.dirty ? rc : lk_lcd_commit(&lcd, err);
}

/* Those of the set that are not DEAD now. */
static int find_back(const struct lk_picture *picture, uint32_t set, uint32_t *back, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_SYS, err);
	const char *why;

	*back = 0;
	for (unsigned i = 0; i < picture->nsys && rc == 0; i++) {
		const struct lk_sys *sys = set >> i & 1 ? lk_sys_find(&lcd, picture->sys[i].name) : NULL;

		if (set >> i & 1 && (!sys || lk_sys_state(&lcd, sys, &why) != LK_SYS_DEAD))
			*back |= UINT32_C(1) << i;
	}
	return rc;
}

static void say(const struct lk_picture *picture, uint32_t set, const char *prog)
{
	struct lk_tree tree;
	struct lk_err text;
	struct lk_log_line line = { .level = LK_LOG_INFO, .prog = prog, .pid = getpid(), .component = "recovery",
				    .number = LK_M_NUMBER(LK_M_LOG_STOPPED), .text = text.text };
	struct lk_err ignored;

	if (!set || lk_tree_open(&tree, &ignored) < 0)
		return;
	for (unsigned i = 0; i < picture->nsys; i++) {
		if (!(set >> i & 1))
			continue;
		lk_fail(&text, LK_M_LOG_STOPPED, picture->sys[i].name);
		lk_log(&tree, &line, &ignored);
	}
	lk_tree_close(&tree);
}

int lk_stopped_adopt(struct lk_picture *picture, const char *prog, struct lk_err *err)
{
	uint32_t set = lk_stopped_unknown(picture), back = 0;
	struct lk_pic_sys *self = &picture->sys[picture->self];

	if (!set)
		return 0;
	self->stopped |= set;
	self->refuses |= set;
	int rc = find_back(picture, set, &back, err);
	set &= ~back;
	if (rc == 0)
		rc = change(picture, set, true, err);
	/* lcm, which removes the flag when the system comes back, may have looked for it before it was there */
	if (rc == 0)
		rc = find_back(picture, set, &back, err);
	if (rc == 0)
		rc = change(picture, back, false, err);
	if (rc == 0)
		say(picture, set & ~back, prog);
	return rc;
}
