// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A clock of the node's own, preloaded: the time of day is off by the milliseconds that the file
 * $LK_STEPCLOCK has, at each moment. The kernel has one time of day for all namespaces, so files, timers
 * and statically linked programs are not affected.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "lk/poison.h"

#define WIDTH 20	/* of the number in the file, padded with blanks */

static const char *file;	/* mapped: a program may not be free to open files, or have no time to */
static int (*real_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void start(void)
{
	const char *name = getenv("LK_STEPCLOCK");
	int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	void *map;

	*(void **)&real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
	if (fd < 0)
		return;
	map = mmap(NULL, WIDTH, PROT_READ, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		file = map;
	close(fd);
}

static long long offset_ms(void)
{
	char text[WIDTH + 1] = "";

	if (file)
		memcpy(text, file, WIDTH);
	return strtoll(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int rc = real_gettime ? real_gettime(clock, ts) : (int)syscall(SYS_clock_gettime, clock, ts);
	long long ms;

	if (rc || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
		return rc;
	ms = offset_ms();
	ts->tv_sec += ms / 1000;
	ts->tv_nsec += ms % 1000 * 1000000;
	if (ts->tv_nsec >= 1000000000) {
		ts->tv_sec++;
		ts->tv_nsec -= 1000000000;
	} else if (ts->tv_nsec < 0) {
		ts->tv_sec--;
		ts->tv_nsec += 1000000000;
	}
	return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &ts))
		return -1;
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *t)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts))
		return -1;
	if (t)
		*t = ts.tv_sec;
	return ts.tv_sec;
}
