/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lcdmachup: what is to be done when a system has come back (spec/core.md 5.6.4). */
#include "lk/cmd.h"
#include "lk/confirm.h"
#include "lk/fence.h"
#include "lk/held.h"
#include "lk/late.h"
#include "lk/name.h"
#include "lk/quorum.h"
#include "lk/recovery.h"
#include "lk/recovery_cmd.h"
#include "lk/poison.h"

/* Who makes a majority by coming back begins what is documented for that, whoever failed meanwhile (spec/core.md 6.7, QM-4a
 * and QM-4b). When the storage is back, or one confirms again that was never away, nothing else tells what has to be
 * done yet. */
static void note(const struct lk_lcd *lcd, const char *sys, bool quorum)
{
	struct lk_quorum_modes modes;
	struct lk_err ignored;

	lk_late_event(&lcd->tree, sys, quorum);
	if (quorum && lk_quorum_modes(&lcd->tree, &modes, &ignored) == 0 && modes.quorum == LK_QMODE_MAJORITY)
		lk_late_forget_events(lcd);
}

/* For the log, and to be in time: what it means is decided later. */
static void verify(const struct lk_quorum_event *event)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err ignored;

	if (lk_lcd_read(&lcd, LK_T_SYS, &ignored) == 0)
		note(&lcd, event->sys, lk_quorum_verify(&lcd, event, &ignored) > 0);
}

static int run(struct lk_cmd *cmd)
{
	struct lk_recovery recovery = { .event = LK_EVENT_UP, .sys = lk_cmd_value(cmd, 's') };
	const struct lk_quorum_event event = { .name = "COMM_UP", .sys = recovery.sys, .prog = cmd->prog,
						.settle = true };
	struct lk_tree tree;
	int rc = lk_check_sys(recovery.sys, &cmd->err);

	if (rc == 0)
		rc = lk_tree_open(&tree, &cmd->err);
	if (rc < 0)
		return rc;
	lk_confirm_forget(&tree, recovery.sys);
	lk_fence_forget(&tree, recovery.sys);
	lk_tree_close(&tree);
	verify(&event);
	lk_held_end();
	return lk_recovery_cmd(cmd, &recovery);
}

static const struct lk_opt options[] = {
	{ 's', LK_OPT_REQUIRED, "sys", "the system that has come back", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lcdmachup -s sys",
	.summary = "Settle whose the resources are after a system has come back; comm_up runs it.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
