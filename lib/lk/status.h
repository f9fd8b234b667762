/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an instance stands in the cluster: its systems, their order, and whether it may fail over. */
#ifndef LK_STATUS_H
#define LK_STATUS_H

#include "lk/lcd.h"

struct lk_standing {
	unsigned priority;	/* of the local system; 0: there is no equivalency */
	const char *primary;	/* the system with the best priority; without equivalency the local one */
	const char *backup;	/* the next one after the local system, or NULL */
	bool failover;		/* there is a system to which it may fail over */
	const char *why;	/* what stands against it on some or all systems; "": nothing */
};

/* Needs LK_T_EQV, LK_T_SYS and LK_T_FLG. 0 or -1. */
int lk_status_standing(struct lk_lcd *lcd, const struct lk_ins *ins, struct lk_standing *standing,
		       struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4);

/* "switchover" or "do_not_switchover", by the flag shutdown_switchover. Needs LK_T_FLG. */
const char *lk_status_strategy(const struct lk_lcd *lcd) LK_NONNULL(1);

#endif
