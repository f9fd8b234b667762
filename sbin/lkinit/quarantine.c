/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time after a loss of quorum in which no daemon runs. */
#include "lk/quarantine.h"

#include "lk/wait.h"
#include "world.h"
#include "lk/poison.h"

void quarantine_forget(struct world *w)
{
	struct lk_err err;

	if (lk_quarantine_end(&w->tree, &err) < 0)
		say_err(w, LK_LOG_ERROR, &err);
}

void quarantine_begin(struct world *w)
{
	struct lk_err err;

	quarantine_look(w);
	/* as long as there is room on the disk */
	if (lk_quarantine_prepare(&w->tree, &err) < 0)
		say_err(w, LK_LOG_WARN, &err);
}

void quarantine_look(struct world *w)
{
	struct lk_err err;
	int64_t ms = 0;
	int rc = lk_quarantine_left(&w->tree, &ms, &err);

	if (rc < 0)
		say_err(w, LK_LOG_ERROR, &err);
	if (rc <= 0)
		return;
	w->quarantine = true;
	w->quarantine_at = lk_now_ms() + ms;
	w->all_ready = false;
	w->status_due = true;
	say(w, LK_LOG_WARN, LK_M_INIT_QUARANTINE, (long long)(ms + 999) / 1000);
	/* whoever waits for a start shall not give up */
	manager_tell(w, "READY=1\nSTATUS=in quarantine after a loss of quorum");
}

/* To the daemons it is a new start. Without an id of its own the old one has to do. */
void quarantine_end(struct world *w)
{
	struct lk_err err;

	w->quarantine = false;
	quarantine_forget(w);
	if (make_id(w, &err) < 0)
		say_err(w, LK_LOG_ERROR, &err);
	for (unsigned i = 0; i < w->n; i++)
		if (!w->daemon[i]->gone)
			daemon_reset(w->daemon[i]);
	w->status_due = true;
	say(w, LK_LOG_INFO, LK_M_INIT_RELEASED, w->start_id);
}
