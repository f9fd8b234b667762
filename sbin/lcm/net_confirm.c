/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heartbeats that confirm heartbeats, and the lease that follows from them: lk/grant.h. */
#include "net_world.h"

#include <string.h>

#include "lk/lease.h"
#include "lk/poison.h"

#define MS INT64_C(1000000)
#define RUN_BITS 48		/* of a stamp, for the microseconds: nine years */
#define RUN_MASK 0x7fff
#define KEEP_AGAIN_MS 1000
#define SMALLER_MS 10000

/* ---- the terms ---- */

static struct lk_terms own_terms(const struct net *net)
{
	return (struct lk_terms){ net->conf.lease * MS, net->conf.stop * MS };
}

static struct lk_terms told_terms(uint32_t lease, uint32_t stop)
{
	return (struct lk_terms){ lease * MS, stop * MS };
}

/* The largest ones in the cluster. */
static struct lk_terms widest(const struct net *net)
{
	struct lk_terms terms = own_terms(net);

	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (net->peer[i].used)
			lk_terms_widen(&terms, &net->peer[i].heard.terms);
	return terms;
}

/* A bar must last as long as whoever was granted something collects. What a damaged record hides counts until the
 * system itself tells. */
static int64_t bar(const struct net *net)
{
	struct lk_terms ours = own_terms(net), wide = ours;

	for (unsigned i = 0; i < BUS_PEERS_MAX; i++) {
		const struct net_peer *peer = &net->peer[i];
		bool known = peer->conf.lost && peer->newest.lease;

		if (peer->used)
			lk_terms_widen(&wide, known ? &peer->newest : &peer->heard.terms);
	}
	return lk_terms_bar(&ours, &wide);
}

static void say_terms(struct net *net, struct net_peer *peer, const struct frame_confirm *confirm)
{
	bool differs = confirm->lease != net->conf.lease || confirm->stop != net->conf.stop;

	if (differs && net->conf.quorum && !(peer->said_terms && peer->said_since == net->hold.given.changed)) {
		net_log(net, LK_LOG_WARN, LK_M_NET_TERMS, peer->conf.name, confirm->lease, confirm->stop,
			net->conf.lease, net->conf.stop);
		peer->said_terms = true;
		peer->said_since = net->hold.given.changed;
	} else if (!differs && peer->said_terms) {
		net_log(net, LK_LOG_INFO, LK_M_NET_SAME_TERMS, peer->conf.name);
		peer->said_terms = false;
	}
}

/* ---- what is on stable storage ---- */

/* One question at a time; one that was not done is put again after a while. */
static void keep_terms(struct net *net, struct net_peer *peer)
{
	if (peer->keeping || net->now < peer->keep_at)
		return;
	peer->keeping = peer->keep_dirty = true;
	peer->to_keep = peer->heard.terms;
	lk_heard_keeping(&peer->heard, &peer->to_keep);
}

/* Smaller ones save time after a restart, no more: they are kept when they have come to stay. */
static void keep_smaller(struct net *net, struct net_peer *peer, const struct lk_terms *before)
{
	if (lk_terms_same(&peer->heard.terms, &peer->heard.kept) || !lk_terms_same(&peer->heard.terms, before))
		peer->smaller_at = net->now + SMALLER_MS;
	else if (net->now >= peer->smaller_at)
		keep_terms(net, peer);
}

void confirm_kept(struct net *net, const struct bus_kept *kept)
{
	struct net_peer *peer = &net->peer[kept->terms.peer];
	const struct lk_terms terms = told_terms(kept->terms.lease, kept->terms.stop);

	if (!peer->used || !peer->keeping || peer->keep_dirty || !lk_terms_same(&terms, &peer->to_keep))
		return;
	peer->keeping = false;
	if (kept->good) {
		lk_heard_kept(&peer->heard, &terms);
		peer->conf.lost = false;
	} else {
		peer->keep_at = net->now + KEEP_AGAIN_MS;
	}
}

static void send_keep(struct net *net, struct net_peer *peer)
{
	uint8_t message[32];
	struct lk_out out = LK_OUT(message);
	const struct bus_terms terms = { (uint8_t)(peer - net->peer), (uint32_t)(peer->to_keep.lease / MS),
					 (uint32_t)(peer->to_keep.stop / MS) };

	bus_put_terms(&out, &terms);
	peer->keep_dirty = !net_bus_send(net, &out);
}

/* ---- stamps ---- */

/* When a heartbeat was sent. What a predecessor of this process has sent, perhaps before the machine was started
 * anew, must not be taken for ours. */
static uint64_t stamp(const struct net *net, int64_t now)
{
	return (net->conf.incarnation & RUN_MASK) << RUN_BITS | (uint64_t)now / 1000;
}

/* 0: not ours, or of the future. */
static int64_t stamped(const struct net *net, uint64_t value, int64_t now)
{
	int64_t when = (int64_t)(value & ((UINT64_C(1) << RUN_BITS) - 1)) * 1000;

	return value >> RUN_BITS == (net->conf.incarnation & RUN_MASK) && when <= now ? when : 0;
}

/* ---- the lease ---- */

static unsigned number_in_hold(const struct net *net, const struct net_peer *peer)
{
	unsigned n = 0;

	for (const struct net_peer *p = net->peer; p < peer; p++)
		n += p->used;
	return n;
}

static void renew(struct net *net, int64_t now)
{
	const struct lk_hold before = net->hold;

	if (!net->conf.quorum)
		return;
	lk_hold_renew(&net->hold, now);
	if (net->hold.until != before.until || net->hold.lapsed != before.lapsed)
		net->lease_dirty = true;
}

/* Who confirms what was sent since another incarnation was heard is a later one. */
static void take_echo(struct net *net, struct net_peer *peer, uint64_t echo, int64_t now)
{
	int64_t when = stamped(net, echo, now);

	peer->latest |= when && when >= peer->since;
	if (when <= peer->confirmed)
		return;
	peer->confirmed = when;
	lk_hold_echo(&net->hold, number_in_hold(net, peer), when);
	renew(net, now);
}

void confirm_stored(struct net *net, const struct bus_stored *stored)
{
	lk_hold_stored(&net->hold, (int64_t)stored->until);
	renew(net, lk_lease_now());
}

void confirm_clear(struct net *net)
{
	lk_hold_clear(&net->hold);
	net->lease_dirty = true;
}

static void put_terms_in_force(struct net *net)
{
	const struct lk_terms terms = own_terms(net);

	lk_hold_terms(&net->hold, &terms, lk_lease_now());
}

void confirm_configured(struct net *net)
{
	struct lk_hold old = net->hold;
	unsigned n = 0;

	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		n += net->peer[i].used && n < LK_SYSTEMS_MAX - 1;
	if (!net->conf.quorum)
		old = (struct lk_hold){ .until = 0 };
	lk_hold_init(&net->hold, n + 1, n, old.until);
	net->hold.given = old.given;
	net->hold.lapsed = old.lapsed;
	net->hold.all = net->conf.quorum == BUS_STORAGE;
	net->hold.stored = old.stored;
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (net->peer[i].used)
			lk_hold_echo(&net->hold, number_in_hold(net, &net->peer[i]), net->peer[i].confirmed);
	put_terms_in_force(net);
	net->lease_dirty = true;
}

void confirm_timers(struct net *net)
{
	int64_t now = lk_lease_now();
	const struct lk_hold *hold = &net->hold;

	renew(net, now);
	if (!net->conf.quorum || hold->lapsed || !hold->until)
		return;
	/* alone in the cluster there is nobody whose heartbeat would renew it */
	int64_t left = hold->nsys > 1 || hold->all ? hold->until - now : own_terms(net).lease / 4;
	net_due(net, net->now + left / MS + 1);
}

/* ---- what is confirmed ---- */

/* Nothing was confirmed from here before, but perhaps by a predecessor of this process: by the terms that it kept. */
void confirm_peer_begin(struct net_peer *peer)
{
	const struct lk_terms kept = told_terms(peer->conf.lease, peer->conf.stop);

	peer->taken_at = peer->barred_at = peer->since = lk_lease_now();
	peer->heard = (struct lk_heard){ .terms = kept, .kept = kept };
}

/*
 * A lease counts by the list of who has it, and does not say by which: heartbeats are confirmed to all. The list of a grant
 * is compared. Of two lists that are one change apart every two majorities have a member in common, of two that are two
 * changes apart they need not. So nobody is quiet until what a list before this one has let run has certainly ended: the
 * next change begins only when all have this one (lkcli), and a lease by the one before was not renewed since.
 */
void confirm_members(struct net *net)
{
	int64_t now = lk_lease_now();

	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (net->peer[i].used)
			net->peer[i].taken_at = now;
}

/* A bar does not become shorter when somebody's terms do. */
static bool is_barred(const struct net *net, const struct net_peer *peer, int64_t now)
{
	int64_t needed = bar(net);

	return now - peer->barred_at < (needed > peer->bar ? needed : peer->bar);
}

void confirm_sender(struct net_peer *peer, uint64_t incarnation)
{
	if (peer->sender == incarnation)
		return;
	peer->mixed = peer->former == incarnation;
	peer->former = peer->sender;
	peer->sender = incarnation;
	peer->taken = peer->holds_sent = 0;
	peer->since = lk_lease_now();
	peer->latest = false;
}

/* A heartbeat that is newer than the last one that was taken. Who does not see us as alive does not hear us, perhaps:
 * then neither of us may go on as if all were well. */
static void take_newer(struct net *net, struct net_peer *peer, const struct confirm_heard *beat)
{
	const struct lk_terms told = told_terms(beat->confirm.lease, beat->confirm.stop), before = peer->heard.terms;
	int64_t now = lk_lease_now();
	bool kept = lk_heard_tells(&peer->heard, &told);

	peer->newest = told;
	say_terms(net, peer, &beat->confirm);
	if (!kept)
		keep_terms(net, peer);
	if (!kept || beat->view != FRAME_VIEW_ALIVE || is_barred(net, peer, now))
		return;
	lk_heard_takes(&peer->heard, &told, peer->latest);
	peer->taken = beat->confirm.sent;
	peer->taken_at = now;
	keep_smaller(net, peer, &before);
}

static void take_holds(struct net_peer *peer, const struct frame_confirm *confirm)
{
	/* who talks an older version knows of no lease */
	uint8_t holds = confirm->sent ? confirm->holds : (uint8_t)LK_HOLDS_UNBOUND;

	/* over a slower path */
	if (confirm->sent && confirm->sent < peer->holds_sent)
		return;
	peer->holds_sent = confirm->sent;
	peer->holds_dirty = peer->holds_dirty || peer->holds != holds;
	peer->holds = holds;
}

void confirm_take(struct net *net, struct net_peer *peer, const struct confirm_heard *beat)
{
	if (beat->confirm.sent)
		confirm_sender(peer, beat->incarnation);
	take_holds(peer, &beat->confirm);
	if (!beat->confirm.sent)
		return;
	take_echo(net, peer, beat->confirm.echo, lk_lease_now());
	if (beat->confirm.sent > peer->taken)
		take_newer(net, peer, beat);
}

/* Rounded up. */
static uint32_t in_ms(int64_t time)
{
	return (uint32_t)((time + MS - 1) / MS);
}

struct frame_confirm confirm_beat(const struct net *net, const struct net_peer *peer, uint64_t incarnation)
{
	int64_t now = lk_lease_now();
	struct lk_terms told = lk_hold_tell(&net->hold, now);

	return (struct frame_confirm){
		.sent = stamp(net, now),
		.echo = peer->sender == incarnation ? peer->taken : 0,
		.lease = in_ms(told.lease), .stop = in_ms(told.stop), .holds = net->conf.holds,
	};
}

/* ---- main ---- */

static void bar_peer(const struct net *net, struct net_peer *peer, int64_t now)
{
	peer->barred_at = now;
	peer->bar = bar(net);
}

void confirm_bar(struct net *net, const struct bus_bar *bar)
{
	int64_t now = lk_lease_now();

	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (net->peer[i].used && bar->peers & UINT32_C(1) << i)
			bar_peer(net, &net->peer[i], now);
	net->bar_number = bar->number;
	net->bar_dirty = true;
}

static struct bus_confirm confirm_of(const struct net *net, unsigned i, int64_t now)
{
	const struct net_peer *peer = &net->peer[i];
	struct lk_terms ours = own_terms(net), theirs = widest(net);
	uint32_t knowing = lk_hold_knowing(&net->hold);

	return (struct bus_confirm){
		.peer = (uint8_t)i, .barred = is_barred(net, peer, now),
		.knows = knowing >> number_in_hold(net, peer) & 1,
		.quiet = (uint64_t)(now - peer->taken_at), .needed = (uint64_t)lk_terms_quiet(&ours, &theirs),
		.age = peer->confirmed ? (uint64_t)(now - peer->confirmed) + 1 : 0,
		.lease = (uint64_t)peer->heard.terms.lease, .stop = (uint64_t)peer->heard.terms.stop,
		.incarnation = peer->mixed ? 0 : peer->sender,
	};
}

static bool send_confirms(struct net *net)
{
	uint8_t message[BUS_CONFIRMS_MAX];
	struct bus_confirms confirms = { .number = net->bar_number, .generation = net->conf.generation };
	struct lk_out out = LK_OUT(message);
	int64_t now = lk_lease_now();

	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (net->peer[i].used)
			confirms.confirm[confirms.n++] = confirm_of(net, i, now);
	bus_put_confirms(&out, &confirms);
	return net_bus_send(net, &out);
}

void confirm_flush(struct net *net)
{
	uint8_t message[32];

	if (net->lease_dirty) {
		struct lk_out out = LK_OUT(message);
		const struct bus_lease lease = { (uint64_t)net->hold.until, (uint32_t)(net->hold.given.stop / MS),
						 net->hold.lapsed };

		bus_put_lease(&out, &lease);
		net->lease_dirty = !net_bus_send(net, &out);
	}
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (net->peer[i].used && net->peer[i].keep_dirty)
			send_keep(net, &net->peer[i]);
	/* after it: who has asked hears of a lapse that was known then */
	if (net->bar_dirty)
		net->bar_dirty = !send_confirms(net);
}
