/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk_epoch: list the owners of shared resources, or take over what another system says of them. */
#include <stdlib.h>
#include <string.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/epoch.h"
#include "lk/exchange.h"
#include "lk/ins.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

/* ---- listing ---- */

static void print_row(const struct lk_cmd *cmd, const struct lk_epoch *row)
{
	char epoch[LK_NUMBER_TEXT], time[LK_NUMBER_TEXT];
	const char *fields[] = { row->tag, epoch, row->owner, time };

	lk_format_number(row->epoch, epoch);
	lk_format_number(row->time, time);
	lk_cmd_row(cmd, fields, 4);
}

static void add_json(struct lk_json *json, const struct lk_epoch *row)
{
	lk_json_open(json, NULL, '{');
	lk_json_string(json, "tag", row->tag);
	lk_json_number(json, "epoch", (long long)row->epoch);
	lk_json_string(json, "owner", row->owner);
	lk_json_number(json, "time", (long long)row->time);
	lk_json_close(json, '}');
}

static int print_rows(struct lk_cmd *cmd, const struct lk_lcd *lcd, const char *tag)
{
	struct lk_json LK_AUTO_JSON json = { 0 };
	int rc = 0;

	lk_json_open(&json, NULL, '[');
	for (size_t i = 0; i < lcd->nepoch; i++) {
		if (tag && strcmp(lcd->epoch[i].tag, tag) != 0)
			continue;
		if (cmd->json)
			add_json(&json, &lcd->epoch[i]);
		else
			print_row(cmd, &lcd->epoch[i]);
	}
	lk_json_close(&json, ']');
	if (cmd->json)
		rc = lk_cmd_json(cmd, &json);
	return rc;
}

static int list(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const char *tag = lk_cmd_value(cmd, 't');
	struct lk_ins *ins;
	int rc = lk_lcd_read(&lcd, LK_T_EPOCH | LK_T_INS, &cmd->err);

	if (rc == 0 && tag)
		rc = lk_ins_get(&lcd, tag, &ins, &cmd->err);
	if (rc < 0)
		return rc;
	lk_epoch_sort(&lcd);
	return print_rows(cmd, &lcd, tag);
}

/* ---- setting ---- */

/* The first of the gravest errors. */
static void keep_worst(struct lk_cmd *cmd, const struct lk_err *err)
{
	static const int grave[] = { LK_EX_NOENT, LK_EX_ARG, LK_EX_USAGE, LK_EX_INTERNAL,
				     LK_EX_SYSTEM };
	int old = -1, new = -1;

	for (int i = 0; i < 5; i++) {
		old = grave[i] == cmd->err.code ? i : old;
		new = grave[i] == err->code ? i : new;
	}
	if (new > old)
		cmd->err = *err;
}

static int set_one(struct lk_lcd *lcd, const struct lk_epoch *said, bool *kept, struct lk_err *err)
{
	struct lk_ins *ins;
	int rc = lk_ins_get(lcd, said->tag, &ins, err);

	if (rc == 0)
		rc = lk_epoch_set(lcd, said, err);
	/* a stop of what two systems had, for instance after a split brain: it is in service here, so it is ours */
	if (rc > 0 && ins->state == LK_ISP && ins->resv == LK_RESV_NONE &&
	    !strcmp(said->owner, LK_EPOCH_NOBODY)) {
		*kept = true;
		rc = lk_epoch_raise(lcd, said->tag, err);
	}
	return rc;
}

/* Each for itself; then all that could be set in one change. */
static int set_all(struct lk_cmd *cmd, const struct lk_epoch *said, int n)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err err;
	bool kept = false;
	int rc = lk_lcd_begin(&lcd, LK_T_EPOCH | LK_T_INS | LK_T_SYS, &cmd->err);

	if (rc < 0)
		return rc;
	for (int i = 0; i < n; i++)
		if (set_one(&lcd, &said[i], &kept, &err) < 0)
			keep_worst(cmd, &err);
	if (lcd.dirty && lk_lcd_commit(&lcd, &err) < 0)
		keep_worst(cmd, &err);
	else if (kept)
		lk_exchange();	/* who has stopped it shall know */
	return -cmd->err.code;
}

static int take_number(struct lk_cmd *cmd, const char *text, struct lk_epoch *said)
{
	return lk_parse_number("epoch", text, 1, LK_EPOCH_MAX, &said->epoch, &cmd->err);
}

/* All of the command line is looked at before anything is changed. */
static int take_operands(struct lk_cmd *cmd, struct lk_epoch *said)
{
	int rc = 0;

	for (int i = 0; i < cmd->operands && rc == 0; i++)
		rc = lk_epoch_parse(cmd->operand[i], &said[i], &cmd->err);
	return rc;
}

static int set(struct lk_cmd *cmd)
{
	const char *owner = lk_cmd_value(cmd, 'o'), *tag = lk_cmd_value(cmd, 't');
	const char *epoch = lk_cmd_value(cmd, 'e');
	int n = cmd->operands ? cmd->operands : 1;
	struct lk_epoch LK_AUTO_FREE *said = calloc((size_t)n, sizeof(*said));

	if (!said)
		return lk_fail_nomem(&cmd->err);
	for (int i = 0; i < n; i++)
		said[i].owner = owner;
	said[0].tag = tag;
	int rc = cmd->operands ? take_operands(cmd, said) : take_number(cmd, epoch, said);
	if (rc == 0)
		rc = lk_check_sys(owner, &cmd->err);
	return rc < 0 ? rc : set_all(cmd, said, n);
}

/* -l, or -t with -e and -o, or -o with operands. */
static int run(struct lk_cmd *cmd)
{
	static const char letters[] = "oet";
	int rc = lk_cmd_exclusive(cmd, 'l', 'o');

	if (rc == 0)
		rc = lk_cmd_exclusive(cmd, 'l', 'e');
	if (rc < 0)
		return rc;
	if (cmd->operands && (lk_cmd_given(cmd, 'l') || lk_cmd_given(cmd, 't') ||
			      lk_cmd_given(cmd, 'e')))
		return lk_fail(&cmd->err, LK_M_OPERAND, cmd->operand[0]);
	if (lk_cmd_given(cmd, 'l'))
		return list(cmd);
	for (const char *letter = letters; *letter; letter++)
		if (!lk_cmd_given(cmd, *letter) && (*letter == 'o' || !cmd->operands))
			return lk_fail(&cmd->err, LK_M_OPT_MISSING, *letter);
	return set(cmd);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'l', LK_OPT_FLAG, NULL, "list the epochs", NULL },
	{ 't', LK_OPT_VALUE, "tag", "the resource", NULL },
	{ 'e', LK_OPT_VALUE, "epoch", "its epoch", NULL },
	{ 'o', LK_OPT_VALUE, "owner", "the system that has restored it last", NULL },
	LK_OPT_SEP,
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lk_epoch [-d destsys] -l [-t tag] [-f C] [-J]\n"
		    "lk_epoch [-d destsys] -t tag -e epoch -o owner\n"
		    "lk_epoch [-d destsys] -o owner tag=epoch ...",
	.summary = "List the owners of shared resources, or set them if newer.",
	.options = options,
	.max_operands = -1,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
