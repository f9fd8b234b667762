/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver of watchdogs, linked into an lkwatchdog: its device is a file. $LKROOT/tmp/driver has "LEAST MOST STEP
 * NOWAYOUT", the timeouts that it takes in seconds, rounded up to whole steps, and 1 if it cannot be disarmed. What it
 * is asked for are lines of $LKROOT/tmp/asked: "ASKED BECOMES MS", the last the time at which that has fed it. What the
 * kernel would tell of it is in files of $LKROOT/tmp/sys, if that is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/watchdog.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../sbin/lkwatchdog/look.h"
#include "lk/lease.h"
#include "lk/poison.h"

struct driver {
	int least, most, step, nowayout;
};

static int timeout = 60;

static int open_file(const char *name, int flags)
{
	const char *root = getenv("LKROOT");
	char path[1024];

	snprintf(path, sizeof(path), "%s/tmp/%s", root ? root : "", name);
	return open(path, flags | O_CLOEXEC);
}

static struct driver driver(void)
{
	struct driver d = { 1, 600, 1, 0 };
	char text[80] = "";
	int fd = open_file("driver", O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 ||
	    sscanf(text, "%d %d %d %d", &d.least, &d.most, &d.step, &d.nowayout) != 4)
		_exit(99);
	close(fd);
	if (d.least == d.most)
		timeout = d.least;
	return d;
}

static void note(int wanted)
{
	char line[80];
	int fd = open_file("asked", O_WRONLY | O_APPEND);

	snprintf(line, sizeof(line), "%d %d %" PRId64 "\n", wanted, timeout, lk_lease_now() / 1000000);
	if (write(fd, line, strlen(line)) < 0)
		_exit(99);
	close(fd);
}

static int set(const struct driver *d, int *seconds)
{
	int wanted = *seconds;
	bool good = wanted >= d->least && wanted <= d->most && d->least != d->most;

	if (good)
		timeout = (wanted + d->step - 1) / d->step * d->step;
	note(wanted);
	errno = d->least == d->most ? EOPNOTSUPP : EINVAL;
	*seconds = timeout;
	return good ? 0 : -1;
}

static int answer(unsigned long request, void *arg)
{
	const struct driver d = driver();

	switch (request) {
	case WDIOC_GETSUPPORT:
		*(struct watchdog_info *)arg = (struct watchdog_info){ .options = WDIOF_MAGICCLOSE | WDIOF_SETTIMEOUT,
								       .identity = "fakedog" };
		return 0;
	case WDIOC_SETOPTIONS:
		errno = EBUSY;
		return d.nowayout ? -1 : 0;
	case WDIOC_SETTIMEOUT:
		return set(&d, arg);
	case WDIOC_GETTIMEOUT:
		*(int *)arg = timeout;
		return 0;
	default:
		errno = ENOTTY;
		return -1;
	}
}

/* Nothing else in lkwatchdog asks a device for anything. */
int ioctl(int fd, unsigned long request, ...)
{
	va_list args;

	(void)fd;
	va_start(args, request);
	void *arg = va_arg(args, void *);
	va_end(args);
	return answer(request, arg);
}

/* Instead of sysfs.c. */
bool sysfs_directory(const char *path, char *dir, size_t size)
{
	const char *root = getenv("LKROOT");

	(void)path;
	snprintf(dir, size, "%s/tmp/sys", root ? root : "");
	return access(dir, F_OK) == 0;
}
