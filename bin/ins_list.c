/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ins_list: list resource instances (spec/core.md 3.3.1). */
#include <string.h>

#include "lk/app.h"
#include "lk/cmd.h"
#include "lk/dep.h"
#include "lk/graph.h"
#include "lk/ins.h"
#include "lk/msg.h"
#include "lk/poison.h"

struct listing {
	struct lk_cmd *cmd;
	const struct lk_lcd *lcd;
	struct lk_json json;
};

static bool matches(const struct lk_cmd *cmd, const struct lk_ins *ins)
{
	const char *app = lk_cmd_value(cmd, 'a'), *type = lk_cmd_value(cmd, 'r');
	const char *tag = lk_cmd_value(cmd, 't'), *id = lk_cmd_value(cmd, 'i');

	return (!app || !strcmp(ins->app, app)) && (!type || !strcmp(ins->type, type)) &&
	       (!tag || !strcmp(ins->tag, tag)) && (!id || !strcmp(ins->id, id));
}

static void add_json(struct lk_json *json, const struct lk_lcd *lcd, const struct lk_ins *ins)
{
	lk_json_open(json, NULL, '{');
	lk_json_string(json, "system", lcd->local);
	lk_ins_json(json, ins);
	lk_json_close(json, '}');
}

static void list_one(struct listing *l, const struct lk_ins *ins)
{
	char numbers[4][LK_INS_NUMBER];
	const char *fields[LK_INS_FIELDS];

	if (!matches(l->cmd, ins))
		return;
	if (l->cmd->json) {
		add_json(&l->json, l->lcd, ins);
		return;
	}
	lk_ins_fields(l->lcd, ins, numbers, fields);
	lk_cmd_row(l->cmd, fields, LK_INS_FIELDS);
}

static int list_hierarchy(struct listing *l, struct lk_lcd *lcd, const char *top)
{
	struct lk_ins **ins;
	int rc = lk_dep_reach(lcd, top, LK_DOWN, &ins, &l->cmd->err);

	for (; rc == 0 && *ins; ins++)
		list_one(l, *ins);
	return rc;
}

static int list_all(struct listing *l, struct lk_lcd *lcd)
{
	lk_ins_sort(lcd);
	for (size_t i = 0; i < lcd->nins; i++)
		list_one(l, &lcd->ins[i]);
	return 0;
}

static int list_roots(struct listing *l, struct lk_lcd *lcd)
{
	struct lk_graph graph;

	lk_ins_sort(lcd);
	int rc = lk_graph_build(&graph, lcd, &l->cmd->err);
	for (size_t i = 0; rc == 0 && i < lcd->nins; i++) {
		int node = lk_graph_find(&graph, lcd->ins[i].tag);

		if (lk_graph_is_root(&graph, (unsigned)node))
			list_one(l, &lcd->ins[i]);
	}
	return rc;
}

/* A filter that names something unknown is an error, one that matches nothing is not. */
static int check_filters(struct lk_cmd *cmd, const struct lk_lcd *lcd)
{
	const char *tag = lk_cmd_value(cmd, 't'), *id = lk_cmd_value(cmd, 'i');
	int rc = lk_app_known(lcd, lk_cmd_value(cmd, 'a'), lk_cmd_value(cmd, 'r'), &cmd->err);

	if (rc < 0)
		return rc;
	if (tag && !lk_ins_find(lcd, tag))
		return lk_fail(&cmd->err, LK_M_NO_TAG, tag);
	if (id && !lk_ins_find_id(lcd, id))
		return lk_fail(&cmd->err, LK_M_NO_ID, id);
	return 0;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const char *top = lk_cmd_value(cmd, 'R');
	unsigned tables = LK_T_SYS | LK_T_INS;
	struct listing l = { .cmd = cmd, .lcd = &lcd };

	if (top)
		tables |= LK_T_DEP;
	if (lk_cmd_given(cmd, 'a'))
		tables |= LK_T_APP;
	int rc = lk_lcd_read(&lcd, tables, &cmd->err);
	if (rc == 0)
		rc = check_filters(cmd, &lcd);
	if (rc < 0)
		return rc;

	lk_json_open(&l.json, NULL, '[');
	if (top)
		rc = *top ? list_hierarchy(&l, &lcd, top) : list_roots(&l, &lcd);
	else
		rc = list_all(&l, &lcd);
	lk_json_close(&l.json, ']');
	if (rc == 0 && cmd->json)
		rc = lk_cmd_json(cmd, &l.json);
	lk_json_free(&l.json);
	return rc;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	LK_OPT_SEP,
	{ 'R', LK_OPT_VALUE, "top", "top and everything below it; \"\": only the roots", NULL },
	{ 'a', LK_OPT_VALUE, "appname", "only instances of this application", NULL },
	{ 'r', LK_OPT_VALUE, "typ", "only instances of this type", NULL },
	{ 't', LK_OPT_VALUE, "tag", "only the instance with this tag", NULL },
	{ 'i', LK_OPT_VALUE, "id", "only the instance with this id", NULL },
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "ins_list [-d destsys] [-fC] [-R top] [-a appname] [-r typ] [-t tag] [-i id] [-J]",
	.summary = "List resource instances, one per line, 15 fields.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
