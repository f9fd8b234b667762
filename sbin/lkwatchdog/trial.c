/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * May the device be opened for the first time? That arms it. One that cannot be disarmed (nowayout) and turns out to be
 * of no use resets the machine, which starts lkwatchdog, which opens it: so it is not opened if what can be known before
 * speaks against it, and what could not be known is remembered.
 */
#include <stdio.h>
#include <string.h>

#include "look.h"
#include "world.h"
#include "lk/poison.h"

/* As it was opened: has the operator changed nothing since? What the kernel does not tell cannot be seen to change. */
static bool is_same(const struct lk_dog *old, const struct device *dev, const struct look *look)
{
	return !strcmp(old->device, dev->path) && old->wanted == dev->wanted && look->nowayout != 0 &&
	       (!*look->identity || !*old->identity || !strcmp(look->identity, old->identity));
}

/* A timeout of 0 is that of a device that could not be fed. */
static int see_memory(const struct world *w, const struct look *look, struct lk_err *err)
{
	struct lk_dog old;
	struct lk_err ignored;

	/* a damaged one was being written when the machine ended: nothing was accepted or refused by it */
	if (lk_dog_remembered(&w->tree, &old, &ignored) <= 0 || old.state != LK_DOG_REFUSED ||
	    !is_same(&old, &w->device, look))
		return 0;
	if (old.timeout && old.timeout * SECOND <= w->stop)
		return 0;
	return lk_fail(err, LK_M_WD_AGAIN, w->device.path, old.why);
}

/* The room for the memory, before it is needed. */
static int make_room(const struct world *w, const struct look *look, struct lk_err *err)
{
	const struct lk_dog none = { .state = LK_DOG_NONE };
	struct lk_dog old;
	struct lk_err why;

	if (!look->nowayout || lk_dog_remembered(&w->tree, &old, &why) > 0 ||
	    lk_dog_remember(&w->tree, &none, &why) == 0 || look->nowayout < 0)
		return 0;
	return lk_fail(err, LK_M_WD_NO_ROOM, w->device.path, why.text);
}

static int judge_look(const struct world *w, const struct look *look, struct lk_err *err)
{
	char stop[LK_SECONDS_TEXT];
	unsigned least = look->fixed ? look->timeout : look->least;

	if (least * SECOND > w->stop) {
		lk_format_seconds((unsigned)(w->stop / 1000000), stop);
		return lk_fail(err, LK_M_WD_UNOPENED, w->device.path, least, stop, least);
	}
	return see_memory(w, look, err);
}

int trial_look(const struct world *w, struct lk_err *err)
{
	struct look look;

	look_at(w->device.path, &look);
	return judge_look(w, &look, err);
}

int trial_begin(const struct world *w, struct lk_err *err)
{
	struct look look;

	look_at(w->device.path, &look);
	int rc = judge_look(w, &look, err);
	return rc < 0 ? rc : make_room(w, &look, err);
}

void trial_refused(const struct world *w, unsigned timeout, const struct lk_err *why)
{
	const struct device *dev = &w->device;
	struct lk_dog old = { .state = LK_DOG_REFUSED, .wanted = dev->wanted, .timeout = timeout, .nowayout = true };
	struct lk_err err;

	if (!dev->nowayout)
		return;
	snprintf(old.device, sizeof(old.device), "%s", dev->path);
	snprintf(old.identity, sizeof(old.identity), "%s", dev->identity);
	snprintf(old.why, sizeof(old.why), "%.*s", LK_DOG_WHY - 1, why->text);
	if (lk_dog_remember(&w->tree, &old, &err) < 0)
		say_err(w, LK_LOG_ERROR, &err);
}

static void accepted(const struct world *w)
{
	const struct lk_dog none = { .state = LK_DOG_NONE };
	struct lk_dog old;
	struct lk_err err;

	if (lk_dog_remembered(&w->tree, &old, &err) > 0 && old.state == LK_DOG_REFUSED &&
	    lk_dog_remember(&w->tree, &none, &err) < 0)
		say_err(w, LK_LOG_WARN, &err);
}

void trial_end(const struct world *w, const struct lk_err *why)
{
	if (why)
		trial_refused(w, 0, why);
	else
		accepted(w);
}
