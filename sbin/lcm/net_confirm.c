/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heartbeats that confirm heartbeats, and the lease that follows from them: lk/grant.h. */
#include "net_world.h"

#include <string.h>

#include "lk/lease.h"
#include "lk/poison.h"

#define MS INT64_C(1000000)
#define RUN_BITS 48		/* of a stamp, for the microseconds: nine years */
#define RUN_MASK 0x7fff

/* ---- the terms ---- */

static struct lk_terms own_terms(const struct net *net)
{
	return (struct lk_terms){ net->conf.lease * MS, net->conf.stop * MS };
}

static void widen(struct lk_terms *terms, const struct lk_terms *other)
{
	if (other->lease > terms->lease)
		terms->lease = other->lease;
	if (other->stop > terms->stop)
		terms->stop = other->stop;
}

/* The largest ones in the cluster: a bar must last as long as whoever was granted something collects. */
static struct lk_terms widest(const struct net *net)
{
	struct lk_terms terms = own_terms(net);

	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (net->peer[i].used)
			widen(&terms, &net->peer[i].terms);
	return terms;
}

/* They differ: the larger ones count, also when the peer has made them smaller meanwhile. */
static void take_terms(struct net *net, struct net_peer *peer, const struct frame_confirm *confirm)
{
	const struct lk_terms theirs = { confirm->lease * MS, confirm->stop * MS };
	bool differs = confirm->lease != net->conf.lease || confirm->stop != net->conf.stop;

	widen(&peer->terms, &theirs);
	if (differs && net->conf.quorum && !peer->told_terms)
		net_log(net, LK_LOG_WARN, LK_M_NET_TERMS, peer->conf.name, confirm->lease, confirm->stop,
			net->conf.lease, net->conf.stop);
	peer->told_terms = differs && (peer->told_terms || net->conf.quorum);
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
	lk_hold_renew(&net->hold, now, own_terms(net).lease);
	if (net->hold.until != before.until || net->hold.lapsed != before.lapsed)
		net->lease_dirty = true;
}

/* What was sent before the terms have grown was taken by those who do not know that. */
static void take_echo(struct net *net, struct net_peer *peer, uint64_t echo, int64_t now)
{
	int64_t when = stamped(net, echo, now);

	if (when <= peer->confirmed || when < net->grown)
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

void confirm_configured(struct net *net)
{
	struct lk_hold old = net->hold;
	unsigned n = 0;

	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		n += net->peer[i].used && n < LK_SYSTEMS_MAX - 1;
	if (!net->conf.quorum)
		old = (struct lk_hold){ .until = 0 };
	lk_hold_init(&net->hold, n + 1, n, old.until);
	net->hold.lapsed = old.lapsed;
	net->hold.all = net->conf.quorum == BUS_STORAGE;
	net->hold.stored = old.stored;
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (net->peer[i].used)
			lk_hold_echo(&net->hold, number_in_hold(net, &net->peer[i]), net->peer[i].confirmed);
	if (net->conf.lease > net->had_lease || net->conf.stop > net->had_stop)
		net->grown = lk_lease_now();
	net->had_lease = net->conf.lease;
	net->had_stop = net->conf.stop;
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		net->peer[i].told_terms = false;
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

/* Nothing was confirmed from here before, but perhaps by a predecessor of this process. */
void confirm_peer_begin(struct net_peer *peer)
{
	peer->taken_at = peer->barred_at = lk_lease_now();
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

static bool is_barred(const struct net *net, const struct net_peer *peer, int64_t now)
{
	struct lk_terms ours = own_terms(net), wide = widest(net);

	return now - peer->barred_at < lk_terms_bar(&ours, &wide);
}

void confirm_sender(struct net_peer *peer, uint64_t incarnation)
{
	if (peer->sender == incarnation)
		return;
	peer->mixed = peer->former == incarnation;
	peer->former = peer->sender;
	peer->sender = incarnation;
	peer->taken = 0;
}

/* Who does not see us as alive does not hear us, perhaps: then neither of us may go on as if all were well. */
void confirm_take(struct net *net, struct net_peer *peer, const struct confirm_heard *beat)
{
	const struct frame_confirm *confirm = &beat->confirm;
	int64_t now = lk_lease_now();

	if (!confirm->sent)
		return;
	take_terms(net, peer, confirm);
	confirm_sender(peer, beat->incarnation);
	take_echo(net, peer, confirm->echo, now);
	if (beat->view != FRAME_VIEW_ALIVE || confirm->sent <= peer->taken || is_barred(net, peer, now))
		return;
	peer->taken = confirm->sent;
	peer->taken_at = now;
}

struct frame_confirm confirm_beat(const struct net *net, const struct net_peer *peer, uint64_t incarnation)
{
	return (struct frame_confirm){
		.sent = stamp(net, lk_lease_now()),
		.echo = peer->sender == incarnation ? peer->taken : 0,
		.lease = net->conf.lease, .stop = net->conf.stop,
	};
}

/* ---- main ---- */

void confirm_bar(struct net *net, const struct bus_bar *bar)
{
	int64_t now = lk_lease_now();

	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (net->peer[i].used && bar->peers & UINT32_C(1) << i)
			net->peer[i].barred_at = now;
	net->bar_number = bar->number;
	net->bar_dirty = true;
}

static struct bus_confirm confirm_of(const struct net *net, unsigned i, int64_t now)
{
	const struct net_peer *peer = &net->peer[i];
	struct lk_terms ours = own_terms(net), theirs = widest(net);

	return (struct bus_confirm){
		.peer = (uint8_t)i, .barred = is_barred(net, peer, now),
		.quiet = (uint64_t)(now - peer->taken_at), .needed = (uint64_t)lk_terms_quiet(&ours, &theirs),
		.age = peer->confirmed ? (uint64_t)(now - peer->confirmed) + 1 : 0,
		.lease = (uint64_t)peer->terms.lease, .stop = (uint64_t)peer->terms.stop,
		.incarnation = peer->mixed ? 0 : peer->sender,
	};
}

static bool send_confirms(struct net *net)
{
	uint8_t message[BUS_CONFIRMS_MAX];
	struct bus_confirms confirms = { .number = net->bar_number };
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
		const struct bus_lease lease = { (uint64_t)net->hold.until, net->conf.stop, net->hold.lapsed };

		bus_put_lease(&out, &lease);
		net->lease_dirty = !net_bus_send(net, &out);
	}
	/* after it: who has asked hears of a lapse that was known then */
	if (net->bar_dirty)
		net->bar_dirty = !send_confirms(net);
}
