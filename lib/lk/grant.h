/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One owner by majority, over time (design 3.5, 3.6): leases and grants. Pure: no file, no clock, no memory of its
 * own; the daemons, the commands and the simulator run this same code.
 *
 * Lease. A node may run shared resources while a majority of all systems, itself counted, has confirmed
 * heartbeats that it sent less than "lease" ago, on its own clock. A lease that has run out is lost: what
 * is in service must be stopped within "stop", by a watchdog if need be, before there can be another.
 *
 * With storage quorum ("all") it takes the confirmations of all others, and a write of the own object that was read
 * back counts as one of them all: who takes over has seen neither for "quiet".
 *
 * Grant. Before it restores a resource a node becomes its candidate under a new, higher epoch, and needs the grant of a
 * majority, its own among them. Each one that grants has made sure that whoever may still run the resource has released
 * it, or was fenced, or has had no confirmation from here for "quiet" and will get none for "window". A candidate
 * that has no majority within "window" gives the epoch up. As every two majorities have a member in
 * common, the lease of an earlier owner has run out and "stop" has passed when the next one is granted.
 *
 * That is so of two lists of systems that are at most one change apart, too; for others see sbin/lcm/net_confirm.c.
 *
 * Terms may differ between systems, and be changed while all runs. What makes the above true all the same:
 *
 *   - A heartbeat sent at S tells a lease and a stop, and what runs by confirmed heartbeats has certainly ended at S +
 *     lease + stop as far as the sender knows at S: it tells more than what is configured as long as an earlier
 *     confirmation still gives more (lk_hold_tell()).
 *   - A confirmation of a heartbeat sent at S gives the smallest lease and the smallest stop that were in force at any
 *     time since S (lk_hold_renew()). So nothing is extended beyond what any heartbeat since S has told.
 *   - Who confirms counts by the terms that the last heartbeat told that it has confirmed, from when that came, or by
 *     larger ones that came later (lk_heard_tells(), lk_heard_takes()). Before it confirms one, its terms
 *     are on stable storage: a restart forgets nothing that was confirmed.
 *   - Who grants bars for the window of the terms that it knows. A candidate with larger ones counts the grants only of
 *     those that have confirmed a heartbeat by which it has told them (lk_hold_knowing()).
 *
 * Of the majority that has confirmed what was sent at S or later, and of the one that grants, some system is a member
 * of both. It has confirmed last what was sent at S' >= S. What was given by then ends at S' + what that one told, as it
 * tells the truth; what was given later, by S, ends no later, as what was told at S' was in force since S. That system
 * waits for just that. There is no need to remember larger terms than these: once a smaller one is confirmed, the end
 * of the larger one is within it, or is told with it.
 *
 * Of a system without a record nothing was ever confirmed from here, so that nothing there runs by us.
 *
 * Every restore needs a grant, also of who had the resource before. From the moment that the candidate has
 * its majority the resource counts as in service there: the lease, and so the watchdog, must cover the restore.
 *
 * Times are nanoseconds of the node's own clock that counts suspended time (CLOCK_BOOTTIME), differences only; rates
 * may differ by 1/64.
 */
#ifndef LK_GRANT_H
#define LK_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "lk/attr.h"
#include "lk/limits.h"

/* ---- the times ---- */

struct lk_terms {
	int64_t lease;		/* how long a confirmed heartbeat lets run */
	int64_t stop;		/* from the end of the lease to the certain end of what it let run */
};

/* Of a heartbeat every interval, dead after misses of them; all in nanoseconds. */
struct lk_terms lk_terms(int64_t interval, unsigned misses, int64_t stop);

/* The longest ones that can be configured. */
struct lk_terms lk_terms_longest(void);

/* Make terms the larger of each. */
void lk_terms_widen(struct lk_terms *terms, const struct lk_terms *other) LK_NONNULL(1, 2);

/* Is one of the two of a longer than that of b? Are both the same? */
bool lk_terms_exceed(const struct lk_terms *a, const struct lk_terms *b) LK_MUST LK_NONNULL(1, 2);
bool lk_terms_same(const struct lk_terms *a, const struct lk_terms *b) LK_MUST LK_NONNULL(1, 2);

/* After a system's last confirmation from here: when it has certainly stopped. The larger of both sides' terms counts. */
int64_t lk_terms_quiet(const struct lk_terms *ours, const struct lk_terms *theirs) LK_NONNULL(1, 2);

/* How long grants of one epoch may be collected, and how long who grants must bar others. */
int64_t lk_terms_window(const struct lk_terms *terms) LK_NONNULL(1);
int64_t lk_terms_bar(const struct lk_terms *ours, const struct lk_terms *theirs) LK_NONNULL(1, 2);

/* ---- the lease of this node ---- */

/* What confirmed heartbeats give, and have given. */
struct lk_given {
	struct lk_terms terms;		/* in force */
	int64_t changed;		/* since when */
	struct lk_terms least;		/* what counts for heartbeats that were sent before */
	int64_t until, deadline;	/* what they let run has ended by then; 0: they gave nothing yet */
	int64_t stop;			/* that the lease was got by */
};

struct lk_hold {
	unsigned nsys, self;
	int64_t echoed[LK_SYSTEMS_MAX];	/* when the newest heartbeat was sent that the system has confirmed; 0: none */
	bool all;			/* storage quorum: all must confirm, or the own object be written */
	int64_t stored;			/* until when its last write lets run; 0: there was none */
	int64_t until;			/* the end of the lease; 0: there was none yet */
	bool lapsed;			/* it ran out while something may have been in service */
	struct lk_given given;
};

/* until: of a lease before (of this boot), or 0; its deadline goes into hold->given. No terms are in force. */
void lk_hold_init(struct lk_hold *hold, unsigned nsys, unsigned self, int64_t until) LK_NONNULL(1);

/* These terms are in force from now on, and will be told with each heartbeat: lk_hold_tell(). */
void lk_hold_terms(struct lk_hold *hold, const struct lk_terms *terms, int64_t now) LK_NONNULL(1, 2);

/* What a heartbeat that is sent now has to tell. */
struct lk_terms lk_hold_tell(const struct lk_hold *hold, int64_t now) LK_MUST LK_NONNULL(1);

/* A system confirms the heartbeat that was sent then. */
void lk_hold_echo(struct lk_hold *hold, unsigned sys, int64_t sent) LK_NONNULL(1);

/* The systems that have confirmed what was sent since the terms in force are, and so have them on stable storage: bit s;
 * itself, too. Who grants bars for the window of the terms that it knows. */
uint32_t lk_hold_knowing(const struct lk_hold *hold) LK_MUST LK_NONNULL(1);

/* Storage quorum: the own object was written and read back, which lets run until then. */
void lk_hold_stored(struct lk_hold *hold, int64_t until) LK_NONNULL(1);

/* Take what was confirmed into account; to be called before anything relies on the lease. */
void lk_hold_renew(struct lk_hold *hold, int64_t now) LK_NONNULL(1);

/* May shared resources run? After lk_hold_renew(). */
bool lk_hold_valid(const struct lk_hold *hold, int64_t now) LK_MUST LK_NONNULL(1);

/* Nothing is in service here any more. */
void lk_hold_clear(struct lk_hold *hold) LK_NONNULL(1);

/* ---- the terms of another system ---- */

struct lk_heard {
	struct lk_terms terms;		/* these count; 0: it was never confirmed, ours do */
	struct lk_terms kept;		/* on stable storage */
};

/* A heartbeat tells these that is newer than the last one that was confirmed. May it be, or has more to be kept first? */
bool lk_heard_tells(struct lk_heard *heard, const struct lk_terms *told) LK_MUST LK_NONNULL(1, 2);

/* And it is going to be confirmed. latest: it is certainly of the sender's latest incarnation. */
void lk_heard_takes(struct lk_heard *heard, const struct lk_terms *told, bool latest) LK_NONNULL(1, 2);

/* These are going to be kept, instead of others; then lk_heard_kept(). */
void lk_heard_keeping(struct lk_heard *heard, const struct lk_terms *terms) LK_NONNULL(1, 2);
void lk_heard_kept(struct lk_heard *heard, const struct lk_terms *terms) LK_NONNULL(1, 2);

/* ---- grants ---- */

#define LK_GRANT_NOBODY (-1)

/* What a node has promised for one resource; must be on stable storage before the answer goes out. */
struct lk_promise {
	uint64_t epoch;		/* 0: nothing yet */
	int candidate;		/* or LK_GRANT_NOBODY */
	uint32_t runners;	/* bit s: system s was promised it, and nothing says that it has ended */
};

/* A candidate asks. */
struct lk_grant_ask {
	unsigned candidate;
	uint64_t epoch;
	uint32_t suspects;	/* who may still run it, as far as the candidate knows */
	uint32_t released;	/* who certainly does not: it has promised not to, by any older epoch */
};

/* What the asked node knows. */
struct lk_grant_here {
	unsigned self;
	uint64_t epoch;		/* of its ownership record, and the owner or LK_GRANT_NOBODY */
	int owner;
	bool in_service;	/* it is in service here, or being restored, or could not be stopped */
	uint32_t quiet;		/* bit s: system s had no confirmation from here for lk_terms_quiet(), or was fenced in
				 * the incarnation that was last heard of here; and it gets none for lk_terms_bar() from now on */
	struct lk_promise promise;
};

enum lk_grant {
	LK_GRANT_YES,		/* granted */
	LK_GRANT_OLD,		/* a higher epoch, or this one to another, was promised: epoch */
	LK_GRANT_HERE,		/* it is in service here */
	LK_GRANT_ALIVE,		/* these, "who", may still run it */
	LK_GRANT_MORE,		/* these, "who", may run it, too: ask again with them among the suspects */
};
extern const char *const lk_grant_names[];

struct lk_grant_answer {
	enum lk_grant grant;
	uint64_t epoch;
	uint32_t who;
};

/* Answer, and change here->promise: on YES, but on ALIVE and MORE, too, since the asked node itself releases the
 * resource. Idempotent. */
struct lk_grant_answer lk_grant(const struct lk_grant_ask *ask, struct lk_grant_here *here)
	LK_MUST LK_NONNULL(1, 2);

/* An ownership record that a winner has spread: who ran it before has ended. true: the promise has changed. */
bool lk_grant_learn(struct lk_promise *promise, uint64_t epoch, int owner) LK_NONNULL(1);

/* ---- a candidate collects ---- */

struct lk_canvass {
	unsigned nsys;
	struct lk_grant_ask ask;
	int64_t asked[LK_SYSTEMS_MAX];	/* when the question was sent that was answered by yes; 0: none */
	uint64_t highest;		/* epoch seen in answers */
	bool outbid;			/* the epoch is of no use any more: begin again above the highest */
};

void lk_canvass_begin(struct lk_canvass *canvass, unsigned nsys, const struct lk_grant_ask *ask)
	LK_NONNULL(1, 3);

/* What was asked: the time, and canvass->ask.suspects at that time. */
struct lk_canvass_sent {
	int64_t when;
	uint32_t suspects;
};

/* An answer of a system. false: there are more suspects than it was asked about; it, or all, have to be asked
 * again with the new canvass->ask: those whose asked[] is 0. */
bool lk_canvass_answer(struct lk_canvass *canvass, unsigned from, const struct lk_canvass_sent *sent,
		       const struct lk_grant_answer *answer) LK_MUST LK_NONNULL(1, 3, 4);

/* Granted by a majority and by ourselves? Of others only those count that know the terms which the window is of,
 * lk_hold_knowing(). The epoch is then ours. The lease must be valid, too, and our own promise still be this one. */
bool lk_canvass_won(const struct lk_canvass *canvass, uint32_t knowing, int64_t now, int64_t window)
	LK_MUST LK_NONNULL(1);

/* Storage quorum: granted by all, ourselves among them, but those that have certainly stopped? */
bool lk_canvass_won_all(const struct lk_canvass *canvass, uint32_t gone, int64_t now, int64_t window)
	LK_MUST LK_NONNULL(1);

#endif
