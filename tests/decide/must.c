/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What no decision may break. */
#include "must.h"

#include <stddef.h>

#include "lk/poison.h"

/* A decision with what it was about. */
struct view {
	const struct must *must;
	const struct lk_picture *pic;
	const struct lk_pic_copy *copy, *own;
	unsigned n;
	enum lk_event event;
	enum lk_what what;
	enum lk_why why;
	int owner;
	bool up;		/* it is in service here */
};

static bool runs(const struct lk_pic_copy *copy)
{
	return copy->state == LK_ISP || copy->state == LK_ISU;
}

static const struct lk_pic_sys *system_of(const struct view *v, unsigned i)
{
	return &v->pic->sys[v->copy[i].sys];
}

/* Another system that is there, and has it in service. */
static const struct lk_pic_copy *elsewhere(const struct view *v)
{
	for (unsigned i = 0; i < v->n; i++)
		if (&v->copy[i] != v->own && system_of(v, i)->life == LK_LIFE_ALIVE && runs(&v->copy[i]))
			return &v->copy[i];
	return NULL;
}

static const char *without_quorum(const struct view *v)
{
	bool moves = v->what == LK_DO_RESTORE || v->what == LK_DO_SWITCHBACK;

	return v->pic->quorum == LK_QUORUM_NO && moves ? "without quorum nothing is restored" : NULL;
}

static const char *beside(const struct view *v)
{
	return v->what == LK_DO_RESTORE && elsewhere(v) ? "it is not restored beside another system that has it" : NULL;
}

static const char *back(const struct view *v)
{
	const struct lk_pic_copy *from = elsewhere(v);
	bool good = from && v->event == LK_EVENT_UP && from->sys == v->must->sys && !v->must->res->fixed &&
		    v->must->res->root == LK_AUTOMATIC && v->own->priority < from->priority;

	return v->what == LK_DO_SWITCHBACK && !good ? "it goes back only if that is set, to the better system" : NULL;
}

/* Without grants nobody else will find out. */
static const char *may_run(const struct view *v)
{
	bool claimed = v->owner == LK_PIC_NORECORD || v->owner == v->pic->self;

	if (v->what != LK_DO_RESTORE || v->pic->grants || v->up)
		return NULL;
	for (unsigned i = 0; i < v->n; i++) {
		enum lk_life life = system_of(v, i)->life;

		if (&v->copy[i] == v->own)
			continue;
		if ((life == LK_LIFE_ALIVE && v->copy[i].state == LK_PIC_UNSEEN) ||
		    (life == LK_LIFE_UNKNOWN && (claimed || v->owner == v->copy[i].sys)))
			return "what may run elsewhere is not restored";
	}
	return NULL;
}

static const char *in_order(const struct view *v)
{
	uint32_t refuses = v->pic->sys[v->pic->self].refuses;
	bool gone = v->owner >= 0 && v->owner != v->pic->self && v->pic->sys[v->owner].life != LK_LIFE_ALIVE;

	if (v->what != LK_DO_RESTORE || v->event == LK_EVENT_AVAIL || v->up)
		return NULL;
	if ((gone && refuses >> v->owner & 1) || (v->event == LK_EVENT_DOWN && refuses >> v->must->sys & 1))
		return "what a system had that was stopped in order stays there";
	return NULL;
}

static const char *stopped(const struct view *v)
{
	bool nobody = v->owner == LK_PIC_NOBODY || v->owner == LK_PIC_NORECORD;
	bool recover = v->event == LK_EVENT_DOWN && v->pic->recover_stopped;

	return v->what == LK_DO_RESTORE && v->event != LK_EVENT_AVAIL && nobody && !recover && !v->up ?
	       "what an operator has stopped stays stopped" : NULL;
}

static const char *strangers(const struct view *v)
{
	return v->what == LK_DO_RESTORE && v->owner == LK_PIC_STRANGER && !v->up ?
	       "what a system has that is not known is not restored" : NULL;
}

static const char *at_start(const struct view *v)
{
	if (v->what == LK_DO_MARK_ISP && (v->event != LK_EVENT_AVAIL || v->own->init != LK_INIT_ISP))
		return "it is taken for in service only at a start, by INIT_ISP";
	if (v->what != LK_DO_RESTORE || v->event == LK_EVENT_DOWN || v->up)
		return NULL;
	if (v->own->init != LK_AUTORES_ISP)
		return "a start restores nothing but by AUTORES_ISP";
	for (unsigned i = 0; i < v->n && v->event == LK_EVENT_AVAIL; i++)
		if (&v->copy[i] != v->own && system_of(v, i)->unfenced && system_of(v, i)->life != LK_LIFE_ALIVE)
			return "who was not fenced may have it";
	return NULL;
}

static const char *confirmed(const struct view *v)
{
	const struct lk_pic_sys *owner = v->owner >= 0 ? &v->pic->sys[v->owner] : NULL;
	bool asked = v->event == LK_EVENT_DOWN && v->owner == (int)v->must->sys;

	return v->what == LK_DO_RESTORE && v->event != LK_EVENT_AVAIL && !asked && owner && owner->unconfirmed &&
	       owner->life != LK_LIFE_ALIVE ? "what waits for a confirmation is not taken over" : NULL;
}

static const char *giving_way(const struct view *v)
{
	const struct lk_pic_copy *other = elsewhere(v);

	if (v->what == LK_DO_YIELD && !v->up)
		return "who does not have it has nothing to give way with";
	if (v->what == LK_DO_YIELD && other && other->epoch < v->own->epoch)
		return "the newer record does not give way";
	if (v->what == LK_DO_SPLIT && !(v->up && other && other->epoch == v->own->epoch))
		return "a split brain is two that have it by one epoch";
	if (v->must->res->split && (v->what == LK_DO_RESTORE || v->what == LK_DO_SWITCHBACK || v->what == LK_DO_YIELD))
		return "nothing is moved that is split";
	return NULL;
}

/* Why may a better system that is there be passed over? */
static bool is_excused(const struct view *v, unsigned i)
{
	const struct lk_pic_sys *sys = system_of(v, i);
	uint32_t dead = (v->owner >= 0 ? 1u << v->owner : 0) | 1u << v->must->sys;

	if (sys->no_quorum || (v->pic->grants && (v->copy[i].state == LK_PIC_UNSEEN || sys->held)))
		return true;
	if (v->event == LK_EVENT_DOWN)
		return sys->failed || (sys->refuses & dead) || (sys->absent & dead);
	return v->copy[i].init != LK_AUTORES_ISP;
}

static const char *best(const struct view *v)
{
	bool chosen = v->why == LK_WHY_OWNER_DIED || v->why == LK_WHY_NOWHERE || v->why == LK_WHY_AUTORES;

	if (v->what != LK_DO_RESTORE || !chosen)
		return NULL;
	if (v->why == LK_WHY_OWNER_DIED && (v->owner < 0 || v->pic->sys[v->owner].life != LK_LIFE_DEAD))
		return "an owner that died is dead";
	for (unsigned i = 0; i < v->n; i++)
		if (system_of(v, i)->life == LK_LIFE_ALIVE && v->copy[i].priority < v->own->priority &&
		    !is_excused(v, i))
			return "the best system that can restores it";
	return NULL;
}

const char *must_broken(const struct must *must)
{
	static const char *(*const rules[])(const struct view *) = { without_quorum, beside, back, may_run, in_order,
								    stopped, strangers, at_start, confirmed,
								    giving_way, best };
	struct view v = { .must = must, .pic = must->pic, .copy = &must->pic->copy[must->res->first],
			  .n = must->res->n, .event = must->event, .what = must->decision.what,
			  .why = must->decision.why };
	const char *broken = NULL;
	uint64_t epoch;

	v.owner = lk_decide_owner(must->pic, must->res, &epoch);
	for (unsigned i = 0; i < v.n; i++)
		if (v.copy[i].sys == must->pic->self)
			v.own = &v.copy[i];
	if (!v.own)
		return v.what == LK_DO_LEAVE ? NULL : "without a copy here there is nothing to do";
	v.up = runs(v.own);
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules) && !broken; i++)
		broken = rules[i](&v);
	return broken;
}
