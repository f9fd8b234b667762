/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of the three events have in common; in liblkcmd.a. */
#ifndef LK_RECOVERY_CMD_H
#define LK_RECOVERY_CMD_H

#include "lk/cmd.h"
#include "lk/recovery.h"

/* Run it between the pre- and postrestore scripts, send the traps, and give the command's result: 1 when
 * something could not be restored. What is left open, because a system that is ALIVE does not report, is
 * decided later, within GATHERRETRY seconds; TERM ends the waiting for that. */
int lk_recovery_cmd(struct lk_cmd *cmd, struct lk_recovery *recovery) LK_MUST LK_NONNULL(1, 2);

#endif
