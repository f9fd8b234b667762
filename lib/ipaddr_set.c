/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving interfaces of this machine addresses, and taking them away. */
#include "lk/ipaddr.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/msg.h"
#include "lk/poison.h"

/* A request with room for its attributes. */
struct request {
	struct nlmsghdr head;
	union {
		struct ifaddrmsg address;
		struct rtmsg route;
	};
	char attributes[128];
};

static void put(struct request *request, unsigned short type, const void *data, size_t len)
{
	const struct rtattr attribute = { .rta_len = (unsigned short)RTA_LENGTH(len), .rta_type = type };
	char *at = (char *)request + NLMSG_ALIGN(request->head.nlmsg_len);

	memcpy(at, &attribute, sizeof(attribute));
	memcpy(at + RTA_LENGTH(0), data, len);
	request->head.nlmsg_len = NLMSG_ALIGN(request->head.nlmsg_len) + (unsigned)RTA_ALIGN(RTA_LENGTH(len));
}

static size_t length(const struct lk_ip *ip)
{
	return ip->family == AF_INET ? 4 : 16;
}

/* A socket to which the request was sent; -1 with errno. */
static int ask(const struct request *request)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd >= 0 && send(fd, request, request->head.nlmsg_len, 0) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* 0, or an errno. */
static int change(const struct request *request)
{
	char answer[1024] __attribute__((aligned(NLMSG_ALIGNTO)));
	int LK_AUTO_CLOSE fd = ask(request);
	ssize_t len = fd < 0 ? -1 : recv(fd, answer, sizeof(answer), 0);
	const struct nlmsghdr *head = (void *)answer;

	if (len < 0)
		return errno;
	if (!NLMSG_OK(head, (size_t)len) || head->nlmsg_type != NLMSG_ERROR ||
	    head->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
		return EPROTO;
	return -((const struct nlmsgerr *)NLMSG_DATA(head))->error;
}

static struct request about(unsigned short type, const struct lk_ifaddr *row, unsigned index)
{
	struct request request = {
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof(request.address)), .nlmsg_type = type,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.address = { .ifa_family = (unsigned char)row->ip.family,
			     .ifa_prefixlen = (unsigned char)row->prefix, .ifa_index = index },
	};

	put(&request, IFA_LOCAL, row->ip.byte, length(&row->ip));
	put(&request, IFA_ADDRESS, row->ip.byte, length(&row->ip));
	return request;
}

static int finish(const struct request *request, const struct lk_ifaddr *row, struct lk_err *err)
{
	char text[INET6_ADDRSTRLEN];
	int why = request->address.ifa_index ? change(request) : ENODEV;

	lk_ip_format(&row->ip, text);
	return why ? lk_fail_errno(err, why, "%s on %s", text, row->device) : 0;
}

/* As ip(8) does it: of a subnet of two or one there is no broadcast address. No duplicate address detection: the
 * caller has asked, and the kernel would take a second. A deprecated address is not chosen as source. */
int lk_ip_add(const struct lk_ifaddr *row, struct lk_err *err)
{
	static const struct ifa_cacheinfo deprecated = { .ifa_prefered = 0, .ifa_valid = ~0U };
	struct request request = about(RTM_NEWADDR, row, if_nametoindex(row->device));
	struct lk_ip all;

	request.head.nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	if (row->ip.family == AF_INET6) {
		request.address.ifa_flags = IFA_F_NODAD;
		put(&request, IFA_CACHEINFO, &deprecated, sizeof(deprecated));
	} else if (row->prefix <= 30) {
		lk_ip_everyone(&row->ip, row->prefix, &all);
		put(&request, IFA_BROADCAST, all.byte, 4);
	}
	return finish(&request, row, err);
}

int lk_ip_delete(const struct lk_ifaddr *row, struct lk_err *err)
{
	struct request request = about(RTM_DELADDR, row, if_nametoindex(row->device));

	return finish(&request, row, err);
}

/* ---- routes ---- */

/* Does this route of the main table have the address as its source? */
static bool has_source(const struct nlmsghdr *head, const struct lk_ip *ip, bool *kernel)
{
	const struct rtmsg *route = NLMSG_DATA(head);
	const struct rtattr *attribute = RTM_RTA(route);
	unsigned left = head->nlmsg_len - (unsigned)NLMSG_LENGTH(sizeof(*route));

	if (head->nlmsg_type != RTM_NEWROUTE || head->nlmsg_len < NLMSG_LENGTH(sizeof(*route)) ||
	    route->rtm_table != RT_TABLE_MAIN)
		return false;
	*kernel = route->rtm_protocol == RTPROT_KERNEL;
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
		if (attribute->rta_type == RTA_PREFSRC && RTA_PAYLOAD(attribute) == length(ip) &&
		    !memcmp(RTA_DATA(attribute), ip->byte, length(ip)))
			return true;
	return false;
}

int lk_ip_sources(const struct lk_ip *ip, struct lk_ip_sources *sources, struct lk_err *err)
{
	struct request request = {
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof(request.route)), .nlmsg_type = RTM_GETROUTE,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.route = { .rtm_family = (unsigned char)ip->family },
	};
	char answer[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
	int LK_AUTO_CLOSE fd = ask(&request);
	bool kernel;

	*sources = (struct lk_ip_sources){ 0 };
	for (;;) {
		ssize_t len = fd < 0 ? -1 : recv(fd, answer, sizeof(answer), 0);
		unsigned left = len > 0 ? (unsigned)len : 0;

		if (len <= 0)
			return lk_fail_errno(err, len < 0 ? errno : EPROTO, "routes");
		for (struct nlmsghdr *head = (void *)answer; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
			if (head->nlmsg_type == NLMSG_DONE)
				return 0;
			if (head->nlmsg_type == NLMSG_ERROR)
				return lk_fail_errno(err, EPROTO, "routes");
			if (has_source(head, ip, &kernel))
				*(kernel ? &sources->kernel : &sources->other) = true;
		}
	}
}
