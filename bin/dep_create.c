/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dep_create: make one instance depend on another (spec/core.md 3.4). */
#include "lk/cmd.h"
#include "lk/dep.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_INS | LK_T_DEP, &cmd->err);

	if (rc == 0)
		rc = lk_dep_add(&lcd, lk_cmd_value(cmd, 'p'), lk_cmd_value(cmd, 'c'), &cmd->err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'p', LK_OPT_REQUIRED, "parent", "tag of the instance that needs the child", NULL },
	{ 'c', LK_OPT_REQUIRED, "child", "tag of the instance that is needed", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "dep_create [-d destsys] -p parent -c child",
	.summary = "Make one instance depend on another.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
