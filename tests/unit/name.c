/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk/name.h: every rule and its boundary. */
#include "lk/name.h"

#include <stdlib.h>

#include "tap.h"
#include "lk/poison.h"

static struct lk_err err;

/* Text of n times c. */
static const char *repeat(char c, int n)
{
	static char text[8192];

	memset(text, c, (size_t)n);
	text[n] = '\0';
	return text;
}

static void tags(void)
{
	static const char *const good[] = { "a", "A-b_c.d/e", "a/../b", "/", "-x", "9", "a..", NULL };
	static const char *const bad[] = { "", ".", ".a", "a b", "a:b", "a!b", "a\tb", "a\n", "\xc3\xa9",
					   "a\x7f", "a%", NULL };

	for (int i = 0; good[i]; i++)
		ok(lk_check_tag(good[i], &err) == 0, "tag \"%s\" is allowed", good[i]);
	for (int i = 0; bad[i]; i++)
		ok(lk_check_tag(bad[i], &err) == -5, "bad tag number %d is refused", i);
	ok(lk_check_tag(repeat('t', 256), &err) == 0, "a tag of 256 bytes is allowed");
	ok(lk_check_tag(repeat('t', 257), &err) == -5, "a tag of 257 bytes is refused");
	ok(lk_check_tag("a b", &err) == -5, "a tag with a blank is refused");
	is(err.text, "tag \"a b\": only letters, digits, '-', '_', '.' and '/' are allowed",
	   "the message shows the tag and the rule");
}

static void systems_and_types(void)
{
	ok(lk_check_sys("node-1.example_x", &err) == 0, "a system name with - . _ is allowed");
	ok(lk_check_sys("", &err) == -5 && lk_check_sys("a/b", &err) == -5 &&
	   lk_check_sys("a b", &err) == -5 && lk_check_sys("a!b", &err) == -5,
	   "a system name that is empty or has / blank ! is refused");
	ok(lk_check_sys(repeat('s', 255), &err) == 0 && lk_check_sys(repeat('s', 256), &err) == -5,
	   "a system name has at most 255 bytes");
	ok(lk_check_app("type", "WebServer", &err) == 0 && lk_check_app("type", "a-b_c.d", &err) == 0 &&
	   lk_check_app("type", "...", &err) == 0, "application and type names with - _ . are allowed");
	ok(lk_check_app("type", "", &err) == -5 && lk_check_app("type", ".", &err) == -5 &&
	   lk_check_app("type", "..", &err) == -5 && lk_check_app("type", "a/b", &err) == -5,
	   "names that would be no file name are refused");
	ok(lk_check_app("type", repeat('a', 64), &err) == 0 &&
	   lk_check_app("type", repeat('a', 65), &err) == -5, "such a name has at most 64 bytes");
	ok(lk_check_app("application", "..", &err) == -5, "\"..\" is refused");
	is(err.text, "application \"..\": this name is not allowed", "the message says what it is");
}

static void flags_and_texts(void)
{
	ok(lk_check_flag("!action!02833!701236710!alpha:Create", &err) == 0, "a lock flag is allowed");
	ok(lk_check_flag("a/b#%~", &err) == 0, "any printable ASCII is allowed in a flag");
	ok(lk_check_flag("", &err) == -5 && lk_check_flag("a b", &err) == -5 &&
	   lk_check_flag("\xc3\xa9", &err) == -5 && lk_check_flag("a\x7f", &err) == -5 &&
	   lk_check_flag("\001", &err) == -5, "other flags are refused");
	ok(lk_check_flag(repeat('f', 511), &err) == 0 && lk_check_flag(repeat('f', 512), &err) == -5,
	   "a flag has at most 511 bytes");
	ok(lk_check_id("10.0.0.1 any \t\xff", &err) == 0, "an id is any bytes");
	ok(lk_check_id("", &err) == -5 && lk_check_id("a\001b", &err) == -5 &&
	   lk_check_id("a\n", &err) == -5, "but not empty, and without 0x01 and line break");
	ok(lk_check_id(repeat('i', 1024), &err) == 0 && lk_check_id(repeat('i', 1025), &err) == -5,
	   "an id has at most 1024 bytes");
	ok(lk_check_text("info", "", &err) == 0 && lk_check_text("info", repeat('x', 4096), &err) == 0,
	   "an info is empty or up to 4096 bytes");
	ok(lk_check_text("info", repeat('x', 4097), &err) == -5, "longer is refused");
	is(err.text, "info: 0 to 4096 bytes are allowed, not 4097", "with the numbers");
}

static void numbers(void)
{
	static const char *const bad[] = { "", " 5", "5 ", "+5", "-5", "0x5", "5.0", "4", "11",
					   "18446744073709551621", "99999999999999999999999", NULL };
	unsigned long long value;

	ok(lk_parse_number("n", "5", 5, 10, &value, &err) == 0 && value == 5, "the minimum is allowed");
	ok(lk_parse_number("n", "010", 5, 10, &value, &err) == 0 && value == 10,
	   "the maximum is, and a leading 0 is decimal");
	ok(lk_parse_number("n", "18446744073709551615", 0, ~0ULL, &value, &err) == 0 && value == ~0ULL,
	   "the largest number is read");
	for (int i = 0; bad[i]; i++)
		ok(lk_parse_number("n", bad[i], 5, 10, &value, &err) == -5, "\"%s\" is refused", bad[i]);
	is(err.text, "n \"99999999999999999999999\": a whole number from 5 to 10 is needed",
	   "the message has the range");
}

static void choices(void)
{
	static const char *const list[] = { "one", "two", NULL };

	ok(lk_parse_choice("c", "two", list, &err) == 1, "a choice gives its index");
	ok(lk_parse_choice("c", "TWO", list, &err) == -5, "case matters");
	is(err.text, "c \"TWO\": must be one of one, two", "the message lists the choices");
}

static void seconds(void)
{
	static const char *const bad[] = { "", ".", "5.", ".5", "0.0001", "5.1234", "-1", "1e1", "0.099",
					   "60.001", "1 ", "99999999", NULL };
	char text[LK_SECONDS_TEXT];
	unsigned ms;

	ok(lk_parse_seconds("s", "0.1", 100, 60000, &ms, &err) == 0 && ms == 100, "0.1 is 100 ms");
	ok(lk_parse_seconds("s", "60", 100, 60000, &ms, &err) == 0 && ms == 60000, "60 is allowed");
	ok(lk_parse_seconds("s", "1.234", 100, 60000, &ms, &err) == 0 && ms == 1234,
	   "three decimals are read");
	for (int i = 0; bad[i]; i++)
		ok(lk_parse_seconds("s", bad[i], 100, 60000, &ms, &err) == -5, "\"%s\" is refused",
		   bad[i]);
	is(err.text, "s \"99999999\": seconds from 0.1 to 60 are needed", "the message has the range");
	is((lk_format_seconds(5000, text), text), "5", "5000 ms are 5 s");
	is((lk_format_seconds(200, text), text), "0.2", "200 ms are 0.2 s");
	is((lk_format_seconds(1050, text), text), "1.05", "1050 ms are 1.05 s");
	is((lk_format_seconds(0, text), text), "0", "0 ms are 0 s");
	is((lk_format_seconds(4294967295U, text), text), "4294967.295", "the largest fits");
}

int main(void)
{
	tags();
	systems_and_types();
	flags_and_texts();
	numbers();
	choices();
	seconds();
	return tap_done();
}
