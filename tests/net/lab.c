/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network processes of lcm on loopback addresses, with the test in the place of their mains. */
#include "lab.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lk/poison.h"

struct node lab[LAB_NODES];

int64_t lab_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

const char *lab_address(unsigned host)
{
	static char text[8][32];
	static unsigned turn;
	char *address = text[turn++ % 8];
	unsigned pid = (unsigned)getpid();

	snprintf(address, sizeof(text[0]), "127.%u.%u.%u", 1 + (pid >> 8) % 250, pid % 256, host);
	return address;
}

struct bus_key lab_key(unsigned n)
{
	struct bus_key key;

	snprintf(key.print, sizeof(key.print), "%04u 5678 9abc def0 1234 5678 9abc def0", n);
	memset(key.tls, (int)n, sizeof(key.tls));
	memset(key.beat, (int)n + 100, sizeof(key.beat));
	return key;
}

/* ---- nodes ---- */

static void say(struct node *node, const struct lk_out *out)
{
	if (out->failed || send(node->bus, out->data, out->len, MSG_NOSIGNAL) < 0)
		diag("%s: the bus does not take a message: %s", node->conf.self, strerror(errno));
}

static void forget_said(struct node *node)
{
	size_t from = offsetof(struct node, configured);

	memset((char *)node + from, 0, sizeof(*node) - from);
	for (int i = 0; i < LAB_PATHS; i++)
		node->state[i] = LK_NET_UNKNOWN;
	node->ready = node->ended = false;
}

void node_start(struct node *node, const char *name)
{
	static uint64_t incarnation;
	int pair[2];

	if (!node->keys.n)
		node->keys = (struct bus_keys){ .n = 1, .key = { lab_key(1) } };
	forget_said(node);
	node->conf.incarnation = (uint64_t)getpid() << 32 | ++incarnation;
	snprintf(node->conf.self, sizeof(node->conf.self), "%s", name);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		exit(1);
	pid_t parent = getpid();
	node->pid = fork();
	if (node->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			_exit(net_run(pair[1], &(struct net_setup){ .user = "nobody", .realtime = 5,
								    .seccomp = true, .until = node->until,
								    .deadline = node->deadline }));
		_exit(1);
	}
	close(pair[1]);
	node->bus = pair[0];
}

static int reap(struct node *node)
{
	int status = -1;

	waitpid(node->pid, &status, 0);
	close(node->bus);
	node->pid = 0;
	node->bus = -1;
	return status;
}

void node_kill(struct node *node)
{
	if (!node->pid)
		return;
	kill(node->pid, SIGKILL);
	reap(node);
}

int node_quit(struct node *node)
{
	uint8_t message[4];
	struct lk_out out = LK_OUT(message);

	bus_put_empty(&out, BUS_QUIT);
	say(node, &out);
	int status = reap(node);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

unsigned node_peer(struct node *node, const char *name)
{
	struct bus_peer *peer = &node->peer[node->npeers];

	peer->peer = (uint8_t)node->npeers;
	snprintf(peer->name, sizeof(peer->name), "%s", name);
	return node->npeers++;
}

static struct bus_path *add_path(struct node *node, unsigned peer, enum bus_path_type type)
{
	struct bus_path *path = &node->path[node->npaths];

	*path = (struct bus_path){ .path = (uint16_t)node->npaths, .peer = (uint8_t)peer,
				   .type = (uint8_t)type, .priority = (uint8_t)(1 + node->npaths),
				   .interval = 100, .misses = 5, .baud = 115200 };
	node->fd[node->npaths++] = -1;
	return path;
}

struct bus_path *node_tcp(struct node *node, unsigned peer, unsigned own, unsigned other)
{
	struct bus_path *path = add_path(node, peer, BUS_TCP);

	path->port = (uint16_t)(1500 + 10 * path->path);
	snprintf(path->local, sizeof(path->local), "%s", lab_address(own));
	snprintf(path->remote, sizeof(path->remote), "%s", lab_address(other));
	snprintf(path->device, sizeof(path->device), "TCP:%u", path->port);
	return path;
}

struct bus_path *node_device(struct node *node, unsigned peer, enum bus_path_type type)
{
	struct bus_path *path = add_path(node, peer, type);

	snprintf(path->device, sizeof(path->device), "/dev/lab");
	return path;
}

#define SAY(node, put, ...) do {                     \
	uint8_t say_message[2048];                   \
	struct lk_out say_out = LK_OUT(say_message); \
	put(&say_out, __VA_ARGS__);                  \
	say(node, &say_out);                         \
} while (0)

void node_commit(struct node *node)
{
	node->conf.generation++;
	SAY(node, bus_put_config, &node->conf);
	SAY(node, bus_put_keys, &node->keys);
	for (unsigned i = 0; i < node->npeers; i++)
		SAY(node, bus_put_peer, &node->peer[i]);
	for (unsigned i = 0; i < node->npaths; i++)
		SAY(node, bus_put_path, &node->path[i]);
	SAY(node, bus_put_generation, BUS_COMMIT, node->conf.generation);
}

void node_view(struct node *node, unsigned peer, enum frame_view view)
{
	const struct bus_view message = { .peer = (uint8_t)peer, .view = (uint8_t)view };

	SAY(node, bus_put_view, BUS_VIEW, &message);
}

bool node_bar(struct node *node, uint32_t peers)
{
	const struct bus_bar bar = { .number = node->confirms.number + 1, .peers = peers };

	SAY(node, bus_put_bar, &bar);
	return WAIT(node->confirms.number == bar.number, 5000);
}

void node_stored(struct node *node, int64_t until)
{
	const struct bus_stored stored = { (uint64_t)until };

	SAY(node, bus_put_stored, &stored);
}

void node_clear(struct node *node)
{
	SAY(node, bus_put_empty, BUS_CLEAR);
}

bool node_send(struct node *node, unsigned peer, const void *data, size_t len)
{
	static uint8_t message[BUS_MESSAGE_MAX];
	struct lk_out out = LK_OUT(message);
	const struct bus_data envelope = { (uint8_t)peer, data, len };

	bus_put_data(&out, BUS_SEND, &envelope);
	return send(node->bus, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

unsigned node_logged(const struct node *node, const char *text)
{
	unsigned n = 0;

	for (const char *at = node->log; (at = strstr(at, text)); at++)
		n++;
	return n;
}

/* ---- what they say ---- */

static bool take_state(struct node *node, struct lk_in *in)
{
	struct bus_path_state state;

	if (!bus_get_path_state(in, &state) || state.path >= LAB_PATHS)
		return false;
	node->deads += state.state == LK_NET_DEAD && node->state[state.path] == LK_NET_ALIVE;
	node->alives += state.state == LK_NET_ALIVE;
	node->state[state.path] = state.state;
	node->state_at[state.path] = lab_now();
	node->silent[state.path] = state.silent;
	return true;
}

static bool take_link(struct node *node, struct lk_in *in)
{
	struct bus_link link;

	if (!bus_get_link(in, &link) || link.peer >= LAB_NODES)
		return false;
	node->link[link.peer] = link;
	node->links++;
	return true;
}

static bool take_told(struct node *node, struct lk_in *in)
{
	struct bus_view view;

	if (!bus_get_view(in, &view) || view.peer >= LAB_NODES)
		return false;
	node->told[view.peer] = view.view;
	return true;
}

static bool take_probe(struct node *node, struct lk_in *in)
{
	struct bus_probe probe;

	if (!bus_get_probe(in, &probe))
		return false;
	node->probes++;
	node->answers += probe.answered;
	node->probe_silent = probe.silent;
	return true;
}

static bool take_data(struct node *node, struct lk_in *in)
{
	struct bus_data data;

	if (!bus_get_data(in, &data))
		return false;
	for (size_t i = 0; i < data.len; i++)
		node->sum = node->sum * 31 + data.data[i];
	node->received += data.len;
	node->envelopes++;
	return true;
}

static bool take_log(struct node *node, struct lk_in *in)
{
	struct bus_log log;
	size_t len = strlen(node->log);

	if (!bus_get_log(in, &log))
		return false;
	snprintf(node->log + len, sizeof(node->log) - len, "%u %s\n", log.number, log.text);
	if (getenv("LAB_VERBOSE"))
		diag("%s: %u %s", node->conf.self, log.number, log.text);
	return true;
}

static bool take_counters(struct node *node, struct lk_in *in)
{
	struct bus_counters counters;

	if (!bus_get_counters(in, &counters) || counters.path >= LAB_PATHS)
		return false;
	memcpy(node->counter[counters.path], counters.counter, sizeof(counters.counter));
	return true;
}

static bool take_want(struct node *node, struct lk_in *in)
{
	uint16_t path;

	if (!bus_get_want(in, &path) || path >= LAB_PATHS)
		return false;
	node->wants++;
	if (node->fd[path] < 0)
		return true;
	uint8_t message[8];
	struct lk_out out = LK_OUT(message);
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	bus_put_want(&out, BUS_FD, path);
	memcpy(CMSG_DATA(&control.head), &node->fd[path], sizeof(int));
	struct iovec part = { out.data, out.len };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	bool sent = sendmsg(node->bus, &msg, MSG_NOSIGNAL) >= 0;
	close(node->fd[path]);
	node->fd[path] = -1;
	return sent;
}

/* Kept, also for the next process, unless the test says that it cannot be. */
static bool take_keep(struct node *node, struct lk_in *in)
{
	struct bus_kept kept = { .good = !node->unkept };

	if (!bus_get_terms(in, &kept.terms))
		return false;
	node->keeps++;
	if (kept.good) {
		node->peer[kept.terms.peer].lease = kept.terms.lease;
		node->peer[kept.terms.peer].stop = kept.terms.stop;
	}
	SAY(node, bus_put_kept, &kept);
	return true;
}

static bool take(struct node *node, struct lk_in *in)
{
	uint32_t ms;

	switch (lk_get_u8(in)) {
	case BUS_READY:
		node->ready = bus_get_empty(in);
		return node->ready;
	case BUS_CONFIGURED:
		return bus_get_generation(in, &node->configured);
	case BUS_PATH_STATE:
		return take_state(node, in);
	case BUS_PROBE:
		return take_probe(node, in);
	case BUS_LINK:
		return take_link(node, in);
	case BUS_RECEIVED:
		return take_data(node, in);
	case BUS_TOLD:
		return take_told(node, in);
	case BUS_STALL:
		node->stalls++;
		return bus_get_stall(in, &ms);
	case BUS_LOG:
		return take_log(node, in);
	case BUS_WANT:
		return take_want(node, in);
	case BUS_LEASE:
		node->leases++;
		return bus_get_lease(in, &node->lease);
	case BUS_CONFIRMS:
		return bus_get_confirms(in, &node->confirms);
	case BUS_HOLDS:
		return bus_get_holds(in, &node->holds);
	case BUS_KEEP:
		return take_keep(node, in);
	case BUS_COUNTERS:
		return take_counters(node, in);
	default:
		return false;
	}
}

static void read_node(struct node *node)
{
	static uint8_t message[BUS_MESSAGE_MAX];
	ssize_t n;

	while ((n = recv(node->bus, message, sizeof(message), MSG_DONTWAIT)) > 0) {
		struct lk_in in = LK_IN(message, (size_t)n);

		if (!take(node, &in))
			ok(false, "%s says something well-formed (type %u)", node->conf.self, message[0]);
	}
	if (n == 0 || errno != EAGAIN)
		node->ended = true;
}

void lab_pump(int ms)
{
	struct pollfd fds[LAB_NODES];
	int64_t end = lab_now() + ms;
	int64_t left = ms;

	do {
		for (int i = 0; i < LAB_NODES; i++)
			fds[i] = (struct pollfd){ lab[i].pid && !lab[i].ended ? lab[i].bus : -1, POLLIN, 0 };
		poll(fds, LAB_NODES, (int)left);
		for (int i = 0; i < LAB_NODES; i++)
			if (fds[i].revents)
				read_node(&lab[i]);
		left = end - lab_now();
	} while (left > 0);
}

void lab_pair(uint32_t interval, uint8_t misses)
{
	for (unsigned i = 0; i < 2; i++) {
		struct bus_path *path;

		lab[i] = (struct node){ .bus = -1 };
		node_peer(&lab[i], i ? "alpha" : "beta");
		path = node_tcp(&lab[i], 0, 1 + i, 2 - i);
		path->interval = interval;
		path->misses = misses;
	}
}

void lab_pair_start(void)
{
	node_start(&lab[0], "alpha");
	node_start(&lab[1], "beta");
	node_commit(&lab[0]);
	node_commit(&lab[1]);
}

void lab_end(void)
{
	for (int i = 0; i < LAB_NODES; i++) {
		node_kill(&lab[i]);
		lab[i] = (struct node){ .bus = -1 };
	}
}
