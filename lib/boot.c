/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first act of a start. */
#include "lk/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/act.h"
#include "lk/buf.h"
#include "lk/cleanup.h"
#include "lk/ins.h"
#include "lk/late.h"
#include "lk/lcd.h"
#include "lk/proc.h"
#include "lk/poison.h"

#define BOOT_FILE "run/boot"
#define MARK_MAX LK_BOOT_MARK

int lk_boot_mark(char mark[static LK_BOOT_MARK], struct lk_err *err)
{
	static const char path[] = "/proc/sys/kernel/random/boot_id";
	FILE LK_AUTO_FILE *file = fopen(path, "re");
	unsigned long long start = 0;
	char id[64] = "";

	if (!file || !fgets(id, sizeof(id), file))
		return lk_fail_errno(err, errno ? errno : EIO, "%s", path);
	id[strcspn(id, "\n")] = '\0';
	if (lk_proc_start(1, &start) < 0)
		start = 0;
	snprintf(mark, MARK_MAX, "%s %llu\n", id, start);
	return 0;
}

/* The mark that is there; "" if there is none. */
static int last_boot(const struct lk_tree *tree, char mark[static MARK_MAX], struct lk_err *err)
{
	struct lk_arena arena = { 0 };
	char *text;
	size_t len;
	int rc = lk_tree_slurp(tree, BOOT_FILE, &arena, &text, &len, err);

	snprintf(mark, MARK_MAX, "%s", rc > 0 ? text : "");
	lk_arena_free(&arena);
	return rc < 0 ? rc : 0;
}

/* What may run in this boot counts as left running: it is removed, or restored over itself. */
static int set_states(struct lk_lcd *lcd, bool same_boot, struct lk_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < lcd->nins && rc == 0; i++) {
		struct lk_ins *ins = &lcd->ins[i];
		bool stuck = lk_act_is_stuck(lcd, ins);
		bool up = lk_state_up(ins->state) || stuck;

		if (ins->resv != LK_RESV_NONE && lk_proc_alive(&ins->holder))
			continue;	/* somebody is at work on it right now */
		ins->resv = LK_RESV_NONE;
		ins->holder = (struct lk_holder){ 0 };
		if (!(up && same_boot))
			ins->state = LK_ILLSTATE;
		else if (stuck)
			ins->state = LK_ISP;
		if (!same_boot)
			rc = lk_act_mark_stuck(lcd, ins->tag, false, err);
		lk_ins_touch(lcd, ins);
	}
	return rc;
}

int lk_boot_doubt(struct lk_lcd *lcd, struct lk_err *err)
{
	char now[MARK_MAX], last[MARK_MAX];
	int rc = lk_boot_mark(now, err);

	if (rc == 0)
		rc = last_boot(&lcd->tree, last, err);
	if (rc < 0 || !*last || !strcmp(now, last))
		return rc;
	for (size_t i = 0; i < lcd->nins; i++)
		if (lk_state_up(lcd->ins[i].state))
			lcd->ins[i].state = LK_ILLSTATE;
	return 0;
}

int lk_boot_begin(struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	char now[MARK_MAX], last[MARK_MAX];
	struct lk_buf LK_AUTO_BUF text = { 0 };
	int rc = lk_lcd_begin(&lcd, LK_T_INS | LK_T_FLG, err);

	if (rc == 0)
		rc = lk_boot_mark(now, err);
	if (rc == 0)
		rc = last_boot(&lcd.tree, last, err);
	if (rc == 0)
		rc = set_states(&lcd, !strcmp(now, last), err);
	lk_late_unmark_all(&lcd);
	if (rc < 0)
		return rc;
	lk_buf_adds(&text, now);
	/* in one transaction: the new mark with the old states would count as left running */
	rc = text.failed ? lk_fail_nomem(err) : lk_tx_put(&lcd.tx, BOOT_FILE, &text, err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, err);
}
