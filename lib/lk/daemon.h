/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of the daemons, beside that of the commands (lk/cmd.h): log lines, the background, readiness,
 * the lock, signals. It prints, and ends the process of the starter, so it is part of liblkcmd.a.
 */
#ifndef LK_DAEMON_H
#define LK_DAEMON_H

#include <stdbool.h>

#include "lk/buf.h"
#include "lk/cmd.h"
#include "lk/log.h"

struct lk_daemon {		/* the member "frame" of a daemon's world */
	const struct lk_tree *tree;		/* of the log; the caller's */
	const char *prog;
	const char *component, *action;		/* of its lines; NULL: empty */
	bool talk;				/* lines go to standard error, too */
	int ready_fd;				/* the starter waits at it; -1: nobody does */
};

/* ---- log lines; what goes wrong with the log itself is ignored ---- */

/* Log a message of lk/msg.h: lk_say(&w->frame, LK_LOG_INFO, LK_M_INIT_UP). */
void lk_say(const struct lk_daemon *d, enum lk_log_level level, int number, int code, const char *fmt, ...)
	LK_PRINTF(5, 6) LK_NONNULL(1, 5);
void lk_say_err(const struct lk_daemon *d, enum lk_log_level level, const struct lk_err *err) LK_NONNULL(1, 3);

/* The same with level, component, action and tag of line; the other members are filled in. */
void lk_say_line(const struct lk_daemon *d, const struct lk_log_line *line, int number, int code, const char *fmt,
		 ...) LK_PRINTF(5, 6) LK_NONNULL(1, 2, 5);

/* ---- the start ---- */

/* Set talk as -f and the terminal want it. Without -f and a supervisor go to the background: the starter's process ends
 * with 0 once lk_daemon_ready() was called, or with 1 if we end before. 0; -1, still in the foreground. */
int lk_daemon_start(struct lk_daemon *d, const struct lk_cmd *cmd, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* Take the lock file, a name below the root, for as long as the descriptor is open. Its number; 0: another process
 * has it; -1. */
int lk_daemon_lock(const struct lk_daemon *d, const char *file, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* Block these n signals, and no other, and have them come through the descriptor that is returned, non-blocking;
 * -1. None of them is ignored any more, nor is SIGCHLD; SIGPIPE is. */
int lk_daemon_signals(const int *signals, size_t n, struct lk_err *err) LK_MUST LK_NONNULL(1, 3);

/* Tell the supervisor and the starter that it works. */
void lk_daemon_ready(struct lk_daemon *d) LK_NONNULL(1);

/* ---- option --graph ---- */

/* Print what draw() makes. 0 or -1. */
int lk_daemon_graph(struct lk_cmd *cmd, void (*draw)(struct lk_buf *out)) LK_MUST LK_NONNULL(1, 2);

#endif
