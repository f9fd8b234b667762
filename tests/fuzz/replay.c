/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feed a fuzz target its corpus, each file whole, cut off at every length, and with single bytes
 * changed. A violated statement aborts. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "../unit/tap.h"
#include "lk/cleanup.h"
#include "lk/poison.h"

#define MAX 65536

static void feed(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);	/* exactly as long, so that reading behind it is noticed */

	if (size)
		memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void feed_variants(uint8_t *data, size_t size)
{
	size_t step = size / 512 + 1;

	for (size_t len = 0; len <= size; len += step)
		feed(data, len);
	feed(data, size);
	for (size_t i = 0; i < size; i += step) {
		uint8_t was = data[i];

		data[i] = (uint8_t)(was ^ (1U << i % 8));
		feed(data, size);
		data[i] = was;
	}
}

static void feed_file(const char *dir, const char *name)
{
	static uint8_t data[MAX];
	char path[4400];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE LK_AUTO_FILE *in = fopen(path, "r");
	if (ok(in != NULL, "%s", name))
		feed_variants(data, fread(data, 1, MAX, in));
}

int main(int argc, char **argv)
{
	const char *src = getenv("LK_SRC");
	const char *slash = strrchr(argv[0], '/'), *base = slash ? slash + 1 : argv[0];
	char dir[4096];
	int files = 0;

	alarm(300);
	snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%.*s", src ? src : ".",
		 (int)strcspn(base, "."), base);
	if (argc > 1)
		snprintf(dir, sizeof(dir), "%s", argv[1]);
	DIR LK_AUTO_DIR *d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.') {
			feed_file(dir, e->d_name);
			files++;
		}
	ok(files > 0, "%d files of %s leave the target standing", files, base);
	return tap_done();
}
