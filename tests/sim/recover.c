/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One node's recovery: ask the others, decide, collect the grants, start. */
#include "sim.h"

#include <string.h>
#include "lk/poison.h"

#define GATHER_LIMIT (1 * S)
#define TAKE_LIMIT (5 * S)
#define COLLECT_LIMIT (12 * S)
#define QUARANTINE (5 * S)
#define TRIES 10		/* of lib/canvass.c */

static void next(struct world *w, unsigned node);

static void done(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	n->phase = IDLE;
	if (!n->operators && !n->again)
		node_handled(w, node);
	next(w, node);
}

/* ---- records ---- */

static void send_record(struct world *w, unsigned node)
{
	for (unsigned i = 0; i < w->nodes; i++)
		if (i != node)
			world_send(w, &(struct msg){ .type = RECORD, .from = node, .to = i,
						     .epoch = w->node[node].epoch, .owner = w->node[node].owner });
}

static void adopt(struct node *n, uint64_t epoch, int owner)
{
	if (epoch < n->epoch || (epoch == n->epoch && !(n->owner < 0 && owner >= 0)))
		return;
	n->epoch = epoch;
	n->owner = owner;
	lk_grant_learn(&n->promise, epoch, owner);
}

/* Tell those what they have not heard of: lk_exchange_push(). */
static void push_records(struct world *w, unsigned node)
{
	const struct node *n = &w->node[node];

	for (unsigned i = 0; i < w->nodes; i++) {
		const struct msg *said = &n->report[i];

		if (n->reported[i] && (said->epoch < n->epoch || (said->epoch == n->epoch && said->owner != n->owner)))
			world_send(w, &(struct msg){ .type = RECORD, .from = node, .to = i, .epoch = n->epoch,
						     .owner = n->owner });
	}
}

/* Is it known that this one does not run it? */
static bool is_without(const struct world *w, unsigned node, unsigned other)
{
	const struct node *n = &w->node[node];

	return n->reported[other] ? n->report[other].state != LK_ISP : node_life(w, node, other) == LK_LIFE_DEAD;
}

/* is_doubted() of lib/recovery.c: has another one a record of this epoch that names somebody else who has not got it? */
static bool is_doubted(const struct world *w, unsigned node)
{
	const struct node *n = &w->node[node];
	bool doubted = false;

	for (unsigned i = 0; i < w->nodes; i++) {
		const struct msg *said = &n->report[i];

		if (i == node || !n->reported[i] || said->epoch != n->epoch || said->owner < 0 || said->owner == (int)node)
			continue;
		if (!is_without(w, node, (unsigned)said->owner))
			return false;
		doubted = true;
	}
	return doubted;
}

/* own() of lib/recovery.c: who has won alone may have a record that is no newer than that of one that was away. */
static void own(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	if (!w->params.storage || w->params.without.no_own || n->service != IN || !node_quorum(w, node))
		return;
	bool raise = n->owner == (int)node ? is_doubted(w, node) :
					     n->owner < 0 || is_without(w, node, (unsigned)n->owner);
	if (!raise)
		return;
	n->epoch++;
	n->owner = (int)node;
	lk_grant_learn(&n->promise, n->epoch, n->owner);
	world_trace(w, node, "owns what it runs, epoch %llu", (unsigned long long)n->epoch);
	send_record(w, node);
}

/* is_unheard() of lib/recovery.c: what it says may yet give a reason to own what runs here. */
static void note_unheard(struct world *w, unsigned node, unsigned sys)
{
	struct node *n = &w->node[node];

	n->unheard &= ~(1u << sys);
	if (w->params.storage && n->service == IN && node_quorum(w, node) && !n->reported[sys] &&
	    node_life(w, node, sys) == LK_LIFE_ALIVE && !w->params.without.no_again)
		n->unheard |= 1u << sys;
}

/* ---- stopping ---- */

void recover_stop(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];
	/* some removes hang: the watchdog has to end them */
	int64_t time = world_chance(w, 10) ? world_random(w, 10000) * MS : (10 + world_random(w, 500)) * MS;

	if (n->service == OUT || n->service == REMOVING)
		return;
	world_trace(w, node, "stops the resource");
	n->service = REMOVING;
	world_timer(w, node, T_DONE, time);
}

static void stopped(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];
	bool lost = n->hold.lapsed || n->lost;

	n->service = OUT;
	world_trace(w, node, "has stopped the resource");
	if (n->release && n->owner == (int)node) {
		n->epoch++;
		n->owner = LK_PIC_NOBODY;
		send_record(w, node);
	}
	n->release = false;
	if (n->for_whom >= 0)
		world_send(w, &(struct msg){ .type = REMOVED, .from = node, .to = (unsigned)n->for_whom });
	n->for_whom = -1;
	if (!lost)
		return;
	node_crash(w, node);	/* the quarantine: nobody hears of it until it starts again */
	world_boot_later(w, node, QUARANTINE);
}

/* ---- grants ---- */

/* The incarnation that was heard of last: by heartbeats, or since it has asked. */
uint32_t sim_life(const struct node *n, unsigned other)
{
	return n->asked_life[other] > n->peer_life[other] ? n->asked_life[other] : n->peer_life[other];
}

/* Has it ended? */
bool sim_ended(const struct world *w, unsigned node, unsigned other, const uint32_t *fenced)
{
	const struct node *n = &w->node[node];
	uint32_t life = sim_life(n, other);

	if (w->params.without.no_life)
		return fenced[other] || n->fenced[other];
	return life && (life == fenced[other] || life == n->fenced[other]);
}

static struct lk_grant_answer vote(struct world *w, unsigned node, const struct lk_grant_ask *ask, const uint32_t *fenced)
{
	struct node *n = &w->node[node];
	const struct mutation *without = &w->params.without;
	int64_t now = world_clock(w, node);
	struct lk_terms terms = node_widest(w, node);
	struct lk_grant_here here = { .self = node, .epoch = n->epoch, .owner = n->owner,
				      .in_service = n->service != OUT, .promise = n->promise };
	uint32_t concerned = ask->suspects | n->promise.runners | (n->owner >= 0 ? 1u << n->owner : 0);

	for (unsigned i = 0; i < w->nodes; i++) {
		bool held = keep_held(n, i) && !without->no_held;

		if ((now - n->echoed[i] >= lk_terms_quiet(&terms, &terms) && !held) || without->no_delay ||
		    sim_ended(w, node, i, fenced))
			here.quiet |= 1u << i;
	}
	if (w->params.storage)
		here.quiet = storage_gone(w, node, fenced, 0);
	n->granted[ask->candidate] = now / MS;
	if (without->no_epoch)
		here.epoch = here.promise.epoch = 0;
	struct lk_grant_answer answer = lk_grant(ask, &here);

	world_trace(w, node, "answers %u about epoch %llu: %s %llu %x", ask->candidate,
		    (unsigned long long)ask->epoch, lk_grant_names[answer.grant],
		    (unsigned long long)answer.epoch, answer.who);
	/* only for a yes, and not those who have released it: who asks must not cost others the lease */
	concerned &= ~ask->released & ~(1u << ask->candidate) & ~(1u << node);
	for (unsigned i = 0; i < w->nodes && answer.grant == LK_GRANT_YES && !w->params.storage; i++)
		if (concerned >> i & 1 && !without->no_bar)
			n->barred[i] = now + lk_terms_bar(&terms, &terms);
	n->promise = here.promise;
	return answer;
}

static void won(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	for (unsigned i = 0; i < w->nodes; i++)
		if (i != node && node_runs(&w->node[i]))
			world_violation(w, "two owners");
	/* who is alone with its storage knows only of those that it has seen since: "split brain" is what must not be */
	if (n->canvass.ask.epoch <= w->last_epoch && !w->params.storage)
		world_violation(w, "a change of owner is forgotten");
	if (n->canvass.ask.epoch > w->last_epoch)
		w->last_epoch = n->canvass.ask.epoch;
	w->starts++;
	w->takeovers += w->last_owner >= 0 && w->last_owner != (int)node;
	w->last_owner = (int)node;
	w->started = w->now;
	world_trace(w, node, "starts the resource, epoch %llu", (unsigned long long)n->canvass.ask.epoch);
	n->service = RESTORING;
	n->phase = STARTING;
	n->epoch = n->canvass.ask.epoch;
	n->owner = (int)node;
	lk_grant_learn(&n->promise, n->epoch, n->owner);
	send_record(w, node);
	world_timer(w, node, T_DONE, (50 + world_random(w, 1000)) * MS);
}

/* Does the own promise still stand, and the lease? */
static bool may_win(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];
	const struct mutation *without = &w->params.without;

	if (!node_quorum(w, node) || n->service != OUT || (n->keeping != FREE && n->keeping != UNHOLDING && !without->no_turns))
		return false;
	if (!without->no_epoch && (n->promise.epoch != n->canvass.ask.epoch || n->promise.candidate != (int)node))
		return false;
	/* one that is back may not have been seen to write since */
	if (n->seen_held & ~keep_held_set(n))
		n->since = world_clock(w, node) / MS;
	n->seen_held = keep_held_set(n);
	if (w->params.storage && !without->no_majority)
		return lk_canvass_won_all(&n->canvass, storage_gone(w, node, n->fenced, n->since), world_clock(w, node),
					  storage_limit() / 2);
	if (n->asked_by != n->hold.given.changed && !without->no_known)
		return false;
	uint32_t knowing = without->no_known ? UINT32_MAX : lk_hold_knowing(&n->hold);

	return lk_canvass_won(&n->canvass, knowing, world_clock(w, node), lk_terms_window(&n->terms)) ||
	       (without->no_majority && n->canvass.asked[node]);
}

/* Those of the set that cannot be asked from here. */
static uint32_t unseen(const struct world *w, unsigned node, uint32_t set)
{
	for (unsigned i = 0; i < w->nodes; i++)
		if (i == node || node_life(w, node, i) == LK_LIFE_ALIVE)
			set &= ~(1u << i);
	return set;
}

/* What it reports. */
static uint32_t unseen_held(const struct world *w, unsigned node)
{
	return w->params.without.no_left ? 0 : unseen(w, node, keep_held_set(&w->node[node]));
}

/* With a note against it those that it speaks of, if they can be asked: is_for_others() of lib/canvass_ask.c. */
static uint32_t is_for(const struct world *w, unsigned node, const struct lk_grant_answer *own)
{
	if (!w->node[node].hopeless || unseen(w, node, own->who))
		return UINT32_MAX;
	return own->who;
}

static void ask_all(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];
	int64_t now = world_clock(w, node);
	uint32_t knowing = lk_hold_knowing(&n->hold);
	struct lk_grant_answer answer;
	struct lk_canvass_sent sent;

	/* what was asked by other terms is no grant for those: a try of its own in lib/canvass.c */
	if (n->asked_by != n->hold.given.changed && !w->params.without.no_known)
		memset(n->canvass.asked, 0, sizeof(n->canvass.asked));
	n->asked_by = n->hold.given.changed;
	do {
		sent = (struct lk_canvass_sent){ .when = now, .suspects = n->canvass.ask.suspects };
		answer = vote(w, node, &n->canvass.ask, n->fenced);
		n->hopeless = answer.grant == LK_GRANT_ALIVE ? answer.who & keep_held_set(n) : 0;
	} while (!lk_canvass_answer(&n->canvass, node, &sent, &answer));
	uint32_t whom = is_for(w, node, &answer);
	for (unsigned i = 0; i < w->nodes; i++) {
		struct msg msg = { .type = ASK, .from = node, .to = i, .sent = now, .ask = n->canvass.ask,
				   .by_way_of = -1, .knowing = knowing, .by = n->asked_by };

		memcpy(msg.fenced, n->fenced, sizeof(msg.fenced));
		if (i != node && whom >> i & 1)
			world_send(w, &msg);
	}
}

static void stand(struct world *w, unsigned node, uint64_t above)
{
	struct node *n = &w->node[node];
	struct lk_grant_ask ask = { .candidate = node, .epoch = above };

	if (n->epoch > ask.epoch)
		ask.epoch = n->epoch;
	if (n->promise.epoch > ask.epoch)
		ask.epoch = n->promise.epoch;
	ask.epoch++;
	if (n->promise.candidate != (int)node || n->promise.epoch <= n->epoch || !n->since)
		n->since = world_clock(w, node) / MS;
	ask.suspects = (n->promise.runners | (n->owner >= 0 ? 1u << n->owner : 0)) & ~(1u << node);
	lk_canvass_begin(&n->canvass, w->nodes, &ask);
	world_trace(w, node, "asks for epoch %llu", (unsigned long long)ask.epoch);
	ask_all(w, node);
}

static void collect(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	node_lease(w, node);
	if (!n->on || n->service != OUT || !node_quorum(w, node)) {
		done(w, node);
		return;
	}
	/* an operator may change them at any moment; here it matters most */
	if (w->params.terms && w->now < w->calm && world_chance(w, 25))
		node_change_terms(w, node);
	n->phase = COLLECTING;
	n->give_up = world_clock(w, node) + (n->operators ? 1 * S : COLLECT_LIMIT);
	n->since = 0;
	n->tries = 0;
	stand(w, node, 0);
	world_timer(w, node, T_STEP, (200 + world_random(w, 400)) * MS);
	if (may_win(w, node))
		won(w, node);
}

/* Of those that have answered since it is known that they do not run it. */
static uint32_t hopeless(const struct node *n)
{
	return n->hopeless & ~n->canvass.ask.released;
}

/* Does another event wait than once more the one that this is about? That one waits for the end of its handler, as in lcm. */
static bool is_outdated(const struct node *n)
{
	for (unsigned i = 0; i < n->nqueue; i++)
		if (n->queue[i].event != n->now.event || n->queue[i].sys != n->now.sys)
			return true;
	return false;
}

/* Time to ask once more. */
static void collect_again(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	/* an operator's command is not ended by events: those have processes of their own */
	if (world_clock(w, node) >= n->give_up || (is_outdated(n) && !n->operators) || unseen(w, node, hopeless(n)) ||
	    (hopeless(n) && n->tries++ >= TRIES)) {
		done(w, node);
		return;
	}
	if (n->canvass.outbid)
		stand(w, node, n->canvass.highest);
	else
		ask_all(w, node);
	world_timer(w, node, T_STEP, (200 + world_random(w, 400)) * MS);
	if (w->params.storage && may_win(w, node))
		won(w, node);
}

/* Of one that may bar by other terms than those by which we collect. */
static bool is_no_grant(const struct world *w, const struct msg *msg)
{
	bool known = msg->knowing >> msg->who & 1 && msg->by == w->node[msg->to].asked_by;

	return !w->params.storage && !w->params.without.no_known && !known && msg->answer.grant == LK_GRANT_YES;
}

static void take_answer(struct world *w, const struct msg *msg)
{
	struct node *n = &w->node[msg->to];
	struct lk_canvass_sent sent = { .when = msg->sent, .suspects = msg->ask.suspects };

	if (n->phase != COLLECTING || msg->ask.epoch != n->canvass.ask.epoch)
		return;
	/* its release it is all the same */
	if (is_no_grant(w, msg)) {
		n->canvass.ask.released |= 1u << msg->who & ~(1u << n->canvass.ask.candidate);
		return;
	}
	if (!lk_canvass_answer(&n->canvass, msg->who, &sent, &msg->answer))
		ask_all(w, msg->to);
	node_lease(w, msg->to);
	if (n->phase == COLLECTING && may_win(w, msg->to))
		won(w, msg->to);
}

/* ---- deciding ---- */

static int report_state(const struct node *n)
{
	return n->service == OUT ? n->failed ? LK_OSF : LK_OSU : LK_ISP;
}

static void picture(const struct world *w, unsigned node, struct lk_picture *pic, struct lk_pic_res *res,
		    struct lk_pic_copy copy[static MAX_NODES])
{
	const struct node *n = &w->node[node];
	static const char *const names[MAX_NODES] = { "a", "b", "c", "d", "e", "f", "g" };

	*pic = (struct lk_picture){ .self = (uint8_t)node, .nsys = w->nodes, .res = res, .copy = copy, .nres = 1,
				    .ncopy = w->nodes, .grants = true,
				    .quorum = node_quorum(w, node) ? LK_QUORUM_YES :
											      LK_QUORUM_NO };
	*res = (struct lk_pic_res){ .tag = "r", .n = w->nodes, .root = w->switchback };
	for (unsigned i = 0; i < w->nodes; i++) {
		bool known = i == node || n->reported[i];

		pic->sys[i] = (struct lk_pic_sys){ .name = names[i],
						   .no_quorum = i != node && known && n->report[i].no_quorum,
						   .held = i == node ? unseen_held(w, node) :
							   known ? n->report[i].held : 0,
						   .life = i == node ? LK_LIFE_ALIVE : node_life(w, node, i) };
		copy[i] = (struct lk_pic_copy){ .sys = (uint8_t)i, .priority = w->priority[i],
						.state = LK_PIC_UNSEEN, .owner = LK_PIC_NORECORD,
						.init = LK_AUTORES_ISP, .switchback = w->switchback };
		if (!known)
			continue;
		copy[i].state = i == node ? report_state(n) : n->report[i].state;
		copy[i].epoch = i == node ? n->epoch : n->report[i].epoch;
		copy[i].owner = i == node ? n->owner : n->report[i].owner;
		if (!copy[i].epoch)
			copy[i].owner = LK_PIC_NORECORD;
	}
}

static int holder(const struct world *w, unsigned node)
{
	for (unsigned i = 0; i < w->nodes; i++)
		if (i != node && w->node[node].reported[i] && w->node[node].report[i].state == LK_ISP)
			return (int)i;
	return -1;
}

static void take(struct world *w, unsigned node, unsigned from)
{
	struct node *n = &w->node[node];

	n->phase = TAKING;
	n->from = from;
	world_send(w, &(struct msg){ .type = REMOVE, .from = node, .to = from });
	world_timer(w, node, T_STEP, TAKE_LIMIT);
}

static void decide(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];
	struct lk_picture pic;
	struct lk_pic_res res;
	struct lk_pic_copy copy[MAX_NODES];
	struct lk_decision decision;

	node_lease(w, node);
	if (n->now.event != LK_EVENT_DOWN || node_life(w, node, n->now.sys) != LK_LIFE_DEAD)
		n->witness[n->now.sys] = 0;
	else if (w->params.storage && !n->operators && !storage_dead(w, node, n->now.sys)) {
		done(w, node);
		return;
	}
	for (unsigned i = 0; i < w->nodes; i++)
		if (n->reported[i])
			adopt(n, n->report[i].epoch, n->report[i].owner);
	push_records(w, node);
	if (n->now.event == LK_EVENT_UP && !n->operators) {
		own(w, node);
		note_unheard(w, node, n->now.sys);
	}
	picture(w, node, &pic, &res, copy);
	lk_decide(&pic, n->now.event, n->now.sys, &decision);
	if (w->params.pictures)
		record_picture(&pic, n->now.event, n->now.sys, &decision);
	if (n->operators)
		decision = (struct lk_decision){ .what = n->service != OUT ? LK_DO_LEAVE :
							 holder(w, node) < 0 ? LK_DO_RESTORE : LK_DO_SWITCHBACK,
						 .sys = holder(w, node) };
	world_trace(w, node, "decides %s, %s", lk_what_names[decision.what], lk_why_names[decision.why]);
	if (decision.what == LK_DO_RESTORE) {
		collect(w, node);
	} else if (decision.what == LK_DO_SWITCHBACK && decision.sys >= 0 && !n->again) {
		take(w, node, (unsigned)decision.sys);
	} else {
		if (decision.what == LK_DO_YIELD)
			recover_stop(w, node);
		if (decision.what == LK_DO_SPLIT)
			world_violation(w, "split brain");
		done(w, node);
	}
}

static void gather(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];
	unsigned asked = 0;

	n->phase = GATHERING;
	for (unsigned i = 0; i < w->nodes; i++) {
		n->reported[i] = false;
		n->asked_for_report[i] = i != node && node_life(w, node, i) == LK_LIFE_ALIVE;
		asked += n->asked_for_report[i];
		if (n->asked_for_report[i])
			world_send(w, &(struct msg){ .type = GATHER, .from = node, .to = i });
	}
	world_timer(w, node, T_STEP, asked ? GATHER_LIMIT : 1);
}

static void take_report(struct world *w, const struct msg *msg)
{
	struct node *n = &w->node[msg->to];

	if (n->phase != GATHERING || !n->asked_for_report[msg->from])
		return;
	n->reported[msg->from] = true;
	n->report[msg->from] = *msg;
	for (unsigned i = 0; i < w->nodes; i++)
		if (n->asked_for_report[i] && !n->reported[i])
			return;
	decide(w, msg->to);
}

/* ---- the queue of events ---- */

static void next(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	if (n->phase != IDLE || !n->nqueue || !n->on)
		return;
	n->now = n->queue[0];
	memmove(n->queue, n->queue + 1, --n->nqueue * sizeof(*n->queue));
	n->operators = n->again = false;
	if (n->now.event == LK_EVENT_UP)
		keep_end(w, node);
	gather(w, node);
}

void recover_event(struct world *w, unsigned node, enum lk_event event, unsigned sys)
{
	struct node *n = &w->node[node];
	unsigned kept = 0;

	/* one that waits is outdated */
	for (unsigned i = 0; i < n->nqueue; i++)
		if (n->queue[i].sys != sys || n->queue[i].event == LK_EVENT_AVAIL)
			n->queue[kept++] = n->queue[i];
	n->nqueue = kept;
	n->hopeless = 0;
	n->queue[n->nqueue++] = (struct pending){ .event = event, .sys = sys };
	next(w, node);
}

void recover_operator(struct world *w, unsigned node, bool in)
{
	struct node *n = &w->node[node];

	if (!n->on || n->phase != IDLE)
		return;
	if (!in) {
		n->release = n->service == IN;
		recover_stop(w, node);
		return;
	}
	n->now = (struct pending){ .event = LK_EVENT_UP, .sys = (node + 1) % w->nodes };
	n->operators = true;
	gather(w, node);
}

/* Rule 3 of spec/core.md 6.5: what was left undecided is looked at again. */
static void check(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];
	unsigned sys = (node + 1) % w->nodes;
	bool any = false;

	world_timer(w, node, T_CHECK, 2 * S);
	for (unsigned i = 0; i < w->nodes; i++)
		if (i != node && node_life(w, node, i) == LK_LIFE_ALIVE && (n->service != IN || n->unheard >> i & 1)) {
			any = true;
			sys = i;
		}
	if (n->phase != IDLE || n->nqueue || !node_quorum(w, node))
		return;
	if (n->service == IN ? !any : n->service != OUT || n->owner < 0 || hopeless(n))
		return;
	n->again = true;
	n->operators = false;
	n->now = (struct pending){ .event = LK_EVENT_UP, .sys = sys };
	if (n->owner != (int)node && node_life(w, node, (unsigned)n->owner) == LK_LIFE_DEAD)
		n->now = (struct pending){ .event = LK_EVENT_DOWN, .sys = (unsigned)n->owner };
	gather(w, node);
}

/* ---- what comes ---- */

/* Those whom the candidate may not reach, but we do: they can release it themselves. */
static void pass_on(struct world *w, const struct msg *ask, uint32_t who)
{
	for (unsigned i = 0; i < w->nodes; i++) {
		struct msg msg = *ask;

		if (!(who >> i & 1) || i == msg.to)
			continue;
		msg.by_way_of = (int)ask->to;
		msg.from = ask->to;
		msg.to = i;
		world_send(w, &msg);
	}
}

static void take_ask(struct world *w, const struct msg *msg)
{
	struct msg back = *msg;

	if (!w->params.without.no_asked)
		w->node[msg->to].asked_life[msg->from] = msg->life;
	back.type = ANSWER;
	back.who = back.from = msg->to;
	back.to = msg->from;
	back.answer = vote(w, msg->to, &msg->ask, msg->fenced);
	world_send(w, &back);
	if (back.answer.grant == LK_GRANT_ALIVE && msg->by_way_of < 0)
		pass_on(w, msg, back.answer.who);
}

static void pass_back(struct world *w, const struct msg *answer)
{
	struct msg msg = *answer;

	msg.from = answer->to;
	msg.to = answer->ask.candidate;
	msg.by_way_of = -1;
	world_send(w, &msg);
}

void recover_message(struct world *w, const struct msg *msg)
{
	struct node *n = &w->node[msg->to];
	struct msg back = { .from = msg->to, .to = msg->from, .epoch = n->epoch, .owner = n->owner };

	switch (msg->type) {
	case GATHER:
		back.type = REPORT;
		back.state = report_state(n);
		back.no_quorum = !node_quorum(w, msg->to);
		back.held = unseen_held(w, msg->to);
		world_send(w, &back);
		break;
	case REPORT:
		take_report(w, msg);
		break;
	case ASK:
		take_ask(w, msg);
		break;
	case ANSWER:
		if (msg->by_way_of == (int)msg->to)
			pass_back(w, msg);
		else
			take_answer(w, msg);
		break;
	case RECORD:
		adopt(n, msg->epoch, msg->owner);
		break;
	case REMOVE:
		n->for_whom = (int)msg->from;
		if (n->service == OUT)
			stopped(w, msg->to);
		else
			recover_stop(w, msg->to);
		break;
	case REMOVED:
		if (n->phase == TAKING && n->from == msg->from)
			collect(w, msg->to);
		break;
	case HOLD:
	case UNHOLD:
	case NOTED:
		keep_message(w, msg);
		break;
	case BEAT:
		break;
	}
}

static void step(struct world *w, unsigned node)
{
	switch (w->node[node].phase) {
	case GATHERING:
		decide(w, node);
		break;
	case COLLECTING:
		collect_again(w, node);
		break;
	case TAKING:
		done(w, node);
		break;
	case IDLE:
	case STARTING:
		break;
	}
}

static void finished(struct world *w, unsigned node)
{
	struct node *n = &w->node[node];

	if (n->service == REMOVING) {
		stopped(w, node);
	} else if (n->service == RESTORING) {
		n->failed = world_chance(w, w->restore_fails);
		n->service = n->failed ? OUT : IN;
		world_trace(w, node, n->failed ? "could not start it" : "has started it");
	}
	if (n->on && n->phase == STARTING)
		done(w, node);
}

void recover_timer(struct world *w, unsigned node, enum timer timer)
{
	switch (timer) {
	case T_BOOTED:
		keep_end(w, node);
		recover_event(w, node, LK_EVENT_AVAIL, node);
		break;
	case T_STEP:
		step(w, node);
		break;
	case T_DONE:
		finished(w, node);
		break;
	case T_CHECK:
		keep_end(w, node);
		check(w, node);
		break;
	case T_HOLD:
	case T_FIRST:
		keep_timer(w, node, timer);
		break;
	default:
		break;
	}
}
