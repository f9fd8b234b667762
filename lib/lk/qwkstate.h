/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the storage quorum says (spec/core.md 6.4 to 6.6), for whoever decides. lkqwk(8) writes it after each
 * check to run/lkqwk.status, in place and with a checksum, so that a full disk does no harm; here it is
 * read. Nothing here waits, and no process needs to answer: what is old does not count.
 *
 * All times are milliseconds of lk_qwk_now(), which goes on while the machine sleeps.
 */
#ifndef LK_QWKSTATE_H
#define LK_QWKSTATE_H

#include <stdbool.h>
#include <stdint.h>

#include "lk/qwkobject.h"
#include "lk/tree.h"

#define LK_QWK_STATE "run/lkqwk.status"
#define LK_QWK_WHY 400

int64_t lk_qwk_now(void);

/* ---- has this system quorum? ---- */

struct lk_qwk_access {
	int64_t age;		/* since the begin of the last write that was read back; -1: never */
	int64_t limit;		/* HBEATTIME * NUMHBEATS; what is older is no access. 0: not known */
	char why[LK_QWK_WHY];	/* one line: why not, or how fresh it is */
};

/* 1: yes, the own object was written and read back within HBEATTIME * NUMHBEATS; 0: no, why tells it (not
 * initialised, daemon not running, storage lost, ...). Never fails: what cannot be read is a no. */
int lk_qwk_access(const struct lk_tree *tree, struct lk_qwk_access *access) LK_NONNULL(1, 2);

/* ---- does another system live? ---- */

/* The answers, by their documented numbers: CR1 to CR4. */
enum lk_qwk_verdict {
	LK_QWK_WAIT,		/* not known yet: ask again, every second or so */
	LK_QWK_UP,		/* its object has been updated since the check began */
	LK_QWK_DOWN,		/* it has not for HBEATTIME * NUMHBEATS and NUMHBEATS checks in a row */
	LK_QWK_NO_QUORUM,	/* this system has no access itself, and so cannot tell */
	LK_QWK_TIMEOUT,		/* twice HBEATTIME * NUMHBEATS have passed without an answer: do not take over */
};
extern const char *const lk_qwk_verdict_names[];	/* "wait", "up", "down", ... */

struct lk_qwk_question {
	const char *node;
	int64_t since;		/* lk_qwk_now() when the check began */
	char why[LK_QWK_WHY];	/* the answer in words */
	/* Unless it is LK_QWK_NO_QUORUM: how that system sees this one, and how many of the looks that DOWN needs
	 * have seen no update. */
	enum lk_sys_state theirs;
	unsigned quiet, needed;
};

/* The witness check, one look: the caller repeats it, with the same since, until it is not LK_QWK_WAIT. UP is
 * told only for an update that happened after since; DOWN only on a check that began after since. -7 with
 * message 18219: the initialised configuration does not have the node. */
int lk_qwk_peer(const struct lk_tree *tree, struct lk_qwk_question *question, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* QUORUM_DEBUG, 1: what documented messages of the kind "debug" tell is logged. 0; negative: it is neither, and counts as
 * 0. */
int lk_qwk_debug(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Log an answer with its documented message, 18161 to 18164; LK_QWK_WAIT is not logged. prog: who logs. */
void lk_qwk_log(const struct lk_tree *tree, const char *prog, const struct lk_qwk_question *question,
		enum lk_qwk_verdict verdict) LK_NONNULL(1, 2, 3);

/* ---- the whole state, for those who show it, and for lkqwk ---- */

struct lk_qwk_node {
	char name[LK_SYS_MAX + 1];
	uint64_t sequence;	/* the last one seen; 0 also if none was */
	int64_t changed;	/* the look that saw it advance, or first saw it, ended then; 0: none since lkqwk started */
	int64_t before;		/* the last look before that one began then; 0: none */
	int64_t looked;		/* the last look that counts began then; 0: none. One that has found no object counts when
				 * the own object was written before and after it */
	unsigned quiet;		/* good looks in a row that saw no advance */
	enum lk_sys_state commstat;	/* of this system, as that node sees it */
	unsigned lease, stop;	/* ms: the largest that its objects have told; 0: none has */
	bool left;		/* it has cleared its object: it may run without us seeing it */
};

struct lk_qwk_state {
	int64_t started;	/* of lkqwk */
	int64_t written;	/* begin of the last own write that was read back; 0: never */
	int64_t gained;		/* end of the first one of those that followed each other in time, so that others
				 * could always see us */
	unsigned stop;		/* ms: QUORUM_LOSS_DEADLINE, as that write has told the others */
	int64_t said;		/* when this was written */
	unsigned hbeat, misses;	/* seconds, and their number */
	unsigned n;		/* nodes; the first one is this system */
	struct lk_qwk_node node[LK_QWK_NODES];
};

/* The own object was written and read back, by an access that began and ended then. Pure. */
void lk_qwk_state_wrote(struct lk_qwk_state *state, int64_t begun, int64_t ended) LK_NONNULL(1);

/* A good look at the object of another system; before: when the one before it began, 0: it was the first. Pure. */
struct lk_qwk_look {
	int64_t before, begun, ended;
	bool advanced;
};
void lk_qwk_state_saw(struct lk_qwk_node *node, const struct lk_qwk_look *look) LK_NONNULL(1, 2);

/* What another lkqwk of this start of the machine has written still counts. Pure. */
void lk_qwk_state_go_on(struct lk_qwk_state *state, const struct lk_qwk_state *old) LK_NONNULL(1, 2);

/* HBEATTIME * NUMHBEATS. */
static inline int64_t lk_qwk_limit(const struct lk_qwk_state *state)
{
	return 1000LL * state->hbeat * state->misses;
}

/* 1; 0: there is none, or it is of another start of the machine; -3: damaged; -1. */
int lk_qwk_state_read(const struct lk_tree *tree, struct lk_qwk_state *state, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* 0 or -1. */
int lk_qwk_state_write(const struct lk_tree *tree, const struct lk_qwk_state *state, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* What the state says at the time now; the functions above are these on what they have read. */
enum lk_qwk_verdict lk_qwk_judge(const struct lk_qwk_state *state, const struct lk_qwk_node *node,
				 int64_t since, int64_t now) LK_NONNULL(1, 2);
bool lk_qwk_fresh(const struct lk_qwk_state *state, int64_t now) LK_NONNULL(1);

#endif
