/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors as the library reports them: a number, an exit code and one line of text, filled in by
 * the function that failed and printed, if at all, by the command.
 */
#ifndef LK_ERR_H
#define LK_ERR_H

#include <stdarg.h>
#include <stddef.h>

#include "lk/attr.h"
#include "lk/exit.h"

#define LK_ERR_TEXT 1600

struct lk_err {
	int number;		/* message number, lk/msg.h */
	int code;		/* enum lk_exit */
	char text[LK_ERR_TEXT];	/* one line without newline; control bytes are shown as '?' */
};

/*
 * Record an error and return -code, so that a function can end with "return lk_fail(...)".
 * Called with a name of lk/msg.h, which stands for number, code and format:
 *	return lk_fail(err, LK_M_NO_TAG, tag);
 */
int lk_fail(struct lk_err *err, int number, int code, const char *fmt, ...)
	LK_PRINTF(4, 5) LK_NONNULL(1, 4);
int lk_vfail(struct lk_err *err, int number, int code, const char *fmt, va_list args)
	LK_PRINTF(4, 0) LK_NONNULL(1, 4);

/* A failed system call: "<what>: <strerror(errnum)>", exit 1. */
int lk_fail_errno(struct lk_err *err, int errnum, const char *fmt, ...) LK_PRINTF(3, 4)
	LK_NONNULL(1, 3);

/* Out of memory, exit 1. */
int lk_fail_nomem(struct lk_err *err) LK_NONNULL(1);

/* Replace every byte of text that is not printable by '?'; UTF-8 passes. Data of users and peers
 * reaches terminals and logs only through this. */
void lk_printable(char *text) LK_NONNULL(1);

#endif
