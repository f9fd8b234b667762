/* SPDX-License-Identifier: GPL-2.0-or-later */
/* eqv_create: tie instances of two systems together (spec/core.md 3.5.1). */
#include <stdio.h>

#include "lk/cmd.h"
#include "lk/epoch.h"
#include "lk/eqv.h"
#include "lk/exchange.h"
#include "lk/ins.h"
#include "lk/limits.h"
#include "lk/name.h"
#include "lk/remote.h"
#include "lk/poison.h"

#define TABLES (LK_T_EQV | LK_T_INS | LK_T_SYS | LK_T_EPOCH)
#define PRIORITY_TEXT 12

static const char *const types[] = { "SHARED", NULL };

static int take_priority(struct lk_cmd *cmd, char letter, const char *what, unsigned *priority)
{
	const char *text = lk_cmd_value(cmd, letter);
	unsigned long long number = 0;

	if (!text)
		return 0;
	int rc = lk_parse_number(what, text, 1, LK_PRIORITY_MAX, &number, &cmd->err);
	*priority = (unsigned)number;
	return rc;
}

/* The options as a pair with the local side first. */
static int take_pair(struct lk_cmd *cmd, const struct lk_lcd *lcd, struct lk_eqv_new *new)
{
	const char *sys = lk_cmd_value(cmd, 's'), *othersys = lk_cmd_value(cmd, 'S');
	const char *tag = lk_cmd_value(cmd, 't'), *othertag = lk_cmd_value(cmd, 'o');
	unsigned priority = 0, otherpriority = 0;
	int rc = take_priority(cmd, 'p', "option -p", &priority);

	if (rc == 0)
		rc = take_priority(cmd, 'r', "option -r", &otherpriority);
	if (rc == 0)
		rc = lk_eqv_side(lcd, sys, othersys, &new->second, &cmd->err);
	new->sys = new->second ? sys : othersys;
	new->tag = new->second ? othertag : tag;
	new->othertag = new->second ? tag : othertag;
	new->priority = new->second ? otherpriority : priority;
	new->otherpriority = new->second ? priority : otherpriority;
	return rc;
}

static bool same_priorities(const struct lk_eqv *eqv, const struct lk_eqv_new *new)
{
	return (!new->priority || new->priority == eqv->priority) &&
	       (!new->otherpriority || new->otherpriority == eqv->otherpriority);
}

/* Store this system's half. It may be there already, from a request that was cut off half-way. */
static int store(struct lk_cmd *cmd, struct lk_lcd *lcd, const struct lk_eqv_new *new)
{
	const struct lk_eqv *present = lk_eqv_find(lcd, new->tag, new->sys, new->othertag);

	if (present && same_priorities(present, new))
		return 0;
	const struct lk_ins *ins = lk_ins_find(lcd, new->tag);
	int rc = lk_eqv_add(lcd, new, &cmd->err);

	/* what is in service already belongs to this system from now on */
	if (rc == 0 && lk_state_up(ins->state))
		rc = lk_epoch_raise(lcd, new->tag, &cmd->err);
	return rc < 0 ? rc : lk_lcd_commit(lcd, &cmd->err);
}

static int store_only(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_eqv_new new = { 0 };
	int rc = lk_lcd_begin(&lcd, TABLES, &cmd->err);

	if (rc == 0)
		rc = take_pair(cmd, &lcd, &new);
	return rc < 0 ? rc : store(cmd, &lcd, &new);
}

/* Ask the other system for its half. 0, negative, or its exit code. */
static int ask_create(struct lk_cmd *cmd, const struct lk_lcd *lcd, const struct lk_eqv *row)
{
	char here[PRIORITY_TEXT], there[PRIORITY_TEXT];
	char *argv[] = { "eqv_create", "--local-only", "-t", (char *)row->othertag, "-p", there,
			 "-S", (char *)lcd->local, "-o", (char *)row->tag, "-r", here,
			 "-e", "SHARED", NULL };
	struct lk_remote_request request = { .dest = row->sys, .prog = argv[0], .argc = 14,
					     .argv = argv };
	int code = 0;

	snprintf(here, sizeof(here), "%u", row->priority);
	snprintf(there, sizeof(there), "%u", row->otherpriority);
	int rc = lk_remote_run(lcd, &request, &code, &cmd->err);
	return rc < 0 ? rc : code;
}

/* Take the other half back after this one could not be stored. */
static void ask_remove(const struct lk_lcd *lcd, const struct lk_eqv *row)
{
	char *argv[] = { "eqv_remove", "--local-only", "-t", (char *)row->othertag,
			 "-S", (char *)lcd->local, "-o", (char *)row->tag, NULL };
	struct lk_remote_request request = { .dest = row->sys, .prog = argv[0], .argc = 8,
					     .argv = argv };
	struct lk_err unreachable;
	int code;

	(void)!lk_remote_run(lcd, &request, &code, &unreachable);
}

/* The other half first: while it is asked for, which may take long, the tree is not locked, and
 * if it fails nothing has changed. */
static int store_both(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD plan = LK_LCD_INIT;
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_eqv_new new = { 0 };
	int rc = lk_lcd_read(&plan, TABLES, &cmd->err);

	if (rc == 0)
		rc = take_pair(cmd, &plan, &new);
	if (rc == 0)
		rc = lk_eqv_add(&plan, &new, &cmd->err);
	if (rc < 0)
		return rc;
	const struct lk_eqv *row = &plan.eqv[plan.neqv - 1];
	rc = ask_create(cmd, &plan, row);
	if (rc != 0)
		return rc;
	new.priority = row->priority;
	new.otherpriority = row->otherpriority;
	rc = lk_lcd_begin(&lcd, TABLES, &cmd->err);
	if (rc == 0)
		rc = store(cmd, &lcd, &new);
	if (rc < 0)
		ask_remove(&plan, row);
	else
		lk_exchange();
	return rc;
}

static int run(struct lk_cmd *cmd)
{
	int rc = lk_parse_choice("option -e", lk_cmd_value(cmd, 'e'), types, &cmd->err);

	if (rc < 0)
		return rc;
	return lk_cmd_given(cmd, 'L') ? store_only(cmd) : store_both(cmd);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 's', LK_OPT_VALUE, "sys", "first system (default: this one)", NULL },
	{ 't', LK_OPT_REQUIRED, "tag", "tag on the first system", NULL },
	{ 'p', LK_OPT_VALUE, "priority", "priority of the first system, 1 to 999 (default 1)", NULL },
	{ 'S', LK_OPT_VALUE, "othersys", "second system (default: this one)", NULL },
	{ 'o', LK_OPT_REQUIRED, "othertag", "tag on the second system", NULL },
	{ 'r', LK_OPT_VALUE, "priority", "priority of the second system (default 10)", NULL },
	{ 'e', LK_OPT_REQUIRED, "type", "SHARED", NULL },
	{ 'L', LK_OPT_FLAG, NULL, "store only this system's half", "local-only" },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "eqv_create [-d destsys] [-s sys] -t tag [-p priority] [-S othersys] "
		    "-o othertag [-r otherpriority] -e SHARED [--local-only]",
	.summary = "Tie an instance to its counterpart on another system.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
