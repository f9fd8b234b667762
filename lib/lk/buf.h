/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growable byte buffer. Running out of memory is remembered in the buffer, so that a run of
 * appends is checked once, at its end.
 */
#ifndef LK_BUF_H
#define LK_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "lk/attr.h"

struct lk_buf {
	char *data;	/* NUL-terminated once anything was added; NULL before */
	size_t len;
	size_t cap;
	bool failed;	/* out of memory: contents are incomplete */
};

/* Append; out of memory sets failed, and what comes after that is dropped. */
void lk_buf_add(struct lk_buf *buf, const void *data, size_t len) LK_NONNULL(1);
void lk_buf_addc(struct lk_buf *buf, char c) LK_NONNULL(1);
void lk_buf_adds(struct lk_buf *buf, const char *text) LK_NONNULL(1, 2);
void lk_buf_addf(struct lk_buf *buf, const char *fmt, ...) LK_PRINTF(2, 3) LK_NONNULL(1, 2);

/* Make room for at least len more bytes (and a NUL) at the end; false when out of memory. */
bool lk_buf_room(struct lk_buf *buf, size_t len) LK_NONNULL(1);

void lk_buf_free(struct lk_buf *buf) LK_NONNULL(1);

#define LK_AUTO_BUF __attribute__((cleanup(lk_buf_free)))

#endif
