/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sys_getds: tell why a system is in its state (spec/core.md 3.6). */
#include <stdio.h>

#include "lk/cmd.h"
#include "lk/msg.h"
#include "lk/sys.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const char *name = lk_cmd_value(cmd, 's'), *why;
	int rc = lk_lcd_read(&lcd, LK_T_SYS, &cmd->err);

	if (rc < 0)
		return rc;
	const struct lk_sys *sys = lk_sys_find(&lcd, name);
	if (!sys)
		return lk_fail(&cmd->err, LK_M_NO_SYS, name);
	(void)lk_sys_state(&lcd, sys, &why);
	puts(why);
	return 0;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 's', LK_OPT_REQUIRED, "sys", "system asked about", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "sys_getds [-d destsys] -s sys",
	.summary = "Tell why a system is in its state.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
