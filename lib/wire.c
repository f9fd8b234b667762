/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and texts in messages. */
#include "lk/wire.h"

#include <string.h>

#include "lk/poison.h"

/* ---- writing ---- */

void lk_put_raw(struct lk_out *out, const void *data, size_t len)
{
	if (out->failed || len > out->size - out->len) {
		out->failed = true;
		return;
	}
	if (len)
		memcpy(out->data + out->len, data, len);
	out->len += len;
}

static void put_number(struct lk_out *out, uint64_t value, unsigned bytes)
{
	uint8_t raw[8];

	for (unsigned i = 0; i < bytes; i++)
		raw[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
	lk_put_raw(out, raw, bytes);
}

void lk_put_u8(struct lk_out *out, uint8_t value)
{
	put_number(out, value, 1);
}

void lk_put_u16(struct lk_out *out, uint16_t value)
{
	put_number(out, value, 2);
}

void lk_put_u32(struct lk_out *out, uint32_t value)
{
	put_number(out, value, 4);
}

void lk_put_u64(struct lk_out *out, uint64_t value)
{
	put_number(out, value, 8);
}

void lk_put_bytes(struct lk_out *out, const void *data, size_t len)
{
	if (len > UINT32_MAX)
		out->failed = true;
	lk_put_u32(out, (uint32_t)len);
	lk_put_raw(out, data, len);
}

void lk_put_text(struct lk_out *out, const char *text)
{
	size_t len = strlen(text);

	if (len > UINT16_MAX)
		out->failed = true;
	lk_put_u16(out, (uint16_t)len);
	lk_put_raw(out, text, len);
}

/* ---- reading ---- */

const uint8_t *lk_get_raw(struct lk_in *in, size_t len)
{
	const uint8_t *data = in->at;

	if (in->bad || len > lk_in_left(in)) {
		in->bad = true;
		return NULL;
	}
	in->at += len;
	return data;
}

static uint64_t get_number(struct lk_in *in, unsigned bytes)
{
	const uint8_t *raw = lk_get_raw(in, bytes);
	uint64_t value = 0;

	for (unsigned i = 0; raw && i < bytes; i++)
		value = value << 8 | raw[i];
	return value;
}

uint8_t lk_get_u8(struct lk_in *in)
{
	return (uint8_t)get_number(in, 1);
}

uint16_t lk_get_u16(struct lk_in *in)
{
	return (uint16_t)get_number(in, 2);
}

uint32_t lk_get_u32(struct lk_in *in)
{
	return (uint32_t)get_number(in, 4);
}

uint64_t lk_get_u64(struct lk_in *in)
{
	return get_number(in, 8);
}

const uint8_t *lk_get_bytes(struct lk_in *in, size_t *len)
{
	*len = lk_get_u32(in);
	const uint8_t *data = lk_get_raw(in, *len);

	if (!data)
		*len = 0;
	return data;
}

void lk_get_text(struct lk_in *in, char *text, size_t size)
{
	size_t len = lk_get_u16(in);
	const uint8_t *data = lk_get_raw(in, len);

	text[0] = '\0';
	if (!data)
		return;
	if (len >= size || memchr(data, '\0', len)) {
		in->bad = true;
		return;
	}
	memcpy(text, data, len);
	text[len] = '\0';
}

bool lk_get_end(const struct lk_in *in)
{
	return !in->bad && in->at == in->end;
}
