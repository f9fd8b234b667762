/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers and texts in messages, most significant byte first. Writing goes to a buffer of fixed size
 * and reading checks every length; neither allocates. What went wrong is remembered, so that a
 * run of calls is checked once, at its end.
 *
 *	struct lk_out out = LK_OUT(bytes);
 *	lk_put_u8(&out, LK_FRAME_BEAT);
 *	if (out.failed) ...
 *
 *	struct lk_in in = LK_IN(data, len);
 *	uint8_t type = lk_get_u8(&in);
 *	if (!lk_get_end(&in)) ...		too short, or something is left over
 */
#ifndef LK_WIRE_H
#define LK_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lk/attr.h"

struct lk_out {
	uint8_t *data;
	size_t len, size;
	bool failed;		/* something did not fit: data is incomplete */
};

#define LK_OUT(array) { .data = (array), .size = sizeof(array) }

void lk_put_u8(struct lk_out *out, uint8_t value) LK_NONNULL(1);
void lk_put_u16(struct lk_out *out, uint16_t value) LK_NONNULL(1);
void lk_put_u32(struct lk_out *out, uint32_t value) LK_NONNULL(1);
void lk_put_u64(struct lk_out *out, uint64_t value) LK_NONNULL(1);
/* Bytes as they are, without a length. */
void lk_put_raw(struct lk_out *out, const void *data, size_t len) LK_NONNULL(1);
/* A 32-bit length and the bytes. */
void lk_put_bytes(struct lk_out *out, const void *data, size_t len) LK_NONNULL(1);
/* A 16-bit length and the text without its NUL. */
void lk_put_text(struct lk_out *out, const char *text) LK_NONNULL(1, 2);

struct lk_in {
	const uint8_t *at, *end;
	bool bad;		/* something was missing or malformed: values read since are zero */
};

#define LK_IN(data, len) { .at = (data), .end = (const uint8_t *)(data) + (len) }

static inline size_t lk_in_left(const struct lk_in *in)
{
	return (size_t)(in->end - in->at);
}

uint8_t lk_get_u8(struct lk_in *in) LK_NONNULL(1);
uint16_t lk_get_u16(struct lk_in *in) LK_NONNULL(1);
uint32_t lk_get_u32(struct lk_in *in) LK_NONNULL(1);
uint64_t lk_get_u64(struct lk_in *in) LK_NONNULL(1);
/* len bytes, in place; NULL when there are fewer. */
const uint8_t *lk_get_raw(struct lk_in *in, size_t len) LK_NONNULL(1);
/* Bytes behind a 32-bit length, in place. */
const uint8_t *lk_get_bytes(struct lk_in *in, size_t *len) LK_NONNULL(1, 2);
/* A text behind a 16-bit length, copied with a NUL; bad if it has a NUL itself or is longer than
 * size - 1. text is "" then. */
void lk_get_text(struct lk_in *in, char *text, size_t size) LK_NONNULL(1, 2);
/* Was everything there, and nothing more? */
bool lk_get_end(const struct lk_in *in) LK_MUST LK_NONNULL(1);

#endif
