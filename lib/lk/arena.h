/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is released all at once: the strings and rows of a loaded database. */
#ifndef LK_ARENA_H
#define LK_ARENA_H

#include <stddef.h>

#include "lk/attr.h"

struct lk_arena_chunk;

struct lk_arena {
	struct lk_arena_chunk *chunks;
	size_t left;	/* bytes free in the first chunk */
};

/* Bytes aligned for any type, or NULL when out of memory; owned by the arena. */
void *lk_arena_alloc(struct lk_arena *arena, size_t len) LK_MUST LK_NONNULL(1);

/* A copy of text, or NULL when out of memory; owned by the arena. */
char *lk_arena_dup(struct lk_arena *arena, const char *text) LK_MUST LK_NONNULL(1, 2);

void lk_arena_free(struct lk_arena *arena) LK_NONNULL(1);

#endif
