/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tunables from $LKROOT/etc/default/LifeKeeper. */
#include "lk/tunable.h"

#include <stdio.h>
#include <string.h>

#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

/* What a line of the file may not have outside of quotes, as the shell would act on it. */
#define SHELL_BYTES "$`;&|<>()"

static bool is_key(const char *text, size_t len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";

	return len && strchr(letters, text[0]) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") >= len;
}

/* One quoted piece, *from behind its opening quote; written to *to. NULL, or what is wrong. */
static const char *unquote(char **from, char **to, char quote)
{
	char *in = *from, *out = *to;

	for (; *in != quote; in++) {
		if (!*in)
			return "a quote is not closed on the same line";
		if (quote == '"' && (*in == '$' || *in == '`'))
			return "expansions are not supported";
		if (quote == '"' && *in == '\\' && in[1] && strchr("\\\"$`", in[1]))
			in++;
		*out++ = *in;
	}
	*from = in + 1;
	*to = out;
	return NULL;
}

/* One unquoted byte, perhaps escaped. */
static const char *take_byte(char **from, char **to)
{
	char *in = *from;

	if (strchr(SHELL_BYTES, *in))
		return "a byte with a meaning to the shell must be quoted";
	if (*in == '\\' && !*++in)
		return "a line cannot be continued";
	*(*to)++ = *in;
	*from = in + 1;
	return NULL;
}

/* Turn the text behind '=' into the value, in place. NULL, or what is wrong. */
static const char *take_value(char *text)
{
	char *in = text, *out = text;
	const char *wrong = *in == '~' ? "expansions are not supported" : NULL;

	while (!wrong && *in && *in != ' ' && *in != '\t') {
		char quote = *in;

		if (quote == '\'' || quote == '"') {
			in++;
			wrong = unquote(&in, &out, quote);
		} else {
			wrong = take_byte(&in, &out);
		}
	}
	if (wrong)
		return wrong;
	size_t blanks = strspn(in, " \t");
	if (in[blanks] && in[blanks] != '#')
		return "a value with blanks must be quoted";
	*out = '\0';
	return NULL;
}

/* Take a line apart, in place; *key NULL: it sets nothing. NULL, or what is wrong. */
static const char *take_line(char *line, char **key, char **value)
{
	char *equals;

	*key = NULL;
	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return NULL;
	if (!strncmp(line, "export", 6) && (line[6] == ' ' || line[6] == '\t'))
		line += 7 + strspn(line + 7, " \t");
	equals = strchr(line, '=');
	if (!equals || !is_key(line, (size_t)(equals - line)))
		return "KEY=VALUE is needed";
	for (const char *p = line; *p; p++)
		if ((unsigned char)*p < 0x20 && *p != '\t')
			return "a control byte is not allowed";
	*equals = '\0';
	*key = line;
	*value = equals + 1;
	return take_value(*value);
}

static int look_up(char *text, const char *key, const char **found, struct lk_err *err)
{
	unsigned line = 0;

	for (char *at = text, *next; at; at = next) {
		char *name, *value, *end = strchr(at, '\n');

		next = end ? end + 1 : NULL;
		if (end)
			*end = '\0';
		line++;
		const char *wrong = take_line(at, &name, &value);
		if (wrong)
			return lk_fail(err, LK_M_DAMAGED, LK_TUNABLES, line, wrong);
		if (name && !strcmp(name, key))
			*found = value;
	}
	return 0;
}

static int copy_out(const char *key, const char *found, char *value, size_t size,
		    struct lk_err *err)
{
	char what[200];

	if (!found)
		return 0;
	if (strlen(found) >= size) {
		snprintf(what, sizeof(what), "the value of %s is longer than %zu bytes", key, size - 1);
		return lk_fail(err, LK_M_DAMAGED, LK_TUNABLES, 0, what);
	}
	snprintf(value, size, "%s", found);
	return 1;
}

int lk_tunable(const struct lk_tree *tree, const char *key, char *value, size_t size,
	       struct lk_err *err)
{
	struct lk_arena arena = { 0 };
	const char *found = NULL;
	char *text;
	size_t len;
	int rc = lk_tree_slurp(tree, LK_TUNABLES, &arena, &text, &len, err);

	if (rc > 0 && strlen(text) != len)
		rc = lk_fail(err, LK_M_DAMAGED, LK_TUNABLES, 0, "a NUL byte is not allowed");
	if (rc > 0)
		rc = look_up(text, key, &found, err);
	if (rc == 0)
		rc = copy_out(key, found, value, size, err);
	lk_arena_free(&arena);
	return rc;
}

int lk_tunable_number(const struct lk_tree *tree, const char *key, unsigned long long min,
		      unsigned long long max, unsigned long long *number, struct lk_err *err)
{
	char value[LK_TUNABLE_MAX], what[200];
	int rc = lk_tunable(tree, key, value, sizeof(value), err);

	if (rc <= 0)
		return rc;
	snprintf(what, sizeof(what), "%s: %s", LK_TUNABLES, key);
	rc = lk_parse_number(what, value, min, max, number, err);
	return rc < 0 ? rc : 1;
}
