/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ins_setst: set the state of an instance (spec/core.md 3.3.5). */
#include "lk/act.h"
#include "lk/claim.h"
#include "lk/cmd.h"
#include "lk/dep.h"
#include "lk/epoch.h"
#include "lk/eqv.h"
#include "lk/exchange.h"
#include "lk/ins.h"
#include "lk/late.h"
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

/* What is to be set. */
struct setting {
	struct lk_cmd *cmd;
	enum lk_state state;
	const char *reason;
	unsigned tables;
	struct lk_claim claim;		/* of ISP and ISU */
};

static int set_state(const struct setting *set, struct lk_lcd *lcd, struct lk_ins *ins)
{
	struct lk_err *err = &set->cmd->err;
	int rc = set->state == LK_OSU ? 0 : lk_claim_check(&set->claim, lcd, ins, err);

	if (rc < 0)
		return rc;
	ins->state = set->state;
	ins->reason = set->reason;
	lk_ins_touch(lcd, ins);
	lk_late_unmark(lcd, ins->tag);
	rc = lk_act_mark_stuck(lcd, ins->tag, false, err);
	return rc < 0 ? rc : set_owner(lcd, ins, err);
}

/* The instance, and with -A what depends on it; ends with NULL. */
static int find_all(const struct setting *set, struct lk_lcd *lcd, struct lk_ins ***all)
{
	struct lk_err *err = &set->cmd->err;
	const char *tag = lk_cmd_value(set->cmd, 't');

	if (set->tables & LK_T_DEP)
		return lk_dep_reach(lcd, tag, LK_UP, all, err);
	*all = lk_arena_alloc(&lcd->arena, 2 * sizeof(**all));
	if (!*all)
		return lk_fail_nomem(err);
	(*all)[1] = NULL;
	return lk_ins_get(lcd, tag, *all, err);
}

/* Whether it may be said, before the tree is locked: others are asked. The tags are those of *lcd. */
static int claim(struct setting *set, struct lk_lcd *lcd)
{
	struct lk_err *err = &set->cmd->err;
	struct lk_claim_for what = { .prog = set->cmd->prog };
	struct lk_ins **all;
	int rc = lk_lcd_read(lcd, set->tables, err);

	if (rc == 0)
		rc = find_all(set, lcd, &all);
	if (rc < 0)
		return rc;
	while (all[what.n])
		what.n++;
	const char **tag = lk_arena_alloc(&lcd->arena, (what.n + 1) * sizeof(*tag));
	if (!tag)
		return lk_fail_nomem(err);
	for (unsigned i = 0; i < what.n; i++)
		tag[i] = all[i]->tag;
	what.tag = tag;
	return lk_claim_get(&what, &set->claim, err);
}

static int change(const struct setting *set)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_ins **all;
	int rc = lk_lcd_begin(&lcd, set->tables, &set->cmd->err);

	if (rc == 0)
		rc = find_all(set, &lcd, &all);
	for (size_t i = 0; rc == 0 && all[i]; i++)
		rc = set_state(set, &lcd, all[i]);
	bool owners = lcd.dirty & LK_T_EPOCH || set->claim.n;
	if (rc == 0)
		rc = lk_lcd_commit(&lcd, &set->cmd->err);
	if (rc == 0 && owners)
		lk_exchange();
	return rc;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct setting set = { .cmd = cmd, .reason = lk_cmd_given(cmd, 'R') ? lk_cmd_value(cmd, 'R') : "",
			       .tables = LK_T_INS | LK_T_EPOCH | LK_T_EQV | LK_T_FLG | LK_T_SYS };
	int state = lk_parse_choice("option -S", lk_cmd_value(cmd, 'S'), settable, &cmd->err);
	int rc = state < 0 ? state : lk_check_text("reason", set.reason, &cmd->err);

	set.state = (enum lk_state)state;
	set.tables |= (lk_cmd_given(cmd, 'A') ? LK_T_DEP : 0) | (state == LK_OSU ? 0 : LK_T_CLAIM);
	if (rc == 0 && set.state != LK_OSU)
		rc = claim(&set, &lcd);
	if (rc == 0)
		rc = change(&set);
	lk_claim_free(&set.claim);
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
