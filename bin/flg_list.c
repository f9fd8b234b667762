/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flg_list: list the flags that are set (spec/core.md 3.7). */
#include "lk/cmd.h"
#include "lk/flg.h"
#include "lk/poison.h"

static int print_json(struct lk_cmd *cmd, const struct lk_lcd *lcd)
{
	struct lk_json LK_AUTO_JSON json = { 0 };

	lk_json_open(&json, NULL, '[');
	for (size_t i = 0; i < lcd->nflg; i++) {
		lk_json_open(&json, NULL, '{');
		lk_json_string(&json, "flag", lcd->flg[i].name);
		lk_json_close(&json, '}');
	}
	lk_json_close(&json, ']');
	return lk_cmd_json(cmd, &json);
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_FLG, &cmd->err);

	if (rc < 0)
		return rc;
	lk_flg_sort(&lcd);
	if (cmd->json)
		return print_json(cmd, &lcd);
	for (size_t i = 0; i < lcd.nflg; i++)
		lk_cmd_row(cmd, &lcd.flg[i].name, 1);
	return 0;
}

static const struct lk_opt options[] = { LK_OPT_DEST, LK_OPT_JSON, LK_OPT_LAST };

static const struct lk_cmd_desc desc = {
	.synopsis = "flg_list [-d destsys] [-J]",
	.summary = "List the flags that are set.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
