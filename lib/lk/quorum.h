/* SPDX-License-Identifier: GPL-2.0-or-later */
/* May this system start resources? (spec/core.md 3.11.5, step 2, and 6) */
#ifndef LK_QUORUM_H
#define LK_QUORUM_H

#include "lk/lcd.h"

/* Needs LK_T_SYS. 0: yes; -3: no, or QUORUM_MODE makes no sense; -1. */
int lk_quorum_check(struct lk_lcd *lcd, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

#endif
