/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A simulator of a cluster in one process: the real state machine of a peer (sbin/lcm/peer.h), the real decisions
 * (lk/decide.h) and the real leases and grants (lk/grant.h) of N nodes, with a virtual clock, one resource, and
 * everything in between that can go wrong. A schedule is a seed; the same seed gives the same run.
 *
 * With storage quorum also what lkqwk makes of a look (seen.h), what follows from it for who asks (lk/quiet.h,
 * lk/qwkstate.h), and a storage that hangs, fails, is slow, and on which a write may arrive long after it was given up.
 * With lkstop -f the daemons of a node end and come back, while what is in service there stays so.
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "lk/decide.h"
#include "lk/grant.h"
#include "lk/qwkstate.h"
#include "peer.h"
#include "seen.h"

#define MAX_NODES 7
#define MS INT64_C(1000000)	/* times are nanoseconds */
#define S (1000 * MS)

/* The protocol's terms in the simulation. */
#define INTERVAL (1 * S)
#define MISSES 3
#define STOP (2 * S)
#define HBEAT 1			/* seconds; of the storage */
#define LOOKS 4

struct mutation {
	bool no_delay, no_epoch, no_majority, no_bar, no_life, no_asked;
	bool no_look, no_late, no_noted, no_beats, no_first, no_back, no_held, no_turns, no_tags, no_own, no_left;
	bool no_kept, no_told, no_least, no_again, no_known;
};

struct params {
	unsigned nodes;
	uint64_t seed;
	bool trace;
	bool pictures;			/* print each kind of picture that is decided on, and nothing else */
	bool storage;			/* QUORUM_MODE=storage, not majority */
	bool dark;			/* network and storage are lost for all, and the storage comes back */
	bool terms;			/* operators change terms, too */
	bool wall;			/* the clocks of the nodes that tell people the time are set, too */
	bool keep;			/* operators stop daemons by lkstop -f, too */
	struct mutation without;
};

enum msg_type { BEAT, GATHER, REPORT, ASK, ANSWER, RECORD, REMOVE, REMOVED, HOLD, UNHOLD, NOTED };

struct msg {
	enum msg_type type;
	unsigned from, to;
	uint32_t life, to_life;		/* incarnations of both when it was sent */
	int64_t sent, echo;		/* BEAT; ASK and ANSWER: when it was asked */
	struct lk_terms told;		/* BEAT: of the sender */
	enum peer_state view;		/* BEAT: how the sender sees the receiver */
	uint64_t epoch;			/* REPORT, RECORD; of the storage: the sequence */
	int owner;
	int state;			/* REPORT: enum lk_state; HOLD, UNHOLD, NOTED: which time */
	uint32_t notes;			/* HOLD, UNHOLD: bit k: the k-th of this system */
	unsigned of;			/* ... and which system that is */
	int64_t lag;			/* how long its command hangs at the receiver */
	bool no_quorum;
	uint32_t held;			/* REPORT: notes of systems that it does not see */
	struct lk_grant_ask ask;	/* ASK; ANSWER: what was asked */
	uint32_t fenced[MAX_NODES];	/* ASK: incarnations that have certainly ended; 0: none */
	uint32_t knowing;		/* ... who has confirmed what told its terms */
	int64_t by;			/* ... since when those were in force */
	int by_way_of;			/* ... the system that passed it on, or -1 */
	unsigned who;			/* ANSWER: of whom */
	struct lk_grant_answer answer;
};

/* What goes wrong; BOOT mends it. */
enum fault { BOOT, CRASH, PAUSE, LCM, CUT, CUT_ONE_WAY, ISOLATE, PARTITION, HEAL, NOISE, IN_SERVICE, OUT_OF_SERVICE,
	     FENCE, FAULTS,
	     /* with storage */
	     STORE_CUT = FAULTS, STORE_CUT_ONE, STORE_READ_ONLY, STORE_SLOW, STORE_HEAL, QWK, ALL_ALONE, STORE_FAULTS,
	     /* with lkstop -f */
	     KEEP = STORE_FAULTS, START,
	     /* once, if it is asked for */
	     DARK,
	     /* with other terms */
	     TERMS,
	     /* with clocks that are set */
	     WALL,
	     /* when all is calm */
	     ORDER };

/* What a node waits for. */
enum timer { T_BEAT, T_TICK, T_BOOTED, T_STEP, T_DONE, T_CHECK, T_HOLD, T_FIRST, TIMERS };

struct event {
	int64_t at;
	uint64_t order;			/* of events at one time */
	enum { EV_TIMER, EV_MSG, EV_FAULT, EV_ROUND, EV_IO, EV_REPLY } kind;
	unsigned node;
	uint32_t life;			/* of the node; a timer of an earlier one is dead; of lkqwk */
	uint32_t count;			/* of the timer: only the one set last counts */
	enum timer timer;
	struct msg msg;
};

enum service { OUT, RESTORING, IN, REMOVING };	/* anything but OUT may run */

enum phase { IDLE, GATHERING, TAKING, COLLECTING, STARTING };

/* An event of the cluster that waits for its handler. */
struct pending {
	enum lk_event event;
	unsigned sys;
};

/* An access to an object. */
struct io {
	uint32_t number;		/* of the last one */
	bool due;			/* its reply is awaited */
	bool hangs;			/* it was given up, and the object is not touched before it has ended */
	bool writes;
	int64_t begun, deadline;
};

struct node {
	bool on;
	bool stopped;			/* lkstop -f: no daemon runs */
	uint32_t life;			/* incarnation of its lcm */
	uint32_t started[TIMERS];
	int64_t paused;			/* until then; true time */
	int rate;			/* of its clock: parts per 1024 off */
	int64_t wall;			/* ... and of that for people: time off */
	/* heartbeats and lease */
	struct peer peer[MAX_NODES];
	uint32_t peer_life[MAX_NODES];	/* incarnation by its heartbeats */
	uint32_t asked_life[MAX_NODES];	/* and by what it has asked */
	int64_t heard[MAX_NODES];	/* newest heartbeat by the other's clock */
	int64_t beat_at[MAX_NODES];	/* when the last one came */
	bool path[MAX_NODES];
	int64_t echoed[MAX_NODES];	/* when the newest heartbeat that we confirm came */
	int64_t barred[MAX_NODES];	/* until then we do not */
	struct lk_terms terms;		/* configured; durable */
	struct lk_heard terms_of[MAX_NODES];	/* what is kept is durable */
	int64_t heard_since[MAX_NODES];	/* when this incarnation was heard first */
	bool latest[MAX_NODES];		/* it has confirmed what was sent since then */
	int64_t deadline;		/* for the watchdog, when there is a lease */
	uint32_t fenced[MAX_NODES];	/* the incarnation that we have ended; 0: none */
	int64_t fenced_at[MAX_NODES];	/* ... in ms */
	struct lk_hold hold;
	/* lkqwk */
	uint32_t qwk_life;
	struct lk_qwk_state qwk;
	struct seen seen[MAX_NODES];
	struct io io[MAX_NODES];
	bool known, good[MAX_NODES], advanced[MAX_NODES];
	uint64_t sequence;
	int64_t witness[MAX_NODES];	/* when the question whether it lives was put, in ms; 0: none is */
	/* lkstop -f; the notes are durable */
	uint32_t notes[MAX_NODES];	/* bit k: the k-th note that the system was stopped with it */
	unsigned nnotes;		/* how many of its own there were */
	bool unwatched;			/* in service without a lease since then */
	bool lost;			/* it got none in time */
	enum { FREE, HOLDING, LINGERING, ENDING, UNHOLDING } keeping;
	int keep_number;
	uint32_t noted;
	/* the resource; the record and the promise are durable */
	enum service service;
	bool failed;			/* its last restore failed */
	uint64_t epoch;
	int owner;
	struct lk_promise promise;
	/* recovery */
	enum phase phase;
	struct pending now, queue[2 * MAX_NODES + 2];
	unsigned nqueue;
	bool operators;			/* what is under way is an operator's command */
	bool again;			/* ... or looks again at what was left undecided */
	uint32_t unheard;		/* these have not said what they know since they are back */
	bool reported[MAX_NODES], asked_for_report[MAX_NODES];
	struct msg report[MAX_NODES];
	struct lk_canvass canvass;
	int64_t asked_by;		/* since when the terms were in force by which it collects */
	int64_t give_up;
	uint32_t seen_held;
	unsigned tries;
	uint32_t hopeless;		/* these were stopped with it and may run it: unless one releases it, only an event makes
					 * another try, and one that is not seen is not worth a second question */
	int64_t granted[MAX_NODES];	/* storage: when it was answered last, in ms */
	int64_t since;			/* storage: looks that began earlier say nothing, in ms */
	unsigned from;			/* who has to remove it first */
	int for_whom;			/* it is being removed for this system, or -1 */
	bool release;			/* ... by an operator, to stay out of service */
};

struct world {
	struct params params;
	uint64_t random;
	int64_t now;			/* true time */
	struct event *heap;
	unsigned nheap, room;
	uint64_t order;
	unsigned nodes;
	struct node node[MAX_NODES];
	unsigned priority[MAX_NODES];
	bool cut[MAX_NODES][MAX_NODES];	/* from, to */
	unsigned loss;			/* percent */
	int64_t slow;			/* the longest delay of a message */
	enum lk_switchback switchback;
	unsigned restore_fails;		/* percent */
	/* faults */
	int64_t calm;			/* from here on nothing happens to the nodes in "together" */
	uint32_t together;
	uint32_t outcast;		/* storage: these are off, or cut off from everything, from then on */
	/* the storage */
	struct lk_qwk_object object[MAX_NODES];	/* only sequence and time are used */
	bool store_cut[MAX_NODES][MAX_NODES];	/* by node and object */
	bool read_only;
	int64_t store_slow;
	/* what is checked */
	uint64_t last_epoch;		/* of the last start */
	int64_t started;		/* ... and when that was */
	int last_owner;			/* ... and whose that was, or -1 */
	bool ordered;			/* an operator wants it in service, which it never was */
	int64_t wanted;			/* since when it is to be in service and is not; -1: it is, or is not to be */
	const char *violation;
	unsigned starts, takeovers, lapses, resets, steps;
};

/* ---- world.c: time, messages ---- */
uint32_t world_random(struct world *w, uint32_t below);
bool world_chance(struct world *w, unsigned percent);
void world_push(struct world *w, const struct event *event);
bool world_pop(struct world *w, struct event *event);
int64_t world_clock(const struct world *w, unsigned node);	/* what this node reads now */
void world_timer(struct world *w, unsigned node, enum timer timer, int64_t in);	/* by the node's clock */
void world_send(struct world *w, struct msg *msg);
void world_boot_later(struct world *w, unsigned node, int64_t in);
void world_violation(struct world *w, const char *what);
__attribute__((format(printf, 3, 4))) void world_trace(struct world *w, unsigned node, const char *fmt, ...);

/* ---- storage.c: lkqwk and its storage ---- */
void storage_boot(struct world *w, unsigned node, bool anew);	/* lkqwk starts; anew: with its machine */
void storage_event(struct world *w, const struct event *event);
void storage_strike(struct world *w, unsigned node, unsigned other, enum fault fault);
uint32_t storage_gone(const struct world *w, unsigned node, const uint32_t *fenced, int64_t since);
bool storage_fresh(const struct world *w, unsigned node);
bool storage_dead(struct world *w, unsigned node, unsigned other);	/* the witness */
int64_t storage_limit(void);

/* ---- keep.c: lkstop -f ---- */
void keep_begin(struct world *w, unsigned node);
void keep_start(struct world *w, unsigned node);	/* lkstart */
void keep_end(struct world *w, unsigned node);		/* lk_held_end() */
bool keep_held(const struct node *n, unsigned sys);	/* lk_held() */
uint32_t keep_held_set(const struct node *n);
void keep_message(struct world *w, const struct msg *msg);
void keep_timer(struct world *w, unsigned node, enum timer timer);

/* ---- record.c: pictures for tests/decide ---- */
void record_picture(const struct lk_picture *pic, enum lk_event event, unsigned sys, const struct lk_decision *decision);

/* ---- node.c: heartbeats, peers, lease ---- */
void node_boot(struct world *w, unsigned node, bool lcm_only);
void node_crash(struct world *w, unsigned node);
bool node_runs(const struct node *node);
void node_beat(struct world *w, unsigned node);
void node_take_beat(struct world *w, const struct msg *msg);
void node_tick(struct world *w, unsigned node);
void node_lease(struct world *w, unsigned node);
void node_handled(struct world *w, unsigned node);
bool node_lease_over(const struct world *w, unsigned node);	/* the watchdog's question */
enum lk_life node_life(const struct world *w, unsigned node, unsigned of);
struct lk_terms sim_terms(void);
struct lk_terms node_widest(const struct world *w, unsigned node);	/* that count there */
void node_change_terms(struct world *w, unsigned node);
bool node_quorum(const struct world *w, unsigned node);	/* lk_quorum_check() */

/* ---- recover.c: gather, decide, collect, start ---- */
void recover_event(struct world *w, unsigned node, enum lk_event event, unsigned sys);
void recover_message(struct world *w, const struct msg *msg);
void recover_timer(struct world *w, unsigned node, enum timer timer);
void recover_stop(struct world *w, unsigned node);	/* the lease is lost, or somebody wants it */
void recover_operator(struct world *w, unsigned node, bool in);
uint32_t sim_life(const struct node *n, unsigned other);
bool sim_ended(const struct world *w, unsigned node, unsigned other, const uint32_t *fenced);

#endif
