/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flags of the admin lock, "!action!PID!TIME!UNAME:IDENTIFIER", taken apart; for lib/alock*.c. */
#ifndef LK_ACTION_H
#define LK_ACTION_H

#include <stdbool.h>

#include "lk/lcd.h"
#include "lk/name.h"

struct lk_action {
	const char *name;	/* the flag */
	pid_t pid;
	unsigned long long time;
	char sys[LK_SYS_MAX + 1];
};

/* False: not a flag of the admin lock. */
bool lk_action_parse(const char *flag, struct lk_action *action) LK_NONNULL(1, 2);

/* The order in which they get the lock. */
int lk_action_compare(const struct lk_action *a, const struct lk_action *b) LK_NONNULL(1, 2);

/* ---- other systems that take part ---- */
struct lk_alock_systems {
	struct lk_alock_system {
		const char *name;
		bool must;		/* it has to hold the flag */
		struct lk_buf list;	/* its flags, one per line, after lk_alock_ask() */
		bool answered;
	} *sys;
	size_t n;
};

/* The systems that are ALIVE, and amach and omach (may be NULL) whatever they are. The LCD's memory. */
int lk_alock_systems(struct lk_lcd *lcd, const char *amach, const char *omach,
		     struct lk_alock_systems *systems, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 4, 5);
void lk_alock_systems_free(struct lk_alock_systems *systems) LK_NONNULL(1);

/* Run prog with -f flag (flg_create, flg_remove) on all of them at a time. Of create: 0, or the first error of
 * a system that must hold it or is still ALIVE; that it is set already is none. Of remove: always 0. */
int lk_alock_tell(struct lk_lcd *lcd, const struct lk_alock_systems *systems, const char *prog,
		  const char *flag, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4, 5);

/* Ask all of them for the flags of the admin lock that they have, without those of their own dead. */
int lk_alock_ask(const struct lk_lcd *lcd, struct lk_alock_systems *systems, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Does the system's answer have the flag? */
bool lk_alock_listed(const struct lk_alock_system *sys, const char *flag) LK_NONNULL(1, 2);

#endif
