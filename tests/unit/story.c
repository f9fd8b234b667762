/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/story.c: the line, the size of the file, and rotation by several processes at once. */
#include "lk/story.h"

#include <fcntl.h>
#include <string.h>

#include "tap.h"
#include "tree.h"
#include "lk/poison.h"

#define WRITERS 4
#define LINES 300

static int count_lines(const struct lk_tree *tree, const char *path, bool *whole)
{
	struct lk_arena arena = { 0 };
	struct lk_err err;
	char *text;
	size_t len;
	int n = 0;

	*whole = true;
	if (lk_tree_slurp(tree, path, &arena, &text, &len, &err) != 1)
		return 0;
	for (char *at = text; *at; n++) {
		char *end = strchr(at, '\n');

		*whole = *whole && end && at[0] == '{' && end[-1] == '}';
		at = end ? end + 1 : at + strlen(at);
	}
	lk_arena_free(&arena);
	return n;
}

static void check_line(const struct lk_tree *tree)
{
	const char *unknown = NULL;
	struct lk_story story = {
		.prog = "p", .pid = 7, .node = "alpha", .subject = "s", .what = "w", .decision = "d",
		.inputs = LK_INPUTS({ "a", "1" }, { "gone", unknown }, { "b", "x\"y" }), .text = "t",
	};
	struct lk_arena arena = { 0 };
	struct lk_err err;
	char *text = NULL;
	size_t len;

	ok(lk_story(tree, &story, &err) == 0, "a line is written");
	if (lk_tree_slurp(tree, LK_STORY, &arena, &text, &len, &err) != 1)
		text = (char[]){ "" };
	char *rest = strstr(text, "\"node\"");
	is(rest, "\"node\":\"alpha\",\"prog\":\"p\",\"pid\":7,\"subject\":\"s\",\"what\":\"w\",\"decision\":\"d\","
	   "\"inputs\":{\"a\":\"1\",\"b\":\"x\\\"y\"},\"text\":\"t\"}\n", "it has what was given");
	ok(!strncmp(text, "{\"time\":\"2", 10) && strstr(text, "\",\"mono\":"), "it has both times");
	lk_arena_free(&arena);
}

/* One line is about 1100 bytes, so all of them fill more than one file and less than two. */
static void write_lines(const struct lk_tree *tree, int n)
{
	char text[1000];
	struct lk_story story = { .prog = "p", .node = "alpha", .subject = "s", .what = "w",
				  .text = text };
	struct lk_err err;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < n; i++)
		if (lk_story(tree, &story, &err) < 0)
			_exit(1);
}

static void check_rotation(const struct lk_tree *tree)
{
	pid_t pid[WRITERS];
	bool good = true, whole[2];
	int status;

	unlinkat(tree->fd, LK_STORY, 0);
	for (int i = 0; i < WRITERS; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			write_lines(tree, LINES);
			_exit(0);
		}
	}
	for (int i = 0; i < WRITERS; i++)
		good = waitpid(pid[i], &status, 0) == pid[i] && status == 0 && good;
	ok(good, "%d processes write", WRITERS);
	int n = count_lines(tree, LK_STORY, &whole[0]), old = count_lines(tree, LK_STORY_OLD, &whole[1]);
	ok(old > 0 && n + old == WRITERS * LINES, "no line is lost when the file is put aside");
	ok(whole[0] && whole[1], "all lines are whole");
	diag("%d lines, %d before", n, old);
}

static void check_limit(const struct lk_tree *tree)
{
	struct stat st, old;

	tap_write(tree->root, "etc/default/LifeKeeper", "STORYSIZE=64\n", 0644);
	write_lines(tree, 500);
	ok(fstatat(tree->fd, LK_STORY, &st, 0) == 0 && st.st_size <= 66 * 1024 &&
	   fstatat(tree->fd, LK_STORY_OLD, &old, 0) == 0 && old.st_size <= 66 * 1024,
	   "neither file outgrows the limit by more than a line");
}

int main(void)
{
	const char *root = tap_tree();
	struct lk_tree tree;
	struct lk_err err;

	if (lk_tree_open(&tree, &err) < 0)
		return 99;
	tap_write(root, "etc/default/LifeKeeper", "STORYSIZE=800\n", 0644);
	check_line(&tree);
	check_rotation(&tree);
	check_limit(&tree);
	lk_tree_close(&tree);
	tap_clean(root);
	return tap_done();
}
