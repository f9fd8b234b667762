/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status file, and the daemons that a dead supervisor has left. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/proc.h"
#include "lk/running.h"
#include "lk/wait.h"
#include "world.h"
#include "lk/poison.h"

#define NEW "run/.lkinit.status.new"
#define RETRY_MS 5000

static void add_row(struct lk_supervisor *status, const struct daemon *d)
{
	struct lk_supervised *row = &status->row[status->n++];
	enum state state = d->machine.state;

	*row = (struct lk_supervised){
		.process = d->process, .restarts = d->starts ? d->starts - 1 : 0,
	};
	snprintf(row->tag, sizeof(row->tag), "%s", d->row->tag);
	snprintf(row->state, sizeof(row->state), "%s",
		 d->row->action == LK_OFF ? "off" : state_names[state]);
}

static void collect(const struct world *w, struct lk_supervisor *status)
{
	struct lk_supervised *self = &status->row[0];

	*self = (struct lk_supervised){ .tag = "lkinit", .process = lk_proc_holder(getpid()) };
	snprintf(self->state, sizeof(self->state), "%s",
		 w->stopping ? "stopping" : w->quarantine ? "quarantine" : w->all_ready ? "up" : "starting");
	status->n = 1;
	for (unsigned i = 0; i < w->n; i++)
		add_row(status, w->daemon[i]);
}

/* Not durable: after a crash of the machine it means nothing. 0, or an errno. */
static int replace(const struct world *w, const struct lk_buf *text)
{
	int LK_AUTO_CLOSE fd = openat(w->tree.fd, NEW,
				      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return errno;
	ssize_t done = write(fd, text->data, text->len);
	if (done < 0 || (size_t)done != text->len)
		return done < 0 ? errno : ENOSPC;
	return renameat(w->tree.fd, NEW, w->tree.fd, LK_SUPERVISOR_FILE) < 0 ? errno : 0;
}

static int write_both(struct world *w)
{
	struct lk_supervisor status;
	struct lk_buf LK_AUTO_BUF text = { 0 };
	struct lk_err err;

	collect(w, &status);
	lk_supervisor_format(&text, &status);
	int why = text.failed ? ENOMEM : replace(w, &text);
	if (w->pid_due)
		w->pid_due = lk_running_write(w->lock_fd, &err) < 0;
	return why ? why : w->pid_due ? ENOSPC : 0;
}

void status_write(struct world *w, int64_t now)
{
	struct lk_err err;

	if (!w->status_due || now < w->status_retry)
		return;
	int why = write_both(w);
	w->status_due = why != 0;
	w->status_retry = why ? now + RETRY_MS : 0;
	if (why) {
		/* none is better than one that is not true */
		unlinkat(w->tree.fd, NEW, 0);
		unlinkat(w->tree.fd, LK_SUPERVISOR_FILE, 0);
		lk_fail_errno(&err, why, "%s", LK_SUPERVISOR_FILE);
		if (!w->status_failed)
			say_err(w, LK_LOG_WARN, &err);
	}
	w->status_failed = why != 0;
}

void status_remove(const struct world *w)
{
	unlinkat(w->tree.fd, LK_SUPERVISOR_FILE, 0);
}

/* Does any of them live still? All that do are sent the signal, if there is one. */
static bool press(const struct lk_supervisor *status, int sig)
{
	bool alive = false;

	for (unsigned i = 1; i < status->n; i++) {
		const struct lk_holder *process = &status->row[i].process;

		/* without a start time it might be another one */
		if (!process->pid || !process->start || !lk_proc_alive(process))
			continue;
		alive = true;
		if (sig)
			kill(-process->pid, sig);
	}
	return alive;
}

void end_leftovers(const struct world *w)
{
	struct timespec nap = { .tv_nsec = 20000000 };
	struct lk_supervisor status;
	struct lk_err err;

	if (lk_supervisor_read(&w->tree, &status, &err) <= 0 || !press(&status, 0))
		return;
	for (unsigned i = 1; i < status.n; i++)
		if (status.row[i].process.pid)
			say(w, LK_LOG_WARN, LK_M_DMN_LEFT, status.row[i].tag,
			    (long)status.row[i].process.pid);
	int64_t deadline = lk_now_ms() + LK_INITTAB_STOP * 500;
	press(&status, SIGTERM);
	while (press(&status, 0) && lk_now_ms() < deadline)
		nanosleep(&nap, NULL);
	deadline = lk_now_ms() + LK_INITTAB_STOP * 500;
	while (press(&status, SIGKILL) && lk_now_ms() < deadline)
		nanosleep(&nap, NULL);
}
