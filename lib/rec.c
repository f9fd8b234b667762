/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of the tree's record files. */
#include "lk/rec.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lk/poison.h"

#define END "#end"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decode %XX in place; NULL, or what is wrong. */
static const char *decode(char *text)
{
	char *out = strchr(text, '%');

	if (!out)
		return NULL;
	for (char *in = out; *in; out++) {
		if (*in != '%') {
			*out = *in++;
			continue;
		}
		int high = hex_value(in[1]);
		int low = high < 0 ? -1 : hex_value(in[2]);

		if (low < 0)
			return "'%' is not followed by two hexadecimal digits";
		*out = (char)(high * 16 + low);
		if (*out == '\0' || *out == '\001' || *out == '\n')
			return "a byte that may not occur in a field (%00, %01 or %0A)";
		in += 3;
	}
	*out = '\0';
	return NULL;
}

static unsigned char is_control(unsigned char c)
{
	return ((c < 0x20) & (c != '\t')) | (c == 0x7f);
}

/* Every byte of the database passes here: blocks of fixed size without branches become vector
 * instructions. */
static bool has_control(const char *text, size_t len)
{
	unsigned char found = 0;
	size_t i = 0;

	for (; i + 16 <= len; i += 16)
		for (size_t k = 0; k < 16; k++)
			found |= is_control((unsigned char)text[i + k]);
	for (; i < len; i++)
		found |= is_control((unsigned char)text[i]);
	return found;
}

/* Split one line (NUL-terminated, without its newline) into rec; NULL, or what is wrong. */
static const char *split(const struct lk_rec_kind *kind, char *line, size_t len,
			 struct lk_rec *rec)
{
	bool encoded = memchr(line, '%', len);
	unsigned n = 0;

	for (char *field = line; field;) {
		char *tab = strchr(field, '\t');

		if (tab)
			*tab++ = '\0';
		if (n == kind->columns)
			return "too many fields";
		const char *wrong = encoded ? decode(field) : NULL;
		if (wrong)
			return wrong;
		rec->field[n++] = field;
		field = tab;
	}
	return n == kind->columns ? NULL : "too few fields";
}

/* Not strcmp(3): a NUL byte in the line is damage, not its end. */
static bool is_line(const char *line, size_t len, const char *text)
{
	return len == strlen(text) && !memcmp(line, text, len);
}

static bool is_head(const struct lk_rec_kind *kind, const char *line, size_t len)
{
	char head[64];

	snprintf(head, sizeof(head), "#lockkeeper %s 1", kind->name);
	return is_line(line, len, head);
}

/* One line that is neither the first nor the last. */
static int take_line(const struct lk_rec_kind *kind, char *line, size_t len, unsigned number,
		     const struct lk_rec_sink *sink)
{
	struct lk_rec rec = { .line = number };

	if (line[0] == '#' && !memchr(line, '\0', len))
		return sink->note ? sink->note(sink->arg, line + 1) : 0;
	if (has_control(line, len))
		return sink->problem(sink->arg, number, "a control character");

	const char *wrong = split(kind, line, len, &rec);
	if (wrong)
		return sink->problem(sink->arg, number, wrong);
	return sink->record(sink->arg, &rec);
}

int lk_rec_parse(const struct lk_rec_kind *kind, char *text, size_t len,
		 const struct lk_rec_sink *sink)
{
	unsigned number = 0;
	bool ended = false;
	int rc = 0;

	for (char *line = text, *end = text + len; line < end && rc >= 0;) {
		char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t length = newline ? (size_t)(newline - line) : 0;

		number++;
		if (!newline)
			return sink->problem(sink->arg, number, "the line is cut off");
		*newline = '\0';
		if (number == 1 && !is_head(kind, line, length))
			return sink->problem(sink->arg, 1, "not the first line of such a file");
		if (ended)
			return sink->problem(sink->arg, number, "text behind the line \"" END "\"");
		ended = is_line(line, length, END);
		if (number > 1 && !ended)
			rc = take_line(kind, line, length, number, sink);
		line = newline + 1;
	}
	if (rc >= 0 && !ended)
		return sink->problem(sink->arg, number,
				     number ? "the line \"" END "\" is missing: the file is cut off"
					    : "the file is empty");
	return rc < 0 ? rc : 0;
}

void lk_rec_head(struct lk_buf *buf, const struct lk_rec_kind *kind)
{
	lk_buf_addf(buf, "#lockkeeper %s 1\n#", kind->name);
	for (unsigned i = 0; i < kind->columns; i++)
		lk_buf_addf(buf, "%s%s", i ? "\t" : "", kind->column[i]);
	lk_buf_addc(buf, '\n');
}

static void encode(struct lk_buf *buf, const char *text, bool first)
{
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c == 0x7f || c == '%' || (first && p == text && c == '#'))
			lk_buf_addf(buf, "%%%02X", c);
		else
			lk_buf_addc(buf, *p);
	}
}

void lk_rec_row(struct lk_buf *buf, const struct lk_rec_kind *kind, const char *const *fields)
{
	for (unsigned i = 0; i < kind->columns; i++) {
		if (i)
			lk_buf_addc(buf, '\t');
		encode(buf, fields[i], i == 0);
	}
	lk_buf_addc(buf, '\n');
}

void lk_rec_tail(struct lk_buf *buf)
{
	lk_buf_adds(buf, END "\n");
}
