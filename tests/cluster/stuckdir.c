/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stuckdir DIRECTORY [MS]: whoever opens a file there waits, as on a disk that does not answer, until this program ends.
 * With MS the directory is a mount point, each one waits for so many milliseconds, and only those who come by this
 * mount. It says "stuck" when that begins. Needs root.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fanotify.h>
#include <time.h>
#include <unistd.h>

#include "lk/poison.h"

#define WAITING 256

/* Who waits; all as long, so that the first to come is the first to go on. */
struct queue {
	struct {
		int fd;
		int64_t until;
	} entry[WAITING];
	unsigned first, n;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void take(int fd, struct queue *q, int64_t ms)
{
	struct fanotify_event_metadata event[16];
	ssize_t len;

	/* the kernel keeps the others */
	if (WAITING - q->n < sizeof(event) / sizeof(*event))
		return;
	len = read(fd, event, sizeof(event));
	for (struct fanotify_event_metadata *e = event; FAN_EVENT_OK(e, len); e = FAN_EVENT_NEXT(e, len)) {
		unsigned last = (q->first + q->n++) % WAITING;

		q->entry[last].fd = e->fd;
		q->entry[last].until = now_ms() + ms;
	}
}

/* How long until the next one goes on; -1: nobody waits. */
static int let_go(int fd, struct queue *q)
{
	for (; q->n; q->n--, q->first = (q->first + 1) % WAITING) {
		struct fanotify_response answer = { .fd = q->entry[q->first].fd, .response = FAN_ALLOW };
		int64_t left = q->entry[q->first].until - now_ms();

		if (left > 0)
			return (int)left;
		/* it may have been killed meanwhile */
		(void)!write(fd, &answer, sizeof(answer));
		close(answer.fd);
	}
	return -1;
}

static _Noreturn void delay(int fd, int64_t ms)
{
	struct queue q = { .n = 0 };
	struct pollfd in = { .fd = fd, .events = POLLIN };

	for (;;) {
		if (poll(&in, 1, let_go(fd, &q)) > 0)
			take(fd, &q, ms);
	}
}

int main(int argc, char **argv)
{
	int fd = argc == 2 || argc == 3 ? fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY) : -1;
	unsigned what = argc == 3 ? FAN_MARK_MOUNT : 0;
	uint64_t when = FAN_OPEN_PERM | (argc == 3 ? 0 : FAN_EVENT_ON_CHILD);

	if (fd < 0 || fanotify_mark(fd, FAN_MARK_ADD | what, when, AT_FDCWD, argv[1]) < 0) {
		perror("stuckdir");
		return 1;
	}
	puts("stuck");
	fflush(stdout);
	if (argc == 3)
		delay(fd, strtol(argv[2], NULL, 10));
	for (;;)
		pause();
}
