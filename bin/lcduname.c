/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lcduname: print the name of this system as the database has it (spec/core.md 3.9.6). */
#include <stdio.h>

#include "lk/cmd.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_SYS, &cmd->err);

	if (rc == 0)
		puts(lcd.local);
	return rc;
}

static const struct lk_opt options[] = { LK_OPT_LAST };

static const struct lk_cmd_desc desc = {
	.synopsis = "lcduname",
	.summary = "Print the name of this system in the cluster.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
