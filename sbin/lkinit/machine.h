/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of one daemon: a state machine that knows nothing of processes and has no clock of its own. */
#ifndef LKINIT_MACHINE_H
#define LKINIT_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "lk/buf.h"

#define BACKOFF_FIRST 1000	/* milliseconds; the first restart is at once */
#define BACKOFF_LIMIT 60000
#define STABLE 60000		/* ready for so long: the next restart is at once again */
#define KILL_AGAIN 5000

enum state { IDLE, STARTING, UP, WAITING, LATE, STOPPING, DONE, STATES };
enum event { EV_START, EV_READY, EV_EXIT, EV_OVER, EV_TIMER, EV_STOP, EVENTS };
enum action {
	ACT_NONE,
	ACT_SPAWN,	/* start the process */
	ACT_READY,
	ACT_STABLE,
	ACT_BACKOFF,	/* it has ended and will be started again */
	ACT_TERM,
	ACT_KILL,
	ACT_ENDED,	/* it has ended for good */
	ACT_UNKNOWN,	/* the event has no meaning in this state */
};

extern const char *const state_names[];
extern const char *const event_names[];

struct machine {
	enum state state;
	int64_t deadline;		/* when EV_TIMER is due, milliseconds; -1: never */
	int64_t delay;			/* before the next restart */
	int64_t ready_ms, stop_ms;	/* limits */
};

/* EV_OVER is the end of a process that is not to be started again. The caller carries the action out. */
enum action machine_step(struct machine *m, enum event event, int64_t now);

/* The table as a graph, in the language of dot(1). */
void machine_graph(struct lk_buf *out);

#endif
