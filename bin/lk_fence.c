/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk_fence: make sure that a system has stopped, by its fence devices. */
#include "lk/cmd.h"
#include "lk/fence.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/sys.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const char *name = lk_cmd_value(cmd, 's');
	int rc = lk_check_sys(name, &cmd->err);

	if (rc == 0)
		rc = lk_lcd_read(&lcd, LK_T_SYS, &cmd->err);
	if (rc < 0)
		return rc;
	const struct lk_sys *sys = lk_sys_find(&lcd, name);
	const struct lk_fence_for what = { .tree = &lcd.tree, .sys = name, .prog = cmd->prog };
	if (!sys)
		return lk_fail(&cmd->err, LK_M_NO_SYS, name);
	if (sys->local)
		return lk_fail(&cmd->err, LK_M_FENCE_SELF, name);
	return lk_cmd_given(cmd, 'n') ? lk_fence_test(&what, &cmd->err) : lk_fence(&what, &cmd->err);
}

static const struct lk_opt options[] = {
	{ 's', LK_OPT_REQUIRED, "system", "the system", NULL },
	{ 'n', LK_OPT_FLAG, NULL, "only ask the devices for their state", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lk_fence [-n] -s system",
	.summary = "Make sure that a system has stopped, by its fence devices.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
