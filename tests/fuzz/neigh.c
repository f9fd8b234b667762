/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz the reading of frames from the link: no frame may be read beyond its end, and what claims an address
 * names it. */
#include "lk/neigh.h"

#include <string.h>

#include "fuzz.h"
#include "lk/poison.h"

static void check(const unsigned char *byte, size_t len, const struct lk_ip *ip, size_t size)
{
	bool found = false;

	if (!lk_frame_claims(byte, len, ip))
		return;
	for (size_t i = 0; i + size <= len && !found; i++)
		found = !memcmp(byte + i, ip->byte, size);
	MUST(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_ip four = { .family = AF_INET }, six = { .family = AF_INET6 };
	unsigned char *copy = malloc(size + 1);	/* exact, so that a read beyond it is seen */

	if (size)
		memcpy(copy, data, size);
	if (size >= 28)
		memcpy(four.byte, copy + 24, 4);
	if (size >= 64)
		memcpy(six.byte, copy + 48, 16);
	check(copy, size, &four, 4);
	check(copy, size, &six, 16);
	free(copy);
	return 0;
}
