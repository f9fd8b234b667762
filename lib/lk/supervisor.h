/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the supervisor says about itself and its daemons: $LKROOT/run/lkinit.status, replaced by rename. */
#ifndef LK_SUPERVISOR_H
#define LK_SUPERVISOR_H

#include "lk/inittab.h"
#include "lk/lcd.h"

#define LK_SUPERVISOR_FILE "run/lkinit.status"
#define LK_SUPERVISOR_ROWS (2 * LK_INITTAB_ROWS + 1)

struct lk_supervised {
	char tag[LK_INITTAB_TAG + 1];
	struct lk_holder process;	/* pid 0: none */
	unsigned restarts;
	char state[16];
};

/* The first row is lkinit itself: "starting", "up" (all daemons have been ready), "stopping". */
struct lk_supervisor {
	struct lk_supervised row[LK_SUPERVISOR_ROWS];
	unsigned n;
};

/* 1; 0: there is no such file; -3: a wrong line; -1. It may be that of a supervisor that has died. */
int lk_supervisor_read(const struct lk_tree *tree, struct lk_supervisor *status, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* 1: it runs and this is its status; 0: it runs and has not written any, or does not run; -3; -1. */
int lk_supervisor_now(const struct lk_tree *tree, struct lk_supervisor *status, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Append the text of the file, which reads back as the same. */
void lk_supervisor_format(struct lk_buf *buf, const struct lk_supervisor *status) LK_NONNULL(1, 2);

#endif
