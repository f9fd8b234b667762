/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exit codes of every command (spec/core.md 3.0.1). This is the one table: the build makes
 * $LKROOT/lib/lk-exit.sh from it, and lk-exit(7) is checked against it.
 */
#ifndef LK_EXIT_H
#define LK_EXIT_H

enum lk_exit {
	LK_EX_OK = 0,		/* the operation succeeded */
	LK_EX_SYSTEM = 1,	/* a system or library call failed */
	LK_EX_USAGE = 2,	/* syntax error by the user */
	LK_EX_INTERNAL = 3,	/* internal error, or a damaged tree */
	LK_EX_EXISTS = 4,	/* the object already exists */
	LK_EX_ARG = 5,		/* illegal argument */
	LK_EX_LIMIT = 6,	/* a table limit is exceeded */
	LK_EX_NOENT = 7,	/* the object does not exist */
	LK_EX_INUSE = 8,	/* delete refused: an undeleted instance depends on it */
	LK_EX_COMM = 9,		/* cannot communicate with the other system */
};

#endif
