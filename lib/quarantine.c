/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time after a loss of quorum in which a system keeps away from the others. */
#include "lk/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/boot.h"
#include "lk/cleanup.h"
#include "lk/lease.h"
#include "lk/msg.h"
#include "lk/poison.h"

#define NEW "run/.quarantine.new"

/* Not durable: after a crash of the machine it means nothing. */
static int replace(const struct lk_tree *tree, const char *text, struct lk_err *err)
{
	size_t len = strlen(text);
	int LK_AUTO_CLOSE fd = openat(tree->fd, NEW, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	ssize_t done = fd < 0 ? -1 : write(fd, text, len);

	if (done == (ssize_t)len && renameat(tree->fd, NEW, tree->fd, LK_QUARANTINE_FILE) == 0)
		return 0;
	return lk_fail_errno(err, done >= 0 && done != (ssize_t)len ? ENOSPC : errno, "%s/%s", tree->root,
			     LK_QUARANTINE_FILE);
}

int lk_quarantine_begin(const struct lk_tree *tree, unsigned long long seconds, struct lk_err *err)
{
	char mark[LK_BOOT_MARK], text[LK_BOOT_MARK + 64];
	int rc = lk_boot_mark(mark, err);

	if (rc < 0)
		return rc;
	snprintf(text, sizeof(text), "quarantine 1 %" PRId64 " %s",
		 lk_lease_now() + (int64_t)seconds * 1000000000, mark);
	return replace(tree, text, err);
}

/* 1: *until and the boot; -3. */
static int parse(const char *text, int64_t *until, char mark[static LK_BOOT_MARK], struct lk_err *err)
{
	char *end;

	if (strncmp(text, "quarantine 1 ", 13) != 0)
		return lk_fail(err, LK_M_DAMAGED, LK_QUARANTINE_FILE, 1, "a quarantine is needed");
	errno = 0;
	*until = strtoll(text + 13, &end, 10);
	if (errno || *until < 0 || *end != ' ' || strlen(end + 1) >= LK_BOOT_MARK)
		return lk_fail(err, LK_M_DAMAGED, LK_QUARANTINE_FILE, 1, "a time and a boot are needed");
	snprintf(mark, LK_BOOT_MARK, "%s", end + 1);
	return 1;
}

int lk_quarantine_left(const struct lk_tree *tree, int64_t *ms, struct lk_err *err)
{
	char now[LK_BOOT_MARK], mark[LK_BOOT_MARK];
	struct lk_arena arena = { 0 };
	int64_t until = 0;
	char *text;
	size_t len;
	int rc = lk_tree_slurp(tree, LK_QUARANTINE_FILE, &arena, &text, &len, err);

	if (rc > 0)
		rc = parse(text, &until, mark, err);
	lk_arena_free(&arena);
	if (rc > 0 && lk_boot_mark(now, err) < 0)
		rc = -err->code;
	if (rc <= 0)
		return rc;
	*ms = (until - lk_lease_now() + 999999) / 1000000;
	return !strcmp(now, mark) && *ms > 0;
}

void lk_quarantine_end(const struct lk_tree *tree)
{
	unlinkat(tree->fd, LK_QUARANTINE_FILE, 0);
}
