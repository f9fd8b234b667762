/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/page.c: what is read is whole, also while it is written. */
#include "lk/page.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "tap.h"
#include "tree.h"
#include "lk/poison.h"

#define FILE_NAME "run/page"
#define READS 5000

static char taken[LK_PAGE + 1];

/* All letters alike. */
static int take(void *arg, const char *text)
{
	int *rc = arg;

	snprintf(taken, sizeof(taken), "%s", text);
	return strspn(text, (char[]){ *text, '\n', '\0' }) == strlen(text) ? *rc : 0;
}

static int put(const struct lk_tree *tree, char letter, size_t len)
{
	char text[LK_PAGE];
	struct lk_err err;

	memset(text, letter, LK_PAGE);
	text[len - 1] = '\n';
	if (!lk_page_seal(text, len))
		return -1;
	int fd = lk_page_write(tree, FILE_NAME, text, &err);
	return fd < 0 ? fd : close(fd);
}

static int get(const struct lk_tree *tree, int rc)
{
	const struct lk_page_sink sink = { take, &rc };
	struct lk_err err;

	*taken = '\0';
	return lk_page_read(tree, FILE_NAME, &sink, &err);
}

static void check_file(const struct lk_tree *tree)
{
	struct lk_err err;
	char text[LK_PAGE];
	struct stat st;

	ok(get(tree, 1) == 0, "without a file there is nothing");
	ok(put(tree, 'a', 5) == 0 && get(tree, 1) == 1 && !strcmp(taken, "aaaa\n"), "what was written is read, without its end");
	ok(get(tree, 7) == 7, "with what was made of it");
	ok(stat(FILE_NAME, &st) == 0 && st.st_size == LK_PAGE, "the file has the size of a page");
	ok(put(tree, 'b', 3000) == 0 && put(tree, 'c', 2) == 0 && get(tree, 1) == 1 && !strcmp(taken, "c\n"),
	   "of a longer one before nothing is left");
	memset(text, 'd', LK_PAGE);
	ok(lk_page_seal(text, LK_PAGE - 15) && !lk_page_seal(text, LK_PAGE - 14) && !lk_page_seal(text, SIZE_MAX),
	   "one that leaves no room for the checksum is refused");
	ok(mkdir("run/dir", 0755) == 0 && lk_page_write(tree, "run/dir", text, &err) == -1, "what cannot be written is an error");
}

static void check_damage(const struct lk_tree *tree)
{
	static const char *const bad[] = { "", "aaaa\n", "aaaa\n#end 00000000\n", "#end 00000000\n", "\n#end " };
	unsigned refused = 0;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		tap_write(".", FILE_NAME, bad[i], 0640);
		refused += get(tree, 1) == -3;
	}
	ok(refused == sizeof(bad) / sizeof(*bad), "what has no end, or a wrong checksum, is damaged");
	put(tree, 'a', 5);
	int fd = open(FILE_NAME, O_WRONLY | O_CLOEXEC);
	ok(fd >= 0 && pwrite(fd, "b", 1, 1) == 1 && close(fd) == 0 && get(tree, 1) == -3, "a byte that differs is noticed");
	put(tree, 'a', 5);
	ok(get(tree, 0) == -3, "so is what makes no sense");
}

static void check_writer(const struct lk_tree *tree)
{
	unsigned good = 0;
	pid_t pid = fork();

	if (pid == 0)
		for (unsigned i = 0;; i++)
			(void)!put(tree, (char)('a' + i % 26), 2 + i * 7 % 4000);
	for (unsigned i = 0; i < READS; i++)
		good += get(tree, 1) == 1;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(good == READS, "who reads while it is written reads a whole one");
}

int main(void)
{
	const char *root = tap_tree();
	struct lk_tree tree;
	struct lk_err err;

	if (chdir(root) < 0 || lk_tree_open(&tree, &err) < 0)
		return 99;
	check_file(&tree);
	check_damage(&tree);
	check_writer(&tree);
	lk_tree_close(&tree);
	tap_clean(root);
	return tap_done();
}
