// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pass Ethernet frames between two interfaces, both ways, each frame MS milliseconds after it came.
 *
 *	relay FIRST SECOND MS
 *
 * Returns when it works and goes on in the background, until one of the interfaces is removed.
 * Frames keep the virtio header of the packet socket: between virtual interfaces checksums may be
 * missing and frames longer than the wire allows.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "lk/poison.h"

#define FRAMES 4096	/* waiting in one direction; more are lost, as in a switch */
#define LONGEST (sizeof(struct virtio_net_hdr) + 65536 + 64)

struct frame {
	int64_t due;	/* ns */
	size_t len;
	char *bytes;
};

/* One direction: what came from one end and waits for the other. */
struct queue {
	struct frame frame[FRAMES];
	unsigned first, n;
};

struct end {
	const char *name;
	unsigned index;
	int fd;
	struct queue arrived;
};

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void open_end(struct end *e, const char *name)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct packet_mreq all = { .mr_type = PACKET_MR_PROMISC };
	int yes = 1;

	e->name = name;
	e->index = if_nametoindex(name);
	e->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (!e->index || e->fd < 0)
		die(name);
	addr.sll_ifindex = all.mr_ifindex = (int)e->index;
	if (setsockopt(e->fd, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof(yes)) ||
	    setsockopt(e->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) ||
	    setsockopt(e->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)) ||
	    bind(e->fd, (struct sockaddr *)&addr, sizeof(addr)))
		die(name);
}

/* An interface that is down gives errors and comes back; one that is gone ends the relay. */
static void end_if_gone(const struct end *e)
{
	if (if_nametoindex(e->name) != e->index)
		exit(0);
}

static void take(struct end *from, int64_t delay)
{
	static char bytes[LONGEST];
	struct queue *q = &from->arrived;
	struct frame *f;
	ssize_t len;

	while ((len = recv(from->fd, bytes, sizeof(bytes), 0)) > 0) {
		if (q->n == FRAMES)
			continue;
		f = &q->frame[(q->first + q->n) % FRAMES];
		f->bytes = malloc((size_t)len);
		if (!f->bytes)
			continue;
		memcpy(f->bytes, bytes, (size_t)len);
		f->len = (size_t)len;
		f->due = now() + delay;
		q->n++;
	}
	if (len < 0 && errno != EAGAIN && errno != EINTR)
		end_if_gone(from);
}

static void pass(struct queue *q, const struct end *to)
{
	while (q->n && q->frame[q->first].due <= now()) {
		struct frame *f = &q->frame[q->first];

		if (send(to->fd, f->bytes, f->len, 0) < 0)
			end_if_gone(to);	/* else the frame is lost: the link is down */
		free(f->bytes);
		q->first = (q->first + 1) % FRAMES;
		q->n--;
	}
}

/* How long until the next frame is due; NULL if none waits. */
static const struct timespec *until_due(const struct end *end, struct timespec *left)
{
	int64_t first = INT64_MAX, wait;

	for (int i = 0; i < 2; i++) {
		const struct queue *q = &end[i].arrived;

		if (q->n && q->frame[q->first].due < first)
			first = q->frame[q->first].due;
	}
	if (first == INT64_MAX)
		return NULL;
	wait = first - now();
	if (wait < 0)
		wait = 0;
	left->tv_sec = wait / 1000000000;
	left->tv_nsec = wait % 1000000000;
	return left;
}

static void run(struct end *end, int64_t delay)
{
	for (;;) {
		struct pollfd fds[2] = { { end[0].fd, POLLIN, 0 }, { end[1].fd, POLLIN, 0 } };
		struct timespec left;

		ppoll(fds, 2, until_due(end, &left), NULL);
		take(&end[0], delay);
		take(&end[1], delay);
		pass(&end[0].arrived, &end[1]);
		pass(&end[1].arrived, &end[0]);
	}
}

int main(int argc, char **argv)
{
	static struct end end[2];
	char *rest;
	long ms;

	if (argc != 4 || (ms = strtol(argv[3], &rest, 10)) < 0 || *rest || !argv[3][0]) {
		fputs("usage: relay FIRST SECOND MS\n", stderr);
		return 2;
	}
	open_end(&end[0], argv[1]);
	open_end(&end[1], argv[2]);
	closefrom(end[1].fd + 1);
	if (daemon(0, 0))
		die("daemon");
	run(end, ms * INT64_C(1000000));
}
