/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output of a program as lines of the log. A process of its own reads it, for as long as anyone
 * writes: a service that a script has left running keeps a working standard output after we are gone.
 */
#ifndef LK_LOGPIPE_H
#define LK_LOGPIPE_H

#include "lk/log.h"

#define LK_LOGPIPE_LINES 10000	/* what is more is dropped: a babbler must not fill the disk */

struct lk_logpipe {
	int fd;		/* for the program's output; -1: there is none */
	pid_t pid;
};

/* line stands for all that is logged, but its text; it is used only during the call. 0 or -1. */
int lk_logpipe_open(struct lk_logpipe *pipe, const struct lk_tree *tree,
		    const struct lk_log_line *line, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4);

/* Close our end and see the last lines logged, unless somebody else holds the pipe open. */
void lk_logpipe_close(struct lk_logpipe *pipe) LK_NONNULL(1);

#endif
