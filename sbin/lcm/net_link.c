/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way for data to a peer: the data connection of its best living path, and the queue before it. */
#include "net_world.h"

#include <stdlib.h>
#include <string.h>

#include "lk/poison.h"

void link_clear(struct net_peer *peer)
{
	while (peer->first) {
		struct net_frame *frame = peer->first;

		peer->first = frame->next;
		free(frame);
	}
	peer->last = &peer->first;
	peer->queued = 0;
}

static struct conn *best_way(struct net *net, struct net_peer *peer)
{
	struct net_path *best = NULL;

	for (struct net_path *p = net->path; p < net->path + BUS_PATHS_MAX; p++)
		if (path_of(p, peer) && p->state == LK_NET_ALIVE && p->conn[FRAME_KIND_DATA] &&
		    (!best || p->conf.priority < best->conf.priority))
			best = p;
	return best ? best->conn[FRAME_KIND_DATA] : NULL;
}

/* main sends everything again that was not acknowledged: what waits here would come twice. */
static void link_changed(struct net_peer *peer, struct conn *way)
{
	link_clear(peer);
	peer->link = way;
	peer->link_serial = way ? way->serial : 0;
	peer->link_dirty = true;
}

void link_update(struct net *net, struct net_peer *peer)
{
	struct conn *way = best_way(net, peer);

	if (way != peer->link || (way && way->serial != peer->link_serial))
		link_changed(peer, way);
}

void link_send(struct net *net, const struct bus_data *data)
{
	struct net_peer *peer = &net->peer[data->peer];

	if (!peer->used || !peer->link)
		return;
	struct net_frame *frame = malloc(sizeof(*frame) + FRAME_HEAD + data->len);
	if (!frame || peer->queued + data->len > BUS_QUEUE_MAX) {
		free(frame);
		link_changed(peer, peer->link);
		net_log_burst(net, peer->conf.name, LK_M_NET_QUEUE, peer->conf.name);
		return;
	}
	struct lk_out out = { .data = frame->data, .size = FRAME_HEAD + data->len };
	frame_put_head(&out, FRAME_DATA, data->len);
	lk_put_raw(&out, data->data, data->len);
	frame->len = out.len;
	frame->next = NULL;
	*peer->last = frame;
	peer->last = &frame->next;
	peer->queued += frame->len;
	if (!peer->link->sending)
		conn_flush(peer->link);
}

struct net_frame *link_take(struct conn *conn)
{
	struct net_peer *peer = conn->path->peer;
	struct net_frame *frame = peer->first;

	if (peer->link != conn || !frame)
		return NULL;
	peer->first = frame->next;
	if (!peer->first)
		peer->last = &peer->first;
	peer->queued -= frame->len;
	return frame;
}
