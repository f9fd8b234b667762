/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flg_test: tell by the exit code whether a flag is set (spec/core.md 3.7). */
#include "lk/cmd.h"
#include "lk/flg.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_FLG, &cmd->err);

	if (rc < 0)
		return rc;
	return lk_flg_find(&lcd, lk_cmd_value(cmd, 'f')) ? LK_EX_OK : LK_EX_NOENT;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'f', LK_OPT_REQUIRED, "flag", "name of the flag", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "flg_test [-d destsys] -f flag",
	.summary = "Exit with 0 if the flag is set, with 7 if it is not.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
