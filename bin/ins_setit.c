/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ins_setit: set the initialisation method of an instance (spec/core.md 3.3.5). */
#include "lk/cmd.h"
#include "lk/ins.h"
#include "lk/name.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_ins *ins;
	int init = lk_parse_choice("option -I", lk_cmd_value(cmd, 'I'), lk_init_names, &cmd->err);
	int rc = init < 0 ? init
			  : lk_ins_edit(&lcd, 0, lk_cmd_value(cmd, 't'), &ins, &cmd->err);

	if (rc < 0)
		return rc;
	ins->init = (enum lk_init)init;
	return lk_ins_save(&lcd, ins, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 't', LK_OPT_REQUIRED, "tag", "tag of the instance", NULL },
	{ 'I', LK_OPT_REQUIRED, "method", "AUTORES_ISP, INIT_ISP or INIT_OSU", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "ins_setit [-d destsys] -t tag -I {AUTORES_ISP|INIT_ISP|INIT_OSU}",
	.summary = "Set what the next start of Lockkeeper does with an instance.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
