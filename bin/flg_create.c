/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flg_create: set a flag (spec/core.md 3.7). */
#include "lk/cmd.h"
#include "lk/flg.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_FLG, &cmd->err);

	if (rc == 0)
		rc = lk_flg_add(&lcd, lk_cmd_value(cmd, 'f'), &cmd->err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'f', LK_OPT_REQUIRED, "flag", "name of the flag", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "flg_create [-d destsys] -f flag",
	.summary = "Set a flag. Of several that try at once exactly one succeeds.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
