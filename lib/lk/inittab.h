/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of daemons, $LKROOT/etc/LKinit.config: LKinit.config(5). */
#ifndef LK_INITTAB_H
#define LK_INITTAB_H

#include <stdbool.h>

#include "lk/tree.h"

#define LK_INITTAB "etc/LKinit.config"
#define LK_INITTAB_ROWS 32
#define LK_INITTAB_ARGS 32		/* arguments of one daemon */
#define LK_INITTAB_TAG 32		/* bytes of a tag */
#define LK_INITTAB_SECONDS 3600		/* largest limit */
#define LK_INITTAB_READY 30		/* defaults, seconds */
#define LK_INITTAB_STOP 10

enum lk_init_action { LK_RESPAWN, LK_ONCE, LK_OFF };

struct lk_init_row {
	const char *text;		/* the line, to tell whether it has changed */
	const char *tag, *program;	/* the program is relative to the root, or absolute */
	const char *wants;		/* started only with this file of the tree; NULL: always */
	enum lk_init_action action;
	bool noready;			/* it does not say when it is ready */
	unsigned ready, stop;		/* limits in seconds */
	char *argv[LK_INITTAB_ARGS + 2];
	unsigned line;
	char bytes[];			/* what the pointers point to */
};

struct lk_inittab {
	struct lk_init_row *row[LK_INITTAB_ROWS];	/* each one allocated by malloc */
	unsigned n;
};

/* Take the text of a table apart; it is not changed. 0; -3 with file and line; -1. In any case the
 * caller frees the table. */
int lk_inittab_parse(struct lk_inittab *tab, const char *text, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Read the tree's table without the rows whose file is not there, and see that every program is. 0; -3; -1.
 * The same about freeing. */
int lk_inittab_read(struct lk_inittab *tab, const struct lk_tree *tree, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Rows that were taken out (set to NULL) stay. */
void lk_inittab_free(struct lk_inittab *tab) LK_NONNULL(1);

/* Let every daemon of the table whose action is "once" be restarted when it ends, durably. The rest
 * of the file stays as it is. 0; -3; -1. */
int lk_inittab_respawn(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

#define LK_AUTO_INITTAB __attribute__((cleanup(lk_inittab_free)))

#endif
