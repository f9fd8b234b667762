/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What successive looks at an object say. */
#include "seen.h"

#include "lk/poison.h"

#define RISES 2		/* a stale storage could show a few old objects in their order */

static enum sight accept(struct seen *seen, const struct lk_qwk_object *object, enum sight sight)
{
	seen->best = object->sequence;
	seen->time = object->time;
	seen->back = false;
	seen->rises = 0;
	return sight;
}

static enum sight go_back(struct seen *seen, const struct lk_qwk_object *object)
{
	bool first = !seen->back;

	if (object->time >= seen->time)
		return accept(seen, object, BEGAN_ANEW);
	seen->rises = seen->back && object->sequence > seen->low ? seen->rises + 1 :
		      seen->back && object->sequence == seen->low ? seen->rises : 0;
	seen->back = true;
	seen->low = object->sequence;
	if (seen->rises >= RISES)
		return accept(seen, object, BEGAN_ANEW);
	return first ? WENT_BACK : SAME;
}

static enum sight judge(struct seen *seen, const struct lk_qwk_object *object)
{
	bool first = !seen->looked_once, was_valid = seen->valid;

	if (!object)
		return SAME;
	if (first)
		return accept(seen, object, SAME);	/* it may be old */
	if (object->sequence > seen->best || (!was_valid && !seen->time))
		return accept(seen, object, ADVANCED);
	if (object->sequence < seen->best)
		return go_back(seen, object);
	seen->back = false;
	return SAME;
}

enum sight seen_look(struct seen *seen, const struct lk_qwk_object *object, int64_t begun, int64_t *before)
{
	enum sight sight = judge(seen, object);

	*before = seen->looked_once ? seen->looked : 0;
	seen->looked_once = true;
	seen->valid = object;
	seen->looked = begun;
	return sight;
}

bool seen_moved(struct seen *seen, const unsigned char bytes[static LK_QWK_SIZE])
{
	uint32_t sum = lk_crc32(bytes, LK_QWK_SIZE);
	bool moved = seen->summed && sum != seen->sum;

	seen->summed = true;
	seen->sum = sum;
	return moved;
}
