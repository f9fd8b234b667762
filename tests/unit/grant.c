/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases and grants, one rule at a time: lk/grant.h. What follows from them together tests/sim/ looks for. */
#include "lk/grant.h"

#include <stdio.h>
#include <string.h>

#include "tap.h"
#include "lk/poison.h"

#define S INT64_C(1000000000)

enum { A, B, C, D, E };
#define BIT(s) (UINT32_C(1) << (s))

/* ---- the times ---- */

static void test_terms(void)
{
	struct lk_terms ours = lk_terms(1 * S, 5, 15 * S), theirs = lk_terms(2 * S, 5, 1 * S);

	ok(ours.lease == 7 * S && ours.stop == 15 * S, "a lease is the interval times the misses and two more");
	ok(lk_terms_window(&ours) == 7 * S / 2, "grants are collected for half a lease");
	ok(lk_terms_quiet(&ours, &ours) >= 22 * S + 22 * S / 64 + S / 10 && lk_terms_quiet(&ours, &ours) < 23 * S,
	   "who is silent for lease and stop on the slowest clock has stopped");
	ok(lk_terms_quiet(&ours, &theirs) == lk_terms_quiet(&theirs, &ours) &&
		   lk_terms_quiet(&ours, &theirs) == lk_terms_quiet(&ours, &ours),
	   "the larger sum of both sides counts");
	ok(lk_terms_bar(&ours, &theirs) == lk_terms_bar(&theirs, &theirs) &&
		   lk_terms_bar(&ours, &theirs) > lk_terms_window(&theirs),
	   "a bar outlasts the longer window, also on the slowest clock");
}

/* ---- the lease ---- */

static void begin(struct lk_hold *hold, unsigned nsys, int64_t until)
{
	const struct lk_terms terms = { 5 * S, 2 * S };

	lk_hold_init(hold, nsys, A, until);
	lk_hold_terms(hold, &terms, 0);
}

static void test_hold(void)
{
	struct lk_hold hold;

	begin(&hold, 5, 0);
	lk_hold_renew(&hold, 10 * S);
	ok(!lk_hold_valid(&hold, 10 * S) && !hold.lapsed, "without a confirmation there is no lease, and none that is lost");
	lk_hold_echo(&hold, A, 10 * S);
	lk_hold_echo(&hold, 7, 10 * S);
	lk_hold_echo(&hold, B, 10 * S);
	lk_hold_renew(&hold, 10 * S);
	ok(!lk_hold_valid(&hold, 10 * S), "the own one and one of five are no majority");
	lk_hold_echo(&hold, C, 8 * S);
	lk_hold_renew(&hold, 10 * S);
	ok(hold.until == 13 * S && lk_hold_valid(&hold, 13 * S - 1) && !lk_hold_valid(&hold, 13 * S),
	   "with two of four others it lasts from the older one");
	lk_hold_echo(&hold, C, 7 * S);
	lk_hold_echo(&hold, D, 9 * S);
	lk_hold_renew(&hold, 10 * S);
	ok(hold.until == 14 * S, "the newest ones that make a majority count, and none is taken back");
	lk_hold_renew(&hold, 14 * S);
	ok(hold.lapsed && !lk_hold_valid(&hold, 14 * S), "one that has run out is lost");
	lk_hold_echo(&hold, B, 14 * S);
	lk_hold_echo(&hold, C, 14 * S);
	lk_hold_renew(&hold, 14 * S);
	ok(hold.lapsed && !lk_hold_valid(&hold, 14 * S), "and is not renewed before what it let run has ended");
	lk_hold_clear(&hold);
	lk_hold_renew(&hold, 14 * S);
	ok(!hold.lapsed && lk_hold_valid(&hold, 15 * S), "then it is");
	begin(&hold, 5, 12 * S);
	lk_hold_renew(&hold, 20 * S);
	ok(hold.lapsed, "one that has run out before a restart is lost");
	begin(&hold, 3, 0);
	lk_hold_echo(&hold, B, 10 * S);
	lk_hold_renew(&hold, 20 * S);
	ok(!hold.until && !hold.lapsed, "a confirmation that is older than a lease gives none");
}

static void test_hold_rules(void)
{
	struct lk_hold hold;

	begin(&hold, 3, 0);
	lk_hold_echo(&hold, A, 10 * S);
	lk_hold_echo(&hold, D, 10 * S);
	ok(!hold.echoed[A] && !hold.echoed[D], "neither this system itself nor one that is none confirms anything");
	lk_hold_echo(&hold, B, 10 * S);
	lk_hold_echo(&hold, B, 9 * S);
	ok(hold.echoed[B] == 10 * S, "an older confirmation that comes later takes nothing back");
	lk_hold_stored(&hold, 30 * S);
	lk_hold_renew(&hold, 10 * S);
	ok(hold.until == 15 * S, "without storage quorum a write gives nothing");
	lk_hold_renew(&hold, 15 * S);
	lk_hold_echo(&hold, B, 14 * S);
	lk_hold_renew(&hold, 16 * S);
	ok(hold.until == 15 * S, "the end of one that is lost stays, as the time to stop runs from it");
	hold.until = 20 * S;
	ok(!lk_hold_valid(&hold, 16 * S), "one that is lost is not valid, whenever it ends");
	begin(&hold, 3, 0);
	hold.all = true;
	lk_hold_stored(&hold, 30 * S);
	lk_hold_stored(&hold, 20 * S);
	lk_hold_echo(&hold, B, 28 * S);
	lk_hold_renew(&hold, 10 * S);
	ok(hold.until == 30 * S, "with it the last one does, and one of two others not");
	lk_hold_echo(&hold, C, 28 * S);
	lk_hold_renew(&hold, 29 * S);
	ok(hold.until == 33 * S, "but both");
}

/* ---- terms that are changed ---- */

static void put(struct lk_hold *hold, int64_t lease, int64_t stop, int64_t now)
{
	const struct lk_terms terms = { lease, stop };

	lk_hold_terms(hold, &terms, now);
}

static bool tells(const struct lk_hold *hold, int64_t now, int64_t lease, int64_t stop)
{
	struct lk_terms told = lk_hold_tell(hold, now);

	return told.lease == lease && told.stop == stop;
}

static void confirm(struct lk_hold *hold, int64_t sent, int64_t now)
{
	lk_hold_echo(hold, B, sent);
	lk_hold_renew(hold, now);
}

static void test_raised(void)
{
	struct lk_hold hold;

	begin(&hold, 3, 0);
	confirm(&hold, 10 * S, 10 * S);
	ok(tells(&hold, 10 * S, 5 * S, 2 * S) && tells(&hold, 11 * S, 5 * S, 2 * S), "what is configured is told");
	put(&hold, 9 * S, 40 * S, 12 * S);
	ok(tells(&hold, 12 * S, 9 * S, 40 * S), "what was raised is told at once");
	ok(lk_hold_knowing(&hold) == BIT(A), "who has confirmed before does not know of it yet");
	confirm(&hold, 11 * S, 12 * S);
	ok(hold.until == 16 * S && hold.given.stop == 2 * S, "a heartbeat of before has told less, and gives less");
	confirm(&hold, 12 * S, 13 * S);
	ok(hold.until == 21 * S && hold.given.stop == 40 * S, "one that has told more gives more");
	ok(lk_hold_knowing(&hold) == (BIT(A) | BIT(B)), "and who confirms it knows");
}

static void test_lowered(void)
{
	struct lk_hold hold;

	begin(&hold, 3, 0);
	put(&hold, 5 * S, 40 * S, 1 * S);
	confirm(&hold, 10 * S, 10 * S);
	put(&hold, 3 * S, 2 * S, 11 * S);
	ok(tells(&hold, 11 * S, 4 * S, 40 * S), "what was lowered is told when what was given before has ended");
	ok(tells(&hold, 20 * S, 3 * S, 32 * S) && tells(&hold, 54 * S, 3 * S, 2 * S), "... less and less until then");
	confirm(&hold, 10 * S + S / 2, 11 * S);
	ok(hold.until == 15 * S, "a heartbeat of before gives no more than one of now");
	confirm(&hold, 13 * S, 13 * S);
	ok(hold.until == 16 * S && hold.given.stop == 2 * S && hold.given.deadline == 55 * S,
	   "the deadline that was published stays");
	lk_hold_clear(&hold);
	ok(tells(&hold, 14 * S, 3 * S, 2 * S), "when nothing runs what is configured is told");
}

static void test_up_and_down(void)
{
	struct lk_hold hold;

	begin(&hold, 3, 0);
	put(&hold, 5 * S, 40 * S, 1 * S);
	put(&hold, 5 * S, 1 * S, 11 * S);
	put(&hold, 5 * S, 40 * S, 12 * S);
	confirm(&hold, 10 * S, 13 * S);
	ok(hold.given.deadline == 16 * S, "the least that was told since a heartbeat is what it gives");
	lk_hold_clear(&hold);
	put(&hold, 6 * S, 40 * S, 30 * S);
	confirm(&hold, 28 * S, 31 * S);
	ok(hold.given.deadline == 73 * S, "but not what was told a lease before it");
}

static void test_restarted(void)
{
	struct lk_hold hold;

	lk_hold_init(&hold, 3, A, 20 * S);
	hold.given.deadline = 60 * S;
	put(&hold, 5 * S, 2 * S, 18 * S);
	ok(tells(&hold, 18 * S, 5 * S, 37 * S), "after a restart the deadline of before is told");
	confirm(&hold, 17 * S, 18 * S);
	ok(hold.until == 20 * S, "and nothing is given for what another process may have sent");
}

static void test_heard(void)
{
	const struct lk_terms small = { 5 * S, 2 * S }, large = { 5 * S, 40 * S };
	struct lk_heard heard = { .terms = { 0 } };

	ok(!lk_heard_tells(&heard, &small), "one that was never heard is not confirmed before its terms are kept");
	lk_heard_keeping(&heard, &small);
	ok(!lk_heard_tells(&heard, &small), "... nor while they are being kept");
	lk_heard_kept(&heard, &small);
	ok(lk_heard_tells(&heard, &small), "but then");
	lk_heard_takes(&heard, &small, true);
	ok(!lk_heard_tells(&heard, &large) && heard.terms.stop == 40 * S, "larger ones count at once");
	ok(lk_heard_tells(&heard, &small) && heard.terms.stop == 40 * S, "smaller ones only when they are confirmed");
	lk_heard_takes(&heard, &small, false);
	ok(heard.terms.stop == 40 * S, "... and certainly of the latest incarnation");
	lk_heard_takes(&heard, &small, true);
	ok(heard.terms.stop == 2 * S, "then they do");
	lk_heard_kept(&heard, &large);
	ok(lk_heard_tells(&heard, &large), "what is kept may be told");
	lk_heard_keeping(&heard, &small);
	ok(!lk_heard_tells(&heard, &large), "but not when less is being kept");
}

/* ---- grants ---- */

struct grant_case {
	const char *what;
	struct lk_grant_ask ask;
	struct lk_grant_here here;
	struct lk_grant_answer answer;
	struct lk_promise after;
};

#define NONE { 0, LK_GRANT_NOBODY, 0 }
#define FREE .owner = LK_GRANT_NOBODY, .promise = NONE

static const struct grant_case grants[] = {
	{ "what nobody has is granted", { B, 1, 0, 0 }, { .self = A, FREE }, { LK_GRANT_YES, 1, 0 }, { 1, B, BIT(B) } },
	{ "asked again the answer is the same", { B, 1, 0, 0 },
	  { .self = A, .owner = LK_GRANT_NOBODY, .promise = { 1, B, BIT(B) } }, { LK_GRANT_YES, 1, 0 }, { 1, B, BIT(B) } },
	{ "one epoch is granted once", { C, 1, 0, 0 },
	  { .self = A, .owner = LK_GRANT_NOBODY, .promise = { 1, B, BIT(B) } }, { LK_GRANT_OLD, 1, 0 }, { 1, B, BIT(B) } },
	{ "a lower epoch than promised is old", { C, 2, 0, 0 },
	  { .self = A, .owner = LK_GRANT_NOBODY, .promise = { 3, B, BIT(B) } }, { LK_GRANT_OLD, 3, 0 }, { 3, B, BIT(B) } },
	{ "so is that of the ownership record, also for who was promised it", { B, 4, 0, 0 },
	  { .self = A, .epoch = 4, .owner = B, .promise = { 4, B, BIT(B) } }, { LK_GRANT_OLD, 4, 0 }, { 4, B, BIT(B) } },
	{ "what is in service here is not granted to others", { B, 2, BIT(A), 0 },
	  { .self = A, .epoch = 1, .owner = A, .in_service = true, .promise = { 1, A, BIT(A) } },
	  { LK_GRANT_HERE, 1, 0 }, { 1, A, BIT(A) } },
	{ "but to this system itself", { A, 2, 0, 0 },
	  { .self = A, .epoch = 1, .owner = A, .in_service = true, .promise = { 1, A, BIT(A) } },
	  { LK_GRANT_YES, 2, 0 }, { 2, A, BIT(A) } },
	{ "what this system has had it releases by the answer", { B, 2, BIT(A), 0 },
	  { .self = A, .epoch = 1, .owner = A, .promise = { 1, A, BIT(A) } }, { LK_GRANT_YES, 2, 0 }, { 2, B, BIT(B) } },
	{ "a suspect that is not quiet is named, and that is a release", { B, 2, BIT(C), 0 },
	  { .self = A, .epoch = 1, .owner = C, .promise = { 1, C, BIT(C) } }, { LK_GRANT_ALIVE, 1, BIT(C) },
	  { 2, B, BIT(C) } },
	{ "one that is quiet does not matter, and is not forgotten", { B, 2, BIT(C), 0 },
	  { .self = A, .epoch = 1, .owner = C, .quiet = BIT(C), .promise = { 1, C, BIT(C) } },
	  { LK_GRANT_YES, 2, BIT(C) }, { 2, B, BIT(B) | BIT(C) } },
	{ "one that has released it does not either, and is struck out", { B, 2, BIT(C), BIT(C) },
	  { .self = A, .epoch = 1, .owner = C, .promise = { 1, C, BIT(C) } }, { LK_GRANT_YES, 2, BIT(C) },
	  { 2, B, BIT(B) } },
	{ "a suspect of the candidate alone is waited for, too", { B, 1, BIT(D), 0 }, { .self = A, FREE },
	  { LK_GRANT_ALIVE, 0, BIT(D) }, { 1, B, 0 } },
	{ "a runner that the candidate does not know is told, also one that is quiet", { B, 2, 0, 0 },
	  { .self = A, .epoch = 1, .owner = C, .quiet = BIT(C), .promise = { 1, C, BIT(C) } },
	  { LK_GRANT_MORE, 1, BIT(C) }, { 2, B, BIT(C) } },
	{ "the owner of the record counts as well as who was promised it", { B, 5, BIT(C), 0 },
	  { .self = A, .epoch = 3, .owner = C, .promise = { 4, D, BIT(D) } }, { LK_GRANT_MORE, 4, BIT(C) | BIT(D) },
	  { 5, B, BIT(D) } },
	{ "one that has released it already need not be told", { B, 2, 0, BIT(C) },
	  { .self = A, .epoch = 1, .owner = C, .promise = { 1, C, BIT(C) } }, { LK_GRANT_YES, 2, BIT(C) },
	  { 2, B, BIT(B) } },
	{ "the candidate is no suspect of its own", { C, 2, BIT(C), 0 },
	  { .self = A, .epoch = 1, .owner = C, .promise = { 1, C, BIT(C) } }, { LK_GRANT_YES, 2, 0 }, { 2, C, BIT(C) } },
};

static bool same_promise(const struct lk_promise *a, const struct lk_promise *b)
{
	return a->epoch == b->epoch && a->candidate == b->candidate && a->runners == b->runners;
}

static void test_grants(void)
{
	for (size_t i = 0; i < sizeof(grants) / sizeof(*grants); i++) {
		const struct grant_case *want = &grants[i];
		struct lk_grant_here here = want->here;
		struct lk_grant_answer got = lk_grant(&want->ask, &here);

		if (!ok(got.grant == want->answer.grant && got.epoch == want->answer.epoch &&
				got.who == want->answer.who && same_promise(&here.promise, &want->after),
			"%s", want->what))
			diag("%s %llu %x; %llu %d %x", lk_grant_names[got.grant], (unsigned long long)got.epoch,
			     got.who, (unsigned long long)here.promise.epoch, here.promise.candidate,
			     here.promise.runners);
	}
}

static void test_learn(void)
{
	struct lk_promise promise = { 5, B, BIT(B) | BIT(C) };

	ok(!lk_grant_learn(&promise, 4, D) && promise.epoch == 5, "an older record says nothing");
	ok(!lk_grant_learn(&promise, 6, LK_GRANT_NOBODY) && promise.epoch == 5, "nor one that names nobody");
	ok(lk_grant_learn(&promise, 5, B) && promise.runners == BIT(B), "a winner is the only one that may run it");
	ok(!lk_grant_learn(&promise, 5, B), "the same again changes nothing");
	ok(lk_grant_learn(&promise, 7, D) && promise.epoch == 7 && promise.candidate == D && promise.runners == BIT(D),
	   "a newer one is the promise");
}

/* ---- collecting ---- */

static bool answers(struct lk_canvass *c, unsigned from, int64_t when, struct lk_grant_answer answer)
{
	const struct lk_canvass_sent sent = { when, c->ask.suspects };

	return lk_canvass_answer(c, from, &sent, &answer);
}

#define ALL UINT32_MAX

static const struct lk_grant_answer yes = { LK_GRANT_YES, 3, 0 };

static void test_canvass(void)
{
	const struct lk_grant_ask ask = { .candidate = A, .epoch = 3, .suspects = BIT(C) };
	struct lk_canvass c;

	lk_canvass_begin(&c, 5, &ask);
	ok(answers(&c, B, 10 * S, yes) && answers(&c, D, 10 * S, yes) && answers(&c, E, 10 * S, yes) &&
		   !lk_canvass_won(&c, ALL, 10 * S, S),
	   "a majority without the candidate itself is none");
	ok(answers(&c, A, 10 * S, yes) && lk_canvass_won(&c, ALL, 10 * S, S), "with it it is");
	ok(lk_canvass_won(&c, BIT(B) | BIT(D), 10 * S, S) && !lk_canvass_won(&c, BIT(A) | BIT(B), 10 * S, S),
	   "only grants of those count that know its terms, and the candidate does");
	ok(!lk_canvass_won_all(&c, 0, 10 * S, S) && lk_canvass_won_all(&c, 1u << C, 10 * S, S) &&
		   !lk_canvass_won_all(&c, 1u << C, 11 * S, S), "with storage all must grant it that have not stopped");
	ok(lk_canvass_won(&c, ALL, 11 * S - 1, S) && !lk_canvass_won(&c, ALL, 11 * S, S), "grants count for the window only");
	lk_canvass_begin(&c, 4, &ask);
	ok(answers(&c, A, 10 * S, yes) && answers(&c, B, 10 * S, yes) && !lk_canvass_won(&c, ALL, 10 * S, S),
	   "half of them is no majority");
	ok(c.ask.released == BIT(B), "who grants has released it, but for the candidate");
	ok(answers(&c, D, 10 * S, (struct lk_grant_answer){ LK_GRANT_ALIVE, 2, BIT(C) }) &&
		   c.ask.released == (BIT(B) | BIT(D)) && !c.outbid,
	   "who names others has released it, too");
	ok(!answers(&c, D, 10 * S, (struct lk_grant_answer){ LK_GRANT_MORE, 2, BIT(B) | BIT(C) }) &&
		   c.ask.suspects == (BIT(B) | BIT(C)) && !c.asked[A] && !c.asked[B],
	   "with more suspects all have to be asked again");
	const struct lk_canvass_sent before = { 10 * S, BIT(C) };
	ok(!lk_canvass_answer(&c, B, &before, &yes) && !c.asked[B], "a grant of the question before is none");
	ok(!answers(&c, D, 10 * S, (struct lk_grant_answer){ LK_GRANT_MORE, 2, BIT(B) }) &&
		   c.ask.suspects == (BIT(B) | BIT(C)),
	   "one that was not asked about them asks to be asked again");
	ok(!answers(&c, D, 10 * S, (struct lk_grant_answer){ LK_GRANT_MORE, 2, BIT(A) }) &&
		   c.ask.suspects == (BIT(B) | BIT(C)),
	   "the candidate is none of them");
	ok(answers(&c, E, 10 * S, (struct lk_grant_answer){ LK_GRANT_OLD, 1, 0 }) && !(c.ask.released & BIT(E)),
	   "who has promised it to another has released nothing");
	c.outbid = false;
	ok(answers(&c, C, 10 * S, (struct lk_grant_answer){ LK_GRANT_HERE, 2, 0 }) && !(c.ask.released & BIT(C)),
	   "who has it in service has not released it");
	ok(answers(&c, D, 10 * S, (struct lk_grant_answer){ LK_GRANT_OLD, 9, 0 }) && c.outbid && c.highest == 9,
	   "a higher epoch is remembered");
}

int main(void)
{
	test_terms();
	test_hold();
	test_hold_rules();
	test_raised();
	test_lowered();
	test_up_and_down();
	test_restarted();
	test_heard();
	test_grants();
	test_learn();
	test_canvass();
	return tap_done();
}
