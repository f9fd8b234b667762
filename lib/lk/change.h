/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replacing values wherever the database and the kits' data files have them (spec/core.md 3.14.1):
 * system names, addresses of comm paths, tags and the systems in flags as whole fields; ids, info and
 * kit data files word by word. A word ends where a byte stands that is no letter, digit, '.', '_' or
 * '-'; for a value with ':' in it, ':' does not end a word either.
 *
 * All pairs are applied at once: what was put in is not looked at again.
 */
#ifndef LK_CHANGE_H
#define LK_CHANGE_H

#include <stdbool.h>

#include "lk/lcd.h"

#define LK_KIT_FILE_MAX (1 << 20)	/* larger data files of kits are left alone */

struct lk_pair {
	const char *from, *to;
};

struct lk_moved;

struct lk_change {
	struct lk_lcd *lcd;		/* all tables loaded; begun unless dry */
	const struct lk_pair *pair;
	size_t pairs;
	bool dry;			/* only note what would be changed */
	bool keep_tags, keep_ids;
	bool force_ids;			/* replace an id as a whole, too */
	void (*note)(void *arg, const char *file, const char *text);	/* of every change */
	void (*warn)(void *arg, const char *file, const char *text);	/* what is left alone */
	void *arg;
	size_t changes;
	struct lk_moved *moved;		/* the data files */
	size_t nmoved, cmoved;
};

/* Change the tables in memory and add the data files to the transaction. 0; -1; -2 the result would
 * not be valid or something would be there twice; -5 an id would be replaced as a whole. */
int lk_change_apply(struct lk_change *change, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

void lk_change_free(struct lk_change *change) LK_NONNULL(1);

/* ---- between lib/change.c and lib/change_kit.c ---- */

/* The value that stands in place of the whole text, or NULL. */
const char *lk_change_whole(const struct lk_change *change, const char *text) LK_NONNULL(1, 2);

/* Copy text to out with all words replaced; how many were. */
size_t lk_change_words(const struct lk_change *change, const char *text, size_t len,
		       struct lk_buf *out) LK_NONNULL(1, 2, 4);

/* Count a change and report it. */
void lk_change_note(struct lk_change *change, const char *file, const char *fmt, ...)
	LK_PRINTF(3, 4) LK_NONNULL(1, 2, 3);

/* The data files of the kits; needs the tags as they were. */
int lk_change_kits(struct lk_change *change, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

#endif
