/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running checks, and what comes out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lk/act.h"
#include "lk/msg.h"
#include "lk/script.h"
#include "lk/tunable.h"
#include "world.h"
#include "lk/poison.h"

#define LIMIT_SECONDS 60	/* a check without a limit has its interval, but not less than this */

/* ---- starting ---- */

static unsigned find_limit(struct world *w, const struct item *item, enum kind kind)
{
	unsigned seconds = 0;
	struct lk_err err;

	if (lk_act_seconds(&w->tree, item->type, kind_names[kind], &seconds, &err) < 0)
		complain(w, &err);
	if (seconds)
		return seconds;
	int64_t interval = item->entry.interval[kind] / 1000;
	return interval > LIMIT_SECONDS ? (unsigned)interval : LIMIT_SECONDS;
}

static int start(struct world *w, struct item *item, struct lk_err *err)
{
	enum kind kind = item->entry.kind;
	const char *name = kind_names[kind];
	char path[LK_PATH_MAX], *argv[] = { (char *)name, (char[]){ "-t" }, (char *)item->tag,
					    (char[]){ "-i" }, (char *)item->id, NULL };
	int rc = lk_script_find(&w->tree, item->app, item->type, name, path, NULL, err);

	if (rc <= 0)
		return rc < 0 ? rc : lk_fail(err, LK_M_NO_ACTION, item->app, item->type, name);
	free(item->path);
	item->path = strdup(path);
	if (!item->path)
		return lk_fail_nomem(err);
	memcpy(item->argv, argv, sizeof(argv));
	item->seconds = find_limit(w, item, kind);
	const struct lk_pool_job job = { .id = item->slot, .path = item->path, .argv = item->argv,
					 .seconds = item->seconds, .component = item->type, .action = name,
					 .tag = item->tag };
	return lk_pool_start(&w->pool, &job, err);
}

void start_checks(struct world *w)
{
	unsigned long long limit = CHECK_PARALLEL;
	struct entry *entry;
	struct lk_err err;

	if (schedule_wake(&w->schedule) > w->now)
		return;
	if (lk_tunable_number(&w->tree, "CHECK_PARALLEL", 1, 500, &limit, &err) < 0)
		complain(w, &err);
	w->schedule.limit = (unsigned)limit;
	while ((entry = schedule_next(&w->schedule, w->now))) {
		if (start(w, (struct item *)entry, &err) == 0)
			continue;
		complain(w, &err);
		(void)schedule_ended(&w->schedule, entry, w->now);
	}
}

/* ---- ending ---- */

/* A check that could not run, or was killed by somebody, says nothing about the resource. */
static enum outcome judge(const struct lk_script_end *end)
{
	if (end->timed_out)
		return TIMED_OUT;
	if (end->code == 0)
		return HEALTHY;
	return end->code == 2 || end->code >= 126 ? CANNOT_TELL : FAILED;
}

static void tell(const struct world *w, const struct item *item, enum outcome outcome,
		 const struct lk_script_end *end)
{
	const char *action = kind_names[item->entry.kind];
	bool news = item->last != outcome || item->code != end->code;
	struct lk_log_line line = line_of(item, LK_LOG_WARN, action);

	if (outcome == TIMED_OUT)
		lk_say_line(&w->frame, &line, LK_M_CHK_ALRM, action, item->tag);
	else if (outcome == CANNOT_TELL && news)
		lk_say_line(&w->frame, &line, LK_M_CHK_CANNOT, action, item->tag, end->reason);
	line.level = LK_LOG_ERROR;
	if (outcome == FAILED)
		lk_say_line(&w->frame, &line, LK_M_CHK_FAILED, action, item->tag, end->reason);
	line.level = LK_LOG_INFO;
	if (outcome == HEALTHY && item->last > HEALTHY)
		lk_say_line(&w->frame, &line, LK_M_CHK_AGAIN, action, item->tag);
}

void end_check(struct world *w, const struct lk_pool_end *end)
{
	struct item *item = w->slot[end->id];
	bool counts = schedule_ended(&w->schedule, &item->entry, w->now);

	if (item->gone) {
		schedule_drop(&w->schedule, &item->entry);
		item_free(w, item);
		return;
	}
	if (!counts || end->end.interrupted)
		return;
	enum outcome outcome = judge(&end->end);
	/* a remove may have begun which we have not heard of yet */
	if ((outcome == FAILED || outcome == TIMED_OUT) && !load_still_checked(item->tag))
		return;
	tell(w, item, outcome, &end->end);
	item->last = outcome;
	item->code = end->end.code;
	if (outcome == TIMED_OUT && report_timeout(w, item))
		outcome = FAILED;
	if (outcome == FAILED)
		report_failure(w, item);
}
