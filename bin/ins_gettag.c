/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ins_gettag: print the tag of an internal id (spec/core.md 3.3.3). */
#include <stdio.h>

#include "lk/cmd.h"
#include "lk/ins.h"
#include "lk/msg.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const char *id = lk_cmd_value(cmd, 'i');
	int rc = lk_lcd_read(&lcd, LK_T_INS, &cmd->err);

	if (rc < 0)
		return rc;
	const struct lk_ins *ins = lk_ins_find_id(&lcd, id);
	if (!ins)
		return lk_fail(&cmd->err, LK_M_NO_ID, id);
	puts(ins->tag);
	return 0;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'i', LK_OPT_REQUIRED, "id", "internal id of the instance", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "ins_gettag [-d destsys] -i id",
	.summary = "Print the tag of the instance with an internal id.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
