/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlslocks: give the admin lock back (spec/core.md 3.13). */
#include "lk/alock.h"
#include "lk/cmd.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	return lk_alock_release(lk_cmd_value(cmd, 'a'), lk_cmd_value(cmd, 'l'), &cmd->err);
}

static const struct lk_opt options[] = {
	{ 'a', LK_OPT_REQUIRED, "amach", "system that getlocks was given", NULL },
	{ 'l', LK_OPT_REQUIRED, "lockfile", "file that getlocks was given", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "rlslocks -a amach -l lockfile",
	.summary = "Give the admin lock back.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
