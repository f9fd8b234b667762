/* SPDX-License-Identifier: GPL-2.0-or-later */
/* typ_list: list the resource types (spec/core.md 3.2). */
#include <string.h>

#include "lk/app.h"
#include "lk/cmd.h"
#include "lk/poison.h"

static bool wanted(const struct lk_typ *typ, const char *app)
{
	return !app || !strcmp(typ->app, app);
}

static int print_json(struct lk_cmd *cmd, const struct lk_lcd *lcd, const char *app)
{
	struct lk_json LK_AUTO_JSON json = { 0 };

	lk_json_open(&json, NULL, '[');
	for (size_t i = 0; i < lcd->ntyp; i++) {
		if (!wanted(&lcd->typ[i], app))
			continue;
		lk_json_open(&json, NULL, '{');
		lk_json_string(&json, "application", lcd->typ[i].app);
		lk_json_string(&json, "type", lcd->typ[i].name);
		lk_json_close(&json, '}');
	}
	lk_json_close(&json, ']');
	return lk_cmd_json(cmd, &json);
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const char *app = lk_cmd_value(cmd, 'a');
	int rc = lk_lcd_read(&lcd, LK_T_APP | LK_T_TYP, &cmd->err);

	if (rc == 0)
		rc = lk_app_known(&lcd, app, NULL, &cmd->err);
	if (rc < 0)
		return rc;
	lk_typ_sort(&lcd);
	if (cmd->json)
		return print_json(cmd, &lcd, app);
	for (size_t i = 0; i < lcd.ntyp; i++) {
		const char *fields[] = { lcd.typ[i].app, lcd.typ[i].name };

		if (wanted(&lcd.typ[i], app))
			lk_cmd_row(cmd, fields, 2);
	}
	return 0;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	LK_OPT_SEP,
	{ 'a', LK_OPT_VALUE, "appname", "only the types of this application", NULL },
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "typ_list [-d destsys] [-fC] [-a appname] [-J]",
	.summary = "List the resource types.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
