/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of every command: options (popt), --help, --version, -d destsys, error line and exit
 * code. This is the one part of lib/ that prints; only commands link it (liblkcmd.a).
 *
 * A command is a struct lk_cmd_desc and a run function; see bin/flg_test.c for the smallest one.
 */
#ifndef LK_CMD_H
#define LK_CMD_H

#include <stdbool.h>

#include "lk/err.h"
#include "lk/json.h"
#include "lk/lcd.h"

enum lk_opt_kind {
	LK_OPT_END = 0,
	LK_OPT_FLAG,		/* takes no value */
	LK_OPT_VALUE,		/* takes a value, may be left out */
	LK_OPT_REQUIRED,	/* takes a value and must be given, else exit 2 */
	LK_OPT_LIST,		/* takes a value and may be given several times; one such option at most */
};

struct lk_opt {
	char letter;
	enum lk_opt_kind kind;
	const char *value;	/* name of the value, for the help text; NULL for a flag */
	const char *help;	/* one line */
	const char *name;	/* long name, or NULL */
};

/* Options many commands share. */
#define LK_OPT_DEST { 'd', LK_OPT_VALUE, "destsys", "system whose database is meant (default: this one)", NULL }
#define LK_OPT_SEP { 'f', LK_OPT_VALUE, "C", "separate the fields by the byte C instead of 0x01", NULL }
#define LK_OPT_JSON { 'J', LK_OPT_FLAG, NULL, "print JSON", NULL }
#define LK_OPT_LAST { 0, LK_OPT_END, NULL, NULL, NULL }

#define LK_CMD_OPTIONS 24	/* at most, with the end mark */

struct lk_cmd {
	const struct lk_cmd_desc *desc;
	const char *prog;		/* the name it was called by */
	char *value[LK_CMD_OPTIONS];	/* by position in desc->options */
	bool given[LK_CMD_OPTIONS];
	char **list;			/* the values of LK_OPT_LIST, in order */
	int lists;
	char **operand;			/* NULL-terminated */
	int operands;
	char *const *args;		/* all that it was called with, behind the name, as given */
	bool syntax;			/* the error is one of syntax: the usage is shown */
	char separator;			/* of -f */
	bool json;
	struct lk_err err;
};

struct lk_cmd_desc {
	const char *synopsis;		/* as in the page and the test, lines separated by \n */
	const char *summary;		/* one line for --help */
	const struct lk_opt *options;
	int min_operands, max_operands;	/* max -1: any number */
	const char *operand;		/* name of the first operand, for the message when missing */
	int syntax_exit;		/* exit code of a syntax error, where it is not 2 */
	/* Does the work. 0, or negative with cmd->err set: the frame prints and exits with the code. A
	 * positive number is an exit code without a message. */
	int (*run)(struct lk_cmd *cmd);
};

/* The whole of main(). With -d and another system's name the request goes there (lk/remote.h). */
int lk_cmd_main(const struct lk_cmd_desc *desc, int argc, char **argv) LK_NONNULL(1, 3);

/* Value of an option, or NULL when it was not given. */
const char *lk_cmd_value(const struct lk_cmd *cmd, char letter) LK_NONNULL(1);
/* Was the option given? */
bool lk_cmd_given(const struct lk_cmd *cmd, char letter) LK_NONNULL(1);

/* Exit 2 if both options were given. */
int lk_cmd_exclusive(struct lk_cmd *cmd, char one, char other) LK_MUST LK_NONNULL(1);

/* Print one line of fields with the command's separator. */
void lk_cmd_row(const struct lk_cmd *cmd, const char *const *fields, int n) LK_NONNULL(1, 2);

/* Print the JSON text collected in json, and a newline. */
int lk_cmd_json(struct lk_cmd *cmd, const struct lk_json *json) LK_MUST LK_NONNULL(1, 2);

/* Print a line "prog: *WARNING* text" on stderr. */
void lk_cmd_warn(const struct lk_cmd *cmd, const char *fmt, ...) LK_PRINTF(2, 3) LK_NONNULL(1, 2);

#endif
