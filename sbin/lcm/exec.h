/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting programs for others and for events. */
#ifndef LCM_EXEC_H
#define LCM_EXEC_H

#include <stdbool.h>
#include <sys/types.h>

#include "lk/attr.h"
#include "lk/tree.h"

struct exec_request {
	const struct lk_tree *tree;
	char *const *argv;	/* NULL-terminated; argv[0] is looked for in PATH */
	bool input;		/* a pipe for its standard input, else /dev/null */
	bool output;		/* pipes for its outputs, else /dev/null and our standard error */
	bool merge;		/* one pipe for both */
};

struct exec_child {
	pid_t pid;
	int in, out[2];		/* our ends, not blocking; -1: none */
};

/*
 * In $LKROOT, with LKROOT, PATH ($LKROOT/bin and $LKROOT/lkadm/bin first) and little else in the environment,
 * an own process group, no signals blocked or ignored, no other descriptors. 0, or -1 with errno:
 * nothing was started. A program that cannot be run exits with 127 or 126 and a line on its standard
 * error.
 */
int exec_start(const struct exec_request *request, struct exec_child *child) LK_MUST LK_NONNULL(1, 2);

/* The exit code that stands for a status of waitpid(2). */
int exec_code(int status);

#endif
