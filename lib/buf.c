/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growable byte buffer. */
#include "lk/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lk/poison.h"

bool lk_buf_room(struct lk_buf *buf, size_t len)
{
	if (buf->failed || len >= SIZE_MAX / 4 || buf->len >= SIZE_MAX / 4) {
		buf->failed = true;
		return false;
	}
	size_t need = buf->len + len + 1;
	if (need <= buf->cap)
		return true;

	size_t cap = buf->cap ? buf->cap : 128;
	while (cap < need)
		cap *= 2;
	char *data = realloc(buf->data, cap);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->cap = cap;
	return true;
}

void lk_buf_add(struct lk_buf *buf, const void *data, size_t len)
{
	if (!lk_buf_room(buf, len))
		return;
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void lk_buf_addc(struct lk_buf *buf, char c)
{
	lk_buf_add(buf, &c, 1);
}

void lk_buf_adds(struct lk_buf *buf, const char *text)
{
	lk_buf_add(buf, text, strlen(text));
}

void lk_buf_addf(struct lk_buf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0 || !lk_buf_room(buf, (size_t)len)) {
		buf->failed = true;
		return;
	}
	va_start(args, fmt);
	vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args);
	va_end(args);
	buf->len += (size_t)len;
}

void lk_buf_free(struct lk_buf *buf)
{
	free(buf->data);
	*buf = (struct lk_buf){ 0 };
}
