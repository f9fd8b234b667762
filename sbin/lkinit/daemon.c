/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Daemons: events happen to them, and processes follow. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/wait.h"
#include "world.h"
#include "lk/poison.h"

struct daemon *daemon_new(struct lk_init_row *row)
{
	struct daemon *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->row = row;
	d->notify_fd = -1;
	daemon_reset(d);
	return d;
}

void daemon_reset(struct daemon *d)
{
	bool off = d->row->action == LK_OFF;

	d->machine = (struct machine){
		.state = off ? DONE : IDLE, .deadline = -1,
		.ready_ms = d->row->ready * 1000LL, .stop_ms = d->row->stop * 1000LL,
	};
	d->was_up = off;
	d->starts = 0;
}

void daemon_free(const struct world *w, struct daemon *d)
{
	notify_close(w, d);
	free(d->row);
	free(d);
}

static void start(struct world *w, struct daemon *d)
{
	struct lk_err err;

	d->killed = false;
	if (spawn(w, d, &err) < 0) {
		say_err(w, LK_LOG_ERROR, &err);
		daemon_event(w, d, d->row->action == LK_ONCE ? EV_OVER : EV_EXIT);
		return;
	}
	say(w, LK_LOG_INFO, LK_M_DMN_START, d->row->tag, (long)d->process.pid, d->starts - 1);
	manager_tell(w, "STATUS=%s has been started", d->row->tag);
	if (d->row->noready)
		daemon_event(w, d, EV_READY);
}

static void terminate(const struct world *w, struct daemon *d)
{
	if (d->machine.state == LATE)
		say(w, LK_LOG_ERROR, LK_M_DMN_LATE, d->row->tag, d->row->ready);
	if (d->process.pid <= 0)
		return;
	kill(d->process.pid, SIGTERM);
	kill(d->process.pid, SIGCONT);	/* were it stopped, it could not end */
}

static void slay(const struct world *w, struct daemon *d)
{
	if (!d->killed)
		say(w, LK_LOG_WARN, LK_M_DMN_KILL, d->row->tag, d->row->stop);
	d->killed = true;
	if (d->process.pid > 0)
		kill(-d->process.pid, SIGKILL);
}

static void wait_for_restart(const struct world *w, const struct daemon *d)
{
	long long left = d->machine.deadline - lk_now_ms();

	if (left >= 500)
		say(w, LK_LOG_WARN, LK_M_DMN_AGAIN, d->row->tag, (left + 500) / 1000);
	manager_tell(w, "STATUS=%s has ended and will be restarted", d->row->tag);
}

void daemon_event(struct world *w, struct daemon *d, enum event event)
{
	enum state before = d->machine.state;

	w->status_due = true;
	switch (machine_step(&d->machine, event, lk_now_ms())) {
	case ACT_SPAWN:
		start(w, d);
		break;
	case ACT_READY:
		d->was_up = true;
		say(w, LK_LOG_INFO, LK_M_DMN_READY, d->row->tag);
		manager_tell(w, "STATUS=%s is ready", d->row->tag);
		break;
	case ACT_BACKOFF:
		wait_for_restart(w, d);
		break;
	case ACT_TERM:
		terminate(w, d);
		break;
	case ACT_KILL:
		slay(w, d);
		break;
	case ACT_UNKNOWN:
		say(w, LK_LOG_WARN, LK_M_DMN_EVENT, d->row->tag, event_names[event],
		    state_names[before]);
		break;
	case ACT_STABLE:
	case ACT_ENDED:
	case ACT_NONE:
		break;
	}
}

static const char *how(int status, char text[static 64])
{
	if (WIFSIGNALED(status))
		snprintf(text, 64, "killed by signal %d", WTERMSIG(status));
	else
		snprintf(text, 64, "exit code %d", WEXITSTATUS(status));
	return text;
}

void daemon_ended(struct world *w, struct daemon *d, int status)
{
	char text[64];
	bool wanted = d->machine.state == STOPPING;

	say(w, wanted ? LK_LOG_INFO : LK_LOG_ERROR, LK_M_DMN_END, d->row->tag,
	    (long)d->process.pid, how(status, text));
	d->process = (struct lk_holder){ 0 };
	/* what it has said at last counts, if it was that it is ready, for those behind it */
	if (d->notify_fd >= 0 && notify_read(d) && d->machine.state == STARTING)
		daemon_event(w, d, EV_READY);
	daemon_event(w, d, d->row->action == LK_ONCE ? EV_OVER : EV_EXIT);
}
