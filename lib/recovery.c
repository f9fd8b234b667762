/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recovery after an event of the cluster: see, decide, act. */
#include "lk/recovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/act.h"
#include "lk/apart.h"
#include "lk/canvass.h"
#include "lk/claim.h"
#include "lk/cleanup.h"
#include "lk/epoch.h"
#include "lk/eqv.h"
#include "lk/exchange.h"
#include "lk/flg.h"
#include "lk/gather.h"
#include "lk/graph.h"
#include "lk/holds.h"
#include "lk/ins.h"
#include "lk/late.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/picfile.h"
#include "lk/quorum.h"
#include "lk/remote.h"
#include "lk/stopped.h"
#include "lk/story.h"
#include "lk/sys.h"
#include "lk/tunable.h"
#include "lk/poison.h"

#define QUORUM_PASSES 3		/* some 7 s */

static const char *const event_names[] = { "avail", "down", "up" };

struct run {
	const struct lk_recovery *recovery;
	struct lk_recovery_end *end;
	struct lk_lcd lcd;
	struct lk_picture picture;
	struct lk_decision *decision;
	const char **tag;		/* scratch: a list of tags, one per resource at most */
	struct lk_graph graph;
	struct lk_apart apart;		/* hierarchies that others are at work on, each with a process of its own */
	unsigned sys;			/* index of recovery->sys */
	uint32_t tried;			/* recovery->without */
	uint32_t waited;		/* systems that have no quorum yet */
	struct lk_lcd now;		/* of recovery->late: what is due, as of after the others have answered */
	bool storage;			/* the storage decides, and not a majority */
};

static void say(const struct run *run, enum lk_log_level level, const char *tag, const char *text)
{
	struct lk_log_line line = { .level = level, .prog = run->recovery->prog, .pid = getpid(),
				    .component = "recovery", .action = event_names[run->recovery->event],
				    .tag = tag, .number = LK_M_NUMBER(LK_M_LOG_DECISION), .text = text };
	struct lk_err ignored;

	lk_log(&run->lcd.tree, &line, &ignored);
}

/* ---- seeing ---- */

static void find_tried(struct run *run)
{
	for (char *const *name = run->recovery->without; name && *name; name++) {
		int sys = lk_pic_find_sys(&run->picture, *name);

		/* one that this system does not know has no copy that it could choose */
		if (sys < 0)
			continue;
		run->tried |= 1u << sys;
		run->picture.sys[sys].failed = true;
	}
}

/* Not configured, yes, or no; a mode that makes no sense is no. */
static int see_quorum(struct run *run, struct lk_err *err)
{
	struct lk_quorum_modes modes;
	struct lk_err why;
	int rc = lk_quorum_modes(&run->lcd.tree, &modes, err);

	if (rc == 0)
		rc = lk_canvass_needed(&run->lcd.tree, err);
	if (rc < 0 && err->code != LK_EX_INTERNAL)
		return rc;
	run->picture.grants = rc > 0;
	run->storage = rc >= 0 && modes.quorum == LK_QMODE_STORAGE;
	if (rc >= 0 && modes.quorum == LK_QMODE_NONE && !lk_holds_among(&run->lcd))
		run->picture.quorum = LK_QUORUM_NONE;
	else
		run->picture.quorum = lk_quorum_check(&run->lcd, &why) < 0 ? LK_QUORUM_NO : LK_QUORUM_YES;
	return 0;
}

/* A lease comes a second after the paths: a better system that reports no quorum is waited for at first. */
static void wait_for_quorum(struct run *run)
{
	for (unsigned i = 0; i < run->picture.nsys && run->recovery->passes < QUORUM_PASSES; i++) {
		struct lk_pic_sys *sys = &run->picture.sys[i];

		if (sys->no_quorum && sys->life == LK_LIFE_ALIVE)
			run->waited |= UINT32_C(1) << i;
		sys->no_quorum = false;
	}
}

/* What cannot be written holds up nothing: the next event tries again. */
static void see_stopped(struct run *run)
{
	struct lk_err why;

	if (lk_stopped_adopt(&run->picture, run->recovery->prog, &why) < 0)
		say(run, LK_LOG_WARN, NULL, why.text);
}

static int see(struct run *run, struct lk_err *err)
{
	unsigned long long stopped = 0;
	int rc = lk_lcd_read(&run->lcd, LK_T_PICTURE, err);

	if (rc == 0)
		rc = lk_gather(&run->lcd, &run->picture, err);
	if (rc == 0)
		rc = lk_tunable_number(&run->lcd.tree, "RECOVER_STOPPED_HIERARCHIES", 0, 1, &stopped, err);
	if (rc < 0)
		return rc;
	run->picture.recover_stopped = stopped;
	run->picture.late = run->recovery->late;
	if (run->picture.late)
		rc = lk_lcd_read(&run->now, LK_T_INS | LK_T_FLG, err);
	if (rc < 0)
		return rc;
	see_stopped(run);
	wait_for_quorum(run);
	rc = see_quorum(run, err);
	if (rc < 0)
		return rc;
	int sys = run->recovery->sys ? lk_pic_find_sys(&run->picture, run->recovery->sys) : 0;
	if (sys < 0 || (run->recovery->sys && sys == run->picture.self))
		return lk_fail(err, LK_M_NO_SYS, run->recovery->sys);
	run->sys = (unsigned)sys;
	run->decision = lk_arena_alloc(&run->lcd.arena, (run->picture.nres + 1) * sizeof(*run->decision));
	run->tag = lk_arena_alloc(&run->lcd.arena, (run->picture.nres + 1) * sizeof(*run->tag));
	if (!run->decision || !run->tag)
		return lk_fail_nomem(err);
	if (run->recovery->tag && !lk_ins_find(&run->lcd, run->recovery->tag))
		return lk_fail(err, LK_M_NO_TAG, run->recovery->tag);
	find_tried(run);
	return 0;
}

/* ---- deciding ---- */

/* So often we look whether the other system gives up what it should have, 15 s in all. */
#define SWITCHBACK_PASSES 4

/* Everything but "nothing has changed" is worth a line for people; the story has all of it. */
static void tell(const struct run *run, unsigned i)
{
	const struct lk_decision *d = &run->decision[i];
	const struct lk_pic_res *res = &run->picture.res[i];
	char text[600], line[700], number[LK_NUMBER_TEXT];
	uint64_t epoch;
	int owner = lk_decide_owner(&run->picture, res, &epoch);
	struct lk_err ignored;

	lk_decide_text(&run->picture, d, text, sizeof(text));
	lk_format_number(epoch, number);
	snprintf(line, sizeof(line), "%s: %s", lk_what_names[d->what], text);
	say(run, d->what == LK_DO_SPLIT ? LK_LOG_ERROR : LK_LOG_INFO, res->tag, line);
	struct lk_story story = {
		.prog = run->recovery->prog, .node = run->lcd.local, .subject = res->tag,
		.what = event_names[run->recovery->event], .decision = lk_what_names[d->what], .text = text,
		.inputs = LK_INPUTS({ "system", run->recovery->sys }, { "why", lk_why_names[d->why] },
				    { "because-of", d->sys >= 0 ? run->picture.sys[d->sys].name : NULL },
				    { "epoch", number },
				    { "owner", owner >= 0 ? run->picture.sys[owner].name : "-" }),
	};
	lk_story(&run->lcd.tree, &story, &ignored);
}

/* Is the tag one of the words of the list? */
static bool is_word(const char *list, const char *tag)
{
	size_t len = strlen(tag);

	for (const char *at = list; (at = strstr(at, tag)); at += len)
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	return false;
}

/* Is this event about it? One that is over is about nothing any more. */
static bool is_asked_for(const struct run *run, const char *tag)
{
	const struct lk_recovery *recovery = run->recovery;
	enum lk_life life = run->picture.sys[run->sys].life;

	if (recovery->late) {
		const struct lk_ins *ins = lk_ins_find(&run->now, tag);

		if (!ins || !lk_late_is_due(&run->now, ins))
			return false;
	}
	if (recovery->again && ((recovery->event == LK_EVENT_DOWN && life == LK_LIFE_ALIVE) ||
				(recovery->event == LK_EVENT_UP && life != LK_LIFE_ALIVE)))
		return false;
	return (!recovery->tag || !strcmp(recovery->tag, tag)) &&
	       (!recovery->again || is_word(recovery->again, tag));
}

static void count_tag(unsigned *n, struct lk_buf *tags, const char *tag)
{
	++*n;
	if (tags->len)
		lk_buf_addc(tags, ' ');
	lk_buf_adds(tags, tag);
}

/* Can a record that another system brings back name it, or another one of the same epoch? See own(). */
static bool ran_in_turns(const struct run *run)
{
	return run->recovery->event == LK_EVENT_UP &&
	       (run->picture.quorum == LK_QUORUM_NONE || (run->storage && run->picture.quorum == LK_QUORUM_YES));
}

/* Is it not known yet what the record of the system says that has come back? Those that came before had events of their
 * own. One that has reported may have no instance of it, or none at all. */
static bool is_unheard(const struct run *run, const struct lk_pic_res *res)
{
	const struct lk_pic_sys *sys = &run->picture.sys[run->sys];

	return lk_pic_copy_of(&run->picture, res, run->sys) && sys->life == LK_LIFE_ALIVE && !sys->reported;
}

/* Left open, because a system that is ALIVE did not report in time or has no quorum yet, or because a switchback has failed: it may yet
 * lose the resource for it. If it has died since, that is an event. */
static bool is_open(const struct run *run, unsigned i)
{
	const struct lk_decision *d = &run->decision[i];

	if (d->why == LK_WHY_HERE && ran_in_turns(run))
		return is_unheard(run, &run->picture.res[i]);
	if (run->recovery->passes && d->what == LK_DO_SWITCHBACK)
		return run->recovery->passes < SWITCHBACK_PASSES;
	if (d->why == LK_WHY_BETTER && d->sys >= 0 && run->waited >> d->sys & 1)
		return true;
	return d->why == LK_WHY_MAY_RUN && d->sys >= 0 && run->picture.sys[d->sys].life == LK_LIFE_ALIVE;
}

static void decide(struct run *run)
{
	lk_decide(&run->picture, run->recovery->event, run->sys, run->decision);
	for (unsigned i = 0; i < run->picture.nres; i++) {
		const char *tag = run->picture.res[i].tag;
		bool asked = is_asked_for(run, tag), open = asked && is_open(run, i);

		if (open)
			count_tag(&run->end->open, &run->end->tags_open, tag);
		/* said once is enough; and a switchback is tried once */
		if (asked && !(open && run->recovery->again))
			tell(run, i);
		if (!asked || (run->recovery->passes && run->decision[i].what == LK_DO_SWITCHBACK))
			run->decision[i] = (struct lk_decision){ .what = LK_DO_LEAVE, .why = LK_WHY_SAME, .sys = -1 };
	}
}

/* The tags for which one of the two was decided, into run->tag. */
static unsigned list(struct run *run, enum lk_what one, enum lk_what other)
{
	unsigned n = 0;

	for (unsigned i = 0; i < run->picture.nres; i++)
		if (run->decision[i].what == one || run->decision[i].what == other)
			run->tag[n++] = run->picture.res[i].tag;
	return n;
}

/* ---- acting ---- */

static bool marks(const struct run *run, unsigned i)
{
	const struct lk_decision *d = &run->decision[i];

	return d->what == LK_DO_MARK_OSU || d->what == LK_DO_MARK_ISP;
}

/* What something else has started, where that needs a grant as a restore does: who gets none is out of service as far
 * as we know. Each for itself, so that one that is refused does not keep the others out. */
static int claim(struct run *run, struct lk_claim *claim, struct lk_err *err)
{
	for (unsigned i = 0; i < run->picture.nres; i++) {
		const struct lk_claim_for what = { .tag = &run->picture.res[i].tag, .n = 1, .patient = true,
						   .prog = run->recovery->prog };

		if (run->decision[i].what != LK_DO_MARK_ISP || lk_claim_get(&what, &claim[i], err) == 0)
			continue;
		if (err->number == LK_M_NUMBER(LK_M_INTERRUPTED))
			return -err->code;
		say(run, LK_LOG_ERROR, what.tag[0], err->text);
		run->decision[i].what = LK_DO_MARK_OSU;
	}
	return 0;
}

struct marking {
	const struct run *run;
	unsigned i;
	const struct lk_claim *claim;
};

static int mark_one(const struct marking *m, struct lk_lcd *lcd, struct lk_err *err)
{
	const struct run *run = m->run;
	const struct lk_decision *decision = &run->decision[m->i];
	const struct lk_pic_res *res = &run->picture.res[m->i];
	struct lk_ins *ins = lk_ins_find(lcd, res->tag);
	char text[600];

	if (!ins || ins->resv != LK_RESV_NONE || (int)ins->state != run->picture.copy[res->first].state)
		return 0;
	lk_decide_text(&run->picture, decision, text, sizeof(text));
	bool isp = decision->what == LK_DO_MARK_ISP;
	if (isp && lk_claim_check(m->claim, lcd, ins, err) < 0) {
		snprintf(text, sizeof(text), "%.590s", err->text);
		isp = false;
	}
	ins->state = isp ? LK_ISP : LK_OSU;
	ins->reason = lk_arena_dup(&lcd->arena, text);
	if (!ins->reason)
		return lk_fail_nomem(err);
	lk_ins_touch(lcd, ins);
	/* what something else has started belongs to this system, so that its failure is noticed */
	return isp && lk_eqv_priority(lcd, ins->tag, lcd->local) ? lk_epoch_raise(lcd, ins->tag, err) : 0;
}

/* What this start leaves out for want of quorum. */
static int mark_late(const struct run *run, struct lk_lcd *lcd, struct lk_err *err)
{
	bool start = run->recovery->event == LK_EVENT_AVAIL && !run->recovery->late && run->picture.grants;
	int rc = 0;

	for (unsigned i = 0; start && i < run->picture.nres && rc == 0; i++)
		if (run->decision[i].why == LK_WHY_NO_QUORUM && lk_ins_find(lcd, run->picture.res[i].tag))
			rc = lk_late_mark(lcd, run->picture.res[i].tag, err);
	return rc;
}

/* States only; one that has changed since we looked is left alone, and so is one at work. */
static int mark_states(struct run *run, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_claim *claims = calloc(run->picture.nres + 1, sizeof(*claims));
	int rc = claims ? claim(run, claims, err) : lk_fail_nomem(err);

	if (rc == 0)
		rc = lk_lcd_begin(&lcd, LK_T_INS | LK_T_FLG | LK_T_CLAIM, err);
	for (unsigned i = 0; i < run->picture.nres && rc == 0; i++)
		if (marks(run, i))
			rc = mark_one(&(struct marking){ run, i, &claims[i] }, &lcd, err);
	if (rc == 0)
		rc = mark_late(run, &lcd, err);
	if (rc == 0)
		rc = lk_lcd_commit(&lcd, err);
	bool claimed = false;
	for (unsigned i = 0; claims && i < run->picture.nres; i++) {
		claimed = claimed || claims[i].n;
		lk_claim_free(&claims[i]);
	}
	free(claims);
	if (rc == 0 && claimed)
		lk_exchange();
	return rc;
}

/* Split brain: the flag blocks moves until an operator has chosen. */
static int mark_split(struct run *run, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	char flag[LK_TAG_MAX + 32];
	unsigned n = list(run, LK_DO_SPLIT, LK_DO_SPLIT);
	int rc = n ? lk_lcd_begin(&lcd, LK_T_FLG, err) : 0;

	run->end->split = n;
	for (unsigned i = 0; i < n && rc == 0; i++) {
		snprintf(flag, sizeof(flag), LK_SPLIT_FLAG "%s", run->tag[i]);
		if (!lk_flg_find(&lcd, flag))
			rc = lk_flg_add(&lcd, flag, err);
	}
	return rc < 0 || !n ? rc : lk_lcd_commit(&lcd, err);
}

static void say_failed(const struct run *run, int rc, const struct lk_err *err)
{
	if (rc < 0 && err->number != LK_M_NUMBER(LK_M_INTERRUPTED))
		say(run, LK_LOG_ERROR, NULL, err->text);
}

static void say_left(void *arg, const struct lk_act *act, const struct lk_err *why)
{
	char text[LK_ERR_TEXT + 40];

	for (size_t i = 0; i < act->what.ntags; i++) {
		snprintf(text, sizeof(text), "%s: it is waited for", why->text);
		say(arg, LK_LOG_INFO, act->what.tag[i], text);
	}
}

/* What is in service by its state is restored all the same: at a start what was left running, over itself, since until
 * then it counts as in service, whatever comes between; and what is about to be out of service, when that is over. */
static bool restores_again(const struct run *run)
{
	for (unsigned i = 0; i < run->picture.nres; i++)
		if (run->decision[i].why == LK_WHY_HANDOVER)
			return true;
	return run->recovery->event == LK_EVENT_AVAIL && !run->recovery->late;
}

/* Restore or remove what is in run->tag. What fails is counted later, by the states. */
static int act(struct run *run, enum lk_plan_kind kind, unsigned n, struct lk_err *err)
{
	char *none[] = { NULL };
	struct lk_act act = {
		.what = { .kind = kind, .tag = run->tag, .ntags = n, .below = true, .lenient = true,
			  .again = restores_again(run) },
		.apart = true, .keep_owner = true, .patient = true, .args = none, .prog = run->recovery->prog,
		.notice = run->recovery->notice,
	};
	int rc = lk_apart_run(&run->apart, &act, run->tag, err);

	say_failed(run, rc, err);
	return rc < 0 && err->number != LK_M_NUMBER(LK_M_INTERRUPTED) ? 0 : rc;
}

/* ---- what became of it ---- */

static const char *other_tag(const struct run *run, const char *tag, const char *sys)
{
	for (size_t i = 0; i < run->lcd.neqv; i++)
		if (!strcmp(run->lcd.eqv[i].tag, tag) && !strcmp(run->lcd.eqv[i].sys, sys))
			return run->lcd.eqv[i].othertag;
	return tag;
}

/* The systems that would not take it after the failure that this is about. */
static uint32_t unwilling(const struct run *run)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < run->picture.nsys; i++)
		if (run->picture.sys[i].refuses & 1u << run->sys)
			set |= 1u << i;
	return set;
}

/* The next by priority tries it, with what is below it, and tells the one after that if need be. */
static void hand_on(struct run *run, const struct lk_pic_res *res)
{
	uint32_t tried = run->tried | unwilling(run) | 1u << run->picture.self | 1u << run->sys;
	struct lk_decision why;
	int next = lk_decide_target(&run->picture, res, tried, &why), argc = 0, code;
	const char *argv[2 * LK_SYSTEMS_MAX + 6];
	struct lk_err err;
	char text[700];

	if (run->recovery->event != LK_EVENT_DOWN || next < 0) {
		say(run, LK_LOG_ERROR, res->tag, "it failed here, and no other system is left for it");
		return;
	}
	const char *dest = run->picture.sys[next].name;

	argv[argc++] = "lcdmachfail";
	argv[argc++] = "-s";
	argv[argc++] = run->recovery->sys;
	argv[argc++] = "-t";
	argv[argc++] = other_tag(run, res->tag, dest);
	for (unsigned i = 0; i < run->picture.nsys; i++)
		if (tried & 1u << i && i != run->sys)
			argv[argc++] = run->picture.sys[i].name;
	struct lk_remote_request request = { .dest = dest, .prog = argv[0], .argc = argc,
					     .argv = (char *const *)argv };
	snprintf(text, sizeof(text), "it failed here: %s tries next", dest);
	say(run, LK_LOG_WARN, res->tag, text);
	if (lk_remote_run(&run->lcd, &request, &code, &err) < 0)
		say(run, LK_LOG_ERROR, res->tag, err.text);
}

void lk_recovery_end_free(struct lk_recovery_end *end)
{
	lk_buf_free(&end->tags_restored);
	lk_buf_free(&end->tags_failed);
	lk_buf_free(&end->tags_open);
}

/* What a walk from an instance that is not in service finds. */
struct search {
	struct run *run;
	const struct lk_graph *graph;
	unsigned start;
	bool osf, wanted;	/* a failure; another instance that was to be restored */
};

static bool to_restore(const struct run *run, const char *tag)
{
	for (unsigned i = 0; i < run->picture.nres; i++)
		if (!strcmp(run->picture.res[i].tag, tag))
			return run->decision[i].what == LK_DO_RESTORE;
	return false;
}

static void look_at(void *arg, unsigned node)
{
	struct search *search = arg;
	const struct lk_ins *ins = search->graph->node[node];

	search->osf = search->osf || ins->state == LK_OSF;
	search->wanted = search->wanted || (node != search->start && to_restore(search->run, ins->tag));
}

/* A hierarchy goes to the next system as a whole, by its uppermost instance: what is in service here already
 * follows, since it is asked for from there. */
static void hand_on_failed(struct run *run, const struct lk_graph *graph, const struct lk_pic_res *res)
{
	int node = lk_graph_find(graph, res->tag);
	struct search down = { .run = run, .graph = graph, .start = (unsigned)node }, up = down;

	if (node < 0)
		return;
	lk_graph_walk(graph, (unsigned)node, LK_UP, &(struct lk_walk){ .node = look_at, .arg = &up });
	lk_graph_walk(graph, (unsigned)node, LK_DOWN, &(struct lk_walk){ .node = look_at, .arg = &down });
	if (!up.wanted && down.osf)
		hand_on(run, res);
}

static bool was_to_be_here(const struct run *run, unsigned i)
{
	return run->decision[i].what == LK_DO_RESTORE || run->decision[i].what == LK_DO_SWITCHBACK;
}

/* By the states: what a signal or a crash of ours left undone counts as failed, too. given: of what a process of its
 * own did, which is this one. */
static int hand_on_all(struct run *run, bool given, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_graph graph;
	int rc = lk_lcd_read(&lcd, LK_T_INS | LK_T_DEP, err);

	if (rc == 0)
		rc = lk_graph_build(&graph, &lcd, err);
	for (unsigned i = 0; i < run->picture.nres && rc == 0; i++) {
		const char *tag = run->picture.res[i].tag;
		const struct lk_ins *ins = was_to_be_here(run, i) ? lk_ins_find(&lcd, tag) : NULL;
		int node = lk_graph_find(&run->graph, tag);

		if (ins && ins->state != LK_ISP && node >= 0 && run->apart.given[node] == given)
			hand_on_failed(run, &graph, &run->picture.res[i]);
	}
	return rc;
}

/* In the process of a hierarchy that was waited for. */
static void end_child(void *arg, const struct lk_act *act, int rc, struct lk_err *err)
{
	struct run *run = arg;

	say_failed(run, rc, err);
	if (act->what.kind == LK_PLAN_RESTORE && (rc == 0 || err->number != LK_M_NUMBER(LK_M_INTERRUPTED)))
		(void)!hand_on_all(run, true, err);
}

static int take_stock(struct run *run, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_INS, err);

	for (unsigned i = 0; i < run->picture.nres && rc == 0; i++) {
		const struct lk_ins *ins = lk_ins_find(&lcd, run->picture.res[i].tag);

		if (!ins)
			continue;
		if (run->decision[i].what == LK_DO_YIELD)
			run->end->yielded += ins->state == LK_OSU;
		if (!was_to_be_here(run, i))
			continue;
		if (ins->state == LK_ISP) {
			count_tag(&run->end->restored, &run->end->tags_restored, ins->tag);
			continue;
		}
		count_tag(&run->end->failed, &run->end->tags_failed, ins->tag);
		/* it did not fail here: the other system may have given it up, and not been able to say so */
		if (run->decision[i].what == LK_DO_SWITCHBACK && ins->state == LK_OSU)
			count_tag(&run->end->open, &run->end->tags_open, ins->tag);
	}
	return rc;
}

/* What was not reached, because something that it needs did not come up, is out of service (4.2). */
static int settle(struct run *run, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = run->recovery->event == LK_EVENT_AVAIL ? lk_lcd_begin(&lcd, LK_T_INS, err) : 0;

	for (size_t i = 0; i < lcd.nins && rc == 0; i++) {
		struct lk_ins *ins = &lcd.ins[i];

		if (ins->state != LK_ILLSTATE || ins->resv != LK_RESV_NONE)
			continue;
		ins->state = LK_OSU;
		ins->reason = "what it needs is not in service";
		lk_ins_touch(&lcd, ins);
	}
	return rc == 0 && lcd.dirty ? lk_lcd_commit(&lcd, err) : rc;
}

static void begin(struct run *run)
{
	unsigned n = list(run, LK_DO_YIELD, LK_DO_YIELD) + list(run, LK_DO_RESTORE, LK_DO_SWITCHBACK);

	if (n && run->recovery->begin)
		run->recovery->begin(run->recovery, run->recovery->arg);
}

static int act_all(struct run *run, struct lk_err *err)
{
	int rc = act(run, LK_PLAN_REMOVE, list(run, LK_DO_YIELD, LK_DO_YIELD), err);

	if (rc == 0)
		rc = act(run, LK_PLAN_RESTORE, list(run, LK_DO_RESTORE, LK_DO_SWITCHBACK), err);
	if (rc == 0)
		rc = settle(run, err);
	if (rc == 0)
		rc = hand_on_all(run, false, err);
	return rc;
}

/* Has it said that it has not got it? */
static bool says_without(const struct run *run, const struct lk_pic_res *res, unsigned sys)
{
	const struct lk_pic_copy *copy = lk_pic_copy_of(&run->picture, res, sys);

	return copy && copy->state != LK_PIC_UNSEEN;
}

/* Is it known that this system has not got it? */
static bool is_without(const struct run *run, const struct lk_pic_res *res, unsigned sys)
{
	return says_without(run, res, sys) || run->picture.sys[sys].life == LK_LIFE_DEAD;
}

/* Has another system a record of this epoch that does not name us, and none of those that are named has it? Without quorum
 * one that is DEAD here may have it all the same: two owners of one epoch are split brain, and for an administrator. */
static bool is_doubted(const struct run *run, const struct lk_pic_res *res, uint64_t epoch)
{
	bool doubted = false;

	for (unsigned i = res->first; i < res->first + res->n; i++) {
		const struct lk_pic_copy *copy = &run->picture.copy[i];

		if (copy->epoch != epoch || copy->owner < 0 || copy->owner == (int)run->picture.self)
			continue;
		doubted = run->storage ? is_without(run, res, (unsigned)copy->owner) :
					 says_without(run, res, (unsigned)copy->owner);
		if (!doubted)
			return false;
	}
	return doubted;
}

/* Is it in service here alone, by a record that names another system, which is known not to have it, or nobody? */
static bool is_ours(const struct run *run, unsigned i)
{
	uint64_t epoch;
	int owner = lk_decide_owner(&run->picture, &run->picture.res[i], &epoch);

	if (run->decision[i].what != LK_DO_LEAVE || run->decision[i].why != LK_WHY_HERE || owner < LK_PIC_NOBODY)
		return false;
	if (owner == (int)run->picture.self)
		return is_doubted(run, &run->picture.res[i], epoch);
	return owner < 0 || is_without(run, &run->picture.res[i], (unsigned)owner);
}

/*
 * Systems that run in turns, and never two of them, each bring in service what they had by their own record. What the
 * one that has come back knows better, or has of the same epoch, is then not true any more: the record has to name who has
 * it, or nobody takes it over when that one fails. So it is without quorum, and with the storage, which lets one alone
 * win. A majority always has one that knows the newest epoch.
 */
static int own(struct run *run, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	bool alone = ran_in_turns(run);
	int rc = alone ? lk_lcd_begin(&lcd, LK_T_INS | LK_T_EPOCH | LK_T_SYS, err) : 0;

	for (unsigned i = 0; alone && i < run->picture.nres && rc == 0; i++) {
		const struct lk_ins *ins = is_ours(run, i) ? lk_ins_find(&lcd, run->picture.res[i].tag) : NULL;

		if (ins && ins->resv == LK_RESV_NONE && lk_state_up(ins->state))
			rc = lk_epoch_claim(&lcd, ins->tag, err);
	}
	if (rc < 0 || !lcd.dirty)
		return rc;
	rc = lk_lcd_commit(&lcd, err);
	if (rc == 0)
		lk_exchange();
	return rc;
}

/* Before anything is left out: without the note nobody would come back to it. */
static void note_late(const struct run *run)
{
	const struct lk_recovery *recovery = run->recovery;
	struct lk_err why;

	if (recovery->event != LK_EVENT_AVAIL || recovery->late || recovery->again)
		return;
	lk_late_forget_events(&run->lcd);
	/* with tcp_remote nothing would tell when there is quorum */
	if (run->picture.quorum != LK_QUORUM_NO || !run->picture.grants)
		lk_late_forget(&run->lcd.tree);
	else if (lk_late_note(&run->lcd.tree, &why) < 0)
		say(run, LK_LOG_ERROR, NULL, why.text);
}

static int carry_out(struct run *run, struct lk_err *err)
{
	/* what we do next must have a higher epoch than all that is known */
	int rc = lk_exchange_adopt(&run->picture, err);
	struct lk_err more;

	if (rc == 0)
		rc = own(run, err);

	note_late(run);
	run->apart = (struct lk_apart){ .left = say_left, .done = end_child, .arg = run };
	if (rc == 0)
		rc = lk_graph_build(&run->graph, &run->lcd, err);
	if (rc == 0)
		rc = lk_apart_begin(&run->apart, &run->graph, err);
	if (rc == 0)
		rc = mark_states(run, err);
	if (rc == 0)
		rc = mark_split(run, err);
	if (rc < 0)
		return rc;
	begin(run);
	rc = act_all(run, err);
	int end = lk_apart_end(&run->apart, rc < 0, rc < 0 ? &more : err);
	rc = rc < 0 ? rc : end;
	if (rc == 0 && run->apart.nchild)
		rc = settle(run, err);
	return rc < 0 ? rc : take_stock(run, err);
}

int lk_recovery_run(const struct lk_recovery *recovery, struct lk_recovery_end *end, struct lk_err *err)
{
	struct run run = { .recovery = recovery, .end = end, .lcd = LK_LCD_INIT, .now = LK_LCD_INIT };
	int rc;

	*end = (struct lk_recovery_end){ 0 };
	rc = see(&run, err);
	if (rc == 0) {
		decide(&run);
		rc = carry_out(&run, err);
	}
	lk_lcd_close(&run.now);
	lk_lcd_close(&run.lcd);
	return rc;
}
