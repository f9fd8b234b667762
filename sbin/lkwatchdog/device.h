/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watchdog device: watchdog(4) of the kernel, or whatever else takes bytes. */
#ifndef LKWATCHDOG_DEVICE_H
#define LKWATCHDOG_DEVICE_H

#include <stdbool.h>

#include "lk/err.h"

struct device {
	char path[1024];	/* "": there is none */
	int fd;			/* -1: not open */
	unsigned wanted;	/* seconds: as configured */
	unsigned asked;		/* what it was, or will be, asked for last */
	unsigned timeout;	/* and what it has made of that */
	unsigned most;		/* the longest that it ever had, once it was open */
	bool exact;		/* it has always made of it what it was asked for */
	char identity[33];	/* what the driver calls itself; "" if it is no watchdog */
	bool magic, nowayout;	/* it can, or cannot, be disarmed */
	bool unsure;		/* not opened yet, perhaps armed, and nobody knows with what timeout */
	int why;		/* errno of what it refused; 0: nothing */
};

/* Open it, which arms it and feeds it once; patiently: with time for whoever had it to be gone. 0 or -1. */
int device_open(struct device *dev, bool patiently, struct lk_err *err) LK_MUST LK_NONNULL(1, 3);

/* Ask for another timeout, which feeds it if it takes that: it may become another one, but a smaller one does not
 * become more than a larger one did. */
void device_timeout(struct device *dev, unsigned seconds) LK_NONNULL(1);

/* Feed it. 0; -1: it is closed, still armed, and may be opened again. */
int device_feed(struct device *dev, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Disarm it and close it. 0 or -1. */
int device_disarm(struct device *dev, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

#endif
