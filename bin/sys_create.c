/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sys_create: define a system of the cluster (spec/core.md 3.6). */
#include "lk/cmd.h"
#include "lk/sys.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_SYS, &cmd->err);

	if (rc == 0)
		rc = lk_sys_add(&lcd, lk_cmd_value(cmd, 's'), &cmd->err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 's', LK_OPT_REQUIRED, "sys", "system to define", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "sys_create [-d destsys] -s sys",
	.summary = "Define a system of the cluster.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
