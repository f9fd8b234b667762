/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking many hosts at once for an echo; one answer is enough. */
#include "lk/ping.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define ECHO_LEN 16

struct echo {
	const struct lk_ping *ping;
	int family, fd;
	unsigned index;
	unsigned char id[2], cookie[4];
	struct lk_ifaddr *local;
	size_t locals;
};

/* ---- asking ---- */

static void set_checksum(unsigned char *b, size_t len)
{
	unsigned sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (unsigned)b[i] << 8 | b[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	b[2] = (unsigned char)(~sum >> 8);
	b[3] = (unsigned char)~sum;
}

/* Type, code, checksum (the kernel's task for IPv6), id, sequence, and a cookie. */
static void build(const struct echo *echo, unsigned sequence, unsigned char b[static ECHO_LEN])
{
	memset(b, 0, ECHO_LEN);
	b[0] = echo->family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	memcpy(b + 4, echo->id, 2);
	b[6] = (unsigned char)(sequence >> 8);
	b[7] = (unsigned char)sequence;
	memcpy(b + 8, echo->cookie, 4);
	if (echo->family == AF_INET)
		set_checksum(b, ECHO_LEN);
}

/* Hosts without a route and the like are as good as silent ones. */
static void ask(const struct echo *echo, unsigned sequence)
{
	unsigned char b[ECHO_LEN];
	struct sockaddr_storage to;

	build(echo, sequence, b);
	for (size_t i = 0; i < echo->ping->targets; i++) {
		socklen_t len = lk_ip_socket(&echo->ping->target[i], echo->index, &to);

		while (sendto(echo->fd, b, sizeof(b), 0, (struct sockaddr *)&to, len) < 0 &&
		       errno == EINTR)
			;
	}
}

/* ---- answers ---- */

static bool is_local(const struct echo *echo, const struct lk_ip *ip)
{
	for (size_t i = 0; i < echo->locals; i++)
		if (lk_ip_equal(&echo->local[i].ip, ip))
			return true;
	return false;
}

/* Of IPv4 a raw socket shows the IP header, too. */
static bool is_answer(const struct echo *echo, const unsigned char *b, size_t len)
{
	size_t head = echo->family == AF_INET && len ? (b[0] & 15U) * 4 : 0;

	if (len < head + 12)
		return false;
	b += head;
	return b[0] == (echo->family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) &&
	       !memcmp(b + 4, echo->id, 2) && !memcmp(b + 8, echo->cookie, 4);
}

static void take_sender(const struct sockaddr_storage *address, struct lk_ip *ip)
{
	*ip = (struct lk_ip){ .family = address->ss_family };
	if (address->ss_family == AF_INET)
		memcpy(ip->byte, &((const struct sockaddr_in *)address)->sin_addr, 4);
	else
		memcpy(ip->byte, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
}

static bool take_answers(const struct echo *echo, struct lk_ip *from)
{
	unsigned char b[256];
	struct sockaddr_storage address;
	socklen_t room = sizeof(address);
	ssize_t len;

	while ((len = recvfrom(echo->fd, b, sizeof(b), 0, (struct sockaddr *)&address, &room)) >= 0) {
		take_sender(&address, from);
		if (is_answer(echo, b, (size_t)len) && !is_local(echo, from))
			return true;
		room = sizeof(address);
	}
	return false;
}

static bool await(const struct echo *echo, struct lk_ip *from)
{
	struct pollfd fd = { .fd = echo->fd, .events = POLLIN };
	int64_t deadline = lk_now_ms() + echo->ping->ms;

	for (int64_t left; (left = deadline - lk_now_ms()) > 0;)
		if (poll(&fd, 1, (int)left) > 0 && take_answers(echo, from))
			return true;
	return false;
}

/* ---- the socket ---- */

static int prepare(struct echo *echo, struct lk_err *err)
{
	const struct lk_ping *ping = echo->ping;
	struct sockaddr_storage source;
	int on = 1;

	echo->fd = socket(echo->family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			  echo->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	if (echo->fd < 0)
		return lk_fail_errno(err, errno, "ping");
	if (echo->family == AF_INET &&
	    setsockopt(echo->fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) < 0)
		return lk_fail_errno(err, errno, "ping");
	if (ping->device && setsockopt(echo->fd, SOL_SOCKET, SO_BINDTODEVICE, ping->device,
				       (socklen_t)strlen(ping->device)) < 0)
		return lk_fail_errno(err, errno, "%s", ping->device);
	if (ping->source &&
	    bind(echo->fd, (struct sockaddr *)&source,
		 lk_ip_socket(ping->source, echo->index, &source)) < 0)
		return lk_fail_errno(err, errno, "source address");
	return 0;
}

static void choose_marks(struct echo *echo)
{
	int64_t now = lk_now_ms();
	int pid = getpid();

	memcpy(echo->id, &pid, sizeof(echo->id));
	memcpy(echo->cookie, &now, sizeof(echo->cookie));
}

int lk_ping(const struct lk_ping *ping, struct lk_ip *from, struct lk_err *err)
{
	struct echo echo = { .ping = ping, .fd = -1, .family = ping->target[0].family };
	int rc = lk_ip_local(&echo.local, &echo.locals, err);
	unsigned sequence = 0;

	echo.index = ping->device ? if_nametoindex(ping->device) : 0;
	choose_marks(&echo);
	if (rc == 0)
		rc = prepare(&echo, err);
	for (unsigned i = 0; i < ping->tries && rc == 0; i++) {
		for (unsigned k = 0; k < (i ? 1 : ping->preload); k++)
			ask(&echo, ++sequence);
		rc = await(&echo, from);
	}
	if (echo.fd >= 0)
		close(echo.fd);
	free(echo.local);
	return rc;
}
