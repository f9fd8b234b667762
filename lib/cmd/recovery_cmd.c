/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of the three events have in common. */
#include "lk/recovery_cmd.h"

#include <signal.h>
#include <stdio.h>

#include "lk/cleanup.h"
#include "lk/global.h"
#include "lk/msg.h"
#include "lk/sys.h"
#include "lk/trap.h"
#include "lk/tunable.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define AGAIN_SECONDS 300	/* GATHERRETRY */
#define AVAIL_SECONDS 10
#define AGAIN_MAX 30		/* between two passes */

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
	if (recovery->event == LK_EVENT_AVAIL && !recovery->late)
		lk_trap(&tree, 100, NULL, NULL);
	if (recovery->event == LK_EVENT_DOWN && end->restored)
		lk_trap(&tree, 121, recovery->sys, end->tags_restored.data);
	if (recovery->event == LK_EVENT_DOWN && end->failed)
		lk_trap(&tree, 122, recovery->sys, end->tags_failed.data);
	if (end->split)
		lk_trap(&tree, 160, recovery->sys, NULL);
	lk_tree_close(&tree);
}

/* One look at the cluster and what follows from it. */
struct pass {
	struct lk_cmd *cmd;
	struct lk_global global;
	bool begun;
};

static void begin(const struct lk_recovery *recovery, void *arg)
{
	struct pass *pass = arg;
	struct lk_err ignored;

	(void)recovery;
	pass->begun = true;
	(void)!lk_global_pre(&pass->global, &ignored);
}

static int run_pass(struct pass *pass, const struct lk_recovery *recovery, struct lk_recovery_end *end)
{
	struct lk_err why;
	int rc = lk_recovery_run(recovery, end, &pass->cmd->err);

	if (pass->begun && lk_global_post(&pass->global, &why) < 0)
		lk_cmd_warn(pass->cmd, "%s", why.text);
	pass->begun = false;
	if (rc == 0)
		send_traps(recovery, end);
	return rc;
}

/* ---- once more ---- */

/* Is what the event said true no longer? Then another event follows. */
static bool is_over(const struct lk_recovery *recovery)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err ignored;
	const char *why;

	if (recovery->event == LK_EVENT_AVAIL || lk_lcd_read(&lcd, LK_T_SYS, &ignored) < 0)
		return false;
	const struct lk_sys *sys = lk_sys_find(&lcd, recovery->sys);
	bool alive = sys && lk_sys_state(&lcd, sys, &why) == LK_SYS_ALIVE;

	return alive != (recovery->event == LK_EVENT_UP);
}

/* false: the event is over, or we are to end. Beyond the commit point TERM is ignored; here nothing is under way. */
static bool pause_for(const struct lk_recovery *recovery, unsigned seconds)
{
	int64_t until = lk_now_ms() + (int64_t)seconds * 1000;
	struct sigaction term, hup, plain = { .sa_handler = SIG_DFL };
	struct lk_err ignored;
	struct lk_wait wait;
	int naps = 0, rc = 0;

	sigaction(SIGTERM, &plain, &term);
	sigaction(SIGHUP, &plain, &hup);
	lk_wait_begin(&wait);
	while (rc == 0 && lk_now_ms() < until) {
		rc = lk_wait_nap(&wait, &ignored);
		if (rc == 0 && ++naps % 10 == 0 && is_over(recovery))
			rc = -1;
	}
	sigaction(SIGTERM, &term, NULL);
	sigaction(SIGHUP, &hup, NULL);
	lk_wait_end(&wait);
	return rc == 0 && !is_over(recovery);
}

static unsigned long long find_limit(const struct lk_recovery *recovery)
{
	unsigned long long seconds = AGAIN_SECONDS;
	struct lk_tree tree;
	struct lk_err ignored;

	if (lk_tree_open(&tree, &ignored) < 0)
		return 0;
	if (lk_tunable_number(&tree, "GATHERRETRY", 0, 86400, &seconds, &ignored) < 0)
		seconds = AGAIN_SECONDS;
	lk_tree_close(&tree);
	/* no other event is processed before the end of this one */
	return recovery->event == LK_EVENT_AVAIL && seconds > AVAIL_SECONDS ? AVAIL_SECONDS : seconds;
}

/* A system that was silent for a moment must not keep a resource out of service until the next event, which
 * may never come: ask again, ever more seldom, as long as it is ALIVE. *end is that of the last pass. */
static int ask_again(struct pass *pass, struct lk_recovery *recovery, struct lk_recovery_end *end)
{
	int64_t until = lk_now_ms() + (int64_t)find_limit(recovery) * 1000;
	unsigned failed = end->failed;
	int rc = 0;

	for (unsigned seconds = 1; rc == 0 && end->open && lk_now_ms() < until; seconds *= 2) {
		struct lk_buf LK_AUTO_BUF tags = end->tags_open;

		end->tags_open = (struct lk_buf){ 0 };
		if (tags.failed || !pause_for(recovery, seconds < AGAIN_MAX ? seconds : AGAIN_MAX))
			break;
		lk_recovery_end_free(end);
		recovery->again = tags.data;
		recovery->passes++;
		rc = run_pass(pass, recovery, end);
		failed += end->failed;
	}
	end->failed = failed;
	return rc;
}

int lk_recovery_cmd(struct lk_cmd *cmd, struct lk_recovery *recovery)
{
	struct lk_notice notice = { .say = say, .arg = cmd };
	/* -m: without the admin lock. An operation that holds it for minutes, or whose system has just died,
	 * must not hold up a recovery */
	char *args[] = { (char[]){ "-m" }, NULL };
	struct pass pass = {
		.cmd = cmd,
		.global = { .kind = LK_GLOBAL_RESTORE, .args = args, .prog = cmd->prog, .notice = &notice },
	};
	struct lk_recovery_end end;

	recovery->prog = cmd->prog;
	recovery->notice = &notice;
	begin(recovery, &pass);
	int rc = run_pass(&pass, recovery, &end);
	recovery->begin = begin;
	recovery->arg = &pass;
	if (recovery->done)
		recovery->done(recovery);
	if (rc == 0)
		rc = ask_again(&pass, recovery, &end);
	bool failed = end.failed;
	lk_recovery_end_free(&end);
	return rc < 0 ? rc : failed ? LK_EX_SYSTEM : 0;
}
