/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lk/wire.h. */
#include "lk/wire.h"

#include <string.h>

#include "tap.h"
#include "lk/poison.h"

static void test_round_trip(void)
{
	uint8_t bytes[64];
	struct lk_out out = LK_OUT(bytes);
	char text[8];
	size_t len;

	lk_put_u8(&out, 0xfe);
	lk_put_u16(&out, 0xfedc);
	lk_put_u32(&out, 0xfedcba98);
	lk_put_u64(&out, 0xfedcba9876543210);
	lk_put_text(&out, "alpha");
	lk_put_bytes(&out, "\0x", 2);
	ok(!out.failed && out.len == 1 + 2 + 4 + 8 + 7 + 6, "everything fits");
	ok(bytes[1] == 0xfe && bytes[2] == 0xdc, "the most significant byte is first");

	struct lk_in in = LK_IN(bytes, out.len);
	ok(lk_get_u8(&in) == 0xfe && lk_get_u16(&in) == 0xfedc && lk_get_u32(&in) == 0xfedcba98 &&
	   lk_get_u64(&in) == 0xfedcba9876543210, "numbers come back");
	lk_get_text(&in, text, sizeof(text));
	ok(!strcmp(text, "alpha"), "a text comes back");
	ok(!lk_get_end(&in), "something left over is noticed");
	const uint8_t *data = lk_get_bytes(&in, &len);
	ok(len == 2 && data && !memcmp(data, "\0x", 2), "bytes come back");
	ok(lk_get_end(&in), "the end is the end");
}

static void test_too_small(void)
{
	uint8_t bytes[3];
	struct lk_out out = LK_OUT(bytes);

	lk_put_u16(&out, 1);
	lk_put_u32(&out, 1);
	lk_put_u8(&out, 1);
	ok(out.failed && out.len == 2, "what does not fit is not written, nor what follows");
}

static void test_malformed(void)
{
	const uint8_t cut[] = { 0, 5, 'a', 'b' }, nul[] = { 0, 2, 'a', 0 }, longer[] = { 0, 4, 'a', 'b', 'c', 'd' };
	const uint8_t huge[] = { 0xff, 0xff, 0xff, 0xff, 'a' };
	char text[4];
	size_t len;

	struct lk_in in = LK_IN(cut, sizeof(cut));
	lk_get_text(&in, text, sizeof(text));
	ok(in.bad && !*text && lk_get_u8(&in) == 0 && !lk_get_end(&in), "a text that is cut off is bad");
	in = (struct lk_in)LK_IN(nul, sizeof(nul));
	lk_get_text(&in, text, sizeof(text));
	ok(in.bad && !*text, "a text with a NUL is bad");
	in = (struct lk_in)LK_IN(longer, sizeof(longer));
	lk_get_text(&in, text, sizeof(text));
	ok(in.bad && !*text, "a text longer than its place is bad");
	in = (struct lk_in)LK_IN(huge, sizeof(huge));
	ok(!lk_get_bytes(&in, &len) && len == 0 && in.bad, "a length beyond the end is bad");
	in = (struct lk_in)LK_IN(huge, 3);
	ok(lk_get_u32(&in) == 0 && in.bad, "a number that is cut off is bad");
}

int main(void)
{
	test_round_trip();
	test_too_small();
	test_malformed();
	return tap_done();
}
