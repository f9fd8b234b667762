/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual time, messages, chance. */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "lk/poison.h"

/* xorshift64*: the same on every machine. */
uint32_t world_random(struct world *w, uint32_t below)
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return below ? (uint32_t)((w->random * UINT64_C(2685821657736338717)) >> 33) % below : 0;
}

bool world_chance(struct world *w, unsigned percent)
{
	return world_random(w, 100) < percent;
}

void world_trace(struct world *w, unsigned node, const char *fmt, ...)
{
	va_list args;

	if (!w->params.trace)
		return;
	printf("%9.3f %u: ", (double)w->now / S, node);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

void world_violation(struct world *w, const char *what)
{
	if (!w->violation)
		w->violation = what;
	if (w->params.trace)
		printf("%9.3f VIOLATION: %s\n", (double)w->now / S, what);
}

static bool before(const struct event *a, const struct event *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void world_push(struct world *w, const struct event *event)
{
	unsigned i = w->nheap++;

	if (w->nheap > w->room) {
		w->room = w->room ? 2 * w->room : 256;
		w->heap = realloc(w->heap, w->room * sizeof(*w->heap));
		if (!w->heap)
			abort();
	}
	w->heap[i] = *event;
	w->heap[i].order = w->order++;
	for (; i && before(&w->heap[i], &w->heap[(i - 1) / 2]); i = (i - 1) / 2) {
		struct event swap = w->heap[i];

		w->heap[i] = w->heap[(i - 1) / 2];
		w->heap[(i - 1) / 2] = swap;
	}
}

bool world_pop(struct world *w, struct event *event)
{
	if (!w->nheap)
		return false;
	*event = w->heap[0];
	struct event last = w->heap[--w->nheap];
	unsigned i = 0, child;

	for (; (child = 2 * i + 1) < w->nheap; i = child) {
		if (child + 1 < w->nheap && before(&w->heap[child + 1], &w->heap[child]))
			child++;
		if (!before(&w->heap[child], &last))
			break;
		w->heap[i] = w->heap[child];
	}
	w->heap[i] = last;
	return true;
}

/* Every clock has its own zero and its own rate. */
int64_t world_clock(const struct world *w, unsigned node)
{
	return w->now + w->now / 1024 * w->node[node].rate + (node + 1) * 1000 * S;
}

void world_timer(struct world *w, unsigned node, enum timer timer, int64_t in)
{
	struct node *n = &w->node[node];

	world_push(w, &(struct event){ .at = w->now + in - in / 1024 * n->rate + 1, .kind = EV_TIMER, .node = node,
				       .life = n->life, .timer = timer, .count = ++n->started[timer] });
}

/* Into the network: lost, late, or twice as late as the next one. */
void world_send(struct world *w, struct msg *msg)
{
	int64_t delay = (1 + world_random(w, 20)) * MS + msg->lag;

	msg->life = w->node[msg->from].life;
	msg->to_life = w->node[msg->to].life;
	if (w->cut[msg->from][msg->to] || world_chance(w, w->loss))
		return;
	if (w->slow && world_chance(w, 30))
		delay += w->slow / 1000 * world_random(w, 1000);
	world_push(w, &(struct event){ .at = w->now + delay, .kind = EV_MSG, .node = msg->to,
				       .life = msg->to_life, .msg = *msg });
}

/* Of a crash, a quarantine or a watchdog: it comes back. */
void world_boot_later(struct world *w, unsigned node, int64_t in)
{
	world_push(w, &(struct event){ .at = w->now + in, .kind = EV_FAULT, .node = node, .count = BOOT,
				       .life = w->node[node].life });
}
