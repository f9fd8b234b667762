/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lcdavail: initialise the resources at the start of Lockkeeper (spec/core.md 5.6.3, 4.2). */
#include <string.h>

#include "lk/alock.h"
#include "lk/boot.h"
#include "lk/canvass.h"
#include "lk/cmd.h"
#include "lk/confirm.h"
#include "lk/fence.h"
#include "lk/global.h"
#include "lk/held.h"
#include "lk/ins.h"
#include "lk/late.h"
#include "lk/msg.h"
#include "lk/proc.h"
#include "lk/quorum.h"
#include "lk/recovery.h"
#include "lk/recovery_cmd.h"
#include "lk/sys.h"
#include "lk/witness.h"
#include "lk/poison.h"

/* False: without quorum. Systems that others reach and this one does not count as "not known" until we end (5.6.3,
 * steps 2 and 3). What goes wrong here is found again where it matters. */
static bool ask_witnesses(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_witness_for what = { .event = "LCM_AVAIL", .prog = cmd->prog, .once = true };
	struct lk_quorum_event event = { .name = what.event, .sys = lcd.local, .prog = cmd->prog,
					 .settle = true };
	struct lk_err ignored;
	const char *why;

	if (lk_lcd_read(&lcd, LK_T_SYS, &ignored) < 0 || lk_quorum_verify(&lcd, &event, &ignored) <= 0)
		return false;
	for (size_t i = 0; i < lcd.nsys; i++) {
		what.sys = lcd.sys[i].name;
		if (!lcd.sys[i].local && lk_sys_state(&lcd, &lcd.sys[i], &why) != LK_SYS_ALIVE)
			(void)!lk_witness(&what, &ignored);
	}
	return true;
}

static bool shares(const struct lk_lcd *lcd, const char *sys)
{
	for (size_t i = 0; i < lcd->neqv; i++)
		if (!strcmp(lcd->eqv[i].sys, sys))
			return true;
	return false;
}

/* Without grants only its fence devices tell that a silent system has stopped. What was recorded before this start does
 * not count: it may have come back unseen. One that is not confirmed bars what it shares (LK_WHY_UNFENCED). */
static int fence_silent(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_fence_for what = { .tree = &lcd.tree, .prog = cmd->prog, .unless_back = true };
	struct lk_err err;
	const char *why;

	if (lk_lcd_read(&lcd, LK_T_SYS | LK_T_EQV, &err) < 0 || lk_canvass_needed(&lcd.tree, &err) > 0)
		return 0;
	for (size_t i = 0; i < lcd.nsys; i++) {
		what.sys = lcd.sys[i].name;
		lk_fence_forget(&lcd.tree, what.sys);
		lk_confirm_forget(&lcd.tree, what.sys);
		if (lcd.sys[i].local || !shares(&lcd, what.sys) || !lk_fence_configured(&lcd.tree, what.sys) ||
		    lk_sys_state(&lcd, &lcd.sys[i], &why) == LK_SYS_ALIVE)
			continue;
		if (lk_fence(&what, &err) < 0 && err.number == LK_M_NUMBER(LK_M_INTERRUPTED)) {
			cmd->err = err;
			return -err.code;
		}
	}
	return 0;
}

static bool is_at_work(void)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err ignored;

	if (lk_lcd_read(&lcd, LK_T_INS, &ignored) < 0)
		return true;
	for (size_t i = 0; i < lcd.nins; i++)
		if (lcd.ins[i].resv != LK_RESV_NONE && lk_proc_alive(&lcd.ins[i].holder))
			return true;
	return false;
}

static void say(void *arg, const char *text)
{
	lk_cmd_warn(arg, "%s", text);
}

/* An operation that ended with its machine, lkstop most likely, has left its post scripts due (3.9.4), and its flag
 * and locks. Those of a restore follow ours. */
static void end_globals(struct lk_cmd *cmd)
{
	static const enum lk_global_kind kinds[] = { LK_GLOBAL_REMOVE, LK_GLOBAL_DELETE };
	char *args[] = { (char[]){ "-m" }, NULL };
	struct lk_notice notice = { .say = say, .arg = cmd };
	struct lk_err why;

	if (lk_alock_sweep(&notice, &why) < 0)
		lk_cmd_warn(cmd, "%s", why.text);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds) && !is_at_work(); i++) {
		struct lk_global global = { .kind = kinds[i], .args = args, .prog = cmd->prog, .notice = &notice };

		if (lk_global_post(&global, &why) < 0)
			lk_cmd_warn(cmd, "%s", why.text);
	}
}

static int still_has_quorum(struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_SYS, err);

	return rc < 0 ? rc : lk_quorum_check(&lcd, err);
}

/* Now there is quorum. Should it be lost on the way, what was not restored stays to be made up for. */
static int run_late(struct lk_cmd *cmd)
{
	struct lk_recovery recovery = { .event = LK_EVENT_AVAIL, .late = true };
	struct lk_err why;

	if (!ask_witnesses(cmd))
		return lk_fail(&cmd->err, LK_M_NO_QUORUM, "what the start left out stays so");
	int rc = lk_recovery_cmd(cmd, &recovery);

	if (rc < 0)
		return rc;
	if (still_has_quorum(&cmd->err) < 0)
		return -cmd->err.code;
	if (lk_late_end(&why) < 0)
		lk_cmd_warn(cmd, "%s", why.text);
	return rc;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_recovery recovery = { .event = LK_EVENT_AVAIL };

	if (lk_cmd_given(cmd, 'q'))
		return run_late(cmd);
	int rc = lk_boot_begin(&cmd->err);

	if (rc < 0)
		return rc;
	end_globals(cmd);
	if (ask_witnesses(cmd))
		rc = fence_silent(cmd);
	if (rc < 0)
		return rc;
	lk_held_end();
	return lk_recovery_cmd(cmd, &recovery);
}

static const struct lk_opt options[] = {
	{ 'q', LK_OPT_FLAG, NULL, "there is quorum now: restore what the start left out for want of it", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lcdavail [-q]",
	.summary = "Initialise the resources of this system; the event lcm_avail runs it.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
