/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dep_remove: remove dependencies (spec/core.md 3.4). */
#include "lk/cmd.h"
#include "lk/dep.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_INS | LK_T_DEP, &cmd->err);

	if (rc == 0)
		rc = lk_dep_drop(&lcd, lk_cmd_value(cmd, 'p'), lk_cmd_value(cmd, 'c'), &cmd->err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'p', LK_OPT_VALUE, "parent", "only dependencies of this instance", NULL },
	{ 'c', LK_OPT_VALUE, "child", "only dependencies on this instance", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "dep_remove [-d destsys] [-p parent] [-c child]",
	.summary = "Remove dependencies: without -p and -c all of the system.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
