/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of ARP and neighbour discovery: building and understanding them. */
#include <string.h>

#include "lk/neigh.h"
#include "lk/poison.h"

#define ARP_LEN 28
#define ARP_REQUEST 1
#define ARP_REPLY 2
#define IP6_LEN 40
#define ND_LEN 24	/* ICMPv6 header and target */
#define ND_SOLICIT 135
#define ND_ADVERT 136
#define NEXT_ICMP6 58
#define FLAG_OVERRIDE 0x20

/* Ethernet, IPv4, lengths 6 and 4 */
static const unsigned char arp_head[6] = { 0, 1, 8, 0, 6, 4 };
static const unsigned char nothing[16];

/* ---- ARP: head, operation, sender MAC (8) and IP (14), target MAC (18) and IP (24) ---- */

static void build_arp(enum lk_frame_kind kind, const struct lk_ip *ip,
		      const unsigned char mac[static LK_MAC], struct lk_frame *frame)
{
	unsigned char *b = frame->byte;

	frame->len = ARP_LEN;
	memcpy(b, arp_head, sizeof(arp_head));
	b[7] = kind == LK_FRAME_REPLY ? ARP_REPLY : ARP_REQUEST;
	memcpy(b + 8, mac, LK_MAC);
	if (kind != LK_FRAME_PROBE)
		memcpy(b + 14, ip->byte, 4);
	if (kind == LK_FRAME_REPLY)
		memcpy(b + 18, mac, LK_MAC);
	memcpy(b + 24, ip->byte, 4);
	memset(frame->to, 0xff, LK_MAC);
}

static bool arp_claims(const unsigned char *b, size_t len, const struct lk_ip *ip)
{
	if (len < ARP_LEN || memcmp(b, arp_head, sizeof(arp_head)) != 0 || b[6] ||
	    (b[7] != ARP_REQUEST && b[7] != ARP_REPLY))
		return false;
	if (!memcmp(b + 14, ip->byte, 4))
		return true;
	/* the probe of somebody who wants it now */
	return b[7] == ARP_REQUEST && !memcmp(b + 14, nothing, 4) && !memcmp(b + 24, ip->byte, 4);
}

/* ---- neighbour discovery: IPv6 header, ICMPv6 type (40), checksum (42), flags (44), target (48) ---- */

static unsigned sum16(const unsigned char *b, size_t len, unsigned sum)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (unsigned)b[i] << 8 | b[i + 1];
	return sum;
}

/* Over the addresses, the length, the next header, and the message. */
static unsigned checksum(const unsigned char *b, size_t len)
{
	unsigned sum = sum16(b + 8, 32, (unsigned)(len - IP6_LEN) + NEXT_ICMP6);

	sum = sum16(b + IP6_LEN, len - IP6_LEN, sum);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static void build_nd(enum lk_frame_kind kind, const struct lk_ip *ip,
		     const unsigned char mac[static LK_MAC], struct lk_frame *frame)
{
	unsigned char *b = frame->byte;
	bool probe = kind == LK_FRAME_PROBE;

	/* all nodes, or those whose address ends as ours */
	static const unsigned char everyone[16] = { 0xff, 2, [15] = 1 };
	static const unsigned char solicited[13] = { 0xff, 2, [11] = 1, 0xff };

	frame->len = IP6_LEN + ND_LEN + (probe ? 0 : 8);
	b[0] = 0x60;
	b[5] = (unsigned char)(frame->len - IP6_LEN);
	b[6] = NEXT_ICMP6;
	b[7] = 255;
	if (!probe)
		memcpy(b + 8, ip->byte, 16);
	memcpy(b + 24, everyone, 16);
	if (probe) {
		memcpy(b + 24, solicited, 13);
		memcpy(b + 37, ip->byte + 13, 3);
	}
	b[40] = probe ? ND_SOLICIT : ND_ADVERT;
	b[44] = probe ? 0 : FLAG_OVERRIDE;
	memcpy(b + 48, ip->byte, 16);
	if (!probe) {
		b[64] = 2;	/* option: target link-layer address, 8 bytes */
		b[65] = 1;
		memcpy(b + 66, mac, LK_MAC);
	}
	unsigned sum = checksum(b, frame->len);
	b[42] = (unsigned char)(sum >> 8);
	b[43] = (unsigned char)sum;
	frame->to[0] = frame->to[1] = 0x33;
	memcpy(frame->to + 2, b + 36, 4);
}

static bool nd_claims(const unsigned char *b, size_t len, const struct lk_ip *ip)
{
	if (len < IP6_LEN + ND_LEN || b[0] >> 4 != 6 || b[6] != NEXT_ICMP6 || b[7] != 255 || b[41])
		return false;
	size_t end = IP6_LEN + ((size_t)b[4] << 8 | b[5]);
	if (end > len || end < IP6_LEN + ND_LEN || end % 2 || checksum(b, end) != 0 ||
	    memcmp(b + 48, ip->byte, 16) != 0)
		return false;
	/* asking from nowhere is probing */
	return b[40] == ND_ADVERT || (b[40] == ND_SOLICIT && !memcmp(b + 8, nothing, 16));
}

void lk_frame_build(enum lk_frame_kind kind, const struct lk_ip *ip,
		    const unsigned char mac[static LK_MAC], struct lk_frame *frame)
{
	memset(frame, 0, sizeof(*frame));
	if (ip->family == AF_INET)
		build_arp(kind, ip, mac, frame);
	else
		build_nd(kind, ip, mac, frame);
}

bool lk_frame_claims(const unsigned char *byte, size_t len, const struct lk_ip *ip)
{
	return ip->family == AF_INET ? arp_claims(byte, len, ip) : nd_claims(byte, len, ip);
}
