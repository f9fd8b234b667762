/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing JSON. */
#include "lk/json.h"

#include <string.h>

#include "lk/name.h"
#include "lk/poison.h"

/* Length of the UTF-8 sequence at p, or 0 if it is not one. */
static int utf8_length(const unsigned char *p)
{
	if (p[0] < 0x80)
		return 1;
	int len = (p[0] & 0xe0) == 0xc0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3
		: (p[0] & 0xf8) == 0xf0 ? 4 : 0;
	unsigned code = p[0] & (0xffu >> (len + 1));

	for (int i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if ((len == 2 && code < 0x80) || (len == 3 && code < 0x800) ||
	    (len == 4 && (code < 0x10000 || code > 0x10ffff)) || (code >> 11) == 0x1b)
		return 0;
	return len;
}

static void quote(struct lk_buf *buf, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	lk_buf_addc(buf, '"');
	while (*p) {
		int len = utf8_length(p);

		if (*p == '"' || *p == '\\')
			lk_buf_addf(buf, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			lk_buf_addf(buf, "\\u%04x", *p);
		else if (len)
			lk_buf_add(buf, p, (size_t)len);
		else
			lk_buf_adds(buf, "\\ufffd");
		p += len ? len : 1;
	}
	lk_buf_addc(buf, '"');
}

static void element(struct lk_json *json, const char *key)
{
	if (json->comma)
		lk_buf_addc(&json->text, ',');
	json->comma = true;
	if (key) {
		quote(&json->text, key);
		lk_buf_addc(&json->text, ':');
	}
}

void lk_json_open(struct lk_json *json, const char *key, char bracket)
{
	element(json, key);
	lk_buf_addc(&json->text, bracket);
	json->comma = false;
}

void lk_json_close(struct lk_json *json, char bracket)
{
	lk_buf_addc(&json->text, bracket);
	json->comma = true;
}

void lk_json_string(struct lk_json *json, const char *key, const char *value)
{
	element(json, key);
	quote(&json->text, value);
}

void lk_json_number(struct lk_json *json, const char *key, long long value)
{
	element(json, key);
	lk_buf_addf(&json->text, "%lld", value);
}

void lk_json_bool(struct lk_json *json, const char *key, bool value)
{
	element(json, key);
	lk_buf_adds(&json->text, value ? "true" : "false");
}

void lk_json_seconds(struct lk_json *json, const char *key, unsigned ms)
{
	char text[LK_SECONDS_TEXT];

	lk_format_seconds(ms, text);
	element(json, key);
	lk_buf_adds(&json->text, text);
}

void lk_json_null(struct lk_json *json, const char *key)
{
	element(json, key);
	lk_buf_adds(&json->text, "null");
}
