/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Until when this node may run resources. */
#include "lk/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lk/boot.h"
#include "lk/cleanup.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/tunable.h"
#include "lk/poison.h"

#define HALF 160		/* each half is one whole line, so that a torn read shows */
#define TRIES 50

int64_t lk_lease_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int format(const struct lk_lease *lease, char text[static 2 * HALF + 1], struct lk_err *err)
{
	char mark[LK_BOOT_MARK], line[HALF + LK_BOOT_MARK];
	int rc = lk_boot_mark(mark, err);

	if (rc < 0)
		return rc;
	snprintf(line, sizeof(line), "lease 1 %020" PRId64 " %020" PRId64 " %s", lease->until,
		 lease->deadline, mark);
	/* the mark ends with its newline; blanks before it keep the length */
	line[strcspn(line, "\n")] = '\0';
	snprintf(text, 2 * HALF + 1, "%-*.*s\n%-*.*s\n", HALF - 1, HALF - 1, line, HALF - 1, HALF - 1,
		 line);
	return 0;
}

int lk_lease_renew(const struct lk_tree *tree, const struct lk_lease *lease, struct lk_err *err)
{
	char text[2 * HALF + 1];
	int rc = format(lease, text, err);

	if (rc < 0)
		return rc;
	int LK_AUTO_CLOSE fd = openat(tree->fd, LK_LEASE_FILE,
				      O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	ssize_t done = fd < 0 ? -1 : pwrite(fd, text, 2 * HALF, 0);
	if (done == 2 * HALF)
		return 0;
	return lk_fail_errno(err, done < 0 ? errno : ENOSPC, "%s/%s", tree->root, LK_LEASE_FILE);
}

int lk_lease_release(const struct lk_tree *tree, struct lk_err *err)
{
	struct lk_lease lease;
	int rc = lk_lease_read(tree, &lease, err);

	if (rc == 0)
		return 0;
	/* of a damaged one nothing but the deadline is left to be said */
	if (rc < 0)
		lease.until = 1;
	lease.deadline = LK_LEASE_FOREVER;
	return lk_lease_renew(tree, &lease, err);
}

int lk_lease_forget(const struct lk_tree *tree, struct lk_err *err)
{
	const struct lk_lease none = { 0, LK_LEASE_FOREVER };
	struct lk_lease lease;

	return lk_lease_read(tree, &lease, err) == 0 ? 0 : lk_lease_renew(tree, &none, err);
}

/* The text of the file, without its doubling. 1; 0: there is none; -EAGAIN: it is being written; another -errno. */
static int load(const struct lk_tree *tree, char text[static HALF + 1])
{
	char both[2 * HALF];
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	/* a read that left a time of access would have to wait for a disk that hangs; owners may do without */
	int LK_AUTO_CLOSE fd = openat(tree->fd, LK_LEASE_FILE, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = openat(tree->fd, LK_LEASE_FILE, flags);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	ssize_t len = pread(fd, both, sizeof(both), 0);
	if (len < 0)
		return -errno;
	if (len != sizeof(both) || memcmp(both, both + HALF, HALF) != 0)
		return -EAGAIN;
	memcpy(text, both, HALF);
	text[HALF] = '\0';
	return 1;
}

/* 1; 0: of another boot; -3. */
static int parse(const char *text, struct lk_lease *lease, struct lk_err *err)
{
	char mark[LK_BOOT_MARK], id[64];
	long long until, deadline;
	unsigned long long start;
	int rc = lk_boot_mark(mark, err);

	if (rc < 0)
		return rc;
	if (sscanf(text, "lease 1 %20lld %20lld %63s %20llu", &until, &deadline, id, &start) != 4 || until < 0 ||
	    deadline < 0)
		return lk_fail(err, LK_M_DAMAGED, LK_LEASE_FILE, 1, "a lease is needed");
	size_t len = strlen(id);
	if (strncmp(mark, id, len) != 0 || mark[len] != ' ' || strtoull(mark + len, NULL, 10) != start)
		return 0;
	*lease = (struct lk_lease){ until, deadline };
	return 1;
}

int lk_lease_read(const struct lk_tree *tree, struct lk_lease *lease, struct lk_err *err)
{
	struct timespec nap = { .tv_nsec = 1000000 };
	char text[HALF + 1];
	int rc = load(tree, text);

	*lease = (struct lk_lease){ 0, LK_LEASE_FOREVER };
	for (int i = 0; i < TRIES && rc == -EAGAIN; i++) {
		nanosleep(&nap, NULL);
		rc = load(tree, text);
	}
	if (rc == -EAGAIN)
		return lk_fail(err, LK_M_DAMAGED, LK_LEASE_FILE, 1, "its two halves differ");
	if (rc < 0)
		return lk_fail_errno(err, -rc, "%s/%s", tree->root, LK_LEASE_FILE);
	return rc ? parse(text, lease, err) : 0;
}

int lk_lease_stop(const struct lk_tree *tree, int64_t *stop, struct lk_err *err)
{
	char text[LK_TUNABLE_MAX];
	unsigned ms = LK_LEASE_STOP_MS;
	int rc = lk_tunable(tree, "QUORUM_LOSS_DEADLINE", text, sizeof(text), err);

	if (rc > 0)
		rc = lk_parse_seconds("QUORUM_LOSS_DEADLINE", text, 1000, LK_STOP_MAX_MS, &ms, err);
	*stop = (int64_t)(rc < 0 ? LK_LEASE_STOP_MS : ms) * 1000000;
	return rc < 0 ? rc : 0;
}
