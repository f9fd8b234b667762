/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The picture of the cluster for lk/decide.h, from the own database and the reports of other systems.
 * A report is a record file, lk-records(5), of the kind "report": first who reports, then its instances
 * and the flags that bar failovers. What comes from another system is checked like a hostile file.
 */
#ifndef LK_PICTURE_H
#define LK_PICTURE_H

#include "lk/buf.h"
#include "lk/decide.h"
#include "lk/graph.h"
#include "lk/lcd.h"

/* The tables that a picture and a report need. */
#define LK_T_PICTURE (LK_T_INS | LK_T_DEP | LK_T_EQV | LK_T_SYS | LK_T_FLG | LK_T_EPOCH)

/* What this system reports to others. */
void lk_picture_report(struct lk_lcd *lcd, struct lk_buf *report) LK_NONNULL(1, 2);

/* The picture from the own database alone: the lives of the systems, the own states; all others' states are
 * LK_PIC_UNSEEN. Memory belongs to the LCD. Systems have the order of lcd->sys. 0, -1, or -3. */
int lk_picture_local(struct lk_lcd *lcd, struct lk_picture *picture, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Take the report of system sys (text is changed): the states, records and flags it has. 0, or -3 with
 * nothing taken. */
int lk_picture_add(const struct lk_lcd *lcd, struct lk_picture *picture, unsigned sys, char *text,
		   size_t len, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 4, 6);

#endif
