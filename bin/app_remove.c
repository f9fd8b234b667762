/* SPDX-License-Identifier: GPL-2.0-or-later */
/* app_remove: unregister an application with its types and instances (spec/core.md 3.1). */
#include "lk/app.h"
#include "lk/cmd.h"
#include "lk/eqv.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_eqv_before before = { 0 };
	int rc = lk_lcd_begin(&lcd, LK_T_REMOVE_TYPE, &cmd->err);

	if (rc == 0)
		rc = lk_eqv_remember(&lcd, &before, &cmd->err);
	if (rc == 0)
		rc = lk_app_drop(&lcd, lk_cmd_value(cmd, 'a'), &cmd->err);
	if (rc == 0)
		rc = lk_lcd_commit(&lcd, &cmd->err);
	if (rc == 0)
		lk_eqv_remove_elsewhere(&lcd, &before);
	return rc;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'a', LK_OPT_REQUIRED, "appname", "application to remove", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "app_remove [-d destsys] -a appname",
	.summary = "Unregister an application, its types and all about their instances.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
