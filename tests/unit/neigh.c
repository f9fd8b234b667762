/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of ARP and neighbour discovery, and addresses. */
#include "lk/neigh.h"

#include <string.h>

#include "tap.h"
#include "lk/poison.h"

static const unsigned char mac[LK_MAC] = { 2, 0, 0, 0, 0, 0x11 };

static struct lk_ip ip_of(const char *text)
{
	struct lk_ip ip;
	struct lk_err err;

	if (lk_ip_parse(text, &ip, &err) < 0)
		memset(&ip, 0, sizeof(ip));
	return ip;
}

static void test_arp(void)
{
	/* RFC 826, with the empty sender address of RFC 5227 */
	static const unsigned char probe[] = { 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 0x11, 0, 0, 0, 0,
					       0, 0, 0, 0, 0, 0, 10, 0, 0, 10 };
	struct lk_ip ip = ip_of("10.0.0.10"), other = ip_of("10.0.0.11");
	struct lk_frame frame;

	lk_frame_build(LK_FRAME_PROBE, &ip, mac, &frame);
	ok(frame.len == sizeof(probe) && !memcmp(frame.byte, probe, sizeof(probe)),
	   "an ARP probe has no sender address");
	ok(lk_frame_claims(frame.byte, frame.len, &ip), "somebody else's probe claims the address");
	ok(!lk_frame_claims(frame.byte, frame.len, &other), "but no other one");
	lk_frame_build(LK_FRAME_ANNOUNCE, &ip, mac, &frame);
	ok(frame.byte[7] == 1 && !memcmp(frame.byte + 14, ip.byte, 4) &&
		   !memcmp(frame.byte + 24, ip.byte, 4),
	   "an announcement is a request for the own address");
	ok(lk_frame_claims(frame.byte, frame.len, &ip), "and claims it");
	ok(!lk_frame_claims(frame.byte, frame.len - 1, &ip), "a short frame claims nothing");
	memcpy(frame.byte + 14, other.byte, 4);
	ok(!lk_frame_claims(frame.byte, frame.len, &ip), "who asks for it does not have it");
}

static void test_nd(void)
{
	static const unsigned char solicited[LK_MAC] = { 0x33, 0x33, 0xff, 0x34, 0x56, 0x78 };
	struct lk_ip ip = ip_of("fd00::1234:5678"), other = ip_of("fd00::1234:5679");
	struct lk_frame frame;

	lk_frame_build(LK_FRAME_PROBE, &ip, mac, &frame);
	ok(frame.len == 64 && frame.byte[40] == 135 && !memcmp(frame.to, solicited, LK_MAC),
	   "a solicitation goes to those whose address ends alike");
	ok(lk_frame_claims(frame.byte, frame.len, &ip), "from nowhere it claims the address");
	frame.byte[43] ^= 1;
	ok(!lk_frame_claims(frame.byte, frame.len, &ip), "not with a wrong checksum");
	lk_frame_build(LK_FRAME_ANNOUNCE, &ip, mac, &frame);
	ok(frame.len == 72 && frame.byte[40] == 136 && !memcmp(frame.byte + 66, mac, LK_MAC),
	   "an advertisement has the link address");
	ok(lk_frame_claims(frame.byte, frame.len, &ip), "and claims the address");
	ok(!lk_frame_claims(frame.byte, frame.len, &other), "but no other one");
	ok(!lk_frame_claims(frame.byte, 63, &ip), "a cut one claims nothing");
	frame.byte[7] = 254;
	ok(!lk_frame_claims(frame.byte, frame.len, &ip), "nor does one that a router has passed");
}

static bool same(const char *a, const char *b, unsigned prefix)
{
	struct lk_ip one = ip_of(a), two = ip_of(b);

	return lk_ip_same_subnet(&one, &two, prefix);
}

static bool everyone_is(const char *text, unsigned prefix, const char *want)
{
	struct lk_ip ip = ip_of(text), wanted = ip_of(want), all;

	lk_ip_everyone(&ip, prefix, &all);
	return lk_ip_equal(&all, &wanted);
}

static void test_addresses(void)
{
	ok(same("10.0.0.1", "10.0.0.254", 24) && !same("10.0.0.1", "10.0.1.1", 24), "whole bytes");
	ok(same("10.0.0.1", "10.0.3.1", 22) && !same("10.0.0.1", "10.0.4.1", 22), "and parts of them");
	ok(same("10.0.0.1", "10.0.0.1", 32) && !same("10.0.0.1", "10.0.0.2", 32), "all bits");
	ok(same("fd00::1", "fd00::ffff", 64) && !same("fd00::1", "fd00:0:0:1::1", 64), "IPv6");
	ok(!same("10.0.0.1", "a00:1::", 1), "families differ");
	ok(everyone_is("10.1.2.3", 22, "10.1.3.255"), "the broadcast address of a subnet");
	ok(everyone_is("10.1.2.3", 32, "10.1.2.3"), "of a single host");
	ok(everyone_is("fd00::1", 64, "ff02::1"), "all nodes of IPv6");
}

int main(void)
{
	test_arp();
	test_nd();
	test_addresses();
	return tap_done();
}
