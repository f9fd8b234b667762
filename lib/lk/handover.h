/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notes of what is being released for another system, so that it is not lost when that system dies before it has it:
 * it left nothing behind by the ownership record (lk/epoch.h), which still names the old owner. They are lines
 * "SYSTEM EPOCH TAG" of run/handover, each worth nothing when the record has changed, or the tag is in service and
 * nobody takes it out. They need not survive a power cut: a start decides by itself.
 */
#ifndef LK_HANDOVER_H
#define LK_HANDOVER_H

#include "lk/act.h"

#define LK_HANDOVER_FILE "run/handover"

/* Note that the tags of act->what are being released for act->release_for: those that are in service here and whose
 * ownership record names this system. Tags that do not exist do not matter. 0 or -1. */
int lk_handover_note(const struct lk_act *act, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* They are not, after all. 0 or -1. */
int lk_handover_drop(const struct lk_act *act, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Whatever is being released here now, or was and is nobody's yet. Needs LK_T_INS, LK_T_EPOCH and LK_T_SYS; the strings
 * live as long as the call. 0 or -1. */
struct lk_handover_each {
	void (*each)(void *arg, const char *tag, const char *sys);
	void *arg;
};
int lk_handover_list(struct lk_lcd *lcd, const struct lk_handover_each *each, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

#endif
