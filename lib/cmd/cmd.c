/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame of every command. */
#include "lk/cmd.h"

#include <errno.h>
#include <popt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lk/cleanup.h"
#include "lk/msg.h"
#include "lk/remote.h"
#include "lk/sys.h"
#include "lk/poison.h"

enum { OPT_HELP = 256, OPT_VERSION };

static int option_index(const struct lk_cmd_desc *desc, char letter)
{
	for (int i = 0; desc->options[i].kind != LK_OPT_END; i++)
		if (desc->options[i].letter == letter)
			return i;
	return -1;
}

const char *lk_cmd_value(const struct lk_cmd *cmd, char letter)
{
	int i = option_index(cmd->desc, letter);

	return i < 0 ? NULL : cmd->value[i];
}

bool lk_cmd_given(const struct lk_cmd *cmd, char letter)
{
	int i = option_index(cmd->desc, letter);

	return i >= 0 && cmd->given[i];
}

int lk_cmd_exclusive(struct lk_cmd *cmd, char one, char other)
{
	if (lk_cmd_given(cmd, one) && lk_cmd_given(cmd, other))
		return lk_fail(&cmd->err, LK_M_OPT_EXCLUSIVE, one, other);
	return 0;
}

/* ---- help and messages ---- */

/* Every line of the synopsis begins with the program's own name; a link has another one. */
static void print_usage(const struct lk_cmd *cmd, FILE *out)
{
	const char *lead = "Usage: ";

	for (const char *line = cmd->desc->synopsis; line;) {
		size_t len = strcspn(line, "\n"), name = strcspn(line, " \n");

		fprintf(out, "%s%s%.*s\n", lead, cmd->prog, (int)(len - name), line + name);
		line = line[len] ? line + len + 1 : NULL;
		lead = "       ";
	}
}

static void print_help(const struct lk_cmd *cmd)
{
	print_usage(cmd, stdout);
	printf("%s\n\n", cmd->desc->summary);
	for (const struct lk_opt *o = cmd->desc->options; o->kind != LK_OPT_END; o++) {
		char left[40];

		if (o->name)
			snprintf(left, sizeof(left), "--%s", o->name);
		else
			snprintf(left, sizeof(left), "-%c%s%s", o->letter, o->value ? " " : "",
				 o->value ? o->value : "");
		printf("  %-16s %s\n", left, o->help);
	}
	printf("  %-16s %s\n  %-16s %s\n", "--help", "show this help", "--version",
	       "show the version");
}

static void print_error(const struct lk_cmd *cmd)
{
	const char *level = cmd->err.number == 472 ? "CRITICAL" : "*ERROR*";

	fflush(stdout);
	fprintf(stderr, "%s: %s (No. %d) %s\n", cmd->prog, level, cmd->err.number, cmd->err.text);
	if (cmd->syntax || (!cmd->desc->syntax_exit && cmd->err.code == LK_EX_USAGE))
		print_usage(cmd, stderr);
}

void lk_cmd_warn(const struct lk_cmd *cmd, const char *fmt, ...)
{
	char text[LK_ERR_TEXT];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	lk_printable(text);
	fflush(stdout);
	fprintf(stderr, "%s: *WARNING* %s\n", cmd->prog, text);
}

void lk_cmd_row(const struct lk_cmd *cmd, const char *const *fields, int n)
{
	for (int i = 0; i < n; i++) {
		if (i)
			putchar_unlocked(cmd->separator);
		fputs_unlocked(fields[i], stdout);
	}
	putchar_unlocked('\n');
}

int lk_cmd_json(struct lk_cmd *cmd, const struct lk_json *json)
{
	if (json->text.failed)
		return lk_fail_nomem(&cmd->err);
	puts(json->text.data ? json->text.data : "");
	return 0;
}

/* ---- parsing ---- */

/* popt drops a '=' at the start of a joined value ("-f=", "-v=x"), so values are split off before. */
static int split_joined(const struct lk_cmd_desc *desc, int argc, char **argv, char **out)
{
	int n = 0;

	for (int i = 0; i < argc; i++) {
		char *arg = argv[i];

		out[n++] = arg;
		if (!strcmp(arg, "--")) {
			while (++i < argc)
				out[n++] = argv[i];
			break;
		}
		if (i == 0 || arg[0] != '-' || arg[1] == '-' || !arg[1])
			continue;
		for (size_t k = 1; arg[k]; k++) {
			int o = option_index(desc, arg[k]);

			if (o < 0 || desc->options[o].kind == LK_OPT_FLAG)
				continue;
			if (arg[k + 1]) {
				char *head = strndup(arg, k + 1);

				if (head)
					out[n - 1] = head;
				out[n++] = arg + k + 1;
			} else if (i + 1 < argc) {
				out[n++] = argv[++i];
			}
			break;
		}
	}
	out[n] = NULL;
	return n;
}

static void fill_table(const struct lk_cmd_desc *desc, struct poptOption *table)
{
	int n = 0;

	for (const struct lk_opt *o = desc->options; o->kind != LK_OPT_END; o++, n++)
		table[n] = (struct poptOption){
			.longName = o->name,
			.shortName = o->name ? '\0' : o->letter,
			.argInfo = o->kind == LK_OPT_FLAG ? POPT_ARG_NONE : POPT_ARG_STRING,
			.val = n + 1,
		};
	table[n++] = (struct poptOption){ .longName = "help", .argInfo = POPT_ARG_NONE,
					  .val = OPT_HELP };
	table[n++] = (struct poptOption){ .longName = "version", .argInfo = POPT_ARG_NONE,
					  .val = OPT_VERSION };
	table[n] = (struct poptOption)POPT_TABLEEND;
}

static int take_list(struct lk_cmd *cmd, char *value)
{
	char **grown = realloc(cmd->list, ((size_t)cmd->lists + 1) * sizeof(*grown));

	if (!grown) {
		free(value);
		return lk_fail_nomem(&cmd->err);
	}
	cmd->list = grown;
	cmd->list[cmd->lists++] = value;
	return 0;
}

static int take_value(struct lk_cmd *cmd, int option, char *value)
{
	cmd->given[option] = true;
	if (cmd->desc->options[option].kind == LK_OPT_FLAG)
		return 0;
	if (cmd->desc->options[option].kind == LK_OPT_LIST)
		return take_list(cmd, value);
	free(cmd->value[option]);
	cmd->value[option] = value;
	return 0;
}

static int take_options(struct lk_cmd *cmd, poptContext pc)
{
	int val;

	while ((val = poptGetNextOpt(pc)) > 0) {
		if (val == OPT_HELP) {
			print_help(cmd);
			return 1;
		}
		if (val == OPT_VERSION) {
			printf("%s (Lockkeeper) %s\n", cmd->prog, LK_VERSION);
			return 1;
		}
		if (take_value(cmd, val - 1, poptGetOptArg(pc)) < 0)
			return -cmd->err.code;
	}
	if (val < -1) {
		char what[300];

		snprintf(what, sizeof(what), "%s: %s", poptBadOption(pc, 0), poptStrerror(val));
		return lk_fail(&cmd->err, LK_M_USAGE, what);
	}
	return 0;
}

static int take_operands(struct lk_cmd *cmd, poptContext pc)
{
	const char **left = poptGetArgs(pc);
	int n = 0, max = cmd->desc->max_operands;

	while (left && left[n])
		n++;
	cmd->operand = (char **)left;
	cmd->operands = n;
	if (max >= 0 && n > max)
		return lk_fail(&cmd->err, LK_M_OPERAND, left[max]);
	if (n < cmd->desc->min_operands)
		return lk_fail(&cmd->err, LK_M_OPERAND_MISSING, cmd->desc->operand);
	return 0;
}

static int check_options(struct lk_cmd *cmd)
{
	for (int i = 0; cmd->desc->options[i].kind != LK_OPT_END; i++)
		if (cmd->desc->options[i].kind == LK_OPT_REQUIRED && !cmd->given[i])
			return lk_fail(&cmd->err, LK_M_OPT_MISSING, cmd->desc->options[i].letter);

	const char *sep = lk_cmd_value(cmd, 'f');
	int i = option_index(cmd->desc, 'f');

	cmd->json = lk_cmd_given(cmd, 'J');
	cmd->separator = '\001';
	/* -f is the separator only where it stands as "-f C" */
	if (!sep || strcmp(cmd->desc->options[i].value, "C") != 0)
		return 0;
	if (strlen(sep) != 1)
		return lk_fail(&cmd->err, LK_M_BAD_SEPARATOR, sep);
	cmd->separator = sep[0];
	return 0;
}

static int parse(struct lk_cmd *cmd, poptContext pc)
{
	int rc = take_options(cmd, pc);

	if (rc == 0)
		rc = take_operands(cmd, pc);
	if (rc == 0)
		rc = check_options(cmd);
	cmd->syntax = rc < 0 && cmd->err.code == LK_EX_USAGE;
	if (cmd->syntax && cmd->desc->syntax_exit)
		cmd->err.code = cmd->desc->syntax_exit;
	return rc;
}

/* ---- where it runs ---- */

/* The arguments without -d and its value, which split_joined() has set apart. "-Jd beta" leaves "-J". */
static int drop_dest(const struct lk_cmd_desc *desc, int argc, char **argv, char **out)
{
	int n = 0;

	for (int i = 0; i < argc; i++) {
		size_t len = strlen(argv[i]);
		int o;

		out[n++] = argv[i];
		if (i && !strcmp(argv[i], "--")) {
			while (++i < argc)
				out[n++] = argv[i];
			break;
		}
		if (i == 0 || argv[i][0] != '-' || len < 2 || argv[i][1] == '-')
			continue;
		/* the last letter may take the next argument as its value */
		o = option_index(desc, argv[i][len - 1]);
		if (o < 0 || desc->options[o].kind == LK_OPT_FLAG || i + 1 >= argc)
			continue;
		if (argv[i][len - 1] != 'd') {
			out[n++] = argv[++i];
			continue;
		}
		i++;
		if (len == 2)
			n--;
		else
			argv[i - 1][len - 1] = '\0';
	}
	return n;
}

/* 1: the request was answered by another system, *code is its exit code; 0: run it here. */
static int dispatch(struct lk_cmd *cmd, int argc, char **argv, int *code)
{
	const char *dest = lk_cmd_value(cmd, 'd');
	int i = option_index(cmd->desc, 'd');
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;

	if (!dest || strcmp(cmd->desc->options[i].value, "destsys") != 0)
		return 0;
	int rc = lk_lcd_read(&lcd, LK_T_SYS, &cmd->err);
	if (rc < 0 || !strcmp(dest, lcd.local))
		return rc;
	if (!lk_sys_find(&lcd, dest))
		return lk_fail(&cmd->err, LK_M_NO_SYS, dest);

	char **rest = calloc((size_t)argc + 1, sizeof(*rest));
	if (!rest)
		return lk_fail_nomem(&cmd->err);
	struct lk_remote_request request = { .dest = dest, .prog = cmd->prog, .argv = rest,
					     .argc = drop_dest(cmd->desc, argc, argv, rest) };
	rc = lk_remote_run(&lcd, &request, code, &cmd->err);
	free(rest);
	return rc < 0 ? rc : 1;
}

static int finish(struct lk_cmd *cmd, int rc)
{
	if (rc >= 0 && (fflush(stdout) != 0 || ferror(stdout)))
		rc = lk_fail(&cmd->err, LK_M_OUTPUT, strerror(errno));
	if (rc < 0) {
		print_error(cmd);
		rc = cmd->err.code;
	}
	for (int i = 0; i < LK_CMD_OPTIONS; i++)
		free(cmd->value[i]);
	for (int i = 0; i < cmd->lists; i++)
		free(cmd->list[i]);
	free(cmd->list);
	return rc;
}

static void free_split(int n, char **split, int argc, char **argv)
{
	for (int i = 0; i < n; i++) {
		bool ours = true;

		for (int k = 0; k < argc; k++)
			if (split[i] >= argv[k] && split[i] <= argv[k] + strlen(argv[k]))
				ours = false;
		if (ours)
			free(split[i]);
	}
	free(split);
}

int lk_cmd_main(const struct lk_cmd_desc *desc, int argc, char **argv)
{
	struct lk_cmd cmd = { .desc = desc, .args = argv + 1 };
	struct poptOption table[LK_CMD_OPTIONS + 2];
	char **split = calloc(2 * (size_t)argc + 1, sizeof(*split));
	const char *slash = strrchr(argv[0], '/');
	int code = 0;

	cmd.prog = slash ? slash + 1 : argv[0];
	if (!split)
		return finish(&cmd, lk_fail_nomem(&cmd.err));
	int n = split_joined(desc, argc, argv, split);
	fill_table(desc, table);
	poptContext pc = poptGetContext(NULL, n, (const char **)split, table, 0);
	int rc = parse(&cmd, pc);
	if (rc == 0)
		rc = dispatch(&cmd, n, split, &code);
	else if (rc > 0)
		rc = 1, code = 0;	/* help or version was printed */
	rc = rc == 0 ? desc->run(&cmd) : rc > 0 ? code : rc;
	rc = finish(&cmd, rc);
	poptFreeContext(pc);
	free_split(n, split, argc, argv);
	return rc;
}
