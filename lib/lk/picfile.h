/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A picture of the cluster as text, for golden tests, for simulations by hand and for bug reports.
 * One item per line, words separated by blanks, '#' begins a comment:
 *
 *	self beta
 *	quorum none|yes|no
 *	grants					(if a majority grants what is restored)
 *	recover-stopped				(if it is set)
 *	system alpha DEAD [refuses=SYS,SYS] [no-transfer=SYS,SYS] [absent=SYS,SYS] [held=SYS,SYS] [failed]
 *		[blocked] [unconfirmed] [unfenced] [no-quorum]			(in one line)
 *	resource app1 [switchback=AUTOMATIC] [split] [fixed] [parents=N]
 *	copy alpha 1 STATE [epoch=5] [owner=alpha|-] [init=INIT_OSU] [switchback=AUTOMATIC]
 *		[handover=SYS,SYS]			(in one line)
 *
 * Systems come before what names them, copies behind their resource. STATE is one of ins_list or "?".
 */
#ifndef LK_PICFILE_H
#define LK_PICFILE_H

#include "lk/arena.h"
#include "lk/buf.h"
#include "lk/decide.h"

/* Parse text (NUL-terminated, changed); all memory comes from the arena. name is for messages. Lines that begin
 * with "event" or "expect" are left to the caller: other(arg, line) is called for them, NULL: an error.
 * 0; -3 with name and line; -1. */
struct lk_picfile {
	const char *name;
	int (*other)(void *arg, char *line, unsigned number, struct lk_err *err);
	void *arg;
};
int lk_picfile_parse(const struct lk_picfile *file, char *text, struct lk_arena *arena,
		     struct lk_picture *picture, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4, 5);

/* Append the picture as text that parses back to the same. */
void lk_picfile_print(const struct lk_picture *picture, struct lk_buf *buf) LK_NONNULL(1, 2);

/* Index of the system, or -1. */
int lk_pic_find_sys(const struct lk_picture *picture, const char *name) LK_NONNULL(1, 2);

#endif
