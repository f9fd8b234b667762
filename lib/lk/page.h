/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A page of text that is written over itself: its place on the disk is there once and for all, so that a disk which has
 * become full does not matter. The last line is a checksum: who reads while it is written reads again.
 */
#ifndef LK_PAGE_H
#define LK_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "lk/attr.h"
#include "lk/tree.h"

#define LK_PAGE 4096

/* Add the last line behind the len bytes that are there, and zeros up to the end. false: there is no room for it. */
bool lk_page_seal(char text[static LK_PAGE], size_t len) LK_MUST LK_NONNULL(1);

/* Write a sealed one. file: relative to the tree. The open file, which the caller closes; -1. */
int lk_page_write(const struct lk_tree *tree, const char *file, const char text[static LK_PAGE], struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);

/* What is made of a page: its lines without the last one. 1 or more, or 0: it makes no sense. */
struct lk_page_sink {
	int (*take)(void *arg, const char *text);
	void *arg;
};

/* What take() gave; 0: there is no such file. -1; -3: it is damaged, or was written to all the time. */
int lk_page_read(const struct lk_tree *tree, const char *file, const struct lk_page_sink *sink, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);

#endif
