/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ins_setin: replace the info of an instance (spec/core.md 3.3.5). */
#include "lk/cmd.h"
#include "lk/ins.h"
#include "lk/name.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const char *info = lk_cmd_given(cmd, 'v') ? lk_cmd_value(cmd, 'v') : "";
	struct lk_ins *ins;
	int rc = lk_check_text("info", info, &cmd->err);

	if (rc == 0)
		rc = lk_ins_edit(&lcd, 0, lk_cmd_value(cmd, 't'), &ins, &cmd->err);
	if (rc < 0)
		return rc;
	ins->info = info;
	return lk_ins_save(&lcd, ins, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 't', LK_OPT_REQUIRED, "tag", "tag of the instance", NULL },
	{ 'v', LK_OPT_VALUE, "info", "data of the kit (default: none)", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "ins_setin [-d destsys] -t tag [-v info]",
	.summary = "Replace the info of an instance.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
