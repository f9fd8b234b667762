/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resource instances. */
#include "lk/ins.h"

#include <stdlib.h>
#include <string.h>

#include "lk/app.h"
#include "lk/json.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

struct lk_ins *lk_ins_find(const struct lk_lcd *lcd, const char *tag)
{
	for (size_t i = 0; i < lcd->nins; i++)
		if (!strcmp(lcd->ins[i].tag, tag))
			return &lcd->ins[i];
	return NULL;
}

struct lk_ins *lk_ins_find_id(const struct lk_lcd *lcd, const char *id)
{
	for (size_t i = 0; i < lcd->nins; i++)
		if (!strcmp(lcd->ins[i].id, id))
			return &lcd->ins[i];
	return NULL;
}

int lk_ins_get(const struct lk_lcd *lcd, const char *tag, struct lk_ins **ins, struct lk_err *err)
{
	*ins = lk_ins_find(lcd, tag);
	return *ins ? 0 : lk_fail(err, LK_M_NO_TAG, tag);
}

static int check_new(const struct lk_ins *new, struct lk_err *err)
{
	int rc = lk_check_app("application", new->app, err);

	if (rc == 0)
		rc = lk_check_app("type", new->type, err);
	if (rc == 0)
		rc = lk_check_tag(new->tag, err);
	if (rc == 0)
		rc = lk_check_id(new->id, err);
	if (rc == 0)
		rc = lk_check_text("info", new->info, err);
	if (rc == 0)
		rc = lk_check_text("reason", new->reason, err);
	return rc;
}

static int check_free(const struct lk_lcd *lcd, const struct lk_ins *new, struct lk_err *err)
{
	const struct lk_ins *same_id = lk_ins_find_id(lcd, new->id);

	if (!lk_app_find(lcd, new->app))
		return lk_fail(err, LK_M_NO_APP, new->app);
	if (!lk_typ_find(lcd, new->app, new->type))
		return lk_fail(err, LK_M_NO_TYPE, new->type, new->app);
	if (lk_ins_find(lcd, new->tag))
		return lk_fail(err, LK_M_TAG_EXISTS, new->tag);
	if (same_id)
		return lk_fail(err, LK_M_ID_EXISTS, new->id, same_id->tag);
	return 0;
}

int lk_ins_add(struct lk_lcd *lcd, const struct lk_ins *new, struct lk_err *err)
{
	struct lk_ins row = *new;
	int rc = check_new(new, err);

	if (rc == 0)
		rc = check_free(lcd, new, err);
	if (rc < 0)
		return rc;

	const char **texts[] = { &row.app, &row.type, &row.tag, &row.id, &row.info, &row.reason };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		*texts[i] = lk_arena_dup(&lcd->arena, *texts[i]);
		if (!*texts[i])
			return lk_fail_nomem(err);
	}
	rc = LK_LCD_APPEND(lcd, ins, row, err);
	if (rc == 0)
		lk_ins_touch(lcd, &row);
	return rc;
}

void lk_ins_touch(struct lk_lcd *lcd, const struct lk_ins *ins)
{
	struct lk_typ *typ = lk_typ_find(lcd, ins->app, ins->type);

	if (typ)
		typ->dirty = true;
	lcd->dirty |= LK_T_INS;
}

int lk_ins_edit(struct lk_lcd *lcd, unsigned tables, const char *tag, struct lk_ins **ins,
		struct lk_err *err)
{
	int rc = lk_lcd_begin(lcd, LK_T_INS | tables, err);

	return rc < 0 ? rc : lk_ins_get(lcd, tag, ins, err);
}

int lk_ins_save(struct lk_lcd *lcd, const struct lk_ins *ins, struct lk_err *err)
{
	lk_ins_touch(lcd, ins);
	return lk_lcd_commit(lcd, err);
}

/* ---- dropping ---- */

struct tags {
	const char *const *tag;		/* sorted */
	size_t n;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_tag(const struct tags *tags, const char *tag)
{
	return tags->n && bsearch(&tag, tags->tag, tags->n, sizeof(*tags->tag), by_text);
}

static void drop_dependencies(struct lk_lcd *lcd, const struct tags *tags)
{
	size_t n = 0;

	for (size_t i = 0; i < lcd->ndep; i++)
		if (!has_tag(tags, lcd->dep[i].parent) && !has_tag(tags, lcd->dep[i].child))
			lcd->dep[n++] = lcd->dep[i];
	if (n != lcd->ndep)
		lcd->dirty |= LK_T_DEP;
	lcd->ndep = n;
}

static void drop_equivalencies(struct lk_lcd *lcd, const struct tags *tags)
{
	size_t n = 0;

	for (size_t i = 0; i < lcd->neqv; i++)
		if (!has_tag(tags, lcd->eqv[i].tag))
			lcd->eqv[n++] = lcd->eqv[i];
	if (n != lcd->neqv)
		lcd->dirty |= LK_T_EQV;
	lcd->neqv = n;
}

static void drop_epochs(struct lk_lcd *lcd, const struct tags *tags)
{
	size_t n = 0;

	for (size_t i = 0; i < lcd->nepoch; i++)
		if (!has_tag(tags, lcd->epoch[i].tag))
			lcd->epoch[n++] = lcd->epoch[i];
	if (n != lcd->nepoch)
		lcd->dirty |= LK_T_EPOCH;
	lcd->nepoch = n;
}

void lk_ins_drop(struct lk_lcd *lcd, const char **tag, size_t ntags)
{
	const struct tags tags = { .tag = tag, .n = ntags };
	size_t n = 0;

	if (ntags)
		qsort(tag, ntags, sizeof(*tag), by_text);
	for (size_t i = 0; i < lcd->nins; i++) {
		if (has_tag(&tags, lcd->ins[i].tag))
			lk_ins_touch(lcd, &lcd->ins[i]);
		else
			lcd->ins[n++] = lcd->ins[i];
	}
	if (n == lcd->nins)
		return;
	lcd->nins = n;
	drop_dependencies(lcd, &tags);
	drop_equivalencies(lcd, &tags);
	drop_epochs(lcd, &tags);
}

static int by_app_type_tag(const void *a, const void *b)
{
	const struct lk_ins *x = a, *y = b;
	int order = strcmp(x->app, y->app);

	if (!order)
		order = strcmp(x->type, y->type);
	return order ? order : strcmp(x->tag, y->tag);
}

void lk_ins_sort(struct lk_lcd *lcd)
{
	if (lcd->nins)
		qsort(lcd->ins, lcd->nins, sizeof(*lcd->ins), by_app_type_tag);
}

int lk_ins_interval(const char *what, const char *text, unsigned *seconds, struct lk_err *err)
{
	unsigned long long number = 0;
	int rc = lk_parse_number(what, text, 0, LK_INTERVAL_MAX, &number, err);

	*seconds = (unsigned)number;
	return rc;
}

int lk_ins_yes_no(const char *what, const char *text, bool *yes, struct lk_err *err)
{
	*yes = !strcmp(text, "Y") || !strcmp(text, "y");
	if (*yes || !strcmp(text, "N") || !strcmp(text, "n"))
		return 0;
	return lk_fail(err, LK_M_BAD_CHOICE, what, text, "Y, N");
}

void lk_ins_fields(const struct lk_lcd *lcd, const struct lk_ins *ins,
		   char numbers[static 4][LK_INS_NUMBER], const char *fields[static LK_INS_FIELDS])
{
	lk_format_number((unsigned long long)ins->holder.pid, numbers[0]);
	lk_format_number(ins->quick, numbers[1]);
	lk_format_number(ins->deep, numbers[2]);
	lk_format_number(ins->localrecovery, numbers[3]);
	const char *const all[LK_INS_FIELDS] = {
		lcd->local, ins->app, ins->type, ins->tag, ins->id, ins->info,
		lk_state_names[ins->state], ins->reason, lk_init_names[ins->init],
		lk_resv_names[ins->resv], numbers[0], "0", numbers[1], numbers[2], numbers[3],
	};
	memcpy(fields, all, sizeof(all));
}

void lk_ins_json(struct lk_json *json, const struct lk_ins *ins)
{
	lk_json_string(json, "application", ins->app);
	lk_json_string(json, "type", ins->type);
	lk_json_string(json, "tag", ins->tag);
	lk_json_string(json, "id", ins->id);
	lk_json_string(json, "info", ins->info);
	lk_json_string(json, "state", lk_state_names[ins->state]);
	lk_json_string(json, "reason", ins->reason);
	lk_json_string(json, "initialize", lk_init_names[ins->init]);
	lk_json_string(json, "reservation", lk_resv_names[ins->resv]);
	lk_json_number(json, "reservation_pid", ins->holder.pid);
	lk_json_number(json, "quick_check", ins->quick);
	lk_json_number(json, "deep_check", ins->deep);
	lk_json_bool(json, "local_recovery", ins->localrecovery);
	lk_json_string(json, "switchback", lk_switchback_names[ins->switchback]);
}
