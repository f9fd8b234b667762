/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When which check runs. */
#include "schedule.h"

#include <stdlib.h>

#include "lk/poison.h"

const char *const kind_names[] = { "quickCheck", "deepCheck" };
const char *const check_state_names[] = { "off", "waiting", "running", "spoiled" };

/* ---- the heap: what is to happen first is on top ---- */

static void put(const struct schedule *s, int place, struct entry *e)
{
	s->heap[place] = e;
	e->place = place;
}

static void rise(const struct schedule *s, struct entry *e)
{
	int at = e->place;

	while (at > 0 && s->heap[(at - 1) / 2]->key > e->key) {
		put(s, at, s->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(s, at, e);
}

static void sink(const struct schedule *s, struct entry *e)
{
	int at = e->place, n = (int)s->n;

	for (;;) {
		int child = 2 * at + 1;

		if (child + 1 < n && s->heap[child + 1]->key < s->heap[child]->key)
			child++;
		if (child >= n || s->heap[child]->key >= e->key)
			break;
		put(s, at, s->heap[child]);
		at = child;
	}
	put(s, at, e);
}

static void heap_drop(struct schedule *s, struct entry *e)
{
	if (e->place < 0)
		return;
	struct entry *last = s->heap[--s->n];
	int hole = e->place;

	e->place = -1;
	if (last == e)
		return;
	put(s, hole, last);
	rise(s, last);
	sink(s, last);
}

static void heap_set(struct schedule *s, struct entry *e, int64_t key)
{
	e->key = key;
	if (e->place < 0)
		put(s, (int)s->n++, e);
	rise(s, e);
	sink(s, e);
}

bool schedule_reserve(struct schedule *s, unsigned n)
{
	if (n <= s->cap)
		return true;
	void *heap = realloc(s->heap, n * sizeof(struct entry *));

	s->heap = heap ? heap : s->heap;
	void *running = realloc(s->running, n * sizeof(struct entry *));
	s->running = running ? running : s->running;
	if (!heap || !running)
		return false;
	s->cap = n;
	return true;
}

void schedule_free(struct schedule *s)
{
	free(s->heap);
	free(s->running);
	*s = (struct schedule){ 0 };
}

/* ---- one entry ---- */

void schedule_init(struct entry *e)
{
	*e = (struct entry){ .due = { -1, -1 }, .fresh = true, .place = -1 };
}

static bool has_check(const struct entry *e)
{
	return e->interval[QUICK] || e->interval[DEEP];
}

/* The kind whose turn is first; deep if both are due at the same time. */
static enum kind first_kind(const struct entry *e)
{
	if (!e->interval[QUICK])
		return DEEP;
	if (!e->interval[DEEP])
		return QUICK;
	return e->due[DEEP] <= e->due[QUICK] ? DEEP : QUICK;
}

#define AT_ONCE INT64_MIN

/* Where it belongs in the heap. */
static void place(struct schedule *s, struct entry *e)
{
	if (e->state == WAITING)
		heap_set(s, e, e->asked ? AT_ONCE : e->due[first_kind(e)]);
	else if (e->state == OFF)
		heap_drop(s, e);
}

/* The first times: a fresh one begins soon, with the deep check. */
static void begin(struct entry *e, uint32_t chance, int64_t now)
{
	for (int k = 0; k < KINDS; k++) {
		int64_t spread = e->interval[k] < SPREAD_MS ? e->interval[k] : SPREAD_MS;

		if (e->interval[k] && e->due[k] < 0)
			e->due[k] = now + (e->fresh ? chance % (spread + 1) :
					   chance % (e->interval[k] + 1));
	}
	if (e->fresh && e->interval[DEEP] && e->interval[QUICK] && e->due[QUICK] < e->due[DEEP])
		e->due[QUICK] = e->due[DEEP];
}

/* An interval that was changed counts from now on; a shorter one is not waited for longer. */
static void take_intervals(struct entry *e, const struct truth *truth, int64_t now)
{
	for (int k = 0; k < KINDS; k++) {
		int64_t interval = truth->interval[k];

		if (!interval || !e->interval[k])
			e->due[k] = interval && e->due[k] >= 0 ? e->due[k] : -1;
		else if (e->due[k] > now + interval)
			e->due[k] = now + interval;
		e->interval[k] = interval;
	}
}

void schedule_set(struct schedule *s, struct entry *e, const struct truth *truth, int64_t now)
{
	bool on = truth->in_service && truth->free;

	if (!truth->in_service) {
		e->due[QUICK] = e->due[DEEP] = -1;
		e->fresh = true;
	}
	take_intervals(e, truth, now);
	e->on = on && has_check(e);
	if (e->on)
		begin(e, truth->chance, now);
	else
		e->asked = false;
	if (!on && e->state == RUNNING)
		e->state = SPOILED;
	else if (e->state == WAITING && !e->on)
		e->state = OFF;
	else if (e->state == OFF && e->on)
		e->state = WAITING;
	place(s, e);
}

/* ---- running ---- */

static void enter(struct schedule *s, struct entry *e, int64_t now)
{
	heap_drop(s, e);
	e->place = (int)s->nrunning;
	s->running[s->nrunning++] = e;
	s->busy++;
	e->state = RUNNING;
	e->slow = false;
	e->started = now;
}

static void leave(struct schedule *s, struct entry *e)
{
	struct entry *last = s->running[--s->nrunning];

	s->running[e->place] = last;
	last->place = e->place;
	e->place = -1;
	s->busy -= !e->slow;
	e->slow = false;
}

void schedule_drop(struct schedule *s, struct entry *e)
{
	heap_drop(s, e);
	e->state = OFF;
}

void schedule_ask(struct schedule *s, struct entry *e)
{
	if (!e->on)
		return;
	e->asked = true;
	if (e->state == WAITING)
		place(s, e);
}

/* Those that hang give their place to others. */
static void find_slow(struct schedule *s, int64_t now)
{
	for (unsigned i = 0; i < s->nrunning; i++) {
		struct entry *e = s->running[i];

		if (e->slow || e->started + SLOW_MS > now)
			continue;
		e->slow = true;
		s->busy--;
	}
}

/* What is asked for needs no free place, and is looked at by the quick check, if there is one. */
struct entry *schedule_next(struct schedule *s, int64_t now)
{
	struct entry *e = s->n ? s->heap[0] : NULL;

	if (!e || e->key > now)
		return NULL;
	if (s->busy >= s->limit)
		find_slow(s, now);
	if (s->busy >= s->limit && !e->asked)
		return NULL;
	if (e->asked)
		e->kind = e->interval[QUICK] ? QUICK : DEEP;
	else
		e->kind = first_kind(e);
	e->asked = false;
	enter(s, e, now);
	return e;
}

bool schedule_ended(struct schedule *s, struct entry *e, int64_t now)
{
	bool counts = e->state == RUNNING;

	leave(s, e);
	e->state = e->on ? WAITING : OFF;
	if (counts)
		e->fresh = false;
	if (e->kind == DEEP && e->interval[DEEP])
		e->due[DEEP] = now + e->interval[DEEP];
	/* deep covers quick */
	if (e->interval[QUICK])
		e->due[QUICK] = now + e->interval[QUICK];
	if (!counts && e->on)
		e->asked = true;
	if (e->state == WAITING)
		begin(e, 0, now);
	place(s, e);
	return counts;
}

/* With all places taken it is time when a check becomes slow. */
int64_t schedule_wake(const struct schedule *s)
{
	int64_t first = INT64_MAX;

	if (!s->n)
		return INT64_MAX;
	if (s->busy < s->limit || s->heap[0]->asked)
		return s->heap[0]->key;
	for (unsigned i = 0; i < s->nrunning; i++)
		if (!s->running[i]->slow && s->running[i]->started + SLOW_MS < first)
			first = s->running[i]->started + SLOW_MS;
	return first > s->heap[0]->key ? first : s->heap[0]->key;
}

/* ---- for people ---- */

static const struct {
	enum check_state from, to;
	const char *why;
} edges[] = {
	{ OFF, WAITING, "in service and free" },
	{ WAITING, OFF, "out of service, reserved or in maintenance" },
	{ WAITING, RUNNING, "due, or something happened / start the check" },
	{ RUNNING, WAITING, "ended / take the result" },
	{ RUNNING, SPOILED, "out of service, reserved or in maintenance" },
	{ SPOILED, OFF, "ended, still so" },
	{ SPOILED, WAITING, "ended, in service and free again / check at once" },
};

void schedule_graph(struct lk_buf *out)
{
	lk_buf_adds(out, "digraph lkcheck {\n");
	for (unsigned i = 0; i < sizeof(edges) / sizeof(*edges); i++)
		lk_buf_addf(out, "\t%s -> %s [label=\"%s\"];\n", check_state_names[edges[i].from],
			    check_state_names[edges[i].to], edges[i].why);
	lk_buf_adds(out, "}\n");
}
