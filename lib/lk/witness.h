/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a system that cannot be reached really gone? (spec/core.md 6.5, witness_check) */
#ifndef LK_WITNESS_H
#define LK_WITNESS_H

#include "lk/lcd.h"

enum lk_witness { LK_WITNESS_DEAD, LK_WITNESS_ALIVE, LK_WITNESS_BACK, LK_WITNESS_NO_QUORUM };

struct lk_witness_for {
	const char *sys;
	const char *event;	/* "COMM_DOWN", "LCM_AVAIL" */
	const char *prog;	/* who logs */
	bool once;		/* do not wait for a death that may come later */
};

/* Ask until it is known: whoever was asked too early is asked again (rule 1), and one that is reached by others and
 * not from here may die later (rule 3), so that ALIVE is an end only with once. BACK: a path to it is
 * ALIVE again. Meanwhile, and with ALIVE as long as this process lives, the system counts as "not known" here.
 * An enum lk_witness; -1 interrupted; -3. */
int lk_witness(const struct lk_witness_for *what, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Does a process of this system hold that it may live, although no path to it does? */
bool lk_witness_doubts(const struct lk_tree *tree, const char *sys) LK_NONNULL(1, 2);

#endif
