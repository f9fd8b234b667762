/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Explore random schedules:
 *
 *	sim [-q majority|storage] [-d] [-f] [-o] [-w] [-n NODES] [-s SEED] [-c SCHEDULES] [-t] [-p] [-m MUTATION]
 *
 * -d: once all lose network and storage, and the storage comes back to all; -f: operators stop daemons by lkstop -f, too;
 * -o: they change lease and stop of nodes, too; -w: clocks are set, which only the objects of the storage tell;
 * -t traces; -p prints, as a case for tests/decide, each kind of picture that was decided on;
 * -m takes away a part of the protocol, and may be given again: delay, epoch, majority, bar, life (of those that were
 * fenced), asked (who asks is one that lives);
 * with -o: kept (what others have told outlasts a restart), told (a heartbeat tells what was given before), least
 * (what was sent before terms were raised gives no more), known (who grants has confirmed the terms by which it bars);
 * of storage quorum: look (who takes over has looked since it can be seen itself), late (and since it has granted
 * anything), noted (as it has noted when that was), beats (and since the last heartbeat that was confirmed has ceased to
 * count), first (a first look says nothing of the time before), back (of those that were fenced only the storage may
 * have heard since), own (who has it in service takes a higher epoch when others come back), again (and asks them once
 * more if one did not answer);
 * of lkstop -f: held (the others know of it), turns (nobody takes that back, or restores anything, while it is at work),
 * tags (the removal of one note is none of a later one), left (nothing is left to who waits for a note that is over).
 * The exit code is 1 if a schedule violates what must hold; its seed is printed.
 *
 * What must hold: one owner; a majority that stays together serves in time; no change of owner is forgotten. With storage
 * who is alone may win by an epoch that one that is away has won before. That harms nobody, as no epoch is
 * granted while that one may run: at the end, when all are together again, the newest record names who runs it.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lk/poison.h"

#define FAULTS_END (40 * S)
#define BOUND (25 * S)
#define END (FAULTS_END + BOUND + 5 * S)
#define LONGER (6 * S)		/* with the longest lease and stop that an operator sets, on a slow clock */
#define SETTLED (10 * S)

static bool spared(const struct world *w, unsigned node)
{
	return w->now >= w->calm && w->together >> node & 1;
}

static void cut(struct world *w, unsigned from, unsigned to, bool both)
{
	if (spared(w, from) && spared(w, to))
		return;
	w->cut[from][to] = true;
	if (both)
		w->cut[to][from] = true;
}

static void partition(struct world *w, uint32_t side)
{
	for (unsigned a = 0; a < w->nodes; a++)
		for (unsigned b = 0; b < w->nodes; b++)
			if (a != b && (side >> a & 1) != (side >> b & 1))
				cut(w, a, b, true);
}

static void heal(struct world *w)
{
	memset(w->cut, 0, sizeof(w->cut));
	w->loss = 0;
	w->slow = 0;
	for (unsigned i = 0; i < w->nodes; i++)
		if (w->outcast >> i & 1)
			partition(w, 1u << i);
}

static void hit_node(struct world *w, unsigned node, enum fault fault)
{
	struct node *n = &w->node[node];

	if (spared(w, node) || w->node[node].stopped > (fault == CRASH))
		return;
	if (fault == CRASH && n->on) {
		node_crash(w, node);
		if (w->now + 10 * S < w->calm || world_chance(w, 50))
			world_boot_later(w, node, (int64_t)world_random(w, 15000) * MS + MS);
	} else if (fault == PAUSE && n->on) {
		n->paused = w->now + (int64_t)world_random(w, world_chance(w, 50) ? 3000 : 20000) * MS;
		if (w->together >> node & 1 && n->paused > w->calm)
			n->paused = w->calm;
		world_trace(w, node, "is paused until %.3f", (double)n->paused / S);
	} else if (fault == LCM && n->on && n->paused <= w->now) {
		node_boot(w, node, true);
	} else if (fault == TERMS) {
		node_change_terms(w, node);
	} else if (fault == WALL) {
		n->wall = ((int64_t)world_random(w, 200001) - 100000) * (world_chance(w, 50) ? MS : S);
		world_trace(w, node, "has its clock set to %.3f s off", (double)n->wall / S);
	}
}

/* Whom it takes for dead is, then, in the incarnation that it has heard of, and comes back soon or later. */
static void fence(struct world *w, unsigned node, unsigned other)
{
	struct node *n = &w->node[node];

	if (!n->on || n->paused > w->now || spared(w, other) || node_life(w, node, other) != LK_LIFE_DEAD)
		return;
	n->fenced[other] = sim_life(n, other);
	n->fenced_at[other] = world_clock(w, node) / MS;
	node_crash(w, other);
	world_boot_later(w, other, (int64_t)(1 + world_random(w, world_chance(w, 50) ? 500 : 15000)) * MS);
}

/* The newest record of those that stay together; without one 0. */
static uint64_t newest(const struct world *w, int *owner)
{
	uint64_t epoch = 0;

	*owner = LK_PIC_NOBODY;
	for (unsigned i = 0; i < w->nodes; i++) {
		const struct node *n = &w->node[i];

		if (!(w->together >> i & 1) || (n->epoch <= epoch && (n->epoch != epoch || *owner >= 0)))
			continue;
		epoch = n->epoch;
		*owner = n->owner;
	}
	return epoch;
}

/* All is calm, and nobody has ever had it: an operator sees to that. */
static void order(struct world *w)
{
	for (unsigned i = 0; i < w->nodes && !w->starts; i++) {
		if (!(w->together >> i & 1))
			continue;
		w->ordered = true;
		recover_operator(w, i, true);
		return;
	}
}

/* Network and storage are gone for all; the storage comes back to all at once, and operators want the resource then. */
static void dark(struct world *w)
{
	int64_t light = w->now + (13000 + world_random(w, 9000)) * MS;

	for (unsigned i = 0; i < w->nodes; i++) {
		partition(w, 1u << i);
		storage_strike(w, i, i, STORE_CUT);
		for (unsigned k = 0; k < 8; k++)
			world_push(w, &(struct event){ .at = light + world_random(w, 5000) * MS, .kind = EV_FAULT,
						       .node = i, .count = IN_SERVICE });
	}
	world_push(w, &(struct event){ .at = light, .kind = EV_FAULT, .node = 0, .count = STORE_HEAL });
}

static void strike(struct world *w, const struct event *event)
{
	unsigned node = event->node, other = (node + 1 + world_random(w, w->nodes - 1)) % w->nodes;
	bool operating = w->now < w->calm && w->node[node].on && !w->node[node].stopped && w->node[node].paused <= w->now;

	switch ((enum fault)event->count) {
	case BOOT:
		if (!w->node[node].on && event->life == w->node[node].life && !(w->outcast >> node & 1))
			node_boot(w, node, false);
		return;
	case CUT:
		cut(w, node, other, true);
		break;
	case CUT_ONE_WAY:
		cut(w, node, other, false);
		break;
	case ISOLATE:
		partition(w, 1u << node);
		break;
	case PARTITION:
		partition(w, world_random(w, 1u << w->nodes));
		break;
	case HEAL:
		heal(w);
		break;
	case NOISE:
		w->loss = w->now < w->calm ? world_random(w, 40) : 0;
		w->slow = w->now < w->calm ? world_random(w, 4000) * MS : 0;
		break;
	case FENCE:
		fence(w, node, other);
		break;
	case IN_SERVICE:
	case OUT_OF_SERVICE:
		if (operating)
			recover_operator(w, node, event->count == IN_SERVICE);
		break;
	case STORE_CUT ... QWK:
		storage_strike(w, node, other, (enum fault)event->count);
		break;
	case ALL_ALONE:
		for (unsigned i = 0; i < w->nodes; i++)
			partition(w, 1u << i);
		break;
	case DARK:
		dark(w);
		break;
	case KEEP:
		if (operating && !w->node[node].stopped)
			keep_begin(w, node);
		break;
	case START:
		if (event->life == w->node[node].life)
			keep_start(w, node);
		break;
	default:
		hit_node(w, node, (enum fault)event->count);
	}
	world_trace(w, node, "fault %u (%u)", event->count, other);
}

/* With storage the others, as they live, would have a say: they are off, or cut off from everything. */
static void cast_out(struct world *w)
{
	w->outcast = ((1u << w->nodes) - 1) & ~w->together;
	for (unsigned i = 0; i < w->nodes; i++)
		if (w->outcast >> i & 1 && world_chance(w, 50))
			node_crash(w, i);
}

/* From here on a majority is up and stays together. */
static void calm_down(struct world *w)
{
	if (w->params.trace)
		printf("%9.3f calm: %x\n", (double)w->now / S, w->together);
	if (w->params.storage)
		cast_out(w);
	heal(w);
	storage_strike(w, 0, 0, STORE_HEAL);
	w->restore_fails = 0;
	for (unsigned i = 0; i < w->nodes; i++) {
		if (!(w->together >> i & 1))
			continue;
		/* an lkstop that is at work is killed */
		if (w->node[i].keeping != UNHOLDING)
			w->node[i].keeping = FREE;
		if (!w->node[i].on)
			node_boot(w, i, false);
		else if (w->node[i].stopped)
			keep_start(w, i);
	}
}

/* One of those that this mode has. */
static uint32_t draw(struct world *w)
{
	if (w->params.storage && world_chance(w, 40))
		return STORE_CUT + world_random(w, STORE_FAULTS - STORE_CUT);
	if (w->params.terms && world_chance(w, 30))
		return TERMS;
	if (w->params.keep && world_chance(w, 30))
		return KEEP;
	if (w->params.wall && world_chance(w, 30))
		return WALL;
	return 1 + world_random(w, FAULTS - 1);
}

static void fault_at(struct world *w, int64_t at, unsigned node, enum fault fault)
{
	world_push(w, &(struct event){ .at = at, .kind = EV_FAULT, .node = node, .count = fault });
}

/* The terms of a node that hangs soon after are changed, and the others' lcm is started anew. */
static void plan_terms(struct world *w)
{
	unsigned node = world_random(w, w->nodes);
	int64_t at = (9000 + world_random(w, 15000)) * MS;

	for (unsigned i = 1 + world_random(w, 3); i; i--, at += (200 + world_random(w, 4000)) * MS)
		fault_at(w, at, node, TERMS);
	fault_at(w, at, node, PAUSE);
	for (unsigned i = 0; i < w->nodes; i++)
		if (i != node && world_chance(w, 60))
			fault_at(w, at - 1000 * MS + world_random(w, 3000) * MS, i, LCM);
}

static void plan(struct world *w)
{
	unsigned faults = 2 + world_random(w, 12);

	w->switchback = world_chance(w, 30) ? LK_AUTOMATIC : LK_INTELLIGENT;
	w->restore_fails = world_chance(w, 20) ? 30 : 0;
	w->calm = FAULTS_END;
	while (w->params.storage ? !w->together : 2 * (unsigned)__builtin_popcount(w->together) <= w->nodes)
		w->together |= 1u << world_random(w, w->nodes);
	if (world_chance(w, 30))
		w->together = (1u << w->nodes) - 1;
	for (unsigned i = 0; i < w->nodes; i++) {
		w->priority[i] = 1 + (i + w->together) % w->nodes;
		w->node[i].owner = LK_PIC_NORECORD;
		w->node[i].terms = sim_terms();
		w->node[i].promise.candidate = LK_GRANT_NOBODY;
		w->node[i].for_whom = -1;
		w->node[i].rate = (int)world_random(w, 15) - 7;
		world_boot_later(w, i, (int64_t)world_random(w, 1500) * MS);
	}
	world_push(w, &(struct event){ .at = 7 * S, .kind = EV_FAULT, .node = world_random(w, w->nodes),
				       .count = IN_SERVICE });
	for (int64_t at = w->calm + 2 * S; at < END; at += 2 * S)
		world_push(w, &(struct event){ .at = at, .kind = EV_FAULT, .count = ORDER });
	if (w->params.terms)
		plan_terms(w);
	for (unsigned i = 0; i < faults; i++) {
		int64_t at = 6 * S + world_random(w, (uint32_t)((END - 6 * S) / MS)) * MS;

		if (world_chance(w, 75))
			at = 6 * S + world_random(w, (uint32_t)((FAULTS_END - 6 * S) / MS)) * MS;
		world_push(w, &(struct event){ .at = at, .kind = EV_FAULT, .node = world_random(w, w->nodes),
					       .count = draw(w) });
	}
	if (w->params.dark)
		world_push(w, &(struct event){ .at = (8000 + world_random(w, 12000)) * MS, .kind = EV_FAULT, .count = DARK });
}

/* ---- what must hold ---- */

static int64_t longer(const struct world *w)
{
	return w->params.terms ? LONGER : 0;
}

/* Should it be in service, by the newest record of those that stay together, or since an operator wants it? */
static bool is_wanted(const struct world *w)
{
	uint32_t held = 0;
	int owner;

	for (unsigned i = 0; i < w->nodes; i++)
		held |= w->together >> i & 1 ? keep_held_set(&w->node[i]) : 0;
	if (!newest(w, &owner))
		return w->ordered && !w->starts;
	/* One that was stopped with it, by a note of one of those, and is not among them: it is waited for. Whether it is off,
	 * or is back and could not tell all, is not seen from there; lk_fence says so, or it tells them later. */
	return owner >= 0 && !(held & ~w->together);
}

static void check(struct world *w)
{
	bool served = false;

	for (unsigned i = 0; i < w->nodes; i++)
		served = served || (w->node[i].on && w->node[i].service == IN && w->node[i].paused <= w->now);
	if (w->now < w->calm || served || !is_wanted(w))
		w->wanted = -1;
	else if (w->wanted < 0)
		w->wanted = w->now;
	else if (w->now - w->wanted > BOUND + longer(w))
		world_violation(w, "a majority stays together, and there is no service");
}

/* The watchdog is hardware: a node that hangs is ended as well. */
static void watch(struct world *w)
{
	for (unsigned i = 0; i < w->nodes; i++) {
		if (!node_runs(&w->node[i]) || !node_lease_over(w, i))
			continue;
		world_trace(w, i, "is reset by its watchdog");
		w->resets++;
		node_crash(w, i);
		world_boot_later(w, i, (int64_t)(1 + world_random(w, 5)) * S);
	}
}

static void dispatch(struct world *w, const struct event *event)
{
	struct node *n = &w->node[event->node];

	if (event->kind == EV_FAULT && event->count == ORDER) {
		order(w);
		return;
	}
	if (event->kind == EV_FAULT) {
		strike(w, event);
		return;
	}
	if (event->kind >= EV_ROUND) {
		storage_event(w, event);
		return;
	}
	if (!n->on || n->stopped || event->life != n->life)
		return;
	if (n->paused > w->now) {
		struct event later = *event;

		later.at = n->paused;
		world_push(w, &later);
		return;
	}
	if (event->kind == EV_MSG) {
		if (event->msg.type == BEAT)
			node_take_beat(w, &event->msg);
		else
			recover_message(w, &event->msg);
	} else if (event->count == n->started[event->timer]) {
		if (event->timer == T_BEAT)
			node_beat(w, event->node);
		else if (event->timer == T_TICK)
			node_tick(w, event->node);
		else
			recover_timer(w, event->node, event->timer);
	}
}

/* With all together again, and some time for it: does the newest record name who runs it, and no other one of that epoch
 * somebody else? (One that is older may be on its way, or was lost: the next event brings it.) */
static void check_records(struct world *w)
{
	int runs = -1;

	for (unsigned i = 0; i < w->nodes; i++)
		if (w->node[i].service == IN)
			runs = (int)i;
	if (runs < 0 || w->outcast || w->together != (1u << w->nodes) - 1 || w->now - w->started < SETTLED)
		return;
	for (unsigned i = 0; i < w->nodes; i++)
		if (w->node[i].epoch >= w->node[runs].epoch && w->node[i].owner != runs)
			world_violation(w, "the newest record names another owner");
}

static void run(struct world *w, const struct params *params, uint64_t seed)
{
	struct event event;
	struct event *heap = w->heap;
	unsigned room = w->room;

	*w = (struct world){ .params = *params, .heap = heap, .room = room, .nodes = params->nodes, .wanted = -1,
			     .last_owner = -1, .random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1 };
	plan(w);
	bool calm = false;

	while (!w->violation && world_pop(w, &event) && event.at < END + longer(w)) {
		w->now = event.at;
		w->steps++;
		watch(w);
		if (!calm && w->now >= w->calm) {
			calm = true;
			calm_down(w);
		}
		dispatch(w, &event);
		check(w);
	}
	if (!w->violation)
		check_records(w);
}

/* false: there is no such part. */
static bool mutate(struct mutation *without, const char *what)
{
	const struct {
		const char *name;
		bool *part;
	} parts[] = {
		{ "delay", &without->no_delay }, { "epoch", &without->no_epoch }, { "majority", &without->no_majority },
		{ "bar", &without->no_bar }, { "life", &without->no_life }, { "asked", &without->no_asked },
		{ "look", &without->no_look }, { "late", &without->no_late }, { "noted", &without->no_noted },
		{ "beats", &without->no_beats }, { "first", &without->no_first },
		{ "kept", &without->no_kept }, { "told", &without->no_told }, { "least", &without->no_least },
		{ "back", &without->no_back }, { "held", &without->no_held }, { "turns", &without->no_turns },
		{ "tags", &without->no_tags },
		{ "own", &without->no_own }, { "again", &without->no_again },
		{ "known", &without->no_known },
		{ "left", &without->no_left },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (strcmp(what, parts[i].name) != 0)
			continue;
		*parts[i].part = true;
		return true;
	}
	return false;
}

static bool take_options(int argc, char **argv, struct params *params, unsigned long long *schedules)
{
	bool good = true;
	int opt;

	while ((opt = getopt(argc, argv, "q:n:s:c:m:dfowtp")) != -1) {
		switch (opt) {
		case 'q':
			params->storage = !strcmp(optarg, "storage");
			good = good && (params->storage || !strcmp(optarg, "majority"));
			break;
		case 'n': params->nodes = (unsigned)strtoul(optarg, NULL, 10); break;
		case 's': params->seed = strtoull(optarg, NULL, 10); break;
		case 'c': *schedules = strtoull(optarg, NULL, 10); break;
		case 'm': good = mutate(&params->without, optarg) && good; break;
		case 'd': params->dark = true; break;
		case 'f': params->keep = true; break;
		case 'o': params->terms = true; break;
		case 'w': params->wall = true; break;
		case 't': params->trace = true; break;
		case 'p': params->pictures = true; break;
		default: good = false;
		}
	}
	return good && params->nodes >= 2 && params->nodes <= (params->storage ? LK_QWK_NODES : MAX_NODES);
}

int main(int argc, char **argv)
{
	struct params params = { .nodes = 3, .seed = 1 };
	unsigned long long schedules = 1, starts = 0, takeovers = 0, lapses = 0, resets = 0, steps = 0;
	static struct world world;

	if (!take_options(argc, argv, &params, &schedules))
		return 2;
	for (unsigned long long i = 0; i < schedules; i++) {
		run(&world, &params, params.seed + i);
		starts += world.starts;
		takeovers += world.takeovers;
		lapses += world.lapses;
		resets += world.resets;
		steps += world.steps;
		if (!world.violation)
			continue;
		printf("seed %llu: %s at %.3f s, %u nodes\n", (unsigned long long)params.seed + i, world.violation,
		       (double)world.now / S, params.nodes);
		return 1;
	}
	if (params.pictures)
		return 0;
	printf("%llu schedules of %u nodes from seed %llu: %llu events, %llu starts, %llu takeovers, %llu leases lost, %llu resets, 0 violations\n",
	       schedules, params.nodes, (unsigned long long)params.seed, steps, starts, takeovers,
	       lapses, resets);
	free(world.heap);
	return 0;
}
