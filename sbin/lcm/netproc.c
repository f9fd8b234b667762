/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network process as main sees it. */
#include "netproc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/detach.h"
#include "lk/msg.h"
#include "config.h"
#include "control.h"
#include "exec.h"
#include "lease.h"
#include "net.h"
#include "terms.h"
#include "lk/poison.h"

#define REAP_MS 100
#define PACKETS_MAX (64u << 20)		/* a net that takes nothing any more is of no use */

struct lcm_packet {
	struct lcm_packet *next;
	int fd;
	size_t len;
	uint8_t data[];
};

/* ---- sending ---- */

/* 1: sent; 0: not now; -1. */
static int send_one(int bus, const uint8_t *data, size_t len, int fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .space = "" };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = control.space;
		msg.msg_controllen = sizeof(control.space);
		control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
						 .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	if (sendmsg(bus, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 1;
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -1;
}

static void keep(struct lcm *lcm, const struct lk_out *message, int fd)
{
	struct lcm_packet *packet = malloc(sizeof(*packet) + message->len);

	if (!packet || lcm->packet_bytes > PACKETS_MAX) {
		/* without this message the two sides no longer agree */
		free(packet);
		if (fd >= 0)
			close(fd);
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_BUS, "it takes no messages");
		lcm->failed = 1;
		return;
	}
	*packet = (struct lcm_packet){ .fd = fd, .len = message->len };
	memcpy(packet->data, message->data, message->len);
	*lcm->packets_end = packet;
	lcm->packets_end = &packet->next;
	lcm->packet_bytes += packet->len;
	lcm_watch(lcm, &lcm->bus, EPOLLIN | EPOLLOUT);
}

void netproc_send(struct lcm *lcm, const struct lk_out *message, int fd)
{
	int rc = 0;

	if (message->failed || lcm->bus.fd < 0) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (!lcm->packets)
		rc = send_one(lcm->bus.fd, message->data, message->len, fd);
	if (rc == 0)
		keep(lcm, message, fd);
	else if (fd >= 0)
		close(fd);
}

static void drop_packet(struct lcm *lcm)
{
	struct lcm_packet *packet = lcm->packets;

	lcm->packets = packet->next;
	if (!lcm->packets)
		lcm->packets_end = &lcm->packets;
	lcm->packet_bytes -= packet->len;
	if (packet->fd >= 0)
		close(packet->fd);
	free(packet);
}

void netproc_free(struct lcm *lcm)
{
	while (lcm->packets)
		drop_packet(lcm);
}

static void flush(struct lcm *lcm)
{
	struct lcm_packet *packet;

	while ((packet = lcm->packets) != NULL) {
		if (send_one(lcm->bus.fd, packet->data, packet->len, packet->fd) == 0)
			return;
		drop_packet(lcm);
	}
	lcm_watch(lcm, &lcm->bus, EPOLLIN);
}

void netproc_send_view(struct lcm *lcm, const struct lcm_peer *peer)
{
	static const uint8_t views[PEER_STATES] = {
		[PEER_UNKNOWN] = FRAME_VIEW_UNKNOWN, [PEER_ALIVE] = FRAME_VIEW_ALIVE,
		[PEER_RETURNING] = FRAME_VIEW_ALIVE, [PEER_SUSPECT] = FRAME_VIEW_SUSPECT,
		[PEER_DOWN] = FRAME_VIEW_DOWN,
	};
	struct bus_view view = { .peer = peer->number, .view = views[peer->machine.state] };
	uint8_t bytes[16];
	struct lk_out out = LK_OUT(bytes);

	bus_put_view(&out, BUS_VIEW, &view);
	netproc_send(lcm, &out, -1);
}

/* ---- receiving ---- */

static struct lcm_path *path_at(struct lcm *lcm, unsigned number)
{
	return number < BUS_PATHS_MAX && lcm->path[number].configured ? &lcm->path[number] : NULL;
}

static struct lcm_peer *peer_at(struct lcm *lcm, unsigned number)
{
	return number < BUS_PEERS_MAX && lcm->peer[number].configured ? &lcm->peer[number] : NULL;
}

static bool take_path_state(struct lcm *lcm, struct lk_in *in)
{
	struct bus_path_state state;

	if (!bus_get_path_state(in, &state))
		return false;
	struct lcm_path *path = path_at(lcm, state.path);
	if (path)
		control_path(lcm, path, &state);
	return true;
}

static bool take_probe(struct lcm *lcm, struct lk_in *in)
{
	struct bus_probe probe;

	if (!bus_get_probe(in, &probe))
		return false;
	struct lcm_peer *peer = peer_at(lcm, probe.peer);
	if (peer)
		control_probe(peer, &probe);
	return true;
}

static bool take_link(struct lcm *lcm, struct lk_in *in)
{
	struct bus_link link;

	if (!bus_get_link(in, &link))
		return false;
	struct lcm_peer *peer = peer_at(lcm, link.peer);
	if (peer)
		control_link(peer, &link);
	return true;
}

static bool take_data(struct lcm *lcm, struct lk_in *in)
{
	struct bus_data data;

	if (!bus_get_data(in, &data))
		return false;
	struct lcm_peer *peer = peer_at(lcm, data.peer);
	if (peer)
		control_envelope(peer, &data);
	return true;
}

static bool take_told(struct lcm *lcm, struct lk_in *in)
{
	struct bus_view view;

	if (!bus_get_view(in, &view))
		return false;
	struct lcm_peer *peer = peer_at(lcm, view.peer);
	if (peer)
		control_told(peer, view.view);
	return true;
}

static bool take_log(struct lcm *lcm, struct lk_in *in)
{
	struct bus_log log;

	if (!bus_get_log(in, &log))
		return false;
	lcm_log(lcm, (enum lk_log_level)log.level, (int)log.number, 0, "%s", log.text);
	return true;
}

static bool take_want(struct lcm *lcm, struct lk_in *in)
{
	uint16_t number;

	if (!bus_get_want(in, &number))
		return false;
	struct lcm_path *path = path_at(lcm, number);
	if (path)
		config_open_device(lcm, path);
	return true;
}

static bool take_configured(struct lcm *lcm, struct lk_in *in)
{
	uint32_t generation;

	if (!bus_get_generation(in, &generation) || generation > lcm->generation)
		return false;
	config_confirmed(lcm, generation);
	return true;
}

static bool take_ready(struct lcm *lcm, struct lk_in *in)
{
	lcm->net_ready = true;
	return bus_get_empty(in);
}

static bool take_stall(struct lcm *lcm, struct lk_in *in)
{
	uint32_t ms;

	if (!bus_get_stall(in, &ms))
		return false;
	control_stall(lcm, ms);
	return true;
}

static bool take_lease(struct lcm *lcm, struct lk_in *in)
{
	struct bus_lease lease;

	if (!bus_get_lease(in, &lease))
		return false;
	lease_take(lcm, &lease);
	return true;
}

static bool take_keep(struct lcm *lcm, struct lk_in *in)
{
	struct bus_terms terms;

	if (!bus_get_terms(in, &terms))
		return false;
	struct lcm_peer *peer = peer_at(lcm, terms.peer);
	if (peer)
		terms_keep(peer, &terms);
	return true;
}

static bool take_confirms(struct lcm *lcm, struct lk_in *in)
{
	struct bus_confirms confirms;

	if (!bus_get_confirms(in, &confirms))
		return false;
	lease_confirms(lcm, &confirms);
	return true;
}

static bool take_holds(struct lcm *lcm, struct lk_in *in)
{
	struct bus_holds holds;

	if (!bus_get_holds(in, &holds))
		return false;
	struct lcm_peer *peer = peer_at(lcm, holds.peer);
	if (peer)
		lease_holds(peer, (enum lk_holds)holds.holds);
	return true;
}

static bool take_counters(struct lcm *lcm, struct lk_in *in)
{
	struct bus_counters counters;

	if (!bus_get_counters(in, &counters))
		return false;
	struct lcm_path *path = path_at(lcm, counters.path);
	if (path)
		memcpy(path->counter, counters.counter, sizeof(path->counter));
	return true;
}

static bool take(struct lcm *lcm, struct lk_in *in)
{
	switch (lk_get_u8(in)) {
	case BUS_READY: return take_ready(lcm, in);
	case BUS_CONFIGURED: return take_configured(lcm, in);
	case BUS_PATH_STATE: return take_path_state(lcm, in);
	case BUS_PROBE: return take_probe(lcm, in);
	case BUS_LINK: return take_link(lcm, in);
	case BUS_RECEIVED: return take_data(lcm, in);
	case BUS_TOLD: return take_told(lcm, in);
	case BUS_STALL: return take_stall(lcm, in);
	case BUS_LOG: return take_log(lcm, in);
	case BUS_WANT: return take_want(lcm, in);
	case BUS_LEASE: return take_lease(lcm, in);
	case BUS_CONFIRMS: return take_confirms(lcm, in);
	case BUS_HOLDS: return take_holds(lcm, in);
	case BUS_KEEP: return take_keep(lcm, in);
	case BUS_COUNTERS: return take_counters(lcm, in);
	}
	return false;
}

static void give_up(struct lcm *lcm, const char *why)
{
	lcm_close(lcm, &lcm->bus);
	/* how it ended says more */
	for (int i = 0; i < REAP_MS && lcm->net > 0; i++) {
		usleep(1000);
		lcm_reap(lcm);
	}
	if (lcm->stopping || lcm->failed)
		return;
	lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_BUS, why);
	lcm->failed = 1;
}

static void on_bus(void *arg, uint32_t events)
{
	struct lcm *lcm = arg;
	uint8_t bytes[BUS_MESSAGE_MAX];

	if (events & EPOLLOUT)
		flush(lcm);
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	/* no descriptor is ever wanted from there: without room for it the kernel closes one */
	struct iovec iov = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t len = recvmsg(lcm->bus.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		give_up(lcm, "it has closed the bus");
		return;
	}
	struct lk_in in = LK_IN(bytes, (size_t)len);
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || !take(lcm, &in))
		give_up(lcm, "it sent a malformed message");
}

/* ---- start and end ---- */

static void on_end(void *arg, int status)
{
	struct lcm *lcm = arg;
	char why[80];

	lcm->net = 0;
	/* its last words, until the bus is at its end */
	while (lcm->bus.fd >= 0 && !lcm->stopping)
		on_bus(lcm, EPOLLIN);
	if (lcm->stopping || lcm->failed)
		return;
	snprintf(why, sizeof(why), WIFSIGNALED(status) ? "it was killed by signal %d"
						       : "it ended with exit code %d",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_BUS, why);
	lcm->failed = 1;
}

static _Noreturn void be_net(const struct lcm *lcm, int bus)
{
	struct net_setup setup = { .user = lcm->set.user, .realtime = lcm->set.realtime,
				   .seccomp = !getenv("LCM_NO_SECCOMP") };
	int moved = dup2(bus, 3);

	lease_before(lcm, &setup);

	lk_close_from(4);
	lk_reset_signals();
	_exit(net_run(moved, &setup));
}

int netproc_start(struct lcm *lcm)
{
	int pair[2], size = 4 << 20;

	lcm->packets_end = &lcm->packets;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	lcm->net = fork();
	if (lcm->net == 0)
		be_net(lcm, pair[1]);
	close(pair[1]);
	if (lcm->net < 0 || lcm_adopt(lcm, lcm->net, on_end, lcm) < 0) {
		close(pair[0]);
		return -1;
	}
	lcm->bus = (struct lcm_source){ .fd = pair[0], .ready = on_bus, .arg = lcm };
	lcm_watch(lcm, &lcm->bus, EPOLLIN);
	return 0;
}

void netproc_stop(struct lcm *lcm)
{
	uint8_t bytes[4];
	struct lk_out out = LK_OUT(bytes);

	bus_put_empty(&out, BUS_QUIT);
	netproc_send(lcm, &out, -1);
}
