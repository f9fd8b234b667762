/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Neighbours on a link: does somebody have an address, and telling all that we have it now. ARP
 * (RFC 5227) for IPv4, neighbour discovery (RFC 4861, 4862) for IPv6, as raw frames: the kernel's own
 * duplicate address detection takes a second and more, and announces nothing when an address moves.
 */
#ifndef LK_NEIGH_H
#define LK_NEIGH_H

#include "lk/ipaddr.h"

#define LK_MAC 6
#define LK_FRAME 128	/* room for any frame of ours */

/* An open link. */
struct lk_link {
	int fd;
	unsigned index;
	unsigned short protocol;	/* ETH_P_ARP or ETH_P_IPV6 */
	bool silent;			/* nobody can be asked: loopback, point to point, no ARP */
	unsigned char mac[LK_MAC];
};

/* Open the device for the family of ip. 0; -7 no such device; -1, also when it is down. */
int lk_link_open(struct lk_link *link, const char *device, const struct lk_ip *ip, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);
void lk_link_close(struct lk_link *link) LK_NONNULL(1);

/* Ask thrice within ms milliseconds whether somebody has the address. 1: yes, *mac is theirs;
 * 0: no answer; -1. */
int lk_neigh_probe(const struct lk_link *link, const struct lk_ip *ip, unsigned ms,
		   unsigned char mac[static LK_MAC], struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 5);

/* Tell all neighbours that the address is ours. 0, or -1. */
int lk_neigh_announce(const struct lk_link *link, const struct lk_ip *ip, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* ---- frames, without their link header; for the above and its tests ---- */
enum lk_frame_kind { LK_FRAME_PROBE, LK_FRAME_ANNOUNCE, LK_FRAME_REPLY };

struct lk_frame {
	size_t len;
	unsigned char byte[LK_FRAME];
	unsigned char to[LK_MAC];	/* link destination */
};

/* LK_FRAME_REPLY is the second form of an ARP announcement; of IPv6 it equals the first. */
void lk_frame_build(enum lk_frame_kind kind, const struct lk_ip *ip,
		    const unsigned char mac[static LK_MAC], struct lk_frame *frame) LK_NONNULL(2, 4);

/* Does this frame, sent by from, say that somebody has the address, or wants to take it? */
bool lk_frame_claims(const unsigned char *byte, size_t len, const struct lk_ip *ip)
	LK_NONNULL(1, 3);

#endif
