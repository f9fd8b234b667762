/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ins_setas: set the switchback type of a hierarchy (spec/core.md 3.3.5). */
#include "lk/cmd.h"
#include "lk/dep.h"
#include "lk/ins.h"
#include "lk/name.h"
#include "lk/poison.h"

static int set_hierarchy(struct lk_lcd *lcd, const char *top, enum lk_switchback type,
			 struct lk_err *err)
{
	struct lk_ins **below;
	int rc = lk_dep_reach(lcd, top, LK_DOWN, &below, err);

	for (; rc == 0 && *below; below++) {
		(*below)->switchback = type;
		lk_ins_touch(lcd, *below);
	}
	return rc;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const char *top = lk_cmd_value(cmd, 't');
	int type = lk_parse_choice("option -s", lk_cmd_value(cmd, 's'), lk_switchback_names,
				   &cmd->err);
	int rc = type < 0 ? type : lk_lcd_begin(&lcd, LK_T_INS | LK_T_DEP, &cmd->err);

	if (rc == 0)
		rc = set_hierarchy(&lcd, top, (enum lk_switchback)type, &cmd->err);
	if (rc == 0)
		rc = lk_lcd_commit(&lcd, &cmd->err);
	if (rc == 0 && !lk_dep_is_root(&lcd, top))
		lk_cmd_warn(cmd, "\"%s\" is not a root: only it and what is below it were set", top);
	return rc;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 't', LK_OPT_REQUIRED, "tag", "root of the hierarchy", NULL },
	{ 's', LK_OPT_REQUIRED, "type", "INTELLIGENT or AUTOMATIC", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "ins_setas [-d destsys] -t tag -s {INTELLIGENT|AUTOMATIC}",
	.summary = "Set the switchback type of a root and of all below it.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
