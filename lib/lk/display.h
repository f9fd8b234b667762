/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The displays of lcdstatus (spec/core.md 3.9.5): one walk over the hierarchies, three ways to write
 * what it meets. Part of liblkcmd.a; nothing is printed here.
 */
#ifndef LK_DISPLAY_H
#define LK_DISPLAY_H

#include "lk/column.h"
#include "lk/graph.h"
#include "lk/json.h"
#include "lk/lcd.h"
#include "lk/status.h"

#define LK_DISPLAY_WIDTH 80

struct lk_display {
	/* set by the caller */
	struct lk_lcd *lcd;		/* all tables loaded */
	const char *root;		/* only this tag and what is below it; NULL: everything */
	bool backup;			/* short: the next backup system in front */
	struct lk_err *err;
	/* results, to be freed by the caller */
	struct lk_buf out;
	struct lk_json json;
	/* of the walk */
	struct lk_graph graph;
	struct lk_standing *standing;	/* by node */
	unsigned *level;		/* by node: depth below the root of this walk */
	unsigned *walk;			/* by node: the last walk that was here */
	unsigned walks;
	bool once;			/* a shared child is shown under its first root only */
	void (*show)(struct lk_display *d, unsigned node);
	struct lk_columns table;
};

/* First of all: build the graph and sort the tables. 0 or -1. */
int lk_display_prepare(struct lk_display *d) LK_MUST LK_NONNULL(1);

/* Write into out, or json. 0; -1; -7 no such root. */
int lk_display_short(struct lk_display *d) LK_MUST LK_NONNULL(1);
int lk_display_full(struct lk_display *d) LK_MUST LK_NONNULL(1);
int lk_display_json(struct lk_display *d) LK_MUST LK_NONNULL(1);

/* ---- for the three ---- */

/* Call show for every resource, each root before what is below it. */
int lk_display_walk(struct lk_display *d) LK_MUST LK_NONNULL(1);

/* "LOCAL/REMOTE" or the device of a path. */
const char *lk_display_path(const struct lk_net *net, char *text, size_t size) LK_NONNULL(1, 2);

#endif
