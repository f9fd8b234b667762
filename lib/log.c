/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log file and syslog. */
#include "lk/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/poison.h"

#define LOG_MODE 0640

static const char *const level_names[] = { "INFO", "WARN", "ERROR" };
static const int priorities[] = { LOG_INFO, LOG_WARNING, LOG_ERR };

/* "2026-11-20T13:50:00+01:00 " */
static void time_text(char text[static 32])
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	size_t len = strftime(text, 28, "%Y-%m-%dT%H:%M:%S%z", &tm);
	/* %z has no colon */
	if (len >= 2 && len < 29) {
		memmove(text + len - 1, text + len - 2, 3);
		text[len - 2] = ':';
		len++;
	}
	text[len] = ' ';
	text[len + 1] = '\0';
}

static void line_text(const struct lk_log_line *line, char text[static LK_LOG_LINE])
{
	snprintf(text, LK_LOG_LINE, "%s[%ld]: %s:%s:%s:%s:%06u:%s", line->prog, (long)line->pid,
		 level_names[line->level], line->component ? line->component : "",
		 line->action ? line->action : "", line->tag ? line->tag : "", line->number,
		 line->text);
	lk_printable(text);
}

/* O_NONBLOCK: a FIFO in place of the log must not hang us. */
static int append(const struct lk_tree *tree, char *text, struct lk_err *err)
{
	char stamp[32];
	int LK_AUTO_CLOSE fd = openat(tree->fd, LK_LOG, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW |
				      O_NONBLOCK | O_CLOEXEC, LOG_MODE);

	if (fd < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, LK_LOG);
	time_text(stamp);
	struct iovec part[] = {
		{ .iov_base = stamp, .iov_len = strlen(stamp) },
		{ .iov_base = text, .iov_len = strlen(text) },
		{ .iov_base = (char[]){ '\n' }, .iov_len = 1 },
	};
	ssize_t done = writev(fd, part, 3);
	size_t len = part[0].iov_len + part[1].iov_len + 1;
	if (done < 0 || (size_t)done != len)
		return lk_fail_errno(err, done < 0 ? errno : ENOSPC, "%s/%s", tree->root, LK_LOG);
	return 0;
}

int lk_log(const struct lk_tree *tree, const struct lk_log_line *line, struct lk_err *err)
{
	char text[LK_LOG_LINE];

	line_text(line, text);
	syslog(LOG_DAEMON | priorities[line->level], "%s", text);
	return tree && tree->fd >= 0 ? append(tree, text, err) : 0;
}
