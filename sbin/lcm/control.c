/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What net reports, turned into events of the peers' machines. */
#include "control.h"

#include "lk/msg.h"
#include "event.h"
#include "netproc.h"
#include "session.h"
#include "lk/poison.h"

#define FAULT_MS 60000		/* between two log lines about a peer's bad envelopes */
#define CUT_MS 60000		/* without a way for data, until what was asked for is given up */

static void say(const struct lcm_peer *peer, unsigned actions)
{
	struct peer_line line[PEER_LINES];
	unsigned n = peer_lines(actions, peer->name, line);

	for (unsigned i = 0; i < n; i++)
		lcm_log(peer->lcm, line[i].warn ? LK_LOG_WARN : LK_LOG_INFO, (int)line[i].number, 0,
			"%s", line[i].text);
}

static void lose(struct lcm_peer *peer)
{
	chan_void(&peer->chan);
	session_lose(peer);
}

static void act(struct lcm_peer *peer, enum peer_state before, unsigned actions)
{
	say(peer, actions);
	if (actions & (PEER_DO_LOSE | PEER_DO_DOWN))
		lose(peer);
	if (actions & PEER_DO_UP)
		event_clear(peer);
	if (actions & PEER_DO_UP)
		event_want(peer, HANDLER_UP, actions & PEER_SAY_REBORN);
	if (actions & PEER_DO_DOWN)
		event_want(peer, HANDLER_DOWN, false);
	if (actions & PEER_DO_FORGET)
		event_want(peer, HANDLER_NONE, false);
	if (peer->machine.state != before)
		netproc_send_view(peer->lcm, peer);
}

static void feed(struct lcm_peer *peer, enum peer_event event)
{
	enum peer_state before = peer->machine.state;
	unsigned actions = peer_event(&peer->machine, event, peer->lcm->now);

	peer->lcm->changed = true;
	if (actions & PEER_STRANGE)
		lcm_log(peer->lcm, LK_LOG_WARN, LK_M_LCM_STRANGE, peer->name,
			peer_event_name(event), peer_state_name(before));
	else
		act(peer, before, actions);
}

static void feed_all_dead(struct lcm_peer *peer)
{
	enum peer_state before = peer->machine.state;

	feed(peer, PEER_ALL_DEAD);
	if (peer->machine.state == PEER_SUSPECT && before != PEER_SUSPECT && event_is_flagged(peer))
		feed(peer, PEER_STOPPED);
}

void control_update(struct lcm_peer *peer)
{
	const struct lcm *lcm = peer->lcm;
	unsigned paths = 0, alive = 0, dead = 0;

	for (unsigned i = 0; i < BUS_PATHS_MAX; i++) {
		const struct lcm_path *path = &lcm->path[i];

		if (!path->configured || path->conf.peer != peer->number)
			continue;
		paths++;
		alive += path->state == LK_NET_ALIVE;
		dead += path->state == LK_NET_DEAD;
	}
	if (!paths)
		feed(peer, PEER_NO_PATH);
	else if (alive)
		feed(peer, PEER_PATH_UP);
	else if (dead == paths)
		feed_all_dead(peer);
}

void control_path(struct lcm *lcm, struct lcm_path *path, const struct bus_path_state *state)
{
	struct lcm_peer *peer = &lcm->peer[path->conf.peer];

	path->state = (enum lk_net_state)state->state;
	if (!peer->configured)
		return;
	peer_sign(&peer->machine, lcm->now - state->silent);
	control_update(peer);
}

void control_probe(struct lcm_peer *peer, const struct bus_probe *probe)
{
	peer_sign(&peer->machine, peer->lcm->now - probe->silent);
	if (probe->answered)
		feed(peer, PEER_ANSWERED);
}

void control_told(struct lcm_peer *peer, uint8_t view)
{
	peer->told = view;
	if (view == FRAME_VIEW_DOWN)
		feed(peer, PEER_TOLD_DOWN);
}

void control_handled(struct lcm_peer *peer)
{
	feed(peer, PEER_HANDLED);
}

void control_stall(struct lcm *lcm, uint32_t ms)
{
	lcm_log(lcm, LK_LOG_WARN, LK_M_LCM_STALL, ms);
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (lcm->peer[i].configured)
			peer_sign(&lcm->peer[i].machine, lcm->now);
}

/* ---- the channel ---- */

/* Another process answers. If only its lcm has restarted, no more than what was asked of it is lost; if all of
 * Lockkeeper has, or the machine, it has come back. */
static void take_life(struct lcm_peer *peer, uint32_t life, bool spoken)
{
	uint32_t before = peer->life;

	peer->life = life;
	peer->lcm->changed = true;
	if (before && before != life)
		feed(peer, PEER_REBORN);
	else if (spoken)
		lose(peer);
}

void control_link(struct lcm_peer *peer, const struct bus_link *link)
{
	uint64_t before = peer->chan.theirs;
	enum chan_link result = chan_link(&peer->chan, link->up, link->incarnation, peer->lcm->now);

	if (peer->chan.up)
		peer->cut_at = -1;
	else if (peer->cut_at < 0)
		peer->cut_at = peer->lcm->now;
	if (result == CHAN_REFUSED)
		lcm_log(peer->lcm, LK_LOG_ERROR, LK_M_LCM_REFUSED, peer->name);
	if (result == CHAN_NEW)
		take_life(peer, (uint32_t)(link->incarnation >> 32), before);
	if (link->up)
		peer->machine.linked = true;
}

void control_envelope(struct lcm_peer *peer, const struct bus_data *data)
{
	static const char *const faults[] = {
		[CHAN_MALFORMED] = "malformed",
		[CHAN_UNSEALED] = "not sealed with a key of the cluster that is known here",
	};
	struct lcm *lcm = peer->lcm;
	enum chan_fault fault = chan_receive(&peer->chan, data->data, data->len, lcm->now);

	/* foreign ones are normal when one side has just restarted */
	if (fault == CHAN_GOOD || fault == CHAN_FOREIGN ||
	    (peer->heard_at >= 0 && lcm->now - peer->heard_at < FAULT_MS))
		return;
	peer->heard_at = lcm->now;
	lcm_log(lcm, LK_LOG_WARN, LK_M_LCM_ENVELOPE, peer->name, faults[fault]);
}

static void on_send(void *arg, const uint8_t *envelope, size_t len)
{
	struct lcm_peer *peer = arg;
	struct bus_data data = { .peer = peer->number, .data = envelope, .len = len };
	uint8_t bytes[BUS_MESSAGE_MAX];
	struct lk_out out = LK_OUT(bytes);

	bus_put_data(&out, BUS_SEND, &data);
	netproc_send(peer->lcm, &out, -1);
}

static void on_deliver(void *arg, enum env_type type, struct lk_in *payload)
{
	session_deliver(arg, type, payload);
}

static bool on_seal(void *arg, unsigned key, const struct lk_piece piece[static 3],
		    uint8_t seal[static ENV_SEAL])
{
	const struct lcm_peer *peer = arg;
	const struct lcm_keys *keys = &peer->lcm->keys;

	return key < keys->bus.n && lk_key_mac(keys->envelope[key], piece, 3, seal) == 0;
}

void control_begin(struct lcm_peer *peer)
{
	static const struct chan_ops ops = { .send = on_send, .deliver = on_deliver, .seal = on_seal };

	chan_init(&peer->chan, &ops, peer);
	peer->chan.self = peer->lcm->self;
	peer->chan.peer = peer->name;
	peer->chan.own = peer->lcm->incarnation;
	peer->cut_at = peer->lcm->now;
	peer->heard_at = -1;
}

bool control_has_way(const struct lcm_peer *peer)
{
	const struct lcm *lcm = peer->lcm;

	if (peer->chan.up)
		return true;
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++) {
		const struct lcm_path *path = &lcm->path[i];

		if (path->configured && path->conf.peer == peer->number &&
		    path->conf.type == BUS_TCP && path->state == LK_NET_ALIVE)
			return peer->chan.theirs != 0;
	}
	return false;
}

/* ---- time ---- */

int64_t control_deadline(const struct lcm *lcm)
{
	int64_t at = -1;

	for (unsigned i = 0; i < BUS_PEERS_MAX; i++) {
		const struct lcm_peer *peer = &lcm->peer[i];

		if (!peer->configured)
			continue;
		at = lcm_earlier(at, peer_deadline(&peer->machine));
		at = lcm_earlier(at, chan_deadline(&peer->chan));
		if (peer->cut_at >= 0 && session_any(peer))
			at = lcm_earlier(at, peer->cut_at + CUT_MS);
	}
	return at;
}

void control_tick(struct lcm *lcm)
{
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++) {
		struct lcm_peer *peer = &lcm->peer[i];

		if (!peer->configured)
			continue;
		enum peer_state before = peer->machine.state;
		unsigned actions = peer_tick(&peer->machine, lcm->now);

		if (actions) {
			lcm->changed = true;
			act(peer, before, actions);
		}
		chan_tick(&peer->chan, lcm->now);
		if (peer->cut_at >= 0 && lcm->now >= peer->cut_at + CUT_MS && session_any(peer))
			lose(peer);
	}
}
