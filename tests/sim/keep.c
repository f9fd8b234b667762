/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lkstop -f: lib/held.c, and the daemons that end and come back while the resource stays. */
#include "sim.h"

#include "lk/poison.h"

/* A command that was given up is over, or takes effect before one that is sent later. */
#define TELL_LIMIT (6 * S)
#define FIRST_LIMIT (10 * S)

static void tell(struct world *w, unsigned node, enum msg_type type)
{
	struct node *n = &w->node[node];

	n->keep_number++;
	n->noted = 1u << node;
	for (unsigned i = 0; i < w->nodes; i++)
		if (i != node)
			world_send(w, &(struct msg){ .type = type, .from = node, .to = i, .state = n->keep_number });
	world_timer(w, node, T_HOLD, TELL_LIMIT);
}

static void cancel(struct world *w, unsigned node)
{
	world_trace(w, node, "takes back that it is held");
	w->node[node].keeping = UNHOLDING;
	tell(w, node, UNHOLD);
}

/* lk_held_begin() */
void keep_begin(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	if (!n->on || n->stopped || n->keeping != FREE)
		return;
	if (n->service != OUT && !node_quorum(w, node))
		return;
	world_trace(w, node, "lkstop -f");
	n->keeping = HOLDING;
	if (n->service == OUT) {
		n->keeping = ENDING;
		world_timer(w, node, T_HOLD, (1 + world_random(w, 500)) * MS);
		return;
	}
	n->held |= 1u << node;
	tell(w, node, HOLD);
}

static bool suffices(const struct world *w, const struct node *n)
{
	unsigned noted = (unsigned)__builtin_popcount(n->noted);

	return w->params.storage ? noted == w->nodes : 2 * noted > w->nodes;
}

/* The daemons end. The watchdog does not as long as it has to end something. */
static void stop(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	n->keeping = FREE;
	node_lease(w, node);
	if (!n->on || n->hold.lapsed)
		return;
	world_trace(w, node, "its daemons have stopped%s", n->service != OUT ? ", the resource stays" : "");
	n->stopped = true;
	n->unwatched = n->service != OUT;
	n->life++;
	n->qwk_life++;
	n->phase = IDLE;
	n->nqueue = 0;
	if (n->service == RESTORING)
		n->service = IN;
	world_push(w, &(struct event){ .at = w->now + (500 + world_random(w, 25000)) * MS, .kind = EV_FAULT, .node = node,
				       .count = START, .life = n->life });
}

static void told(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	if (n->keeping == HOLDING && node_quorum(w, node) && suffices(w, n)) {
		n->keeping = ENDING;
		world_timer(w, node, T_HOLD, (1 + world_random(w, 300)) * MS);
	} else if (n->keeping == HOLDING) {
		cancel(w, node);
	} else if (n->keeping == UNHOLDING) {
		if (n->noted == (1u << w->nodes) - 1)
			n->held &= ~(1u << node);
		n->keeping = FREE;
	}
}

/* lkstart */
void keep_start(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	if (!n->on || !n->stopped)
		return;
	n->hold.until = 0;
	n->hold.lapsed = false;
	n->stopped = false;
	node_boot(w, node, true);
	if (w->params.storage)
		storage_boot(w, node, false);
	if (n->unwatched)
		world_timer(w, node, T_FIRST, FIRST_LIMIT);
}

/* lk_held_end(): by an event, so that lkstop may be at work. */
void keep_end(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	if (!(n->held >> node & 1) || !node_quorum(w, node))
		return;
	if (n->keeping != FREE && !w->params.without.no_turns)
		return;
	if (n->keeping == FREE)
		cancel(w, node);
	else
		for (unsigned i = 0; i < w->nodes; i++)
			if (i != node)
				world_send(w, &(struct msg){ .type = UNHOLD, .from = node, .to = i, .state = -1 });
}

void keep_message(struct world *w, const struct msg *msg)
{
	struct node *n = &w->node[msg->to];

	if (msg->type == HOLD)
		n->held |= 1u << msg->from;
	else if (msg->type == UNHOLD)
		n->held &= ~(1u << msg->from);
	if (msg->type == UNHOLD)
		n->hopeless = 0;
	if (msg->type != NOTED) {
		world_send(w, &(struct msg){ .type = NOTED, .from = msg->to, .to = msg->from, .state = msg->state });
		return;
	}
	if ((n->keeping != HOLDING && n->keeping != UNHOLDING) || msg->state != n->keep_number)
		return;
	n->noted |= 1u << msg->from;
	if (n->noted == (1u << w->nodes) - 1)
		told(w, msg->to);
}

void keep_timer(struct world *w, unsigned node, enum timer timer)
{
	struct node *n = &w->node[node];

	if (timer == T_FIRST) {
		n->lost = n->unwatched && n->service != OUT;
		if (n->lost)
			recover_stop(w, node);
	} else if (n->keeping == ENDING) {
		stop(w, node);
	} else {
		told(w, node);
	}
}
