/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When which check runs (spec/core.md 4.6). Pure: time comes in as milliseconds, whose zero does not matter,
 * chance as a number; no process, no file.
 *
 * An entry is a resource instance. It is checked while it is "on": in service and neither reserved nor in
 * maintenance. Its first check, once it is in service, is a deep one; the next of a kind is due one interval
 * after the end of the last; deep covers quick.
 */
#ifndef LKCHECK_SCHEDULE_H
#define LKCHECK_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "lk/attr.h"
#include "lk/buf.h"

#define SPREAD_MS 10000		/* the first checks after a start are spread over this time */
#define SLOW_MS 2000		/* a check that has run for longer does not keep others waiting */

enum kind { QUICK, DEEP, KINDS };
extern const char *const kind_names[];		/* "quickCheck", "deepCheck" */

/* Of an entry: off: not to be checked; waiting: for its time; running; spoiled: running, but what comes
 * out does not count, for it was off meanwhile. */
enum check_state { OFF, WAITING, RUNNING, SPOILED };
extern const char *const check_state_names[];

struct entry {
	int64_t interval[KINDS];	/* milliseconds; 0: no such check */
	int64_t due[KINDS];		/* -1: not known yet */
	int64_t key;			/* when its turn is; the order of the heap */
	int64_t started;
	enum check_state state;
	enum kind kind;			/* of the running check */
	bool fresh;			/* in service, and no check has ended since */
	bool on;
	bool asked;			/* a check is wanted at once */
	bool slow;
	int place;			/* in the heap, or among the running; -1: in neither */
};

struct schedule {
	struct entry **heap;		/* those that wait */
	struct entry **running;		/* those that run, slow ones too */
	unsigned n, nrunning, cap;
	unsigned limit;			/* checks at a time */
	unsigned busy;			/* that run and are not slow */
};

/* Room for n entries; false: out of memory, nothing has changed. */
bool schedule_reserve(struct schedule *s, unsigned n) LK_MUST LK_NONNULL(1);
void schedule_free(struct schedule *s) LK_NONNULL(1);

/* A new entry is zeroed, with place -1. */
void schedule_init(struct entry *e) LK_NONNULL(1);

/* What is true of an entry now. in_service false: the next time it is in service it is fresh. chance: any
 * number, which spreads the load. */
struct truth {
	int64_t interval[KINDS];	/* milliseconds; 0: no such check */
	bool in_service, free;		/* free: neither reserved nor in maintenance */
	uint32_t chance;
};
void schedule_set(struct schedule *s, struct entry *e, const struct truth *truth, int64_t now)
	LK_NONNULL(1, 2, 3);

/* Take an entry out. Its check must not run. */
void schedule_drop(struct schedule *s, struct entry *e) LK_NONNULL(1, 2);

/* Something has happened to it: check it at once, if it has a check and is on. */
void schedule_ask(struct schedule *s, struct entry *e) LK_NONNULL(1, 2);

/* The next check to start now, which counts as running from here on; NULL: none. */
struct entry *schedule_next(struct schedule *s, int64_t now) LK_NONNULL(1);

/* Its check has ended. True: the result counts. */
bool schedule_ended(struct schedule *s, struct entry *e, int64_t now) LK_NONNULL(1, 2);

/* When to call schedule_next() again, at the latest; INT64_MAX: when something has happened. */
int64_t schedule_wake(const struct schedule *s) LK_NONNULL(1);

/* The states as a graph for dot(1). */
void schedule_graph(struct lk_buf *out) LK_NONNULL(1);

#endif
