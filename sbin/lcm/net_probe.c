/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the host of a silent peer still there? ICMP echo to the addresses of its paths. */
#include "net_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lk/poison.h"

#define READS_PER_TURN 32
#define PROBE_MIN_MS 100
#define IP_HEAD_MIN 20

/* The same layout in both protocols; path and token tell that it is an answer to us. */
struct echo {
	uint8_t type, code;
	uint16_t checksum, id, path;
	uint64_t token;
};

/* ---- opening ---- */

/* The kernel gives a raw socket every ICMP message of the host: let only our answers pass. */
static int only_ours(int fd, uint16_t id, bool six)
{
	struct sock_filter code[] = {
		BPF_STMT(six ? BPF_LDX | BPF_IMM : BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, offsetof(struct echo, type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, six ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, offsetof(struct echo, id)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, id, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 256),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int open_one(struct net *net, bool six)
{
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
			six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);

	if (fd < 0)
		return -1;
	if (only_ours(fd, net->icmp_id, six) == 0 &&
	    net_watch(net, fd, EPOLLIN, six ? NET_ICMP6 : NET_ICMP, 0))
		return fd;
	close(fd);
	return -1;
}

void probe_open(struct net *net)
{
	if (getrandom(&net->icmp_token, sizeof(net->icmp_token), 0) != sizeof(net->icmp_token) ||
	    getrandom(&net->icmp_id, sizeof(net->icmp_id), 0) != sizeof(net->icmp_id))
		return;
	net->icmp = open_one(net, false);
	if (net->icmp < 0)
		net_log(net, LK_LOG_WARN, LK_M_NET_NO_PROBES, strerror(errno));
	net->icmp6 = open_one(net, true);	/* a host without IPv6 is none to complain about */
}

/* ---- asking ---- */

static uint16_t checksum(const struct echo *echo)
{
	uint16_t words[sizeof(*echo) / 2];
	uint32_t sum = 0;

	memcpy(words, echo, sizeof(*echo));
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		sum += words[i];
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)~(sum + (sum >> 16));
}

/* From the path's own address, so that the question takes the path's network. */
static void set_source(struct msghdr *msg, const union net_address *local)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	if (local->any.sa_family == AF_INET) {
		const struct in_pktinfo info = { .ipi_spec_dst = local->in.sin_addr };

		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else {
		const struct in6_pktinfo info = { .ipi6_addr = local->in6.sin6_addr };

		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
	msg->msg_controllen = c->cmsg_len;
}

static void ask(struct net *net, const struct net_path *path)
{
	bool six = path->remote.any.sa_family == AF_INET6;
	int fd = six ? net->icmp6 : net->icmp;
	struct echo echo = { .type = six ? ICMP6_ECHO_REQUEST : ICMP_ECHO, .id = htons(net->icmp_id),
			     .path = htons(path->conf.path), .token = net->icmp_token };
	union net_address to = path->remote;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = { .room = "" };
	struct iovec part = { &echo, sizeof(echo) };
	struct msghdr msg = { .msg_name = &to, .msg_namelen = six ? sizeof(to.in6) : sizeof(to.in),
			      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	if (fd < 0)
		return;
	to.in.sin_port = 0;
	if (!six)
		echo.checksum = checksum(&echo);	/* the kernel's affair in IPv6 */
	set_source(&msg, &path->local);
	(void)!sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* ---- answers ---- */

static bool from_remote(const struct net_path *path, const union net_address *from)
{
	if (from->any.sa_family != path->remote.any.sa_family)
		return false;
	if (from->any.sa_family == AF_INET)
		return from->in.sin_addr.s_addr == path->remote.in.sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&from->in6.sin6_addr, &path->remote.in6.sin6_addr);
}

static void answer(struct net *net, const uint8_t *data, size_t len, const union net_address *from)
{
	struct echo echo;

	if (len < sizeof(echo))
		return;
	memcpy(&echo, data, sizeof(echo));
	uint16_t index = ntohs(echo.path);
	if (echo.token != net->icmp_token || ntohs(echo.id) != net->icmp_id || index >= BUS_PATHS_MAX)
		return;
	struct net_path *path = &net->path[index];
	if (!path->used || path->conf.type != BUS_TCP || !from_remote(path, from))
		return;
	path->peer->host_heard = net->now;
	path->peer->answered = true;
}

void probe_read(struct net *net, bool six)
{
	for (int i = 0; i < READS_PER_TURN; i++) {
		uint8_t data[128];
		union net_address from;
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(six ? net->icmp6 : net->icmp, data, sizeof(data), MSG_DONTWAIT, &from.any,
				     &from_len);
		size_t head = six || n < IP_HEAD_MIN ? 0 : (data[0] & 15u) * 4u;

		if (n < 0)
			return;
		if (head <= (size_t)n)
			answer(net, data + head, (size_t)n - head, &from);
	}
}

/* ---- when ---- */

struct silence {
	bool late, alive;	/* on every path a heartbeat is missing; one is ALIVE */
	uint32_t interval;	/* the smallest one */
	int64_t until;		/* late then, if nothing comes */
};

static struct silence look(const struct net *net, const struct net_peer *peer)
{
	struct silence s = { .late = true, .interval = LK_BEAT_MAX_MS, .until = net->now };

	for (const struct net_path *p = net->path; p < net->path + BUS_PATHS_MAX; p++) {
		if (!path_of(p, peer))
			continue;
		int64_t missing = path_period(p) / p->conf.misses * 3 / 2;

		if (p->conf.interval < s.interval)
			s.interval = p->conf.interval;
		s.alive |= p->state == LK_NET_ALIVE;
		if (p->state != LK_NET_ALIVE || path_silent(net, p) >= missing)
			continue;
		s.late = false;
		if (net->now - path_silent(net, p) + missing > s.until)
			s.until = net->now - path_silent(net, p) + missing;
	}
	return s;
}

static void ask_all(struct net *net, struct net_peer *peer)
{
	for (const struct net_path *p = net->path; p < net->path + BUS_PATHS_MAX; p++)
		if (path_of(p, peer) && p->conf.type == BUS_TCP && p->remote.any.sa_family != AF_UNSPEC)
			ask(net, p);
}

void probe_timers(struct net *net, struct net_peer *peer)
{
	struct silence s = look(net, peer);
	uint32_t interval = net->conf.probe_interval ? net->conf.probe_interval : s.interval;

	/* what is known to be down, or was never up, need not be asked */
	if (peer->view != FRAME_VIEW_ALIVE && peer->view != FRAME_VIEW_SUSPECT)
		return;
	if (!s.late) {
		net_due(net, s.until);
		return;
	}
	if (interval < PROBE_MIN_MS)
		interval = PROBE_MIN_MS;
	if (net->now >= peer->next_probe) {
		peer->next_probe = net->now + interval;
		peer->probe_dirty |= !s.alive;
		ask_all(net, peer);
	}
	net_due(net, peer->next_probe);
}
