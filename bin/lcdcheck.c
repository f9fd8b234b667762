/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lcdcheck: report every problem of the tree, carry out the safe repairs. */
#include <stdio.h>

#include "lk/check.h"
#include "lk/cmd.h"
#include "lk/poison.h"

static bool is_automatic(const struct lk_finding *f)
{
	return f->repair != LK_REPAIR_NONE;
}

static void print_finding(const struct lk_finding *f)
{
	printf("%s:%u: [%s] %s", f->file, f->line, f->warning ? "warning" : "problem", f->text);
	if (f->done)
		printf(" (repaired: %s)", f->advice);
	else if (is_automatic(f))
		printf(" (repair: lcdcheck -r)");
	else if (f->advice)
		printf(" (repair: %s)", f->advice);
	putchar('\n');
}

static void add_json(struct lk_json *json, const struct lk_finding *f)
{
	lk_json_open(json, NULL, '{');
	lk_json_string(json, "file", f->file);
	lk_json_number(json, "line", f->line);
	lk_json_string(json, "severity", f->warning ? "warning" : "problem");
	lk_json_string(json, "text", f->text);
	lk_json_string(json, "repair", f->advice ? f->advice : "");
	lk_json_bool(json, "automatic", is_automatic(f));
	lk_json_bool(json, "repaired", f->done);
	lk_json_close(json, '}');
}

static void show(const struct lk_cmd *cmd, struct lk_json *json, const struct lk_check *check,
		 bool done)
{
	for (size_t i = 0; i < check->n; i++) {
		if (check->found[i].done != done)
			continue;
		if (cmd->json)
			add_json(json, &check->found[i]);
		else
			print_finding(&check->found[i]);
	}
}

static int repair(struct lk_cmd *cmd, struct lk_json *json)
{
	struct lk_check LK_AUTO_CHECK check = LK_CHECK_INIT;
	int rc = lk_check_tree(&check, true, &cmd->err);

	if (rc == 0)
		rc = lk_check_repair(&check, &cmd->err);
	if (rc == 0)
		show(cmd, json, &check, true);
	return rc;
}

/* What is wrong now, also after a repair. */
static int report(struct lk_cmd *cmd, struct lk_json *json)
{
	struct lk_check LK_AUTO_CHECK check = LK_CHECK_INIT;
	int rc = lk_check_tree(&check, false, &cmd->err);

	if (rc < 0)
		return rc;
	show(cmd, json, &check, false);
	return lk_check_problems(&check) ? LK_EX_INTERNAL : LK_EX_OK;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_json LK_AUTO_JSON json = { 0 };
	int rc = 0;

	lk_json_open(&json, NULL, '[');
	if (lk_cmd_given(cmd, 'r'))
		rc = repair(cmd, &json);
	if (rc == 0)
		rc = report(cmd, &json);
	lk_json_close(&json, ']');
	if (rc < 0 || !cmd->json)
		return rc;
	int printed = lk_cmd_json(cmd, &json);
	return printed < 0 ? printed : rc;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'r', LK_OPT_FLAG, NULL, "carry out the safe repairs", NULL },
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lcdcheck [-d destsys] [-r] [-J]",
	.summary = "Report every problem of the configuration database, one per line.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
