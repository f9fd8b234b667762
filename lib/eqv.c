/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHARED equivalencies. */
#include "lk/eqv.h"

#include <stdlib.h>
#include <string.h>

#include "lk/ins.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/remote.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define JOBS 32		/* requests at a time */

static bool is_pair(const struct lk_eqv *eqv, const char *tag, const char *sys,
		    const char *othertag)
{
	return !strcmp(eqv->tag, tag) && !strcmp(eqv->sys, sys) &&
	       !strcmp(eqv->othertag, othertag);
}

struct lk_eqv *lk_eqv_find(const struct lk_lcd *lcd, const char *tag, const char *sys,
			   const char *othertag)
{
	for (size_t i = 0; i < lcd->neqv; i++)
		if (is_pair(&lcd->eqv[i], tag, sys, othertag))
			return &lcd->eqv[i];
	return NULL;
}

unsigned lk_eqv_priority(const struct lk_lcd *lcd, const char *tag, const char *sys)
{
	bool local = !strcmp(sys, lcd->local);

	for (size_t i = 0; i < lcd->neqv; i++) {
		const struct lk_eqv *eqv = &lcd->eqv[i];

		if (strcmp(eqv->tag, tag) != 0)
			continue;
		if (local)
			return eqv->priority;
		if (!strcmp(eqv->sys, sys))
			return eqv->otherpriority;
	}
	return 0;
}

int lk_eqv_side(const struct lk_lcd *lcd, const char *sys, const char *othersys, bool *second,
		struct lk_err *err)
{
	bool first_here = !sys || !strcmp(sys, lcd->local);
	bool second_here = !othersys || !strcmp(othersys, lcd->local);

	if (first_here && second_here)
		return lk_fail(err, LK_M_EQV_SAME_SYSTEM, lcd->local);
	if (!first_here && !second_here)
		return lk_fail(err, LK_M_EQV_ELSEWHERE, lcd->local);
	*second = second_here;
	return 0;
}

/* The priority to store: as given, else the present one, else the default. */
static int settle_priority(const struct lk_lcd *lcd, const char *tag, const char *sys,
			   unsigned given, unsigned other, unsigned *priority, struct lk_err *err)
{
	unsigned present = lk_eqv_priority(lcd, tag, sys);

	if (present && given && present != given)
		return lk_fail(err, LK_M_PRIORITY_DIFFERS, sys, present, tag, given);
	*priority = given ? given : present ? present : other;
	return 0;
}

static int check_clash(const struct lk_lcd *lcd, const struct lk_eqv *row, struct lk_err *err)
{
	if (row->priority == row->otherpriority)
		return lk_fail(err, LK_M_PRIORITY_CLASH, row->otherpriority, row->tag, lcd->local);
	for (size_t i = 0; i < lcd->neqv; i++) {
		const struct lk_eqv *eqv = &lcd->eqv[i];

		if (strcmp(eqv->tag, row->tag) != 0)
			continue;
		if (strcmp(eqv->sys, row->sys) != 0 && eqv->otherpriority == row->otherpriority)
			return lk_fail(err, LK_M_PRIORITY_CLASH, row->otherpriority, row->tag,
				       eqv->sys);
		if (eqv->otherpriority == row->priority)
			return lk_fail(err, LK_M_PRIORITY_CLASH, row->priority, row->tag, eqv->sys);
	}
	return 0;
}

static int check_new(const struct lk_lcd *lcd, const struct lk_eqv_new *new, struct lk_err *err)
{
	if (!lk_sys_find(lcd, new->sys))
		return lk_fail(err, LK_M_NO_SYS, new->sys);
	if (!strcmp(new->sys, lcd->local))
		return lk_fail(err, LK_M_EQV_SAME_SYSTEM, new->sys);
	if (!lk_ins_find(lcd, new->tag))
		return lk_fail(err, LK_M_NO_TAG, new->tag);
	if (lk_eqv_find(lcd, new->tag, new->sys, new->othertag))
		return lk_fail(err, LK_M_EQV_EXISTS, new->tag, new->othertag, new->sys);
	return lk_check_tag(new->othertag, err);
}

int lk_eqv_add(struct lk_lcd *lcd, const struct lk_eqv_new *new, struct lk_err *err)
{
	struct lk_eqv row = {
		.tag = lk_arena_dup(&lcd->arena, new->tag),
		.sys = lk_arena_dup(&lcd->arena, new->sys),
		.othertag = lk_arena_dup(&lcd->arena, new->othertag),
	};
	int rc = check_new(lcd, new, err);

	if (rc < 0)
		return rc;
	if (!row.tag || !row.sys || !row.othertag)
		return lk_fail_nomem(err);
	unsigned here = new->second ? LK_OTHERPRIORITY_DEFAULT : LK_PRIORITY_DEFAULT;
	unsigned there = new->second ? LK_PRIORITY_DEFAULT : LK_OTHERPRIORITY_DEFAULT;
	rc = settle_priority(lcd, new->tag, lcd->local, new->priority, here, &row.priority, err);
	if (rc == 0)
		rc = settle_priority(lcd, new->tag, new->sys, new->otherpriority, there,
				     &row.otherpriority, err);
	if (rc == 0)
		rc = check_clash(lcd, &row, err);
	if (rc < 0)
		return rc;
	lcd->dirty |= LK_T_EQV;
	return LK_LCD_APPEND(lcd, eqv, row, err);
}

int lk_eqv_drop(struct lk_lcd *lcd, const char *tag, const char *sys, const char *othertag,
		struct lk_err *err)
{
	const struct lk_eqv *row = lk_eqv_find(lcd, tag, sys, othertag);

	if (!row)
		return lk_fail(err, LK_M_NO_EQV, tag, othertag, sys);
	LK_LCD_DROP(lcd, eqv, (size_t)(row - lcd->eqv));
	lcd->dirty |= LK_T_EQV;
	return 0;
}

static int by_fields(const void *a, const void *b)
{
	const struct lk_eqv *x = a, *y = b;
	int order = strcmp(x->tag, y->tag);

	if (!order)
		order = strcmp(x->sys, y->sys);
	return order ? order : strcmp(x->othertag, y->othertag);
}

void lk_eqv_sort(struct lk_lcd *lcd)
{
	if (lcd->neqv)
		qsort(lcd->eqv, lcd->neqv, sizeof(*lcd->eqv), by_fields);
}

int lk_eqv_remember(struct lk_lcd *lcd, struct lk_eqv_before *before, struct lk_err *err)
{
	size_t size = lcd->neqv * sizeof(*lcd->eqv);

	before->n = lcd->neqv;
	before->eqv = lk_arena_alloc(&lcd->arena, size + 1);
	if (!before->eqv)
		return lk_fail_nomem(err);
	if (size)
		memcpy(before->eqv, lcd->eqv, size);
	return 0;
}

/* The words of all jobs stand behind each other. What they print does not matter: the other half may be
 * gone already. */
#define ARGS 8

static void ask_remove(const struct lk_lcd *lcd, const struct lk_eqv *eqv, char *argv[static ARGS],
		       struct lk_remote_job *job)
{
	char *words[ARGS] = { (char *)"eqv_remove", (char *)"--local-only", (char *)"-t",
			      (char *)eqv->othertag, (char *)"-S", (char *)lcd->local,
			      (char *)"-o", (char *)eqv->tag };

	memcpy(argv, words, sizeof(words));
	*job = (struct lk_remote_job){ .dest = eqv->sys, .argc = ARGS, .argv = argv };
}

void lk_eqv_remove_elsewhere(const struct lk_lcd *lcd, const struct lk_eqv_before *before)
{
	struct lk_remote_job *job = calloc(before->n + 1, sizeof(*job));
	char **argv = calloc(before->n + 1, ARGS * sizeof(*argv));
	size_t n = 0;

	/* the rows that are left stand in their old order */
	for (size_t i = 0, k = 0; job && argv && i < before->n; i++) {
		const struct lk_eqv *eqv = &before->eqv[i];

		if (k < lcd->neqv && is_pair(&lcd->eqv[k], eqv->tag, eqv->sys, eqv->othertag)) {
			k++;
		} else if (lk_sys_find(lcd, eqv->sys)) {
			ask_remove(lcd, eqv, argv + n * ARGS, &job[n]);
			n++;
		}
	}
	for (size_t i = 0; i < n; i += JOBS)
		lk_remote_jobs(lcd, job + i, n - i < JOBS ? n - i : JOBS);
	free(job);
	free(argv);
}

static int by_priority(const void *a, const void *b)
{
	const struct lk_eqv *x = a, *y = b;
	int rc = strcmp(x->tag, y->tag);

	if (rc == 0 && x->otherpriority != y->otherpriority)
		rc = x->otherpriority < y->otherpriority ? -1 : 1;
	return rc ? rc : strcmp(x->sys, y->sys);
}

void lk_eqv_sort_priority(struct lk_lcd *lcd)
{
	if (lcd->neqv)
		qsort(lcd->eqv, lcd->neqv, sizeof(*lcd->eqv), by_priority);
}
