/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the story of decisions. Only the JSON that may stand there: no value of a member that we do not know
 * matters, but it has to be well formed. */
#include "lk/storyline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lk/poison.h"

#define DEPTH_MAX 16

/* ---- JSON ---- */

static void blanks(char **at)
{
	*at += strspn(*at, " \t");
}

static bool take(char **at, char c)
{
	blanks(at);
	if (**at != c)
		return false;
	++*at;
	return true;
}

static char *put_utf8(char *to, unsigned code)
{
	if (code < 0x80) {
		*to++ = (char)code;
	} else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
	} else {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	}
	return to;
}

/* Four hexadecimal digits, or -1. */
static int take_hex(const char *at)
{
	char digits[5] = "", *end;

	for (int i = 0; i < 4 && at[i]; i++)
		digits[i] = at[i];
	if (strspn(digits, "0123456789abcdefABCDEF") != 4)
		return -1;
	return (int)strtol(digits, &end, 16);
}

/* What stands behind a backslash; the result is never longer than that. NUL and halves of pairs become '?'. */
static bool take_escape(char **at, char **to)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	const char *found = **at ? strchr(from, **at) : NULL;

	if (found) {
		*(*to)++ = into[found - from];
		++*at;
		return true;
	}
	int code = **at == 'u' ? take_hex(*at + 1) : -1;
	if (code < 0)
		return false;
	*at += 5;
	*to = put_utf8(*to, !code || (code >> 11) == 0x1b ? '?' : (unsigned)code);
	return true;
}

static bool take_string(char **at, const char **string)
{
	char *to, *from;

	if (!take(at, '"'))
		return false;
	*string = from = to = *at;
	while (*from != '"') {
		if ((unsigned char)*from < 0x20)
			return false;
		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		from++;
		if (!take_escape(&from, &to))
			return false;
	}
	*at = from + 1;
	*to = '\0';
	return true;
}

static bool take_word(char **at)
{
	size_t len = strspn(*at, "+-.0123456789eEtrufalsn");

	*at += len;
	return len > 0;
}

static bool skip_value(char **at, int depth);

/* The rest of an object or array, behind its bracket. */
static bool skip_rest(char **at, char close, int depth)
{
	const char *ignored;

	if (take(at, close))
		return true;
	do {
		if (close == '}' && (!take_string(at, &ignored) || !take(at, ':')))
			return false;
		if (!skip_value(at, depth))
			return false;
	} while (take(at, ','));
	return take(at, close);
}

static bool skip_value(char **at, int depth)
{
	const char *ignored;

	if (depth > DEPTH_MAX)
		return false;
	blanks(at);
	if (**at == '"')
		return take_string(at, &ignored);
	if (take(at, '{'))
		return skip_rest(at, '}', depth + 1);
	if (take(at, '['))
		return skip_rest(at, ']', depth + 1);
	return take_word(at);
}

/* ---- members ---- */

/* "2026-11-25T20:00:00.123+01:00" */
static bool take_time(const char *text, int64_t *ms)
{
	int year, month, day, hour, minute, second, milli, zone_h, zone_m, end = 0;
	char sign;

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3d%c%2d:%2d%n", &year, &month, &day, &hour, &minute,
		   &second, &milli, &sign, &zone_h, &zone_m, &end) != 10 || !end || text[end])
		return false;
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour,
			 .tm_min = minute, .tm_sec = second };
	int64_t offset = (zone_h * 60 + zone_m) * 60;
	*ms = ((int64_t)timegm(&tm) - (sign == '-' ? -offset : offset)) * 1000 + milli;
	return sign == '-' || sign == '+';
}

/* Those that do not fit are left out. */
static bool take_inputs(char **at, struct lk_storyline *found)
{
	struct lk_story_input input;
	int n = 0;

	if (!take(at, '{'))
		return false;
	if (take(at, '}'))
		return true;
	do {
		if (!take_string(at, &input.key) || !take(at, ':') || !take_string(at, &input.value))
			return false;
		if (n < LK_STORY_INPUTS)
			found->input[n++] = input;
	} while (take(at, ','));
	found->input[n] = (struct lk_story_input){ NULL, NULL };
	return take(at, '}');
}

static bool take_member(char **at, struct lk_storyline *found, const char **when)
{
	const struct {
		const char *key, **value;
	} texts[] = {
		{ "time", when }, { "node", &found->node }, { "prog", &found->prog },
		{ "subject", &found->subject }, { "what", &found->what },
		{ "decision", &found->decision }, { "text", &found->text },
	};
	const char *key;

	if (!take_string(at, &key) || !take(at, ':'))
		return false;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(key, texts[i].key))
			return take_string(at, texts[i].value);
	return strcmp(key, "inputs") ? skip_value(at, 0) : take_inputs(at, found);
}

bool lk_storyline_parse(char *line, struct lk_storyline *found)
{
	const char *when = NULL;

	*found = (struct lk_storyline){ .node = "", .prog = "", .subject = "", .what = "" };
	if (!take(&line, '{'))
		return false;
	do {
		if (!take_member(&line, found, &when))
			return false;
	} while (take(&line, ','));
	if (!take(&line, '}'))
		return false;
	return !line[strspn(line, " \t\r\n")] && when && take_time(when, &found->ms);
}

bool lk_storyline_about(const struct lk_storyline *line, const char *name)
{
	if (!strcmp(line->subject, name))
		return true;
	for (int i = 0; line->input[i].key; i++)
		if (!strcmp(line->input[i].value, name))
			return true;
	return false;
}
