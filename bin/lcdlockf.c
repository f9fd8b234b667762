/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lcdlockf: take a lock file on behalf of a process (spec/core.md 3.9.6). */
#include "lk/cmd.h"
#include "lk/limits.h"
#include "lk/lockfile.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	unsigned long long pid;
	int rc = lk_parse_number("process_id", cmd->operand[1], 1, LK_PID_MAX, &pid, &cmd->err);

	if (rc == 0 && !*cmd->operand[0])
		rc = lk_fail(&cmd->err, LK_M_BAD_TEXT, "filename", "it is empty");
	return rc < 0 ? rc : lk_lockfile_take(cmd->operand[0], (pid_t)pid, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lcdlockf filename process_id",
	.summary = "Take a lock file on behalf of a process.",
	.options = options,
	.min_operands = 2,
	.max_operands = 2,
	.operand = "filename or process_id",
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
