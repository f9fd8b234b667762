/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables for the eye. */
#include "lk/column.h"

#include <stdlib.h>
#include <string.h>

#include "lk/err.h"
#include "lk/poison.h"

#define GAP 2
#define SHORTEST 5
#define ELLIPSIS "\xe2\x80\xa6"

struct lk_columns_row {
	char *cell[LK_COLUMNS];
};

/* ---- UTF-8 ---- */

/* The character at *text; steps behind it. A byte that is no UTF-8 counts as a character. */
static unsigned next_char(const char **text)
{
	const unsigned char *p = (const unsigned char *)*text;
	int len = p[0] < 0xc0 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	unsigned code = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
	int i = 1;

	for (; i < len && (p[i] & 0xc0) == 0x80; i++)
		code = code << 6 | (p[i] & 0x3f);
	*text += i;
	return code;
}

/* East Asian characters take two columns. */
static unsigned char_width(unsigned c)
{
	static const struct {
		unsigned first, last;
	} wide[] = { { 0x1100, 0x115f }, { 0x2e80, 0xa4cf }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
		     { 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 },
		     { 0x1f300, 0x1faff }, { 0x20000, 0x3fffd } };

	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++)
		if (c >= wide[i].first && c <= wide[i].last)
			return 2;
	return 1;
}

unsigned lk_text_width(const char *text)
{
	unsigned width = 0;

	while (*text)
		width += char_width(next_char(&text));
	return width;
}

/* The longest head of text that is at most width columns wide, in bytes. */
static size_t head_bytes(const char *text, unsigned width)
{
	const char *p = text;

	while (*p) {
		const char *next = p;
		unsigned w = char_width(next_char(&next));

		if (w > width)
			break;
		width -= w;
		p = next;
	}
	return (size_t)(p - text);
}

/* The longest tail of text that is at most width columns wide. */
static const char *tail(const char *text, unsigned width)
{
	while (lk_text_width(text) > width)
		(void)next_char(&text);
	return text;
}

/* ---- rows ---- */

static bool grow(struct lk_columns *table)
{
	size_t cap = table->cap ? table->cap * 2 : 32;
	struct lk_columns_row *grown = realloc(table->row, cap * sizeof(*grown));

	if (!grown)
		return false;
	table->row = grown;
	table->cap = cap;
	return true;
}

void lk_columns_add(struct lk_columns *table, const char *const *cell)
{
	if (table->rows == table->cap && !grow(table)) {
		table->failed = true;
		return;
	}
	struct lk_columns_row row = { 0 };
	for (unsigned i = 0; i < table->n; i++) {
		row.cell[i] = lk_arena_dup(&table->arena, cell[i]);
		if (!row.cell[i]) {
			table->failed = true;
			return;
		}
		lk_printable(row.cell[i]);
	}
	table->row[table->rows++] = row;
}

void lk_columns_free(struct lk_columns *table)
{
	lk_arena_free(&table->arena);
	free(table->row);
	table->row = NULL;
	table->rows = table->cap = 0;
}

/* ---- writing ---- */

static void measure(const struct lk_columns *table, unsigned width, unsigned *wide)
{
	unsigned total = (table->n - 1) * GAP;

	for (unsigned i = 0; i < table->n; i++) {
		wide[i] = 0;
		for (size_t k = 0; k < table->rows; k++) {
			unsigned w = lk_text_width(table->row[k].cell[i]);

			wide[i] = w > wide[i] ? w : wide[i];
		}
		total += wide[i];
	}
	if (table->shrink < 0 || total <= width)
		return;
	unsigned *give = &wide[table->shrink];
	unsigned least = *give < SHORTEST ? *give : SHORTEST;
	*give = total - width > *give - least ? least : *give - (total - width);
}

static void pad(struct lk_buf *out, unsigned n)
{
	while (n--)
		lk_buf_addc(out, ' ');
}

static void write_cell(struct lk_buf *out, const char *cell, unsigned wide, bool right, bool last)
{
	unsigned width = lk_text_width(cell);

	if (width > wide) {
		unsigned head = (wide - 1) / 2;
		const char *end = tail(cell, wide - 1 - head);
		size_t bytes = head_bytes(cell, head);

		lk_buf_add(out, cell, bytes);
		lk_buf_adds(out, ELLIPSIS);
		lk_buf_adds(out, end);
		pad(out, last ? 0 : wide - 1 - lk_text_width(end) -
				    (lk_text_width(cell) - lk_text_width(cell + bytes)));
		return;
	}
	if (right)
		pad(out, wide - width);
	lk_buf_adds(out, cell);
	if (!right && !last)
		pad(out, wide - width);
}

void lk_columns_write(const struct lk_columns *table, unsigned width, struct lk_buf *out)
{
	unsigned wide[LK_COLUMNS];

	measure(table, width, wide);
	for (size_t k = 0; k < table->rows; k++) {
		for (unsigned i = 0; i < table->n; i++) {
			if (i)
				pad(out, GAP);
			write_cell(out, table->row[k].cell[i], wide[i], table->right[i],
				   i + 1 == table->n);
		}
		lk_buf_addc(out, '\n');
	}
	if (table->failed)
		out->failed = true;
}
