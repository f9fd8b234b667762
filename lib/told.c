/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which terms of another system count. */
#include "lk/told.h"

#include "lk/poison.h"

/* From now on the last ones told are the first smaller ones, if they are. */
static void begin(struct lk_told *told, int64_t now)
{
	told->smaller = lk_terms_exceed(&told->counts, &told->last) ? now : 0;
	told->since = told->last;
}

int64_t lk_told_left(const struct lk_told *told, int64_t now)
{
	int64_t over = told->smaller + lk_terms_quiet(&told->counts, &told->counts);

	return told->smaller && now < over ? over - now : 0;
}

/* When exactly those told meanwhile were made smaller is not known: that counts from now. */
static void settle(struct lk_told *told, int64_t now)
{
	if (!told->smaller || lk_told_left(told, now))
		return;
	told->counts = told->since;
	begin(told, now);
}

void lk_told_hear(struct lk_told *told, const struct lk_terms *terms, int64_t now)
{
	settle(told, now);
	told->last = *terms;
	if (lk_terms_exceed(terms, &told->counts)) {
		lk_terms_widen(&told->counts, terms);
		begin(told, now);
	} else if (!told->smaller || !lk_terms_exceed(&told->counts, terms)) {
		begin(told, now);
	} else {
		lk_terms_widen(&told->since, terms);
	}
}

bool lk_told_exceeds(const struct lk_told *told, const struct lk_terms *terms)
{
	return lk_terms_exceed(terms, &told->counts);
}

struct lk_terms lk_told_terms(const struct lk_told *told, int64_t now)
{
	struct lk_told copy = *told;

	settle(&copy, now);
	return copy.counts;
}
