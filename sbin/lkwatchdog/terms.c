/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timeout of the device, as the terms of the lease allow it: not longer than from the end of the lease to the
 * deadline, or a node that has its lease all the time would not be fed all the time.
 *
 * To ask the device for a timeout feeds it: it is asked only when whatever comes of that ends before the deadline.
 */
#include "world.h"
#include "lk/poison.h"

#define LONGEST 600	/* seconds: of WATCHDOG_TIMEOUT */

bool right_lasts(const struct world *w, int64_t now)
{
	return w->lease.until > now;
}

/*
 * The terms of the next lease are those of the tunable; those of the one that is in force are seen in it: the
 * tunable may have been changed a moment ago, or be overruled. Less than the least QUORUM_LOSS_DEADLINE is nobody's.
 */
static int64_t room(const struct world *w, int64_t now)
{
	int64_t of_lease = w->lease.deadline - w->lease.until;
	bool counts = right_lasts(w, now) && w->lease.deadline != LK_LEASE_FOREVER && of_lease >= SECOND;

	return counts && of_lease < w->stop ? of_lease : w->stop;
}

static bool too_long(const struct world *w, int64_t now)
{
	return w->device.timeout * SECOND > room(w, now);
}

bool terms_too_long(const struct world *w, int64_t now, struct lk_err *why)
{
	const struct device *dev = &w->device;
	char seconds[LK_SECONDS_TEXT];

	lk_format_seconds((unsigned)(room(w, now) / 1000000), seconds);
	lk_fail(why, LK_M_WD_LONG, dev->path, dev->timeout, seconds, dev->timeout);
	return too_long(w, now);
}

static void say_long(const struct world *w, int64_t now)
{
	struct lk_err why;

	if (terms_too_long(w, now, &why))
		say_aside(w, 0, why.number, why.code, "%s", why.text);
}

/* What to ask for now. One that the device never had might become a longer one, which is not tried with a deadline. */
static unsigned wish(const struct world *w, int64_t now)
{
	const struct device *dev = &w->device;
	unsigned fits = (unsigned)(room(w, now) / SECOND);

	if (fits > dev->wanted)
		fits = dev->wanted;
	return dev->fd >= 0 && fits > dev->most && w->lease.deadline != LK_LEASE_FOREVER ? dev->most : fits;
}

static bool may_ask(const struct world *w, unsigned seconds, int64_t now)
{
	const struct device *dev = &w->device;
	unsigned worst = seconds > dev->most ? seconds : dev->most;

	if (seconds < dev->timeout)
		worst = dev->exact ? seconds : dev->timeout;
	const struct judge j = { .deadline = w->lease.deadline, .timeout = worst * SECOND };
	return judge(&j, now) == FEED;
}

/*
 * To open it feeds it with the timeout that it has. One that is armed, who knows for how long, was never accepted on these
 * terms: while the right lasts it is tried all the same, later not.
 */
static void expect_open(struct world *w, unsigned seconds, int64_t now)
{
	struct device *dev = &w->device;

	dev->asked = seconds;
	if (dev->unsure && !right_lasts(w, now) && w->lease.deadline != LK_LEASE_FOREVER)
		seconds = LONGEST;
	dev->timeout = dev->most > seconds ? dev->most : seconds;
}

void terms_follow(struct world *w, int64_t now)
{
	struct device *dev = &w->device;
	unsigned seconds = wish(w, now), before = dev->timeout;

	if (dev->fd < 0)
		expect_open(w, seconds, now);
	if (seconds == dev->asked || !may_ask(w, seconds, now))
		return;
	device_timeout(dev, seconds);
	if (dev->timeout > before && too_long(w, now)) {
		device_timeout(dev, before);
		dev->asked = seconds;	/* not again */
	}
	if (dev->timeout != before)
		say(w, LK_LOG_INFO, LK_M_WD_TIMEOUT, dev->path, dev->timeout);
	w->terms_said = false;
	if (too_long(w, now))
		say_long(w, now);
}

/* With a deadline it stays armed: something may be in service, and depend on it. */
int terms_accept(struct world *w, int64_t now, struct lk_err *err)
{
	struct device *dev = &w->device;
	unsigned seconds = dev->timeout;
	char stop[LK_SECONDS_TEXT];
	struct lk_err why;

	if (!too_long(w, now))
		return 0;
	if (w->ready || w->lease.deadline != LK_LEASE_FOREVER) {
		say_long(w, now);
		return 0;
	}
	lk_format_seconds((unsigned)(w->stop / 1000000), stop);
	lk_fail(&why, LK_M_WD_REFUSED, dev->path, seconds, stop, seconds);
	trial_refused(w, seconds, &why);
	if (device_disarm(dev, err) < 0)
		return -1;
	if (dev->nowayout)
		say(w, LK_LOG_WARN, LK_M_WD_NOWAYOUT, dev->path, seconds);
	*err = why;
	return -why.code;
}
