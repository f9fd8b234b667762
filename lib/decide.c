/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a node does with its shared resources after an event. Each rule names its source. */
#include "lk/decide.h"

#include <stdio.h>
#include <string.h>

#include "lk/poison.h"

const char *const lk_life_names[] = { "ALIVE", "DEAD", "UNKNOWN", NULL };
const char *const lk_what_names[] = { "LEAVE", "RESTORE", "SWITCHBACK", "MARK_OSU", "MARK_ISP",
				      "YIELD", "SPLIT", NULL };

/* The word of each reason and its text; %s is the system. */
static const struct {
	const char *text;
} reasons[] = {
	[LK_WHY_HERE] = { "it is in service here" },
	[LK_WHY_ELSEWHERE] = { "it is in service on %s" },
	[LK_WHY_NOT_CONCERNED] = { "%s has no instance of it" },
	[LK_WHY_NO_QUORUM] = { "this node has no quorum" },
	[LK_WHY_REFUSED] = { "a flag keeps it off this node after a failure of %s" },
	[LK_WHY_OWNER_DIED] = { "%s, which had it in service, is dead, and no better system is left" },
	[LK_WHY_HANDOVER] = { "%s, for which it was released here, died before it had it" },
	[LK_WHY_HANDED_ON] = { "%s took it over, could not bring it in service, and handed it on" },
	[LK_WHY_STOPPED] = { "it was in service nowhere" },
	[LK_WHY_STOPPED_RECOVER] = { "it was in service nowhere, and RECOVER_STOPPED_HIERARCHIES is set" },
	[LK_WHY_OTHER_OWNER] = { "by the record %s has it in service" },
	[LK_WHY_BETTER] = { "%s has a better priority" },
	[LK_WHY_MAY_RUN] = { "%s may have it in service, its state is not known" },
	[LK_WHY_INIT_ISP] = { "its initialisation is INIT_ISP" },
	[LK_WHY_INIT_OSU] = { "its initialisation is INIT_OSU" },
	[LK_WHY_AUTORES] = { "its initialisation is AUTORES_ISP, and no better system is left" },
	[LK_WHY_SWITCHBACK] = { "its switchback is AUTOMATIC, and this node is better than %s" },
	[LK_WHY_OLDER_RECORD] = { "%s has it in service by a newer record" },
	[LK_WHY_NEWER_RECORD] = { "%s has it in service by an older record and must give way" },
	[LK_WHY_SAME_RECORD] = { "%s has it in service, too, by a record of the same epoch" },
	[LK_WHY_SPLIT_OPEN] = { "a flag !split! is set for it or its hierarchy, and an operator has to choose its owner" },
	[LK_WHY_UNCONFIRMED] = { "%s had it in service, and the failover of that system is not confirmed" },
	[LK_WHY_UNFENCED] = { "%s may have it in service, and no fence device has confirmed that it has stopped" },
	[LK_WHY_STRANGER] = { "by the record a system has it that is not known here; once that one is gone for good, bring it "
			      "in service by hand" },
	[LK_WHY_NOWHERE] = { "it is to be in service and is not anywhere; no better system is left" },
	[LK_WHY_SAME] = { "nothing has changed for it" },
};

const char *const lk_why_names[] = {
	[LK_WHY_HERE] = "here", [LK_WHY_ELSEWHERE] = "elsewhere",
	[LK_WHY_NOT_CONCERNED] = "not-concerned", [LK_WHY_NO_QUORUM] = "no-quorum",
	[LK_WHY_REFUSED] = "refused", [LK_WHY_OWNER_DIED] = "owner-died",
	[LK_WHY_HANDOVER] = "handover", [LK_WHY_HANDED_ON] = "handed-on",
	[LK_WHY_STOPPED] = "stopped", [LK_WHY_STOPPED_RECOVER] = "stopped-recover",
	[LK_WHY_OTHER_OWNER] = "other-owner", [LK_WHY_BETTER] = "better",
	[LK_WHY_MAY_RUN] = "may-run", [LK_WHY_INIT_ISP] = "init-isp",
	[LK_WHY_INIT_OSU] = "init-osu", [LK_WHY_AUTORES] = "autores",
	[LK_WHY_SWITCHBACK] = "switchback", [LK_WHY_OLDER_RECORD] = "older-record",
	[LK_WHY_NEWER_RECORD] = "newer-record", [LK_WHY_SAME_RECORD] = "same-record",
	[LK_WHY_SPLIT_OPEN] = "split-open", [LK_WHY_UNCONFIRMED] = "unconfirmed",
	[LK_WHY_UNFENCED] = "unfenced", [LK_WHY_STRANGER] = "stranger",
	[LK_WHY_NOWHERE] = "nowhere", [LK_WHY_SAME] = "same", NULL
};

/* One resource at one event. */
struct question {
	const struct lk_picture *pic;
	const struct lk_pic_res *res;
	const struct lk_pic_copy *own;
	unsigned sys;		/* the event's */
	int owner;		/* by the newest record */
};

static struct lk_decision decide(enum lk_what what, enum lk_why why, int sys)
{
	return (struct lk_decision){ .what = what, .why = why, .sys = sys };
}

const struct lk_pic_copy *lk_pic_copy_of(const struct lk_picture *pic, const struct lk_pic_res *res, unsigned sys)
{
	for (unsigned i = res->first; i < res->first + res->n; i++)
		if (pic->copy[i].sys == sys)
			return &pic->copy[i];
	return NULL;
}

/* The other system that is ALIVE and has it in service, or -1. */
static int holder(const struct question *q)
{
	for (unsigned i = q->res->first; i < q->res->first + q->res->n; i++) {
		const struct lk_pic_copy *copy = &q->pic->copy[i];

		if (copy != q->own && q->pic->sys[copy->sys].life == LK_LIFE_ALIVE && lk_state_up(copy->state))
			return copy->sys;
	}
	return -1;
}

/*
 * Another system that may have it in service, or -1: one whose life is not determined, unless
 * the newest record says that somebody else has it or nobody, and one that is ALIVE but did not report.
 */
static int may_run(const struct question *q)
{
	if (q->pic->grants)
		return -1;
	for (unsigned i = q->res->first; i < q->res->first + q->res->n; i++) {
		const struct lk_pic_copy *copy = &q->pic->copy[i];
		enum lk_life life = q->pic->sys[copy->sys].life;

		if (copy == q->own || life == LK_LIFE_DEAD)
			continue;
		if (life == LK_LIFE_ALIVE && copy->state == LK_PIC_UNSEEN)
			return copy->sys;
		if (life == LK_LIFE_UNKNOWN &&
		    (q->owner == copy->sys || q->owner == LK_PIC_NORECORD ||
		     q->owner == q->pic->self))
			return copy->sys;
	}
	return -1;
}

/* At a start the record is that of an earlier life: who could have been fenced and was not may have taken it since. */
static int may_run_unfenced(const struct question *q)
{
	for (unsigned i = q->res->first; i < q->res->first + q->res->n; i++) {
		const struct lk_pic_sys *sys = &q->pic->sys[q->pic->copy[i].sys];

		if (&q->pic->copy[i] != q->own && sys->unfenced && sys->life != LK_LIFE_ALIVE)
			return q->pic->copy[i].sys;
	}
	return -1;
}

/* Of those that fail now. */
static uint32_t dead_set(const struct question *q)
{
	return 1u << q->sys | (q->owner >= 0 ? 1u << q->owner : 0);
}

/* May the system take the resource after the failure of q->sys? What an owner left behind that was stopped
 * in order stays where it is, too, when another system dies later. */
static bool takes(const struct question *q, unsigned sys)
{
	return !q->pic->sys[sys].failed && !(q->pic->sys[sys].refuses & dead_set(q));
}

/* Does it hold a note that the owner is to be waited for, which is not known here? By that it grants nothing to itself,
 * and does not hear that the note is over, or it would have gone. */
static bool waits_for_note(const struct question *q, const struct lk_pic_sys *sys)
{
	uint32_t owner = q->owner >= 0 ? 1u << q->owner : 0;

	return sys->held & owner && !(q->pic->sys[q->pic->self].held & owner);
}

/* Can it be left to this system? With grants nobody waits for one that does not report, or that can win none. */
static bool can_take(const struct question *q, const struct lk_pic_copy *copy)
{
	const struct lk_pic_sys *sys = &q->pic->sys[copy->sys];

	if (sys->life != LK_LIFE_ALIVE || sys->no_quorum)
		return false;
	if (!q->pic->grants || copy == q->own)
		return true;
	return copy->state != LK_PIC_UNSEEN && !waits_for_note(q, sys);
}

/* The ALIVE system of a better priority than ours that passes the test, or -1. */
static int better(const struct question *q, bool (*passes)(const struct question *q,
							   const struct lk_pic_copy *copy))
{
	const struct lk_pic_copy *best = q->own;

	for (unsigned i = q->res->first; i < q->res->first + q->res->n; i++) {
		const struct lk_pic_copy *copy = &q->pic->copy[i];

		if (can_take(q, copy) && copy->priority < best->priority && passes(q, copy))
			best = copy;
	}
	return best == q->own ? -1 : best->sys;
}

/* One that has no failure to notice has done at its start what it does. */
static bool passes_down(const struct question *q, const struct lk_pic_copy *copy)
{
	return takes(q, copy->sys) &&
	       (copy->init == LK_AUTORES_ISP || !(q->pic->sys[copy->sys].absent & dead_set(q)));
}

static bool passes_init(const struct question *q, const struct lk_pic_copy *copy)
{
	(void)q;
	return copy->init == LK_AUTORES_ISP;
}

/* Only a state that is not known or says otherwise has to be set. */
static struct lk_decision mark_osu(const struct question *q, enum lk_why why, int sys)
{
	bool stands = q->own->state == LK_OSU || q->own->state == LK_OSF;

	return decide(stands ? LK_DO_LEAVE : LK_DO_MARK_OSU, why, sys);
}

/* Is it being released here for the system that failed, or was? Back it comes, whatever the priorities: only this
 * system knows. Should the remove be at work still, the restore waits for it. */
static bool was_for_dead(const struct question *q)
{
	return q->owner == q->pic->self && q->own->handover >> q->sys & 1;
}

/* 5.6.2, steps 2-3 and 9. Safety check, quorum and witness are behind us. */
static struct lk_decision decide_down(const struct question *q)
{
	bool recover = q->pic->recover_stopped && q->owner < 0 && q->owner != LK_PIC_STRANGER;
	int other;

	if (lk_state_up(q->own->state) && !was_for_dead(q))
		return decide(LK_DO_LEAVE, LK_WHY_HERE, -1);
	if (!lk_pic_copy_of(q->pic, q->res, q->sys))
		return decide(LK_DO_LEAVE, LK_WHY_NOT_CONCERNED, (int)q->sys);
	if ((other = holder(q)) >= 0)
		return decide(LK_DO_LEAVE, LK_WHY_ELSEWHERE, other);
	if (q->pic->quorum == LK_QUORUM_NO)
		return decide(LK_DO_LEAVE, LK_WHY_NO_QUORUM, -1);
	if (!takes(q, q->pic->self))
		return decide(LK_DO_LEAVE, LK_WHY_REFUSED, (int)q->sys);
	if ((other = may_run(q)) >= 0)
		return decide(LK_DO_LEAVE, LK_WHY_MAY_RUN, other);
	if (q->owner == LK_PIC_STRANGER)
		return decide(LK_DO_LEAVE, LK_WHY_STRANGER, -1);
	/* K26, EV8: what was stopped stays stopped */
	if (!recover && q->owner < 0)
		return decide(LK_DO_LEAVE, LK_WHY_STOPPED, -1);
	if (was_for_dead(q))
		return decide(LK_DO_RESTORE, LK_WHY_HANDOVER, (int)q->sys);
	/* the one that failed has chosen this system, by flags of its own */
	if (!recover && q->pic->sys[q->owner].failed)
		return decide(LK_DO_RESTORE, LK_WHY_HANDED_ON, q->owner);
	if (!recover && q->pic->sys[q->owner].life != LK_LIFE_DEAD)
		return decide(LK_DO_LEAVE, LK_WHY_OTHER_OWNER, q->owner);
	if ((other = better(q, passes_down)) >= 0)
		return decide(LK_DO_LEAVE, LK_WHY_BETTER, other);
	if (recover)
		return decide(LK_DO_RESTORE, LK_WHY_STOPPED_RECOVER, -1);
	return decide(LK_DO_RESTORE, LK_WHY_OWNER_DIED, q->owner);
}

/* Both have it in service: the newer record counts (design 3.5). The older one is replaced before its system gives
 * way, so that one and the same record on both sides speaks for the system that it names. */
static struct lk_decision decide_both(const struct question *q, int other)
{
	const struct lk_pic_copy *theirs = lk_pic_copy_of(q->pic, q->res, (unsigned)other);
	bool same = q->own->epoch == theirs->epoch && q->own->owner == theirs->owner;

	if (q->own->epoch < theirs->epoch || (same && theirs->owner == other))
		return decide(LK_DO_YIELD, LK_WHY_OLDER_RECORD, other);
	if (q->own->epoch > theirs->epoch || (same && q->own->owner == q->pic->self))
		return decide(LK_DO_LEAVE, LK_WHY_NEWER_RECORD, other);
	return decide(LK_DO_SPLIT, LK_WHY_SAME_RECORD, other);
}

/* 4.2: what a stop of the daemons alone has left running is restored over itself, if it may run here. */
static struct lk_decision decide_left_running(const struct question *q)
{
	int other = holder(q);

	if (other >= 0)
		return decide_both(q, other);
	if (q->pic->quorum == LK_QUORUM_NO)
		return decide(LK_DO_YIELD, LK_WHY_NO_QUORUM, -1);
	other = may_run(q);
	if (other >= 0 && other == q->owner)
		return decide(LK_DO_YIELD, LK_WHY_MAY_RUN, other);
	if (q->owner == LK_PIC_STRANGER)
		return decide(LK_DO_YIELD, LK_WHY_STRANGER, -1);
	return decide(LK_DO_RESTORE, LK_WHY_HERE, -1);
}

/* 5.6.3 and 4.2. */
static struct lk_decision decide_avail(const struct question *q)
{
	int other = holder(q);

	if (lk_state_up(q->own->state))
		return decide_left_running(q);
	if (other >= 0)
		return mark_osu(q, LK_WHY_ELSEWHERE, other);
	if (q->pic->quorum == LK_QUORUM_NO)
		return mark_osu(q, LK_WHY_NO_QUORUM, -1);
	if ((other = may_run(q)) >= 0)
		return mark_osu(q, LK_WHY_MAY_RUN, other);
	if ((other = may_run_unfenced(q)) >= 0)
		return mark_osu(q, LK_WHY_UNFENCED, other);
	/* a member for others, or one that this system has left */
	if (q->owner == LK_PIC_STRANGER)
		return mark_osu(q, LK_WHY_STRANGER, -1);
	/* an operator may have stopped it since, on any system */
	if (q->pic->late && q->owner == LK_PIC_NOBODY)
		return mark_osu(q, LK_WHY_STOPPED, -1);
	if (q->own->init == LK_INIT_ISP)
		return decide(LK_DO_MARK_ISP, LK_WHY_INIT_ISP, -1);
	if (q->own->init == LK_INIT_OSU)
		return mark_osu(q, LK_WHY_INIT_OSU, -1);
	if ((other = better(q, passes_init)) >= 0)
		return mark_osu(q, LK_WHY_BETTER, other);
	return decide(LK_DO_RESTORE, LK_WHY_AUTORES, -1);
}

/* 4.3: back to us, who are better and whose hierarchy says so. */
static bool switches_back(const struct question *q, int other)
{
	const struct lk_pic_copy *theirs = lk_pic_copy_of(q->pic, q->res, (unsigned)other);

	return (unsigned)other == q->sys && q->res->root == LK_AUTOMATIC && !q->res->fixed &&
	       q->own->priority < theirs->priority && better(q, passes_init) < 0;
}

/* What an owner left behind that was stopped in order stays where it is, too, when a third system comes back. */
static bool waits_for_owner(const struct question *q)
{
	return q->owner != q->pic->self && q->pic->sys[q->owner].life != LK_LIFE_ALIVE &&
	       q->pic->sys[q->pic->self].refuses & 1u << q->owner;
}

/* 5.6.4. */
static struct lk_decision decide_up(const struct question *q)
{
	int other = holder(q);

	if (lk_state_up(q->own->state))
		return other < 0 ? decide(LK_DO_LEAVE, LK_WHY_HERE, -1) : decide_both(q, other);
	if (!lk_pic_copy_of(q->pic, q->res, q->sys))
		return decide(LK_DO_LEAVE, LK_WHY_NOT_CONCERNED, (int)q->sys);
	if (q->pic->quorum == LK_QUORUM_NO)
		return mark_osu(q, LK_WHY_NO_QUORUM, -1);
	if (other >= 0)
		return switches_back(q, other) ? decide(LK_DO_SWITCHBACK, LK_WHY_SWITCHBACK, other) :
						 mark_osu(q, LK_WHY_ELSEWHERE, other);
	if ((other = may_run(q)) >= 0)
		return mark_osu(q, LK_WHY_MAY_RUN, other);
	if (q->owner == LK_PIC_STRANGER)
		return mark_osu(q, LK_WHY_STRANGER, -1);
	/* what an operator stopped stays stopped, also when a cable is plugged in again */
	if (q->owner < 0)
		return mark_osu(q, LK_WHY_STOPPED, -1);
	if (waits_for_owner(q))
		return mark_osu(q, LK_WHY_REFUSED, q->owner);
	if (q->own->init == LK_INIT_OSU)
		return mark_osu(q, LK_WHY_INIT_OSU, -1);
	if (q->own->init == LK_INIT_ISP)
		return mark_osu(q, LK_WHY_INIT_ISP, -1);
	if ((other = better(q, passes_init)) >= 0)
		return mark_osu(q, LK_WHY_BETTER, other);
	return decide(LK_DO_RESTORE, LK_WHY_NOWHERE, -1);
}

static bool moves(enum lk_what what)
{
	return what == LK_DO_RESTORE || what == LK_DO_SWITCHBACK || what == LK_DO_YIELD;
}

/* 3.14.4: what a system had whose failover an administrator has to confirm is not taken over because of another
 * system. At a start nobody is asked. */
static bool is_unconfirmed(const struct question *q, enum lk_event event, enum lk_what what)
{
	const struct lk_pic_sys *owner = q->owner >= 0 ? &q->pic->sys[q->owner] : NULL;

	bool asked = event == LK_EVENT_DOWN && q->owner == (int)q->sys;

	return what == LK_DO_RESTORE && event != LK_EVENT_AVAIL && !asked && owner &&
	       owner->unconfirmed && owner->life != LK_LIFE_ALIVE;
}

void lk_decide(const struct lk_picture *picture, enum lk_event event, unsigned sys,
	       struct lk_decision *decision)
{
	static struct lk_decision (*const rules[])(const struct question *) = {
		[LK_EVENT_AVAIL] = decide_avail,
		[LK_EVENT_DOWN] = decide_down,
		[LK_EVENT_UP] = decide_up,
	};

	for (unsigned i = 0; i < picture->nres; i++) {
		struct question q = { .pic = picture, .res = &picture->res[i], .sys = sys };
		uint64_t epoch;

		q.owner = lk_decide_owner(picture, q.res, &epoch);
		q.own = lk_pic_copy_of(picture, q.res, picture->self);
		decision[i] = q.own ? rules[event](&q) : decide(LK_DO_LEAVE, LK_WHY_SAME, -1);
		if (is_unconfirmed(&q, event, decision[i].what))
			decision[i] = decide(LK_DO_LEAVE, LK_WHY_UNCONFIRMED, q.owner);
		if (q.res->split && moves(decision[i].what))
			decision[i] = decide(LK_DO_LEAVE, LK_WHY_SPLIT_OPEN, -1);
	}
}

static bool is_taken(int owner)
{
	return owner >= 0 || owner == LK_PIC_STRANGER;
}

int lk_decide_owner(const struct lk_picture *picture, const struct lk_pic_res *res, uint64_t *epoch)
{
	int owner = LK_PIC_NORECORD;

	*epoch = 0;
	for (unsigned i = res->first; i < res->first + res->n; i++) {
		const struct lk_pic_copy *copy = &picture->copy[i];

		/* whoever took it over beats whoever stopped it, as in lk_epoch_set() */
		if (copy->epoch > *epoch ||
		    (copy->epoch == *epoch && *epoch && is_taken(copy->owner) && owner < 0)) {
			*epoch = copy->epoch;
			owner = copy->owner;
		}
	}
	return owner;
}

/* What stands against a transfer to the system, LK_WHY_SAME for nothing. */
static enum lk_why bar(const struct lk_picture *pic, const struct lk_pic_copy *copy)
{
	if (pic->sys[copy->sys].life != LK_LIFE_ALIVE || copy->state == LK_PIC_UNSEEN)
		return LK_WHY_MAY_RUN;
	if (pic->sys[pic->self].no_transfer & 1u << copy->sys || pic->sys[pic->self].blocked)
		return LK_WHY_REFUSED;
	return LK_WHY_SAME;
}

int lk_decide_target(const struct lk_picture *picture, const struct lk_pic_res *res, uint32_t tried,
		     struct lk_decision *why)
{
	const struct lk_pic_copy *best = NULL, *barred = NULL;

	for (unsigned i = res->first; i < res->first + res->n; i++) {
		const struct lk_pic_copy *copy = &picture->copy[i];
		bool free = bar(picture, copy) == LK_WHY_SAME;
		const struct lk_pic_copy **place = free ? &best : &barred;

		if (copy->sys == picture->self || tried & 1u << copy->sys)
			continue;
		if (!*place || copy->priority < (*place)->priority)
			*place = copy;
	}
	*why = barred ? decide(LK_DO_LEAVE, bar(picture, barred), barred->sys) :
			decide(LK_DO_LEAVE, LK_WHY_NOT_CONCERNED, -1);
	return best ? best->sys : -1;
}

void lk_decide_text(const struct lk_picture *picture, const struct lk_decision *decision, char *text,
		    size_t size)
{
	const char *sys = decision->sys >= 0 ? picture->sys[decision->sys].name : "another system";

	snprintf(text, size, reasons[decision->why].text, sys);
}
