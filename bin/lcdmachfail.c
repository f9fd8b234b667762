/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lcdmachfail: recover what a failed system had in service (spec/core.md 5.6.2). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lk/cmd.h"
#include "lk/canvass.h"
#include "lk/confirm.h"
#include "lk/fence.h"
#include "lk/held.h"
#include "lk/late.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/program.h"
#include "lk/quiet.h"
#include "lk/quorum.h"
#include "lk/recovery.h"
#include "lk/recovery_cmd.h"
#include "lk/sys.h"
#include "lk/trap.h"
#include "lk/wait.h"
#include "lk/witness.h"
#include "lk/poison.h"

#define NAPS 3	/* between two looks at who may run something yet */

static void say(const struct lk_lcd *lcd, const char *text)
{
	struct lk_log_line line = { .level = LK_LOG_INFO, .prog = "lcdmachfail", .pid = getpid(),
				    .component = "recovery", .action = "down", .number = LK_M_NUMBER(LK_M_LOG_FAILOVER),
				    .text = text };
	struct lk_err ignored;

	lk_log(&lcd->tree, &line, &ignored);
}

/* The texts by which the end of a failover is known (spec/core.md 7.3). */
static void say_finished(const struct lk_recovery *recovery)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err ignored;
	time_t now = time(NULL);
	struct tm tm;
	char text[300], date[64];

	snprintf(text, sizeof(text), "FAILOVER RECOVERY OF MACHINE %s", recovery->sys);
	if (lk_tree_open(&lcd.tree, &ignored) < 0)
		return;
	say(&lcd, text);
	localtime_r(&now, &tm);
	strftime(date, sizeof(date), "FINISHED AT: %a %b %e %H:%M:%S %Y", &tm);
	say(&lcd, date);
}

/* Is it still down? A path that is alive again ends it (5.6.2, step 1). 1: go on. */
static int still_down(struct lk_cmd *cmd, struct lk_lcd *lcd, const char *name)
{
	int rc = lk_lcd_read(lcd, LK_T_SYS | LK_T_FLG, &cmd->err);
	const struct lk_sys *sys = rc < 0 ? NULL : lk_sys_find(lcd, name);
	const char *why;

	if (rc < 0)
		return rc;
	if (!sys || sys->local)
		return lk_fail(&cmd->err, LK_M_NO_SYS, name);
	if (lk_sys_state(lcd, sys, &why) == LK_SYS_ALIVE) {
		say(lcd, "the system is ALIVE again: nothing is recovered");
		return 0;
	}
	return 1;
}

/* What has begun is finished, whatever comes back meanwhile: the commit point. */
static void commit_point(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

/* Without quorum what is in service must not stay so. Where a majority decides, lcm does that when the lease ends,
 * which is not before paths that are mended at once could renew it. */
static int lose(struct lk_cmd *cmd, const struct lk_lcd *lcd, const char *sys)
{
	char path[LK_PROGRAM_MAX], *argv[] = { (char *)"lk_quorumloss", NULL };
	struct lk_quorum_modes modes;
	struct lk_err ignored;

	/* when the storage is back nothing else tells that this has to be done yet */
	lk_late_event(&lcd->tree, sys, false);
	say(lcd, "this system has no quorum: nothing is recovered");
	if (lk_quorum_modes(&lcd->tree, &modes, &cmd->err) < 0)
		return -cmd->err.code;
	/* without a mode nothing was ever to be stopped */
	if (modes.quorum == LK_QMODE_MAJORITY || modes.quorum == LK_QMODE_NONE ||
	    lk_program_find(&lcd->tree, "bin/lk_quorumloss", path, &ignored) < 0)
		return 0;
	execv(path, argv);
	return lk_fail_errno(&cmd->err, errno, "%s", path);
}

/* Quorum, and whether others have lost it, too (5.6.2, steps 4 and 5). 1: go on. */
static int verify(struct lk_cmd *cmd, struct lk_lcd *lcd, const char *sys)
{
	const struct lk_quorum_event event = { .name = "COMM_DOWN", .sys = sys, .prog = cmd->prog };
	const struct lk_witness_for what = { .sys = sys, .event = event.name, .prog = cmd->prog };
	int rc = lk_quorum_verify(lcd, &event, &cmd->err);

	if (rc <= 0)
		return rc < 0 ? rc : lose(cmd, lcd, sys);
	lk_late_event(&lcd->tree, sys, true);
	switch (lk_witness(&what, &cmd->err)) {
	case LK_WITNESS_DEAD: return 1;
	case LK_WITNESS_NO_QUORUM:
		lk_lcd_close(lcd);
		return lk_lcd_read(lcd, LK_T_SYS | LK_T_FLG, &cmd->err) < 0 ||
		       lk_quorum_verify(lcd, &event, &cmd->err) < 0 ? -cmd->err.code : lose(cmd, lcd, sys);
	case LK_WITNESS_BACK:
	case LK_WITNESS_ALIVE:
		say(lcd, "the system is ALIVE again: nothing is recovered");
		return 0;
	default: return -cmd->err.code;
	}
}

/* Where grants decide time is as good as a device, and one that does not answer must not make it longer: until when
 * to try, by lk_now_ms(). */
static int64_t grants_after(const char *name)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err ignored;
	const struct lk_sys *sys;
	uint64_t left;

	if (lk_lcd_read(&lcd, LK_T_SYS | LK_T_FLG, &ignored) < 0 || !(sys = lk_sys_find(&lcd, name)) ||
	    lk_quiet_wait(&lcd, sys, &left, &ignored) < 0 || left >= LK_HELD_WAIT)
		return 0;
	return lk_now_ms() + (int64_t)left;
}

/* Fence it, and ask the administrator where that is wanted. Without grants of a majority one that could not be fenced
 * may still run everything: only the administrator can say that it does not. 1: go on; 0: do not. */
static int make_sure(struct lk_cmd *cmd, const struct lk_lcd *lcd, const char *sys)
{
	struct lk_fence_for what = { .tree = &lcd->tree, .sys = sys, .prog = cmd->prog, .unless_back = true };
	struct lk_err ignored;
	bool unsafe = false;

	if (lk_fence_configured(&lcd->tree, sys)) {
		bool grants = lk_canvass_needed(&lcd->tree, &ignored) > 0;

		what.until = grants ? grants_after(sys) : 0;
		int rc = lk_fence(&what, &cmd->err);

		if (rc < 0 && cmd->err.number == LK_M_NUMBER(LK_M_INTERRUPTED))
			return rc;
		if (rc < 0 && cmd->err.number == LK_M_NUMBER(LK_M_FENCE_BACK)) {
			say(lcd, "the system is ALIVE again: nothing is recovered");
			return 0;
		}
		unsafe = rc < 0 && !grants;
	}
	return lk_confirm_ask(lcd, sys, unsafe, &cmd->err);
}

/* ---- until it has ended ---- */

static void say_waiting(const struct lk_lcd *lcd, const char *sys, uint64_t left)
{
	struct lk_err text;

	lk_fail(&text, LK_M_LOG_QUIET_WAIT, sys, (unsigned long long)(left + 999) / 1000);
	say(lcd, text.text);
}

/* Look again, a few times a second. 0: has ended, or is back: *back. */
static int wait_end(struct lk_cmd *cmd, struct lk_lcd *lcd, const char *name, bool *back)
{
	struct lk_wait wait;
	uint64_t left = 1;
	int rc = 0;

	lk_wait_begin(&wait);
	for (unsigned i = 0; rc == 0 && left && !*back; i++) {
		lk_lcd_close(lcd);
		rc = still_down(cmd, lcd, name);
		*back = rc == 0;
		if (rc > 0)
			rc = lk_quiet_wait(lcd, lk_sys_find(lcd, name), &left, &cmd->err);
		if (rc == 0 && left && i == 0)
			say_waiting(lcd, name, left);
		for (unsigned k = 0; rc == 0 && left && !*back && k < NAPS; k++)
			rc = lk_wait_nap(&wait, &cmd->err);
	}
	lk_wait_end(&wait);
	return rc;
}

/* With tcp_remote nobody grants anything and no lease ends: what keeps two owners apart is that this one waits until
 * the other one has asked the hosts in vain and stopped, or was ended. 1: go on; 2: after a wait. */
static int wait_for_end(struct lk_cmd *cmd, struct lk_lcd *lcd, const char *sys)
{
	struct lk_quorum_modes modes;
	bool back = false;
	int rc = lk_quorum_modes(&lcd->tree, &modes, &cmd->err);

	if (rc < 0 || modes.quorum != LK_QMODE_TCP)
		return rc < 0 ? rc : 1;
	rc = wait_end(cmd, lcd, sys, &back);
	return rc < 0 || back ? rc : 2;
}

/* Everything that it had. 1: recover it. */
static int of_system(struct lk_cmd *cmd, struct lk_lcd *lcd, const char *sys)
{
	int rc = verify(cmd, lcd, sys);

	if (rc <= 0)
		return rc;
	lk_trap_aside(&lcd->tree, 120, sys, NULL);
	rc = make_sure(cmd, lcd, sys);
	if (rc > 0)
		rc = wait_for_end(cmd, lcd, sys);
	/* quorum may have been lost meanwhile */
	return rc > 1 ? verify(cmd, lcd, sys) : rc;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_recovery recovery = {
		.event = LK_EVENT_DOWN, .sys = lk_cmd_value(cmd, 's'), .tag = lk_cmd_value(cmd, 't'),
		.without = cmd->operand,
	};
	int rc = still_down(cmd, &lcd, recovery.sys);

	/* whoever hands a resource on has done all of that, but an operator may not have */
	if (rc > 0)
		rc = recovery.tag ? wait_for_end(cmd, &lcd, recovery.sys) : of_system(cmd, &lcd, recovery.sys);
	if (rc <= 0)
		return rc;
	commit_point();
	recovery.done = recovery.tag ? NULL : say_finished;
	return lk_recovery_cmd(cmd, &recovery);
}

static const struct lk_opt options[] = {
	{ 's', LK_OPT_REQUIRED, "sys", "the system that has failed", NULL },
	{ 't', LK_OPT_VALUE, "tag", "only this resource", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lcdmachfail -s sys [-t tag [system ...]]",
	.summary = "Recover what a failed system had in service; the event comm_down runs it.",
	.options = options,
	.max_operands = -1,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
