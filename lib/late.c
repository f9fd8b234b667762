/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is made up for once there is quorum. */
#include "lk/late.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/flg.h"
#include "lk/name.h"
#include "lk/quorum.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define NOTE "run/late"

/* ---- the file ---- */

static int make(const struct lk_tree *tree, const char *path, struct lk_err *err)
{
	int LK_AUTO_CLOSE fd = openat(tree->fd, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);

	return fd < 0 ? lk_fail_errno(err, errno, "%s/%s", tree->root, path) : 0;
}

int lk_late_note(const struct lk_tree *tree, struct lk_err *err)
{
	return make(tree, NOTE, err);
}

void lk_late_forget(const struct lk_tree *tree)
{
	(void)!unlinkat(tree->fd, NOTE, 0);
}

bool lk_late_noted(const struct lk_tree *tree)
{
	return faccessat(tree->fd, NOTE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void lk_late_event(const struct lk_tree *tree, const char *sys, bool quorum)
{
	struct lk_quorum_modes modes;
	char path[LK_SYS_FILE];
	struct lk_err ignored;

	lk_sys_file(LK_SYS_LATE, sys, path);
	if (quorum)
		(void)!unlinkat(tree->fd, path, 0);
	else if (lk_quorum_modes(tree, &modes, &ignored) == 0 && lk_quorum_leases(modes.quorum) &&
		 make(tree, path, &ignored) == 0)
		(void)!make(tree, NOTE, &ignored);
}

bool lk_late_event_noted(const struct lk_tree *tree, const char *sys)
{
	return lk_sys_noted(tree, LK_SYS_LATE, sys);
}

void lk_late_forget_events(const struct lk_lcd *lcd)
{
	for (size_t i = 0; i < lcd->nsys; i++)
		lk_late_event(&lcd->tree, lcd->sys[i].name, true);
}

/* ---- the flags ---- */

static void flag_of(const char *tag, char flag[static LK_TAG_MAX + 32])
{
	snprintf(flag, LK_TAG_MAX + 32, LK_LATE_FLAG "%s", tag);
}

int lk_late_mark(struct lk_lcd *lcd, const char *tag, struct lk_err *err)
{
	char flag[LK_TAG_MAX + 32];

	flag_of(tag, flag);
	return lk_flg_find(lcd, flag) ? 0 : lk_flg_add(lcd, flag, err);
}

void lk_late_unmark(struct lk_lcd *lcd, const char *tag)
{
	char flag[LK_TAG_MAX + 32];
	struct lk_err ignored;

	flag_of(tag, flag);
	(void)!lk_flg_drop(lcd, flag, &ignored);
}

void lk_late_unmark_all(struct lk_lcd *lcd)
{
	struct lk_err ignored;

	for (size_t i = lcd->nflg; i-- > 0;)
		if (!strncmp(lcd->flg[i].name, LK_LATE_FLAG, strlen(LK_LATE_FLAG)))
			(void)!lk_flg_drop(lcd, lcd->flg[i].name, &ignored);
}

bool lk_late_is_due(const struct lk_lcd *lcd, const struct lk_ins *ins)
{
	char flag[LK_TAG_MAX + 32];

	flag_of(ins->tag, flag);
	return ins->state == LK_OSU && ins->resv == LK_RESV_NONE && lk_flg_find(lcd, flag);
}

int lk_late_end(struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_FLG, err);

	if (rc == 0)
		lk_late_unmark_all(&lcd);
	return rc < 0 || !lcd.dirty ? rc : lk_lcd_commit(&lcd, err);
}
