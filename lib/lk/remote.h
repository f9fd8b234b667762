/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a command on another system of the cluster. The one place that the transport fills;
 * until it does, every other system is out of service (spec/core.md 3.0.3).
 */
#ifndef LK_REMOTE_H
#define LK_REMOTE_H

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

#endif
