/* SPDX-License-Identifier: GPL-2.0-or-later */
/* retstate: turn a failed instance back to out of service (spec/core.md 3.14.5). */
#include "lk/cmd.h"
#include "lk/ins.h"
#include "lk/resv.h"
#include "lk/poison.h"

static void say(void *arg, const char *text)
{
	lk_cmd_warn(arg, "%s", text);
}

/* One attempt: 1: done; 0: the instance is reserved by a running process, pid. */
static int try_return(struct lk_cmd *cmd, bool patience, pid_t *pid)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_ins *ins;
	int rc = lk_lcd_begin(&lcd, LK_T_INS, &cmd->err);

	if (rc == 0)
		rc = lk_ins_get(&lcd, cmd->operand[0], &ins, &cmd->err);
	if (rc < 0)
		return rc;
	if (ins->state != LK_OSF)
		return 1;
	*pid = ins->holder.pid;
	if (patience && ins->resv != LK_RESV_NONE && lk_holder_foreign(&ins->holder))
		return 0;
	ins->state = LK_OSU;
	ins->reason = "";
	lk_ins_touch(&lcd, ins);
	rc = lk_lcd_commit(&lcd, &cmd->err);
	return rc < 0 ? rc : 1;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_notice notice = { .say = say, .arg = cmd };
	struct lk_resv_wait wait = { .notice = &notice };
	struct lk_tree tree;
	bool patience = true;
	pid_t pid = 0;
	int rc = lk_tree_open(&tree, &cmd->err);

	lk_wait_begin(&wait.wait);
	while (rc == 0 && (rc = try_return(cmd, patience, &pid)) == 0) {
		rc = lk_resv_nap(&wait, &tree, cmd->operand[0], pid, &cmd->err);
		patience = rc > 0;
		rc = rc > 0 ? 0 : rc;
	}
	lk_wait_end(&wait.wait);
	lk_tree_close(&tree);
	return rc < 0 ? rc : 0;
}

static const struct lk_opt options[] = {
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "retstate tag",
	.summary = "Turn the state OSF of an instance back to OSU.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.operand = "tag",
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
