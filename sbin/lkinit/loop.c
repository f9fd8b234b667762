/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop: signals, readiness, output, time. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/wait.h"
#include "world.h"
#include "lk/poison.h"

/* ---- the table ---- */

static struct daemon *in_table(const struct world *w, const char *tag)
{
	for (unsigned i = 0; i < w->n; i++)
		if (!w->daemon[i]->gone && !strcmp(w->daemon[i]->row->tag, tag))
			return w->daemon[i];
	return NULL;
}

/* A daemon whose line has not changed goes on. */
static struct daemon *keep_or_make(const struct world *w, struct lk_init_row **row)
{
	struct daemon *d = in_table(w, (*row)->tag);

	if (d && !strcmp(d->row->text, (*row)->text))
		return d;
	d = daemon_new(*row);
	if (d)
		*row = NULL;	/* it has become the daemon's */
	return d;
}

static bool among(struct daemon *const *list, unsigned n, const struct daemon *d)
{
	for (unsigned i = 0; i < n; i++)
		if (list[i] == d)
			return true;
	return false;
}

int take_table(struct world *w, struct lk_inittab *tab, struct lk_err *err)
{
	struct daemon *list[DAEMONS];
	unsigned n = 0, stay = 0, go = 0;

	/* room for those that are on their way out */
	if (w->n + tab->n > DAEMONS)
		return lk_fail(err, LK_M_DAMAGED, LK_INITTAB, 0,
			       "daemons of the former tables have not ended yet");
	for (; n < tab->n; n++) {
		list[n] = keep_or_make(w, &tab->row[n]);
		if (!list[n])
			break;
		stay += among(w->daemon, w->n, list[n]);
	}
	if (n < tab->n) {
		while (n--)
			if (!among(w->daemon, w->n, list[n]))
				daemon_free(w, list[n]);
		return lk_fail_nomem(err);
	}
	for (unsigned i = 0; i < w->n; i++) {
		struct daemon *d = w->daemon[i];

		if (among(list, tab->n, d))
			continue;
		go += !d->gone;
		d->gone = true;
		list[n++] = d;
	}
	memcpy(w->daemon, list, n * sizeof(*list));
	w->n = n;
	say(w, LK_LOG_INFO, LK_M_INIT_TABLE, stay, tab->n - stay, go);
	return 0;
}

static void read_again(struct world *w)
{
	struct lk_inittab LK_AUTO_INITTAB tab = { 0 };
	struct lk_err err;

	if (lk_inittab_read(&tab, &w->tree, &err) < 0 || take_table(w, &tab, &err) < 0)
		say_err(w, LK_LOG_ERROR, &err);
	w->status_due = true;
}

static void hang_up(struct world *w)
{
	read_again(w);
	quarantine_look(w);
}

/* ---- whose turn it is ---- */

/* A daemon that has been replaced by one of the same tag hands on its number of starts. */
static void drop(struct world *w, unsigned i)
{
	struct daemon *d = w->daemon[i], *heir = in_table(w, d->row->tag);

	if (heir && heir->starts < d->starts)
		heir->starts = d->starts;
	daemon_free(w, d);
	w->n--;
	memmove(&w->daemon[i], &w->daemon[i + 1], (w->n - i) * sizeof(*w->daemon));
	w->status_due = true;
}

static void drop_gone(struct world *w)
{
	for (unsigned i = w->n; i-- > 0;) {
		struct daemon *d = w->daemon[i];

		if (!d->gone)
			continue;
		if (d->machine.state != DONE && d->machine.state != STOPPING)
			daemon_event(w, d, EV_STOP);
		if (d->machine.state == DONE)
			drop(w, i);
	}
}

static bool old_one_runs(const struct world *w, const char *tag)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->daemon[i]->gone && !strcmp(w->daemon[i]->row->tag, tag))
			return true;
	return false;
}

/* Start the first that has not been, once all before it have been ready. */
static void start_next(struct world *w)
{
	for (unsigned i = 0; i < w->n && !w->daemon[i]->gone; i++) {
		struct daemon *d = w->daemon[i];

		if (d->machine.state == IDLE && !old_one_runs(w, d->row->tag))
			daemon_event(w, d, EV_START);
		if (!d->was_up)
			return;
	}
	if (w->all_ready)
		return;
	w->all_ready = true;
	w->status_due = true;
	say(w, LK_LOG_INFO, LK_M_INIT_UP);
	manager_tell(w, "READY=1\nSTATUS=all daemons are ready");
}

/* Stop the last that has not been; true when all have. */
static bool stop_next(struct world *w)
{
	for (unsigned i = w->n; i-- > 0;) {
		struct daemon *d = w->daemon[i];

		if (d->machine.state != DONE && d->machine.state != STOPPING)
			daemon_event(w, d, EV_STOP);
		if (d->machine.state != DONE)
			return false;
	}
	return true;
}

/* ---- what happens ---- */

static struct daemon *of_process(const struct world *w, pid_t pid)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->daemon[i]->process.pid == pid)
			return w->daemon[i];
	return NULL;
}

/* While the dead process is not reaped its group can be named safely: helpers that it has left in it
 * would stand in the way of the next one. */
static void reap(struct world *w)
{
	siginfo_t info;
	int status;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
			return;
		struct daemon *d = of_process(w, info.si_pid);
		if (d)
			kill(-info.si_pid, SIGKILL);
		if (waitpid(info.si_pid, &status, WNOHANG) <= 0)
			return;
		if (d)
			daemon_ended(w, d, status);
	}
}

static void stop_all(struct world *w, const struct signalfd_siginfo *info)
{
	if (w->stopping)
		return;
	w->stopping = true;
	w->quarantine = false;
	quarantine_forget(w);
	w->status_due = true;
	say(w, LK_LOG_INFO, LK_M_INIT_STOP, (int)info->ssi_signo, (long)info->ssi_pid);
	manager_tell(w, "STOPPING=1\nSTATUS=stopping the daemons");
}

static void take_signals(struct world *w)
{
	struct signalfd_siginfo info;

	while (read(w->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(w);
		else if (info.ssi_signo != SIGHUP)
			stop_all(w, &info);
		else if (!w->stopping)
			hang_up(w);
	}
}

static void take_time(struct world *w)
{
	int64_t now = lk_now_ms();

	for (unsigned i = 0; i < w->n; i++) {
		struct daemon *d = w->daemon[i];

		if (d->machine.deadline >= 0 && d->machine.deadline <= now)
			daemon_event(w, d, EV_TIMER);
	}
	status_write(w, now);
}

/* Milliseconds until something is due; -1: nothing is. */
static int time_left(const struct world *w)
{
	int64_t next = w->status_due ? w->status_retry : INT64_MAX, now = lk_now_ms();

	if (w->quarantine && w->quarantine_at > now && w->quarantine_at < next)
		next = w->quarantine_at;
	for (unsigned i = 0; i < w->n; i++) {
		int64_t deadline = w->daemon[i]->machine.deadline;

		if (deadline >= 0 && deadline < next)
			next = deadline;
	}
	if (next == INT64_MAX)
		return -1;
	return next <= now ? 0 : next - now > 3600000 ? 3600000 : (int)(next - now);
}

/* What has come is taken before the list of daemons can change: position i stays that of daemon i. */
static void wait_and_take(struct world *w)
{
	struct pollfd fd[1 + DAEMONS] = { { .fd = w->signal_fd, .events = POLLIN } };

	for (unsigned i = 0; i < w->n; i++)
		fd[1 + i] = (struct pollfd){ .fd = w->daemon[i]->notify_fd, .events = POLLIN };
	if (poll(fd, 1 + w->n, time_left(w)) <= 0)
		return;
	for (unsigned i = 0; i < w->n; i++) {
		struct daemon *d = w->daemon[i];

		if (fd[1 + i].revents && notify_read(d) && d->process.pid)
			daemon_event(w, d, EV_READY);
	}
	if (fd[0].revents)
		take_signals(w);
}

int work(struct world *w, struct lk_err *err)
{
	static const int signals[] = { SIGCHLD, SIGHUP, SIGINT, SIGTERM };

	w->signal_fd = lk_daemon_signals(signals, sizeof(signals) / sizeof(*signals), err);
	if (w->signal_fd < 0)
		return w->signal_fd;
	for (;;) {
		drop_gone(w);
		if (w->stopping && stop_next(w))
			return 0;
		if (w->quarantine && stop_next(w) && lk_now_ms() >= w->quarantine_at)
			quarantine_end(w);
		if (!w->stopping && !w->quarantine)
			start_next(w);
		take_time(w);
		wait_and_take(w);
	}
}
