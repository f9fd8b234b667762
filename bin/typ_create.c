/* SPDX-License-Identifier: GPL-2.0-or-later */
/* typ_create: register a resource type (spec/core.md 3.2). */
#include "lk/app.h"
#include "lk/cmd.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_APP | LK_T_TYP, &cmd->err);

	if (rc == 0)
		rc = lk_typ_add(&lcd, lk_cmd_value(cmd, 'a'), lk_cmd_value(cmd, 'r'), &cmd->err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'a', LK_OPT_REQUIRED, "appname", "application the type belongs to", NULL },
	{ 'r', LK_OPT_REQUIRED, "restyp", "name of the new type", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "typ_create [-d destsys] -a appname -r restyp",
	.summary = "Register a resource type of an application.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
