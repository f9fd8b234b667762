/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hry_setpri: set or list the priorities of hierarchies (spec/core.md 3.5.4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/ins.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/pri.h"
#include "lk/poison.h"

#define PRIORITY_TEXT 12

/* One line of -l. */
struct line {
	const char *tag, *sys;
	unsigned priority;
};

struct tags {
	const char **tag;
	size_t n;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The words of "tag,tag,...", sorted and each once. list is cut up. */
static int take_tags(struct lk_cmd *cmd, struct lk_lcd *lcd, char *list, struct tags *tags)
{
	struct lk_ins *ins;
	size_t n = 0;
	char *next = list;

	tags->tag = lk_arena_alloc(&lcd->arena, (strlen(list) + 1) * sizeof(*tags->tag));
	if (!tags->tag)
		return lk_fail_nomem(&cmd->err);
	for (char *tag = strsep(&next, ","); tag; tag = strsep(&next, ",")) {
		int rc = lk_check_tag(tag, &cmd->err);

		if (rc == 0)
			rc = lk_ins_get(lcd, tag, &ins, &cmd->err);
		if (rc < 0)
			return rc;
		tags->tag[n++] = tag;
	}
	qsort(tags->tag, n, sizeof(*tags->tag), by_text);
	tags->n = 0;
	for (size_t i = 0; i < n; i++)
		if (!tags->n || strcmp(tags->tag[i], tags->tag[tags->n - 1]) != 0)
			tags->tag[tags->n++] = tags->tag[i];
	return 0;
}

/* ---- listing ---- */

static int by_fields(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = strcmp(x->sys, y->sys);

	return order ? order : (x->priority > y->priority) - (x->priority < y->priority);
}

/* Every priority that the rows of a tag give to a system, sorted. */
static size_t collect(const struct lk_lcd *lcd, const char *tag, struct line *lines)
{
	size_t n = 0;

	for (size_t i = 0; i < lcd->neqv; i++) {
		const struct lk_eqv *row = &lcd->eqv[i];

		if (strcmp(row->tag, tag) != 0)
			continue;
		lines[n++] = (struct line){ tag, lcd->local, row->priority };
		lines[n++] = (struct line){ tag, row->sys, row->otherpriority };
	}
	if (n)
		qsort(lines, n, sizeof(*lines), by_fields);
	return n;
}

static void print_line(const struct lk_cmd *cmd, struct lk_json *json, const struct line *line)
{
	char priority[PRIORITY_TEXT];
	const char *fields[] = { line->tag, line->sys, priority };

	snprintf(priority, sizeof(priority), "%u", line->priority);
	if (!cmd->json) {
		lk_cmd_row(cmd, fields, 3);
		return;
	}
	lk_json_open(json, NULL, '{');
	lk_json_string(json, "tag", line->tag);
	lk_json_string(json, "system", line->sys);
	lk_json_number(json, "priority", line->priority);
	lk_json_close(json, '}');
}

static int list(struct lk_cmd *cmd, struct lk_lcd *lcd, const struct tags *tags)
{
	struct lk_json LK_AUTO_JSON json = { 0 };
	struct line *lines = lk_arena_alloc(&lcd->arena, (2 * lcd->neqv + 1) * sizeof(*lines));
	const char *sys = lk_cmd_value(cmd, 's');

	if (!lines)
		return lk_fail_nomem(&cmd->err);
	lk_json_open(&json, NULL, '[');
	for (size_t t = 0; t < tags->n; t++) {
		size_t n = collect(lcd, tags->tag[t], lines);

		for (size_t i = 0; i < n; i++)
			if ((!sys || !strcmp(sys, lines[i].sys)) &&
			    (!i || by_fields(&lines[i - 1], &lines[i]) != 0))
				print_line(cmd, &json, &lines[i]);
	}
	lk_json_close(&json, ']');
	return cmd->json ? lk_cmd_json(cmd, &json) : 0;
}

static int run_list(struct lk_cmd *cmd, char *words)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct tags tags;
	int rc = lk_lcd_read(&lcd, LK_T_INS | LK_T_EQV | LK_T_SYS, &cmd->err);

	if (rc == 0)
		rc = take_tags(cmd, &lcd, words, &tags);
	return rc < 0 ? rc : list(cmd, &lcd, &tags);
}

/* ---- setting ---- */

static int set(struct lk_cmd *cmd, struct lk_lcd *lcd, const struct tags *tags, unsigned priority)
{
	const char *sys = lk_cmd_value(cmd, 's');
	struct lk_pri pri = { .sys = sys ? sys : lcd->local, .priority = priority };
	struct lk_graph graph;
	int rc = lk_graph_build(&graph, lcd, &cmd->err);

	for (size_t t = 0; t < tags->n && rc == 0; t++) {
		bool *mark = lk_graph_array(&graph, sizeof(*mark));

		if (!mark)
			return lk_fail_nomem(&cmd->err);
		pri.top = tags->tag[t];
		rc = lk_pri_hierarchy(&graph, (unsigned)lk_graph_find(&graph, pri.top), mark,
				      &cmd->err);
		if (rc == 0)
			rc = lk_pri_set(&graph, mark, &pri, &cmd->err);
	}
	return rc;
}

static int run_set(struct lk_cmd *cmd, char *words)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	unsigned long long priority = 0;
	struct tags tags;
	int rc = lk_parse_number("option -p", lk_cmd_value(cmd, 'p'), 1, LK_PRIORITY_STORED_MAX,
				 &priority, &cmd->err);

	if (rc == 0)
		rc = lk_lcd_begin(&lcd, LK_T_INS | LK_T_DEP | LK_T_EQV | LK_T_SYS, &cmd->err);
	if (rc == 0)
		rc = take_tags(cmd, &lcd, words, &tags);
	if (rc == 0)
		rc = set(cmd, &lcd, &tags, (unsigned)priority);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, &cmd->err);
}

static int run(struct lk_cmd *cmd)
{
	char *words LK_AUTO_FREE = strdup(lk_cmd_value(cmd, 't'));
	bool listing = lk_cmd_given(cmd, 'l'), quiet = lk_cmd_given(cmd, 'q');
	int rc = lk_cmd_exclusive(cmd, 'l', 'p');

	if (rc == 0)
		rc = lk_cmd_exclusive(cmd, 'l', 'q');
	if (rc == 0 && !listing && !lk_cmd_given(cmd, 'p'))
		rc = lk_fail(&cmd->err, LK_M_NO_CHANGE, "-p, -l");
	if (rc < 0)
		return rc;
	if (!words)
		return lk_fail_nomem(&cmd->err);
	rc = listing ? run_list(cmd, words) : run_set(cmd, words);
	return rc < 0 && quiet ? cmd->err.code : rc;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 't', LK_OPT_REQUIRED, "tag,...", "tags of the hierarchies", NULL },
	{ 's', LK_OPT_VALUE, "sys", "system whose priority is meant (default: this one)", NULL },
	{ 'p', LK_OPT_VALUE, "priority", "set this priority, 1 to 9999", NULL },
	{ 'l', LK_OPT_FLAG, NULL, "list the priorities of the tags", NULL },
	{ 'q', LK_OPT_FLAG, NULL, "no error messages, only the exit code", NULL },
	LK_OPT_SEP,
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "hry_setpri [-d destsys] -t tag[,tag ...] [-s sys] -p priority [-q]\n"
		    "hry_setpri [-d destsys] -t tag[,tag ...] [-s sys] -l [-fC] [-J]",
	.summary = "Set or list the priorities of whole hierarchies.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
