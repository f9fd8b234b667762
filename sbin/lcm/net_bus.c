/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network process and main: reading what main says, and telling it what it must know. */
#include "net_world.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lk/poison.h"

#define MESSAGES_PER_TURN 64

/* ---- to main ---- */

bool net_bus_send(struct net *net, const struct lk_out *out)
{
	if (net->bus_full || net->quit)
		return false;
	if (out->failed) {
		net->quit = net->broken = true;
		return false;
	}
	if (send(net->bus, out->data, out->len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return true;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == EINTR) {
		net->bus_full = true;
		net_watch(net, net->bus, EPOLLIN | EPOLLOUT, NET_BUS, 0);
	} else {
		net->quit = true;
	}
	return false;
}

static void flush_peer(struct net *net, struct net_peer *peer, uint8_t number)
{
	uint8_t message[64];

	if (peer->link_dirty) {
		struct lk_out out = LK_OUT(message);
		struct bus_link link = { .peer = number, .up = peer->link != NULL };

		if (link.up) {
			link.incarnation = peer->incarnation;
			link.version = peer->link->version;
		}
		bus_put_link(&out, &link);
		peer->link_dirty = !net_bus_send(net, &out);
	}
	if (peer->holds_dirty) {
		struct lk_out out = LK_OUT(message);
		struct bus_holds holds = { number, peer->holds };

		bus_put_holds(&out, &holds);
		peer->holds_dirty = !net_bus_send(net, &out);
	}
	if (peer->told_dirty) {
		struct lk_out out = LK_OUT(message);
		struct bus_view told = { .peer = number, .view = peer->told };

		bus_put_view(&out, BUS_TOLD, &told);
		peer->told_dirty = !net_bus_send(net, &out);
	}
}

static void flush_probe(struct net *net, struct net_peer *peer, uint8_t number)
{
	uint8_t message[64];
	struct lk_out out = LK_OUT(message);
	struct bus_probe probe = { .peer = number, .answered = peer->answered };
	int64_t last = peer->host_heard;

	if (!peer->probe_dirty)
		return;
	for (struct net_path *p = net->path; p < net->path + BUS_PATHS_MAX; p++)
		if (path_of(p, peer) && p->heard > last)
			last = p->heard;
	probe.silent = (uint32_t)(net->now - last);
	bus_put_probe(&out, &probe);
	peer->probe_dirty = !net_bus_send(net, &out);
	peer->answered = peer->answered && peer->probe_dirty;
}

static void flush_path(struct net *net, struct net_path *path)
{
	uint8_t message[64];
	struct lk_out out = LK_OUT(message);
	struct bus_path_state state = { .path = path->conf.path, .state = path->state };

	state.silent = (uint32_t)path_silent(net, path);
	bus_put_path_state(&out, &state);
	path->dirty = !net_bus_send(net, &out);
}

static void flush_counters(struct net *net, struct net_path *path)
{
	struct bus_counters counters = { .path = path->conf.path };
	uint8_t message[64];
	struct lk_out out = LK_OUT(message);

	memcpy(counters.counter, path->counter, sizeof(counters.counter));
	bus_put_counters(&out, &counters);
	path->counters_dirty = !net_bus_send(net, &out);
}

static void flush_world(struct net *net)
{
	uint8_t message[64];

	if (net->configured_dirty) {
		struct lk_out out = LK_OUT(message);

		bus_put_generation(&out, BUS_CONFIGURED, net->conf.generation);
		net->configured_dirty = !net_bus_send(net, &out);
	}
	if (net->stalled) {
		struct lk_out out = LK_OUT(message);

		bus_put_stall(&out, net->stalled);
		if (net_bus_send(net, &out))
			net->stalled = 0;
	}
	if (net->logs_lost && !net->bus_full) {
		unsigned lost = net->logs_lost;

		net->logs_lost = 0;
		net_log(net, LK_LOG_WARN, LK_M_NET_LOST, lost);
	}
	confirm_flush(net);
}

/* When the last path dies, main must know first whether the host has answered. */
void net_bus_flush(struct net *net)
{
	flush_world(net);
	for (uint8_t i = 0; i < BUS_PEERS_MAX; i++)
		if (net->peer[i].used)
			flush_probe(net, &net->peer[i], i);
	for (struct net_path *p = net->path; p < net->path + BUS_PATHS_MAX; p++)
		if (p->used && p->dirty)
			flush_path(net, p);
	for (struct net_path *p = net->path; p < net->path + BUS_PATHS_MAX; p++)
		if (p->used && p->counters_dirty)
			flush_counters(net, p);
	for (uint8_t i = 0; i < BUS_PEERS_MAX; i++)
		if (net->peer[i].used)
			flush_peer(net, &net->peer[i], i);
}

void net_bus_room(struct net *net)
{
	net->bus_full = false;
	net_watch(net, net->bus, EPOLLIN, NET_BUS, 0);
	net_bus_flush(net);
	for (unsigned i = 0; i < NET_CONNS_MAX && !net->bus_full; i++)
		if (net->conn[i] && net->conn[i]->full)
			conn_more(net->conn[i]);
}

/* ---- from main ---- */

static bool take_config(struct net *net, struct lk_in *in)
{
	memset(&net->coming, 0, sizeof(net->coming));
	net->coming.open = true;
	return bus_get_config(in, &net->coming.conf);
}

static bool take_peer(struct net *net, struct lk_in *in)
{
	struct bus_peer peer;

	if (!bus_get_peer(in, &peer))
		return false;
	net->coming.peer[peer.peer] = peer;
	net->coming.has_peer[peer.peer] = true;
	return true;
}

static bool take_path(struct net *net, struct lk_in *in)
{
	struct bus_path path = { 0 };

	if (!bus_get_path(in, &path) || !net->coming.has_peer[path.peer])
		return false;
	net->coming.path[path.path] = path;
	net->coming.has_path[path.path] = true;
	return true;
}

static bool take_commit(struct net *net, struct lk_in *in)
{
	uint32_t generation;

	if (!bus_get_generation(in, &generation) || generation != net->coming.conf.generation)
		return false;
	net_conf_commit(net);
	net->coming.open = false;
	return true;
}

static bool take_view(struct net *net, struct lk_in *in)
{
	struct bus_view view;

	if (!bus_get_view(in, &view))
		return false;
	net->peer[view.peer].view = view.view;
	return true;
}

static bool take_send(struct net *net, struct lk_in *in)
{
	struct bus_data data;

	if (!bus_get_data(in, &data))
		return false;
	link_send(net, &data);
	return true;
}

static bool take_bar(struct net *net, struct lk_in *in)
{
	struct bus_bar bar;

	if (!bus_get_bar(in, &bar))
		return false;
	confirm_bar(net, &bar);
	return true;
}

static bool take_stored(struct net *net, struct lk_in *in)
{
	struct bus_stored stored;

	if (!bus_get_stored(in, &stored))
		return false;
	confirm_stored(net, &stored);
	return true;
}

static bool take_kept(struct net *net, struct lk_in *in)
{
	struct bus_kept kept;

	if (!bus_get_kept(in, &kept))
		return false;
	confirm_kept(net, &kept);
	return true;
}

static bool take_clear(struct net *net, struct lk_in *in)
{
	confirm_clear(net);
	return bus_get_empty(in);
}

/* The descriptor is ours from here on. */
static bool take_fd(struct net *net, struct lk_in *in, int *fd)
{
	uint16_t path;

	if (!bus_get_want(in, &path) || *fd < 0)
		return false;
	device_fd(net, &net->path[path], *fd);
	*fd = -1;
	return true;
}

static bool is_part(uint8_t type)
{
	return type == BUS_KEYS || type == BUS_PEER || type == BUS_PATH || type == BUS_COMMIT;
}

static bool take(struct net *net, struct lk_in *in, int *fd)
{
	uint8_t type = lk_get_u8(in);

	if (is_part(type) && !net->coming.open)
		return false;
	switch (type) {
	case BUS_CONFIG:
		return take_config(net, in);
	case BUS_KEYS:
		return bus_get_keys(in, &net->coming.keys);
	case BUS_PEER:
		return take_peer(net, in);
	case BUS_PATH:
		return take_path(net, in);
	case BUS_COMMIT:
		return take_commit(net, in);
	case BUS_VIEW:
		return take_view(net, in);
	case BUS_SEND:
		return take_send(net, in);
	case BUS_FD:
		return take_fd(net, in, fd);
	case BUS_BAR:
		return take_bar(net, in);
	case BUS_CLEAR:
		return take_clear(net, in);
	case BUS_STORED:
		return take_stored(net, in);
	case BUS_KEPT:
		return take_kept(net, in);
	case BUS_QUIT:
		net->quit = bus_get_empty(in);
		return net->quit;
	default:
		return false;
	}
}

/* The first descriptor that came along; others are closed. */
static int take_rights(struct msghdr *msg)
{
	int first = -1, fd;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(fd) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(fd)) {
			memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
			if (first < 0)
				first = fd;
			else
				close(fd);
		}
	}
	return first;
}

/* One message: 1 read, 0 there is none, -1 main is gone or has broken the protocol. */
static int read_one(struct net *net)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec part = { net->message, sizeof(net->message) };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(net->bus, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
	int fd = take_rights(&msg);
	struct lk_in in = LK_IN(net->message, (size_t)n);
	bool good = n > 0 && !(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && take(net, &in, &fd);

	if (n > 0 && !good)
		net->broken = true;
	if (fd >= 0)
		close(fd);
	return good ? 1 : -1;
}

void net_bus_read(struct net *net)
{
	int rc = 1;

	for (int i = 0; i < MESSAGES_PER_TURN && rc > 0 && !net->quit; i++)
		rc = read_one(net);
	if (rc < 0)
		net->quit = true;
}
