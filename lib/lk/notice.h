/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where library functions say what is worth a line to the operator but is no error of theirs. */
#ifndef LK_NOTICE_H
#define LK_NOTICE_H

#include "lk/attr.h"

struct lk_notice {
	void (*say)(void *arg, const char *text);	/* one line without newline; NULL: nowhere */
	void *arg;
};

/* to may be NULL. */
void lk_notice(const struct lk_notice *to, const char *fmt, ...) LK_PRINTF(2, 3) LK_NONNULL(2);

#endif
