/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases and grants: one owner by majority, over time. */
#include "lk/grant.h"

#include <string.h>

#include "lk/poison.h"

#define MS INT64_C(1000000)
#define MARGIN 100000000	/* for what is not instantaneous: 0.1 s */

const char *const lk_grant_names[] = { "YES", "OLD", "HERE", "ALIVE", "MORE", NULL };

static uint32_t bit(int sys)
{
	return sys >= 0 ? UINT32_C(1) << sys : 0;
}

/* ---- the times ---- */

struct lk_terms lk_terms(int64_t interval, unsigned misses, int64_t stop)
{
	/* what a heartbeat confirms is up to one interval old, and so is the heartbeat */
	return (struct lk_terms){ .lease = interval * (misses + 2), .stop = stop };
}

struct lk_terms lk_terms_longest(void)
{
	return lk_terms(LK_BEAT_MAX_MS * MS, LK_MISSES_MAX, LK_STOP_MAX_MS * MS);
}

void lk_terms_widen(struct lk_terms *terms, const struct lk_terms *other)
{
	if (other->lease > terms->lease)
		terms->lease = other->lease;
	if (other->stop > terms->stop)
		terms->stop = other->stop;
}

bool lk_terms_exceed(const struct lk_terms *a, const struct lk_terms *b)
{
	return a->lease > b->lease || a->stop > b->stop;
}

bool lk_terms_same(const struct lk_terms *a, const struct lk_terms *b)
{
	return a->lease == b->lease && a->stop == b->stop;
}

static void narrow(struct lk_terms *terms, const struct lk_terms *other)
{
	if (other->lease < terms->lease)
		terms->lease = other->lease;
	if (other->stop < terms->stop)
		terms->stop = other->stop;
}

/* As long on the slowest clock. */
static int64_t stretch(int64_t time)
{
	return time + time / 64 + 1;
}

int64_t lk_terms_quiet(const struct lk_terms *ours, const struct lk_terms *theirs)
{
	int64_t here = ours->lease + ours->stop, there = theirs->lease + theirs->stop;

	return stretch(here > there ? here : there) + MARGIN;
}

/* Half a lease, so that a restarted lcm, which confirms nothing for so long, costs nobody the lease. */
int64_t lk_terms_window(const struct lk_terms *terms)
{
	return terms->lease / 2;
}

int64_t lk_terms_bar(const struct lk_terms *ours, const struct lk_terms *theirs)
{
	int64_t here = lk_terms_window(ours), there = lk_terms_window(theirs);

	return stretch(here > there ? here : there);
}

/* ---- the lease of this node ---- */

void lk_hold_init(struct lk_hold *hold, unsigned nsys, unsigned self, int64_t until)
{
	*hold = (struct lk_hold){ .nsys = nsys, .self = self, .until = until, .given.until = until };
}

/* What was sent before the ones that end now have begun gives nothing any more when their lease is over. */
void lk_hold_terms(struct lk_hold *hold, const struct lk_terms *terms, int64_t now)
{
	struct lk_given *given = &hold->given;
	struct lk_terms least = given->terms;

	if (lk_terms_same(terms, &least))
		return;
	if (now - given->changed <= given->terms.lease)
		narrow(&least, &given->least);
	narrow(&least, terms);
	given->least = least;
	given->terms = *terms;
	given->changed = now;
}

struct lk_terms lk_hold_tell(const struct lk_hold *hold, int64_t now)
{
	const struct lk_given *given = &hold->given;
	struct lk_terms told = given->terms;

	if (given->until - now > told.lease)
		told.lease = given->until - now;
	if (given->deadline - now - told.lease > told.stop)
		told.stop = given->deadline - now - told.lease;
	return told;
}

void lk_hold_echo(struct lk_hold *hold, unsigned sys, int64_t sent)
{
	if (sys < hold->nsys && sys != hold->self && sent > hold->echoed[sys])
		hold->echoed[sys] = sent;
}

uint32_t lk_hold_knowing(const struct lk_hold *hold)
{
	uint32_t set = bit((int)hold->self);

	for (unsigned i = 0; i < hold->nsys; i++)
		if (hold->echoed[i] && hold->echoed[i] >= hold->given.changed)
			set |= bit((int)i);
	return set;
}

void lk_hold_stored(struct lk_hold *hold, int64_t until)
{
	if (until > hold->stored)
		hold->stored = until;
}

/* When the oldest of the newest confirmations that are needed was sent, or 0. */
static int64_t confirmed(const struct lk_hold *hold)
{
	unsigned needed = hold->all ? hold->nsys - 1 : hold->nsys / 2;
	int64_t best = 0;

	for (unsigned i = 0; i < hold->nsys; i++) {
		unsigned as_new = 0;

		for (unsigned k = 0; k < hold->nsys; k++)
			as_new += k != hold->self && hold->echoed[k] >= hold->echoed[i];
		if (i != hold->self && as_new >= needed && hold->echoed[i] > best)
			best = hold->echoed[i];
	}
	return best;
}

/* What was sent then gives a lease. */
static int64_t give(struct lk_given *given, int64_t sent, struct lk_terms *terms)
{
	*terms = sent >= given->changed ? given->terms : given->least;
	int64_t end = sent + terms->lease;

	if (end > given->until)
		given->until = end;
	if (end + terms->stop > given->deadline)
		given->deadline = end + terms->stop;
	return end;
}

void lk_hold_renew(struct lk_hold *hold, int64_t now)
{
	int64_t sent = hold->nsys > 1 || hold->all ? confirmed(hold) : now;
	struct lk_terms terms = hold->given.terms;
	int64_t end = 0;

	if (hold->until && now >= hold->until)
		hold->lapsed = true;
	/* the time in which all must have stopped runs from its end */
	if (hold->lapsed)
		return;
	if (sent)
		end = give(&hold->given, sent, &terms);
	if (hold->all && hold->stored > end) {
		end = hold->stored;
		terms = hold->given.terms;
	}
	/* one that is over already is none; there must be an end to latch */
	if (end > hold->until && (hold->until || now < end)) {
		hold->until = end;
		hold->given.stop = terms.stop;
	}
}

bool lk_hold_valid(const struct lk_hold *hold, int64_t now)
{
	return !hold->lapsed && now < hold->until;
}

/* Without a lease now there is none that could run out. */
void lk_hold_clear(struct lk_hold *hold)
{
	hold->lapsed = false;
	hold->until = 0;
	hold->given.until = hold->given.deadline = 0;
}

/* ---- the terms of another system ---- */

bool lk_heard_tells(struct lk_heard *heard, const struct lk_terms *told)
{
	lk_terms_widen(&heard->terms, told);
	return !lk_terms_exceed(told, &heard->kept);
}

/* One that comes late, of an earlier incarnation, knows nothing of what the latest one was given. */
void lk_heard_takes(struct lk_heard *heard, const struct lk_terms *told, bool latest)
{
	if (latest)
		heard->terms = *told;
}

/* Which of both a power cut leaves is not known. */
void lk_heard_keeping(struct lk_heard *heard, const struct lk_terms *terms)
{
	narrow(&heard->kept, terms);
}

void lk_heard_kept(struct lk_heard *heard, const struct lk_terms *terms)
{
	heard->kept = *terms;
}

/* ---- grants ---- */

/* Who may run it, as far as this node knows. */
static uint32_t runners(const struct lk_grant_here *here, unsigned candidate)
{
	return (here->promise.runners | bit(here->owner)) & ~bit((int)candidate) & ~bit((int)here->self);
}

static struct lk_grant_answer refuse(enum lk_grant grant, uint64_t epoch, uint32_t who)
{
	return (struct lk_grant_answer){ .grant = grant, .epoch = epoch, .who = who };
}

static bool is_old(const struct lk_grant_ask *ask, const struct lk_grant_here *here, uint64_t *highest)
{
	bool promised = here->promise.epoch == ask->epoch &&
			here->promise.candidate == (int)ask->candidate;

	*highest = here->epoch > here->promise.epoch ? here->epoch : here->promise.epoch;
	return ask->epoch < *highest || (ask->epoch == *highest && !(promised && ask->epoch > here->epoch));
}

struct lk_grant_answer lk_grant(const struct lk_grant_ask *ask, struct lk_grant_here *here)
{
	uint32_t known = runners(here, ask->candidate);
	uint32_t open = (known | ask->suspects) & ~ask->released & ~bit((int)ask->candidate) &
			~bit((int)here->self);
	uint64_t highest;

	if (is_old(ask, here, &highest))
		return refuse(LK_GRANT_OLD, highest, 0);
	if (here->in_service && ask->candidate != here->self)
		return refuse(LK_GRANT_HERE, highest, 0);
	/* whatever the answer, it is a release: this node does not run it and will not by an older epoch */
	here->promise.epoch = ask->epoch;
	here->promise.candidate = (int)ask->candidate;
	if (known & ~ask->suspects & ~ask->released)
		return refuse(LK_GRANT_MORE, highest, known);
	if (open & ~here->quiet)
		return refuse(LK_GRANT_ALIVE, highest, open & ~here->quiet);
	here->promise.runners = (known & ~ask->released) | bit((int)ask->candidate);
	return (struct lk_grant_answer){ .grant = LK_GRANT_YES, .epoch = ask->epoch, .who = known };
}

bool lk_grant_learn(struct lk_promise *promise, uint64_t epoch, int owner)
{
	/* who released it is not in the record, so that nobody is struck out */
	if (owner < 0 || epoch < promise->epoch ||
	    (epoch == promise->epoch && promise->runners == bit(owner)))
		return false;
	*promise = (struct lk_promise){ .epoch = epoch, .candidate = owner, .runners = bit(owner) };
	return true;
}

/* ---- a candidate collects ---- */

void lk_canvass_begin(struct lk_canvass *canvass, unsigned nsys, const struct lk_grant_ask *ask)
{
	*canvass = (struct lk_canvass){ .nsys = nsys, .ask = *ask, .highest = ask->epoch };
}

bool lk_canvass_answer(struct lk_canvass *canvass, unsigned from, const struct lk_canvass_sent *sent,
		       const struct lk_grant_answer *answer)
{
	struct lk_grant_ask *ask = &canvass->ask;
	uint32_t more = answer->who & ~ask->suspects & ~bit((int)ask->candidate);

	/* a candidate needs no release of its own */
	if (answer->grant != LK_GRANT_OLD && answer->grant != LK_GRANT_HERE && from != ask->candidate)
		ask->released |= bit((int)from);
	if (answer->epoch > canvass->highest)
		canvass->highest = answer->epoch;
	canvass->outbid = canvass->outbid || answer->grant == LK_GRANT_OLD;
	if (answer->grant == LK_GRANT_MORE && more) {
		ask->suspects |= more;
		memset(canvass->asked, 0, sizeof(canvass->asked));
		return false;
	}
	if (answer->grant != LK_GRANT_YES)
		return answer->grant != LK_GRANT_MORE;
	if (sent->suspects != ask->suspects)
		return false;
	canvass->asked[from] = sent->when;
	return true;
}

static bool granted(const struct lk_canvass *canvass, unsigned sys, int64_t now, int64_t window)
{
	return canvass->asked[sys] && now - canvass->asked[sys] < window;
}

bool lk_canvass_won(const struct lk_canvass *canvass, uint32_t knowing, int64_t now, int64_t window)
{
	unsigned yes = 0;

	knowing |= bit((int)canvass->ask.candidate);
	for (unsigned i = 0; i < canvass->nsys; i++)
		yes += knowing & bit((int)i) && granted(canvass, i, now, window);
	return 2 * yes > canvass->nsys && granted(canvass, canvass->ask.candidate, now, window);
}

bool lk_canvass_won_all(const struct lk_canvass *canvass, uint32_t gone, int64_t now, int64_t window)
{
	for (unsigned i = 0; i < canvass->nsys; i++)
		if (!(gone & bit((int)i)) && !granted(canvass, i, now, window))
			return false;
	return true;
}
