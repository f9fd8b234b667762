/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Applications and resource types (spec/core.md 3.1, 3.2). */
#ifndef LK_APP_H
#define LK_APP_H

#include "lk/lcd.h"

/* What removing an application or type takes with it: everything about its instances. */
#define LK_T_REMOVE_TYPE (LK_T_APP | LK_T_TYP | LK_T_INS | LK_T_DEP | LK_T_EQV | LK_T_EPOCH | LK_T_SYS)

/* NULL when there is none. */
struct lk_app *lk_app_find(const struct lk_lcd *lcd, const char *app) LK_NONNULL(1, 2);
struct lk_typ *lk_typ_find(const struct lk_lcd *lcd, const char *app, const char *type)
	LK_NONNULL(1, 2, 3);

/* Does what a list is to be narrowed to exist? Either may be NULL. Needs LK_T_APP if app is given,
 * LK_T_TYP if type is. 0; -7 no such application, no such type of it or of any. */
int lk_app_known(const struct lk_lcd *lcd, const char *app, const char *type, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 4);

/* Needs LK_T_APP. 0; -4 exists; -5 bad name. */
int lk_app_add(struct lk_lcd *lcd, const char *app, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* Needs LK_T_APP and LK_T_TYP. 0; -4 exists; -5 bad name; -7 no such application. */
int lk_typ_add(struct lk_lcd *lcd, const char *app, const char *type, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);

/* Forget the application, its types and all about their instances. Runs no action. Needs
 * LK_T_REMOVE_TYPE. 0, or -7. */
int lk_app_drop(struct lk_lcd *lcd, const char *app, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);
int lk_typ_drop(struct lk_lcd *lcd, const char *app, const char *type, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);

/* Sort for listing: bytewise by application, then type. */
void lk_app_sort(struct lk_lcd *lcd) LK_NONNULL(1);
void lk_typ_sort(struct lk_lcd *lcd) LK_NONNULL(1);

#endif
