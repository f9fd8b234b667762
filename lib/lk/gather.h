/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking all other systems for their report, for a picture of the cluster. */
#ifndef LK_GATHER_H
#define LK_GATHER_H

#include "lk/picture.h"

#define LK_GATHER_SECONDS 10	/* GATHERTIMEOUT: how long the others may take to answer, all together */

/* The picture with the reports of all systems that are ALIVE, asked at the same time. A system that does
 * not answer in time, or nonsense, keeps its states LK_PIC_UNSEEN, which is logged and no error: what
 * is not known is never taken for "not in service". Needs LK_T_PICTURE. 0, -1, or -3. */
int lk_gather(struct lk_lcd *lcd, struct lk_picture *picture, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

#endif
