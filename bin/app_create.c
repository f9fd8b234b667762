/* SPDX-License-Identifier: GPL-2.0-or-later */
/* app_create: register an application (spec/core.md 3.1). */
#include "lk/app.h"
#include "lk/cmd.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_APP, &cmd->err);

	if (rc == 0)
		rc = lk_app_add(&lcd, lk_cmd_value(cmd, 'a'), &cmd->err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'a', LK_OPT_REQUIRED, "appname", "name of the new application", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "app_create [-d destsys] -a appname",
	.summary = "Register an application.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
