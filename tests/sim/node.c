/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One node's lcm: heartbeats that confirm heartbeats, the peers' lives, the lease. */
#include "sim.h"

#include <string.h>
#include "lk/poison.h"

struct lk_terms sim_terms(void)
{
	return lk_terms(INTERVAL, MISSES, STOP);
}

bool node_runs(const struct node *node)
{
	return node->on && node->service != OUT;
}

/* The larger ones of all that are known. */
struct lk_terms node_widest(const struct world *w, unsigned node)
{
	struct lk_terms wide = w->node[node].terms;

	for (unsigned i = 0; i < w->nodes; i++)
		lk_terms_widen(&wide, &w->node[node].terms_of[i].terms);
	return wide;
}

void node_change_terms(struct world *w, unsigned node)
{
	static const int64_t stops[] = { STOP / 2, STOP, 2 * STOP, 3 * STOP };
	struct node *n = &w->node[node];

	n->terms = lk_terms(INTERVAL, MISSES + world_random(w, 2), stops[world_random(w, 4)]);
	if (n->on)
		lk_hold_terms(&n->hold, &n->terms, world_clock(w, node));
	if (w->params.without.no_least)
		n->hold.given.least = n->terms;
	world_trace(w, node, "has a lease of %.3f and a stop of %.3f now", (double)n->terms.lease / S,
		    (double)n->terms.stop / S);
}

/* What lcm knows when it begins. Where terms never change its predecessor may have sent what is confirmed. */
static void boot_terms(struct world *w, unsigned node, bool lcm_only)
{
	struct node *n = &w->node[node];

	n->deadline = lcm_only ? n->deadline : 0;
	n->hold.given.deadline = n->deadline;
	n->hold.given.stop = n->deadline > n->hold.until ? n->deadline - n->hold.until : 0;
	lk_hold_terms(&n->hold, &n->terms, w->params.terms ? world_clock(w, node) : 0);
	for (unsigned i = 0; i < w->nodes; i++) {
		struct lk_heard *heard = &n->terms_of[i];

		if (w->params.without.no_kept)
			heard->kept = (struct lk_terms){ 0 };
		heard->terms = heard->kept;
		n->heard_since[i] = world_clock(w, node);
		n->latest[i] = false;
	}
}

/* A start of the machine, or of lcm alone while everything else goes on. */
void node_boot(struct world *w, unsigned node, bool lcm_only)
{
	struct node *n = &w->node[node];
	int64_t now = world_clock(w, node);
	int64_t until = lcm_only ? n->hold.until : 0;
	bool lapsed = lcm_only && n->hold.lapsed;

	n->on = true;
	n->stopped = false;
	n->keeping = FREE;
	n->life++;
	if (!lcm_only)
		memset(n->fenced, 0, sizeof(n->fenced));
	if (!lcm_only)
		memset(n->granted, 0, sizeof(n->granted));
	lk_hold_init(&n->hold, w->nodes, node, until);
	boot_terms(w, node, lcm_only);
	n->hold.lapsed = lapsed;
	n->hold.all = w->params.storage;
	if (w->params.storage && !lcm_only)
		storage_boot(w, node, true);
	for (unsigned i = 0; i < w->nodes; i++) {
		n->peer[i].safety = INTERVAL * MISSES / MS;
		peer_init(&n->peer[i], false, now / MS);
		n->path[i] = false;
		n->heard[i] = n->peer_life[i] = n->asked_life[i] = 0;
		n->beat_at[i] = n->echoed[i] = now;
	}
	struct lk_terms wide = node_widest(w, node);

	for (unsigned i = 0; i < w->nodes; i++)
		n->barred[i] = w->params.without.no_bar ? 0 : now + lk_terms_bar(&n->terms, &wide);
	n->nqueue = 0;
	n->phase = IDLE;
	if (n->service == RESTORING)	/* its command was killed: what was started has to be stopped */
		n->service = IN;
	if (n->service == REMOVING)
		world_timer(w, node, T_DONE, 1 * S);
	world_trace(w, node, "starts");
	world_timer(w, node, T_BEAT, 0);
	world_timer(w, node, T_TICK, INTERVAL / 4);
	world_timer(w, node, T_BOOTED, INTERVAL * MISSES + 500 * MS);
	world_timer(w, node, T_CHECK, 2 * S);
}

void node_crash(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	if (!n->on)
		return;
	world_trace(w, node, "goes down%s", n->service != OUT ? " with the resource" : "");
	n->on = n->stopped = n->unwatched = n->lost = false;
	n->life++;
	n->qwk_life++;
	n->paused = 0;
	n->service = OUT;
	n->failed = false;
	n->phase = IDLE;
	n->nqueue = 0;
}

enum lk_life node_life(const struct world *w, unsigned node, unsigned of)
{
	switch (w->node[node].peer[of].state) {
	case PEER_DOWN: return LK_LIFE_DEAD;
	case PEER_UNKNOWN: return LK_LIFE_UNKNOWN;
	default: return node == of || w->node[node].peer[of].state != PEER_SUSPECT ? LK_LIFE_ALIVE :
										       LK_LIFE_UNKNOWN;
	}
}

/* ---- the lease ---- */

bool node_lease_over(const struct world *w, unsigned node)
{
	const struct node *n = &w->node[node];

	return !n->unwatched && world_clock(w, node) >= (n->hold.until ? n->deadline : STOP);
}

/* To be called before anything relies on it. A lost lease is noticed here. */
void node_lease(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];
	bool was = n->hold.lapsed;
	int64_t before = n->hold.until;

	if (w->params.storage && n->qwk.written > 0)
		lk_hold_stored(&n->hold, (n->qwk.written + lk_qwk_limit(&n->qwk)) * MS);
	lk_hold_renew(&n->hold, world_clock(w, node));
	/* what was published is not taken back */
	if (n->hold.until != before && n->hold.until + n->hold.given.stop > n->deadline)
		n->deadline = n->hold.until + n->hold.given.stop;
	n->unwatched = n->unwatched && !n->hold.until;
	if (!n->hold.lapsed)
		return;
	if (!was) {
		w->lapses++;
		world_trace(w, node, "has lost its lease%s", n->service != OUT ? " with the resource" : "");
	}
	if (n->service == OUT)
		lk_hold_clear(&n->hold);
	else
		recover_stop(w, node);
}

bool node_quorum(const struct world *w, unsigned node)
{
	return lk_hold_valid(&w->node[node].hold, world_clock(w, node)) &&
	       (!w->params.storage || storage_fresh(w, node));
}

/* ---- heartbeats ---- */

void node_beat(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];
	int64_t now = world_clock(w, node);

	for (unsigned i = 0; i < w->nodes; i++) {
		struct msg msg = { .type = BEAT, .from = node, .to = i, .sent = now, .view = n->peer[i].state,
				   .told = w->params.without.no_told ? n->terms : lk_hold_tell(&n->hold, now) };

		if (i == node)
			continue;
		msg.echo = n->heard[i];
		world_send(w, &msg);
	}
	world_timer(w, node, T_BEAT, INTERVAL);
}

/* What the state machine says is to be done. */
static void act(struct world *w, unsigned node, unsigned of, unsigned actions)
{
	if (actions & PEER_DO_UP)
		recover_event(w, node, LK_EVENT_UP, of);
	if (actions & PEER_DO_DOWN)
		recover_event(w, node, LK_EVENT_DOWN, of);
}

static void machine(struct world *w, unsigned node, unsigned of, enum peer_event event)
{
	struct peer *peer = &w->node[node].peer[of];
	enum peer_state was = peer->state;
	unsigned actions = peer_event(peer, event, world_clock(w, node) / MS);

	if (was != peer->state)
		world_trace(w, node, "%u: %s -> %s", of, peer_state_name(was), peer_state_name(peer->state));
	if (actions & PEER_STRANGE && event != PEER_TIMED_OUT)
		world_violation(w, "the state machine has no line for an event");
	act(w, node, of, actions);
}

/* Who does not hear us does not get what confirms it: it must count as silent. */
static bool hears_us(const struct msg *beat)
{
	return beat->view == PEER_ALIVE || beat->view == PEER_RETURNING;
}

/* What is not kept yet is, before it is confirmed. */
static void take_terms(struct node *n, const struct msg *msg, bool confirmed)
{
	struct lk_heard *heard = &n->terms_of[msg->from];

	if (!lk_heard_tells(heard, &msg->told))
		lk_heard_kept(heard, &heard->terms);
	if (!confirmed)
		return;
	lk_heard_takes(heard, &msg->told, n->latest[msg->from]);
	lk_heard_kept(heard, &heard->terms);
}

void node_take_beat(struct world *w, const struct msg *msg)
{
	unsigned from = msg->from;
	struct node *n = &w->node[msg->to];
	int64_t now = world_clock(w, msg->to);

	if (msg->life < n->peer_life[from])
		return;		/* of a connection that is gone */
	bool reborn = msg->life > n->peer_life[from] && n->peer_life[from];

	if (msg->life > n->peer_life[from]) {
		n->heard[from] = 0;
		n->heard_since[from] = now;
		n->latest[from] = false;
	}
	n->latest[from] |= msg->echo >= n->heard_since[from];
	n->peer_life[from] = msg->life;
	/* what comes while it is barred is never confirmed; what came before may be, again and again: the
	 * lease counts from when it was sent, which was before now */
	bool newer = msg->sent > n->heard[from], confirmed = newer && now >= n->barred[from] && hears_us(msg);

	if (newer)
		take_terms(n, msg, confirmed);
	if (confirmed) {
		n->heard[from] = msg->sent;
		n->echoed[from] = now;
	}
	n->beat_at[from] = now;
	peer_sign(&n->peer[from], now / MS);
	if (reborn)
		machine(w, msg->to, from, PEER_REBORN);
	if (!n->path[from] || n->peer[from].state == PEER_DOWN || n->peer[from].state == PEER_SUSPECT ||
	    n->peer[from].state == PEER_UNKNOWN) {
		n->path[from] = true;
		machine(w, msg->to, from, PEER_PATH_UP);
	}
	if (msg->view == PEER_DOWN && n->peer[from].state == PEER_ALIVE)
		machine(w, msg->to, from, PEER_TOLD_DOWN);
	/* an echo of an earlier lcm of ours names a time that is as good */
	if (msg->echo)
		lk_hold_echo(&n->hold, from, msg->echo);
	node_lease(w, msg->to);
}

void node_tick(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];
	int64_t now = world_clock(w, node);

	node_lease(w, node);
	for (unsigned i = 0; i < w->nodes; i++) {
		if (i == node)
			continue;
		if (n->path[i] && now - n->beat_at[i] >= INTERVAL * MISSES) {
			n->path[i] = false;
			machine(w, node, i, PEER_ALL_DEAD);
		}
		if (!n->path[i] && n->peer[i].state == PEER_UNKNOWN && now - n->beat_at[i] >= INTERVAL * MISSES)
			machine(w, node, i, PEER_ALL_DEAD);
		act(w, node, i, peer_tick(&n->peer[i], now / MS));
	}
	world_timer(w, node, T_TICK, INTERVAL / 4);
}

/* The handler of an event has ended. */
void node_handled(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	if (n->now.event != LK_EVENT_AVAIL && n->peer[n->now.sys].state != PEER_DOWN)
		machine(w, node, n->now.sys, PEER_HANDLED);
}
