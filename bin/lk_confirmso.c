/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk_confirmso: answer whether a failover shall go on (spec/core.md 3.14.4). */
#include "lk/cmd.h"
#include "lk/confirm.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	const char *sys = lk_cmd_value(cmd, 's');
	bool yes = lk_cmd_given(cmd, 'y');
	struct lk_tree tree;
	int rc = lk_cmd_exclusive(cmd, 'y', 'n');

	if (rc == 0 && !yes && !lk_cmd_given(cmd, 'n'))
		rc = lk_fail(&cmd->err, LK_M_NO_SELECTOR, "-y -n");
	if (rc == 0)
		rc = lk_check_sys(sys, &cmd->err);
	if (rc < 0)
		return rc;
	rc = lk_tree_open(&tree, &cmd->err);
	if (rc == 0)
		rc = lk_confirm_answer(&tree, sys, yes, &cmd->err);
	lk_tree_close(&tree);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'y', LK_OPT_FLAG, NULL, "go on with the failover", NULL },
	{ 'n', LK_OPT_FLAG, NULL, "abandon it", NULL },
	{ 's', LK_OPT_REQUIRED, "system", "the system that has failed", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lk_confirmso {-y|-n} -s system",
	.summary = "Answer whether the failover of a system shall go on.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
