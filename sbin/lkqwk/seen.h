/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What successive looks at an object say about the system that writes it. Pure: times come in as numbers.
 *
 * An advance is a sequence above all seen before. One that goes back is a stale answer of the storage, if
 * the time in the object goes back with it, and says nothing; if it does not, the system has begun anew
 * with a lower sequence, which is a sign of life. Should its clock have gone back, too, the third lower
 * one in ascending order tells it.
 *
 * Bytes that are no object, and are others at each look, have a writer all the same: what damages them may come after it.
 */
#ifndef LKQWK_SEEN_H
#define LKQWK_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "lk/attr.h"
#include "lk/qwkobject.h"

struct seen {
	bool looked_once, valid;	/* a look was good; the last good one found an object */
	int64_t looked;			/* when the last good look began */
	uint64_t best, time;		/* the sequence that counts, and the time in its object */
	bool back;
	uint64_t low;			/* the last one that went back */
	unsigned rises;			/* times in a row that it rose since */
	bool summed;
	uint32_t sum;			/* of the last bytes that a look found */
};

enum sight {
	SAME,		/* no advance */
	ADVANCED,
	WENT_BACK,	/* no advance; to be told */
	BEGAN_ANEW,	/* an advance, by going back; to be told */
};

/* A look that began then; object NULL: what is there is no object, or there is nothing. *before: when the last
 * good look before this one began, 0 if there was none. */
enum sight seen_look(struct seen *seen, const struct lk_qwk_object *object, int64_t begun, int64_t *before)
	LK_NONNULL(1, 4);

/* To be told the bytes of each look, an object or none: are they others than those of the look before? */
bool seen_moved(struct seen *seen, const unsigned char bytes[static LK_QWK_SIZE]) LK_NONNULL(1, 2);

#endif
