/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feed, or end this node? */
#include "judge.h"

#include "lk/lease.h"
#include "lk/poison.h"

#define CLOSELY (SECOND / 20)	/* while it is not fed: whether the deadline has moved */

/* Until when it is fed. */
static int64_t feed_until(const struct judge *j)
{
	return j->deadline - j->timeout - MARGIN;
}

enum verdict judge(const struct judge *j, int64_t now)
{
	if (j->deadline == LK_LEASE_FOREVER || now <= feed_until(j))
		return FEED;
	return now < j->deadline - MARGIN ? HOLD : END;
}

int64_t judge_again(const struct judge *j, int64_t now)
{
	int64_t again = j->timeout / 3 < SECOND ? j->timeout / 3 : SECOND;
	int64_t left = j->deadline == LK_LEASE_FOREVER ? again : feed_until(j) - now + 1;

	if (left <= 0) {
		again = CLOSELY;
		left = j->deadline - MARGIN - now;
	}
	return left < again ? left : again;
}
