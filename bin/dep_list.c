/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dep_list: list dependencies (spec/core.md 3.4). */
#include <string.h>

#include "lk/app.h"
#include "lk/cmd.h"
#include "lk/dep.h"
#include "lk/ins.h"
#include "lk/poison.h"

struct listing {
	struct lk_cmd *cmd;
	const struct lk_lcd *lcd;
	const struct lk_graph *graph;
	struct lk_json json;
};

/* -r and -a are about the child. */
static bool wanted(const struct listing *l, const char *child)
{
	const char *app = lk_cmd_value(l->cmd, 'a'), *type = lk_cmd_value(l->cmd, 'r');

	if (!app && !type)
		return true;
	const struct lk_ins *ins = lk_ins_find(l->lcd, child);
	return ins && (!app || !strcmp(ins->app, app)) && (!type || !strcmp(ins->type, type));
}

static void list_one(struct listing *l, const char *parent, const char *child)
{
	const char *fields[] = { parent, child };

	if (!wanted(l, child))
		return;
	if (!l->cmd->json) {
		lk_cmd_row(l->cmd, fields, 2);
		return;
	}
	lk_json_open(&l->json, NULL, '{');
	lk_json_string(&l->json, "parent", parent);
	lk_json_string(&l->json, "child", child);
	lk_json_close(&l->json, '}');
}

static void list_edge(void *arg, unsigned parent, unsigned child)
{
	struct listing *l = arg;

	list_one(l, l->graph->node[parent]->tag, l->graph->node[child]->tag);
}

/* -C and -P: all that tag reaches. */
static int list_reached(struct listing *l, struct lk_lcd *lcd, const char *tag, enum lk_dir dir)
{
	struct lk_graph graph;
	struct lk_walk walk = { .edge = list_edge, .arg = l };
	int rc = lk_graph_build(&graph, lcd, &l->cmd->err);

	if (rc < 0)
		return rc;
	l->graph = &graph;
	lk_graph_walk(&graph, (unsigned)lk_graph_find(&graph, tag), dir, &walk);
	return 0;
}

/* -c, -p or neither: rows. */
static int list_rows(struct listing *l, struct lk_lcd *lcd)
{
	const char *parent = lk_cmd_value(l->cmd, 'c'), *child = lk_cmd_value(l->cmd, 'p');

	lk_dep_sort(lcd);
	for (size_t i = 0; i < lcd->ndep; i++) {
		const struct lk_dep *dep = &lcd->dep[i];

		if ((!parent || !strcmp(dep->parent, parent)) &&
		    (!child || !strcmp(dep->child, child)))
			list_one(l, dep->parent, dep->child);
	}
	return 0;
}

static int list(struct listing *l, struct lk_lcd *lcd)
{
	const char *down = lk_cmd_value(l->cmd, 'C'), *up = lk_cmd_value(l->cmd, 'P');

	if (down)
		return list_reached(l, lcd, down, LK_DOWN);
	return up ? list_reached(l, lcd, up, LK_UP) : list_rows(l, lcd);
}

/* At most one of -C -P -c -p; *tag is its value, or NULL. */
static int take_tag(struct lk_cmd *cmd, const char **tag)
{
	static const char letters[] = "CPcp";
	int rc = 0;

	*tag = NULL;
	for (const char *one = letters; *one; one++) {
		for (const char *other = one + 1; *other && rc == 0; other++)
			rc = lk_cmd_exclusive(cmd, *one, *other);
		if (lk_cmd_given(cmd, *one))
			*tag = lk_cmd_value(cmd, *one);
	}
	return rc;
}

/* Load what the filters need, and see that what they name exists. */
static int load(struct lk_cmd *cmd, struct lk_lcd *lcd, const char *tag)
{
	const char *app = lk_cmd_value(cmd, 'a'), *type = lk_cmd_value(cmd, 'r');
	unsigned tables = LK_T_DEP | (tag || app || type ? LK_T_INS : 0) | (app ? LK_T_APP : 0);
	struct lk_ins *ins;
	int rc = lk_lcd_read(lcd, tables, &cmd->err);

	if (rc == 0)
		rc = lk_app_known(lcd, app, type, &cmd->err);
	if (rc == 0 && tag)
		rc = lk_ins_get(lcd, tag, &ins, &cmd->err);
	return rc;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct listing l = { .cmd = cmd, .lcd = &lcd };
	const char *tag;
	int rc = take_tag(cmd, &tag);

	if (rc == 0)
		rc = load(cmd, &lcd, tag);
	if (rc < 0)
		return rc;

	lk_json_open(&l.json, NULL, '[');
	rc = list(&l, &lcd);
	lk_json_close(&l.json, ']');
	if (rc == 0 && cmd->json)
		rc = lk_cmd_json(cmd, &l.json);
	lk_json_free(&l.json);
	return rc;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	LK_OPT_SEP,
	{ 'C', LK_OPT_VALUE, "allchild", "all direct and indirect dependencies of this tag", NULL },
	{ 'P', LK_OPT_VALUE, "allparent", "all that leads to this tag, directly and indirectly", NULL },
	{ 'c', LK_OPT_VALUE, "ofparenttag", "the direct dependencies of this tag", NULL },
	{ 'p', LK_OPT_VALUE, "ofchildtag", "the direct dependencies on this tag", NULL },
	{ 'r', LK_OPT_VALUE, "typ", "only children of this type", NULL },
	{ 'a', LK_OPT_VALUE, "appname", "only children of this application", NULL },
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "dep_list [-d destsys] [-fC] "
		    "[-C allchild | -P allparent | -c ofparenttag | -p ofchildtag] "
		    "[-r typ] [-a appname] [-J]",
	.summary = "List dependencies, one per line: parent, child.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
