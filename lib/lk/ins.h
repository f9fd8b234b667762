/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resource instances (spec/core.md 3.3). */
#ifndef LK_INS_H
#define LK_INS_H

#include "lk/lcd.h"
#include "lk/name.h"

/* NULL when there is none. */
struct lk_ins *lk_ins_find(const struct lk_lcd *lcd, const char *tag) LK_NONNULL(1, 2);
struct lk_ins *lk_ins_find_id(const struct lk_lcd *lcd, const char *id) LK_NONNULL(1, 2);

/* The same, or -7 with a message. */
int lk_ins_get(const struct lk_lcd *lcd, const char *tag, struct lk_ins **ins, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);

/* Add a copy of new (its strings are copied too). Needs LK_T_APP and LK_T_INS.
 * 0; -4 tag or id in use; -5 bad value; -7 no such application or type. */
int lk_ins_add(struct lk_lcd *lcd, const struct lk_ins *new, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Begin a change of one instance: lock, load LK_T_INS and the tables given, find the tag. 0, or -7. */
int lk_ins_edit(struct lk_lcd *lcd, unsigned tables, const char *tag, struct lk_ins **ins,
		struct lk_err *err) LK_MUST LK_NONNULL(1, 3, 4, 5);

/* End it: mark the instance and commit. Of other instances that were changed lk_ins_touch() tells. */
int lk_ins_save(struct lk_lcd *lcd, const struct lk_ins *ins, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Mark an instance as changed, so that commit writes it. */
void lk_ins_touch(struct lk_lcd *lcd, const struct lk_ins *ins) LK_NONNULL(1, 2);

/* Forget these instances, as many as there may be, with their dependencies, this side of their
 * equivalencies and their epochs. Needs LK_T_INS, LK_T_DEP, LK_T_EQV and LK_T_EPOCH. Sorts tag; unknown tags do not matter. */
void lk_ins_drop(struct lk_lcd *lcd, const char **tag, size_t ntags) LK_NONNULL(1, 2);

/* Sort for listing: bytewise by application, type, tag. Pointers to rows become invalid. */
void lk_ins_sort(struct lk_lcd *lcd) LK_NONNULL(1);

/* Seconds of a check interval, 0 to 604800. 0 or -5. */
int lk_ins_interval(const char *what, const char *text, unsigned *seconds, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);

/* "Y" or "N", in either case. 0 or -5. */
int lk_ins_yes_no(const char *what, const char *text, bool *yes, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);

#define LK_INS_FIELDS 15
#define LK_INS_NUMBER LK_NUMBER_TEXT
/* The 15 fields of ins_list (3.3.1). The fields point into lcd, ins and numbers. */
void lk_ins_fields(const struct lk_lcd *lcd, const struct lk_ins *ins,
		   char numbers[static 4][LK_INS_NUMBER], const char *fields[static LK_INS_FIELDS])
	LK_NONNULL(1, 2);

/* The instance as members of a JSON object. */
struct lk_json;
void lk_ins_json(struct lk_json *json, const struct lk_ins *ins) LK_NONNULL(1, 2);

#endif
