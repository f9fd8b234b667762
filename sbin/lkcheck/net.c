/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and links: the kernel tells of their loss (rtnetlink). An instance is concerned if its id, or a
 * word of its info, is the address; a link concerns those that name it in their info and those whose address it
 * carries.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lk/ipaddr.h"
#include "lk/msg.h"
#include "world.h"
#include "lk/poison.h"

#define BYTES 16384
#define WORD 64

static void ask(struct world *w, struct item *item, const char *what)
{
	if (!item->entry.on || item->entry.asked)
		return;
	struct lk_log_line line = line_of(item, LK_LOG_WARN, "watch");
	lk_say_line(&w->frame, &line, LK_M_CHK_LOST, item->tag, what);
	schedule_ask(&w->schedule, &item->entry);
}

/* ---- who is concerned ---- */

/* The next word of "dev=eth0 prefix=24", without what is before "=" and behind "/"; false: no more. */
static bool next_word(const char **at, char word[static WORD])
{
	*at += strspn(*at, " \t,;");
	size_t len = strcspn(*at, " \t,;"), skip = 0;
	const char *equals = memchr(*at, '=', len);

	if (!len)
		return false;
	if (equals)
		skip = (size_t)(equals - *at) + 1;
	size_t n = len - skip < WORD ? len - skip : WORD - 1;
	memcpy(word, *at + skip, n);
	word[n] = '\0';
	word[strcspn(word, "/")] = '\0';
	*at += len;
	return true;
}

static bool is_address(const char *word, const struct lk_ip *ip)
{
	struct lk_err ignored;
	struct lk_ip own;

	return lk_ip_parse(word, &own, &ignored) == 0 && lk_ip_equal(&own, ip);
}

static bool has_address(const struct item *item, const struct lk_ip *ip)
{
	const char *texts[] = { item->id, item->info };
	char word[WORD];

	for (int i = 0; i < 2; i++)
		for (const char *at = texts[i]; next_word(&at, word);)
			if (is_address(word, ip))
				return true;
	return false;
}

static bool names_device(const struct item *item, const char *device)
{
	const char *at = item->info;
	char word[WORD];

	while (next_word(&at, word))
		if (!strcmp(word, device))
			return true;
	return false;
}

static void lose_address(struct world *w, const struct lk_ip *ip)
{
	char text[INET6_ADDRSTRLEN];

	lk_ip_format(ip, text);
	for (unsigned i = 0; i < w->n; i++)
		if (w->item[i]->entry.on && has_address(w->item[i], ip))
			ask(w, w->item[i], text);
}

static void lose_device(struct world *w, const char *device)
{
	struct lk_ifaddr *list = NULL;
	struct lk_err ignored;
	size_t n = 0;

	for (unsigned i = 0; i < w->n; i++)
		if (w->item[i]->entry.on && names_device(w->item[i], device))
			ask(w, w->item[i], device);
	if (lk_ip_local(&list, &n, &ignored) < 0)
		n = 0;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].device, device))
			lose_address(w, &list[i].ip);
	free(list);
}

/* ---- messages ---- */

/* An attribute's value with its length, or NULL. */
static const void *attribute(const struct nlmsghdr *head, size_t size, unsigned short type, size_t *len)
{
	const char *at = (const char *)NLMSG_DATA(head) + NLMSG_ALIGN(size);
	int left = (int)head->nlmsg_len - (int)NLMSG_SPACE(size);

	for (const struct rtattr *a = (const void *)at; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == type) {
			*len = RTA_PAYLOAD(a);
			return RTA_DATA(a);
		}
	return NULL;
}

static void take_address(struct world *w, const struct nlmsghdr *head)
{
	const struct ifaddrmsg *message = NLMSG_DATA(head);
	struct lk_ip ip = { .family = message->ifa_family };
	size_t len = 0, want = message->ifa_family == AF_INET ? 4 : 16;
	const void *bytes = attribute(head, sizeof(*message), IFA_LOCAL, &len);

	if (!bytes)
		bytes = attribute(head, sizeof(*message), IFA_ADDRESS, &len);
	if (!bytes || len != want)
		return;
	memcpy(ip.byte, bytes, len);
	lose_address(w, &ip);
}

/* A link that has lost its carrier, or was taken down. */
static void take_link(struct world *w, const struct nlmsghdr *head)
{
	const struct ifinfomsg *message = NLMSG_DATA(head);
	char device[IF_NAMESIZE] = "";
	size_t len = 0;
	const char *name = attribute(head, sizeof(*message), IFLA_IFNAME, &len);

	if (!name || !len || len > sizeof(device) ||
	    (head->nlmsg_type == RTM_NEWLINK && message->ifi_flags & IFF_UP &&
	     message->ifi_flags & IFF_RUNNING))
		return;
	memcpy(device, name, len);
	device[sizeof(device) - 1] = '\0';
	lose_device(w, device);
}

static void take_message(struct world *w, const struct nlmsghdr *head)
{
	switch (head->nlmsg_type) {
	case RTM_DELADDR:
		if (head->nlmsg_len >= NLMSG_SPACE(sizeof(struct ifaddrmsg)))
			take_address(w, head);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (head->nlmsg_len >= NLMSG_SPACE(sizeof(struct ifinfomsg)))
			take_link(w, head);
		break;
	default:
		break;
	}
}

/* Messages were lost: any address may be gone. */
static void ask_all(struct world *w)
{
	struct lk_err ignored;
	struct lk_ip ip;

	for (unsigned i = 0; i < w->n; i++)
		if (lk_ip_parse(w->item[i]->id, &ip, &ignored) == 0)
			ask(w, w->item[i], "messages of the kernel were lost");
}

void net_events(struct world *w)
{
	_Alignas(struct nlmsghdr) char bytes[BYTES];
	struct sockaddr_nl from;
	struct iovec piece = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	ssize_t got;

	for (;;) {
		struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &piece,
					  .msg_iovlen = 1 };

		got = recvmsg(w->netlink, &message, MSG_DONTWAIT);
		if (got < 0 && errno == ENOBUFS) {
			ask_all(w);
			continue;
		}
		if (got <= 0)
			return;
		if (from.nl_pid)	/* not the kernel */
			continue;
		int left = (int)got;
		for (const struct nlmsghdr *head = (const void *)bytes; NLMSG_OK(head, (unsigned)left);
		     head = NLMSG_NEXT(head, left))
			take_message(w, head);
	}
}

void net_open(struct world *w)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
				       .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &w->netlink };
	struct lk_err err;

	w->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (w->netlink >= 0 && bind(w->netlink, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->netlink, &event) == 0)
		return;
	lk_fail_errno(&err, errno, "addresses and links cannot be watched, they are only polled");
	complain(w, &err);
	if (w->netlink >= 0)
		close(w->netlink);
	w->netlink = -1;
}
