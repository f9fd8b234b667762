/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk/json.h: commas, escapes, broken UTF-8. */
#include "lk/json.h"

#include "tap.h"
#include "lk/poison.h"

static void string_is(const char *value, const char *want, const char *what)
{
	struct lk_json LK_AUTO_JSON json = { 0 };

	lk_json_string(&json, NULL, value);
	is(json.text.data, want, what);
}

static void structure(void)
{
	struct lk_json LK_AUTO_JSON json = { 0 };

	lk_json_open(&json, NULL, '[');
	lk_json_open(&json, NULL, '{');
	lk_json_string(&json, "a\"", "b");
	lk_json_number(&json, "n", -5);
	lk_json_bool(&json, "t", true);
	lk_json_bool(&json, "f", false);
	lk_json_seconds(&json, "s", 200);
	lk_json_null(&json, "z");
	lk_json_open(&json, "e", '[');
	lk_json_close(&json, ']');
	lk_json_close(&json, '}');
	lk_json_open(&json, NULL, '{');
	lk_json_close(&json, '}');
	lk_json_number(&json, NULL, 7);
	lk_json_close(&json, ']');
	is(json.text.data, "[{\"a\\\"\":\"b\",\"n\":-5,\"t\":true,\"f\":false,\"s\":0.2,\"z\":null,"
	   "\"e\":[]},{},7]", "every kind of element, with its commas");
}

int main(void)
{
	structure();
	string_is("", "\"\"", "an empty text");
	string_is("a\"b\\c/", "\"a\\\"b\\\\c/\"", "quotation mark and backslash");
	string_is("\001\t\n\x1f\x7f", "\"\\u0001\\u0009\\u000a\\u001f\\u007f\"", "control characters");
	string_is("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
		  "UTF-8 of 2, 3 and 4 bytes passes");
	string_is("a\xff\x80z", "\"a\\ufffd\\ufffdz\"", "stray bytes");
	string_is("\xc3", "\"\\ufffd\"", "a sequence cut off at the end");
	string_is("\xe2\x82z", "\"\\ufffd\\ufffdz\"", "a sequence cut off before a letter");
	string_is("\xc0\xaf", "\"\\ufffd\\ufffd\"", "an overlong sequence");
	string_is("\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\"", "an overlong sequence of 3 bytes");
	string_is("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"", "half of a surrogate pair");
	string_is("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"", "a code above 10FFFF");
	string_is("\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\"", "the highest code passes");
	return tap_done();
}
