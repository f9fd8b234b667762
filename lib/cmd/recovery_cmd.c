/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of the three events have in common. */
#include "lk/recovery_cmd.h"

#include <stdio.h>

#include "lk/global.h"
#include "lk/msg.h"
#include "lk/trap.h"
#include "lk/poison.h"

static void say(void *arg, const char *text)
{
	lk_cmd_warn(arg, "%s", text);
}

static void send_traps(const struct lk_recovery *recovery, const struct lk_recovery_end *end)
{
	struct lk_tree tree;
	struct lk_err ignored;

	if (lk_tree_open(&tree, &ignored) < 0)
		return;
	if (recovery->event == LK_EVENT_AVAIL)
		lk_trap(&tree, 100, NULL, NULL);
	if (recovery->event == LK_EVENT_DOWN && end->restored)
		lk_trap(&tree, 121, recovery->sys, end->tags_restored.data);
	if (recovery->event == LK_EVENT_DOWN && end->failed)
		lk_trap(&tree, 122, recovery->sys, end->tags_failed.data);
	if (end->split)
		lk_trap(&tree, 160, recovery->sys, NULL);
	lk_tree_close(&tree);
}

int lk_recovery_cmd(struct lk_cmd *cmd, struct lk_recovery *recovery)
{
	struct lk_notice notice = { .say = say, .arg = cmd };
	/* -m: without the admin lock. An operation that holds it for minutes, or whose system has just died,
	 * must not hold up a recovery */
	char *args[] = { (char[]){ "-m" }, NULL };
	struct lk_global global = { .kind = LK_GLOBAL_RESTORE, .args = args, .prog = cmd->prog,
				    .notice = &notice };
	struct lk_recovery_end end;
	struct lk_err ignored;

	recovery->prog = cmd->prog;
	recovery->notice = &notice;
	(void)!lk_global_pre(&global, &ignored);
	int rc = lk_recovery_run(recovery, &end, &cmd->err);
	if (lk_global_post(&global, &ignored) < 0)
		lk_cmd_warn(cmd, "%s", ignored.text);
	if (rc == 0)
		send_traps(recovery, &end);
	bool failed = end.failed;
	lk_recovery_end_free(&end);
	return rc < 0 ? rc : failed ? LK_EX_SYSTEM : 0;
}
