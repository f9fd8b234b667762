/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the frames of a connection do: the mutual check at its begin, heartbeats, data. */
#include "net_world.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "lk/poison.h"

bool conn_hello_send(struct conn *conn)
{
	const struct net_path *path = conn->path;
	struct frame_hello hello = {
		.version_min = FRAME_VERSION_MIN, .version_max = FRAME_VERSION_MAX, .kind = conn->kind,
		.view = path->peer->view, .incarnation = conn->net->conf.incarnation, .port = path->conf.port,
		.interval = path->conf.interval, .misses = path->conf.misses,
	};
	uint8_t bytes[FRAME_HEAD + FRAME_SMALL_MAX];
	struct lk_out out = LK_OUT(bytes);

	snprintf(hello.from, sizeof(hello.from), "%s", conn->net->conf.self);
	snprintf(hello.to, sizeof(hello.to), "%s", path->peer->conf.name);
	frame_put_hello(&out, &hello);
	return conn_send(conn, &out);
}

void conn_beat(struct conn *conn)
{
	struct net_path *path = conn->path;
	struct frame_beat beat = { .sequence = ++path->sequence, .view = path->peer->view,
				   .confirm = confirm_beat(conn->net, path->peer, conn->incarnation) };
	uint8_t bytes[FRAME_BEAT_MAX];
	struct lk_out out = LK_OUT(bytes);

	frame_put_beat(&out, conn->version, &beat);
	(void)conn_send(conn, &out);	/* one that does not fit is skipped */
}

/* ---- the mutual check ---- */

/* Is the peer there already, under another incarnation and beating? */
static bool two_machines(const struct conn *conn, const struct frame_hello *hello)
{
	const struct net *net = conn->net;

	for (const struct net_path *p = net->path; p < net->path + BUS_PATHS_MAX; p++) {
		const struct conn *beat = p->conn[FRAME_KIND_BEAT];

		if (path_of(p, conn->path->peer) && p->state == LK_NET_ALIVE && beat &&
		    beat->incarnation != hello->incarnation && path_silent(net, p) <= path_period(p))
			return true;
	}
	return false;
}

/* What is wrong with a well-formed HELLO, or NULL. */
static const char *objection(const struct conn *conn, const struct frame_hello *hello)
{
	const struct net_path *path = conn->path;
	const struct conn *beat = path->conn[FRAME_KIND_BEAT];

	if (strcmp(hello->from, path->peer->conf.name) != 0)
		return "the comm path leads to another system";
	if (strcmp(hello->to, conn->net->conf.self) != 0)
		return "this is another system";
	if (hello->port != path->conf.port)
		return "the comm path has another port";
	if (!conn->server && hello->kind != conn->kind)
		return "the connection is of another kind";
	if (hello->incarnation == conn->net->conf.incarnation)
		return "the incarnation is that of this system";
	if (hello->misses < LK_MISSES_MIN || hello->interval < LK_BEAT_MIN_MS)
		return "the heartbeat interval is out of range";
	if (two_machines(conn, hello))
		return "two machines claim this name";
	if (hello->kind == FRAME_KIND_DATA && (!beat || beat->incarnation != hello->incarnation))
		return "there is no connection for heartbeats";
	return NULL;
}

/* Connections of a predecessor of the peer's lcm lead nowhere. */
static void new_incarnation(struct net *net, struct net_peer *peer, uint64_t incarnation)
{
	if (peer->incarnation == incarnation)
		return;
	peer->incarnation = incarnation;
	confirm_sender(peer, incarnation);
	for (unsigned i = 0; i < NET_CONNS_MAX; i++) {
		struct conn *c = net->conn[i];

		if (c && path_of(c->path, peer) && c->phase == CONN_UP && c->incarnation != incarnation)
			conn_close(c);
	}
}

static void take_place(struct conn *conn)
{
	struct net_path *path = conn->path;
	struct conn *old = path->conn[conn->kind];

	if (old && old != conn)
		conn_close(old);
	path->conn[conn->kind] = conn;
	if (path->trying[conn->kind] == conn)
		path->trying[conn->kind] = NULL;
	conn->phase = CONN_UP;
}

static bool hello_good(struct conn *conn, const struct frame_hello *hello)
{
	struct net *net = conn->net;
	struct net_path *path = conn->path;

	conn->kind = hello->kind;
	conn->version = frame_version(hello);
	conn->incarnation = hello->incarnation;
	if (conn->server && !conn_hello_send(conn))
		return false;
	new_incarnation(net, path->peer, hello->incarnation);
	take_place(conn);
	path_heard(net, path);
	path_peer_beat(net, path, hello->interval, hello->misses);
	tcp_options(conn);
	if (conn->version >= 2)
		path_told(net, path, hello->view);
	if (conn->kind == FRAME_KIND_DATA) {
		conn->in.max = FRAME_PAYLOAD_MAX;
		link_update(net, path->peer);
		return conn_flush(conn);
	}
	path->next_try[FRAME_KIND_DATA] = path->next_beat = net->now;
	net->next = net->now;
	return true;
}

static bool refuse(struct conn *conn, const char *claims, const char *reason)
{
	char source[NET_ADDRESS];
	const struct net_path *path = conn->path;

	net_log_burst(conn->net, conn_source(conn, source), LK_M_NET_HELLO, path->conf.device,
		      path->peer->conf.name, source, claims, reason);
	conn_reject(conn, reason);
	return false;
}

static bool take_hello(struct conn *conn)
{
	struct lk_in in = LK_IN(conn->in.payload, conn->in.len);
	struct frame_hello hello;
	char text[FRAME_REASON_MAX];

	switch (frame_get_hello(&in, &hello)) {
	case FRAME_HELLO_BAD:
		return refuse(conn, "?", "HELLO is malformed");
	case FRAME_HELLO_VERSION:
		snprintf(text, sizeof(text), "versions %u to %u are talked here, %u to %u there",
			 FRAME_VERSION_MIN, FRAME_VERSION_MAX, hello.version_min, hello.version_max);
		return refuse(conn, "?", text);
	default:
		break;
	}
	const char *reason = objection(conn, &hello);
	return reason ? refuse(conn, hello.from, reason) : hello_good(conn, &hello);
}

/* ---- afterwards ---- */

static bool bad_frame(struct conn *conn, const char *why)
{
	char source[NET_ADDRESS];

	net_log_burst(conn->net, conn_source(conn, source), LK_M_NET_FRAME, conn->path->conf.device,
		      conn->path->peer->conf.name, why, conn->in.type);
	conn_reject(conn, why);
	return false;
}

static bool take_beat(struct conn *conn)
{
	struct lk_in in = LK_IN(conn->in.payload, conn->in.len);
	struct frame_beat beat;

	if (!frame_get_beat(&in, conn->version, &beat))
		return bad_frame(conn, "it is malformed");
	path_alive(conn->net, conn->path);
	if (conn->version >= 2)
		path_told(conn->net, conn->path, beat.view);
	confirm_take(conn->net, conn->path->peer,
		   &(struct confirm_heard){ conn->incarnation, beat.view, beat.confirm });
	return true;
}

/* The states before the data: main must know of the link that this came over. */
static bool take_data(struct conn *conn)
{
	struct net *net = conn->net;
	struct net_peer *peer = conn->path->peer;
	struct bus_data data = { (uint8_t)(peer - net->peer), conn->in.payload, conn->in.len };
	struct lk_out out = { .data = net->message, .size = sizeof(net->message) };

	path_heard(net, conn->path);
	net_bus_flush(net);
	bus_put_data(&out, BUS_RECEIVED, &data);
	if (net_bus_send(net, &out))
		return true;
	conn->full = true;
	net_watch(net, conn->fd, conn->wants_out ? EPOLLOUT : 0, NET_CONN, conn->index);
	return false;
}

static bool take_reject(struct conn *conn)
{
	struct lk_in in = LK_IN(conn->in.payload, conn->in.len);
	char reason[FRAME_REASON_MAX + 1], source[NET_ADDRESS];

	if (!frame_get_reject(&in, reason))
		return bad_frame(conn, "it is malformed");
	net_log_burst(conn->net, conn_source(conn, source), LK_M_NET_REJECTED, conn->path->conf.device,
		      conn->path->peer->conf.name, reason);
	conn_close(conn);
	return false;
}

/* A type that nobody knows yet is left alone; one that does not belong here is not. */
static bool take_other(struct conn *conn)
{
	char source[NET_ADDRESS];

	if (conn->in.type <= FRAME_REJECT || conn->phase != CONN_UP)
		return bad_frame(conn, "it does not belong here");
	net_log_burst(conn->net, conn_source(conn, source), LK_M_NET_UNKNOWN, conn->path->conf.device,
		      conn->path->peer->conf.name, conn->in.type);
	return true;
}

static bool take(struct conn *conn)
{
	uint8_t type = conn->in.type;

	if (type == FRAME_REJECT)
		return take_reject(conn);
	if (conn->phase == CONN_HELLO && type == FRAME_HELLO)
		return take_hello(conn);
	if (conn->phase == CONN_UP && conn->kind == FRAME_KIND_BEAT && type == FRAME_BEAT)
		return take_beat(conn);
	if (conn->phase == CONN_UP && conn->kind == FRAME_KIND_DATA && type == FRAME_DATA)
		return take_data(conn);
	return take_other(conn);
}

bool conn_frame(struct conn *conn)
{
	if (!take(conn))
		return false;
	frame_stream_next(&conn->in);
	return true;
}
