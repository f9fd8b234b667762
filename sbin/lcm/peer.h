/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of one other system, as a table of states and events (spec/core.md 5.2 to 5.6). Pure: time
 * comes in as an argument, what is to be done goes out as a set of actions.
 */
#ifndef LCM_PEER_H
#define LCM_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lk/attr.h"

enum peer_state {
	PEER_UNKNOWN,	/* nothing is known yet */
	PEER_ALIVE,	/* a path is alive, comm_up has been processed */
	PEER_SUSPECT,	/* all paths are dead, the safety check runs */
	PEER_DOWN,	/* it is taken for dead */
	PEER_RETURNING,	/* a path is alive, comm_up is being processed */
	PEER_STATES
};

enum peer_event {
	PEER_PATH_UP,	/* a path is alive; no sign of life by itself, another one may just have died */
	PEER_ALL_DEAD,	/* all paths are dead */
	PEER_ANSWERED,	/* a probe was answered: its host runs */
	PEER_TIMED_OUT,	/* the safety check has run out */
	PEER_STOPPED,	/* it had said that it would be stopped in order */
	PEER_TOLD_DOWN,	/* it tells us that it takes us for dead */
	PEER_REBORN,	/* another lcm answers under its name than before */
	PEER_HANDLED,	/* comm_up or comm_down, whichever came last, has been processed */
	PEER_NO_PATH,	/* its last path was removed */
	PEER_EVENTS
};

enum peer_action {
	PEER_DO_UP = 1 << 0,		/* process comm_up */
	PEER_DO_DOWN = 1 << 1,		/* process comm_down; what was asked of the peer is lost */
	PEER_DO_FORGET = 1 << 2,	/* neither any more */
	PEER_DO_LOSE = 1 << 3,		/* what was asked of the peer is lost */
	PEER_SAY_DETECTED = 1 << 4,	/* the texts of spec/core.md 5.5 */
	PEER_SAY_ABORTED = 1 << 5,
	PEER_SAY_TIMED_OUT = 1 << 6,
	PEER_SAY_ABSENT = 1 << 7,	/* not heard of since the start */
	PEER_SAY_SUSPECT = 1 << 8,
	PEER_SAY_RETURNS = 1 << 9,
	PEER_SAY_TOLD = 1 << 10,
	PEER_SAY_REBORN = 1 << 11,
	PEER_SAY_STOPPED = 1 << 12,
	PEER_STRANGE = 1 << 13,		/* the table has no line for this event in this state */
};

struct peer {
	enum peer_state state;
	bool known;		/* at our restart: it was ALIVE, and comm_up had been processed */
	bool handled;		/* when DOWN: comm_down has been processed, or there was none to process */
	bool restarted;		/* at our restart: its death may have gone unnoticed meanwhile */
	bool settled;		/* comm_up has been processed since it came last */
	bool linked;		/* it was spoken to since it was last unknown or down */
	bool paused;		/* the safety check has seen its host */
	int64_t since;		/* when the state changed */
	int64_t sign;		/* the last sign of life, heartbeat or answer to a probe */
	unsigned safety;	/* milliseconds without a sign until the safety check runs out */
};

void peer_init(struct peer *peer, bool restarted, int64_t now) LK_NONNULL(1);

/* After peer_init() at our restart: what was known of it, PEER_ALIVE or PEER_DOWN, with everything processed. */
void peer_recall(struct peer *peer, enum peer_state state) LK_NONNULL(1);

/* A sign of life, at a time that may lie back. */
void peer_sign(struct peer *peer, int64_t when) LK_NONNULL(1);

/* Something happened; the actions that are due. */
unsigned peer_event(struct peer *peer, enum peer_event event, int64_t now) LK_MUST LK_NONNULL(1);

/* When peer_tick() must be called, or -1. */
int64_t peer_deadline(const struct peer *peer) LK_NONNULL(1);
unsigned peer_tick(struct peer *peer, int64_t now) LK_MUST LK_NONNULL(1);

/* The lines that the actions mean for the log, in order. */
struct peer_line {
	bool warn;
	unsigned number;
	char text[400];
};
#define PEER_LINES 4
unsigned peer_lines(unsigned actions, const char *name, struct peer_line line[static PEER_LINES])
	LK_NONNULL(2, 3);

const char *peer_state_name(enum peer_state state);
const char *peer_event_name(enum peer_event event);

/* The machine, for Graphviz. */
void peer_graph(FILE *out) LK_NONNULL(1);

#endif
