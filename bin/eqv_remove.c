/* SPDX-License-Identifier: GPL-2.0-or-later */
/* eqv_remove: untie instances of two systems (spec/core.md 3.5.3). */
#include "lk/cmd.h"
#include "lk/eqv.h"
#include "lk/name.h"
#include "lk/poison.h"

static const char *const types[] = { "SHARED", NULL };

static int drop(struct lk_cmd *cmd, struct lk_lcd *lcd)
{
	const char *sys = lk_cmd_value(cmd, 's'), *othersys = lk_cmd_value(cmd, 'S');
	const char *tag = lk_cmd_value(cmd, 't'), *othertag = lk_cmd_value(cmd, 'o');
	bool second;
	int rc = lk_eqv_side(lcd, sys, othersys, &second, &cmd->err);

	if (rc < 0)
		return rc;
	if (!othertag)
		othertag = tag;
	return second ? lk_eqv_drop(lcd, othertag, sys, tag, &cmd->err)
		      : lk_eqv_drop(lcd, tag, othersys, othertag, &cmd->err);
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_eqv_before before = { 0 };
	const char *type = lk_cmd_value(cmd, 'e');
	int rc = type ? lk_parse_choice("option -e", type, types, &cmd->err) : 0;

	if (rc == 0)
		rc = lk_lcd_begin(&lcd, LK_T_EQV | LK_T_SYS, &cmd->err);
	if (rc == 0)
		rc = lk_eqv_remember(&lcd, &before, &cmd->err);
	if (rc == 0)
		rc = drop(cmd, &lcd);
	if (rc == 0)
		rc = lk_lcd_commit(&lcd, &cmd->err);
	if (rc == 0 && !lk_cmd_given(cmd, 'L'))
		lk_eqv_remove_elsewhere(&lcd, &before);
	return rc;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 's', LK_OPT_VALUE, "sys", "first system (default: this one)", NULL },
	{ 't', LK_OPT_REQUIRED, "tag", "tag on the first system", NULL },
	{ 'S', LK_OPT_VALUE, "othersys", "second system (default: this one)", NULL },
	{ 'o', LK_OPT_VALUE, "othertag", "tag on the second system (default: the same)", NULL },
	{ 'e', LK_OPT_VALUE, "type", "SHARED", NULL },
	{ 'L', LK_OPT_FLAG, NULL, "remove only this system's half", "local-only" },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "eqv_remove [-d destsys] [-s sys] -t tag [-S othersys] [-o othertag] "
		    "[-e SHARED] [--local-only]",
	.summary = "Untie an instance from its counterpart on another system.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
