/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A candidate collects the consent of a majority before it restores anything shared (lk/grant.h). */
#ifndef LK_CANVASS_H
#define LK_CANVASS_H

#include "lk/lcd.h"
#include "lk/notice.h"

struct lk_canvass_for {
	const char *const *tag;		/* local instances that have equivalencies */
	unsigned ntags;
	bool patient;			/* wait until those that may run it have certainly stopped */
	const char *prog;		/* who logs */
};

/* Does the quorum mode ask for it? 1; 0; -1, -3. */
int lk_canvass_needed(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Ask for all of them, and become the owner by new epochs when all are granted; *lcd then has the new ownership
 * records, else it changes nothing. 0; -1; -3: not granted, or no quorum, with who refuses and why. */
int lk_canvass_take(struct lk_lcd *lcd, const struct lk_canvass_for *what, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

#endif
