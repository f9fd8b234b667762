/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz the reading of what lcdrcp sends. Files begin and end in turn, no name leads elsewhere, nothing comes
 * after a failure, and what is accepted has as many files as were announced. */
#include "lk/rcp.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "lk/poison.h"

struct seen {
	unsigned announced, begun, ended;
	int inside;
};

static int on_begin(void *arg, const char *target, unsigned files)
{
	struct seen *seen = arg;

	MUST(!seen->announced && files && files <= LK_RCP_FILES);
	MUST(*target && strlen(target) < LK_RCP_TARGET);
	seen->announced = files;
	return 0;
}

static int on_file(void *arg, const char *name, mode_t mode)
{
	struct seen *seen = arg;

	MUST(!seen->inside && ++seen->begun <= seen->announced);
	MUST(*name && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, "..") && mode <= 07777);
	seen->inside = 1;
	return 0;
}

static int on_data(void *arg, const uint8_t *data, size_t len)
{
	const struct seen *seen = arg;

	MUST(seen->inside && data && len <= LK_RCP_BLOCK);
	return 0;
}

static int on_end(void *arg)
{
	struct seen *seen = arg;

	MUST(seen->inside);
	seen->inside = 0;
	seen->ended++;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { 0 };
	const struct lk_rcp_sink sink = { on_begin, on_file, on_data, on_end, &seen };
	struct lk_err err;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	MUST(fd >= 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	int rc = lk_rcp_decode(fd, &sink, &err);
	MUST(rc == 0 || rc == -LK_EX_INTERNAL);
	if (rc == 0)
		MUST(seen.announced && seen.ended == seen.announced && !seen.inside);
	close(fd);
	return 0;
}
