/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which other systems this one has not confirmed for so long that what they ran has ended (lk/grant.h). */
#ifndef LK_QUIET_H
#define LK_QUIET_H

#include "lk/fenced.h"
#include "lk/grant.h"
#include "lk/lcd.h"
#include "lk/limits.h"
#include "lk/qwkstate.h"

struct lk_quiet {
	uint32_t set;			/* bit s: the system at lcd->sys[s] is quiet, and barred for lk_terms_bar() */
	uint64_t wait[LK_SYSTEMS_MAX];	/* ms until it is, if it is not heard of again */
};

/* Incarnations that have certainly ended, in the order of lcd->sys; 0: none. Either will do. */
struct lk_quiet_ended {
	uint64_t said[LK_SYSTEMS_MAX];	/* by the candidate */
	struct lk_fenced here;			/* by this system */
	int64_t since;				/* storage, for a candidate: looks that began earlier say nothing, in ms
						 * of lk_qwk_now() */
};

/* Nobody is quiet that was stopped with resources in service (lk/held.h), as long as that lasts, or that does not hold
 * itself to a lease (lk/holds.h). Needs LK_T_FLG.
 *
 * Quiet is also one of which no other incarnation was heard since than one that has ended.
 *
 * Of the set those that are quiet are barred, and the others are left alone: one that lives must not lose
 * its lease by questions. Without lcm nobody is quiet. 0; -1; -3; -9. */
int lk_quiet_bar(struct lk_lcd *lcd, uint32_t set, const struct lk_quiet_ended *ended, struct lk_quiet *quiet,
		 struct lk_err *err) LK_MUST LK_NONNULL(1, 3, 4, 5);

/* The same in storage mode: a system has stopped when its object was not seen to advance, and its heartbeats were not
 * confirmed from here, for the time that each of them lets it run, and the stop time. Nobody is barred: no system
 * becomes a candidate without the grant of all that are not quiet. 0; -1; -3 the daemon has said nothing; -9. */
int lk_quiet_storage(struct lk_lcd *lcd, const struct lk_quiet_ended *ended, struct lk_quiet *quiet, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);

/* In storage mode: that system is being answered now, and may run something by that, however long its object has
 * rested, until a later look at the storage. In a transaction. What cannot be noted must not be answered. 0; -1; -3. */
int lk_quiet_note(const struct lk_tree *tree, const char *sys, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* How long another system may run yet what it had in service, in ms; 0: not any more. By its heartbeats, its object
 * in storage mode, or what has certainly ended, as above; nobody is asked and nobody barred. Needs LK_T_SYS and
 * LK_T_FLG. 0; -1, also without lcm; -3; -9. */
int lk_quiet_wait(struct lk_lcd *lcd, const struct lk_sys *sys, uint64_t *left, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);

/* How long the storage lets this system run after a write, in ms. 0; -1; -3 the daemon has said nothing. */
int lk_quiet_limit(const struct lk_tree *tree, int64_t *limit, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* How long after a sign of life on the storage what it lets run has certainly ended, in ns: by what the other
 * system has told there and by what counts here. */
int64_t lk_quiet_on_storage(const struct lk_qwk_state *state, const struct lk_qwk_node *node,
			    const struct lk_terms *ours) LK_MUST LK_NONNULL(1, 2, 3);

/* What else than its object has let another system run, and may have by something that was begun since: times in ms of
 * lk_qwk_now(), leases and quiet in ns. */
struct lk_quiet_signs {
	int64_t now;
	int64_t granted;		/* when it was answered last, lk_quiet_note(); 0: never */
	int64_t since;			/* for a candidate, as above */
	bool heard;			/* lcm knows it: since its last heartbeat that was confirmed "quiet" has passed */
	int64_t quiet, ours, theirs;	/* ... and both leases */
};

/* When all of that has ceased to count: only a look that began later tells whether it may run. Pure. */
int64_t lk_quiet_ceased(const struct lk_quiet_signs *signs) LK_NONNULL(1);

/* What has ended at the time when may be back, and known by the storage only: as long as it cannot have come to run
 * anything again, which takes it a whole lease of our silence there. Pure. */
bool lk_quiet_is_gone(const struct lk_qwk_state *state, int64_t when, int64_t now) LK_NONNULL(1);

/* How long it may run yet, in ms, as far as its object, or NULL, tells; 0: it has certainly stopped. What counts are
 * looks that began then or later, and after this system could be seen itself: of two that write again, or
 * that ask and grant, at the same time one then sees the other. Pure. */
int64_t lk_quiet_left(const struct lk_qwk_state *state, const struct lk_qwk_node *node, const struct lk_terms *ours,
		      int64_t since)
	LK_MUST LK_NONNULL(1, 3);

#endif
