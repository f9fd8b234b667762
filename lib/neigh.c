/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Neighbours on a link: asking for an address, and announcing ours. */
#include "lk/neigh.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lk/msg.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define PROBES 3

/* Flags and MAC of the device. */
static int inspect(struct lk_link *link, const char *device, struct lk_err *err)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (ioctl(link->fd, SIOCGIFFLAGS, &request) < 0)
		return lk_fail_errno(err, errno, "%s", device);
	if (!(request.ifr_flags & IFF_UP))
		return lk_fail(err, LK_M_DEVICE_DOWN, device);
	link->silent = request.ifr_flags & (IFF_LOOPBACK | IFF_NOARP | IFF_POINTOPOINT);
	if (ioctl(link->fd, SIOCGIFHWADDR, &request) < 0)
		return lk_fail_errno(err, errno, "%s", device);
	link->silent = link->silent || request.ifr_hwaddr.sa_family != ARPHRD_ETHER;
	memcpy(link->mac, request.ifr_hwaddr.sa_data, LK_MAC);
	return 0;
}

static int listen_on(struct lk_link *link, const char *device, struct lk_err *err)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(link->protocol),
				       .sll_ifindex = (int)link->index };

	if (bind(link->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return lk_fail_errno(err, errno, "%s", device);
	return 0;
}

int lk_link_open(struct lk_link *link, const char *device, const struct lk_ip *ip, struct lk_err *err)
{
	*link = (struct lk_link){ .fd = -1, .index = if_nametoindex(device) };
	if (!link->index)
		return lk_fail(err, LK_M_NO_DEVICE, device);
	link->protocol = ip->family == AF_INET ? ETH_P_ARP : ETH_P_IPV6;
	/* no protocol yet: nothing of other interfaces is to be queued */
	link->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (link->fd < 0)
		return lk_fail_errno(err, errno, "%s", device);
	int rc = inspect(link, device, err);
	return rc < 0 ? rc : listen_on(link, device, err);
}

void lk_link_close(struct lk_link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
}

static int send_frame(const struct lk_link *link, const struct lk_frame *frame, struct lk_err *err)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(link->protocol),
				  .sll_ifindex = (int)link->index, .sll_halen = LK_MAC };

	memcpy(to.sll_addr, frame->to, LK_MAC);
	if (sendto(link->fd, frame->byte, frame->len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		return lk_fail_errno(err, errno, "sending");
	return 0;
}

/* What has come: does another claim the address? Sent by us, or with our MAC, is not another. */
static bool claimed(const struct lk_link *link, const struct lk_ip *ip, unsigned char *mac)
{
	unsigned char byte[LK_FRAME * 2];
	struct sockaddr_ll from = { 0 };
	socklen_t room = sizeof(from);
	ssize_t len;

	while ((len = recvfrom(link->fd, byte, sizeof(byte), 0, (struct sockaddr *)&from, &room)) >= 0) {
		if (from.sll_pkttype != PACKET_OUTGOING && from.sll_halen == LK_MAC &&
		    memcmp(from.sll_addr, link->mac, LK_MAC) != 0 &&
		    lk_frame_claims(byte, (size_t)len, ip)) {
			memcpy(mac, from.sll_addr, LK_MAC);
			return true;
		}
		room = sizeof(from);
	}
	return false;
}

/* Wait until the deadline for a claim. */
static bool hear(const struct lk_link *link, const struct lk_ip *ip, int64_t deadline,
		 unsigned char *mac)
{
	struct pollfd fd = { .fd = link->fd, .events = POLLIN };

	for (int64_t left; (left = deadline - lk_now_ms()) > 0;) {
		if (poll(&fd, 1, (int)left) > 0 && claimed(link, ip, mac))
			return true;
		if (fd.revents & (POLLERR | POLLNVAL))
			return false;
	}
	return claimed(link, ip, mac);
}

int lk_neigh_probe(const struct lk_link *link, const struct lk_ip *ip, unsigned ms,
		   unsigned char mac[static LK_MAC], struct lk_err *err)
{
	int64_t begin = lk_now_ms();
	struct lk_frame frame;

	if (link->silent)
		return 0;
	lk_frame_build(LK_FRAME_PROBE, ip, link->mac, &frame);
	/* the questions in the first half, so that the last one has time to be answered */
	for (int i = 1; i <= PROBES; i++) {
		int rc = send_frame(link, &frame, err);

		if (rc < 0)
			return rc;
		if (hear(link, ip, begin + (i < PROBES ? i * ms / (2 * PROBES) : ms), mac))
			return 1;
	}
	return 0;
}

int lk_neigh_announce(const struct lk_link *link, const struct lk_ip *ip, struct lk_err *err)
{
	struct lk_frame frame;
	int rc;

	if (link->silent)
		return 0;
	lk_frame_build(LK_FRAME_ANNOUNCE, ip, link->mac, &frame);
	rc = send_frame(link, &frame, err);
	if (rc < 0 || ip->family == AF_INET6)
		return rc;
	lk_frame_build(LK_FRAME_REPLY, ip, link->mac, &frame);
	return send_frame(link, &frame, err);
}
