/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A note of what is being released for another system, so that it is not lost when that system dies before it has it:
 * it left nothing behind by the ownership record (lk/epoch.h), which still names the old owner. The note is a flag
 * with the epoch, and worth nothing when the record has changed since.
 */
#ifndef LK_HANDOVER_H
#define LK_HANDOVER_H

#include "lk/act.h"
#include "lk/name.h"

#define LK_HANDOVER_FLAG "!handover!"	/* and SYSTEM!EPOCH!TAG */

/* Note that the tags of act->what are being released for act->release_for: those that are in service here and whose
 * ownership record names this system. Durable. Tags that do not exist do not matter. 0 or -1. */
int lk_handover_note(const struct lk_act *act, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* They are not, after all. 0 or -1. */
int lk_handover_drop(const struct lk_act *act, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* The tag for whose release to which system the flag stands, as the record is now; NULL: it is another flag, or over.
 * Copies the name of the system. Needs LK_T_EPOCH and LK_T_SYS. */
const char *lk_handover_tag(const struct lk_lcd *lcd, const char *flag, char sys[static LK_SYS_MAX + 1])
	LK_NONNULL(1, 2, 3);

#endif
