/* SPDX-License-Identifier: GPL-2.0-or-later */
/* app_list: list the registered applications (spec/core.md 3.1). */
#include "lk/app.h"
#include "lk/cmd.h"
#include "lk/poison.h"

static int print_json(struct lk_cmd *cmd, const struct lk_lcd *lcd)
{
	struct lk_json LK_AUTO_JSON json = { 0 };

	lk_json_open(&json, NULL, '[');
	for (size_t i = 0; i < lcd->napp; i++) {
		lk_json_open(&json, NULL, '{');
		lk_json_string(&json, "application", lcd->app[i].name);
		lk_json_close(&json, '}');
	}
	lk_json_close(&json, ']');
	return lk_cmd_json(cmd, &json);
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_APP, &cmd->err);

	if (rc < 0)
		return rc;
	lk_app_sort(&lcd);
	if (cmd->json)
		return print_json(cmd, &lcd);
	for (size_t i = 0; i < lcd.napp; i++)
		lk_cmd_row(cmd, &lcd.app[i].name, 1);
	return 0;
}

static const struct lk_opt options[] = { LK_OPT_DEST, LK_OPT_SEP, LK_OPT_JSON, LK_OPT_LAST };

static const struct lk_cmd_desc desc = {
	.synopsis = "app_list [-d destsys] [-fC] [-J]",
	.summary = "List the registered applications.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
