/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk/buf.h, lk/arena.h, and what the database does when memory runs out at any allocation. malloc and
 * realloc are wrapped by the linker. */
#include "lk/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/buf.h"
#include "lk/flg.h"
#include "tap.h"
#include "lk/poison.h"

static unsigned long left = ~0UL;	/* allocations until memory is gone */

void *__real_malloc(size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	/* ASan does not return from impossible sizes */
	return size < SIZE_MAX / 4 && left && left-- ? __real_malloc(size) : NULL;
}

void *__wrap_realloc(void *p, size_t size)
{
	return left && left-- ? __real_realloc(p, size) : NULL;
}

static void buffers(void)
{
	struct lk_buf LK_AUTO_BUF buf = { 0 };

	lk_buf_adds(&buf, "");
	ok(buf.data && buf.len == 0 && !*buf.data, "adding nothing gives an empty text");
	for (int i = 0; i < 1000; i++)
		lk_buf_addf(&buf, "%c", 'a' + i % 26);
	lk_buf_add(&buf, "\0x", 2);
	ok(buf.len == 1002 && buf.data[999] == 'a' + 999 % 26 && buf.data[1001] == 'x' &&
	   !buf.data[1002] && !buf.failed, "a buffer grows, and takes any byte");
	left = 0;
	while (!buf.failed)
		lk_buf_addc(&buf, 'x');
	size_t len = buf.len;
	left = ~0UL;
	lk_buf_adds(&buf, "more");
	ok(buf.failed && buf.len == len, "a lack of memory is remembered, nothing is added any more");
	struct lk_buf LK_AUTO_BUF huge = { 0 };
	ok(!lk_buf_room(&huge, SIZE_MAX) && huge.failed, "an impossible size is out of memory");
	struct lk_buf LK_AUTO_BUF text = { 0 };
	left = 0;
	lk_buf_addf(&text, "%d", 1);
	ok(text.failed && !text.data, "so it is in formatting");
	left = ~0UL;
}

static void arenas(void)
{
	struct lk_arena arena = { 0 };
	bool aligned = true;

	for (size_t len = 0; len < 300; len++) {
		char *p = lk_arena_alloc(&arena, len);

		aligned = aligned && p && (uintptr_t)p % 16 == 0;
		if (len)
			memset(p, 0xaa, len);
	}
	ok(aligned, "what an arena gives is aligned");
	ok(lk_arena_alloc(&arena, 1 << 20) != NULL, "large pieces are possible");
	ok(lk_arena_alloc(&arena, SIZE_MAX) == NULL && lk_arena_alloc(&arena, SIZE_MAX / 2 - 8) == NULL,
	   "impossible ones are NULL");
	char *copy = lk_arena_dup(&arena, "text");
	is(copy, "text", "a copy is equal");
	left = 0;
	ok(lk_arena_alloc(&arena, 1 << 20) == NULL, "NULL without memory");
	left = ~0UL;
	lk_arena_free(&arena);
	ok(!arena.chunks && !arena.left, "a freed arena is empty");
	lk_arena_free(&arena);
}

static int set_flag(const char *flag, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_FLG, err);

	if (rc == 0)
		rc = lk_flg_add(&lcd, flag, err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, err);
}

static int has_flag(const char *flag, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_ALL, err);

	return rc < 0 ? rc : !!lk_flg_find(&lcd, flag);
}

/* The command is repeated with one more allocation, until it has enough. */
static void database(const char *flag)
{
	unsigned long n = 0;
	struct lk_err err;
	int rc = -1, bad = 0;

	for (; rc < 0 && n < 1000; n++) {
		left = n;
		rc = set_flag(flag, &err);
		left = ~0UL;
		if (rc < 0 && (rc != -1 || strcmp(err.text, "out of memory") != 0 ||
			       has_flag(flag, &err) != 0))
			bad++;
	}
	ok(rc == 0 && n > 3, "setting a flag needs %lu allocations", n - 1);
	ok(bad == 0 && has_flag(flag, &err) == 1,
	   "with fewer it says \"out of memory\" and changes nothing");
	for (n = 0, rc = -1; rc < 0 && n < 1000; n++) {
		left = n;
		rc = has_flag(flag, &err);
		left = ~0UL;
		if (rc < 0 && (rc != -1 || strcmp(err.text, "out of memory") != 0))
			bad++;
	}
	ok(rc == 1 && bad == 0, "reading says so, too");
}

int main(void)
{
	char root[] = "/tmp/lk-unit-XXXXXX", command[64];

	buffers();
	arenas();
	if (!mkdtemp(root) || setenv("LKROOT", root, 1) < 0 || chdir(root) < 0)
		return 1;
	mkdir("config", 0755);
	alarm(60);
	database("first");	/* in a fresh tree */
	database("second");
	snprintf(command, sizeof(command), "%s", root);
	for (const char *const *f = (const char *const[]){ "app", "typ", "dep", "eqv", "sys", "net", "flg", "epoch",
			"lock", NULL }; *f; f++) {
		snprintf(command, sizeof(command), "config/%s", *f);
		unlink(command);
	}
	ok(rmdir("config") == 0 && rmdir(root) == 0, "no other file was left");
	return tap_done();
}
