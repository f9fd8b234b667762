/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of sbin/lcm/peer.h: every pair of state and event, and scenarios of spec/core.md 5.5. */
#include "../../sbin/lcm/peer.h"

#include <stdlib.h>

#include "tap.h"
#include "lk/poison.h"

static void put_in(struct peer *peer, enum peer_state state)
{
	*peer = (struct peer){ .safety = 1000 };
	peer_init(peer, false, 0);
	peer->state = state;
	peer->settled = state == PEER_ALIVE;
}

static void test_pairs(void)
{
	for (enum peer_state s = 0; s < PEER_STATES; s++)
		for (enum peer_event e = 0; e < PEER_EVENTS; e++) {
			struct peer peer;

			put_in(&peer, s);
			unsigned actions = peer_event(&peer, e, 5);
			bool strange = (e == PEER_TIMED_OUT || e == PEER_STOPPED) && s != PEER_SUSPECT;
			ok(!!(actions & PEER_STRANGE) == strange, "%s in %s is %s", peer_event_name(e),
			   peer_state_name(s), strange ? "strange" : "known");
			ok(peer.state < PEER_STATES && (!strange || peer.state == s),
			   "%s in %s leads to %s", peer_event_name(e), peer_state_name(s),
			   peer_state_name(peer.state));
			ok(!(actions & PEER_DO_DOWN) || (s == PEER_SUSPECT && peer.state == PEER_DOWN),
			   "comm_down only when a safety check has ended");
			ok((peer.since == 5) == (peer.state != s), "the time of a change is kept");
		}
}

/* A scenario is a text: lines "TIME EVENT -> STATE [comm_up|comm_down|forget] [log text|log text]" */
struct step {
	int64_t time;
	int event;		/* -1: only time passes; -2: the host was seen, without an event */
	enum peer_state state;
	unsigned actions;	/* of DO_* */
	const char *text;	/* all lines, joined by '|' */
};

#define DO_ANY (PEER_DO_UP | PEER_DO_DOWN | PEER_DO_FORGET)
#define SUSPECT_TEXT "All comm paths to system \"X\" are dead: the safety check begins"

static void join(unsigned actions, char text[static 1000])
{
	struct peer_line line[PEER_LINES];
	unsigned n = peer_lines(actions, "X", line);

	*text = '\0';
	for (unsigned i = 0; i < n; i++)
		snprintf(text + strlen(text), 1000 - strlen(text), "%s%s", i ? "|" : "", line[i].text);
}

static void play(const char *name, bool restarted, const struct step *step, unsigned n)
{
	struct peer peer = { .safety = 600 };
	bool good = true;

	peer_init(&peer, restarted, 0);
	for (unsigned i = 0; i < n; i++, step++) {
		char text[1000];

		if (step->event == PEER_ANSWERED || step->event == -2)
			peer_sign(&peer, step->time);
		unsigned actions = step->event >= 0 ?
			peer_event(&peer, (enum peer_event)step->event, step->time) :
			peer_tick(&peer, step->time);
		join(actions, text);
		if (peer.state == step->state && (actions & DO_ANY) == step->actions &&
		    !strcmp(text, step->text ? step->text : ""))
			continue;
		good = false;
		diag("step %u: %s, actions %x, \"%s\"", i, peer_state_name(peer.state), actions, text);
	}
	ok(good, "%s", name);
}

#define PLAY(name, restarted, ...) do {                                      \
	static const struct step steps_[] = { __VA_ARGS__ };                 \
	play(name, restarted, steps_, sizeof(steps_) / sizeof(*steps_));     \
} while (0)

#define UP_TEXT "The remote node (X) is up."
#define DETECTED_TEXT "SAFETY CHECK DETECTED MACHINE \"X\":PAUSING COMM_DOWN|" \
	"The remote node (X) appears to be reachable. Waiting for confirmation."
#define ABORTED_TEXT "SAFETY CHECK ABORTED:ABORTING COMM_DOWN|" UP_TEXT
#define TIMED_OUT_TEXT "SAFETY CHECK for \"X\" timed out: assuming \"X\" is down"

static bool leads_to(struct peer *peer, enum peer_event event, enum peer_state state, bool up)
{
	unsigned actions = peer_event(peer, event, 10);

	return peer->state == state && !(actions & PEER_DO_DOWN) && !(actions & PEER_DO_UP) == !up;
}

static struct peer recalled(enum peer_state state)
{
	struct peer peer = { .safety = 600 };

	peer_init(&peer, true, 0);
	peer_recall(&peer, state);
	return peer;
}

/* After a restart of our lcm alone. */
static void test_recall(void)
{
	struct peer peer = recalled(PEER_ALIVE);
	ok(leads_to(&peer, PEER_ANSWERED, PEER_UNKNOWN, false) &&
	   leads_to(&peer, PEER_PATH_UP, PEER_ALIVE, false) && peer.settled, "alive again: no comm_up");
	peer = recalled(PEER_ALIVE);
	ok(leads_to(&peer, PEER_ALL_DEAD, PEER_SUSPECT, false) &&
	   leads_to(&peer, PEER_PATH_UP, PEER_ALIVE, false), "none either if it is heard late");
	peer = recalled(PEER_ALIVE);
	ok(leads_to(&peer, PEER_TOLD_DOWN, PEER_UNKNOWN, false) &&
	   leads_to(&peer, PEER_PATH_UP, PEER_RETURNING, true), "it took us for dead: comm_up");
	peer = recalled(PEER_ALIVE);
	ok(leads_to(&peer, PEER_ALL_DEAD, PEER_SUSPECT, false) &&
	   leads_to(&peer, PEER_TOLD_DOWN, PEER_SUSPECT, false) &&
	   leads_to(&peer, PEER_PATH_UP, PEER_RETURNING, true), "also if that is heard late");
	peer = recalled(PEER_ALIVE);
	ok(leads_to(&peer, PEER_REBORN, PEER_UNKNOWN, false) &&
	   leads_to(&peer, PEER_PATH_UP, PEER_RETURNING, true), "another start of it meanwhile: comm_up");
	peer = recalled(PEER_ALIVE);
	ok(leads_to(&peer, PEER_PATH_UP, PEER_ALIVE, false) &&
	   leads_to(&peer, PEER_REBORN, PEER_RETURNING, true), "also if that is heard late");
	peer = recalled(PEER_DOWN);
	ok(peer.state == PEER_DOWN && peer.handled && leads_to(&peer, PEER_ANSWERED, PEER_DOWN, false) &&
	   leads_to(&peer, PEER_ALL_DEAD, PEER_DOWN, false) && peer.handled, "dead stays dead");
	ok(leads_to(&peer, PEER_PATH_UP, PEER_RETURNING, true) && !peer.handled, "until it is heard");
	peer = recalled(PEER_RETURNING);
	ok(leads_to(&peer, PEER_PATH_UP, PEER_RETURNING, true), "what was not processed is done again");
}

static void test_life(void)
{
	PLAY("a silent host is down at the end of the detection period", false,
	     { 10, PEER_PATH_UP, PEER_RETURNING, PEER_DO_UP, UP_TEXT },
	     { 20, PEER_HANDLED, PEER_ALIVE, 0, NULL },
	     { 1000, -2, PEER_ALIVE, 0, NULL },
	     { 1600, PEER_ALL_DEAD, PEER_SUSPECT, 0, SUSPECT_TEXT },
	     { 1600, -1, PEER_DOWN, PEER_DO_DOWN, TIMED_OUT_TEXT },
	     { 9000, PEER_PATH_UP, PEER_RETURNING, PEER_DO_UP, UP_TEXT },
	     { 9001, PEER_HANDLED, PEER_ALIVE, 0, NULL });
	PLAY("the death of one path, while another is not dead yet, is no sign of life", false,
	     { 10, PEER_PATH_UP, PEER_RETURNING, PEER_DO_UP, UP_TEXT },
	     { 20, PEER_HANDLED, PEER_ALIVE, 0, NULL },
	     { 1000, -2, PEER_ALIVE, 0, NULL },
	     { 1590, PEER_PATH_UP, PEER_ALIVE, 0, NULL },
	     { 1600, PEER_ALL_DEAD, PEER_SUSPECT, 0, SUSPECT_TEXT },
	     { 1600, -1, PEER_DOWN, PEER_DO_DOWN, TIMED_OUT_TEXT });
	PLAY("a host that answers pauses comm_down, a path aborts it", false,
	     { 10, PEER_PATH_UP, PEER_RETURNING, PEER_DO_UP, UP_TEXT },
	     { 20, PEER_HANDLED, PEER_ALIVE, 0, NULL },
	     { 500, PEER_ANSWERED, PEER_ALIVE, 0, NULL },
	     { 600, PEER_ALL_DEAD, PEER_SUSPECT, 0, SUSPECT_TEXT },
	     { 700, PEER_ANSWERED, PEER_SUSPECT, 0, DETECTED_TEXT },
	     { 1299, -1, PEER_SUSPECT, 0, NULL },
	     { 1299, PEER_ANSWERED, PEER_SUSPECT, 0, NULL },
	     { 1898, -1, PEER_SUSPECT, 0, NULL },
	     { 1899, PEER_PATH_UP, PEER_ALIVE, 0, ABORTED_TEXT },
	     { 3000, PEER_ALL_DEAD, PEER_SUSPECT, 0, SUSPECT_TEXT },
	     { 3001, PEER_ANSWERED, PEER_SUSPECT, 0, DETECTED_TEXT },
	     { 3600, -1, PEER_SUSPECT, 0, NULL },
	     { 3601, -1, PEER_DOWN, PEER_DO_DOWN, TIMED_OUT_TEXT },
	     { 3602, PEER_ANSWERED, PEER_DOWN, 0, NULL });
	PLAY("an outage during comm_up has it repeated", false,
	     { 10, PEER_PATH_UP, PEER_RETURNING, PEER_DO_UP, UP_TEXT },
	     { 20, PEER_ALL_DEAD, PEER_SUSPECT, 0, SUSPECT_TEXT },
	     { 30, PEER_PATH_UP, PEER_RETURNING, PEER_DO_UP, ABORTED_TEXT },
	     { 40, PEER_HANDLED, PEER_ALIVE, 0, NULL });
	PLAY("comm_up that ends during an outage counts", false,
	     { 10, PEER_PATH_UP, PEER_RETURNING, PEER_DO_UP, UP_TEXT },
	     { 20, PEER_ALL_DEAD, PEER_SUSPECT, 0, SUSPECT_TEXT },
	     { 25, PEER_HANDLED, PEER_SUSPECT, 0, NULL },
	     { 30, PEER_PATH_UP, PEER_ALIVE, 0, ABORTED_TEXT });
}

static void test_starts(void)
{
	PLAY("who was stopped in order is down although its host answers", false,
	     { 10, PEER_PATH_UP, PEER_RETURNING, PEER_DO_UP, UP_TEXT },
	     { 20, PEER_HANDLED, PEER_ALIVE, 0, NULL },
	     { 600, PEER_ALL_DEAD, PEER_SUSPECT, 0, SUSPECT_TEXT },
	     { 600, PEER_STOPPED, PEER_DOWN, PEER_DO_DOWN,
	       "System \"X\" was stopped in order: no safety check" });
	PLAY("on a first start an absent system is down without an event", false,
	     { 600, PEER_ALL_DEAD, PEER_DOWN, 0,
	       "Nothing was heard of system \"X\" since the start: taking it for down" },
	     { 700, PEER_PATH_UP, PEER_RETURNING, PEER_DO_UP, UP_TEXT });
	PLAY("on a restart it may have died meanwhile", true,
	     { 600, PEER_ALL_DEAD, PEER_SUSPECT, 0, SUSPECT_TEXT },
	     { 600, -1, PEER_DOWN, PEER_DO_DOWN, TIMED_OUT_TEXT });
	PLAY("a restart does not count a second time", true,
	     { 10, PEER_NO_PATH, PEER_UNKNOWN, 0, NULL },
	     { 600, PEER_ALL_DEAD, PEER_DOWN, 0,
	       "Nothing was heard of system \"X\" since the start: taking it for down" });
	PLAY("who is told to be dead runs comm_up", false,
	     { 10, PEER_PATH_UP, PEER_RETURNING, PEER_DO_UP, UP_TEXT },
	     { 11, PEER_TOLD_DOWN, PEER_RETURNING, 0, NULL },
	     { 20, PEER_HANDLED, PEER_ALIVE, 0, NULL },
	     { 30, PEER_TOLD_DOWN, PEER_RETURNING, PEER_DO_UP,
	       "System \"X\" has taken this one for down: comm_up follows" });
	PLAY("a restart of the other lcm that nobody noticed is a return", false,
	     { 10, PEER_PATH_UP, PEER_RETURNING, PEER_DO_UP, UP_TEXT },
	     { 20, PEER_HANDLED, PEER_ALIVE, 0, NULL },
	     { 30, PEER_REBORN, PEER_RETURNING, PEER_DO_UP,
	       "Lockkeeper on system \"X\" was restarted: comm_up follows" });
	PLAY("a system that comes back is not taken for one that was restarted meanwhile", false,
	     { 10, PEER_ALL_DEAD, PEER_DOWN, 0,
	       "Nothing was heard of system \"X\" since the start: taking it for down" },
	     { 20, PEER_PATH_UP, PEER_RETURNING, PEER_DO_UP, UP_TEXT },
	     { 21, PEER_REBORN, PEER_RETURNING, 0, NULL });
	PLAY("without paths nothing is known", false,
	     { 10, PEER_PATH_UP, PEER_RETURNING, PEER_DO_UP, UP_TEXT },
	     { 20, PEER_NO_PATH, PEER_UNKNOWN, PEER_DO_FORGET, NULL },
	     { 9000, -1, PEER_UNKNOWN, 0, NULL });
}

static void test_clock(void)
{
	struct peer peer = { .safety = 100 };

	peer_init(&peer, false, 1000);
	ok(peer_deadline(&peer) == -1, "no deadline without a check");
	peer_sign(&peer, 1500);
	peer_sign(&peer, 1400);
	ok(peer.sign == 1500, "signs of life that come late do not count backwards");
	peer.state = PEER_SUSPECT;
	ok(peer_deadline(&peer) == 1600, "the check runs from the last sign");
	ok(peer_tick(&peer, 1599) == 0 && peer.state == PEER_SUSPECT, "not before its time");
	ok(peer_tick(&peer, 1600) & PEER_DO_DOWN, "at its time");
}

static void test_graph(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	peer_graph(out);
	fclose(out);
	ok(!strncmp(text, "digraph peer {\n", 15) && !strcmp(text + len - 2, "}\n"), "the graph is one");
	ok(strstr(text, "SUSPECT -> DOWN [label=\"safety check timed out / comm_down\"];") != NULL,
	   "the graph has the transitions");
	free(text);
}

int main(void)
{
	test_pairs();
	test_life();
	test_recall();
	test_starts();
	test_clock();
	test_graph();
	return tap_done();
}
