/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of this node, at once: no sync, no unmount, no script. What has to be said is said before. */
#ifndef LK_ENDNODE_H
#define LK_ENDNODE_H

#include <stdbool.h>

#include "lk/lcd.h"

/* What a node does that has lost quorum while resources are in service (spec/core.md 6.2). */
enum lk_loss {
	LK_LOSS_OSU,		/* take them out of service */
	LK_LOSS_FASTBOOT,	/* reboot */
	LK_LOSS_FASTKILL,	/* power off */
};
extern const char *const lk_loss_names[];	/* "osu", ..., NULL */

/* The tunable QUORUM_LOSS_ACTION. 0; after an error (-5, -3, -1) *loss is what holds without it: osu. */
int lk_loss_action(const struct lk_tree *tree, enum lk_loss *loss, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* End the machine: power off for fastkill, else reboot; in a container or a PID namespace that one. Returns
 * only if the kernel refuses: -1. So that a test on somebody's machine never ends that, it is refused where
 * the environment has LK_KEEP_NODE; daemons under lkinit never see such a variable. */
int lk_endnode(enum lk_loss loss, struct lk_err *err) LK_MUST LK_NONNULL(2);

/* May anything run here that must not run twice? A resource in service, one being restored or recovered (also by
 * a process that died over it), or one whose remove has failed. Needs LK_T_INS and LK_T_FLG. */
bool lk_anything_runs(const struct lk_lcd *lcd) LK_NONNULL(1);

#endif
