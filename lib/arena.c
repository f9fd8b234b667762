/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is released all at once. */
#include "lk/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lk/poison.h"

#define CHUNK 16384
#define ALIGN 16

struct lk_arena_chunk {
	struct lk_arena_chunk *next;
	size_t size;
	_Alignas(ALIGN) char data[];
};

void *lk_arena_alloc(struct lk_arena *arena, size_t len)
{
	if (len > SIZE_MAX / 2)
		return NULL;
	len = (len + ALIGN - 1) / ALIGN * ALIGN;
	if (arena->chunks && len <= arena->left) {
		arena->left -= len;
		return arena->chunks->data + arena->left;
	}

	size_t size = len > CHUNK ? len : CHUNK;
	struct lk_arena_chunk *chunk = malloc(sizeof(*chunk) + size);
	if (!chunk)
		return NULL;
	*chunk = (struct lk_arena_chunk){ .next = arena->chunks, .size = size };
	arena->chunks = chunk;
	arena->left = size - len;
	return chunk->data + arena->left;
}

char *lk_arena_dup(struct lk_arena *arena, const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = lk_arena_alloc(arena, len);

	return copy ? memcpy(copy, text, len) : NULL;
}

void lk_arena_free(struct lk_arena *arena)
{
	while (arena->chunks) {
		struct lk_arena_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
	arena->left = 0;
}
