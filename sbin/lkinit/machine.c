/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of one daemon, as a table. */
#include "machine.h"

#include <stddef.h>

#include "lk/poison.h"

const char *const state_names[] = {
	"idle", "starting", "up", "waiting", "late", "stopping", "down",
};
const char *const event_names[] = { "start", "ready", "exit", "over", "timer", "stop" };

struct step {
	enum state state;
	enum event event;
	enum action action;
	enum state next;
};

static const struct step steps[] = {
	{ IDLE, EV_START, ACT_SPAWN, STARTING },
	{ IDLE, EV_STOP, ACT_NONE, DONE },

	{ STARTING, EV_READY, ACT_READY, UP },
	{ STARTING, EV_EXIT, ACT_BACKOFF, WAITING },
	{ STARTING, EV_OVER, ACT_ENDED, DONE },
	{ STARTING, EV_TIMER, ACT_TERM, LATE },
	{ STARTING, EV_STOP, ACT_TERM, STOPPING },

	{ UP, EV_READY, ACT_NONE, UP },
	{ UP, EV_EXIT, ACT_BACKOFF, WAITING },
	{ UP, EV_OVER, ACT_ENDED, DONE },
	{ UP, EV_TIMER, ACT_STABLE, UP },
	{ UP, EV_STOP, ACT_TERM, STOPPING },

	{ WAITING, EV_TIMER, ACT_SPAWN, STARTING },
	{ WAITING, EV_STOP, ACT_NONE, DONE },

	/* not ready in time: it has to go, however it answers now */
	{ LATE, EV_READY, ACT_NONE, LATE },
	{ LATE, EV_EXIT, ACT_BACKOFF, WAITING },
	{ LATE, EV_OVER, ACT_ENDED, DONE },
	{ LATE, EV_TIMER, ACT_KILL, LATE },
	{ LATE, EV_STOP, ACT_TERM, STOPPING },

	{ STOPPING, EV_READY, ACT_NONE, STOPPING },
	{ STOPPING, EV_EXIT, ACT_ENDED, DONE },
	{ STOPPING, EV_OVER, ACT_ENDED, DONE },
	{ STOPPING, EV_TIMER, ACT_KILL, STOPPING },
	{ STOPPING, EV_STOP, ACT_NONE, STOPPING },

	{ DONE, EV_STOP, ACT_NONE, DONE },
};
#define STEPS (sizeof(steps) / sizeof(*steps))

static const struct step *find(enum state state, enum event event)
{
	for (size_t i = 0; i < STEPS; i++)
		if (steps[i].state == state && steps[i].event == event)
			return &steps[i];
	return NULL;
}

static void back_off(struct machine *m, int64_t now)
{
	m->deadline = now + m->delay;
	m->delay = m->delay ? 2 * m->delay : BACKOFF_FIRST;
	if (m->delay > BACKOFF_LIMIT)
		m->delay = BACKOFF_LIMIT;
}

enum action machine_step(struct machine *m, enum event event, int64_t now)
{
	const struct step *step = find(m->state, event);

	if (!step)
		return ACT_UNKNOWN;
	if (step->action == ACT_NONE) {
		if (step->next == DONE)
			m->deadline = -1;
	} else if (step->action == ACT_SPAWN) {
		m->deadline = now + m->ready_ms;
	} else if (step->action == ACT_READY) {
		m->deadline = now + STABLE;
	} else if (step->action == ACT_BACKOFF) {
		back_off(m, now);
	} else if (step->action == ACT_TERM) {
		m->deadline = now + m->stop_ms;
	} else if (step->action == ACT_KILL) {
		m->deadline = now + KILL_AGAIN;
	} else {
		m->deadline = -1;
	}
	if (step->action == ACT_STABLE)
		m->delay = 0;
	m->state = step->next;
	return step->action;
}

void machine_graph(struct lk_buf *out)
{
	static const char *const actions[] = {
		"", "spawn", "note", "reset back-off", "back off", "TERM", "KILL", "note", "",
	};

	lk_buf_adds(out, "digraph lkinit {\n");
	for (size_t i = 0; i < STEPS; i++) {
		const char *what = actions[steps[i].action];

		lk_buf_addf(out, "\t%s -> %s [label=\"%s%s%s\"];\n", state_names[steps[i].state],
			    state_names[steps[i].next], event_names[steps[i].event],
			    *what ? " / " : "", what);
	}
	lk_buf_adds(out, "}\n");
}
