/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz the checks of names, texts and numbers: what they accept keeps the rules, what they refuse has a
 * message. */
#include "lk/name.h"

#include <string.h>

#include "fuzz.h"
#include "lk/poison.h"

static void check_message(int rc, const struct lk_err *err)
{
	MUST(rc >= 0 || rc == -LK_EX_ARG);
	if (rc >= 0)
		return;
	MUST(err->text[0] && memchr(err->text, '\0', sizeof(err->text)));
	for (const char *p = err->text; *p; p++)
		MUST((unsigned char)*p >= 0x20 && *p != 0x7f);
}

static void check_names(const char *text, size_t len)
{
	struct lk_err err;
	int rc = lk_check_tag(text, &err);

	check_message(rc, &err);
	MUST(rc < 0 || (len >= 1 && len <= LK_TAG_MAX && *text != '.' && !strpbrk(text, ":! \t")));
	rc = lk_check_sys(text, &err);
	check_message(rc, &err);
	MUST(rc < 0 || (len >= 1 && len <= LK_SYS_MAX && !strchr(text, '/')));
	rc = lk_check_app("type", text, &err);
	check_message(rc, &err);
	MUST(rc < 0 || (len >= 1 && len <= LK_APP_MAX && !strchr(text, '/') &&
			strcmp(text, "..") != 0 && strcmp(text, ".") != 0));
	rc = lk_check_flag(text, &err);
	check_message(rc, &err);
	MUST(rc < 0 || (len >= 1 && len <= LK_FLAG_MAX && !strchr(text, ' ')));
	rc = lk_check_id(text, &err);
	check_message(rc, &err);
	MUST(rc < 0 || (len >= 1 && len <= LK_ID_MAX && !strpbrk(text, "\001\n")));
	rc = lk_check_text("info", text, &err);
	check_message(rc, &err);
	MUST(rc < 0 || (len <= LK_TEXT_MAX && !strpbrk(text, "\001\n")));
}

static void check_numbers(const char *text)
{
	static const char *const choices[] = { "one", "two", NULL };
	char again[LK_SECONDS_TEXT];
	unsigned long long value = 0;
	unsigned ms = 0, ms2 = 0;
	struct lk_err err;
	int rc = lk_parse_number("number", text, 5, 5000, &value, &err);

	check_message(rc, &err);
	MUST(rc < 0 || (value >= 5 && value <= 5000));
	rc = lk_parse_seconds("seconds", text, 100, 60000, &ms, &err);
	check_message(rc, &err);
	if (rc == 0) {
		MUST(ms >= 100 && ms <= 60000);
		lk_format_seconds(ms, again);
		MUST(lk_parse_seconds("seconds", again, 100, 60000, &ms2, &err) == 0 && ms == ms2);
	}
	rc = lk_parse_choice("choice", text, choices, &err);
	check_message(rc, &err);
	MUST(rc < 0 || !strcmp(text, choices[rc]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	check_names(text, strlen(text));
	check_numbers(text);
	free(text);
	return 0;
}
