/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of the device, for others and for the next lkwatchdog (lk/dog.h). */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/proc.h"
#include "look.h"
#include "world.h"
#include "lk/poison.h"

static void explain(struct lk_dog *dog, const char *why)
{
	dog->state = LK_DOG_BAD;
	snprintf(dog->why, sizeof(dog->why), "%.*s", LK_DOG_WHY - 1, why);
}

static void judge_device(const struct world *w, struct lk_dog *dog)
{
	const struct device *dev = &w->device;
	struct lk_err why;

	dog->state = LK_DOG_ARMED;
	if (*w->why) {
		explain(dog, w->why);
	} else if (dev->fd < 0) {
		lk_fail(&why, LK_M_WD_NOT_YET, dev->path);
		explain(dog, why.text);
	} else if (!*dev->identity) {
		lk_fail(&why, LK_M_WD_NOT, dev->path, strerror(dev->why));
		explain(dog, why.text);
	} else if (terms_too_long(w, lk_lease_now(), &why)) {
		explain(dog, why.text);
	}
}

static void look(const struct world *w, struct lk_dog *dog)
{
	const struct device *dev = &w->device;

	memset(dog, 0, sizeof(*dog));	/* and what is between its members: it is compared */
	dog->state = LK_DOG_NONE;
	dog->process = w->process;
	dog->wanted = dev->wanted;
	dog->timeout = dev->fd < 0 ? 0 : dev->timeout;
	dog->nowayout = dev->nowayout;
	dog->most = dev->most > dev->timeout ? dev->most : dev->timeout;
	snprintf(dog->device, sizeof(dog->device), "%s", dev->path);
	snprintf(dog->identity, sizeof(dog->identity), "%s", dev->identity);
	if (w->over)
		dog->state = LK_DOG_ENDED;
	else if (*dev->path)
		judge_device(w, dog);
}

static void write_now(const struct world *w, const struct lk_dog *dog)
{
	struct lk_err why, err;

	if (lk_dog_write(&w->tree, dog, &why) == 0)
		return;
	lk_fail(&err, LK_M_WD_STATUS, why.text);
	say_err(w, LK_LOG_WARN, &err);
}

/* One at a time, so that none is overtaken by an older one. */
static void write_aside(struct world *w, const struct lk_dog *dog)
{
	pid_t pid = fork();

	if (pid == 0) {
		/* one that hangs must not keep the device armed, or from the next lkwatchdog */
		if (w->device.fd >= 0)
			close(w->device.fd);
		write_now(w, dog);
		_exit(0);
	}
	if (pid > 0)
		w->scribe = pid;
}

void status_tell(struct world *w)
{
	struct lk_dog dog;

	look(w, &dog);
	if (w->scribe || !memcmp(&dog, &w->said, sizeof(dog)))
		return;
	w->said = dog;
	if (w->ready && !w->over)
		write_aside(w, &dog);
	else
		write_now(w, &dog);
}

void status_begin(struct world *w)
{
	struct device *dev = &w->device;
	struct lk_dog old;
	struct lk_err ignored;
	struct look look;

	w->process = lk_proc_holder(getpid());
	if (!*dev->path)
		return;
	look_at(dev->path, &look);
	if (look.known) {
		dev->timeout = look.active ? look.timeout : 0;
	} else if (lk_dog_read(&w->tree, &old, &ignored) > 0 && !strcmp(old.device, dev->path)) {
		/* the driver goes on after an end in order, if it cannot be disarmed */
		dev->timeout = old.state != LK_DOG_ENDED || old.nowayout ? old.most : 0;
	} else {
		dev->unsure = true;
	}
	dev->most = dev->timeout;
}
