/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Systems of the cluster as this node knows them (spec/core.md 3.6). All need LK_T_SYS. */
#ifndef LK_SYS_H
#define LK_SYS_H

#include "lk/lcd.h"
#include "lk/name.h"

enum lk_sys_state { LK_SYS_ALIVE, LK_SYS_DEAD, LK_SYS_UNKNOWN };
extern const char *const lk_sys_state_names[];

/* NULL when there is none. */
struct lk_sys *lk_sys_find(const struct lk_lcd *lcd, const char *sys) LK_NONNULL(1, 2);

/* "run/KIND.SYSTEM", relative to the tree: what of a system is no table and ends with the machine. */
#define LK_SYS_FENCED "fenced"		/* it was, lk/fence.h */
#define LK_SYS_CONFIRMED "confirmed"	/* that its failover goes on, lk/confirm.h */
#define LK_SYS_GRANTED "granted"	/* when it was answered about a grant last, lk/quiet.h */
#define LK_SYS_LATE "late"		/* its last event has found no quorum, lk/late.h */
#define LK_SYS_TERMS "terms"		/* its lease and stop that were confirmed by, sbin/lcm/terms.h */
#define LK_SYS_FILE (LK_SYS_MAX + 32)
void lk_sys_file(const char *kind, const char *sys, char path[static LK_SYS_FILE]) LK_NONNULL(1, 2, 3);

/* Is there such a record? */
bool lk_sys_noted(const struct lk_tree *tree, const char *kind, const char *sys) LK_NONNULL(1, 2, 3);

/* 0; -4 exists; -5 bad name; -6 more than 32 systems. */
int lk_sys_add(struct lk_lcd *lcd, const char *sys, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* 0; -5 the local system; -7 no such system. Paths and equivalencies stay. */
int lk_sys_drop(struct lk_lcd *lcd, const char *sys, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Sort for listing: the local system, then the others bytewise. */
void lk_sys_sort(struct lk_lcd *lcd) LK_NONNULL(1);

/* Whether the system is believed usable, and why (a static text or one of the arena). The local
 * system is ALIVE; of the others the communication manager knows. It is asked once per LCD. */
enum lk_sys_state lk_sys_state(struct lk_lcd *lcd, const struct lk_sys *sys,
			       const char **why) LK_NONNULL(1, 2, 3);

#endif
