/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lkwatchdog says of its device. */
#include "lk/dog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/boot.h"
#include "lk/cleanup.h"
#include "lk/msg.h"
#include "lk/page.h"
#include "lk/proc.h"
#include "lk/tunable.h"
#include "lk/poison.h"

#define HEAD "#lockkeeper watchdog 1\n"

/* ---- the page ---- */

static bool format(const struct lk_dog *dog, const char *mark, char text[static LK_PAGE])
{
	int len = snprintf(text, LK_PAGE,
			   HEAD "boot=%sstate=%u pid=%ld start=%llu wanted=%u timeout=%u most=%u nowayout=%u\n"
			   "device=%s\nidentity=%s\nwhy=%s\n", mark, (unsigned)dog->state, (long)dog->process.pid,
			   dog->process.start, dog->wanted, dog->timeout, dog->most, dog->nowayout, dog->device,
			   dog->identity, dog->why);

	return lk_page_seal(text, (size_t)len);
}

/* The rest of a line that begins with key; *at goes to the next one. */
static bool take_line(const char **at, const char *key, char *value, size_t size)
{
	size_t len = strlen(key), n = strcspn(*at, "\n");

	if (strncmp(*at, key, len) != 0 || n < len || n - len >= size || (*at)[n] != '\n')
		return false;
	snprintf(value, size, "%.*s", (int)(n - len), *at + len);
	*at += n + 1;
	return true;
}

static bool take_numbers(const char *line, struct lk_dog *dog)
{
	unsigned state, nowayout;
	long pid;

	if (sscanf(line, "%u pid=%ld start=%llu wanted=%u timeout=%u most=%u nowayout=%u", &state, &pid,
		   &dog->process.start, &dog->wanted, &dog->timeout, &dog->most, &nowayout) != 7 ||
	    state > LK_DOG_ENDED || nowayout > 1)
		return false;
	dog->state = (enum lk_dog_state)state;
	dog->process.pid = (pid_t)pid;
	dog->nowayout = nowayout;
	return true;
}

/* A page, and the boot that it was written in. */
struct page {
	struct lk_dog *dog;
	char boot[LK_BOOT_MARK];
};

static int parse(void *arg, const char *text)
{
	struct page *page = arg;
	struct lk_dog *dog = page->dog;
	const char *at = text + sizeof(HEAD) - 1;
	char numbers[256];

	*dog = (struct lk_dog){ .state = LK_DOG_NONE };
	return !strncmp(text, HEAD, sizeof(HEAD) - 1) && take_line(&at, "boot=", page->boot, sizeof(page->boot)) &&
	       take_line(&at, "state=", numbers, sizeof(numbers)) && take_numbers(numbers, dog) &&
	       take_line(&at, "device=", dog->device, sizeof(dog->device)) &&
	       take_line(&at, "identity=", dog->identity, sizeof(dog->identity)) &&
	       take_line(&at, "why=", dog->why, sizeof(dog->why)) && !*at;
}

/* ---- the files ---- */

/* The open file, or negative. */
static int put(const struct lk_tree *tree, const char *file, const struct lk_dog *dog, struct lk_err *err)
{
	char mark[LK_BOOT_MARK], text[LK_PAGE];
	int rc = lk_boot_mark(mark, err);

	if (rc < 0)
		return rc;
	return format(dog, mark, text) ? lk_page_write(tree, file, text, err) : lk_fail(err, LK_M_BROKEN, file);
}

/* 1; 2: of another start of the machine; 0; negative. */
static int get(const struct lk_tree *tree, const char *file, struct lk_dog *dog, struct lk_err *err)
{
	struct page page = { .dog = dog };
	const struct lk_page_sink sink = { parse, &page };
	char mark[LK_BOOT_MARK];

	*dog = (struct lk_dog){ .state = LK_DOG_NONE };
	int rc = lk_page_read(tree, file, &sink, err);
	if (rc < 0)
		*dog = (struct lk_dog){ .state = LK_DOG_NONE };
	if (rc <= 0)
		return rc;
	rc = lk_boot_mark(mark, err);
	mark[strcspn(mark, "\n")] = '\0';
	return rc < 0 ? rc : !strcmp(page.boot, mark) ? 1 : 2;
}

int lk_dog_write(const struct lk_tree *tree, const struct lk_dog *dog, struct lk_err *err)
{
	int fd = put(tree, LK_DOG_FILE, dog, err);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int lk_dog_read(const struct lk_tree *tree, struct lk_dog *dog, struct lk_err *err)
{
	int rc = get(tree, LK_DOG_FILE, dog, err);

	return rc > 1 ? 0 : rc;
}

int lk_dog_remember(const struct lk_tree *tree, const struct lk_dog *dog, struct lk_err *err)
{
	int LK_AUTO_CLOSE fd = put(tree, LK_DOG_REFUSED_FILE, dog, err);
	int LK_AUTO_CLOSE dir = openat(tree->fd, "config", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fd;
	if (fsync(fd) < 0 || dir < 0 || fsync(dir) < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, LK_DOG_REFUSED_FILE);
	return 0;
}

int lk_dog_remembered(const struct lk_tree *tree, struct lk_dog *dog, struct lk_err *err)
{
	int rc = get(tree, LK_DOG_REFUSED_FILE, dog, err);

	return rc > 1 ? 1 : rc;
}

/* ---- for whoever asks ---- */

static bool because(char text[static LK_ERR_TEXT], const char *why)
{
	snprintf(text, LK_ERR_TEXT, "%s", why);
	return false;
}

bool lk_dog_protects(const struct lk_tree *tree, char text[static LK_ERR_TEXT])
{
	char path[LK_TUNABLE_MAX] = "";
	struct lk_dog dog;
	struct lk_err err;

	if (lk_tunable(tree, "WATCHDOG_DEVICE", path, sizeof(path), &err) < 0)
		return because(text, err.text);
	if (!*path || !strcmp(path, "none"))
		return because(text, "WATCHDOG_DEVICE is not set");
	int rc = lk_dog_read(tree, &dog, &err);
	if (rc <= 0)
		return because(text, rc < 0 ? err.text : "lkwatchdog has not run since the machine started");
	if (strcmp(dog.device, path) != 0)
		return because(text, "WATCHDOG_DEVICE was changed after lkwatchdog had started");
	if (dog.state == LK_DOG_BAD || dog.state == LK_DOG_REFUSED)
		return because(text, dog.why);
	if (dog.state != LK_DOG_ARMED || !lk_proc_alive(&dog.process))
		return because(text, "lkwatchdog does not run");
	snprintf(text, LK_ERR_TEXT, "%s, %u s", dog.device, dog.timeout);
	return true;
}
