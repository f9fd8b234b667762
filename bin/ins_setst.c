/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ins_setst: set the state of an instance (spec/core.md 3.3.5). */
#include "lk/act.h"
#include "lk/cmd.h"
#include "lk/dep.h"
#include "lk/epoch.h"
#include "lk/eqv.h"
#include "lk/exchange.h"
#include "lk/ins.h"
#include "lk/name.h"
#include "lk/poison.h"

/* What may be set by hand, as in enum lk_state. */
static const char *const settable[] = { "ISP", "ISU", "OSU", NULL };

/* Who says that it is in service here, or is not, says whose it is, too. */
static int set_owner(struct lk_lcd *lcd, const struct lk_ins *ins, struct lk_err *err)
{
	if (!lk_eqv_priority(lcd, ins->tag, lcd->local))
		return 0;
	return ins->state == LK_OSU ? lk_epoch_release(lcd, ins->tag, err)
				    : lk_epoch_raise(lcd, ins->tag, err);
}

static int set_state(struct lk_lcd *lcd, struct lk_ins *ins, const struct lk_ins *like, struct lk_err *err)
{
	ins->state = like->state;
	ins->reason = like->reason;
	lk_ins_touch(lcd, ins);
	int rc = lk_act_mark_stuck(lcd, ins->tag, false, err);
	return rc < 0 ? rc : set_owner(lcd, ins, err);
}

static int set_above(struct lk_lcd *lcd, const struct lk_ins *ins, struct lk_err *err)
{
	struct lk_ins **above;
	int rc = lk_dep_reach(lcd, ins->tag, LK_UP, &above, err);

	for (; rc == 0 && *above; above++)
		rc = set_state(lcd, *above, ins, err);
	return rc;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const char *reason = lk_cmd_given(cmd, 'R') ? lk_cmd_value(cmd, 'R') : "";
	unsigned tables = LK_T_EPOCH | LK_T_EQV | LK_T_FLG | LK_T_SYS | (lk_cmd_given(cmd, 'A') ? LK_T_DEP : 0);
	struct lk_ins *ins;
	int state = lk_parse_choice("option -S", lk_cmd_value(cmd, 'S'), settable, &cmd->err);
	int rc = state < 0 ? state : lk_check_text("reason", reason, &cmd->err);

	if (rc == 0)
		rc = lk_ins_edit(&lcd, tables, lk_cmd_value(cmd, 't'), &ins, &cmd->err);
	if (rc < 0)
		return rc;
	rc = set_state(&lcd, ins, &(struct lk_ins){ .state = (enum lk_state)state, .reason = reason },
		       &cmd->err);
	if (rc == 0 && (tables & LK_T_DEP))
		rc = set_above(&lcd, ins, &cmd->err);
	bool owners = lcd.dirty & LK_T_EPOCH;
	if (rc == 0)
		rc = lk_ins_save(&lcd, ins, &cmd->err);
	if (rc == 0 && owners)
		lk_exchange();
	return rc;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 't', LK_OPT_REQUIRED, "tag", "tag of the instance", NULL },
	{ 'S', LK_OPT_REQUIRED, "state", "ISP, ISU or OSU", NULL },
	{ 'R', LK_OPT_VALUE, "reason", "why (default: none)", NULL },
	{ 'A', LK_OPT_FLAG, NULL, "also set every instance that depends on it", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "ins_setst [-d destsys] -t tag -S {ISP|ISU|OSU} [-R reason] [-A]",
	.summary = "Set the recorded state of an instance; runs no script.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
