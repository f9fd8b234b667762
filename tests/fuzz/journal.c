/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz the reading of config/journal, which is obeyed with root's rights: what it accepts stays in the
 * tree, and is the same when written and read again. */
#include "lk/journal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "lk/poison.h"

static struct lk_tree tree = { .root = "fuzz", .fd = -1 };
static char dir[] = "/tmp/lk-fuzz-XXXXXX";

static void clean(void)
{
	unlinkat(tree.fd, LK_JOURNAL, 0);
	unlinkat(tree.fd, "config", AT_REMOVEDIR);
	rmdir(dir);
}

static void make_tree(void)
{
	if (tree.fd >= 0)
		return;
	if (access("/dev/shm", W_OK) == 0)
		memcpy(dir, "/dev/shm/fz-XXXXXX", sizeof("/dev/shm/fz-XXXXXX"));
	MUST(mkdtemp(dir));
	tree.fd = open(dir, O_PATH | O_DIRECTORY);
	MUST(tree.fd >= 0 && mkdirat(tree.fd, "config", 0755) == 0);
	atexit(clean);
}

static int read_back(const void *data, size_t size, struct lk_arena *arena,
		     struct lk_journal **journal)
{
	struct lk_err err = { 0 };
	int fd = openat(tree.fd, LK_JOURNAL, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
	int rc = lk_journal_read(&tree, arena, journal, &err);
	MUST(rc == 1 || (rc == -LK_EX_INTERNAL && err.text[0]));
	return rc;
}

/* No absolute path, no "..", no empty part: every component is a name below the root. */
static void check_path(const char *path)
{
	MUST(*path && strlen(path) < LK_PATH_MAX);
	for (const char *part = path;; part++) {
		size_t len = strcspn(part, "/");

		MUST(len > 0);
		MUST(!(len == 1 && part[0] == '.'));
		MUST(!(len == 2 && part[0] == '.' && part[1] == '.'));
		part += len;
		if (!*part)
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_arena arena = { 0 };
	struct lk_buf LK_AUTO_BUF once = { 0 };
	struct lk_buf LK_AUTO_BUF twice = { 0 };
	struct lk_journal *journal;

	make_tree();
	if (size < 65536 && read_back(data, size, &arena, &journal) == 1) {
		MUST(journal->n <= LK_TX_FILES);
		for (unsigned i = 0; i < journal->n; i++)
			check_path(journal->op[i].path);
		lk_journal_text(journal, &once);
		MUST(read_back(once.data, once.len, &arena, &journal) == 1);
		lk_journal_text(journal, &twice);
		MUST(once.len == twice.len && !memcmp(once.data, twice.data, once.len));
	}
	lk_arena_free(&arena);
	return 0;
}
