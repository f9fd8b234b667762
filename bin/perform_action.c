/* SPDX-License-Identifier: GPL-2.0-or-later */
/* perform_action: run an action on a resource and its hierarchy (spec/core.md 3.11). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lk/act.h"
#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/epoch.h"
#include "lk/global.h"
#include "lk/handover.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

static void say(void *arg, const char *text)
{
	lk_cmd_warn(arg, "%s", text);
}

/* Where the output of a script goes besides the log, so that our own stays empty. */
static void print_line(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

/* ---- what would be done ---- */

static void show_step(void *arg, const char *sys, const char *action, const char *tag, const char *why)
{
	(void)arg;
	printf("%s %s %s: %s\n", sys, action, tag, why);
}

static int show(struct lk_cmd *cmd, const struct lk_act *act)
{
	struct lk_act_shown shown = { .step = show_step };

	return lk_act_show(act, &shown, &cmd->err);
}

/* ---- doing it ---- */

/* What an action is about, whichever it is. */
struct work {
	enum lk_global_kind kind;
	const struct lk_act *act;		/* NULL: other is meant */
	const struct lk_act_other *other;
};

static int run_work(struct lk_cmd *cmd, const struct work *work)
{
	return work->act ? lk_act_run(work->act, &cmd->err)
			 : lk_act_other_run(work->other, &cmd->err);
}

/* Failing global scripts are reported and do not matter. */
static int run_bracketed(struct lk_cmd *cmd, const struct work *work,
			 const struct lk_notice *notice)
{
	struct lk_global global = { .kind = work->kind, .args = cmd->operand, .prog = cmd->prog,
				    .notice = notice };
	char *none[] = { NULL };
	struct lk_err first;

	if (!global.args)
		global.args = none;
	int rc = lk_global_pre(&global, &cmd->err);
	if (rc < 0)
		return rc;
	rc = run_work(cmd, work);
	first = cmd->err;
	if (rc < 0 && first.number == LK_M_NUMBER(LK_M_INTERRUPTED))
		return rc;
	int post = lk_global_post_within(&global, &cmd->err);
	if (rc < 0)
		cmd->err = first;
	return rc < 0 ? rc : post < 0 ? post : 0;
}

static int run_hierarchy(struct lk_cmd *cmd, enum lk_plan_kind kind, const struct lk_notice *notice)
{
	const char *tag = lk_cmd_value(cmd, 't');
	char *none[] = { NULL };
	struct lk_act act = {
		.what = { .kind = kind, .tag = &tag, .ntags = 1, .single = lk_cmd_given(cmd, 's'),
			  .below = lk_cmd_given(cmd, 'b') },
		.ignore = lk_cmd_given(cmd, 'n'),
		.keep_owner = lk_cmd_given(cmd, 'K'),
		.args = cmd->operand ? cmd->operand : none,
		.prog = cmd->prog,
		.notice = notice,
	};
	struct work work = { .kind = kind == LK_PLAN_RESTORE ? LK_GLOBAL_RESTORE : LK_GLOBAL_REMOVE,
			     .act = &act };
	int rc = lk_act_check(&act, &cmd->err);

	if (rc <= 0)
		return rc;
	if (lk_cmd_given(cmd, 'D'))
		return show(cmd, &act);
	return lk_cmd_given(cmd, 'G') ? run_work(cmd, &work) : run_bracketed(cmd, &work, notice);
}

static int run_other(struct lk_cmd *cmd, const struct lk_notice *notice)
{
	char *none[] = { NULL };
	struct lk_act_other other = {
		.tag = lk_cmd_value(cmd, 't'), .action = lk_cmd_value(cmd, 'a'),
		.args = cmd->operand ? cmd->operand : none, .prog = cmd->prog, .notice = notice,
		.line = print_line,
	};
	struct work work = { .kind = LK_GLOBAL_DELETE, .other = &other };
	int rc = lk_act_other_check(&other, &cmd->err);

	if (rc < 0)
		return rc;
	if (lk_cmd_given(cmd, 'D')) {
		printf("%s %s: only this one\n", other.action, other.tag);
		return 0;
	}
	if (strcmp(other.action, "delete") != 0 || lk_cmd_given(cmd, 'G'))
		return run_work(cmd, &work);
	return run_bracketed(cmd, &work, notice);
}

static void print_tag(void *arg, const char *tag)
{
	(void)arg;
	puts(tag);
}

/* Another system is about to restore the equivalents of these. Those that are not there are not in
 * service either. */
static int run_release(struct lk_cmd *cmd, const struct lk_notice *notice)
{
	char *none[] = { NULL };
	struct lk_act act = {
		.what = { .kind = LK_PLAN_REMOVE, .tag = (const char *const *)cmd->operand,
			  .ntags = (size_t)cmd->operands, .lenient = true },
		.release_for = lk_cmd_value(cmd, 'o'),
		.nowait = lk_cmd_given(cmd, 'W'),
		.busy = print_tag,
		.args = none,
		.prog = cmd->prog,
		.notice = notice,
	};

	int rc = lk_act_check(&act, &cmd->err);
	if (rc <= 0)
		return rc;
	if (lk_cmd_given(cmd, 'D'))
		return show(cmd, &act);
	rc = lk_handover_note(&act, &cmd->err);
	if (rc == 0)
		rc = lk_act_run(&act, &cmd->err);
	/* what was not released stays, whatever becomes of who wanted it */
	struct lk_err ignored;
	if (rc < 0)
		(void)!lk_handover_drop(&act, &ignored);
	return rc;
}

/* All of the command line is looked at before anything is changed. */
static int run_give(struct lk_cmd *cmd, const struct lk_notice *notice)
{
	size_t n = (size_t)cmd->operands;
	struct lk_epoch LK_AUTO_FREE *said = calloc(n, sizeof(*said));
	int rc = said ? lk_check_sys(lk_cmd_value(cmd, 'o'), &cmd->err) : lk_fail_nomem(&cmd->err);

	for (size_t i = 0; i < n && rc == 0; i++) {
		said[i].owner = lk_cmd_value(cmd, 'o');
		rc = lk_epoch_parse(cmd->operand[i], &said[i], &cmd->err);
	}
	if (rc == 0)
		rc = lk_act_offered(said, n, &cmd->err);
	if (rc == 0)
		rc = run_release(cmd, notice);
	return rc < 0 ? rc : lk_act_give(said, n, &cmd->err);
}

static int run_for_other(struct lk_cmd *cmd, const struct lk_notice *notice)
{
	for (const char *letter = "Gsbnta"; *letter; letter++)
		if (lk_cmd_given(cmd, *letter))
			return lk_fail(&cmd->err, LK_M_NOT_WITH_RELEASE, *letter);
	if (!cmd->operands)
		return lk_fail(&cmd->err, LK_M_OPERAND_MISSING, "tag");
	if (!lk_cmd_given(cmd, 'o'))
		return lk_fail(&cmd->err, LK_M_OPT_MISSING, 'o');
	if (!lk_cmd_given(cmd, 'E'))
		return run_release(cmd, notice);
	if (lk_cmd_given(cmd, 'D') || lk_cmd_given(cmd, 'W'))
		return lk_fail(&cmd->err, LK_M_ONLY_GIVE);
	return run_give(cmd, notice);
}

static int run(struct lk_cmd *cmd)
{
	struct lk_notice notice = { .say = say, .arg = cmd };
	const char *action = lk_cmd_value(cmd, 'a');

	if (lk_cmd_given(cmd, 'R'))
		return run_for_other(cmd, &notice);
	if (lk_cmd_given(cmd, 'E'))
		return lk_fail(&cmd->err, LK_M_ONLY_GIVE);
	for (const char *letter = "ta"; *letter; letter++)
		if (!lk_cmd_given(cmd, *letter))
			return lk_fail(&cmd->err, LK_M_OPT_MISSING, *letter);
	if (lk_cmd_given(cmd, 'o') || lk_cmd_given(cmd, 'W'))
		return lk_fail(&cmd->err, LK_M_ONLY_RELEASE, lk_cmd_given(cmd, 'o') ? "-o" : "--nowait");
	if (!strcmp(action, "restore"))
		return run_hierarchy(cmd, LK_PLAN_RESTORE, &notice);
	if (!strcmp(action, "remove"))
		return run_hierarchy(cmd, LK_PLAN_REMOVE, &notice);
	return run_other(cmd, &notice);
}

static const struct lk_opt options[] = {
	{ 'G', LK_OPT_FLAG, NULL, "do not run the pre- and post-global scripts", NULL },
	{ 's', LK_OPT_FLAG, NULL, "only this resource, nothing above or below", NULL },
	{ 'b', LK_OPT_FLAG, NULL, "restore only this resource and what is below it", NULL },
	{ 'n', LK_OPT_FLAG, NULL, "act on what others have reserved, too", NULL },
	{ 't', LK_OPT_VALUE, "tag-name", "the resource", NULL },
	{ 'a', LK_OPT_VALUE, "action-name", "restore, remove, or another action of its type", NULL },
	{ 'K', LK_OPT_FLAG, NULL, "a remove that nobody wants to last: this system stays the owner", "keep-owner" },
	{ 'D', LK_OPT_FLAG, NULL, "print what would be done, and do nothing", "dry-run" },
	{ 'R', LK_OPT_FLAG, NULL, "take out of service what another system wants to restore", "release" },
	{ 'E', LK_OPT_FLAG, NULL, "then it belongs to that system: operands are TAG=EPOCH", "give" },
	{ 'W', LK_OPT_FLAG, NULL, "with --release: print which are at work already, and do nothing then", "nowait" },
	{ 'o', LK_OPT_VALUE, "othersys", "that system", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "perform_action [-G] [-s] [-b] [-n] [--keep-owner] [--dry-run] -t tag-name -a action-name [-- arg ...]\n"
		    "perform_action --release [--dry-run] [--nowait] -o othersys tag ...\n"
		    "perform_action --release --give -o othersys tag=epoch ...",
	.summary = "Run an action on a resource, in service and out of service on its hierarchy.",
	.options = options,
	.max_operands = -1,
	.run = run,
};

int main(int argc, char **argv)
{
	/* nobody who reads our warnings any more is no reason to stop halfway */
	signal(SIGPIPE, SIG_IGN);
	return lk_cmd_main(&desc, argc, argv);
}
