/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The admin lock's flags on other systems. */
#include "lk/action.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lk/cleanup.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/remote.h"
#include "lk/sys.h"
#include "lk/poison.h"

/* ---- flags ---- */

#define TIME_MAX 99999999999ULL

/* A decimal number up to stop; NULL if there is none. */
static const char *take_number(const char *text, char stop, unsigned long long max,
			       unsigned long long *number)
{
	const char *end = strchr(text, stop);
	char digits[24];

	if (!end || end == text || end - text >= (ptrdiff_t)sizeof(digits))
		return NULL;
	snprintf(digits, sizeof(digits), "%.*s", (int)(end - text), text);
	return lk_is_number(digits, 0, max, number) ? end + 1 : NULL;
}

bool lk_action_parse(const char *flag, struct lk_action *action)
{
	static const char prefix[] = "!action!";
	unsigned long long pid;
	const char *at = flag + strlen(prefix);

	if (strncmp(flag, prefix, strlen(prefix)) != 0)
		return false;
	at = take_number(at, '!', LK_PID_MAX, &pid);
	if (at)
		at = take_number(at, '!', TIME_MAX, &action->time);
	const char *colon = at ? strchr(at, ':') : NULL;
	if (!colon || colon == at || colon - at > LK_SYS_MAX)
		return false;
	snprintf(action->sys, sizeof(action->sys), "%.*s", (int)(colon - at), at);
	action->pid = (pid_t)pid;
	action->name = flag;
	return true;
}

int lk_action_compare(const struct lk_action *a, const struct lk_action *b)
{
	int order = (a->time > b->time) - (a->time < b->time);

	if (!order)
		order = strcmp(a->sys, b->sys);
	if (!order)
		order = (a->pid > b->pid) - (a->pid < b->pid);
	return order ? order : strcmp(a->name, b->name);
}

/* ---- systems ---- */

int lk_alock_systems(struct lk_lcd *lcd, const char *amach, const char *omach,
		     struct lk_alock_systems *systems, struct lk_err *err)
{
	systems->n = 0;
	systems->sys = lk_arena_alloc(&lcd->arena, (lcd->nsys + 1) * sizeof(*systems->sys));
	if (!systems->sys)
		return lk_fail_nomem(err);
	for (size_t i = 0; i < lcd->nsys; i++) {
		const struct lk_sys *sys = &lcd->sys[i];
		bool must = !strcmp(sys->name, amach) || (omach && !strcmp(sys->name, omach));
		const char *why;

		if (!sys->local && (must || lk_sys_state(lcd, sys, &why) == LK_SYS_ALIVE))
			systems->sys[systems->n++] = (struct lk_alock_system){ .name = sys->name,
									       .must = must };
	}
	return 0;
}

void lk_alock_systems_free(struct lk_alock_systems *systems)
{
	for (size_t i = 0; i < systems->n; i++)
		lk_buf_free(&systems->sys[i].list);
	systems->n = 0;
}

/* ---- all at a time ---- */

static struct lk_remote_job *run_all(const struct lk_lcd *lcd, struct lk_alock_systems *systems,
				     int argc, char *const *argv)
{
	struct lk_remote_job *job = calloc(systems->n + 1, sizeof(*job));

	for (size_t i = 0; job && i < systems->n; i++)
		job[i] = (struct lk_remote_job){ .dest = systems->sys[i].name, .argc = argc,
						 .argv = argv, .output = lk_remote_keep,
						 .kept = { &systems->sys[i].list } };
	if (job)
		lk_remote_jobs(lcd, job, systems->n);
	return job;
}

/* A system that went out of service meanwhile does not count. */
static bool still_counts(const struct lk_alock_system *sys)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err err;
	const char *why;

	if (sys->must || lk_lcd_read(&lcd, LK_T_SYS, &err) < 0)
		return true;
	const struct lk_sys *row = lk_sys_find(&lcd, sys->name);
	return row && lk_sys_state(&lcd, row, &why) == LK_SYS_ALIVE;
}

int lk_alock_tell(struct lk_lcd *lcd, const struct lk_alock_systems *systems, const char *prog,
		  const char *flag, struct lk_err *err)
{
	char *argv[] = { (char *)prog, (char *)"-f", (char *)flag };
	bool create = !strcmp(prog, "flg_create");
	struct lk_alock_systems told = *systems;
	struct lk_remote_job LK_AUTO_FREE *job = run_all(lcd, &told, 3, argv);
	int rc = 0;

	if (!job)
		return lk_fail_nomem(err);
	for (size_t i = 0; create && i < systems->n && rc == 0; i++) {
		if (job[i].rc == 0 && (job[i].code == 0 || job[i].code == LK_EX_EXISTS))
			continue;
		if (!still_counts(&systems->sys[i]))
			continue;
		rc = job[i].rc;
		if (rc < 0)
			*err = job[i].err;
		else
			rc = lk_fail(err, LK_M_REMOTE_CODE, prog, systems->sys[i].name, job[i].code);
	}
	return rc;
}

int lk_alock_ask(const struct lk_lcd *lcd, struct lk_alock_systems *systems, struct lk_err *err)
{
	char *argv[] = { (char *)"getlocks", (char *)"--list" };
	struct lk_remote_job LK_AUTO_FREE *job = NULL;

	for (size_t i = 0; i < systems->n; i++)
		systems->sys[i].list.len = 0;
	job = run_all(lcd, systems, 2, argv);
	if (!job)
		return lk_fail_nomem(err);
	for (size_t i = 0; i < systems->n; i++) {
		systems->sys[i].answered = job[i].rc == 0 && job[i].code == 0;
		if (!systems->sys[i].list.len)
			lk_buf_adds(&systems->sys[i].list, "");
		if (systems->sys[i].list.failed)
			return lk_fail_nomem(err);
	}
	return 0;
}

bool lk_alock_listed(const struct lk_alock_system *sys, const char *flag)
{
	size_t len = strlen(flag);

	for (const char *line = sys->list.data; line && *line; line++) {
		size_t end = strcspn(line, "\n");

		if (end == len && !memcmp(line, flag, len))
			return true;
		line += end;
		if (!*line)
			break;
	}
	return false;
}
