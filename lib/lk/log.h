/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log, $LKROOT/out/lifekeeper.log, and syslog. One line, one write(2):
 *	2026-11-20T13:50:00+01:00 PROG[PID]: LEVEL:COMPONENT:ACTION:TAG:NUMBER:TEXT
 */
#ifndef LK_LOG_H
#define LK_LOG_H

#include <sys/types.h>

#include "lk/tree.h"

#define LK_LOG "out/lifekeeper.log"
#define LK_LOG_LINE 8192	/* longer texts are cut */
#define LK_LOG_TEXT (LK_LOG_LINE + 64)	/* with time and end */

enum lk_log_level { LK_LOG_INFO, LK_LOG_WARN, LK_LOG_ERROR };

struct lk_log_line {
	enum lk_log_level level;
	const char *prog;
	pid_t pid;
	const char *component, *action, *tag;	/* may be NULL: empty */
	unsigned number;
	const char *text;			/* control bytes come out as '?' */
};

/* The line as it stands in the file, with its end; the result is its priority for syslog. */
int lk_log_text(const struct lk_log_line *line, char text[static LK_LOG_TEXT]) LK_NONNULL(1, 2);

/* Append the line and hand it to syslog. tree NULL: syslog only. 0 or -1; the caller may well ignore
 * the error: what it does matters more than that it was logged. */
int lk_log(const struct lk_tree *tree, const struct lk_log_line *line, struct lk_err *err)
	LK_NONNULL(2, 3);

#endif
