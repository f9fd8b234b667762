/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing JSON: calls in document order, commas and escapes are taken care of. Bytes that are not
 * UTF-8 come out as U+FFFD. Only writing; what reads JSON uses a library.
 */
#ifndef LK_JSON_H
#define LK_JSON_H

#include <stdbool.h>

#include "lk/buf.h"

struct lk_json {
	struct lk_buf text;
	bool comma;		/* something stands before the next element at this level */
};

/* Pass key NULL inside an array and at the top. */
void lk_json_open(struct lk_json *json, const char *key, char bracket) LK_NONNULL(1);
void lk_json_close(struct lk_json *json, char bracket) LK_NONNULL(1);
void lk_json_string(struct lk_json *json, const char *key, const char *value) LK_NONNULL(1, 3);
void lk_json_number(struct lk_json *json, const char *key, long long value) LK_NONNULL(1);
void lk_json_bool(struct lk_json *json, const char *key, bool value) LK_NONNULL(1);
/* Milliseconds as a number of seconds. */
void lk_json_seconds(struct lk_json *json, const char *key, unsigned ms) LK_NONNULL(1);
void lk_json_null(struct lk_json *json, const char *key) LK_NONNULL(1);

static inline void lk_json_free(struct lk_json *json)
{
	lk_buf_free(&json->text);
}

#define LK_AUTO_JSON __attribute__((cleanup(lk_json_free)))

#endif
