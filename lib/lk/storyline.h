/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the story of decisions (lk/story.h): one line, which may be cut off or come from another system. */
#ifndef LK_STORYLINE_H
#define LK_STORYLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "lk/story.h"

struct lk_storyline {
	int64_t ms;			/* when, since 1970 */
	const char *node, *prog, *subject, *what;	/* "" where it does not say */
	const char *decision, *text;	/* NULL: none */
	struct lk_story_input input[LK_STORY_INPUTS + 1];	/* up to one with key NULL */
};

/* Take a line apart, in place: what is found points into it. False if it is no whole line of a story. */
bool lk_storyline_parse(char *line, struct lk_storyline *found) LK_NONNULL(1, 2);

/* Is it about this tag or system: as subject, or as something the decision was based on? */
bool lk_storyline_about(const struct lk_storyline *line, const char *name) LK_NONNULL(1, 2);

#endif
