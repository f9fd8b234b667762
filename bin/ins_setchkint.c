/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ins_setchkint: set a check interval of an instance (spec/core.md 3.3.5). */
#include "lk/cmd.h"
#include "lk/ins.h"
#include "lk/name.h"
#include "lk/poison.h"

static const char *const checks[] = { "q", "quick", "d", "deep", NULL };

static bool is_quick(int check)
{
	return checks[check][0] == 'q';
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_ins *ins;
	unsigned seconds;
	int check = lk_parse_choice("option -c", lk_cmd_value(cmd, 'c'), checks, &cmd->err);
	int rc = check < 0 ? check : lk_ins_interval("option -v", lk_cmd_value(cmd, 'v'), &seconds,
						     &cmd->err);

	if (rc == 0)
		rc = lk_ins_edit(&lcd, 0, lk_cmd_value(cmd, 't'), &ins, &cmd->err);
	if (rc < 0)
		return rc;
	if (is_quick(check))
		ins->quick = seconds;
	else
		ins->deep = seconds;
	return lk_ins_save(&lcd, ins, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 't', LK_OPT_REQUIRED, "tag", "tag of the instance", NULL },
	{ 'c', LK_OPT_REQUIRED, "check", "q or quick: quickCheck; d or deep: deepCheck", NULL },
	{ 'v', LK_OPT_REQUIRED, "interval", "seconds, 0 (no checks) to 604800", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "ins_setchkint [-d destsys] -t tag -c {q|quick|d|deep} -v interval",
	.summary = "Set how often an instance is checked.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
