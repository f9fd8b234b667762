/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk_err: log a message of a recovery script (spec/core.md 3.14.2). */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/cmd.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

enum { TO_LOG, TO_STDERR, TO_BOTH };

static const char *const categories[] = { "FRS_MES", "FRS_WARN", "FRS_ERR", NULL };
static const char *const destinations[] = { "TO_LOG", "TO_STDERR", NULL };
static const char *const levels[] = { "*INFO*", "*WARNING*", "*ERROR*" };

static void to_stderr(const struct lk_log_line *line)
{
	char text[LK_LOG_LINE];

	snprintf(text, sizeof(text), "%s: %s (No. %u) %s", line->prog, levels[line->level],
		 line->number, line->text);
	lk_printable(text);
	fprintf(stderr, "%s\n", text);
}

/* A log that cannot be written must not make a recovery script fail, nor may the message be lost. */
static void to_log(struct lk_cmd *cmd, const struct lk_log_line *line, bool shown)
{
	struct lk_tree tree;
	int rc = lk_tree_open(&tree, &cmd->err);
	struct lk_err later;

	if (rc < 0)
		lk_log(NULL, line, &later);
	else
		rc = lk_log(&tree, line, &cmd->err);
	lk_tree_close(&tree);
	if (rc == 0)
		return;
	if (!shown)
		to_stderr(line);
	lk_cmd_warn(cmd, "the message is not in the log: %s", cmd->err.text);
}

static int take_line(struct lk_cmd *cmd, struct lk_log_line *line, int *destination)
{
	const char *to = lk_cmd_value(cmd, 'd');
	unsigned long long number = 0;
	int level = lk_parse_choice("option -c", lk_cmd_value(cmd, 'c'), categories, &cmd->err);

	if (level < 0)
		return level;
	int rc = lk_parse_number("option -n", lk_cmd_value(cmd, 'n'), 1, INT_MAX, &number,
				 &cmd->err);
	if (rc == 0 && to)
		*destination = rc = lk_parse_choice("option -d", to, destinations, &cmd->err);
	if (rc >= 0 && !*line->prog)
		rc = lk_fail(&cmd->err, LK_M_BAD_TEXT, "option -p", "it is empty");
	line->level = (enum lk_log_level)level;
	line->number = (unsigned)number;
	return rc < 0 ? rc : 0;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_log_line line = { .prog = lk_cmd_value(cmd, 'p'), .pid = getppid(),
				    .text = cmd->operand[0] };
	int destination = TO_BOTH;
	int rc = take_line(cmd, &line, &destination);

	if (rc < 0)
		return rc;
	if (destination != TO_LOG)
		to_stderr(&line);
	if (destination != TO_STDERR)
		to_log(cmd, &line, destination != TO_LOG);
	return 0;
}

static const struct lk_opt options[] = {
	{ 'c', LK_OPT_REQUIRED, "category", "FRS_MES (information), FRS_WARN (warning) or FRS_ERR (error)", NULL },
	{ 'n', LK_OPT_REQUIRED, "number", "message number, from 1", NULL },
	{ 'p', LK_OPT_REQUIRED, "process", "name of the script", NULL },
	{ 'd', LK_OPT_VALUE, "where", "TO_LOG or TO_STDERR (default: both)", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lk_err -c {FRS_MES|FRS_WARN|FRS_ERR} -n number -p process "
		    "[-d {TO_LOG|TO_STDERR}] message",
	.summary = "Write a message of a script to the log and to standard error.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.operand = "message",
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
