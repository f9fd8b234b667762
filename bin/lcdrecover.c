/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lcdrecover: run the global scripts; tell where an instance belongs (spec/core.md 3.9.4). */
#include <stdio.h>
#include <string.h>

#include "lk/cmd.h"
#include "lk/eqv.h"
#include "lk/global.h"
#include "lk/ins.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/status.h"
#include "lk/poison.h"

static void say(void *arg, const char *text)
{
	lk_cmd_warn(arg, "%s", text);
}

/* ---- -g, -G ---- */

static int run_scripts(struct lk_cmd *cmd, char option)
{
	static char *const none[] = { NULL };
	struct lk_notice notice = { .say = say, .arg = cmd };
	char what[] = { 'o', 'p', 't', 'i', 'o', 'n', ' ', '-', option, '\0' };
	int kind = lk_parse_choice(what, lk_cmd_value(cmd, option), lk_global_names, &cmd->err);

	if (kind < 0)
		return kind;
	struct lk_global global = { .kind = (enum lk_global_kind)kind, .prog = cmd->prog,
				    .args = cmd->operands ? cmd->operand : none,
				    .notice = &notice };
	int failed = option == 'g' ? lk_global_pre(&global, &cmd->err)
				   : lk_global_post(&global, &cmd->err);
	return failed > 0 ? lk_fail(&cmd->err, LK_M_GLOBAL_FAILED, failed) : failed;
}

/* ---- -p, -o ---- */

static int show_primary(struct lk_cmd *cmd, struct lk_lcd *lcd, const char *tag,
			struct lk_json *json)
{
	struct lk_standing standing;
	struct lk_ins *ins;
	int rc = lk_ins_get(lcd, tag, &ins, &cmd->err);

	if (rc == 0)
		rc = lk_status_standing(lcd, ins, &standing, &cmd->err);
	if (rc < 0)
		return rc;
	bool primary = !strcmp(standing.primary, lcd->local);
	if (cmd->json)
		lk_json_bool(json, "primary", primary);
	else
		puts(primary ? "primary" : "secondary");
	return 0;
}

static int show_others(struct lk_cmd *cmd, struct lk_lcd *lcd, const char *tag,
		       struct lk_json *json)
{
	const char *last = "";

	lk_eqv_sort_priority(lcd);
	if (cmd->json)
		lk_json_open(json, "systems", '[');
	for (size_t i = 0; i < lcd->neqv; i++) {
		const struct lk_eqv *eqv = &lcd->eqv[i];

		if (strcmp(eqv->tag, tag) != 0 || !strcmp(eqv->sys, last))
			continue;
		last = eqv->sys;
		if (cmd->json)
			lk_json_string(json, NULL, eqv->sys);
		else
			puts(eqv->sys);
	}
	if (cmd->json)
		lk_json_close(json, ']');
	return 0;
}

static int answer(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_json LK_AUTO_JSON json = { 0 };
	const char *primary = lk_cmd_value(cmd, 'p'), *others = lk_cmd_value(cmd, 'o');
	struct lk_ins *ins;
	int rc = lk_lcd_read(&lcd, LK_T_INS | LK_T_EQV | LK_T_SYS | LK_T_FLG, &cmd->err);

	/* nothing is printed if one of the tags is unknown */
	if (rc == 0 && others)
		rc = lk_ins_get(&lcd, others, &ins, &cmd->err);
	if (rc == 0)
		lk_json_open(&json, NULL, '{');
	if (rc == 0 && primary)
		rc = show_primary(cmd, &lcd, primary, &json);
	if (rc == 0 && others)
		rc = show_others(cmd, &lcd, others, &json);
	if (rc < 0 || !cmd->json)
		return rc;
	lk_json_close(&json, '}');
	return lk_cmd_json(cmd, &json);
}

static int run(struct lk_cmd *cmd)
{
	static const char letters[] = "gGpo";
	int rc = 0;

	for (int i = 0; letters[i] && rc == 0; i++)
		for (int k = i + 1; letters[k] && rc == 0; k++)
			if (i < 2)	/* only -p and -o go together */
				rc = lk_cmd_exclusive(cmd, letters[i], letters[k]);
	if (rc < 0)
		return rc;
	if (lk_cmd_given(cmd, 'g') || lk_cmd_given(cmd, 'G'))
		return run_scripts(cmd, lk_cmd_given(cmd, 'g') ? 'g' : 'G');
	if (cmd->operands)
		return lk_fail(&cmd->err, LK_M_OPERAND, cmd->operand[0]);
	if (!lk_cmd_given(cmd, 'p') && !lk_cmd_given(cmd, 'o'))
		return lk_fail(&cmd->err, LK_M_NO_SELECTOR, "-g, -G, -p, -o");
	return answer(cmd);
}

static const struct lk_opt options[] = {
	{ 'g', LK_OPT_VALUE, "kind", "run the global scripts before a restore, remove or delete", NULL },
	{ 'G', LK_OPT_VALUE, "kind", "run the global scripts after it", NULL },
	{ 'p', LK_OPT_VALUE, "primarytest", "tag: is this its primary system?", NULL },
	{ 'o', LK_OPT_VALUE, "resource", "tag: list its other systems", NULL },
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lcdrecover -g {remove|restore|delete} [-- arg ...]\n"
		    "lcdrecover -G {remove|restore|delete} [-- arg ...]\n"
		    "lcdrecover -p primarytest [-o resource] [-J]\n"
		    "lcdrecover -o resource [-J]",
	.summary = "Run the global scripts around an operation, or tell where a resource belongs.",
	.options = options,
	.max_operands = -1,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
