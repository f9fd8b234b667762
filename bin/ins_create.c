/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ins_create: create a resource instance (spec/core.md 3.3.2). */
#include "lk/cmd.h"
#include "lk/ins.h"
#include "lk/limits.h"
#include "lk/name.h"
#include "lk/poison.h"

static int take_choices(struct lk_cmd *cmd, struct lk_ins *ins)
{
	const char *init = lk_cmd_value(cmd, 'I'), *switchback = lk_cmd_value(cmd, 's');
	int choice = 0;

	if (init)
		choice = lk_parse_choice("option -I", init, lk_init_names, &cmd->err);
	if (choice < 0)
		return choice;
	ins->init = (enum lk_init)choice;

	choice = 0;
	if (switchback)
		choice = lk_parse_choice("option -s", switchback, lk_switchback_names, &cmd->err);
	if (choice < 0)
		return choice;
	ins->switchback = (enum lk_switchback)choice;
	return 0;
}

static int take_numbers(struct lk_cmd *cmd, struct lk_ins *ins)
{
	const char *quick = lk_cmd_value(cmd, 'Q'), *deep = lk_cmd_value(cmd, 'D');
	const char *local = lk_cmd_value(cmd, 'l');
	int rc = 0;

	if (quick)
		rc = lk_ins_interval("option -Q", quick, &ins->quick, &cmd->err);
	if (rc == 0 && deep)
		rc = lk_ins_interval("option -D", deep, &ins->deep, &cmd->err);
	if (rc == 0 && local)
		rc = lk_ins_yes_no("option -l", local, &ins->localrecovery, &cmd->err);
	return rc;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const char *info = lk_cmd_value(cmd, 'v');
	struct lk_ins ins = {
		.app = lk_cmd_value(cmd, 'a'), .type = lk_cmd_value(cmd, 'r'),
		.tag = lk_cmd_value(cmd, 't'), .id = lk_cmd_value(cmd, 'i'),
		.info = info ? info : "", .reason = "", .state = LK_OSU,
		.quick = LK_QUICK_DEFAULT, .deep = LK_DEEP_DEFAULT,
	};
	int rc = take_choices(cmd, &ins);

	if (rc == 0)
		rc = take_numbers(cmd, &ins);
	if (rc == 0)
		rc = lk_lcd_begin(&lcd, LK_T_APP | LK_T_INS, &cmd->err);
	if (rc == 0)
		rc = lk_ins_add(&lcd, &ins, &cmd->err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'a', LK_OPT_REQUIRED, "appname", "application", NULL },
	{ 'r', LK_OPT_REQUIRED, "restyp", "resource type of the application", NULL },
	{ 'I', LK_OPT_VALUE, "method", "initialisation: AUTORES_ISP (default), INIT_ISP or INIT_OSU", NULL },
	{ 'v', LK_OPT_VALUE, "info", "data of the kit", NULL },
	{ 't', LK_OPT_REQUIRED, "tag", "tag, unique on the system", NULL },
	{ 'i', LK_OPT_REQUIRED, "id", "internal id, unique on the system", NULL },
	{ 'Q', LK_OPT_VALUE, "seconds", "quickCheck interval, 0 to 604800 (default 180)", NULL },
	{ 'D', LK_OPT_VALUE, "seconds", "deepCheck interval, 0 to 604800 (default 300)", NULL },
	{ 'l', LK_OPT_VALUE, "Y|N", "local recovery (default N)", NULL },
	{ 's', LK_OPT_VALUE, "type", "switchback: INTELLIGENT (default) or AUTOMATIC", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "ins_create [-d destsys] -a appname -r restyp "
		    "[-I {AUTORES_ISP|INIT_ISP|INIT_OSU}] [-v info] -t tag -i id "
		    "[-Q quickChkInt] [-D deepChkInt] [-l {Y|N}] [-s {AUTOMATIC|INTELLIGENT}]",
	.summary = "Create a resource instance, out of service.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
