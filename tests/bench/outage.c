/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of a service that may move: connects by TCP every two milliseconds and prints each time
 * without an answer that took longer than 10 ms.
 *
 * usage: outage ADDRESS PORT		until it is killed; each line is KIND BEGIN END, in seconds
 *
 * KIND is address (a refused connection is an answer, too) or service (connections only). Connections do not wait
 * for each other, so that the kernel's pause before it asks again does not count.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lk/poison.h"

#define STEP_US 2000
#define LEAST_US 10000
#define SLOTS 128		/* connections at once: each has that many steps for its answer */

enum kind { ADDRESS, SERVICE, KINDS };

static const char *const names[KINDS] = { "address", "service" };

struct client {
	struct sockaddr_in to;
	struct pollfd slot[SLOTS];
	unsigned next;			/* the slot that is used next, which is the oldest */
	int64_t answered[KINDS];	/* when last; 0: never */
};

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void answer(struct client *client, enum kind kind)
{
	int64_t now = now_us(), last = client->answered[kind];

	client->answered[kind] = now;
	if (last && now - last > LEAST_US)
		printf("%s %.6f %.6f\n", names[kind], (double)last / 1e6, (double)now / 1e6);
}

static void end(struct client *client, struct pollfd *slot, int error)
{
	struct linger none = { .l_onoff = 1 };	/* a reset: no port stays in TIME_WAIT */

	if (error == 0 || error == ECONNREFUSED)
		answer(client, ADDRESS);
	if (error == 0)
		answer(client, SERVICE);
	setsockopt(slot->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(slot->fd);
	slot->fd = -1;
}

static void begin(struct client *client)
{
	struct pollfd *slot = &client->slot[client->next];

	client->next = (client->next + 1) % SLOTS;
	if (slot->fd >= 0)
		end(client, slot, ETIMEDOUT);
	slot->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	slot->events = POLLOUT;
	if (slot->fd < 0)
		return;
	if (connect(slot->fd, (struct sockaddr *)&client->to, sizeof(client->to)) == 0)
		end(client, slot, 0);
	else if (errno != EINPROGRESS)
		end(client, slot, errno);
}

static void collect(struct client *client, int64_t until)
{
	for (int64_t left; (left = until - now_us()) > 0;) {
		struct timespec limit = { .tv_nsec = left * 1000 };
		int n = ppoll(client->slot, SLOTS, &limit, NULL);

		for (int i = 0; i < SLOTS && n > 0; i++) {
			struct pollfd *slot = &client->slot[i];
			socklen_t size = sizeof(int);
			int error = 0;

			if (slot->fd < 0 || !slot->revents)
				continue;
			getsockopt(slot->fd, SOL_SOCKET, SO_ERROR, &error, &size);
			end(client, slot, error);
		}
	}
}

int main(int argc, char **argv)
{
	struct client client = { .to = { .sin_family = AF_INET } };

	if (argc != 3 || inet_pton(AF_INET, argv[1], &client.to.sin_addr) != 1) {
		fprintf(stderr, "usage: outage ADDRESS PORT\n");
		return 2;
	}
	client.to.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	for (int i = 0; i < SLOTS; i++)
		client.slot[i].fd = -1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int64_t step = now_us();;) {
		begin(&client);
		step += STEP_US;
		if (step < now_us())	/* we had to wait for a processor */
			step = now_us();
		collect(&client, step);
	}
}
