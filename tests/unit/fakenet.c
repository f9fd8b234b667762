/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network process for tests of lcm's main process, linked in place of the real one: no network, no
 * privileges. Nodes on one machine talk over datagram sockets $FAKE_NET/SYSTEM; a heartbeat is sent every 20 ms.
 * $FAKE_NET/cut stops everything, $FAKE_NET/ping makes probes succeed, $FAKE_NET/lose drops every third envelope.
 */
#include "../../sbin/lcm/net.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lk/net.h"
#include "lk/wait.h"
#include "../../sbin/lcm/bus.h"
#include "lk/poison.h"

#define BEAT_MS 20
#define MISSED_MS 60

struct fake_path {
	bool used;
	struct bus_path conf;
	enum lk_net_state state;
	int64_t heard;
};

static struct fake {
	int bus, sock;
	struct bus_config config;
	struct bus_peer peer[BUS_PEERS_MAX];
	bool known[BUS_PEERS_MAX], up[BUS_PEERS_MAX], named[BUS_PEERS_MAX];
	uint64_t incarnation[BUS_PEERS_MAX];
	uint8_t view[BUS_PEERS_MAX], told[BUS_PEERS_MAX];
	struct fake_path path[BUS_PATHS_MAX];
	unsigned sent;
} fake;

static bool is_set(const char *what)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", getenv("FAKE_NET"), what);
	return access(path, F_OK) == 0;
}

static struct sockaddr_un address_of(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%.70s/%.30s", getenv("FAKE_NET"), name);
	return address;
}

static void tell(const struct lk_out *out)
{
	(void)!send(fake.bus, out->data, out->len, MSG_NOSIGNAL);
}

static void send_to(unsigned peer, const struct lk_out *out)
{
	struct sockaddr_un address = address_of(fake.peer[peer].name);

	if (is_set("cut"))
		return;
	/* the other one's queue is short */
	for (int i = 0; i < 1000; i++) {
		if (sendto(fake.sock, out->data, out->len, 0, (struct sockaddr *)&address,
			   sizeof(address)) >= 0 || errno != EAGAIN)
			return;
		usleep(100);
	}
}

static void tell_state(struct fake_path *path, enum lk_net_state state, int64_t now)
{
	struct bus_path_state message = { .path = path->conf.path, .state = (uint8_t)state,
					  .silent = (uint32_t)(now - path->heard) };
	uint8_t bytes[64];
	struct lk_out out = LK_OUT(bytes);

	if (path->state == state)
		return;
	path->state = state;
	bus_put_path_state(&out, &message);
	tell(&out);
}

static void tell_link(unsigned peer, bool up, uint64_t incarnation)
{
	struct bus_link link = { .peer = (uint8_t)peer, .up = up, .incarnation = incarnation,
				 .version = 2 };
	uint8_t bytes[64];
	struct lk_out out = LK_OUT(bytes);

	if (fake.up[peer] == up && (!up || fake.incarnation[peer] == incarnation))
		return;
	fake.up[peer] = up;
	fake.incarnation[peer] = incarnation;
	bus_put_link(&out, &link);
	tell(&out);
}

static void tell_view(unsigned peer, uint8_t view)
{
	struct bus_view message = { .peer = (uint8_t)peer, .view = view };
	uint8_t bytes[64];
	struct lk_out out = LK_OUT(bytes);

	if (fake.told[peer] == view)
		return;
	fake.told[peer] = view;
	bus_put_view(&out, BUS_TOLD, &message);
	tell(&out);
}

/* ---- from main ---- */

static void take_path(struct lk_in *in, int64_t now)
{
	struct bus_path conf;

	if (!bus_get_path(in, &conf))
		_exit(1);
	struct fake_path *path = &fake.path[conf.path];
	if (!path->used)
		*path = (struct fake_path){ .state = LK_NET_UNKNOWN, .heard = now };
	path->used = fake.named[conf.peer] = true;
	path->conf = conf;
}

static void take_send(struct lk_in *in)
{
	struct bus_data data;
	static uint8_t bytes[BUS_MESSAGE_MAX];
	struct lk_out out = LK_OUT(bytes);

	if (!bus_get_data(in, &data))
		_exit(1);
	if (is_set("lose") && ++fake.sent % 3 == 0)
		return;
	lk_put_u8(&out, 'D');
	lk_put_text(&out, fake.config.self);
	lk_put_raw(&out, data.data, data.len);
	send_to(data.peer, &out);
}

static void commit(struct lk_in *in)
{
	uint8_t bytes[16];
	struct lk_out out = LK_OUT(bytes);
	uint32_t generation = lk_get_u32(in);
	struct sockaddr_un address = address_of(fake.config.self);

	if (fake.sock < 0) {
		unlink(address.sun_path);
		fake.sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		if (bind(fake.sock, (struct sockaddr *)&address, sizeof(address)) < 0)
			_exit(1);
	}
	bus_put_generation(&out, BUS_CONFIGURED, generation);
	tell(&out);
}

static void from_main(int64_t now)
{
	static uint8_t bytes[BUS_MESSAGE_MAX];
	ssize_t len = recv(fake.bus, bytes, sizeof(bytes), 0);
	struct lk_in in = LK_IN(bytes, len > 0 ? (size_t)len : 0);
	struct bus_peer peer;
	struct bus_view view;

	if (len <= 0)
		_exit(0);
	switch (lk_get_u8(&in)) {
	case BUS_CONFIG:
		if (!bus_get_config(&in, &fake.config))
			_exit(1);
		for (unsigned i = 0; i < BUS_PATHS_MAX; i++)
			fake.path[i].used = false;
		memset(fake.named, 0, sizeof(fake.named));
		break;
	case BUS_PEER:
		if (!bus_get_peer(&in, &peer))
			_exit(1);
		fake.peer[peer.peer] = peer;
		fake.known[peer.peer] = true;
		break;
	case BUS_PATH: take_path(&in, now); break;
	case BUS_COMMIT: commit(&in); break;
	case BUS_SEND: take_send(&in); break;
	case BUS_VIEW:
		if (!bus_get_view(&in, &view))
			_exit(1);
		fake.view[view.peer] = view.view;
		break;
	case BUS_QUIT: _exit(0);
	}
}

/* ---- from the others ---- */

static void heard(unsigned peer, uint64_t incarnation, uint8_t view, int64_t now)
{
	tell_view(peer, view);
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++)
		if (fake.path[i].used && fake.path[i].conf.peer == peer) {
			fake.path[i].heard = now;
			tell_state(&fake.path[i], LK_NET_ALIVE, now);
		}
	tell_link(peer, true, incarnation);
}

static void from_peer(int64_t now)
{
	static uint8_t bytes[BUS_MESSAGE_MAX], copy[BUS_MESSAGE_MAX];
	ssize_t len = recv(fake.sock, bytes, sizeof(bytes), 0);
	struct lk_in in = LK_IN(bytes, len > 0 ? (size_t)len : 0);
	struct lk_out out = LK_OUT(copy);
	char name[LK_SYS_MAX + 1];
	uint8_t type = lk_get_u8(&in);
	unsigned peer = 0;

	lk_get_text(&in, name, sizeof(name));
	while (peer < BUS_PEERS_MAX && (!fake.named[peer] || strcmp(fake.peer[peer].name, name) != 0))
		peer++;
	if (in.bad || peer == BUS_PEERS_MAX || is_set("cut"))
		return;
	if (type == 'B') {
		uint64_t incarnation = lk_get_u64(&in);

		heard(peer, incarnation, lk_get_u8(&in), now);
		return;
	}
	struct bus_data data = { .peer = (uint8_t)peer, .data = in.at, .len = lk_in_left(&in) };
	bus_put_data(&out, BUS_RECEIVED, &data);
	tell(&out);
}

/* Probes begin with the first missed heartbeat. */
static void watch_path(struct fake_path *path, int64_t now)
{
	struct bus_probe probe = { .peer = path->conf.peer, .answered = is_set("ping"),
				   .silent = is_set("ping") ? 0 : (uint32_t)(now - path->heard) };
	uint8_t bytes[64];
	struct lk_out out = LK_OUT(bytes);

	if (now - path->heard < MISSED_MS)
		return;
	bus_put_probe(&out, &probe);
	tell(&out);
	if (now - path->heard < path->conf.interval * path->conf.misses)
		return;
	tell_state(path, LK_NET_DEAD, now);
	tell_link(path->conf.peer, false, 0);
}

static void beat(int64_t now)
{
	uint8_t bytes[LK_SYS_MAX + 32];

	for (unsigned i = 0; i < BUS_PEERS_MAX; i++) {
		struct lk_out out = LK_OUT(bytes);

		if (!fake.named[i])
			continue;
		lk_put_u8(&out, 'B');
		lk_put_text(&out, fake.config.self);
		lk_put_u64(&out, fake.config.incarnation);
		lk_put_u8(&out, fake.view[i]);
		send_to(i, &out);
	}
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++)
		if (fake.path[i].used)
			watch_path(&fake.path[i], now);
}

int net_run(int bus, const struct net_setup *setup)
{
	uint8_t bytes[4];
	struct lk_out out = LK_OUT(bytes);
	int64_t next = lk_now_ms();

	(void)setup;
	fake.bus = bus;
	fake.sock = -1;
	bus_put_empty(&out, BUS_READY);
	tell(&out);
	for (;;) {
		struct pollfd fds[2] = { { .fd = bus, .events = POLLIN },
					 { .fd = fake.sock, .events = POLLIN } };
		int64_t now = lk_now_ms();

		if (now >= next) {
			beat(now);
			next = now + BEAT_MS;
		}
		if (poll(fds, 2, (int)(next - now)) <= 0)
			continue;
		if (fds[0].revents)
			from_main(lk_now_ms());
		if (fds[1].revents & POLLIN)
			from_peer(lk_now_ms());
	}
}

pid_t disk_start(const struct disk_setup *setup, int *fd)
{
	(void)setup;
	*fd = -1;
	errno = ENOSYS;
	return -1;
}
