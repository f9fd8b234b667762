/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of the tree's record files, lk-records(5): a first line "#lockkeeper KIND 1", a line
 * with the column names, one record per line with TAB between the fields, and "#end". Bytes
 * that would break a line, and '%', are written as %XX.
 */
#ifndef LK_REC_H
#define LK_REC_H

#include <stddef.h>

#include "lk/buf.h"
#include "lk/err.h"

#define LK_REC_COLUMNS 14

struct lk_rec_kind {
	const char *name;			/* third word of the first line's file kind */
	unsigned columns;
	const char *column[LK_REC_COLUMNS];
};

struct lk_rec {
	unsigned line;				/* counted from 1 */
	char *field[LK_REC_COLUMNS];		/* decoded, NUL-terminated, in the caller's text */
};

struct lk_rec_sink {
	/* A good line. Returns 0, or negative to stop; then lk_rec_parse() returns that. */
	int (*record)(void *arg, struct lk_rec *rec);
	/* A bad line (0: the file as a whole). Returns 0 to go on, or negative to stop. */
	int (*problem)(void *arg, unsigned line, const char *what);
	/* The text behind the # of a line that is no record and is left out otherwise: of the column names, or one that
	 * older readers do not know. NULL: not wanted. As record. */
	int (*note)(void *arg, char *text);
	void *arg;
};

/* Take text apart, in place (it must be NUL-terminated and is changed). 0, or what a callback
 * returned. After a problem in the first line nothing else is looked at. */
int lk_rec_parse(const struct lk_rec_kind *kind, char *text, size_t len,
		 const struct lk_rec_sink *sink) LK_MUST LK_NONNULL(1, 2, 4);

/* Write a file: head, rows of kind->columns fields, tail. */
void lk_rec_head(struct lk_buf *buf, const struct lk_rec_kind *kind) LK_NONNULL(1, 2);
void lk_rec_row(struct lk_buf *buf, const struct lk_rec_kind *kind, const char *const *fields)
	LK_NONNULL(1, 2, 3);
void lk_rec_tail(struct lk_buf *buf) LK_NONNULL(1);

#endif
