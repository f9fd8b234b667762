/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watchdog device. */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "lk/msg.h"
#include "lk/poison.h"

#define BUSY_TRIES 100		/* 50 ms each: whoever had it is being buried */

/* Off and on again in one call, which nothing comes between. */
static bool has_no_way_out(int fd)
{
	int options = WDIOS_DISABLECARD | WDIOS_ENABLECARD;

	return ioctl(fd, WDIOC_SETOPTIONS, &options) < 0 && errno == EBUSY;
}

/* Of what is no watchdog nobody can say anything else than that it obeys. */
void device_timeout(struct device *dev, unsigned wanted)
{
	int seconds = (int)wanted;

	dev->asked = wanted;
	if (!*dev->identity || ioctl(dev->fd, WDIOC_SETTIMEOUT, &seconds) == 0)
		dev->timeout = wanted;
	else
		dev->why = errno;
	if (*dev->identity && ioctl(dev->fd, WDIOC_GETTIMEOUT, &seconds) == 0 && seconds > 0)
		dev->timeout = (unsigned)seconds;
	dev->exact = dev->exact && dev->timeout == wanted;
	if (dev->timeout > dev->most)
		dev->most = dev->timeout;
}

static void ask(struct device *dev)
{
	struct watchdog_info info = { 0 };
	int rc = ioctl(dev->fd, WDIOC_GETSUPPORT, &info);

	dev->timeout = dev->asked;
	dev->most = 0;
	dev->unsure = false;
	dev->exact = true;
	dev->identity[0] = '\0';
	dev->why = rc < 0 ? errno : 0;
	if (rc == 0) {
		snprintf(dev->identity, sizeof(dev->identity), "%.32s", *info.identity ? (const char *)info.identity : "?");
		dev->magic = info.options & WDIOF_MAGICCLOSE;
		dev->nowayout = has_no_way_out(dev->fd);
	}
	device_timeout(dev, dev->asked);
}

int device_open(struct device *dev, bool patiently, struct lk_err *err)
{
	struct timespec nap = { .tv_nsec = 50000000 };
	int tries = patiently ? BUSY_TRIES : 1;

	do
		dev->fd = open(dev->path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	while (dev->fd < 0 && errno == EBUSY && --tries > 0 && nanosleep(&nap, NULL) == 0);
	if (dev->fd < 0)
		return lk_fail(err, LK_M_WD_OPEN, dev->path, strerror(errno));
	ask(dev);
	return 0;
}

/* A byte that has no meaning: each write feeds. */
int device_feed(struct device *dev, struct lk_err *err)
{
	if (write(dev->fd, ".", 1) == 1)
		return 0;
	int why = errno;
	close(dev->fd);
	dev->fd = -1;
	return lk_fail(err, LK_M_WD_OPEN, dev->path, strerror(why));
}

int device_disarm(struct device *dev, struct lk_err *err)
{
	bool done = write(dev->fd, "V", 1) == 1;
	int why = errno;

	close(dev->fd);
	dev->fd = -1;
	return done ? 0 : lk_fail(err, LK_M_WD_OPEN, dev->path, strerror(why));
}
