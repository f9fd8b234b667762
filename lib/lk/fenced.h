/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which incarnation of a system has certainly ended: it was fenced, or an administrator has confirmed it (lk/fence.h,
 * lk/confirm.h). Whoever has heard of no later one since needs not wait for the end of what it let run (lk/grant.h).
 */
#ifndef LK_FENCED_H
#define LK_FENCED_H

#include <stdint.h>

#include "lk/buf.h"
#include "lk/lcd.h"
#include "lk/limits.h"

/* The incarnation of the system that was heard last; 0: none is known. To be called before it is made sure that it
 * ends. */
uint64_t lk_fenced_heard(const char *sys) LK_NONNULL(1);

/* Lines for the record file of what has ended, and what they say; 0: nothing. *when: at that time it was noted, in ms
 * of lk_qwk_now(). */
void lk_fenced_note(int fd, uint64_t incarnation);
uint64_t lk_fenced_noted(const struct lk_tree *tree, const char *path, int64_t *when) LK_NONNULL(1, 2, 3);

/* By all records here, in the order of lcd->sys. Needs LK_T_SYS. */
struct lk_fenced {
	uint64_t incarnation[LK_SYSTEMS_MAX];
	int64_t when[LK_SYSTEMS_MAX];
};
void lk_fenced_here(const struct lk_lcd *lcd, struct lk_fenced *fenced) LK_NONNULL(1, 2);

/* As words, "beta=0123456789abcdef", separated by blanks. Names that are not known here are left out. */
void lk_fenced_write(const struct lk_lcd *lcd, const uint64_t *incarnation, struct lk_buf *buf) LK_NONNULL(1, 2, 3);
void lk_fenced_read(const struct lk_lcd *lcd, const char *words, uint64_t incarnation[static LK_SYSTEMS_MAX])
	LK_NONNULL(1, 2);

#endif
