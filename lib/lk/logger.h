/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of a daemon, which must not wait for a disk: a small process of its own writes the lines. What
 * lk_log() and lk_story() get for the tree goes there from then on.
 *
 * As long as the writer keeps up, a line is in its file when lk_log() returns, as ever. A writer that has been waited
 * for once is not waited for before it has caught up; what it has no room for is dropped and counted, and
 * the count is a line of the log when it goes on. One that was killed is replaced. It writes what it has got
 * also when the daemon is killed, and ends then.
 */
#ifndef LK_LOGGER_H
#define LK_LOGGER_H

#include "lk/log.h"

#define LK_LOGGER_MAX 16384	/* longer texts are written directly */
#define LK_LOGGER_MS 300	/* so long a line is waited for */
#define LK_LOGGER_END_MS 1000	/* and so long all of them in the end */

enum lk_logger_kind { LK_LOGGER_LINE, LK_LOGGER_STORY };

struct lk_logger {
	const struct lk_tree *tree;
	int fd;			/* -1: there is no writer */
	pid_t owner;		/* a forked child writes by itself */
	int64_t started;	/* when the last writer was */
	uint32_t sent, written;	/* lines */
	unsigned long lost;
};

/* Start the writer; later lines about the tree go to it. Without it they are written directly. The tree must stay where
 * it is. Before it is closed: lk_logger_close(). */
void lk_logger_open(struct lk_logger *logger, struct lk_tree *tree) LK_NONNULL(1, 2);

/* See the last lines written, unless that takes long. */
void lk_logger_close(struct lk_logger *logger, struct lk_tree *tree) LK_NONNULL(1, 2);

/* For lk_log() and lk_story(): hand a text over. false: there is no writer, do it directly. */
bool lk_logger_put(struct lk_logger *logger, enum lk_logger_kind kind, int priority, const char *text)
	LK_MUST LK_NONNULL(1, 4);

/* What they do with it in the end; a text ends its line. 0 or -1. In lib/log.c and lib/story.c. */
void lk_log_syslog(int priority, const char *text) LK_NONNULL(2);
int lk_log_append(const struct lk_tree *tree, const char *text, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);
int lk_story_append(const struct lk_tree *tree, const char *text, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

#endif
