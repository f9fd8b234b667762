/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log file and syslog. */
#include "lk/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/logger.h"
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

int lk_log_text(const struct lk_log_line *line, char text[static LK_LOG_TEXT])
{
	time_text(text);
	char *body = text + strlen(text);

	snprintf(body, LK_LOG_LINE, "%s[%ld]: %s:%s:%s:%s:%06u:%s", line->prog, (long)line->pid,
		 level_names[line->level], line->component ? line->component : "",
		 line->action ? line->action : "", line->tag ? line->tag : "", line->number,
		 line->text);
	lk_printable(body);
	memcpy(body + strlen(body), "\n", 2);
	return LOG_DAEMON | priorities[line->level];
}

/* O_NONBLOCK: a FIFO in place of the log must not hang us. */
int lk_log_append(const struct lk_tree *tree, const char *text, struct lk_err *err)
{
	int LK_AUTO_CLOSE fd = openat(tree->fd, LK_LOG, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW |
				      O_NONBLOCK | O_CLOEXEC, LOG_MODE);
	size_t len = strlen(text);

	if (fd < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, LK_LOG);
	ssize_t done = write(fd, text, len);
	if (done < 0 || (size_t)done != len)
		return lk_fail_errno(err, done < 0 ? errno : ENOSPC, "%s/%s", tree->root, LK_LOG);
	return 0;
}

/* Which has a time of its own, and no lines. */
void lk_log_syslog(int priority, const char *text)
{
	const char *body = strchr(text, ' ');

	body = body ? body + 1 : text;
	syslog(priority, "%.*s", (int)strcspn(body, "\n"), body);
}

int lk_log(const struct lk_tree *tree, const struct lk_log_line *line, struct lk_err *err)
{
	char text[LK_LOG_TEXT];
	int priority = lk_log_text(line, text);

	if (tree && tree->logger && lk_logger_put(tree->logger, LK_LOGGER_LINE, priority, text))
		return 0;
	lk_log_syslog(priority, text);
	return tree && tree->fd >= 0 ? lk_log_append(tree, text, err) : 0;
}
