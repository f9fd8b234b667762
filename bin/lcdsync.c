/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lcdsync: barrier that checks the database and makes it durable (spec/core.md 3.9.3). */
#include "lk/cmd.h"
#include "lk/files.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	/* waits for writers, finishes what a dead one had committed, reads every file */
	int rc = lk_lcd_begin(&lcd, LK_T_ALL, &cmd->err);

	return rc < 0 ? rc : lk_files_settle(&lcd.tree, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lcdsync [-d destsys]",
	.summary = "Check the configuration database and wait until it is on stable storage.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
