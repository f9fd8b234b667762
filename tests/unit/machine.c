/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of sbin/lkinit/machine.c: stories of one daemon, with a clock of their own. */
#include "../../sbin/lkinit/machine.h"

#include "tap.h"
#include "lk/poison.h"

struct happening {
	int64_t now;
	enum event event;
	enum action action;	/* expected */
	enum state state;
	int64_t deadline;
};

struct story {
	const char *what;
	struct happening happening[16];	/* up to an action ACT_UNKNOWN in state IDLE at time 0 */
};

static const struct story stories[] = {
	{ "a daemon that gets ready and is stopped", {
		{ 1000, EV_START, ACT_SPAWN, STARTING, 31000 },
		{ 1200, EV_READY, ACT_READY, UP, 61200 },
		{ 61200, EV_TIMER, ACT_STABLE, UP, -1 },
		{ 70000, EV_STOP, ACT_TERM, STOPPING, 80000 },
		{ 70100, EV_EXIT, ACT_ENDED, DONE, -1 },
	} },
	{ "the first restart is at once, then the time doubles", {
		{ 0, EV_START, ACT_SPAWN, STARTING, 30000 },
		{ 10, EV_EXIT, ACT_BACKOFF, WAITING, 10 },
		{ 10, EV_TIMER, ACT_SPAWN, STARTING, 30010 },
		{ 20, EV_EXIT, ACT_BACKOFF, WAITING, 1020 },
		{ 1020, EV_TIMER, ACT_SPAWN, STARTING, 31020 },
		{ 1100, EV_READY, ACT_READY, UP, 61100 },
		{ 1200, EV_EXIT, ACT_BACKOFF, WAITING, 3200 },
		{ 3200, EV_TIMER, ACT_SPAWN, STARTING, 33200 },
		{ 3300, EV_EXIT, ACT_BACKOFF, WAITING, 7300 },
	} },
	{ "a minute of being ready makes the next restart immediate", {
		{ 0, EV_START, ACT_SPAWN, STARTING, 30000 },
		{ 0, EV_EXIT, ACT_BACKOFF, WAITING, 0 },
		{ 0, EV_TIMER, ACT_SPAWN, STARTING, 30000 },
		{ 5, EV_EXIT, ACT_BACKOFF, WAITING, 1005 },
		{ 1005, EV_TIMER, ACT_SPAWN, STARTING, 31005 },
		{ 2000, EV_READY, ACT_READY, UP, 62000 },
		{ 62000, EV_TIMER, ACT_STABLE, UP, -1 },
		{ 90000, EV_EXIT, ACT_BACKOFF, WAITING, 90000 },
	} },
	{ "one that is never ready gets TERM, KILL, and another try", {
		{ 0, EV_START, ACT_SPAWN, STARTING, 30000 },
		{ 30000, EV_TIMER, ACT_TERM, LATE, 40000 },
		{ 30001, EV_READY, ACT_NONE, LATE, 40000 },
		{ 40000, EV_TIMER, ACT_KILL, LATE, 45000 },
		{ 40010, EV_EXIT, ACT_BACKOFF, WAITING, 40010 },
		{ 40010, EV_TIMER, ACT_SPAWN, STARTING, 70010 },
	} },
	{ "one that ignores TERM is killed, again and again", {
		{ 0, EV_START, ACT_SPAWN, STARTING, 30000 },
		{ 1, EV_READY, ACT_READY, UP, 60001 },
		{ 2, EV_STOP, ACT_TERM, STOPPING, 10002 },
		{ 3, EV_STOP, ACT_NONE, STOPPING, 10002 },
		{ 10002, EV_TIMER, ACT_KILL, STOPPING, 15002 },
		{ 15002, EV_TIMER, ACT_KILL, STOPPING, 20002 },
		{ 15003, EV_EXIT, ACT_ENDED, DONE, -1 },
	} },
	{ "stopped while it starts, with a readiness that comes too late", {
		{ 0, EV_START, ACT_SPAWN, STARTING, 30000 },
		{ 5, EV_STOP, ACT_TERM, STOPPING, 10005 },
		{ 6, EV_READY, ACT_NONE, STOPPING, 10005 },
		{ 7, EV_EXIT, ACT_ENDED, DONE, -1 },
	} },
	{ "stopped while it waits for a restart", {
		{ 0, EV_START, ACT_SPAWN, STARTING, 30000 },
		{ 0, EV_EXIT, ACT_BACKOFF, WAITING, 0 },
		{ 0, EV_TIMER, ACT_SPAWN, STARTING, 30000 },
		{ 0, EV_EXIT, ACT_BACKOFF, WAITING, 1000 },
		{ 500, EV_STOP, ACT_NONE, DONE, -1 },
	} },
	{ "stopped before its turn", {
		{ 0, EV_STOP, ACT_NONE, DONE, -1 },
		{ 0, EV_STOP, ACT_NONE, DONE, -1 },
	} },
	{ "stopped while it is being ended for being late", {
		{ 0, EV_START, ACT_SPAWN, STARTING, 30000 },
		{ 30000, EV_TIMER, ACT_TERM, LATE, 40000 },
		{ 30005, EV_STOP, ACT_TERM, STOPPING, 40005 },
		{ 30006, EV_EXIT, ACT_ENDED, DONE, -1 },
	} },
	{ "one that is not to be restarted", {
		{ 0, EV_START, ACT_SPAWN, STARTING, 30000 },
		{ 1, EV_READY, ACT_READY, UP, 60001 },
		{ 2, EV_READY, ACT_NONE, UP, 60001 },
		{ 3, EV_OVER, ACT_ENDED, DONE, -1 },
	} },
	{ "events that have no meaning change nothing", {
		{ 0, EV_START, ACT_SPAWN, STARTING, 30000 },
		{ 1, EV_START, ACT_UNKNOWN, STARTING, 30000 },
		{ 2, EV_STOP, ACT_TERM, STOPPING, 10002 },
		{ 3, EV_EXIT, ACT_ENDED, DONE, -1 },
		{ 4, EV_EXIT, ACT_UNKNOWN, DONE, -1 },
	} },
};

static bool follow(const struct story *story)
{
	struct machine m = { .deadline = -1, .ready_ms = 30000, .stop_ms = 10000 };

	for (int i = 0; i < 16; i++) {
		const struct happening *h = &story->happening[i];

		if (h->action == ACT_NONE && !h->deadline)
			break;
		enum action action = machine_step(&m, h->event, h->now);
		if (action == h->action && m.state == h->state && m.deadline == h->deadline)
			continue;
		diag("step %d, %s: action %d, state %s, deadline %lld", i + 1, event_names[h->event],
		     action, state_names[m.state], (long long)m.deadline);
		return false;
	}
	return true;
}

/* However often it ends, the wait has a limit. */
static int64_t longest_wait(void)
{
	struct machine m = { .deadline = -1, .ready_ms = 1, .stop_ms = 1 };
	int64_t now = 0, longest = 0;

	machine_step(&m, EV_START, now);
	for (int i = 0; i < 100; i++) {
		machine_step(&m, EV_EXIT, now);
		if (m.deadline - now > longest)
			longest = m.deadline - now;
		now = m.deadline;
		machine_step(&m, EV_TIMER, now);
	}
	return longest;
}

/* Whatever happens in whatever order: a process that was asked for is asked to end before it is forgotten,
 * and there is a deadline whenever something has to happen by itself. */
static bool always_holds(void)
{
	for (unsigned seed = 0; seed < 200000; seed++) {
		struct machine m = { .deadline = -1, .ready_ms = 10, .stop_ms = 10 };
		unsigned dice = seed * 2654435761u + 12345;
		bool process = false;

		for (int i = 0; i < 12; i++) {
			enum event event = (dice = dice * 1103515245u + 12345) / 65536 % EVENTS;
			if ((event == EV_EXIT || event == EV_OVER) && !process)
				continue;
			enum action action = machine_step(&m, event, i);
			process = action == ACT_SPAWN || (process && event != EV_EXIT && event != EV_OVER);
			if (process == (m.state == IDLE || m.state == WAITING || m.state == DONE))
				return false;
			if (m.deadline < 0 && (m.state == STARTING || m.state == WAITING ||
					       m.state == LATE || m.state == STOPPING))
				return false;
		}
	}
	return true;
}

int main(void)
{
	struct lk_buf graph = { 0 };

	for (size_t i = 0; i < sizeof(stories) / sizeof(*stories); i++)
		ok(follow(&stories[i]), "%s", stories[i].what);
	ok(longest_wait() == BACKOFF_LIMIT, "the wait for a restart has a limit");
	ok(always_holds(), "any order of events keeps process, state and deadline together");
	machine_graph(&graph);
	ok(!graph.failed && !strncmp(graph.data, "digraph", 7) &&
	   strstr(graph.data, "\tup -> waiting [label=\"exit / back off\"];\n"), "the graph has its edges");
	lk_buf_free(&graph);
	return tap_done();
}
