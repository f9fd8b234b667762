/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Applications and resource types. */
#include "lk/app.h"

#include <stdlib.h>
#include <string.h>

#include "lk/ins.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

struct lk_app *lk_app_find(const struct lk_lcd *lcd, const char *app)
{
	for (size_t i = 0; i < lcd->napp; i++)
		if (!strcmp(lcd->app[i].name, app))
			return &lcd->app[i];
	return NULL;
}

struct lk_typ *lk_typ_find(const struct lk_lcd *lcd, const char *app, const char *type)
{
	for (size_t i = 0; i < lcd->ntyp; i++)
		if (!strcmp(lcd->typ[i].app, app) && !strcmp(lcd->typ[i].name, type))
			return &lcd->typ[i];
	return NULL;
}

static bool type_anywhere(const struct lk_lcd *lcd, const char *type)
{
	for (size_t i = 0; i < lcd->ntyp; i++)
		if (!strcmp(lcd->typ[i].name, type))
			return true;
	return false;
}

int lk_app_known(const struct lk_lcd *lcd, const char *app, const char *type, struct lk_err *err)
{
	if (app && !lk_app_find(lcd, app))
		return lk_fail(err, LK_M_NO_APP, app);
	if (app && type && !lk_typ_find(lcd, app, type))
		return lk_fail(err, LK_M_NO_TYPE, type, app);
	if (type && !type_anywhere(lcd, type))
		return lk_fail(err, LK_M_NO_TYPE_ANYWHERE, type);
	return 0;
}

int lk_app_add(struct lk_lcd *lcd, const char *app, struct lk_err *err)
{
	struct lk_app row = { .name = lk_arena_dup(&lcd->arena, app) };
	int rc = lk_check_app("application", app, err);

	if (rc < 0)
		return rc;
	if (lk_app_find(lcd, app))
		return lk_fail(err, LK_M_APP_EXISTS, app);
	if (!row.name)
		return lk_fail_nomem(err);
	lcd->dirty |= LK_T_APP;
	return LK_LCD_APPEND(lcd, app, row, err);
}

int lk_typ_add(struct lk_lcd *lcd, const char *app, const char *type, struct lk_err *err)
{
	struct lk_typ row = { .app = lk_arena_dup(&lcd->arena, app),
			      .name = lk_arena_dup(&lcd->arena, type), .dirty = true };
	int rc = lk_check_app("application", app, err);

	if (rc == 0)
		rc = lk_check_app("type", type, err);
	if (rc < 0)
		return rc;
	if (!lk_app_find(lcd, app))
		return lk_fail(err, LK_M_NO_APP, app);
	if (lk_typ_find(lcd, app, type))
		return lk_fail(err, LK_M_TYPE_EXISTS, type, app);
	if (!row.app || !row.name)
		return lk_fail_nomem(err);
	lcd->dirty |= LK_T_TYP | LK_T_INS;
	return LK_LCD_APPEND(lcd, typ, row, err);
}

/* The type's instances go, then its record file, then its registration. */
static int drop_type_at(struct lk_lcd *lcd, size_t i, struct lk_err *err)
{
	const struct lk_typ typ = lcd->typ[i];
	const char **tag = lk_arena_alloc(&lcd->arena, (lcd->nins + 1) * sizeof(*tag));
	char path[LK_PATH_MAX];
	size_t n = 0;

	if (!tag)
		return lk_fail_nomem(err);
	for (size_t k = 0; k < lcd->nins; k++)
		if (!strcmp(lcd->ins[k].app, typ.app) && !strcmp(lcd->ins[k].type, typ.name))
			tag[n++] = lcd->ins[k].tag;
	lk_ins_drop(lcd, tag, n);
	lk_lcd_path(LK_T_INS, &typ, path);
	LK_LCD_DROP(lcd, typ, i);
	lcd->dirty |= LK_T_TYP;
	return lk_tx_del(&lcd->tx, path, err);
}

int lk_app_drop(struct lk_lcd *lcd, const char *app, struct lk_err *err)
{
	const struct lk_app *row = lk_app_find(lcd, app);
	int rc = 0;

	if (!row)
		return lk_fail(err, LK_M_NO_APP, app);
	for (size_t i = lcd->ntyp; i-- > 0 && rc == 0;)
		if (!strcmp(lcd->typ[i].app, app))
			rc = drop_type_at(lcd, i, err);
	LK_LCD_DROP(lcd, app, (size_t)(row - lcd->app));
	lcd->dirty |= LK_T_APP;
	return rc;
}

int lk_typ_drop(struct lk_lcd *lcd, const char *app, const char *type, struct lk_err *err)
{
	const struct lk_typ *row = lk_typ_find(lcd, app, type);

	if (!row)
		return lk_fail(err, LK_M_NO_TYPE, type, app);
	return drop_type_at(lcd, (size_t)(row - lcd->typ), err);
}

static int by_app(const void *a, const void *b)
{
	return strcmp(((const struct lk_app *)a)->name, ((const struct lk_app *)b)->name);
}

void lk_app_sort(struct lk_lcd *lcd)
{
	if (lcd->napp)
		qsort(lcd->app, lcd->napp, sizeof(*lcd->app), by_app);
}

static int by_type(const void *a, const void *b)
{
	const struct lk_typ *x = a, *y = b;
	int order = strcmp(x->app, y->app);

	return order ? order : strcmp(x->name, y->name);
}

void lk_typ_sort(struct lk_lcd *lcd)
{
	if (lcd->ntyp)
		qsort(lcd->typ, lcd->ntyp, sizeof(*lcd->typ), by_type);
}
