/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz the reading of etc/default/LifeKeeper. A file that is accepted has a value for every key asked for,
 * or none; one that is refused is refused whatever key is asked for, with file and line. A value
 * written back in quotes reads the same.
 */
#include "lk/tunable.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "lk/poison.h"

#define SMALL 8

static struct lk_tree tree = { .root = "fuzz", .fd = -1 };
static char dir[] = "/tmp/lk-fuzz-XXXXXX";

static void clean(void)
{
	unlinkat(tree.fd, LK_TUNABLES, 0);
	unlinkat(tree.fd, "etc/default", AT_REMOVEDIR);
	unlinkat(tree.fd, "etc", AT_REMOVEDIR);
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
	MUST(tree.fd >= 0 && mkdirat(tree.fd, "etc", 0755) == 0);
	MUST(mkdirat(tree.fd, "etc/default", 0755) == 0);
	atexit(clean);
}

static void write_file(const void *data, size_t size)
{
	int fd = openat(tree.fd, LK_TUNABLES, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

static void check_refused(int rc, const struct lk_err *err)
{
	static const char file[] = LK_TUNABLES ":";

	MUST(rc == -LK_EX_INTERNAL && err->code == LK_EX_INTERNAL);
	MUST(!strncmp(err->text, file, strlen(file)));
	MUST(memchr(err->text, '\0', sizeof(err->text)));
	for (const char *p = err->text; *p; p++)
		MUST((unsigned char)*p >= 0x20 && *p != 0x7f);
}

/* The value in single quotes, which keep every byte but their own kind. */
static void check_again(const char *value)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };
	char again[LK_TUNABLE_MAX];
	struct lk_err err;

	lk_buf_adds(&text, "K='");
	for (const char *p = value; *p; p++)
		if (*p == '\'')
			lk_buf_adds(&text, "'\\''");
		else
			lk_buf_addc(&text, *p);
	lk_buf_adds(&text, "'\n");
	write_file(text.data, text.len);
	MUST(lk_tunable(&tree, "K", again, sizeof(again), &err) == 1);
	MUST(!strcmp(again, value));
}

/* Into a buffer that is too small the value does not go, nor a part of it. */
static void check_small(size_t len)
{
	char value[SMALL + 1] = { [SMALL] = 0x55 };
	struct lk_err err;
	int rc = lk_tunable(&tree, "K", value, SMALL, &err);

	MUST(value[SMALL] == 0x55);
	if (len < SMALL)
		MUST(rc == 1 && strlen(value) == len);
	else
		check_refused(rc, &err);
}

static void check_number(int text_rc)
{
	unsigned long long number = 77;
	struct lk_err err;
	int rc = lk_tunable_number(&tree, "K", 5, 5000, &number, &err);

	if (rc == 1)
		MUST(text_rc == 1 && number >= 5 && number <= 5000);
	else
		MUST(rc == text_rc || (text_rc == 1 && rc == -LK_EX_ARG));
	MUST(rc != 0 || number == 77);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char value[LK_TUNABLE_MAX] = "", other[LK_TUNABLE_MAX];
	struct lk_err err = { 0 }, err2 = { 0 };

	if (size >= 65536)
		return 0;
	make_tree();
	write_file(data, size);
	int rc = lk_tunable(&tree, "K", value, sizeof(value), &err);
	int rc2 = lk_tunable(&tree, "LCMHBEATTIME", other, sizeof(other), &err2);
	MUST(rc == 0 || rc == 1 || rc == -LK_EX_INTERNAL);
	check_number(rc);
	if (rc < 0)
		check_refused(rc, &err);
	/* line 0: it is the one value that is too long, or no text at all */
	if (rc < 0 && !strstr(err.text, ":0: "))
		MUST(rc2 == rc && !strcmp(err.text, err2.text));
	if (rc == 1) {
		check_small(strlen(value));
		check_again(value);
	}
	return 0;
}
