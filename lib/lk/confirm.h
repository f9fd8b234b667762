/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking the administrator before a failover (spec/core.md 3.14.4). */
#ifndef LK_CONFIRM_H
#define LK_CONFIRM_H

#include <stdbool.h>

#include "lk/lcd.h"

/* If the flag confirmso!SYS is set, or it is unsafe (fencing has failed, and then no answer is a no): send the event
 * confirmso and wait CONFIRMSOTO seconds (600) for an answer, else do as CONFIRMSODEF says (0: go on, 1: do not).
 * Needs LK_T_FLG; the caller holds no lock. 1: go on; 0: do not; -1 interrupted or the machine failed; -3, -5 the
 * tunables. */
int lk_confirm_ask(const struct lk_lcd *lcd, const char *sys, bool unsafe, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 4);

/* Is the failover of the system's last outage not known to go on, because nobody has answered yet, or with no, or
 * because it was not asked at all? Only where somebody is asked: the flag is set (LK_T_FLG), or the system has fence
 * devices that have not confirmed and no majority that grants. */
bool lk_confirm_missing(const struct lk_lcd *lcd, const char *sys) LK_NONNULL(1, 2);

/* It has fence devices here, none of them and no administrator has confirmed that it has stopped, and nothing else (the
 * grants of a majority) could tell. Needs nothing of the LCD but its tree. */
bool lk_confirm_unfenced(const struct lk_lcd *lcd, const char *sys) LK_NONNULL(1, 2);

/* The system is back: the next outage is another question. */
void lk_confirm_forget(const struct lk_tree *tree, const char *sys) LK_NONNULL(1, 2);

/* Answer a question that waits. 0; -7 there is none; -1. */
int lk_confirm_answer(const struct lk_tree *tree, const char *sys, bool yes, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 4);

#endif
