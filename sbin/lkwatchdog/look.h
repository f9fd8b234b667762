/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel tells of a watchdog device without its being opened, which would arm it: sysfs. */
#ifndef LKWATCHDOG_LOOK_H
#define LKWATCHDOG_LOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "lk/attr.h"

struct look {
	bool known;		/* the timeout is */
	bool active;		/* it is armed, or that cannot be told */
	bool fixed;		/* it takes no other timeout; false also if that cannot be told */
	int nowayout;		/* 1: it cannot be disarmed; 0; -1: not known */
	unsigned timeout;	/* seconds */
	unsigned least;		/* that it takes; 0: not known */
	char identity[33];
};

void look_at(const char *path, struct look *look) LK_NONNULL(1, 2);

/* Its directory in sysfs; false: it has none. (sysfs.c, by itself: a test has another one.) */
bool sysfs_directory(const char *path, char *dir, size_t size) LK_NONNULL(1, 2);

#endif
