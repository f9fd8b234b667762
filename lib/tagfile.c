/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are named after a resource. */
#include "lk/tagfile.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lk/poison.h"

#define SUM 18		/* "%", 16 digits, NUL */

/* FNV-1a: the names need to differ, not to resist an attack. */
static uint64_t checksum(const char *text)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 0x100000001b3;
	return sum;
}

void lk_tag_file(const char *tag, char name[static LK_TAGFILE_MAX])
{
	size_t len = 0;

	for (const char *at = tag; *at; at++) {
		if (len + 3 > LK_TAGFILE_MAX - SUM) {
			snprintf(name + len, SUM, "%%%016llx", (unsigned long long)checksum(tag));
			return;
		}
		if (*at == '/') {
			memcpy(name + len, "%2F", 3);
			len += 3;
		} else {
			name[len++] = *at;
		}
	}
	name[len] = '\0';
}
