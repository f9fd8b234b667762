/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watchdog device: watchdog(4) of the kernel, or whatever else takes bytes. */
#ifndef LKWATCHDOG_DEVICE_H
#define LKWATCHDOG_DEVICE_H

#include <stdbool.h>

#include "lk/err.h"

struct device {
	char path[1024];	/* "": there is none */
	int fd;			/* -1: not open */
	unsigned wanted, timeout;	/* seconds: as configured, and, once it was open, as it is */
	char identity[33];	/* what the driver calls itself; "" if it is no watchdog */
	bool magic, nowayout;	/* it can, or cannot, be disarmed */
	int why;		/* errno of what it refused; 0: nothing */
};

/* Open it, which arms it and feeds it once. 0 or -1. */
int device_open(struct device *dev, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Feed it. 0; -1: it is closed, still armed, and may be opened again. */
int device_feed(struct device *dev, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Disarm it and close it. 0 or -1. */
int device_disarm(struct device *dev, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

#endif
