/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What names, texts and numbers may look like. */
#include "lk/name.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lk/buf.h"
#include "lk/msg.h"
#include "lk/poison.h"

/* Not isalnum(3): the rules are about bytes, whatever the locale. */
static bool is_alnum(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool consists_of(const char *text, const char *extra)
{
	for (; *text; text++)
		if (!is_alnum((unsigned char)*text) && !strchr(extra, *text))
			return false;
	return true;
}

int lk_check_tag(const char *tag, struct lk_err *err)
{
	size_t len = strlen(tag);

	if (len < 1 || len > LK_TAG_MAX)
		return lk_fail(err, LK_M_BAD_TAG, tag, "1 to 256 characters are needed");
	if (tag[0] == '.')
		return lk_fail(err, LK_M_BAD_TAG, tag, "a tag may not begin with '.'");
	if (!consists_of(tag, "-_./"))
		return lk_fail(err, LK_M_BAD_TAG, tag,
			       "only letters, digits, '-', '_', '.' and '/' are allowed");
	return 0;
}

int lk_check_sys(const char *sys, struct lk_err *err)
{
	size_t len = strlen(sys);

	if (len < 1 || len > LK_SYS_MAX)
		return lk_fail(err, LK_M_BAD_NAME, "system", sys, "1 to 255 characters are needed");
	if (!consists_of(sys, "-._"))
		return lk_fail(err, LK_M_BAD_NAME, "system", sys,
			       "only letters, digits, '-', '.' and '_' are allowed");
	return 0;
}

int lk_check_app(const char *what, const char *name, struct lk_err *err)
{
	size_t len = strlen(name);

	if (len < 1 || len > LK_APP_MAX)
		return lk_fail(err, LK_M_BAD_NAME, what, name, "1 to 64 characters are needed");
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return lk_fail(err, LK_M_BAD_NAME, what, name, "this name is not allowed");
	if (!consists_of(name, "-_."))
		return lk_fail(err, LK_M_BAD_NAME, what, name,
			       "only letters, digits, '-', '_' and '.' are allowed");
	return 0;
}

int lk_check_flag(const char *flag, struct lk_err *err)
{
	size_t len = strlen(flag);

	if (len < 1 || len > LK_FLAG_MAX)
		return lk_fail(err, LK_M_BAD_NAME, "flag", flag, "1 to 511 characters are needed");
	for (const char *p = flag; *p; p++)
		if (*p <= 0x20 || *p >= 0x7f)
			return lk_fail(err, LK_M_BAD_NAME, "flag", flag,
				       "only printable ASCII without blanks is allowed");
	return 0;
}

static int check_bytes(const char *what, const char *text, size_t min, size_t max,
		       struct lk_err *err)
{
	size_t len = strlen(text);
	char reason[80];

	if (len < min || len > max) {
		snprintf(reason, sizeof(reason), "%zu to %zu bytes are allowed, not %zu", min, max,
			 len);
		return lk_fail(err, LK_M_BAD_TEXT, what, reason);
	}
	if (strchr(text, '\001') || strchr(text, '\n'))	/* faster than strpbrk(3) */
		return lk_fail(err, LK_M_BAD_TEXT, what,
			       "the byte 0x01 and line breaks are not allowed");
	return 0;
}

int lk_check_id(const char *id, struct lk_err *err)
{
	return check_bytes("id", id, 1, LK_ID_MAX, err);
}

int lk_check_text(const char *what, const char *text, struct lk_err *err)
{
	return check_bytes(what, text, 0, LK_TEXT_MAX, err);
}

int lk_is_number(const char *text, unsigned long long min, unsigned long long max,
		 unsigned long long *value)
{
	unsigned long long sum = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(sum, 10ULL, &sum) ||
		    __builtin_add_overflow(sum, (unsigned long long)(*text - '0'), &sum))
			return false;
	}
	*value = sum;
	return sum >= min && sum <= max;
}

int lk_parse_number(const char *what, const char *text, unsigned long long min,
		    unsigned long long max, unsigned long long *value, struct lk_err *err)
{
	if (!lk_is_number(text, min, max, value))
		return lk_fail(err, LK_M_BAD_NUMBER, what, text, min, max);
	return 0;
}

static int no_such_choice(const char *what, const char *word, const char *const *choices,
			  struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF list = { 0 };

	for (int i = 0; choices[i]; i++)
		lk_buf_addf(&list, "%s%s", i ? ", " : "", choices[i]);
	return lk_fail(err, LK_M_BAD_CHOICE, what, word, list.data ? list.data : "");
}

int lk_parse_choice(const char *what, const char *word, const char *const *choices,
		    struct lk_err *err)
{
	for (int i = 0; choices[i]; i++)
		if (!strcmp(word, choices[i]))
			return i;
	return no_such_choice(what, word, choices, err);
}

static bool is_seconds(const char *text, unsigned *ms)
{
	unsigned long long whole, unit = 1000, sum = 0;
	size_t digits = strspn(text, "0123456789");
	char head[8];

	if (digits < 1 || digits >= sizeof(head))
		return false;
	memcpy(head, text, digits);
	head[digits] = '\0';
	if (!lk_is_number(head, 0, 1000000, &whole))
		return false;
	sum = whole * 1000;
	text += digits;
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9' && unit > 1; text++) {
			unit /= 10;
			sum += (unsigned long long)(*text - '0') * unit;
		}
	*ms = (unsigned)sum;
	return !*text && text[-1] != '.';
}

int lk_parse_seconds(const char *what, const char *text, unsigned min, unsigned max,
		     unsigned *ms, struct lk_err *err)
{
	char low[LK_SECONDS_TEXT], high[LK_SECONDS_TEXT];

	if (is_seconds(text, ms) && *ms >= min && *ms <= max)
		return 0;
	lk_format_seconds(min, low);
	lk_format_seconds(max, high);
	return lk_fail(err, LK_M_BAD_SECONDS, what, text, low, high);
}

void lk_format_number(unsigned long long number, char text[static LK_NUMBER_TEXT])
{
	char digits[LK_NUMBER_TEXT], *first = digits + sizeof(digits) - 1;

	*first = '\0';
	do {
		*--first = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	memcpy(text, first, (size_t)(digits + sizeof(digits) - first));
}

void lk_format_seconds(unsigned ms, char text[static LK_SECONDS_TEXT])
{
	int len = snprintf(text, LK_SECONDS_TEXT, "%u.%03u", ms / 1000, ms % 1000);

	while (text[len - 1] == '0')
		text[--len] = '\0';
	if (text[len - 1] == '.')
		text[len - 1] = '\0';
}
