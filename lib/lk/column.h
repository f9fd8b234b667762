/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables for the eye: columns as wide as their contents, on a terminal of a given width. */
#ifndef LK_COLUMN_H
#define LK_COLUMN_H

#include <stdbool.h>

#include "lk/arena.h"
#include "lk/buf.h"

#define LK_COLUMNS 8

struct lk_columns {
	unsigned n;			/* columns */
	bool right[LK_COLUMNS];		/* to be aligned right */
	int shrink;			/* the column that gives way when it gets too wide; -1: none */
	struct lk_arena arena;
	struct lk_columns_row *row;
	size_t rows, cap;
	bool failed;			/* out of memory */
};

/* Add a row of n cells, which are copied; bytes that are not printable become '?'. */
void lk_columns_add(struct lk_columns *table, const char *const *cell) LK_NONNULL(1, 2);

/* Write the rows, two blanks between columns. If a line gets wider than width, the cells of the
 * column that gives way are shortened in their middle by "…" as far as that helps. */
void lk_columns_write(const struct lk_columns *table, unsigned width, struct lk_buf *out)
	LK_NONNULL(1, 3);

void lk_columns_free(struct lk_columns *table) LK_NONNULL(1);

/* How many columns of a terminal UTF-8 text takes. */
unsigned lk_text_width(const char *text) LK_NONNULL(1);

#endif
