/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resources that stay in service while no daemon of their system runs. */
#include "lk/held.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/canvass.h"
#include "lk/endnode.h"
#include "lk/flg.h"
#include "lk/limits.h"
#include "lk/mark.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/quorum.h"
#include "lk/remote.h"
#include "lk/poison.h"

#define TELL_MS 15000
#define MARK "run/held"
#define MARK_TEMP "run/.held.new"

static void flag_of(const char *sys, char flag[static LK_SYS_MAX + 16])
{
	snprintf(flag, LK_SYS_MAX + 16, LK_HELD_FLAG "%s", sys);
}

bool lk_held(const struct lk_lcd *lcd, const char *sys)
{
	char flag[LK_SYS_MAX + 16];

	flag_of(sys, flag);
	return lk_flg_find(lcd, flag);
}

static int set_here(const char *sys, bool set, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	char flag[LK_SYS_MAX + 16];
	int rc = lk_lcd_begin(&lcd, LK_T_FLG, err);

	flag_of(sys, flag);
	if (rc < 0 || set == (lk_flg_find(&lcd, flag) != NULL))
		return rc;
	rc = set ? lk_flg_add(&lcd, flag, err) : lk_flg_drop(&lcd, flag, err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, err);
}

/* Have the others set or remove the flag, all at the same time. How many have it as wanted now. */
static unsigned tell_others(struct lk_lcd *lcd, bool set)
{
	struct lk_remote_job job[LK_SYSTEMS_MAX];
	char flag[LK_SYS_MAX + 16];
	char *argv[] = { (char *)(set ? "flg_create" : "flg_remove"), (char *)"-f", flag, NULL };
	unsigned n = 0, good = 0;

	flag_of(lcd->local, flag);
	for (size_t i = 0; i < lcd->nsys && n < LK_SYSTEMS_MAX; i++)
		if (!lcd->sys[i].local)
			job[n++] = (struct lk_remote_job){ .dest = lcd->sys[i].name, .argc = 3, .argv = argv,
							   .output = lk_remote_keep, .limit = TELL_MS };
	lk_remote_jobs(lcd, job, n);
	for (unsigned i = 0; i < n; i++)
		good += job[i].rc == 0 && (job[i].code == 0 || job[i].code == (set ? LK_EX_EXISTS : LK_EX_NOENT));
	return good;
}

/* Does everybody who might win without us need one of them? In storage mode who is alone wins, too. */
static bool suffices(const struct lk_lcd *lcd, unsigned others)
{
	struct lk_quorum_modes modes;
	struct lk_err ignored;

	if (lk_quorum_modes(&lcd->tree, &modes, &ignored) < 0 || modes.quorum != LK_QMODE_MAJORITY)
		return others + 1 == lcd->nsys;
	return 2 * (others + 1) > lcd->nsys;
}

/* Behind whoever has found that nothing is being stopped: what it brings into service is to be seen. 1: something is. */
static int look_again(struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_ALL, err);

	return rc < 0 ? rc : lk_anything_runs(&lcd);
}

int lk_held_check(const struct lk_tree *tree, struct lk_err *err)
{
	return lk_mark_counts(tree, MARK) ? lk_fail(err, LK_M_HELD_BUSY) : 0;
}

static int begin(struct lk_lcd *lcd, struct lk_err *err)
{
	int rc = lk_quorum_check(lcd, err);

	if (rc == 0)
		rc = set_here(lcd->local, true, err);
	if (rc < 0)
		return rc;
	unsigned others = tell_others(lcd, true);
	/* nobody has been granted anything of ours before they had noted it */
	rc = lk_quorum_check(lcd, err);
	if (rc == 0 && !suffices(lcd, others))
		rc = lk_fail(err, LK_M_HELD_FEW, others, lcd->nsys - 1);
	if (rc < 0)
		lk_held_cancel(lcd);
	return rc;
}

int lk_held_begin(struct lk_lcd *lcd, struct lk_err *err)
{
	int rc = lk_canvass_needed(&lcd->tree, err);

	if (rc <= 0 || lcd->nsys < 2)
		return rc < 0 ? rc : 0;
	if (!lk_mark_set(&lcd->tree, MARK, MARK_TEMP))
		return lk_fail_errno(err, errno, MARK);
	rc = look_again(err);
	if (rc > 0)
		rc = begin(lcd, err);
	if (rc < 0)
		unlinkat(lcd->tree.fd, MARK, 0);
	return rc;
}

void lk_held_cancel(struct lk_lcd *lcd)
{
	struct lk_err ignored;

	if (tell_others(lcd, false) + 1 == lcd->nsys)
		(void)!set_here(lcd->local, false, &ignored);
}

void lk_held_end(void)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err ignored;

	if (lk_lcd_read(&lcd, LK_T_SYS | LK_T_FLG, &ignored) == 0 && lk_held_check(&lcd.tree, &ignored) == 0 &&
	    lk_held(&lcd, lcd.local) &&
	    lk_quorum_check(&lcd, &ignored) == 0)
		lk_held_cancel(&lcd);
}
