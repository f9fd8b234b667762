/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ins_setlocalrecover: switch local recovery of an instance (spec/core.md 3.3.5). */
#include "lk/cmd.h"
#include "lk/ins.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_ins *ins;
	bool on;
	int rc = lk_ins_yes_no("option -l", lk_cmd_value(cmd, 'l'), &on, &cmd->err);

	if (rc == 0)
		rc = lk_ins_edit(&lcd, 0, lk_cmd_value(cmd, 't'), &ins, &cmd->err);
	if (rc < 0)
		return rc;
	ins->localrecovery = on;
	return lk_ins_save(&lcd, ins, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 't', LK_OPT_REQUIRED, "tag", "tag of the instance", NULL },
	{ 'l', LK_OPT_REQUIRED, "Y|N", "Y: on, N: off", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "ins_setlocalrecover [-d destsys] -t tag -l {Y|N}",
	.summary = "Switch local recovery of an instance on or off.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
