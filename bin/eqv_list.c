/* SPDX-License-Identifier: GPL-2.0-or-later */
/* eqv_list: list the equivalencies of this system's instances (spec/core.md 3.5.2). */
#include <stdio.h>
#include <string.h>

#include "lk/cmd.h"
#include "lk/eqv.h"
#include "lk/name.h"
#include "lk/poison.h"

#define PRIORITY_TEXT 12

static const char *const types[] = { "SHARED", NULL };

static bool matches(const struct lk_cmd *cmd, const struct lk_lcd *lcd, const struct lk_eqv *eqv)
{
	const char *sys = lk_cmd_value(cmd, 's'), *tag = lk_cmd_value(cmd, 't');

	return (!sys || !strcmp(sys, lcd->local) || !strcmp(sys, eqv->sys)) &&
	       (!tag || !strcmp(tag, eqv->tag) || !strcmp(tag, eqv->othertag));
}

static void print_row(const struct lk_cmd *cmd, const struct lk_lcd *lcd, const struct lk_eqv *eqv)
{
	char here[PRIORITY_TEXT], there[PRIORITY_TEXT];
	const char *fields[] = { lcd->local, eqv->tag, eqv->sys, eqv->othertag, "SHARED", here,
				 there };

	snprintf(here, sizeof(here), "%u", eqv->priority);
	snprintf(there, sizeof(there), "%u", eqv->otherpriority);
	lk_cmd_row(cmd, fields, sizeof(fields) / sizeof(*fields));
}

static void add_json(struct lk_json *json, const struct lk_lcd *lcd, const struct lk_eqv *eqv)
{
	lk_json_open(json, NULL, '{');
	lk_json_string(json, "system", lcd->local);
	lk_json_string(json, "tag", eqv->tag);
	lk_json_string(json, "other_system", eqv->sys);
	lk_json_string(json, "other_tag", eqv->othertag);
	lk_json_string(json, "type", "SHARED");
	lk_json_number(json, "priority", eqv->priority);
	lk_json_number(json, "other_priority", eqv->otherpriority);
	lk_json_close(json, '}');
}

static int list(struct lk_cmd *cmd, const struct lk_lcd *lcd)
{
	struct lk_json LK_AUTO_JSON json = { 0 };

	lk_json_open(&json, NULL, '[');
	for (size_t i = 0; i < lcd->neqv; i++) {
		if (!matches(cmd, lcd, &lcd->eqv[i]))
			continue;
		if (cmd->json)
			add_json(&json, lcd, &lcd->eqv[i]);
		else
			print_row(cmd, lcd, &lcd->eqv[i]);
	}
	lk_json_close(&json, ']');
	return cmd->json ? lk_cmd_json(cmd, &json) : 0;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const char *type = lk_cmd_value(cmd, 'e');
	int rc = type ? lk_parse_choice("option -e", type, types, &cmd->err) : 0;

	if (rc == 0)
		rc = lk_lcd_read(&lcd, LK_T_EQV | LK_T_SYS, &cmd->err);
	if (rc < 0)
		return rc;
	lk_eqv_sort(&lcd);
	return list(cmd, &lcd);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 's', LK_OPT_VALUE, "sys", "only pairs with this system", NULL },
	{ 't', LK_OPT_VALUE, "tag", "only pairs with this tag on either side", NULL },
	{ 'e', LK_OPT_VALUE, "type", "only pairs of this type; all are SHARED", NULL },
	LK_OPT_SEP,
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "eqv_list [-d destsys] [-s sys] [-t tag] [-e SHARED] [-fC] [-J]",
	.summary = "List the equivalencies, one per line, 7 fields.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
