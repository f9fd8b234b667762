/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/tunable.c: which texts set which values, and which are refused. */
#include "lk/tunable.h"

#include <string.h>

#include "tap.h"
#include "tree.h"
#include "lk/poison.h"

struct vector {
	const char *name, *text;
	int rc;
	const char *value;	/* of key K; for an error: a part of the message */
};

static const struct vector vectors[] = {
	{ "a plain value", "K=5\n", 1, "5" },
	{ "no newline at the end", "K=5", 1, "5" },
	{ "an empty file", "", 0, "" },
	{ "another key only", "KK=5\nJ=6\n", 0, "" },
	{ "comments and empty lines", "# K=1\n\n  # x\n\tK=2 # three\n", 1, "2" },
	{ "the last one wins", "K=1\nK=2\n", 1, "2" },
	{ "an empty value", "K=\n", 1, "" },
	{ "an empty value with a comment", "K= # none\n", 1, "" },
	{ "a hash inside a word is no comment", "K=a#b\n", 1, "a#b" },
	{ "export is allowed", "export K=x\n", 1, "x" },
	{ "single quotes keep everything", "K='a $b \\ \"c\" #d'\n", 1, "a $b \\ \"c\" #d" },
	{ "double quotes and their escapes", "K=\"a \\\"b\\\" \\$c \\\\ \\d\"\n", 1,
	  "a \"b\" $c \\ \\d" },
	{ "pieces are joined", "K=a'b c'\"d e\"f\\ g\n", 1, "ab cd ef g" },
	{ "an equals sign in the value", "K=a=b\n", 1, "a=b" },
	{ "an open quote", "K='a\nJ=1\n", -3, "LifeKeeper:1: a quote is not closed" },
	{ "an expansion", "J=1\nK=$HOME\n", -3, "LifeKeeper:2: " },
	{ "an expansion in quotes", "K=\"a${B}\"\n", -3, "LifeKeeper:1: expansions" },
	{ "a command substitution", "K=`id`\n", -3, "LifeKeeper:1: " },
	{ "a home directory", "K=~/x\n", -3, "LifeKeeper:1: expansions" },
	{ "a second command", "K=1;J=2\n", -3, "LifeKeeper:1: " },
	{ "two words", "K=1 2\n", -3, "LifeKeeper:1: a value with blanks" },
	{ "a blank before the equals sign", "K =1\n", -3, "LifeKeeper:1: KEY=VALUE" },
	{ "a bad line of another key", "K=1\n9J=2\n", -3, "LifeKeeper:2: KEY=VALUE" },
	{ "a word alone", "K\n", -3, "LifeKeeper:1: KEY=VALUE" },
	{ "a continued line", "K=a\\\nb\n", -3, "LifeKeeper:1: a line cannot" },
	{ "a carriage return", "K=1\r\n", -3, "LifeKeeper:1: a control byte" },
	{ "a value that is too long", "K=12345678901234567890123456789012\n", -3, "longer than 31" },
};

static void check_vector(const char *root, const struct vector *v)
{
	struct lk_tree tree;
	struct lk_err err = { 0 };
	char value[32] = "";

	tap_write(root, LK_TUNABLES, v->text, 0644);
	if (lk_tree_open(&tree, &err) < 0)
		exit(99);
	int rc = lk_tunable(&tree, "K", value, sizeof(value), &err);
	bool good = rc == v->rc && (rc < 0 ? strstr(err.text, v->value) != NULL
					   : !strcmp(value, v->value));
	if (!ok(good, "%s", v->name))
		printf("# rc %d, value \"%s\", error \"%s\"\n", rc, value, err.text);
	lk_tree_close(&tree);
}

static void check_numbers(const char *root)
{
	unsigned long long number = 7;
	struct lk_tree tree;
	struct lk_err err = { 0 };

	if (lk_tree_open(&tree, &err) < 0)
		exit(99);
	tap_write(root, LK_TUNABLES, "K='15'\nL=15s\n", 0644);
	ok(lk_tunable_number(&tree, "J", 1, 99, &number, &err) == 0 && number == 7,
	       "a number that is not set leaves the default");
	ok(lk_tunable_number(&tree, "K", 1, 99, &number, &err) == 1 && number == 15,
	       "a number");
	ok(lk_tunable_number(&tree, "K", 20, 99, &number, &err) == -5,
	       "a number out of range");
	ok(lk_tunable_number(&tree, "L", 1, 99, &number, &err) == -5 &&
	       strstr(err.text, "LifeKeeper: L \"15s\""), "not a number");
	lk_tree_close(&tree);
}

static void check_files(const char *root)
{
	char path[128], value[32];
	struct lk_tree tree;
	struct lk_err err = { 0 };

	if (lk_tree_open(&tree, &err) < 0)
		exit(99);
	snprintf(path, sizeof(path), "%s/%s", root, LK_TUNABLES);
	unlink(path);
	ok(lk_tunable(&tree, "K", value, sizeof(value), &err) == 0,
	       "no file sets nothing");
	ok(mkdir(path, 0755) == 0 &&
	       lk_tunable(&tree, "K", value, sizeof(value), &err) == -3, "not a file");
	lk_tree_close(&tree);
}

int main(void)
{
	const char *root = tap_tree();

	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
		check_vector(root, &vectors[i]);
	check_numbers(root);
	check_files(root);
	tap_clean(root);
	return tap_done();
}
