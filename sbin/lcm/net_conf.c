/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting a new configuration in force: what it does not change goes on undisturbed. */
#include "net_world.h"

#include <string.h>

#include "lk/poison.h"

/* Was the key taken away? A connection does not outlive its key. */
static bool key_known(const struct net *net, const uint8_t *key)
{
	for (unsigned i = 0; i < net->keys.n; i++)
		if (lk_key_same(net->keys.key[i].tls, key))
			return true;
	return false;
}

static void new_keys(struct net *net)
{
	net->keys = net->coming.keys;
	for (unsigned i = 0; i < NET_CONNS_MAX; i++)
		if (net->conn[i] && net->conn[i]->phase != CONN_CONNECT && !key_known(net, net->conn[i]->key))
			conn_close(net->conn[i]);
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++)
		net->path[i].key_at = 0;
}

/* Everything but priority and rhythm is what the path is. */
static bool same_path(const struct bus_path *old, const struct bus_path *new)
{
	return old->peer == new->peer && old->type == new->type && old->port == new->port &&
	       old->baud == new->baud && !strcmp(old->local, new->local) &&
	       !strcmp(old->remote, new->remote) && !strcmp(old->device, new->device);
}

static bool peer_stays(const struct net *net, unsigned i)
{
	return net->coming.has_peer[i] && !strcmp(net->peer[i].conf.name, net->coming.peer[i].name);
}

static bool path_stays(const struct net *net, unsigned i)
{
	const struct bus_path *old = &net->path[i].conf;

	return net->coming.has_path[i] && peer_stays(net, old->peer) &&
	       same_path(old, &net->coming.path[i]);
}

/* A new rhythm has to be told to the peer: HELLO does, on new connections. The state stays, and is reported again: the main
 * process has begun the path anew. */
static void path_changed(struct net *net, struct net_path *path, const struct bus_path *conf)
{
	bool rhythm = path->conf.interval != conf->interval || path->conf.misses != conf->misses;

	path->dirty = path->dirty || rhythm || path->conf.priority != conf->priority;
	path->conf = *conf;
	if (rhythm) {
		path->next_beat = net_aligned(net->now, conf->interval);
		for (int kind = 0; kind < 2; kind++)
			if (path->conn[kind])
				conn_close(path->conn[kind]);
	}
	link_update(net, path->peer);
}

static void peer_begin(struct net *net, unsigned i)
{
	struct net_peer *peer = &net->peer[i];

	*peer = (struct net_peer){ .used = true, .conf = net->coming.peer[i] };
	peer->last = &peer->first;
	confirm_peer_begin(peer);
}

static bool members_change(const struct net *net, bool all)
{
	bool change = all;

	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		change |= net->coming.has_peer[i] != net->peer[i].used || (net->peer[i].used && !peer_stays(net, i));
	return change;
}

static void remove_old(struct net *net, bool all)
{
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++)
		if (net->path[i].used && (all || !path_stays(net, i)))
			path_end(net, &net->path[i]);
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (net->peer[i].used && (all || !peer_stays(net, i))) {
			link_clear(&net->peer[i]);
			net->peer[i].used = false;
		}
}

static void add_new(struct net *net)
{
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (net->coming.has_peer[i] && !net->peer[i].used)
			peer_begin(net, i);
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++) {
		if (!net->coming.has_path[i])
			continue;
		if (net->path[i].used)
			path_changed(net, &net->path[i], &net->coming.path[i]);
		else
			path_begin(net, i, &net->coming.path[i]);
	}
}

void net_conf_commit(struct net *net)
{
	const struct bus_config *new = &net->coming.conf;
	bool other = new->incarnation != net->conf.incarnation || strcmp(new->self, net->conf.self) != 0;

	bool members = members_change(net, other);
	remove_old(net, other);
	net->conf = *new;
	new_keys(net);
	add_new(net);
	if (members)
		confirm_members(net);
	confirm_configured(net);
	net->configured_dirty = true;
	net->next = net->now;
}
