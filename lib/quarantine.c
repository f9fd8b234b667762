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

#define LINE (LK_BOOT_MARK + 64)

enum what { NONE, INTENDED, QUARANTINED };
static const char *const words[] = { "none", "intended", "quarantine" };

struct page {
	enum what what;
	int64_t until;		/* the quarantine lasts, or the intention counts */
};

/* In place, and always of the same length in one boot. Not durable: after a crash of the machine it means nothing. */
static int put(const struct lk_tree *tree, const struct page *page, int create, struct lk_err *err)
{
	char mark[LK_BOOT_MARK], text[LINE];
	int rc = lk_boot_mark(mark, err);

	if (rc < 0)
		return rc;
	int LK_AUTO_CLOSE fd = openat(tree->fd, LK_QUARANTINE_FILE,
				      O_WRONLY | create | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	if (fd < 0 && errno == ENOENT && !create)
		return 0;
	int len = snprintf(text, sizeof(text), "%-10s 1 %020" PRId64 " %s", words[page->what], page->until, mark);
	ssize_t done = fd < 0 ? -1 : pwrite(fd, text, (size_t)len, 0);
	if (done == len)
		return 0;
	return lk_fail_errno(err, done < 0 ? errno : ENOSPC, "%s/%s", tree->root, LK_QUARANTINE_FILE);
}

static int damaged(const char *what, struct lk_err *err)
{
	return lk_fail(err, LK_M_DAMAGED, LK_QUARANTINE_FILE, 1, what);
}

/* 1: *page and the boot, of the first line; -3. */
static int parse(char *text, struct page *page, char mark[static LK_BOOT_MARK], struct lk_err *err)
{
	char word[16], number[4];
	long long until;
	int at = 0;

	text[strcspn(text, "\n")] = '\0';
	if (sscanf(text, "%15s %3s %20lld %n", word, number, &until, &at) != 3 || !at || strcmp(number, "1") != 0)
		return damaged("a quarantine is needed", err);
	page->what = NONE;
	while (page->what <= QUARANTINED && strcmp(words[page->what], word) != 0)
		page->what++;
	if (page->what > QUARANTINED)
		return damaged("a quarantine is needed", err);
	if (until < 0 || strlen(text + at) + 1 >= LK_BOOT_MARK)
		return damaged("a time and a boot are needed", err);
	page->until = until;
	snprintf(mark, LK_BOOT_MARK, "%s\n", text + at);
	return 1;
}

/* 1: of this boot; 0: there is none; -3; -1. */
static int get(const struct lk_tree *tree, struct page *page, struct lk_err *err)
{
	char now[LK_BOOT_MARK], mark[LK_BOOT_MARK];
	struct lk_arena arena = { 0 };
	char *text;
	size_t len;
	int rc = lk_tree_slurp(tree, LK_QUARANTINE_FILE, &arena, &text, &len, err);

	if (rc > 0)
		rc = parse(text, page, mark, err);
	lk_arena_free(&arena);
	if (rc > 0 && lk_boot_mark(now, err) < 0)
		rc = -err->code;
	return rc > 0 ? !strcmp(now, mark) : rc;
}

static int set(const struct lk_tree *tree, enum what what, unsigned long long seconds, struct lk_err *err)
{
	const struct page page = { what, lk_lease_now() + (int64_t)seconds * 1000000000 };

	return put(tree, &page, O_CREAT, err);
}

int lk_quarantine_prepare(const struct lk_tree *tree, struct lk_err *err)
{
	struct page page = { NONE, 0 };
	struct lk_err ignored;

	if (get(tree, &page, &ignored) > 0)
		return 0;
	return put(tree, &(struct page){ NONE, 0 }, O_CREAT, err);
}

int lk_quarantine_intend(const struct lk_tree *tree, unsigned long long seconds, struct lk_err *err)
{
	return set(tree, INTENDED, seconds, err);
}

int lk_quarantine_begin(const struct lk_tree *tree, unsigned long long seconds, struct lk_err *err)
{
	return set(tree, QUARANTINED, seconds, err);
}

int lk_quarantine_intended(const struct lk_tree *tree, struct lk_err *err)
{
	struct page page;
	int rc = get(tree, &page, err);

	return rc > 0 ? page.what != NONE && page.until > lk_lease_now() : rc;
}

int lk_quarantine_left(const struct lk_tree *tree, int64_t *ms, struct lk_err *err)
{
	struct page page;
	int rc = get(tree, &page, err);

	if (rc <= 0)
		return rc;
	*ms = (page.until - lk_lease_now() + 999999) / 1000000;
	return page.what == QUARANTINED && *ms > 0;
}

int lk_quarantine_end(const struct lk_tree *tree, struct lk_err *err)
{
	return put(tree, &(struct page){ NONE, 0 }, 0, err);
}
