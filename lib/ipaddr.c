/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP addresses of both families, and those that this machine has. */
#include "lk/ipaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

static size_t length(const struct lk_ip *ip)
{
	return ip->family == AF_INET ? 4 : 16;
}

int lk_ip_parse(const char *text, struct lk_ip *ip, struct lk_err *err)
{
	*ip = (struct lk_ip){ .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	if (inet_pton(ip->family, text, ip->byte) != 1)
		return lk_fail(err, LK_M_BAD_IP, text);
	return 0;
}

void lk_ip_format(const struct lk_ip *ip, char text[static INET6_ADDRSTRLEN])
{
	if (!inet_ntop(ip->family, ip->byte, text, INET6_ADDRSTRLEN))
		*text = '\0';
}

/* The length of a mask of ones, then zeros; -1: it is none. */
static int ones(const struct lk_ip *mask)
{
	int n = 0;
	bool over = false;

	for (size_t bit = 0; bit < length(mask) * 8; bit++) {
		bool set = mask->byte[bit / 8] & (0x80 >> bit % 8);

		if (set && over)
			return -1;
		over = over || !set;
		n += set;
	}
	return n;
}

int lk_ip_mask(int family, const char *text, unsigned *prefix, struct lk_err *err)
{
	unsigned long long number = 0;
	struct lk_ip mask;

	if (family == AF_INET && strchr(text, '.')) {
		int rc = lk_ip_parse(text, &mask, err);
		int n = rc < 0 ? -1 : ones(&mask);

		if (n < 1)
			return lk_fail(err, LK_M_BAD_MASK, text);
		number = (unsigned)n;
	} else if (lk_parse_number("netmask", text, 1, family == AF_INET ? 32 : 128, &number, err) < 0) {
		return lk_fail(err, LK_M_BAD_MASK, text);
	}
	*prefix = (unsigned)number;
	return 0;
}

bool lk_ip_is_unicast(const struct lk_ip *ip)
{
	const unsigned char *b = ip->byte;
	static const unsigned char none[16] = { 0 };

	if (ip->family == AF_INET)
		return b[0] != 0 && b[0] != 127 && b[0] < 224 && !(b[0] == 169 && b[1] == 254);
	return b[0] != 0xff && !(b[0] == 0xfe && (b[1] & 0xc0) == 0x80) && memcmp(b, none, 15) != 0;
}

bool lk_ip_equal(const struct lk_ip *a, const struct lk_ip *b)
{
	return a->family == b->family && memcmp(a->byte, b->byte, length(a)) == 0;
}

bool lk_ip_same_subnet(const struct lk_ip *a, const struct lk_ip *b, unsigned prefix)
{
	if (a->family != b->family || memcmp(a->byte, b->byte, prefix / 8) != 0)
		return false;
	unsigned rest = prefix % 8;

	return !rest || !((a->byte[prefix / 8] ^ b->byte[prefix / 8]) >> (8 - rest));
}

void lk_ip_everyone(const struct lk_ip *ip, unsigned prefix, struct lk_ip *all)
{
	*all = *ip;
	if (ip->family == AF_INET6) {
		memset(all->byte, 0, sizeof(all->byte));
		all->byte[0] = 0xff;
		all->byte[1] = 0x02;
		all->byte[15] = 1;
		return;
	}
	for (unsigned bit = prefix; bit < 32; bit++)
		all->byte[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
}

socklen_t lk_ip_socket(const struct lk_ip *ip, unsigned index, struct sockaddr_storage *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof(*address));
	address->ss_family = (sa_family_t)ip->family;
	if (ip->family == AF_INET) {
		memcpy(&in->sin_addr, ip->byte, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	memcpy(&in6->sin6_addr, ip->byte, sizeof(in6->sin6_addr));
	in6->sin6_scope_id = index;
	return sizeof(*in6);
}

/* ---- the addresses of this machine ---- */

#define LOWER_UP 0x10000	/* IFF_LOWER_UP; linux/if.h and net/if.h exclude each other */

static void take_ip(const struct sockaddr *from, struct lk_ip *ip)
{
	*ip = (struct lk_ip){ .family = from->sa_family };
	if (from->sa_family == AF_INET)
		memcpy(ip->byte, &((const struct sockaddr_in *)from)->sin_addr, 4);
	else
		memcpy(ip->byte, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
}

static bool take_entry(const struct ifaddrs *entry, struct lk_ifaddr *row)
{
	struct lk_ip mask;

	if (!entry->ifa_addr || !entry->ifa_netmask ||
	    (entry->ifa_addr->sa_family != AF_INET && entry->ifa_addr->sa_family != AF_INET6))
		return false;
	snprintf(row->device, sizeof(row->device), "%s", entry->ifa_name);
	take_ip(entry->ifa_addr, &row->ip);
	take_ip(entry->ifa_netmask, &mask);
	mask.family = row->ip.family;
	int n = ones(&mask);
	row->prefix = n < 0 ? 0 : (unsigned)n;
	row->up = entry->ifa_flags & IFF_UP;
	row->loopback = entry->ifa_flags & IFF_LOOPBACK;
	row->link = entry->ifa_flags & LOWER_UP;
	return true;
}

int lk_ip_local(struct lk_ifaddr **list, size_t *n, struct lk_err *err)
{
	struct ifaddrs *all;
	size_t room = 0;

	*list = NULL;
	*n = 0;
	if (getifaddrs(&all) < 0)
		return lk_fail_errno(err, errno, "network interfaces");
	for (struct ifaddrs *entry = all; entry; entry = entry->ifa_next)
		room++;
	*list = calloc(room + 1, sizeof(**list));
	for (struct ifaddrs *entry = all; entry && *list; entry = entry->ifa_next)
		*n += take_entry(entry, &(*list)[*n]);
	freeifaddrs(all);
	return *list ? 0 : lk_fail_nomem(err);
}
