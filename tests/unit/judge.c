/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of sbin/lkwatchdog/judge.c: a node that dies at any instant is ended by its deadline. */
#include "../../sbin/lkwatchdog/judge.h"

#include "lk/lease.h"
#include "tap.h"
#include "lk/poison.h"

#define STEP (SECOND / 200)

/* Run it against one deadline, and die at that instant: when is the node ended? */
static int64_t end_of(const struct judge *j, int64_t death, bool *asked_late)
{
	int64_t fed = 0;

	for (int64_t now = 0, next; now < death; now = next) {
		enum verdict verdict = judge(j, now);

		if (verdict == END)
			return now;
		if (verdict == FEED)
			fed = now;
		next = now + judge_again(j, now);
		*asked_late |= next <= now;
	}
	return fed + j->timeout;
}

/* With every instant of death, and an instant after the deadline: it does not die before. */
static bool in_time(int64_t deadline, int64_t timeout)
{
	const struct judge j = { deadline, timeout };
	bool late = false;

	for (int64_t death = 0; death <= deadline + SECOND; death += STEP) {
		int64_t end = end_of(&j, death, &late);

		if (end > deadline && deadline > timeout + MARGIN)
			return false;
	}
	return !late && end_of(&j, deadline + SECOND, &late) <= deadline;
}

static void check_always(void)
{
	bool good = true;

	for (int64_t timeout = SECOND / 2; timeout <= 16 * SECOND; timeout *= 2)
		for (int64_t deadline = 2 * STEP; deadline < 20 * SECOND; deadline += SECOND * 7 / 10)
			good = good && in_time(deadline, timeout);
	ok(good, "whenever the daemon dies, the watchdog ends the node before the deadline");
}

int main(void)
{
	const struct judge none = { LK_LEASE_FOREVER, 10 * SECOND }, soon = { 30 * SECOND, 10 * SECOND };
	const struct judge old = { 5, 10 * SECOND };

	ok(judge(&none, 1) == FEED && judge(&none, INT64_MAX - 1) == FEED, "without a deadline it is fed always");
	ok(judge_again(&none, 5) == SECOND, "and every second at least");
	ok(judge(&soon, 19 * SECOND) == FEED && judge(&soon, 20 * SECOND) == HOLD,
	   "it is not fed within its own timeout of the deadline");
	ok(judge(&soon, 29 * SECOND) == HOLD && judge(&soon, 30 * SECOND - 1) == END,
	   "the node is ended before the deadline");
	ok(judge(&old, 100 * SECOND) == END, "a deadline that has passed ends the node");
	ok(judge_again(&soon, 0) == SECOND && judge_again(&soon, 19 * SECOND + SECOND * 3 / 4) < SECOND / 4,
	   "it looks again when feeding has to stop");
	ok(judge_again(&soon, 21 * SECOND) <= SECOND / 20, "it looks often while it does not feed");
	check_always();
	return tap_done();
}
