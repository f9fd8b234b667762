/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lkstop -f: lib/held.c, and the daemons that end and come back while the resource stays. */
#include "sim.h"

#include "lk/poison.h"

#define TELL_LIMIT (6 * S)
#define FIRST_LIMIT (10 * S)
#define LAG_MAX 40000		/* ms: a command that was given up may take effect long after */

bool keep_held(const struct node *n, unsigned sys)
{
	return n->notes[sys];
}

uint32_t keep_held_set(const struct node *n)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < MAX_NODES; i++)
		set |= keep_held(n, i) ? 1u << i : 0;
	return set;
}

/* The notes of this node, or the newest of them. */
static struct msg about(struct world *w, unsigned node, enum msg_type type)
{
	const struct node *n = &w->node[node];

	return (struct msg){ .type = type, .from = node, .of = node, .state = n->keep_number,
			     .lag = world_chance(w, 15) ? (int64_t)world_random(w, LAG_MAX) * MS : 0,
			     .notes = type == HOLD ? 1u << n->nnotes % 32 : n->notes[node] };
}

static void tell(struct world *w, unsigned node, enum msg_type type)
{
	struct node *n = &w->node[node];

	n->keep_number++;
	n->noted = 1u << node;
	for (unsigned i = 0; i < w->nodes; i++) {
		struct msg msg = about(w, node, type);

		msg.to = i;
		if (i != node)
			world_send(w, &msg);
	}
	world_timer(w, node, T_HOLD, TELL_LIMIT);
}

static void cancel(struct world *w, unsigned node)
{
	world_trace(w, node, "takes back that it is held");
	w->node[node].keeping = UNHOLDING;
	tell(w, node, UNHOLD);
}

/* Those who have taken the note back tell those who were not reached. */
static void pass_on(struct world *w, unsigned node)
{
	const struct node *n = &w->node[node];

	for (unsigned i = 0; i < w->nodes; i++)
		for (unsigned way = 0; way < w->nodes; way++) {
			struct msg msg = about(w, node, UNHOLD);

			msg.to = way;
			msg.who = 1u << i;
			if (!(n->noted >> i & 1) && n->noted >> way & 1 && way != node)
				world_send(w, &msg);
		}
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
	n->nnotes++;
	n->notes[node] |= 1u << n->nnotes % 32;
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
	uint32_t off = world_random(w, world_chance(w, 30) ? 3000 : 25000);
	world_push(w, &(struct event){ .at = w->now + (500 + off) * MS, .kind = EV_FAULT, .node = node,
				       .count = START, .life = n->life });
}

static int64_t linger(const struct world *w)
{
	const struct lk_terms terms = sim_terms();
	int64_t more = lk_terms_bar(&terms, &terms) - terms.stop;

	return w->params.storage || more <= 0 ? 1 : more;
}

static void told(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	if (n->keeping == HOLDING) {
		/* what was granted before they had noted it is of no use any more */
		n->keeping = LINGERING;
		world_timer(w, node, T_HOLD, linger(w));
	} else if (n->keeping == LINGERING && node_quorum(w, node) && suffices(w, n)) {
		n->keeping = ENDING;
		world_timer(w, node, T_HOLD, (1 + world_random(w, 300)) * MS);
	} else if (n->keeping == LINGERING) {
		cancel(w, node);
	} else if (n->keeping == UNHOLDING) {
		if (n->noted == (1u << w->nodes) - 1)
			n->notes[node] = 0;
		else
			pass_on(w, node);
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
	/* operators are impatient */
	if (world_chance(w, 30))
		world_push(w, &(struct event){ .at = w->now + (4000 + world_random(w, 6000)) * MS, .kind = EV_FAULT,
					       .node = node, .count = KEEP });
}

/* lk_held_end(): by an event, so that lkstop may be at work. */
void keep_end(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	if (!keep_held(n, node) || !node_quorum(w, node))
		return;
	if (n->keeping != FREE && !w->params.without.no_turns)
		return;
	if (n->keeping == FREE)
		cancel(w, node);
	else
		for (unsigned i = 0; i < w->nodes; i++)
			if (i != node)
				world_send(w, &(struct msg){ .type = UNHOLD, .from = node, .to = i, .of = node,
							     .notes = n->notes[node], .state = -1 });
}

/* Here, or of another one by way of this. */
static void take_back(struct world *w, const struct msg *msg)
{
	struct node *n = &w->node[msg->to];
	struct msg on = *msg;

	if (!msg->who || msg->who == 1u << msg->to) {
		n->notes[msg->of] &= w->params.without.no_tags ? 0 : ~msg->notes;
		n->hopeless = 0;
		return;
	}
	on.from = msg->to;
	on.to = (unsigned)__builtin_ctz(msg->who);
	world_send(w, &on);
}

void keep_message(struct world *w, const struct msg *msg)
{
	struct node *n = &w->node[msg->to];

	if (msg->type == HOLD)
		n->notes[msg->of] |= msg->notes;
	else if (msg->type == UNHOLD)
		take_back(w, msg);
	if (msg->who)
		return;
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
