/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comm paths: their state, what keeps them alive, and the silence that ends them. */
#include "net_world.h"

#include <string.h>
#include <unistd.h>

#include "lk/poison.h"

void path_begin(struct net *net, unsigned index, const struct bus_path *conf)
{
	struct net_path *path = &net->path[index];

	*path = (struct net_path){ .used = true, .dirty = true, .conf = *conf, .state = LK_NET_UNKNOWN,
				   .since = net->now, .listen_fd = -1, .fd = -1 };
	path->peer = &net->peer[conf->peer];
	path->lower = strcmp(net->conf.self, path->peer->conf.name) < 0;
	path->talk.incarnation = net->conf.incarnation;
	path->next_beat = net_aligned(net->now, conf->interval);
	if (conf->type == BUS_TCP && !tcp_addresses(net, path))
		net_log(net, LK_LOG_ERROR, LK_M_NET_ADDRESS, conf->device, path->peer->conf.name,
			conf->local, conf->remote);
	net->next = net->now;
}

void path_close(struct net *net, struct net_path *path)
{
	for (unsigned i = 0; i < NET_CONNS_MAX; i++)
		if (net->conn[i] && net->conn[i]->path == path)
			conn_close(net->conn[i]);
	if (path->listen_fd >= 0)
		close(path->listen_fd);
	path->listen_fd = -1;
	device_close(net, path);
}

void path_end(struct net *net, struct net_path *path)
{
	path_close(net, path);
	path->used = false;
}

bool path_of(const struct net_path *path, const struct net_peer *peer)
{
	return path->used && path->peer == peer;
}

int64_t path_period(const struct net_path *path)
{
	uint32_t interval = path->conf.interval;

	if (path->peer_interval > interval)
		interval = path->peer_interval;
	return (int64_t)interval * path->conf.misses;
}

/*
 * How long silence may last before the path is DEAD. Of a TCP path that was never heard nothing follows from one
 * period: the peer may have been switched on a moment after us, or still wait for its last attempt to reach us,
 * from before we were there, to time out. Who took it for down then would start what it runs, or is about to.
 */
static int64_t patience(const struct net_path *path)
{
	int64_t period = path_period(path);

	return path->heard || path->conf.type != BUS_TCP || period > NET_FIRST_MS ? period : NET_FIRST_MS;
}

int64_t path_silent(const struct net *net, const struct net_path *path)
{
	return net->now - (path->heard ? path->heard : path->since);
}

void path_heard(struct net *net, struct net_path *path)
{
	path->heard = net->now;
}

void path_alive(struct net *net, struct net_path *path)
{
	path_heard(net, path);
	if (path->state == LK_NET_ALIVE)
		return;
	path->state = LK_NET_ALIVE;
	path->dirty = true;
	net_log(net, LK_LOG_INFO, LK_M_NET_ALIVE, path->conf.device, path->peer->conf.name);
	link_update(net, path->peer);
}

static bool any_alive(const struct net *net, const struct net_peer *peer)
{
	for (const struct net_path *p = net->path; p < net->path + BUS_PATHS_MAX; p++)
		if (path_of(p, peer) && p->state == LK_NET_ALIVE)
			return true;
	return false;
}

static void drop_connections(struct net *net, struct net_path *path)
{
	for (unsigned i = 0; i < NET_CONNS_MAX; i++)
		if (net->conn[i] && net->conn[i]->path == path && net->conn[i]->phase == CONN_UP)
			conn_close(net->conn[i]);
}

static void path_dead(struct net *net, struct net_path *path)
{
	bool was_alive = path->state == LK_NET_ALIVE;

	path->state = LK_NET_DEAD;
	path->dirty = true;
	if (was_alive)
		net_log(net, LK_LOG_WARN, LK_M_NET_DEAD, path->conf.device, path->peer->conf.name,
			(unsigned)path_silent(net, path));
	else
		net_log(net, LK_LOG_WARN, LK_M_NET_NEVER, path->conf.device, path->peer->conf.name,
			(unsigned)path_silent(net, path));
	drop_connections(net, path);
	link_update(net, path->peer);
	if (!any_alive(net, path->peer))
		path->peer->probe_dirty = true;
}

void path_peer_beat(struct net *net, struct net_path *path, uint32_t interval, uint8_t misses)
{
	const struct bus_path *conf = &path->conf;
	bool differs = interval != conf->interval || misses != conf->misses;

	path->peer_interval = interval < LK_BEAT_MAX_MS ? interval : LK_BEAT_MAX_MS;
	path->peer_misses = misses;
	if (differs && !path->told_interval)
		net_log(net, LK_LOG_WARN, LK_M_NET_DIFFERS, conf->device, path->peer->conf.name, interval,
			misses, conf->interval, conf->misses, (unsigned)path_period(path));
	path->told_interval = differs;
}

/* Paths differ in delay, a disk most of all: what the peer thinks is heard over the best one only, so that an
 * older view never follows a newer one. */
static bool is_voice(const struct net *net, const struct net_path *path)
{
	for (const struct net_path *p = net->path; p < net->path + BUS_PATHS_MAX; p++)
		if (path_of(p, path->peer) && p->state == LK_NET_ALIVE &&
		    (p->conf.type < path->conf.type ||
		     (p->conf.type == path->conf.type && p->conf.priority < path->conf.priority)))
			return false;
	return true;
}

void path_told(struct net *net, struct net_path *path, uint8_t view)
{
	struct net_peer *peer = path->peer;

	if (peer->told == view || !is_voice(net, path))
		return;
	peer->told = view;
	peer->told_dirty = true;
}

void path_timers(struct net *net, struct net_path *path)
{
	if (path->state != LK_NET_DEAD) {
		int64_t end = (path->heard > path->since ? path->heard : path->since) + patience(path);

		if (net->now >= end)
			path_dead(net, path);
		else
			net_due(net, end);
	}
	if (path->conf.type == BUS_TCP)
		tcp_timers(net, path);
	else
		device_timers(net, path);
}

static void shift(int64_t *time, int64_t gap, int64_t now)
{
	*time = *time + gap < now ? *time + gap : now;
}

/* Short gaps are only added; after one that cost heartbeats the peer gets a whole period, because
 * it may have to connect anew. */
void path_stalled(struct net *net, struct net_path *path, int64_t gap)
{
	if (gap >= path->conf.interval)
		gap = net->now;
	shift(&path->since, gap, net->now);
	if (path->heard)
		shift(&path->heard, gap, net->now);
}
