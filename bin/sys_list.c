/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sys_list: list the systems of the cluster (spec/core.md 3.6). */
#include "lk/cmd.h"
#include "lk/sys.h"
#include "lk/poison.h"

static int print_json(struct lk_cmd *cmd, const struct lk_lcd *lcd)
{
	struct lk_json LK_AUTO_JSON json = { 0 };

	lk_json_open(&json, NULL, '[');
	for (size_t i = 0; i < lcd->nsys; i++) {
		lk_json_open(&json, NULL, '{');
		lk_json_string(&json, "system", lcd->sys[i].name);
		lk_json_bool(&json, "local", lcd->sys[i].local);
		lk_json_close(&json, '}');
	}
	lk_json_close(&json, ']');
	return lk_cmd_json(cmd, &json);
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_SYS, &cmd->err);

	if (rc < 0)
		return rc;
	lk_sys_sort(&lcd);
	if (cmd->json)
		return print_json(cmd, &lcd);
	for (size_t i = 0; i < lcd.nsys; i++)
		lk_cmd_row(cmd, &lcd.sys[i].name, 1);
	return 0;
}

static const struct lk_opt options[] = { LK_OPT_DEST, LK_OPT_SEP, LK_OPT_JSON, LK_OPT_LAST };

static const struct lk_cmd_desc desc = {
	.synopsis = "sys_list [-d destsys] [-fC] [-J]",
	.summary = "List the systems of the cluster, this one first.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
