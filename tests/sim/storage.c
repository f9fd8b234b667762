/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One node's lkqwk, and the storage: sbin/lkqwk/round.c and lib/qwkio.c as far as time matters. */
#include "sim.h"

#include <string.h>
#include "lk/quiet.h"
#include "lk/poison.h"

#define NOW(w, node) (world_clock(w, node) / MS)
#define EPOCH (1000000 * S)	/* when all begins, for people */

int64_t storage_limit(void)
{
	return HBEAT * LOOKS * S;
}

/* In the state this system is the first one. */
static unsigned place(unsigned self, unsigned other)
{
	return other == self ? 0 : other < self ? other + 1 : other;
}

/* ---- what it tells ---- */

bool storage_fresh(const struct world *w, unsigned node)
{
	return lk_qwk_fresh(&w->node[node].qwk, NOW(w, node));
}

/* ceased() of lib/quiet.c */
static int64_t ceased(const struct world *w, unsigned node, unsigned other, int64_t since)
{
	const struct node *n = &w->node[node];
	const struct mutation *without = &w->params.without;

	return lk_quiet_ceased(&(struct lk_quiet_signs){
		.now = NOW(w, node), .granted = without->no_noted ? 0 : n->granted[other],
		.since = without->no_late ? 0 : since, .heard = !without->no_beats,
		.quiet = world_clock(w, node) - n->echoed[other],
		.ours = sim_terms().lease, .theirs = sim_terms().lease,
	});
}

/* lk_quiet_storage() */
uint32_t storage_gone(const struct world *w, unsigned node, const uint32_t *fenced, int64_t since)
{
	const struct node *n = &w->node[node];
	const struct lk_terms terms = sim_terms();
	int64_t now = world_clock(w, node);
	struct lk_qwk_state state = n->qwk;
	uint32_t gone = 0;

	if (w->params.without.no_look)
		state.gained = 0;

	for (unsigned i = 0; i < w->nodes; i++) {
		bool ended = i != node && sim_ended(w, node, i, fenced) &&
			     (!since || w->params.without.no_back ||
			      lk_quiet_is_gone(&n->qwk, n->fenced_at[i], NOW(w, node)));
		bool held = keep_held(n, i) && !w->params.without.no_held;
		bool quiet = now - n->echoed[i] >= lk_terms_quiet(&terms, &terms) && !held &&
			     lk_quiet_left(&state, &state.node[place(node, i)], &terms, ceased(w, node, i, since)) <= 0;

		if (i != node && (ended || quiet || w->params.without.no_delay) && storage_fresh(w, node))
			gone |= 1u << i;
	}
	return gone;
}

/* As lk_witness() asks: an answer that is not "down" begins another check. */
bool storage_dead(struct world *w, unsigned node, unsigned other)
{
	struct node *n = &w->node[node];
	int64_t now = NOW(w, node);

	if (!n->witness[other])
		n->witness[other] = now;
	enum lk_qwk_verdict verdict = lk_qwk_judge(&n->qwk, &n->qwk.node[place(node, other)],
						   n->witness[other], now);
	if (verdict != LK_QWK_WAIT && verdict != LK_QWK_DOWN)
		n->witness[other] = 0;
	return verdict == LK_QWK_DOWN;
}

/* ---- accesses ---- */

static struct event event_of(const struct world *w, unsigned node, unsigned object)
{
	const struct node *n = &w->node[node];

	return (struct event){ .node = node, .life = n->qwk_life, .count = n->io[object].number,
			       .msg = { .from = node, .to = object } };
}

static void push_io(struct world *w, struct event *event, int64_t in)
{
	event->kind = EV_IO;
	event->at = w->now + in;
	world_push(w, event);
}

static int64_t latency(struct world *w)
{
	int64_t time = (1 + world_random(w, 40)) * MS;

	return w->store_slow && world_chance(w, 40) ? time + w->store_slow / 1000 * world_random(w, 1000) : time;
}

static void start_io(struct world *w, unsigned node, unsigned object)
{
	struct node *n = &w->node[node];
	struct io *io = &n->io[object];
	struct event event;

	if (io->hangs)
		return;		/* LK_M_QWK_BUSY */
	io->number++;
	io->due = true;
	io->writes = object == node && n->known;
	io->begun = world_clock(w, node);
	io->deadline = io->begun + HBEAT * S;
	event = event_of(w, node, object);
	if (io->writes) {
		event.msg.epoch = ++n->sequence;
		event.msg.sent = w->now + n->wall + (w->params.wall ? EPOCH : 0);	/* the time in the object */
	}
	/* is it on its way, or does it wait for the process that does it? */
	event.msg.state = world_chance(w, 50);
	push_io(w, &event, latency(w));
}

static void fail(struct world *w, const struct event *event)
{
	struct event reply = *event;

	reply.kind = EV_REPLY;
	reply.msg.no_quorum = true;	/* an error */
	reply.at = w->now + MS;
	world_push(w, &reply);
}

/* It comes to the storage. */
static void do_io(struct world *w, const struct event *event)
{
	struct node *n = &w->node[event->node];
	struct event next = *event;
	unsigned object = event->msg.to;
	bool of_now = event->life == n->qwk_life && n->on && !n->stopped, writes = event->msg.epoch;

	/* of a process that is gone: only a write that was on its way can still arrive */
	if (!of_now && (!writes || !event->msg.state || world_chance(w, 70)))
		return;
	if (of_now && n->paused > w->now && !event->msg.state) {
		next.at = n->paused + MS;
		world_push(w, &next);
		return;
	}
	if (w->store_cut[event->node][object] || (writes && w->read_only)) {
		if (of_now && world_chance(w, 30))
			fail(w, event);
		else
			push_io(w, &next, (100 + world_random(w, 2000)) * MS);
		return;
	}
	if (writes)
		w->object[object] = (struct lk_qwk_object){ .sequence = event->msg.epoch,
							    .time = (uint64_t)(event->msg.sent / S) };
	next.kind = EV_REPLY;
	next.msg.epoch = w->object[object].sequence;
	next.msg.sent = (int64_t)w->object[object].time;
	next.at = w->now + latency(w);
	world_trace(w, event->node, "%s object %u: %llu", writes ? "writes" : "reads", object,
		    (unsigned long long)w->object[object].sequence);
	world_push(w, &next);
}

/* ---- replies ---- */

static void take_own(struct world *w, unsigned node, const struct event *event)
{
	struct node *n = &w->node[node];
	const struct io *io = &n->io[node];

	if (!io->writes) {
		n->known = true;
		if (event->msg.epoch > n->sequence)
			n->sequence = event->msg.epoch;
		return;
	}
	n->good[node] = true;
	lk_qwk_state_wrote(&n->qwk, io->begun / MS, NOW(w, node));
}

static void take_other(struct world *w, unsigned node, const struct event *event)
{
	struct node *n = &w->node[node];
	unsigned other = event->msg.to;
	struct lk_qwk_node *sight = &n->qwk.node[place(node, other)];
	const struct lk_qwk_object object = { .sequence = event->msg.epoch, .time = (uint64_t)event->msg.sent };
	int64_t before, begun = n->io[other].begun / MS;
	enum sight what = seen_look(&n->seen[other], object.sequence ? &object : NULL, begun, &before);

	n->good[other] = true;
	bool advanced = what == ADVANCED || what == BEGAN_ANEW;

	n->advanced[other] = n->advanced[other] || advanced;
	/* without.no_first: as if there had been one before */
	if (w->params.without.no_first && !before)
		before = 1;
	lk_qwk_state_saw(sight, &(struct lk_qwk_look){ before, begun, NOW(w, node), advanced });
}

static void take_reply(struct world *w, const struct event *event)
{
	struct node *n = &w->node[event->node];
	struct io *io = &n->io[event->msg.to];

	if (event->count != io->number)
		return;
	io->hangs = false;
	if (!io->due)
		return;		/* it was given up */
	io->due = false;
	if (event->msg.no_quorum)
		return;
	if (event->msg.to == event->node)
		take_own(w, event->node, event);
	else
		take_other(w, event->node, event);
}

/* ---- rounds ---- */

static void end_round(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	for (unsigned i = 0; i < w->nodes; i++) {
		struct lk_qwk_node *sight = &n->qwk.node[place(node, i)];

		/* it can be killed, or not */
		n->io[i].hangs = n->io[i].hangs || (n->io[i].due && world_chance(w, 50));
		n->io[i].number += n->io[i].due && !n->io[i].hangs;
		n->io[i].due = false;
		sight->quiet += n->good[i] && !n->advanced[i];
		n->good[i] = n->advanced[i] = false;
	}
}

static void begin_round(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];
	const int64_t in = HBEAT * S;

	end_round(w, node);
	for (unsigned i = 0; i < w->nodes; i++)
		start_io(w, node, i);
	world_push(w, &(struct event){ .kind = EV_ROUND, .node = node, .life = n->qwk_life,
				       .at = w->now + in - in / 1024 * n->rate + 1 });
}

void storage_boot(struct world *w, unsigned node, bool anew)
{
	struct node *n = &w->node[node];
	struct lk_qwk_state old = n->qwk;

	n->qwk_life++;
	n->qwk = (struct lk_qwk_state){ .started = NOW(w, node), .hbeat = HBEAT, .misses = LOOKS, .n = w->nodes,
					.stop = STOP / MS };
	/* what the process before has written still counts */
	if (!anew)
		lk_qwk_state_go_on(&n->qwk, &old);
	for (unsigned i = 0; i < w->nodes; i++) {
		n->io[i] = (struct io){ .number = n->io[i].number + 1 };
		n->seen[i] = (struct seen){ 0 };
		n->good[i] = n->advanced[i] = false;
		n->witness[i] = 0;
	}
	n->known = false;
	n->sequence = 0;
	begin_round(w, node);
}

void storage_event(struct world *w, const struct event *event)
{
	struct node *n = &w->node[event->node];

	if (event->kind == EV_IO) {
		do_io(w, event);
		return;
	}
	if (!n->on || n->stopped || event->life != n->qwk_life)
		return;
	if (n->paused > w->now) {
		struct event later = *event;

		later.at = n->paused;
		world_push(w, &later);
	} else if (event->kind == EV_ROUND) {
		begin_round(w, event->node);
	} else {
		take_reply(w, event);
	}
}

/* ---- what goes wrong with it ---- */

static void heal(struct world *w)
{
	w->read_only = false;
	w->store_slow = 0;
	for (unsigned i = 0; i < w->nodes; i++)
		for (unsigned k = 0; k < w->nodes; k++)
			w->store_cut[i][k] = w->outcast >> i & 1;
}

static void cut(struct world *w, unsigned node, unsigned object)
{
	if (w->now < w->calm || !(w->together >> node & 1))
		w->store_cut[node][object] = true;
}

void storage_strike(struct world *w, unsigned node, unsigned other, enum fault fault)
{
	const struct node *n = &w->node[node];
	bool all = fault == STORE_CUT && world_chance(w, 30);

	switch (fault) {
	case STORE_CUT:
		for (unsigned i = 0; i < w->nodes; i++)
			for (unsigned k = 0; k < w->nodes; k++)
				if (all || i == node)
					cut(w, i, k);
		break;
	case STORE_CUT_ONE:
		cut(w, node, other);
		break;
	case STORE_READ_ONLY:
		w->read_only = w->now < w->calm;
		break;
	case STORE_SLOW:
		w->store_slow = w->now < w->calm ? world_random(w, 3000) * MS : 0;
		break;
	case STORE_HEAL:
		heal(w);
		break;
	case QWK:
		if (n->on && !n->stopped && n->paused <= w->now && !(w->now >= w->calm && w->together >> node & 1))
			storage_boot(w, node, false);
		break;
	default:
		break;
	}
}
