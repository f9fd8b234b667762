/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first act of a start (spec/core.md 4.1): what the states of the last run are still worth.
 *
 * A resource that is in service by the database is still running if only the daemons had stopped; after
 * a start of the machine it is not. run/boot tells the two apart: it has the boot's id and the start
 * time of process 1, which a container or a namespace has of its own.
 */
#ifndef LK_BOOT_H
#define LK_BOOT_H

#include "lk/lcd.h"

/* What this start of the machine is called: a line, with its newline. 0 or -1. */
#define LK_BOOT_MARK 128
int lk_boot_mark(char mark[static LK_BOOT_MARK], struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Set all states to ILLSTATE, but for those left running, which keep ISP and ISU. Reservations of dead
 * processes are dropped. Called twice in a start, which changes nothing more: by lcm before anybody can ask, and by
 * lcdavail, which must not go on where lcm could not do it. 0, -1, or -3. */
int lk_boot_begin(struct lk_err *err) LK_MUST LK_NONNULL(1);

/* For who only looks (LK_T_INS): as long as lk_boot_begin() has not run since the machine started, what is in
 * service by the database becomes ILLSTATE, in memory. Others that ask in between would else leave to
 * us what does not run. 0 or -1. */
int lk_boot_doubt(struct lk_lcd *lcd, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

#endif
