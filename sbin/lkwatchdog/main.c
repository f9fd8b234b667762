/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lkwatchdog: end this node in time when it may not run resources any more (design 3.6). */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/detach.h"
#include "lk/held.h"
#include "lk/name.h"
#include "lk/realtime.h"
#include "lk/tunable.h"
#include "world.h"
#include "lk/poison.h"

#define PRIORITY 50			/* above lcm: it has little to do, and that in time */
#define HEAP_BYTES (64u << 10)
#define TIMEOUT 10			/* seconds */
#define SETTINGS_AGAIN SECOND
#define NEAR (SECOND / 2)		/* without a device: so long before the end it looks more closely */

/* ---- settings ---- */

/* The device and its timeout, of the start. */
static int read_device(struct world *w, struct lk_err *err)
{
	struct device *dev = &w->device;
	unsigned long long seconds = TIMEOUT;
	int rc = lk_tunable(&w->tree, "WATCHDOG_DEVICE", dev->path, sizeof(dev->path), err);

	if (rc >= 0)
		rc = lk_tunable_number(&w->tree, "WATCHDOG_TIMEOUT", 1, 600, &seconds, err);
	if (rc < 0)
		return rc;
	if (!strcmp(dev->path, "none"))
		dev->path[0] = '\0';
	if (*dev->path && *dev->path != '/')
		return lk_fail(err, LK_M_WD_OPEN, dev->path, "the path must begin with a slash, or be none");
	dev->wanted = (unsigned)seconds;
	return 0;
}

/* What may change while it runs, and counts at once. */
static int read_settings(struct world *w, struct lk_err *err)
{
	int rc = lk_lease_stop(&w->tree, &w->stop, err);
	struct lk_err other;
	int bad = lk_loss_action(&w->tree, &w->loss, &other);

	if (rc < 0 || bad == 0)
		return rc;
	*err = other;
	return bad;
}

static void settings_again(struct world *w, int64_t now)
{
	struct lk_err ignored;

	w->settings_at = now + SETTINGS_AGAIN;
	(void)!read_settings(w, &ignored);
}

/* ---- the device ---- */

static void describe(const struct world *w)
{
	const struct device *dev = &w->device;

	if (!*dev->identity) {
		say(w, LK_LOG_WARN, LK_M_WD_NOT, dev->path, strerror(dev->why));
		return;
	}
	say(w, LK_LOG_INFO, LK_M_WD_ARMED, dev->path, dev->identity, dev->timeout);
	if (dev->nowayout)
		say(w, LK_LOG_WARN, LK_M_WD_NOWAYOUT, dev->path, dev->timeout);
	else if (!dev->magic)
		say(w, LK_LOG_WARN, LK_M_WD_NOMAGIC, dev->path);
}

/* One that cannot be used holds nothing back: we end the node ourselves, in time. */
static struct judge judge_of(const struct world *w)
{
	bool used = *w->device.path && !(w->device.fd < 0 && *w->why);

	return (struct judge){ .deadline = w->lease.deadline, .timeout = used ? w->device.timeout * SECOND : NEAR };
}

static bool has_deadline(const struct world *w)
{
	return w->lease.deadline != LK_LEASE_FOREVER;
}

/* It is fed by that; what its timeout is shows only now, and it may be too long for what is left. */
static int open_device(struct world *w, int64_t now, struct lk_err *err)
{
	struct device *dev = &w->device;
	struct judge j = { .deadline = w->lease.deadline, .timeout = dev->timeout * SECOND };

	if (judge(&j, lk_lease_now()) != FEED)
		return lk_fail(err, LK_M_WD_NOT_YET, dev->path);
	int rc = w->opened ? 0 : trial_begin(w, err);
	if (rc == 0)
		rc = device_open(dev, !w->ready, err);
	if (rc == 0)
		rc = terms_accept(w, now, err);
	if (rc < 0)
		return rc;
	j.timeout = dev->timeout * SECOND;
	if (judge(&j, lk_lease_now()) == FEED)
		rc = device_feed(dev, err);
	if (!w->opened && !has_deadline(w))
		trial_end(w, rc < 0 ? err : NULL);
	w->opened |= rc == 0;
	if (rc == 0)
		describe(w);
	return rc;
}

static int feed_device(struct world *w, int64_t now, struct lk_err *err)
{
	return w->device.fd < 0 ? open_device(w, now, err) : device_feed(&w->device, err);
}

/*
 * One that fails later stays armed, if it can: meanwhile the node is ended in time at least by us. So it is at the start,
 * if something may be in service already: nobody else would end it.
 */
static int feed(struct world *w, int64_t now, struct lk_err *err)
{
	int rc = *w->device.path ? feed_device(w, now, err) : 0;

	snprintf(w->why, sizeof(w->why), "%s", rc < 0 ? err->text : "");
	if (rc < 0 && !w->ready && !has_deadline(w))
		return rc;
	if (rc < 0 && !w->device_failed)
		say_aside(w, 0, err->number, err->code, "%s", err->text);
	w->device_failed = rc < 0;
	return 0;
}

/* ---- a turn ---- */

/* One that cannot be read, or that was removed, leaves the one before in force. */
static void read_lease(struct world *w)
{
	struct lk_lease lease;
	struct lk_err err;
	int rc = lk_lease_read(&w->tree, &lease, &err);

	/* the first lease after none may have terms that are new */
	if (rc > 0 && w->lease.deadline == LK_LEASE_FOREVER && lease.deadline != LK_LEASE_FOREVER)
		w->settings_at = 0;
	if (rc > 0)
		w->lease = lease;
	if (rc < 0 && !w->lease_failed)
		say_aside(w, 0, LK_M_WD_LEASE, err.text);
	w->lease_failed = rc < 0;
}

/* The terms may do it again and again, between a lease and the next one: said once. */
static void say_hold(struct world *w, int64_t now)
{
	char seconds[LK_SECONDS_TEXT];

	if (right_lasts(w, now)) {
		if (!w->terms_said)
			say_aside(w, 0, LK_M_WD_TERMS, w->device.timeout);
		w->terms_said = true;
	} else if (!w->hold_said) {
		lk_format_seconds((unsigned)((w->lease.deadline - now) / 1000000), seconds);
		say_aside(w, 0, LK_M_WD_HOLD, seconds);
		w->hold_said = true;
	}
}

static void say_change(struct world *w, enum verdict verdict, int64_t now)
{
	if (verdict == HOLD)
		say_hold(w, now);
	if (verdict != FEED)
		return;
	if (w->ready && (w->hold_said || w->verdict == END))
		say_aside(w, 0, LK_M_WD_FRESH, w->lease.deadline == LK_LEASE_FOREVER
					       ? "nothing is in service" : "it has the right to run resources");
	w->hold_said = false;
}

static void end_node(struct world *w)
{
	struct lk_err err;

	if (w->looked_for != w->lease.deadline && idle_now(w))
		return;
	w->looked_for = w->lease.deadline;
	idle_end(w);
	if (!w->ended)
		say_aside(w, 50, LK_M_WD_END, w->loss == LK_LOSS_FASTKILL ? "power off" : "reboot");
	(void)!lk_endnode(w->loss, &err);
	if (!w->ended)
		say_aside(w, 0, err.number, err.code, "%s", err.text);
	w->ended = true;
}

static enum verdict judge_now(struct world *w, int64_t *now)
{
	terms_follow(w, lk_lease_now());
	const struct judge j = judge_of(w);

	*now = lk_lease_now();
	return judge(&j, *now);
}

static int turn(struct world *w, struct lk_err *err)
{
	int64_t now;

	read_lease(w);
	enum verdict verdict = judge_now(w, &now);
	/* a disk that hangs may take any time: what was right before is not right after that */
	if (verdict == FEED && now >= w->settings_at) {
		settings_again(w, now);
		verdict = judge_now(w, &now);
	}
	say_change(w, verdict, now);
	w->verdict = verdict;
	if (verdict == END) {
		end_node(w);
		return 0;
	}
	w->ended = false;
	if (verdict == HOLD) {
		status_tell(w);
		idle_look(w, now);
		return 0;
	}
	int rc = feed(w, now, err);
	status_tell(w);
	if (rc == 0 && !w->ready)
		lk_daemon_ready(&w->frame);
	w->ready |= rc == 0;
	return rc;
}

/* ---- signals and the end ---- */

static void reap(struct world *w)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		if (pid == w->helper)
			w->helper = 0;
		else if (pid == w->scribe)
			w->scribe = 0;
}

/*
 * Who wants the end? Only a supervisor that is there itself ends us in order. Its death makes the kernel send TERM, too,
 * in its name; then the node has to be ended in time all the same. The next supervisor takes our place:
 * the device stays armed meanwhile. True: now.
 */
static bool take_term(struct world *w, pid_t sender)
{
	if (!w->supervisor || (sender == w->supervisor && getppid() == w->supervisor)) {
		w->stopping = true;
		return false;
	}
	if (sender == w->supervisor) {
		if (!w->orphan)
			say_aside(w, 0, LK_M_WD_ORPHAN, (long)sender);
		w->orphan = true;
		return false;
	}
	say_aside(w, 50, LK_M_WD_LEFT, (long)sender);
	return true;
}

static bool take_signals(struct world *w)
{
	struct signalfd_siginfo info;
	bool now = false;

	while (read(w->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(w);
		else if (info.ssi_signo == SIGHUP)
			w->settings_at = 0;
		else
			now |= take_term(w, (pid_t)info.ssi_pid);
	}
	return now;
}

/* In order: the device is disarmed, and nothing enforces the deadline any more. */
static void finish(struct world *w)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err err;

	if (w->device.fd >= 0) {
		if (device_disarm(&w->device, &err) < 0)
			say_err(w, LK_LOG_ERROR, &err);
		else if (w->device.nowayout)
			say(w, LK_LOG_WARN, LK_M_WD_NOWAYOUT, w->device.path, w->device.timeout);
		else
			say(w, LK_LOG_INFO, LK_M_WD_DISARMED, w->device.path);
	}
	bool known = lk_lcd_read(&lcd, LK_T_INS | LK_T_FLG | LK_T_SYS, &err) == 0;
	bool runs = !known || lk_anything_runs(&lcd), held = known && lk_held(&lcd, lcd.local);
	if (w->lease.deadline != LK_LEASE_FOREVER && runs && !held)
		say(w, LK_LOG_WARN, LK_M_WD_UNWATCHED);
	if ((runs && !held ? lk_lease_release(&w->tree, &err) : lk_lease_forget(&w->tree, &err)) < 0)
		say_err(w, LK_LOG_ERROR, &err);
	w->over = true;
	status_tell(w);
	say(w, LK_LOG_INFO, LK_M_WD_STOPPED);
}

/* ---- start and loop ---- */

static int watch_signals(struct world *w, struct lk_err *err)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };

	w->signal_fd = lk_daemon_signals(signals, sizeof(signals) / sizeof(*signals), err);
	return w->signal_fd < 0 ? w->signal_fd : 0;
}

static void hurry(const struct world *w)
{
	if (lk_realtime(PRIORITY) < 0)
		say(w, LK_LOG_WARN, LK_M_WD_SLOW, "real-time priority", strerror(errno));
	if (lk_lock_memory(HEAP_BYTES) < 0)
		say(w, LK_LOG_WARN, LK_M_WD_SLOW, "locked memory", strerror(errno));
}

/* Once the right to run resources has ended, not before they are out of service, or the node ends. */
static bool is_over(struct world *w)
{
	bool may = w->verdict == FEED || (w->verdict == HOLD && right_lasts(w, lk_lease_now()));

	if (w->stopping && !may && !w->waits) {
		w->waits = true;
		say_aside(w, 0, LK_M_WD_LATER);
	}
	return w->stopping && may;
}

/*
 * The time of poll() stands still while the machine is suspended: the deadline may pass meanwhile, and what is in
 * service must not go on for what was left of it.
 */
static void wake_at(const struct world *w, int64_t at)
{
	const struct itimerspec timer = { .it_value = { .tv_sec = at / SECOND, .tv_nsec = at % SECOND } };

	(void)!timerfd_settime(w->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
}

/* True: it has to end now. */
static bool pause_until_next(struct world *w)
{
	struct pollfd wait[] = { { .fd = w->signal_fd, .events = POLLIN }, { .fd = w->timer_fd, .events = POLLIN } };
	const struct judge j = judge_of(w);
	int64_t now = lk_lease_now();
	int64_t left = w->ended ? SECOND : w->verdict == END ? 0 : judge_again(&j, now);

	if (left < 0)
		left = 0;
	wake_at(w, now + left);
	return poll(wait, 2, (int)((left + 999999) / 1000000)) > 0 && take_signals(w);
}

static int serve(struct world *w, struct lk_err *err)
{
	int rc = watch_signals(w, err);

	if (rc < 0)
		return rc;
	status_begin(w);
	w->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	hurry(w);
	if (!*w->device.path)
		say(w, LK_LOG_INFO, LK_M_WD_NONE);
	while ((rc = turn(w, err)) == 0 && !is_over(w))
		if (pause_until_next(w))
			return 0;
	if (rc == 0)
		finish(w);
	return rc;
}

/* ---- the command ---- */

/* The device is not opened: that would arm it. */
static int check(const struct world *w, struct lk_err *err)
{
	if (*w->device.path && access(w->device.path, W_OK) < 0)
		return lk_fail(err, LK_M_WD_OPEN, w->device.path, strerror(errno));
	return *w->device.path ? trial_look(w, err) : 0;
}

static int run(struct lk_cmd *cmd)
{
	struct world w = { .frame = { .tree = &w.tree, .prog = "lkwatchdog", .component = "lkwatchdog", .ready_fd = -1 },
			   .device.fd = -1, .signal_fd = -1, .timer_fd = -1, .lease.deadline = LK_LEASE_FOREVER,
			   .supervisor = getenv("LK_START_ID") ? getppid() : 0 };

	lk_close_from(3);	/* of whoever has started us */
	int rc = lk_tree_open(&w.tree, &cmd->err);
	if (rc == 0)
		rc = read_settings(&w, &cmd->err);
	if (rc == 0)
		rc = read_device(&w, &cmd->err);
	if (rc == 0)
		rc = lk_cmd_given(cmd, 'n') ? check(&w, &cmd->err) : serve(&w, &cmd->err);
	lk_tree_close(&w.tree);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'f', LK_OPT_FLAG, NULL, "accepted and ignored: it always stays in the foreground", NULL },
	{ 'n', LK_OPT_FLAG, NULL, "check the tunables and whether the device is there, and end", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lkwatchdog [-f | -n]",
	.summary = "End this node in time when it may not run resources any more.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
