/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of one other system. */
#include "peer.h"

#include <stdarg.h>
#include <string.h>

#include "lk/err.h"
#include "lk/msg.h"
#include "lk/poison.h"

/* What else must be so for a line to count. */
enum guard { ANY, FIRST_START, RESTARTED, KNOWN, SETTLED, NOT_SETTLED, NOT_PAUSED, PAUSED, LINKED, NOT_LINKED };

static const struct line {
	enum peer_state state;
	enum peer_event event;
	enum guard guard;
	enum peer_state next;
	unsigned actions;
} table[] = {
	/* our lcm has restarted, nothing else: a comm_up would undo what operators have moved since the last one */
	{ PEER_UNKNOWN, PEER_PATH_UP, KNOWN, PEER_ALIVE, PEER_SAY_RETURNS },
	{ PEER_UNKNOWN, PEER_PATH_UP, ANY, PEER_RETURNING, PEER_DO_UP | PEER_SAY_RETURNS },
	{ PEER_UNKNOWN, PEER_ALL_DEAD, FIRST_START, PEER_DOWN, PEER_SAY_ABSENT },
	/* it may have died together with our lcm: nobody has processed that yet */
	{ PEER_UNKNOWN, PEER_ALL_DEAD, RESTARTED, PEER_SUSPECT, PEER_SAY_SUSPECT },
	{ PEER_UNKNOWN, PEER_ANSWERED, ANY, PEER_UNKNOWN, 0 },
	{ PEER_UNKNOWN, PEER_TOLD_DOWN, ANY, PEER_UNKNOWN, 0 },
	{ PEER_UNKNOWN, PEER_REBORN, ANY, PEER_UNKNOWN, PEER_DO_LOSE },
	{ PEER_UNKNOWN, PEER_HANDLED, ANY, PEER_UNKNOWN, 0 },
	{ PEER_UNKNOWN, PEER_NO_PATH, ANY, PEER_UNKNOWN, 0 },

	{ PEER_RETURNING, PEER_PATH_UP, ANY, PEER_RETURNING, 0 },
	{ PEER_RETURNING, PEER_ALL_DEAD, ANY, PEER_SUSPECT, PEER_SAY_SUSPECT },
	{ PEER_RETURNING, PEER_ANSWERED, ANY, PEER_RETURNING, 0 },
	{ PEER_RETURNING, PEER_TOLD_DOWN, ANY, PEER_RETURNING, 0 },
	/* the one that has just come back */
	{ PEER_RETURNING, PEER_REBORN, NOT_LINKED, PEER_RETURNING, PEER_DO_LOSE },
	{ PEER_RETURNING, PEER_REBORN, LINKED, PEER_RETURNING,
	  PEER_DO_LOSE | PEER_DO_UP | PEER_SAY_REBORN },
	{ PEER_RETURNING, PEER_HANDLED, ANY, PEER_ALIVE, 0 },
	{ PEER_RETURNING, PEER_NO_PATH, ANY, PEER_UNKNOWN, PEER_DO_LOSE | PEER_DO_FORGET },

	{ PEER_ALIVE, PEER_PATH_UP, ANY, PEER_ALIVE, 0 },
	{ PEER_ALIVE, PEER_ALL_DEAD, ANY, PEER_SUSPECT, PEER_SAY_SUSPECT },
	{ PEER_ALIVE, PEER_ANSWERED, ANY, PEER_ALIVE, 0 },
	/* it has processed our death: it needs our comm_up, and we its */
	{ PEER_ALIVE, PEER_TOLD_DOWN, ANY, PEER_RETURNING,
	  PEER_DO_LOSE | PEER_DO_UP | PEER_SAY_TOLD },
	/* it has restarted within the detection period */
	{ PEER_ALIVE, PEER_REBORN, ANY, PEER_RETURNING,
	  PEER_DO_LOSE | PEER_DO_UP | PEER_SAY_REBORN },
	{ PEER_ALIVE, PEER_HANDLED, ANY, PEER_ALIVE, 0 },
	{ PEER_ALIVE, PEER_NO_PATH, ANY, PEER_UNKNOWN, PEER_DO_LOSE | PEER_DO_FORGET },

	{ PEER_SUSPECT, PEER_PATH_UP, SETTLED, PEER_ALIVE, PEER_SAY_ABORTED },
	{ PEER_SUSPECT, PEER_PATH_UP, NOT_SETTLED, PEER_RETURNING, PEER_DO_UP | PEER_SAY_ABORTED },
	{ PEER_SUSPECT, PEER_ALL_DEAD, ANY, PEER_SUSPECT, 0 },
	{ PEER_SUSPECT, PEER_ANSWERED, NOT_PAUSED, PEER_SUSPECT, PEER_SAY_DETECTED },
	{ PEER_SUSPECT, PEER_ANSWERED, PAUSED, PEER_SUSPECT, 0 },
	{ PEER_SUSPECT, PEER_TIMED_OUT, ANY, PEER_DOWN, PEER_DO_DOWN | PEER_SAY_TIMED_OUT },
	/* nothing to pause for: its host may well answer */
	{ PEER_SUSPECT, PEER_STOPPED, ANY, PEER_DOWN, PEER_DO_DOWN | PEER_SAY_STOPPED },
	{ PEER_SUSPECT, PEER_TOLD_DOWN, ANY, PEER_SUSPECT, PEER_DO_LOSE },
	{ PEER_SUSPECT, PEER_REBORN, ANY, PEER_SUSPECT, PEER_DO_LOSE },
	{ PEER_SUSPECT, PEER_HANDLED, ANY, PEER_SUSPECT, 0 },
	{ PEER_SUSPECT, PEER_NO_PATH, ANY, PEER_UNKNOWN, PEER_DO_LOSE | PEER_DO_FORGET },

	{ PEER_DOWN, PEER_PATH_UP, ANY, PEER_RETURNING, PEER_DO_UP | PEER_SAY_RETURNS },
	{ PEER_DOWN, PEER_ALL_DEAD, ANY, PEER_DOWN, 0 },
	{ PEER_DOWN, PEER_ANSWERED, ANY, PEER_DOWN, 0 },
	{ PEER_DOWN, PEER_TOLD_DOWN, ANY, PEER_DOWN, 0 },
	{ PEER_DOWN, PEER_REBORN, ANY, PEER_DOWN, PEER_DO_LOSE },
	{ PEER_DOWN, PEER_HANDLED, ANY, PEER_DOWN, 0 },
	{ PEER_DOWN, PEER_NO_PATH, ANY, PEER_UNKNOWN, PEER_DO_FORGET },
};

#define LINES (sizeof(table) / sizeof(*table))

static const char *const state_names[] = { "UNKNOWN", "ALIVE", "SUSPECT", "DOWN", "RETURNING" };
static const char *const event_names[] = { "path up", "all paths dead", "probe answered",
					   "safety check timed out", "stopped in order", "told down", "reborn", "handled",
					   "no path" };
static const char *const guard_names[] = { "", "first start", "restarted", "known", "settled", "not settled",
					   "not paused", "paused", "linked", "not linked" };

const char *peer_state_name(enum peer_state state)
{
	return state < PEER_STATES ? state_names[state] : "?";
}

const char *peer_event_name(enum peer_event event)
{
	return event < PEER_EVENTS ? event_names[event] : "?";
}

static bool holds(const struct peer *peer, enum guard guard)
{
	switch (guard) {
	case ANY: return true;
	case FIRST_START: return !peer->restarted;
	case RESTARTED: return peer->restarted;
	case KNOWN: return peer->known;
	case SETTLED: return peer->settled;
	case NOT_SETTLED: return !peer->settled;
	case NOT_PAUSED: return !peer->paused;
	case PAUSED: return peer->paused;
	case LINKED: return peer->linked;
	case NOT_LINKED: return !peer->linked;
	}
	return false;
}

static const struct line *find(const struct peer *peer, enum peer_event event)
{
	for (size_t i = 0; i < LINES; i++)
		if (table[i].state == peer->state && table[i].event == event &&
		    holds(peer, table[i].guard))
			return &table[i];
	return NULL;
}

void peer_init(struct peer *peer, bool restarted, int64_t now)
{
	*peer = (struct peer){ .state = PEER_UNKNOWN, .restarted = restarted, .since = now,
			       .sign = now, .safety = peer->safety };
}

void peer_recall(struct peer *peer, enum peer_state state)
{
	peer->known = state == PEER_ALIVE;
	if (state != PEER_DOWN)
		return;
	peer->state = PEER_DOWN;
	peer->handled = true;
	peer->restarted = false;
}

void peer_sign(struct peer *peer, int64_t when)
{
	if (when > peer->sign)
		peer->sign = when;
}

/* What our restart, or a change on the other side, means for what has been processed. */
static void remember(struct peer *peer, enum peer_event event, const struct line *line)
{
	bool anew = event == PEER_REBORN || event == PEER_TOLD_DOWN;

	if (anew && (peer->state == PEER_UNKNOWN || peer->state == PEER_SUSPECT))
		peer->known = peer->settled = false;
	if (peer->known && line->next != PEER_UNKNOWN)
		peer->settled = true;
	if (line->next != PEER_UNKNOWN || event == PEER_NO_PATH)
		peer->known = false;
	if (line->next != PEER_DOWN)
		peer->handled = false;
	else if (event == PEER_HANDLED || line->actions & PEER_SAY_ABSENT)
		peer->handled = true;
}

unsigned peer_event(struct peer *peer, enum peer_event event, int64_t now)
{
	const struct line *line = find(peer, event);

	if (!line)
		return PEER_STRANGE;
	if (line->actions & PEER_DO_UP)
		peer->settled = false;
	else if (event == PEER_HANDLED && (peer->state == PEER_RETURNING ||
					   peer->state == PEER_SUSPECT))
		peer->settled = true;
	if (line->next != peer->state)
		peer->since = now;
	if (line->next == PEER_DOWN || line->next == PEER_UNKNOWN)
		peer->settled = peer->linked = false;
	remember(peer, event, line);
	if (line->next != PEER_UNKNOWN || event == PEER_NO_PATH)
		peer->restarted = false;
	peer->paused = line->next == PEER_SUSPECT &&
		       (peer->paused || line->actions & PEER_SAY_DETECTED);
	peer->state = line->next;
	return line->actions;
}

int64_t peer_deadline(const struct peer *peer)
{
	return peer->state == PEER_SUSPECT ? peer->sign + peer->safety : -1;
}

unsigned peer_tick(struct peer *peer, int64_t now)
{
	int64_t deadline = peer_deadline(peer);

	return deadline >= 0 && now >= deadline ? peer_event(peer, PEER_TIMED_OUT, now) : 0;
}

/* ---- texts ---- */

struct lines {
	struct peer_line *line;
	unsigned n;
	const char *name;
};

/* Called with a message of lk/msg.h, whose only argument is the name. */
static void say(struct lines *to, bool warn, int number, int code, const char *fmt)
{
	struct peer_line *line = &to->line[to->n++];

	(void)code;
	line->warn = warn;
	line->number = (unsigned)number;
	snprintf(line->text, sizeof(line->text), fmt, to->name);
}

unsigned peer_lines(unsigned actions, const char *name, struct peer_line line[static PEER_LINES])
{
	struct lines to = { .line = line, .name = name };

	if (actions & PEER_SAY_SUSPECT)
		say(&to, true, LK_M_LCM_SUSPECT);
	if (actions & PEER_SAY_DETECTED) {
		say(&to, true, LK_M_LCM_DETECTED);
		say(&to, true, LK_M_LCM_REACHABLE);
	}
	if (actions & PEER_SAY_ABORTED) {
		say(&to, false, LK_M_LCM_ABORTED);
		say(&to, false, LK_M_LCM_IS_UP);
	}
	if (actions & PEER_SAY_TIMED_OUT)
		say(&to, true, LK_M_LCM_TIMED_OUT);
	if (actions & PEER_SAY_STOPPED)
		say(&to, false, LK_M_LCM_STOPPED);
	if (actions & PEER_SAY_ABSENT)
		say(&to, true, LK_M_LCM_ABSENT);
	if (actions & PEER_SAY_RETURNS)
		say(&to, false, LK_M_LCM_IS_UP);
	if (actions & PEER_SAY_TOLD)
		say(&to, true, LK_M_LCM_TOLD);
	if (actions & PEER_SAY_REBORN)
		say(&to, true, LK_M_LCM_REBORN);
	return to.n;
}

void peer_graph(FILE *out)
{
	fputs("digraph peer {\n", out);
	for (size_t i = 0; i < LINES; i++) {
		const struct line *l = &table[i];

		if (l->state == l->next && !l->actions)
			continue;
		fprintf(out, "\t%s -> %s [label=\"%s%s%s%s%s%s\"];\n", state_names[l->state],
			state_names[l->next], event_names[l->event], l->guard ? ", " : "",
			guard_names[l->guard], l->actions & PEER_DO_UP ? " / comm_up" : "",
			l->actions & PEER_DO_DOWN ? " / comm_down" : "",
			l->actions & PEER_DO_FORGET ? " / forget" : "");
	}
	fputs("}\n", out);
}
