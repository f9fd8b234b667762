/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events (spec/core.md 3.12, lk-events(7)): the programs of events/<class>/<event>/ and of
 * events/allclass/ are run one after the other, and a resource that failed is recovered.
 */
#ifndef LK_EVENT_H
#define LK_EVENT_H

#include <stdbool.h>

#include "lk/tree.h"

#define LK_EVENT_ID 320		/* room for an id, with its NUL */

enum lk_severity { LK_CLEARED, LK_INFORMATIONAL, LK_WARNING, LK_MINOR, LK_MAJOR, LK_CRITICAL };
extern const char *const lk_severity_names[];	/* NULL-terminated */

struct lk_event {
	struct lk_tree *tree;
	const char *prog;		/* who logs */
	const char *class, *name, *object;
	enum lk_severity severity;
	char *const *args;		/* for the handlers, NULL-terminated */
	char node[256], id[LK_EVENT_ID];	/* set by lk_event_identify() */
	bool recovering;		/* handlers get -A too */
};

/* Are class and event registered? 0; -2 no such class; -3 no such event; -1. */
int lk_event_check(const struct lk_event *event, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Give the event its id, <uname>.<pid>.<milliseconds since the epoch>. */
void lk_event_identify(struct lk_event *event) LK_NONNULL(1);

/* Run the handlers, with their output in the log and $LKEVENTID set, in a process of its own; or, with
 * wait, before returning: then -1 with LK_M_INTERRUPTED if a signal came, which the running handler
 * got too, and the rest was not started. A handler that fails is logged, no more. */
int lk_event_dispatch(const struct lk_event *event, bool wait, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 3);

#endif
