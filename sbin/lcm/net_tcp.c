/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP paths: the system with the smaller name connects, the other one listens. */
#include "net_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lk/poison.h"

#define ACCEPTS_PER_TURN 16
#define RETRY_MAX_MS 1000
#define BACKLOG 64
#define YOUNG_MS 500			/* a connection younger than that is not pushed out by others */
#define BEAT_BUFFER 8192
#define DATA_LOWAT (128 << 10)
#define DATA_PATIENCE_MS 30000
#define KEEPALIVE_S 15

/* ---- addresses ---- */

static bool parse(const char *text, uint16_t port, union net_address *address)
{
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &address->in.sin_addr) == 1) {
		address->in.sin_family = AF_INET;
		address->in.sin_port = htons(port);
		return true;
	}
	if (inet_pton(AF_INET6, text, &address->in6.sin6_addr) != 1)
		return false;
	address->in6.sin6_family = AF_INET6;
	address->in6.sin6_port = htons(port);
	return true;
}

bool tcp_addresses(struct net *net, struct net_path *path)
{
	(void)net;
	if (parse(path->conf.local, path->conf.port, &path->local) &&
	    parse(path->conf.remote, path->conf.port, &path->remote) &&
	    path->local.any.sa_family == path->remote.any.sa_family)
		return true;
	path->local.any.sa_family = AF_UNSPEC;
	return false;
}

void tcp_text(const union net_address *address, char text[static NET_ADDRESS])
{
	const void *raw = &address->in.sin_addr;

	if (address->any.sa_family == AF_INET6)
		raw = &address->in6.sin6_addr;
	if (!inet_ntop(address->any.sa_family, raw, text, NET_ADDRESS))
		snprintf(text, NET_ADDRESS, "?");
}

static bool same_host(const union net_address *one, const union net_address *other)
{
	if (one->any.sa_family != other->any.sa_family)
		return false;
	if (one->any.sa_family == AF_INET)
		return one->in.sin_addr.s_addr == other->in.sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&one->in6.sin6_addr, &other->in6.sin6_addr);
}

static socklen_t size_of(const union net_address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->in) : sizeof(address->in6);
}

/* ---- options ---- */

static void set(int fd, int level, int option, int value)
{
	/* what the kernel does not know makes us slower, not wrong */
	(void)!setsockopt(fd, level, option, &value, sizeof(value));
}

/* Heartbeats go before data, here and in the network. Data gets more time: it may have to wait for a busy
 * main on the other side. An idle connection for data is asked now and then whether it still leads anywhere. */
void tcp_options(struct conn *conn)
{
	bool beat = conn->kind == FRAME_KIND_BEAT;
	int tos = beat ? IPTOS_CLASS_CS6 : IPTOS_DSCP_AF11;

	set(conn->fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(conn->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)path_period(conn->path) + (beat ? 0 : DATA_PATIENCE_MS));
	set(conn->fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_S);
	set(conn->fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_S);
	set(conn->fd, SOL_SOCKET, SO_KEEPALIVE, !beat);
	if (conn->path->local.any.sa_family == AF_INET)
		set(conn->fd, IPPROTO_IP, IP_TOS, tos);
	else
		set(conn->fd, IPPROTO_IPV6, IPV6_TCLASS, tos);
	set(conn->fd, SOL_SOCKET, SO_PRIORITY, beat ? 6 : 2);
	if (beat)
		set(conn->fd, SOL_SOCKET, SO_SNDBUF, BEAT_BUFFER);
	else
		set(conn->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, DATA_LOWAT);
}

/* ---- listening ---- */

/* The same error again is not news. */
static void listen_failed(struct net *net, struct net_path *path, int error)
{
	if (path->listen_error != error)
		net_log(net, LK_LOG_WARN, LK_M_NET_LISTEN, path->conf.device, path->peer->conf.name,
			path->conf.local, path->conf.port, strerror(error));
	path->listen_error = error;
}

static int open_socket(const struct net_path *path)
{
	return socket(path->local.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void start_listening(struct net *net, struct net_path *path)
{
	int fd = open_socket(path);

	if (fd < 0) {
		listen_failed(net, path, errno);
		return;
	}
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (path->local.any.sa_family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (bind(fd, &path->local.any, size_of(&path->local)) < 0 || listen(fd, BACKLOG) < 0) {
		listen_failed(net, path, errno);
		close(fd);
		return;
	}
	if (!net_watch(net, fd, EPOLLIN, NET_LISTEN, path->conf.path)) {
		close(fd);
		return;
	}
	path->listen_fd = fd;
	path->listen_error = 0;
}

/* ---- accepting ---- */

static bool unfinished(const struct conn *conn)
{
	return conn && conn->server && conn->phase != CONN_UP;
}

/* Is there room for one more unfinished connection? The oldest may have to go for it. */
static bool make_room(struct net *net, const struct net_path *path, unsigned max, bool of_source)
{
	struct conn *oldest = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < NET_CONNS_MAX; i++) {
		struct conn *c = net->conn[i];

		if (!unfinished(c) || (of_source && !same_host(&c->path->remote, &path->remote)))
			continue;
		n++;
		if (!oldest || c->born < oldest->born)
			oldest = c;
	}
	if (n < max)
		return true;
	if (net->now - oldest->born < YOUNG_MS)
		return false;
	conn_close(oldest);
	return true;
}

static void accepted(struct net *net, struct net_path *path, int fd, const union net_address *from)
{
	char source[NET_ADDRESS];

	tcp_text(from, source);
	if (!same_host(from, &path->remote)) {
		net_log_burst(net, source, LK_M_NET_STRANGER, path->conf.device, path->peer->conf.name, source);
		close(fd);
		return;
	}
	if (!make_room(net, path, NET_UNFINISHED_SOURCE, true) ||
	    !make_room(net, path, NET_UNFINISHED_MAX, false)) {
		net_log_burst(net, source, LK_M_NET_FLOOD, path->conf.device, path->peer->conf.name, source);
		close(fd);
		return;
	}
	struct conn *conn = conn_new(net, path, fd);
	if (!conn)
		return;
	conn->server = true;
	if (tls_begin(conn) < 0)
		conn_close(conn);
}

void tcp_accept(struct net *net, struct net_path *path)
{
	for (int i = 0; i < ACCEPTS_PER_TURN && path->listen_fd >= 0; i++) {
		union net_address from;
		socklen_t len = sizeof(from);
		int fd = accept4(path->listen_fd, &from.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		accepted(net, path, fd, &from);
	}
}

/* ---- connecting ---- */

static void connect_to(struct net *net, struct net_path *path, enum frame_kind kind)
{
	union net_address from = path->local;
	int fd = open_socket(path);

	if (fd < 0)
		return;
	struct conn *conn = conn_new(net, path, fd);
	if (!conn)
		return;
	path->trying[kind] = conn;
	conn->kind = kind;
	from.in.sin_port = 0;	/* the same place in both forms */
	int64_t patience = path_period(path) > NET_DIAL_MS ? path_period(path) : NET_DIAL_MS;
	conn->deadline = net->now + patience;
	set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	if (bind(fd, &from.any, size_of(&from)) < 0 ||
	    (connect(fd, &path->remote.any, size_of(&path->remote)) < 0 && errno != EINPROGRESS)) {
		listen_failed(net, path, errno);
		conn_close(conn);
		return;
	}
	conn->wants_out = net_watch(net, fd, EPOLLIN | EPOLLOUT, NET_CONN, conn->index);
}

static void try_connect(struct net *net, struct net_path *path, enum frame_kind kind)
{
	if (path->conn[kind] || path->trying[kind])
		return;
	if (net->now >= path->next_try[kind]) {
		uint32_t pause = path->conf.interval < RETRY_MAX_MS ? path->conf.interval : RETRY_MAX_MS;

		path->next_try[kind] = net->now + pause;
		connect_to(net, path, kind);
	}
	net_due(net, path->next_try[kind]);
}

static void be_server(struct net *net, struct net_path *path)
{
	if (path->listen_fd >= 0)
		return;
	if (net->now >= path->next_try[0]) {
		path->next_try[0] = net->now + (path->conf.interval > RETRY_MAX_MS ? path->conf.interval
										   : RETRY_MAX_MS);
		start_listening(net, path);
	}
	if (path->listen_fd < 0)
		net_due(net, path->next_try[0]);
}

void tcp_timers(struct net *net, struct net_path *path)
{
	struct conn *beat = path->conn[FRAME_KIND_BEAT];

	if (path->local.any.sa_family == AF_UNSPEC)
		return;
	if (net->keys.n == 0) {
		if (path->listen_fd >= 0)
			close(path->listen_fd);
		path->listen_fd = -1;
		return;
	}
	if (!path->lower) {
		be_server(net, path);
	} else {
		try_connect(net, path, FRAME_KIND_BEAT);
		if (beat)
			try_connect(net, path, FRAME_KIND_DATA);
	}
	if (!beat)
		return;
	if (net->now >= path->next_beat) {
		path->next_beat = net_aligned(net->now, path->conf.interval);
		conn_beat(beat);
	}
	net_due(net, path->next_beat);
}
