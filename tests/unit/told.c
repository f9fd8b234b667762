/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which terms of another system count: lk/told.h. */
#include "lk/told.h"

#include <stdint.h>

#include "tap.h"
#include "lk/poison.h"

#define S INT64_C(1000000000)
#define LARGE (615 * S)	/* lease and stop of the large ones below */

static const struct lk_terms small = { 15 * S, 15 * S }, middle = { 15 * S, 300 * S }, large = { 15 * S, 600 * S };

static bool counts(const struct lk_told *told, int64_t now, const struct lk_terms *terms)
{
	const struct lk_terms found = lk_told_terms(told, now);

	return found.lease == terms->lease && found.stop == terms->stop;
}

/* When the large ones were last in force is not after the first small ones. */
static int64_t over(int64_t since)
{
	return since + lk_terms_quiet(&large, &large);
}

static void test_back(void)
{
	struct lk_told told = { .smaller = 0 };

	ok(lk_told_terms(&told, 1).lease == 0, "nothing was told");
	lk_told_hear(&told, &small, 100 * S);
	ok(counts(&told, 100 * S, &small) && !lk_told_left(&told, 100 * S), "what is told first counts");
	lk_told_hear(&told, &large, 110 * S);
	ok(counts(&told, 110 * S, &large), "larger terms count at once");
	ok(counts(&told, 100000 * S, &large) && !lk_told_left(&told, 100000 * S),
	   "and for ever, if nothing else is told: what hangs, or was cut off, may have them yet");
	lk_told_hear(&told, &small, 1000 * S);
	ok(lk_told_left(&told, 1000 * S) > LARGE, "smaller ones do not count at once");
	lk_told_hear(&told, &small, 1001 * S);
	ok(counts(&told, over(1000 * S) - 1, &large), "not before all has ended that the larger ones have let run");
	ok(counts(&told, over(1000 * S), &small) && !lk_told_left(&told, over(1000 * S)),
	   "then they do, counted from the first that were told, whether or not more follow");
	lk_told_hear(&told, &small, over(1000 * S) + S);
	ok(counts(&told, over(1000 * S) + S, &small) && !told.smaller, "and that is all");
}

static void test_again(void)
{
	struct lk_told told = { .smaller = 0 };

	lk_told_hear(&told, &large, 100 * S);
	lk_told_hear(&told, &small, 200 * S);
	lk_told_hear(&told, &large, 300 * S);
	ok(counts(&told, over(200 * S) + S, &large), "large again meanwhile: what was small before counts for nothing");
	lk_told_hear(&told, &small, 2000 * S);
	ok(counts(&told, over(2000 * S) - 1, &large) && counts(&told, over(2000 * S), &small),
	   "it begins anew");
	told = (struct lk_told){ .smaller = 0 };
	lk_told_hear(&told, &large, 100 * S);
	lk_told_hear(&told, &small, 200 * S);
	lk_told_hear(&told, &middle, over(200 * S) - S);
	lk_told_hear(&told, &small, over(200 * S) - S + 1);
	ok(counts(&told, over(200 * S), &middle), "of what was told meanwhile the largest counts");
	lk_told_hear(&told, &small, over(200 * S));
	ok(counts(&told, over(200 * S) + lk_terms_quiet(&middle, &middle) - 1, &middle) &&
		   counts(&told, over(200 * S) + lk_terms_quiet(&middle, &middle), &small),
	   "until its own time has passed");
}

static void test_both(void)
{
	const struct lk_terms other = { 30 * S, 15 * S }, both = { 30 * S, 600 * S };
	struct lk_told told = { .smaller = 0 };

	lk_told_hear(&told, &large, 100 * S);
	ok(lk_told_exceeds(&told, &other) && !lk_told_exceeds(&told, &small) && !lk_told_exceeds(&told, &large),
	   "one that is longer is enough");
	lk_told_hear(&told, &other, 200 * S);
	ok(counts(&told, 200 * S, &both), "a longer lease with a shorter stop: of both the longer one");
	ok(counts(&told, 200 * S + lk_terms_quiet(&both, &both) - 1, &both) &&
		   counts(&told, 200 * S + lk_terms_quiet(&both, &both), &other),
	   "and the shorter stop later");
}

/* Step by step, as a system tells the rest of what it has promised before. */
static void test_steps(void)
{
	struct lk_told told = { .smaller = 0 };
	int64_t now = 100 * S;

	lk_told_hear(&told, &large, now);
	for (int i = 99; i >= 0; i--) {
		const struct lk_terms step = { 15 * S, 15 * S + i * 585 * S / 100 };

		lk_told_hear(&told, &step, now += 6 * S);
	}
	ok(counts(&told, now, &large), "steps down are no reason to be quicker");
	while (now < 3000 * S)
		lk_told_hear(&told, &small, now += 6 * S);
	ok(counts(&told, now, &small), "nor to come to no end");
}

int main(void)
{
	test_back();
	test_again();
	test_both();
	test_steps();
	return tap_done();
}
