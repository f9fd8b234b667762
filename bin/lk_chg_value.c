/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk_chg_value: replace names, addresses and tags in this system's database (spec/core.md 3.14.1). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/change.h"
#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/msg.h"
#include "lk/running.h"
#include "lk/poison.h"

struct pairs {
	struct lk_arena arena;
	struct lk_pair *pair;
	size_t n, cap;
};

/* ---- which values ---- */

/* NULL, or what is wrong with the pair. */
static const char *refuse_pair(const struct pairs *p, const char *from, const char *to)
{
	if (!*from || !*to)
		return "an empty value";
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->pair[i].from, from) && strcmp(p->pair[i].to, to) != 0)
			return "two new values for one old value";
	return NULL;
}

static int add_pair(struct pairs *p, const char *from, const char *to, struct lk_err *err)
{
	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 16;
		struct lk_pair *grown = realloc(p->pair, cap * sizeof(*grown));

		if (!grown)
			return lk_fail_nomem(err);
		p->pair = grown;
		p->cap = cap;
	}
	struct lk_pair pair = { lk_arena_dup(&p->arena, from), lk_arena_dup(&p->arena, to) };
	if (!pair.from || !pair.to)
		return lk_fail_nomem(err);
	p->pair[p->n++] = pair;
	return 0;
}

/* "old=new"; an empty line is nothing. */
static int take_line(struct pairs *p, const char *name, unsigned number, char *line,
		     struct lk_err *err)
{
	line[strcspn(line, "\r\n")] = '\0';
	char *to = strchr(line, '=');
	if (!*line)
		return 0;
	if (!to)
		return lk_fail(err, LK_M_CHG_LINE, name, number, "not of the form old=new");
	*to++ = '\0';
	const char *wrong = refuse_pair(p, line, to);
	return wrong ? lk_fail(err, LK_M_CHG_LINE, name, number, wrong)
		     : add_pair(p, line, to, err);
}

static int read_pairs(struct pairs *p, const char *name, struct lk_err *err)
{
	FILE LK_AUTO_FILE *file = fopen(name, "re");
	char LK_AUTO_FREE *line = NULL;
	size_t size = 0;
	unsigned number = 0;
	int rc = 0;

	if (!file)
		return lk_fail(err, LK_M_CHG_FILE, name, strerror(errno));
	while (rc == 0 && getline(&line, &size, file) >= 0)
		rc = take_line(p, name, ++number, line, err);
	if (rc == 0 && ferror(file))
		return lk_fail(err, LK_M_CHG_FILE, name, strerror(errno));
	if (rc == 0 && !p->n)
		return lk_fail(err, LK_M_CHG_FILE, name, "there is no line old=new in it");
	return rc;
}

static int take_pairs(struct lk_cmd *cmd, struct pairs *p)
{
	const char *from = lk_cmd_value(cmd, 'o'), *to = lk_cmd_value(cmd, 'n');
	const char *file = lk_cmd_value(cmd, 'f');

	if (file && (from || to))
		return lk_fail(&cmd->err, LK_M_CHG_OPTIONS, "-f excludes -o and -n");
	if (file)
		return read_pairs(p, file, &cmd->err);
	if (!from || !to)
		return lk_fail(&cmd->err, LK_M_CHG_OPTIONS, "-o and -n, or -f, are needed");
	const char *wrong = refuse_pair(p, from, to);
	return wrong ? lk_fail(&cmd->err, LK_M_CHG_OPTIONS, wrong)
		     : add_pair(p, from, to, &cmd->err);
}

/* ---- whether it may be done now ---- */

static int check_running(struct lk_cmd *cmd)
{
	struct lk_tree tree;
	int rc = lk_tree_open(&tree, &cmd->err);

	if (rc < 0)
		return rc;
	bool running = lk_running(&tree);
	lk_tree_close(&tree);
	return running ? lk_fail(&cmd->err, LK_M_CHG_RUNNING) : 0;
}

static int check_conditions(struct lk_cmd *cmd)
{
	const char *root = getenv("LKROOT");

	if (!root || !*root)
		return lk_fail(&cmd->err, LK_M_CHG_NO_LKROOT);
	if (geteuid() != 0)
		return lk_fail(&cmd->err, LK_M_CHG_NOT_ROOT);
	return check_running(cmd);
}

/* A signal waits until the change is either complete or, before the commit, given up. */
static void hold_signals(sigset_t *held)
{
	sigemptyset(held);
	sigaddset(held, SIGHUP);
	sigaddset(held, SIGINT);
	sigaddset(held, SIGQUIT);
	sigaddset(held, SIGTERM);
	sigprocmask(SIG_BLOCK, held, NULL);
}

static int check_signals(struct lk_cmd *cmd)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	sigset_t waiting;

	sigpending(&waiting);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (sigismember(&waiting, numbers[i]) == 1)
			return lk_fail(&cmd->err, LK_M_INTERRUPTED, numbers[i]);
	return 0;
}

/* ---- the change ---- */

static void note(void *arg, const char *file, const char *text)
{
	const struct lk_cmd *cmd = arg;

	if (lk_cmd_given(cmd, 'v') || lk_cmd_given(cmd, 'V') || lk_cmd_given(cmd, 'M'))
		printf("%s: %s\n", file, text);
}

static void warn(void *arg, const char *file, const char *text)
{
	lk_cmd_warn(arg, "%s: %s", file, text);
}

static int commit(struct lk_cmd *cmd, struct lk_change *change)
{
	int rc = check_signals(cmd);

	return rc < 0 ? rc : lk_lcd_commit(change->lcd, &cmd->err);
}

static int change_values(struct lk_cmd *cmd, const struct pairs *p)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_change change = {
		.lcd = &lcd, .pair = p->pair, .pairs = p->n, .dry = lk_cmd_given(cmd, 'M'),
		.keep_tags = lk_cmd_given(cmd, 'T'), .keep_ids = lk_cmd_given(cmd, 'I'),
		.force_ids = lk_cmd_given(cmd, 'F'), .note = note, .warn = warn, .arg = cmd,
	};
	int rc = change.dry ? lk_lcd_read(&lcd, LK_T_ALL, &cmd->err)
			    : lk_lcd_begin(&lcd, LK_T_ALL, &cmd->err);

	if (rc == 0)
		rc = lk_change_apply(&change, &cmd->err);
	if (rc == 0 && !change.changes)
		rc = lk_fail(&cmd->err, LK_M_CHG_NOTHING);
	if (rc == 0 && !change.dry)
		rc = commit(cmd, &change);
	lk_change_free(&change);
	return rc;
}

/* The codes of the library are those of lk-exit(7); only our own messages speak this command's table.
 * What else goes wrong is 1: nothing was changed. */
static int translate(struct lk_cmd *cmd)
{
	const struct lk_err why = cmd->err;

	if (why.number >= LK_M_NUMBER(LK_M_CHG_INVALID) &&
	    why.number <= LK_M_NUMBER(LK_M_CHG_FAILED))
		return -why.code;
	if (why.code == LK_EX_SYSTEM || why.code == LK_EX_USAGE)
		return -why.code;
	return lk_fail(&cmd->err, LK_M_CHG_FAILED, why.text);
}

static int run(struct lk_cmd *cmd)
{
	struct pairs p = { 0 };
	sigset_t held;
	int rc = take_pairs(cmd, &p);

	hold_signals(&held);
	if (rc == 0)
		rc = check_conditions(cmd);
	if (rc == 0)
		rc = change_values(cmd, &p);
	lk_arena_free(&p.arena);
	free(p.pair);
	return rc < 0 ? translate(cmd) : 0;
}

static const struct lk_opt options[] = {
	{ 'o', LK_OPT_VALUE, "old_value", "value to replace", NULL },
	{ 'n', LK_OPT_VALUE, "new_value", "what to put in its place", NULL },
	{ 'f', LK_OPT_VALUE, "filename", "file with one old=new per line", NULL },
	{ 'v', LK_OPT_FLAG, NULL, "print what is changed", NULL },
	{ 'V', LK_OPT_FLAG, NULL, "the same", NULL },
	{ 'F', LK_OPT_FLAG, NULL, "replace ids as a whole, too", NULL },
	{ 'I', LK_OPT_FLAG, NULL, "leave ids alone", NULL },
	{ 'M', LK_OPT_FLAG, NULL, "print what would be changed, change nothing", NULL },
	{ 'T', LK_OPT_FLAG, NULL, "leave tags alone", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lk_chg_value {-o old_value -n new_value | -f filename} [-vFIMT]",
	.summary = "Replace names, addresses and tags in the stopped system's database.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
