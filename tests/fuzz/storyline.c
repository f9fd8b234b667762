/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz the reading of a story line: what is found lies within the line, and no byte behind it is touched. */
#include "lk/storyline.h"

#include <string.h>

#include "fuzz.h"
#include "lk/poison.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_storyline found;
	char *line = malloc(size + 1);

	MUST(line);
	memcpy(line, data, size);
	line[size] = '\0';
	if (lk_storyline_parse(line, &found)) {
		MUST(found.node && found.prog && found.subject && found.what);
		MUST(!found.decision || (found.decision >= line && found.decision <= line + size));
		for (int i = 0; found.input[i].key; i++)
			MUST(i < LK_STORY_INPUTS && found.input[i].value >= line &&
			     found.input[i].value <= line + size);
		MUST(lk_storyline_about(&found, found.subject));
	}
	free(line);
	return 0;
}
