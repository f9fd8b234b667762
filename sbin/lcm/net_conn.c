/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection of a TCP path: from connect or accept through TLS to frames, and its end. */
#include "net_world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lk/poison.h"

#define READS_PER_TURN 32		/* so that no peer starves the others */
#define WRITES_PER_TURN 16
#define FINISH_MS 5000			/* for TLS and HELLO */

static bool watch(struct conn *conn)
{
	uint32_t events = (conn->full ? 0 : EPOLLIN) | (conn->wants_out ? EPOLLOUT : 0);

	return net_watch(conn->net, conn->fd, events, NET_CONN, conn->index);
}

static void want_out(struct conn *conn, bool wants)
{
	if (conn->wants_out == wants)
		return;
	conn->wants_out = wants;
	watch(conn);
}

struct conn *conn_new(struct net *net, struct net_path *path, int fd)
{
	struct conn *conn = NULL;
	uint16_t index = 0;

	while (index < NET_CONNS_MAX && net->conn[index])
		index++;
	if (index < NET_CONNS_MAX)
		conn = calloc(1, sizeof(*conn));
	if (!conn) {
		close(fd);
		return NULL;
	}
	*conn = (struct conn){ .net = net, .path = path, .index = index, .fd = fd, .born = net->now,
			       .serial = ++net->serial, .in.max = FRAME_SMALL_MAX };
	net->conn[index] = conn;
	if (!watch(conn)) {
		conn_close(conn);
		return NULL;
	}
	return conn;
}

void conn_close(struct conn *conn)
{
	struct net_path *path = conn->path;
	struct net *net = conn->net;

	for (int kind = 0; kind < 2; kind++) {
		if (path->conn[kind] == conn)
			path->conn[kind] = NULL;
		if (path->trying[kind] == conn)
			path->trying[kind] = NULL;
	}
	if (conn->tls)
		gnutls_deinit(conn->tls);
	close(conn->fd);
	free(conn->sending);
	frame_stream_next(&conn->in);
	net->conn[conn->index] = NULL;
	explicit_bzero(conn->key, sizeof(conn->key));
	free(conn);
	link_update(net, path->peer);
	net->next = net->now;
}

const char *conn_source(const struct conn *conn, char text[static NET_ADDRESS])
{
	tcp_text(&conn->path->remote, text);
	return text;
}

/* ---- writing ---- */

/* Give the TLS layer what it takes: 1 all of it, 0 it is full, -1 the connection is broken. */
static int write_some(struct conn *conn, const uint8_t *data, size_t len, size_t *sent)
{
	while (*sent < len) {
		ssize_t n = gnutls_record_send(conn->tls, data + *sent, len - *sent);

		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			return 0;
		if (n <= 0)
			return -1;
		*sent += (size_t)n;
	}
	return 1;
}

static int flush_control(struct conn *conn)
{
	size_t sent = 0;

	if (conn->out_len == 0)
		return 1;
	/* small enough for one record, which is taken whole or kept by the TLS layer */
	int rc = write_some(conn, conn->out, conn->out_len, &sent);
	if (rc == 1)
		conn->out_len = 0;
	return rc;
}

static int flush_data(struct conn *conn)
{
	for (int i = 0; i < WRITES_PER_TURN; i++) {
		if (!conn->sending) {
			conn->sending = link_take(conn);
			conn->sent = 0;
		}
		if (!conn->sending)
			return 1;
		int rc = write_some(conn, conn->sending->data, conn->sending->len, &conn->sent);
		if (rc != 1)
			return rc;
		free(conn->sending);
		conn->sending = NULL;
	}
	return 0;	/* the others first */
}

bool conn_flush(struct conn *conn)
{
	int rc = flush_control(conn);

	if (rc == 1 && conn->phase == CONN_UP && conn->kind == FRAME_KIND_DATA)
		rc = flush_data(conn);
	if (rc < 0) {
		conn_close(conn);
		return false;
	}
	want_out(conn, rc == 0);
	return true;
}

bool conn_send(struct conn *conn, const struct lk_out *frame)
{
	if (conn->out_len != 0 || frame->failed || frame->len > sizeof(conn->out))
		return false;
	memcpy(conn->out, frame->data, frame->len);
	conn->out_len = frame->len;
	return conn_flush(conn);
}

void conn_reject(struct conn *conn, const char *reason)
{
	uint8_t bytes[FRAME_HEAD + FRAME_REASON_MAX + 2];
	struct lk_out out = LK_OUT(bytes);
	size_t sent = 0;

	frame_put_reject(&out, reason);
	if (conn->out_len == 0 && !conn->sending)
		(void)write_some(conn, out.data, out.len, &sent);
	conn_close(conn);
}

/* ---- the handshake ---- */

static void handshake_failed(struct conn *conn, int error)
{
	char source[NET_ADDRESS];
	struct net_path *path = conn->path;
	const char *why = conn->refused ? conn->refused : gnutls_strerror(error);

	if (error == GNUTLS_E_FATAL_ALERT_RECEIVED)
		why = gnutls_alert_get_name(gnutls_alert_get(conn->tls));
	else
		(void)gnutls_alert_send_appropriate(conn->tls, error);
	net_log_burst(conn->net, conn_source(conn, source), LK_M_NET_TLS, path->conf.device,
		      path->peer->conf.name, conn->server ? "from" : "to", source, why ? why : "?");
	/* the other side may not have this key yet, or not any more */
	if (!conn->server && conn->net->keys.n)
		path->key_at = (path->key_at + 1) % conn->net->keys.n;
	conn_close(conn);
}

static void handshake_done(struct conn *conn)
{
	gnutls_datum_t alpn;

	if (gnutls_protocol_get_version(conn->tls) != GNUTLS_TLS1_3 ||
	    gnutls_alpn_get_selected_protocol(conn->tls, &alpn) < 0) {
		handshake_failed(conn, GNUTLS_E_NO_APPLICATION_PROTOCOL);
		return;
	}
	conn->phase = CONN_HELLO;
	want_out(conn, false);
	if (!conn->server && !conn_hello_send(conn))
		return;
	conn_more(conn);
}

static void handshake(struct conn *conn)
{
	int rc = gnutls_handshake(conn->tls);

	if (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED)
		want_out(conn, gnutls_record_get_direction(conn->tls) == 1);
	else if (rc < 0)
		handshake_failed(conn, rc);
	else
		handshake_done(conn);
}

static void connected(struct conn *conn)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error) {
		conn_close(conn);	/* nobody there: the state of the path says it */
		return;
	}
	tcp_options(conn);
	if (tls_begin(conn) < 0)
		conn_close(conn);
	else
		handshake(conn);
}

/* ---- reading ---- */

static void read_failed(struct conn *conn, ssize_t n)
{
	char source[NET_ADDRESS];

	if (n < 0 && n != GNUTLS_E_PREMATURE_TERMINATION && n != GNUTLS_E_PULL_ERROR)
		net_log_burst(conn->net, conn_source(conn, source), LK_M_NET_GARBAGE, conn->path->conf.device,
			      conn->path->peer->conf.name, gnutls_strerror((int)n));
	conn_close(conn);
}

static void oversize(struct conn *conn)
{
	char source[NET_ADDRESS];

	net_log_burst(conn->net, conn_source(conn, source), LK_M_NET_FRAME, conn->path->conf.device,
		      conn->path->peer->conf.name, "it is too long", conn->in.type);
	conn_reject(conn, "the frame is too long");
}

/* Read one piece. 1 go on, 0 nothing there, or the connection is gone or waits. */
static int read_piece(struct conn *conn)
{
	uint8_t *at;
	size_t room = frame_stream_room(&conn->in, &at);
	ssize_t n = gnutls_record_recv(conn->tls, at, room);

	if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED) {
		conn->more = false;
		return 0;
	}
	if (n <= 0) {
		read_failed(conn, n);
		return 0;
	}
	switch (frame_stream_add(&conn->in, (size_t)n)) {
	case 0:
		return 1;
	case 1:
		return conn_frame(conn);
	default:
		oversize(conn);
		return 0;
	}
}

void conn_more(struct conn *conn)
{
	if (conn->full) {
		conn->full = false;
		if (!watch(conn) || !conn_frame(conn))
			return;
	}
	conn->more = true;
	for (int i = 0; i < READS_PER_TURN; i++)
		if (!read_piece(conn))
			return;
}

void conn_event(struct conn *conn, uint32_t events)
{
	if (conn->phase == CONN_CONNECT) {
		if (events & ~(uint32_t)EPOLLIN)
			connected(conn);
	} else if (conn->phase == CONN_TLS) {
		handshake(conn);
	} else {
		if ((events & EPOLLOUT) && !conn_flush(conn))
			return;
		if ((events & ~(uint32_t)EPOLLOUT) && !conn->full)
			conn_more(conn);
	}
}

void conn_timers(struct conn *conn)
{
	char source[NET_ADDRESS];

	if (conn->phase == CONN_UP)
		return;
	if (conn->deadline == 0) {
		int64_t patience = 2 * path_period(conn->path);

		conn->deadline = conn->born + (patience > FINISH_MS ? patience : FINISH_MS);
	}
	if (conn->net->now < conn->deadline) {
		net_due(conn->net, conn->deadline);
		return;
	}
	if (conn->phase != CONN_CONNECT)
		net_log_burst(conn->net, conn_source(conn, source), LK_M_NET_SLOW, conn->path->conf.device,
			      conn->path->peer->conf.name, source);
	conn_close(conn);
}
