/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages that are written over themselves. */
#include "lk/page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/msg.h"
#include "lk/qwkobject.h"
#include "lk/poison.h"

#define TRIES 50		/* a writer may be at work, for some microseconds */
#define END "#end "
#define END_SIZE (sizeof(END "00000000\n"))

static void end_line(const char *text, size_t len, char line[static END_SIZE])
{
	snprintf(line, END_SIZE, END "%08x\n", lk_crc32(text, len));
}

bool lk_page_seal(char text[static LK_PAGE], size_t len)
{
	if (len > LK_PAGE - END_SIZE)
		return false;
	memset(text + len, 0, LK_PAGE - len);
	end_line(text, len, text + len);
	return true;
}

int lk_page_write(const struct lk_tree *tree, const char *file, const char text[static LK_PAGE], struct lk_err *err)
{
	int fd = openat(tree->fd, file, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	ssize_t done = fd < 0 ? -1 : pwrite(fd, text, LK_PAGE, 0);

	if (done == LK_PAGE)
		return fd;
	int saved = done < 0 ? errno : ENOSPC;
	if (fd >= 0)
		close(fd);
	return lk_fail_errno(err, saved, "%s/%s", tree->root, file);
}

/* Cuts the last line off. */
static bool unseal(char text[static LK_PAGE + 1])
{
	char want[END_SIZE];
	char *end = NULL;

	/* a text may have such a line, too */
	for (char *at = text; (at = strstr(at, "\n" END)); at++)
		end = at + 1;
	if (!end)
		return false;
	end_line(text, (size_t)(end - text), want);
	if (strcmp(want, end) != 0)
		return false;
	*end = '\0';
	return true;
}

int lk_page_read(const struct lk_tree *tree, const char *file, const struct lk_page_sink *sink, struct lk_err *err)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int LK_AUTO_CLOSE fd = openat(tree->fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[LK_PAGE + 1];

	if (fd < 0)
		return errno == ENOENT ? 0 : lk_fail_errno(err, errno, "%s/%s", tree->root, file);
	for (int i = 0; i < TRIES; i++) {
		ssize_t n = pread(fd, text, LK_PAGE, 0);

		if (n < 0)
			return lk_fail_errno(err, errno, "%s/%s", tree->root, file);
		text[n] = '\0';
		int rc = unseal(text) ? sink->take(sink->arg, text) : 0;
		if (rc > 0)
			return rc;
		nanosleep(&moment, NULL);
	}
	return lk_fail(err, LK_M_DAMAGED, file, 0, "the checksum does not match");
}
