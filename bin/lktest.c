/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lktest: does Lockkeeper run, and which daemons? (spec/core.md 3.9.6) */
#include <stdio.h>

#include "lk/cmd.h"
#include "lk/name.h"
#include "lk/running.h"
#include "lk/supervisor.h"
#include "lk/poison.h"

static void print_line(const struct lk_supervised *row)
{
	char pid[LK_NUMBER_TEXT] = "-";

	if (row->process.pid)
		snprintf(pid, sizeof(pid), "%ld", (long)row->process.pid);
	printf("%s %s %s %u\n", row->tag, pid, row->state, row->restarts);
}

static int print_json(struct lk_cmd *cmd, const struct lk_supervisor *status)
{
	struct lk_json json = { 0 };

	lk_json_open(&json, NULL, '[');
	for (unsigned i = 0; i < status->n; i++) {
		const struct lk_supervised *row = &status->row[i];

		lk_json_open(&json, NULL, '{');
		lk_json_string(&json, "daemon", row->tag);
		if (row->process.pid)
			lk_json_number(&json, "pid", (unsigned long long)row->process.pid);
		else
			lk_json_null(&json, "pid");
		lk_json_string(&json, "state", row->state);
		lk_json_number(&json, "restarts", row->restarts);
		lk_json_close(&json, '}');
	}
	lk_json_close(&json, ']');
	int rc = lk_cmd_json(cmd, &json);
	lk_json_free(&json);
	return rc;
}

/* It runs, and has not been able to say more: the disk may be full. */
static void only_lkinit(const struct lk_tree *tree, struct lk_supervisor *status)
{
	struct lk_supervised *row = &status->row[0];

	*row = (struct lk_supervised){ .tag = "lkinit", .state = "unknown" };
	lk_running_process(tree, &row->process);
	status->n = 1;
}

static int show(struct lk_cmd *cmd, const struct lk_tree *tree)
{
	struct lk_supervisor status;
	int rc = lk_supervisor_now(tree, &status, &cmd->err);

	if (rc <= 0)
		only_lkinit(tree, &status);
	if (cmd->json)
		return print_json(cmd, &status);
	for (unsigned i = 0; i < status.n; i++)
		print_line(&status.row[i]);
	return 0;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_tree tree;
	int rc = lk_tree_open(&tree, &cmd->err);

	if (rc == 0)
		rc = lk_running(&tree) ? show(cmd, &tree) : LK_EX_SYSTEM;
	lk_tree_close(&tree);
	return rc;
}

static const struct lk_opt options[] = {
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lktest [-J]",
	.summary = "Tell whether Lockkeeper runs on this system, and which daemons do.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
