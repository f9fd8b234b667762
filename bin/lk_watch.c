/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk_watch: have a resource checked at once when one of its processes ends. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/ins.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/proc.h"
#include "lk/watch.h"
#include "lk/poison.h"

/* ---- listing ---- */

static void print_process(struct lk_cmd *cmd, struct lk_json *json, const char *tag,
			  const struct lk_holder *process)
{
	const char *state = lk_proc_alive(process) ? "running" : "ended";
	char number[LK_NUMBER_TEXT];
	const char *fields[] = { tag, number, state };

	lk_format_number((unsigned long long)process->pid, number);
	if (!cmd->json) {
		lk_cmd_row(cmd, fields, 3);
		return;
	}
	lk_json_open(json, NULL, '{');
	lk_json_string(json, "tag", tag);
	lk_json_number(json, "pid", process->pid);
	lk_json_string(json, "state", state);
	lk_json_close(json, '}');
}

static int is_record(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int list(struct lk_cmd *cmd, const struct lk_tree *tree)
{
	struct lk_json LK_AUTO_JSON json = { 0 };
	struct dirent **entry = NULL;
	int n = scandirat(tree->fd, LK_WATCH_DIR, &entry, is_record, alphasort), rc = 0;

	if (n < 0 && errno != ENOENT)
		return lk_fail_errno(&cmd->err, errno, "%s/" LK_WATCH_DIR, tree->root);
	lk_json_open(&json, NULL, '[');
	for (int i = 0; i < n; i++) {
		struct lk_watch watch = { 0 };

		if (rc == 0)
			rc = lk_watch_read(tree, entry[i]->d_name, &watch, &cmd->err);
		for (unsigned k = 0; k < watch.n && rc == 0; k++)
			print_process(cmd, &json, watch.tag, &watch.process[k]);
		free(entry[i]);
	}
	free(entry);
	lk_json_close(&json, ']');
	return rc == 0 && cmd->json ? lk_cmd_json(cmd, &json) : rc;
}

/* ---- changing ---- */

static int add(struct lk_cmd *cmd, const struct lk_tree *tree, const char *tag)
{
	pid_t LK_AUTO_FREE *pid = calloc((size_t)cmd->lists, sizeof(*pid));
	unsigned long long number;

	if (!pid)
		return lk_fail_nomem(&cmd->err);
	for (int i = 0; i < cmd->lists; i++) {
		if (lk_parse_number("option -p", cmd->list[i], 1, LK_PID_MAX, &number, &cmd->err) < 0)
			return -cmd->err.code;
		pid[i] = (pid_t)number;
	}
	return lk_watch_add(tree, tag, pid, (size_t)cmd->lists, &cmd->err);
}

static int change(struct lk_cmd *cmd, const char *tag)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_ins *ins;
	int rc = lk_lcd_read(&lcd, LK_T_INS, &cmd->err);

	if (rc == 0)
		rc = lk_ins_get(&lcd, tag, &ins, &cmd->err);
	if (rc < 0)
		return rc;
	return cmd->lists ? add(cmd, &lcd.tree, tag) : lk_watch_drop(&lcd.tree, tag, &cmd->err);
}

static int run_list(struct lk_cmd *cmd)
{
	struct lk_tree tree = { .fd = -1 };
	int rc = lk_tree_open(&tree, &cmd->err);

	if (rc == 0)
		rc = list(cmd, &tree);
	lk_tree_close(&tree);
	return rc;
}

/* -l, or -t with -p or -r. */
static int run(struct lk_cmd *cmd)
{
	static const char pairs[][2] = { { 'l', 't' }, { 'l', 'p' }, { 'l', 'r' }, { 'p', 'r' } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (lk_cmd_exclusive(cmd, pairs[i][0], pairs[i][1]) < 0)
			return -cmd->err.code;
	if (lk_cmd_given(cmd, 'l'))
		return run_list(cmd);
	if (!lk_cmd_given(cmd, 't'))
		return lk_fail(&cmd->err, LK_M_OPT_MISSING, 't');
	if (!cmd->lists && !lk_cmd_given(cmd, 'r'))
		return lk_fail(&cmd->err, LK_M_OPT_MISSING, 'p');
	return change(cmd, lk_cmd_value(cmd, 't'));
}

static const struct lk_opt options[] = {
	{ 't', LK_OPT_VALUE, "tag", "the resource", NULL },
	{ 'p', LK_OPT_LIST, "pid", "a process of it, to be watched too", NULL },
	{ 'r', LK_OPT_FLAG, NULL, "watch no process of it any more", NULL },
	{ 'l', LK_OPT_FLAG, NULL, "list what is watched", NULL },
	LK_OPT_SEP,
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lk_watch -t tag -p pid [-p pid] ...\nlk_watch -t tag -r\nlk_watch -l [-f C] [-J]",
	.summary = "Have a resource checked at once when one of its processes ends.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
