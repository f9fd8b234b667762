/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A resource has failed here: the steps, and what is reserved and recorded meanwhile. */
#include "lk/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/act.h"
#include "lk/cleanup.h"
#include "lk/epoch.h"
#include "lk/failure_run.h"
#include "lk/gather.h"
#include "lk/ins.h"
#include "lk/msg.h"
#include "lk/proc.h"
#include "lk/reboot.h"
#include "lk/script.h"
#include "lk/story.h"
#include "lk/tagfile.h"
#include "lk/trap.h"
#include "lk/tunable.h"
#include "lk/poison.h"

#define LOCKS LK_REBOOT_MARKS
#define FENCE_SECONDS 60
#define MINUTES_MAX 10080

void lk_failing_tell(const struct lk_failing *run, enum lk_log_level level, const char *decision,
		     const char *why)
{
	const struct lk_failure *f = run->f;
	char text[LK_ERR_TEXT];
	struct lk_log_line line = { .level = level, .prog = f->prog, .pid = getpid(),
				    .component = "recovery", .action = "resource", .tag = f->tag,
				    .number = LK_M_NUMBER(LK_M_FLR_STEP), .text = text };
	struct lk_err ignored;

	snprintf(text, sizeof(text), "%s%s%s", decision, why ? ": " : "", why ? why : "");
	lk_log(&run->lcd.tree, &line, &ignored);
	struct lk_story story = {
		.prog = f->prog, .node = run->lcd.local, .subject = f->tag, .what = "resource-failed",
		.decision = decision, .text = why,
		.inputs = LK_INPUTS({ "class", f->class }, { "event", f->event },
				    { "object", f->object }),
	};
	lk_story(&run->lcd.tree, &story, &ignored);
}

void lk_failing_say(const struct lk_failing *run, const struct lk_err *text)
{
	struct lk_log_line line = { .level = LK_LOG_ERROR, .prog = run->f->prog, .pid = getpid(),
				    .component = "recovery", .action = "resource", .tag = run->f->tag,
				    .number = (unsigned)text->number, .text = text->text };
	struct lk_err ignored;

	lk_log(&run->lcd.tree, &line, &ignored);
}

/* ---- one recovery of a resource at a time ---- */

/* The lock goes with the process. The descriptor; -4: another one is at work; -1. */
static int take_lock(const struct lk_tree *tree, const char *tag, struct lk_err *err)
{
	char name[LK_TAGFILE_MAX], path[LK_PATH_MAX + LK_TAGFILE_MAX];

	lk_tag_file(tag, name);
	snprintf(path, sizeof(path), LOCKS "/%s", name);
	if ((mkdirat(tree->fd, "run", 0750) < 0 || mkdirat(tree->fd, LOCKS, 0750) < 0) &&
	    errno == EEXIST)
		(void)!mkdirat(tree->fd, LOCKS, 0750);
	int fd = openat(tree->fd, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	close(fd);
	return lk_fail(err, LK_M_FLR_BUSY, tag);
}

/* ---- what there is to do ---- */

/* Taken out of service by a recovery that has not come to its end: nobody has decided that it shall be
 * out of service, or the record would name nobody. */
static bool is_left(const struct lk_failing *run, const struct lk_ins *ins)
{
	const struct lk_epoch *epoch = lk_epoch_get(&run->lcd, ins->tag);
	const struct lk_ins *first = lk_failing_ins(run);
	bool moved = first->state == LK_OSF && !strcmp(first->reason, LK_REASON_MOVING);

	if (!epoch || !strcmp(epoch->owner, LK_EPOCH_NOBODY))
		return false;
	if (!moved && strcmp(epoch->owner, run->lcd.local) != 0)
		return false;
	return ins->state == LK_OSU || (ins == first && moved);
}

static void add_up(void *arg, unsigned node)
{
	struct lk_failing *run = arg;

	run->up[run->nup++] = node;
}

static int survey(struct lk_failing *run, struct lk_err *err)
{
	const struct lk_walk walk = { .node = add_up, .arg = run };
	int rc = lk_graph_build(&run->graph, &run->lcd, err);
	int node = rc < 0 ? -1 : lk_graph_find(&run->graph, run->f->tag);

	if (rc < 0)
		return rc;
	if (node < 0)
		return lk_fail(err, LK_M_NO_TAG, run->f->tag);
	run->node = (unsigned)node;
	run->up = lk_graph_array(&run->graph, sizeof(*run->up));
	run->moving = lk_graph_array(&run->graph, sizeof(*run->moving));
	if (!run->up || !run->moving)
		return lk_fail_nomem(err);
	lk_graph_walk(&run->graph, run->node, LK_UP, &walk);
	for (unsigned i = 0; i < run->nup; i++) {
		const struct lk_ins *ins = run->graph.node[run->up[i]];

		run->moving[run->up[i]] = lk_state_up(ins->state) || is_left(run, ins);
	}
	return 0;
}

/* ---- reservations ---- */

static bool is_foreign(const struct lk_ins *ins)
{
	return ins->resv != LK_RESV_NONE && lk_proc_alive(&ins->holder) &&
	       ins->holder.pid != getpid();
}

/* The resource and what depends on it: no check of theirs is to report what we are repairing. */
static int reserve(struct lk_failing *run, struct lk_err *err)
{
	for (unsigned i = 0; i < run->nup; i++) {
		struct lk_ins *ins = run->graph.node[run->up[i]];

		if (!lk_state_up(ins->state) || is_foreign(ins))
			continue;
		ins->resv = LK_RESV_RECOVER;
		ins->holder = lk_proc_holder(getpid());
		lk_ins_touch(&run->lcd, ins);
	}
	return lk_lcd_commit(&run->lcd, err);
}

/* Give all free; state and reason are for the resource itself, reason NULL: leave both. */
static int settle(const struct lk_failing *run, enum lk_state state, const char *reason,
		  struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_INS, err);

	for (unsigned i = 0; i < run->nup && rc == 0; i++) {
		struct lk_ins *ins = lk_ins_find(&lcd, run->graph.node[run->up[i]]->tag);

		if (!ins)
			continue;
		if (i == 0 && reason) {
			ins->state = state;
			ins->reason = reason;
			lk_ins_touch(&lcd, ins);
		}
		if (ins->resv != LK_RESV_RECOVER || ins->holder.pid != getpid())
			continue;
		ins->resv = LK_RESV_NONE;
		ins->holder = (struct lk_holder){ 0 };
		lk_ins_touch(&lcd, ins);
	}
	return rc < 0 ? rc : lk_lcd_commit(&lcd, err);
}

/* After an error: what stays to be said is that error. */
static void give_free(const struct lk_failing *run)
{
	struct lk_err ignored;

	(void)!settle(run, LK_OSF, NULL, &ignored);
}

/* 1: repair it; 2: go on moving it; 0: there is nothing to do. */
static int begin(struct lk_failing *run, struct lk_err *err)
{
	int rc = lk_lcd_begin(&run->lcd, LK_T_PICTURE, err);

	if (rc == 0)
		rc = survey(run, err);
	if (rc < 0)
		return rc;
	const struct lk_ins *ins = lk_failing_ins(run);
	if (is_foreign(ins)) {
		lk_failing_tell(run, LK_LOG_INFO, "nothing", "another operation is at work on it");
	} else if (lk_state_up(ins->state)) {
		rc = reserve(run, err);
		return rc < 0 ? rc : 1;
	} else if (run->moving[run->node]) {
		lk_tx_abort(&run->lcd.tx);
		return 2;
	} else {
		lk_failing_tell(run, LK_LOG_INFO, "nothing", "it is not in service here");
	}
	lk_tx_abort(&run->lcd.tx);
	return 0;
}

/* ---- taking it out of service here ---- */

/* A remove has failed: it may be running still, so no other system may restore it. */
static int handle_stuck(const struct lk_failing *run, const char *tag, struct lk_err *err)
{
	char action[LK_TUNABLE_MAX] = "stop", *argv[] = { (char[]){ LK_FENCE }, (char[]){ "self" }, NULL };
	struct lk_script fence = { .tree = &run->lcd.tree, .path = LK_FENCE, .argv = argv,
				   .seconds = FENCE_SECONDS };
	bool there = faccessat(run->lcd.tree.fd, LK_FENCE, X_OK, AT_EACCESS) == 0;
	struct lk_script_end end;
	struct lk_err text;

	if (lk_tunable(&run->lcd.tree, "REMOVE_FAILURE_ACTION", action, sizeof(action), &text) < 0)
		lk_failing_tell(run, LK_LOG_ERROR, "stop", text.text);
	bool fences = !strcmp(action, "fence");
	if (fences && there) {
		lk_fail(&text, LK_M_FLR_HALTED, tag);
		lk_failing_say(run, &text);
		lk_failing_tell(run, LK_LOG_ERROR, "fence", text.text);
		if (lk_script_run(&fence, &end, &text) == 0 && end.code == 0)
			return lk_fail(err, LK_M_FLR_STUCK, tag, "this system is fenced");
		lk_failing_tell(run, LK_LOG_ERROR, "stop", "fencing this system has failed");
	}
	lk_fail(err, LK_M_FLR_STUCK, tag, !fences ? "it is not restored elsewhere" :
		there ? "fencing has failed, it is not restored elsewhere" :
		"there is no " LK_FENCE ", it is not restored elsewhere");
	lk_failing_tell(run, LK_LOG_ERROR, "stop", err->text);
	return -err->code;
}

/* 0: it and what depends on it is out of service here. */
static int take_out(const struct lk_failing *run, struct lk_err *err)
{
	const char *tag[] = { run->f->tag };
	char *none[] = { NULL };
	struct lk_act act = {
		.what = { .kind = LK_PLAN_REMOVE, .tag = tag, .ntags = 1 }, .keep_owner = true,
		.args = none, .prog = run->f->prog, .notice = run->f->notice,
	};
	int rc = lk_act_check(&act, err);

	return rc > 0 ? lk_act_run(&act, err) : rc;
}

/* ---- all of it ---- */

static bool has_elsewhere(const struct lk_picture *pic, const struct lk_pic_res *res)
{
	for (unsigned k = res->first; k < res->first + res->n; k++)
		if (pic->copy[k].sys != pic->self && lk_state_up(pic->copy[k].state))
			return true;
	return false;
}

/* Other systems have all of it: by a move that was finished after we had been killed. */
static bool is_elsewhere(const struct lk_failing *run)
{
	const struct lk_picture *pic = &run->picture;

	for (unsigned i = 0; i < pic->nres; i++) {
		int node = lk_graph_find(&run->graph, pic->res[i].tag);

		if (node >= 0 && run->moving[node] && !has_elsewhere(pic, &pic->res[i]))
			return false;
	}
	return true;
}

static int move(struct lk_failing *run, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD now = LK_LCD_INIT;
	const char *stuck = lk_failing_stuck(run, &now);

	if (stuck)
		return handle_stuck(run, stuck, err);
	int rc = lk_failing_move(run, err);
	if (rc == 0 || err->number != LK_M_NUMBER(LK_M_FLR_STUCK))
		return rc;
	struct lk_lcd LK_AUTO_LCD later = LK_LCD_INIT;
	stuck = lk_failing_stuck(run, &later);
	return stuck ? handle_stuck(run, stuck, err) : rc;
}

static bool is_lost(const struct lk_failing *run)
{
	return run->f->event && !strcmp(run->f->event, LK_EVENT_LOST);
}

static int give_away(struct lk_failing *run, struct lk_err *err)
{
	int rc = lk_gather(&run->lcd, &run->picture, err);

	if (rc == 0 && !is_lost(run) && lk_failing_is_bound(run)) {
		lk_failing_tell(run, LK_LOG_ERROR, "leave", LK_REASON_FAILED);
		rc = settle(run, LK_OSF, LK_REASON_FAILED, err);
		return rc < 0 ? rc : lk_fail(err, LK_M_FLR_FAILED, run->f->tag, LK_REASON_FAILED);
	}
	if (rc == 0) {
		lk_failing_tell(run, LK_LOG_INFO, "remove", "it is to be in service on another system");
		rc = take_out(run, err);
	}
	if (rc < 0) {
		struct lk_lcd LK_AUTO_LCD now = LK_LCD_INIT;
		const char *stuck = lk_failing_stuck(run, &now);

		give_free(run);
		return stuck ? handle_stuck(run, stuck, err) : rc;
	}
	rc = settle(run, LK_OSF, LK_REASON_MOVING, err);
	return rc < 0 ? rc : move(run, err);
}

static int go_on(struct lk_failing *run, struct lk_err *err)
{
	int rc = lk_gather(&run->lcd, &run->picture, err);

	if (rc < 0)
		return rc;
	if (is_elsewhere(run)) {
		lk_failing_tell(run, LK_LOG_INFO, "nothing", "it is in service on another system");
		return 0;
	}
	lk_failing_tell(run, LK_LOG_INFO, "continue", "a recovery was interrupted");
	return move(run, err);
}

static int repair(struct lk_failing *run, struct lk_err *err)
{
	int rc = 0;

	if (is_lost(run))
		lk_failing_tell(run, LK_LOG_INFO, "no-repair", "it is not this system's any more");
	else
		rc = lk_failing_repair(run, err);
	if (rc > 0) {
		lk_failing_tell(run, LK_LOG_INFO, "repaired", NULL);
		return settle(run, LK_ISP, NULL, err);
	}
	if (rc < 0) {
		give_free(run);
		return rc;
	}
	rc = give_away(run, err);
	if (rc < 0)
		give_free(run);
	return rc;
}

/* A process of its own reboots this system unless we have ended in time. What cannot be watched is recovered
 * all the same. */
static void watch(const struct lk_failing *run, int lock)
{
	unsigned long long minutes = 0;
	struct lk_err err, reason;
	struct lk_reboot reboot = { .reason = reason.text, .tag = run->f->tag };
	int rc = lk_tunable_number(&run->lcd.tree, "ResMon_ResFailMaxWaitInMin", 0, MINUTES_MAX,
				   &minutes, &err);

	if (rc >= 0 && !minutes)
		return;
	lk_fail(&reason, LK_M_REBOOT_LATE, run->f->tag, minutes);
	reboot.seconds = (unsigned)minutes * 60;
	if (rc >= 0)
		rc = lk_reboot_mark(lock, true, &err);
	if (rc == 0)
		rc = lk_reboot_start(&run->lcd.tree, &reboot, &err);
	if (rc < 0)
		lk_failing_tell(run, LK_LOG_ERROR, "unwatched", err.text);
}

static void unwatch(const struct lk_failing *run, int lock)
{
	struct lk_err err;

	if (lk_reboot_mark(lock, false, &err) < 0)
		lk_failing_tell(run, LK_LOG_ERROR, "watched", err.text);
}

static int run_all(struct lk_failing *run, int lock, struct lk_err *err)
{
	int rc = begin(run, err), what = rc;

	if (rc <= 0)
		return rc;
	watch(run, lock);
	lk_trap(&run->lcd.tree, 130, run->f->tag, NULL);
	rc = what == 1 ? repair(run, err) : go_on(run, err);
	lk_trap(&run->lcd.tree, rc < 0 ? 131 : 132, run->f->tag, NULL);
	if (rc < 0)
		lk_failing_tell(run, LK_LOG_ERROR, "failed", err->text);
	unwatch(run, lock);
	return rc;
}

int lk_failure_recover(const struct lk_failure *failure, struct lk_err *err)
{
	struct lk_failing run = { .f = failure, .lcd = LK_LCD_INIT };
	struct lk_tree tree = { .fd = -1 };
	int rc = lk_tree_open(&tree, err), lock = rc < 0 ? -1 : take_lock(&tree, failure->tag, err);

	if (rc == 0)
		rc = lock < 0 ? lock : run_all(&run, lock, err);
	lk_lcd_close(&run.lcd);
	if (lock >= 0)
		close(lock);
	lk_tree_close(&tree);
	return rc;
}
