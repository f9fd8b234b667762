/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP addresses of both families, and those that this machine has. */
#ifndef LK_IPADDR_H
#define LK_IPADDR_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "lk/err.h"

struct lk_ip {
	int family;			/* AF_INET or AF_INET6 */
	unsigned char byte[16];		/* network order; 4 or all 16 count */
};

/* An address of an interface. */
struct lk_ifaddr {
	char device[IF_NAMESIZE];
	struct lk_ip ip;
	unsigned prefix;
	bool up, loopback;
	bool link;			/* its cable is plugged in, so to speak */
};

/* A numeric address. 0, or -5. */
int lk_ip_parse(const char *text, struct lk_ip *ip, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* The one canonical spelling. */
void lk_ip_format(const struct lk_ip *ip, char text[static INET6_ADDRSTRLEN]) LK_NONNULL(1);

/* A netmask "24" or, of IPv4, "255.255.255.0", as prefix length. 0, or -5. */
int lk_ip_mask(int family, const char *text, unsigned *prefix, struct lk_err *err)
	LK_MUST LK_NONNULL(2, 3, 4);

/* Can the address be taken over by one host after another: no multicast, loopback, link-local, ... */
bool lk_ip_is_unicast(const struct lk_ip *ip) LK_NONNULL(1);

/* The same address; two of one family whose first prefix bits (0 to its length) are the same. */
bool lk_ip_equal(const struct lk_ip *a, const struct lk_ip *b) LK_NONNULL(1, 2);
bool lk_ip_same_subnet(const struct lk_ip *a, const struct lk_ip *b, unsigned prefix)
	LK_NONNULL(1, 2);

/* The address that reaches all of a subnet: of IPv4 the last one, of IPv6 that of all nodes. */
void lk_ip_everyone(const struct lk_ip *ip, unsigned prefix, struct lk_ip *all) LK_NONNULL(1, 3);

/* ip and port 0 for a socket; the length. index: the interface, for link-local IPv6. */
socklen_t lk_ip_socket(const struct lk_ip *ip, unsigned index, struct sockaddr_storage *address)
	LK_NONNULL(1, 3);

/* All addresses of all interfaces, in the order of the kernel; the caller frees *list. 0, or -1. */
int lk_ip_local(struct lk_ifaddr **list, size_t *n, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* ---- changing them ---- */

/* Give the device this address, take it away. Of IPv6 it is deprecated, so that nobody chooses it as source. 0, or -1:
 * it was there already, or was not; and all else that the kernel says. */
int lk_ip_add(const struct lk_ifaddr *row, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);
int lk_ip_delete(const struct lk_ifaddr *row, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Which routes of the main table have it as their source address: those of the kernel itself, and others. 0, -1. */
struct lk_ip_sources {
	bool kernel, other;
};
int lk_ip_sources(const struct lk_ip *ip, struct lk_ip_sources *sources, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

#endif
