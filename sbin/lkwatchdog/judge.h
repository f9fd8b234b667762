/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feed, or end this node? Pure: no device, no file, no clock. */
#ifndef LKWATCHDOG_JUDGE_H
#define LKWATCHDOG_JUDGE_H

#include <stdint.h>

#define SECOND 1000000000LL
#define MARGIN (SECOND / 10)	/* the node is ended so long before its deadline */

enum verdict {
	FEED,	/* a machine that dies at any instant from now on is ended before the deadline */
	HOLD,	/* it might not be, if its watchdog were fed */
	END,	/* the deadline has come */
};

struct judge {
	int64_t deadline;	/* LK_LEASE_FOREVER: none */
	int64_t timeout;	/* of the watchdog; without one: how long before the end to look more closely */
};

enum verdict judge(const struct judge *j, int64_t now);

/* How long until it has to be asked again, given that it is not END. */
int64_t judge_again(const struct judge *j, int64_t now);

#endif
