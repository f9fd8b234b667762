/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network process of lcm: its start and its one loop. */
#include "net.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "confine.h"
#include "net_world.h"
#include "lk/poison.h"

#define EVENTS_PER_TURN 64
#define SLEEP_MAX_MS 60000
#define STALL_MIN_MS 20			/* less than that is the scheduler's noise */

/* ---- time and events ---- */

static int64_t clock_ms(clockid_t clock)
{
	struct timespec ts = { 0 };

	clock_gettime(clock, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

bool net_watch(struct net *net, int fd, uint32_t events, enum net_source source, unsigned index)
{
	struct epoll_event event = { .events = events, .data.u64 = (uint64_t)source << 32 | index };

	if (epoll_ctl(net->epoll, EPOLL_CTL_MOD, fd, &event) == 0)
		return true;
	if (errno == ENOENT && epoll_ctl(net->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
		return true;
	net_log_burst(net, "epoll", LK_M_NET_EPOLL, strerror(errno));
	return false;
}

static void bus_event(struct net *net, uint32_t events)
{
	if (events & EPOLLOUT)
		net_bus_room(net);
	if (events & ~(uint32_t)EPOLLOUT)
		net_bus_read(net);
}

static void dispatch(struct net *net, const struct epoll_event *event)
{
	unsigned index = (unsigned)event->data.u64;

	switch ((enum net_source)(event->data.u64 >> 32)) {
	case NET_BUS:
		bus_event(net, event->events);
		break;
	case NET_LISTEN:
		tcp_accept(net, &net->path[index]);
		break;
	case NET_CONN:
		if (net->conn[index])
			conn_event(net->conn[index], event->events);
		break;
	case NET_DEVICE:
		device_event(net, &net->path[index]);
		break;
	case NET_ICMP:
		probe_read(net, false);
		break;
	case NET_ICMP6:
		probe_read(net, true);
		break;
	}
}

/* Those whose share of a turn was used up; the TLS layer may hold what epoll cannot see. */
static bool go_on(struct net *net)
{
	bool more = false;

	for (unsigned i = 0; i < NET_CONNS_MAX; i++) {
		if (net->conn[i] && net->conn[i]->more && !net->conn[i]->full)
			conn_more(net->conn[i]);
		more |= net->conn[i] && net->conn[i]->more && !net->conn[i]->full;
	}
	return more;
}

/* ---- timers ---- */

static void timers(struct net *net)
{
	net->next = net->now + SLEEP_MAX_MS;
	for (unsigned i = 0; i < NET_CONNS_MAX; i++)
		if (net->conn[i])
			conn_timers(net->conn[i]);
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++)
		if (net->path[i].used)
			path_timers(net, &net->path[i]);
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (net->peer[i].used)
			probe_timers(net, &net->peer[i]);
	net_log_timers(net);
	confirm_timers(net);
}

static uint32_t smallest_interval(const struct net *net)
{
	uint32_t smallest = LK_BEAT_MAX_MS;

	for (const struct net_path *p = net->path; p < net->path + BUS_PATHS_MAX; p++)
		if (p->used && p->conf.interval < smallest)
			smallest = p->conf.interval;
	return smallest;
}

/* This process did not run: stopped, suspended, or starved. Others are not to blame. */
static void stalled(struct net *net, int64_t gap)
{
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++)
		if (net->path[i].used)
			path_stalled(net, &net->path[i], gap);
	for (unsigned i = 0; i < NET_CONNS_MAX; i++)
		if (net->conn[i] && net->conn[i]->deadline)
			net->conn[i]->deadline += gap;
	if (gap < smallest_interval(net) / 2)
		return;
	net->stalled += (uint32_t)(gap < UINT32_MAX / 2 ? gap : UINT32_MAX / 2);
	net_log_burst(net, "stall", LK_M_NET_STALL, (unsigned)gap);
}

/* ---- the loop ---- */

/* CLOCK_BOOTTIME also counts the time of a suspended machine. */
static int64_t wait_events(struct net *net, struct epoll_event *events, bool more, int *n)
{
	int64_t left = net->next - clock_ms(CLOCK_MONOTONIC);

	if (more || left < 0)
		left = 0;
	if (left > SLEEP_MAX_MS)
		left = SLEEP_MAX_MS;
	*n = epoll_wait(net->epoll, events, EVENTS_PER_TURN, (int)left);
	int64_t boot = clock_ms(CLOCK_BOOTTIME);
	int64_t gap = boot - net->boot_last - left;
	net->boot_last = boot;
	net->now = clock_ms(CLOCK_MONOTONIC);
	return gap;
}

static bool turn(struct net *net, bool more)
{
	struct epoll_event events[EVENTS_PER_TURN];
	int n;
	int64_t gap = wait_events(net, events, more, &n);

	for (int i = 0; i < n && !net->quit; i++)
		dispatch(net, &events[i]);
	more = go_on(net);
	if (gap >= STALL_MIN_MS)
		stalled(net, gap);
	timers(net);
	net_bus_flush(net);
	return more;
}

static void end(struct net *net)
{
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++)
		if (net->path[i].used)
			path_end(net, &net->path[i]);
	explicit_bzero(&net->keys, sizeof(net->keys));
}

/* ---- the start ---- */

static void ignore_signals(void)
{
	static const int signals[] = { SIGINT, SIGHUP, SIGTERM, SIGPIPE };

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		(void)signal(signals[i], SIG_IGN);
}

static void explain(struct net *net, const char *what, int error)
{
	net_log(net, LK_LOG_WARN, LK_M_NET_WITHOUT, what, strerror(error));
}

static bool tls(struct net *net)
{
	int rc = tls_start(net);

	if (rc == 0)
		rc = tls_warm(net);
	if (rc == 0)
		return true;
	net_log(net, LK_LOG_ERROR, LK_M_NET_START, gnutls_strerror(rc));
	return false;
}

/* Everything that takes privilege, then no more of it. */
static bool confine(struct net *net, const struct net_setup *setup)
{
	struct confine_user user;

	confine_find_user(setup->user, &user);
	if (user.instead)
		net_log(net, LK_LOG_WARN, LK_M_NET_USER, setup->user, user.name);
	probe_open(net);
	if (confine_limits() < 0)
		explain(net, "an unlimited amount of locked memory", errno);
	if (setup->realtime && confine_realtime(setup->realtime) < 0)
		explain(net, "real-time priority", errno);
	if (confine_memory() < 0)
		explain(net, "locked memory", errno);
	if (confine_privileges(&user) == 0 && (!setup->seccomp || confine_calls(CONFINE_NET) == 0))
		return true;
	net_log(net, LK_LOG_ERROR, LK_M_NET_START, strerror(errno));
	return false;
}

static bool start(struct net *net, const struct net_setup *setup)
{
	uint8_t message[4];
	struct lk_out out = LK_OUT(message);

	net->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (net->epoll < 0 || !net_watch(net, net->bus, EPOLLIN, NET_BUS, 0))
		return false;
	net->now = clock_ms(CLOCK_MONOTONIC);
	net->boot_last = clock_ms(CLOCK_BOOTTIME);
	if (!tls(net) || !confine(net, setup))
		return false;
	bus_put_empty(&out, BUS_READY);
	return net_bus_send(net, &out);
}

int net_run(int bus, const struct net_setup *setup)
{
	bool more = false;

	prctl(PR_SET_NAME, "lcm-net");
	ignore_signals();
	confine_descriptors(bus);
	struct net *net = calloc(1, sizeof(*net));
	if (!net)
		return 1;
	net->bus = bus;
	net->icmp = net->icmp6 = -1;
	net->hold.until = setup->until;
	net->hold.given = (struct lk_given){ .until = setup->until, .deadline = setup->deadline,
					     .stop = setup->deadline > setup->until ? setup->deadline - setup->until : 0 };
	if (!start(net, setup))
		return 1;
	while (!net->quit)
		more = turn(net, more);
	end(net);
	return net->broken;
}
