/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a node does with its shared resources after an event (spec/core.md 4.2-4.4, 5.6; design 3.5, 3.7).
 *
 * Pure: a picture of the cluster goes in, one decision per resource comes out. No file, no
 * clock, no memory of its own. Survivors that see the same picture reach the same answer, so at most one of
 * them restores a resource. What is not known is never taken for "not in service".
 */
#ifndef LK_DECIDE_H
#define LK_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "lk/lcd.h"
#include "lk/limits.h"

/* What is known of a system's life. LK_LIFE_UNKNOWN: undetermined, or unreachable but not gone. */
enum lk_life { LK_LIFE_ALIVE, LK_LIFE_DEAD, LK_LIFE_UNKNOWN };
extern const char *const lk_life_names[];

#define LK_PIC_UNSEEN (-1)	/* a state that was not reported: the system is not ALIVE or did not answer */
#define LK_PIC_NOBODY (-1)	/* owner: an operator took it out of service */
#define LK_PIC_NORECORD (-2)	/* owner: it was never in service, or the record was not reported */
#define LK_PIC_STRANGER (-3)	/* owner: a system that is not known here, which may be a member for others */

struct lk_pic_sys {
	const char *name;
	enum lk_life life;
	uint32_t refuses;	/* bit s: after the failure of system s nothing may start here, by the flags
				 * !nofailover!s and nosysfailover!s that this system holds */
	uint32_t no_transfer;	/* bit s: resources that fail here may not go to s (noresfailover!s) */
	uint32_t absent;	/* bit s: system s was dead when it started, so it notices no failure of it */
	uint32_t stopped;	/* bit s: system s was stopped in order, by the flag !nofailover!s that it holds */
	uint32_t sees;		/* bit s: system s is ALIVE for it, and it does not hold that flag */
	uint32_t held;		/* bit s: system s, which it does not see, was stopped with what it had in service, by a note
				 * that this system has (lk/held.h): it grants nothing, nor to itself, that s may run */
	bool reported;		/* its report was taken: what that does not mention it has no instance of */
	bool no_quorum;		/* it reports that it may not start anything */
	bool differs;		/* it reports other systems than those that are known here */
	bool failed;		/* it was to bring in service what this is about, and could not */
	bool blocked;		/* block_failover: no transfer of resources that fail here */
	bool unconfirmed;	/* confirmso! is set here for it, and nobody has yet let its failover go on */
	bool unfenced;		/* it has fence devices here, and nobody has confirmed that it has stopped */
};

/* One system's instance of a resource. */
struct lk_pic_copy {
	uint8_t sys;
	unsigned priority;
	int state;		/* enum lk_state, or LK_PIC_UNSEEN */
	uint64_t epoch;		/* ownership record there, 0: none */
	int owner;		/* index of a system, LK_PIC_NOBODY, LK_PIC_NORECORD, LK_PIC_STRANGER */
	enum lk_init init;
	enum lk_switchback switchback;
	uint32_t handover;	/* bit s: by its record, which names it, it is being released for system s (lk/handover.h) */
};

struct lk_pic_res {
	const char *tag;	/* of the local instance */
	unsigned first, n;	/* its copies: copy[first] ... copy[first + n - 1]; one of them is local */
	unsigned parents;	/* how many local instances depend on it directly */
	enum lk_switchback root;	/* what its roots say: AUTOMATIC if all of them do */
	bool split;		/* it, or what it needs or is needed by, has two owners: nothing is moved */
	bool fixed;		/* replicated data: never switches back by itself */
};

enum lk_pic_quorum { LK_QUORUM_NONE, LK_QUORUM_YES, LK_QUORUM_NO };

struct lk_picture {
	uint8_t self;
	enum lk_pic_quorum quorum;	/* NONE: not configured */
	bool grants;			/* a restore needs a majority's grant (lk/grant.h), which knows more than any
					 * picture: what is not known need not stop us from asking for it */
	bool recover_stopped;		/* RECOVER_STOPPED_HIERARCHIES */
	bool late;			/* at LK_EVENT_AVAIL: the start itself had no quorum, and was a while ago */
	struct lk_pic_sys sys[LK_SYSTEMS_MAX];
	unsigned nsys;
	struct lk_pic_res *res;
	struct lk_pic_copy *copy;
	unsigned nres, ncopy;
};

enum lk_event { LK_EVENT_AVAIL, LK_EVENT_DOWN, LK_EVENT_UP };

enum lk_what {
	LK_DO_LEAVE,		/* nothing is to be done */
	LK_DO_RESTORE,		/* bring it in service here, with what is below it */
	LK_DO_SWITCHBACK,	/* the same, away from the system that has it now */
	LK_DO_MARK_OSU,		/* set the state, run nothing */
	LK_DO_MARK_ISP,		/* set the state, run nothing: something else has started it */
	LK_DO_YIELD,		/* take it out of service here: another system has it by a newer record */
	LK_DO_SPLIT,		/* two owners of one epoch: alarm, move nothing */
};
extern const char *const lk_what_names[];

/* Why: every rule has one word, the same in log, story, tests and simulation. */
enum lk_why {
	LK_WHY_HERE,		/* in service here already */
	LK_WHY_ELSEWHERE,	/* in service on sys */
	LK_WHY_NOT_CONCERNED,	/* sys has no copy of it */
	LK_WHY_NO_QUORUM,	/* this node has no quorum */
	LK_WHY_REFUSED,		/* flags keep it off this node after a failure of sys */
	LK_WHY_OWNER_DIED,	/* sys, which had it, is dead; no better system is left */
	LK_WHY_HANDOVER,	/* it was being released here for sys, which died before it had it */
	LK_WHY_HANDED_ON,	/* sys took it over and could not bring it in service */
	LK_WHY_STOPPED,		/* nobody had it in service */
	LK_WHY_STOPPED_RECOVER,	/* nobody had it, but stopped hierarchies are to be recovered, too */
	LK_WHY_OTHER_OWNER,	/* by the record sys has it, which is not the one that failed */
	LK_WHY_BETTER,		/* sys has a better priority */
	LK_WHY_MAY_RUN,		/* sys may have it in service, its state is not known */
	LK_WHY_INIT_ISP,	/* initialisation INIT_ISP */
	LK_WHY_INIT_OSU,	/* initialisation INIT_OSU */
	LK_WHY_AUTORES,		/* initialisation AUTORES_ISP, best priority of those that are ALIVE */
	LK_WHY_SWITCHBACK,	/* AUTOMATIC, and this node is better than sys */
	LK_WHY_OLDER_RECORD,	/* this node's record is older than that of sys */
	LK_WHY_NEWER_RECORD,	/* the record of sys is older: it must give way */
	LK_WHY_SAME_RECORD,	/* sys has it in service by a record of the same epoch */
	LK_WHY_SPLIT_OPEN,	/* an operator has not yet chosen one of its two owners */
	LK_WHY_UNCONFIRMED,	/* sys had it, and its failover waits for confirmation or was abandoned */
	LK_WHY_UNFENCED,	/* sys may still run it: its fence devices have not confirmed that it has stopped */
	LK_WHY_STRANGER,	/* by the record a system has it that is not known here */
	LK_WHY_NOWHERE,		/* in service nowhere although it is to be: best priority of those ALIVE */
	LK_WHY_SAME,		/* nothing has changed for it */
};
extern const char *const lk_why_names[];	/* "owner-died", ... */

struct lk_decision {
	enum lk_what what;
	enum lk_why why;
	int sys;		/* the system that the reason speaks of, or -1 */
};

/* Decide for all resources, into decision[0..nres-1]. sys is the system that the event is about, of
 * LK_EVENT_AVAIL it does not matter. */
void lk_decide(const struct lk_picture *picture, enum lk_event event, unsigned sys,
	       struct lk_decision *decision) LK_NONNULL(1, 4);

/* Where a resource that failed here may go next: the ALIVE system of the best priority behind none of the
 * bars, without those in the bit set tried. Its index, or -1 with *why and *sys telling what the best
 * one that is left out has against it. */
int lk_decide_target(const struct lk_picture *picture, const struct lk_pic_res *res, uint32_t tried,
		     struct lk_decision *why) LK_MUST LK_NONNULL(1, 2, 4);

/* The copy that the system at that place has of it, or NULL. */
const struct lk_pic_copy *lk_pic_copy_of(const struct lk_picture *pic, const struct lk_pic_res *res, unsigned sys)
	LK_NONNULL(1, 2);

/* The newest ownership record among the copies that reported one: its owner, as in lk_pic_copy, and in
 * *epoch its epoch. Of two records of one epoch with different owners the first that names a system is given. */
int lk_decide_owner(const struct lk_picture *picture, const struct lk_pic_res *res, uint64_t *epoch)
	LK_MUST LK_NONNULL(1, 2, 3);

/* The decision in words: "alpha, which had it, is dead; no better system is left". */
void lk_decide_text(const struct lk_picture *picture, const struct lk_decision *decision, char *text,
		    size_t size) LK_NONNULL(1, 2, 3);

#endif
