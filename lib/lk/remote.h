/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a command on another system of the cluster. The one place that the transport fills;
 * until it does, every other system is out of service (spec/core.md 3.0.3).
 */
#ifndef LK_REMOTE_H
#define LK_REMOTE_H

#include <sys/types.h>

#include "lk/lcd.h"

struct lk_remote_request {
	const char *dest;	/* a system of sys_list, not the local one */
	const char *prog;	/* the command */
	int argc;		/* its arguments, argv[0] included and ignored; the -d option among them */
	char *const *argv;	/* stands for dest and is not passed on */
};

/* Run it there, with its output on our stdout and stderr. 0 with its exit code in *code, or -9. */
int lk_remote_run(const struct lk_lcd *lcd, const struct lk_remote_request *request, int *code,
		  struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4);

/* Run any program there, in its $LKROOT and with its $LKROOT/bin first in PATH, without a shell. */
struct lk_remote_call {
	const char *dest;		/* a system of sys_list, not the local one */
	char *const *argv;		/* NULL-terminated */
	unsigned seconds;		/* how long it may take; 0: REMOTETIMEOUT */
	/* Fetch up to size bytes for its standard input: their number, 0 at the end, or negative to give
	 * up, which is then the result. NULL: its standard input is empty. */
	ssize_t (*input)(void *arg, void *data, size_t size);
	/* Take output; stream 1 or 2. 0, or negative to give up. NULL: it goes to ours. */
	int (*output)(void *arg, int stream, const void *data, size_t size);
	void *arg;
};

/* 0 with its exit code in *code; -9; -1, also when lcm does not run; what a callback returned. */
int lk_remote_call(const struct lk_tree *tree, const struct lk_remote_call *call, int *code,
		   struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4);

#endif
