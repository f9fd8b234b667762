/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/lease.c: what is published is read whole, and only in the same boot. */
#include "lk/lease.h"

#include <signal.h>
#include <string.h>

#include "tap.h"
#include "tree.h"
#include "lk/poison.h"

#define READS 20000

static void check_file(const struct lk_tree *tree)
{
	struct lk_lease lease = { 5, 6 };
	struct lk_err err;

	ok(lk_lease_read(tree, &lease, &err) == 0 && lease.until == 0 && lease.deadline == LK_LEASE_FOREVER,
	   "without a file there is no deadline");
	ok(lk_lease_release(tree, &err) == 0 && access(LK_LEASE_FILE, F_OK) < 0,
	   "to take away what is not there does nothing");
	lease = (struct lk_lease){ 1234567890123, 9876543210987 };
	ok(lk_lease_renew(tree, &lease, &err) == 0, "a lease can be published");
	lease = (struct lk_lease){ 0, 0 };
	ok(lk_lease_read(tree, &lease, &err) == 1 && lease.until == 1234567890123 &&
	   lease.deadline == 9876543210987, "what was published is read");
	ok(lk_lease_release(tree, &err) == 0 && lk_lease_read(tree, &lease, &err) == 1 &&
	   lease.until == 1234567890123 && lease.deadline == LK_LEASE_FOREVER,
	   "a deadline is taken away and the end of the lease stays");
}

static void check_text(const struct lk_tree *tree, const char *text, int want, const char *name)
{
	struct lk_lease lease;
	struct lk_err err;

	tap_write(tree->root, LK_LEASE_FILE, text, 0640);
	int rc = lk_lease_read(tree, &lease, &err);
	ok(rc == want && lease.deadline == LK_LEASE_FOREVER, "%s", name);
}

/* The text of the file with one line twice. */
static void check_line(const struct lk_tree *tree, const char *line, int want, const char *name)
{
	char text[321];

	snprintf(text, sizeof(text), "%-159s\n%-159s\n", line, line);
	check_text(tree, text, want, name);
}

static void check_damage(const struct lk_tree *tree)
{
	struct lk_lease lease;
	struct lk_err err;

	check_line(tree, "lease 1 5 6 00000000-0000-0000-0000-000000000000 1", 0,
		   "that of an earlier boot does not count");
	check_line(tree, "nonsense", -3, "a text that is no lease is an error");
	check_line(tree, "lease 1 -5 6 00000000-0000-0000-0000-000000000000 1", -3,
		   "a negative time is an error");
	check_line(tree, "lease 2 5 6 00000000-0000-0000-0000-000000000000 1", -3,
		   "another version is an error");
	check_text(tree, "lease 1 5 6", -3, "a short file is an error");
	ok(lk_lease_release(tree, &err) == 0 && lk_lease_read(tree, &lease, &err) == 1 && lease.until == 1,
	   "the end of a damaged lease counts as passed");
}

/* A writer makes torn reads likely; none may come through. */
static void check_torn(const struct lk_tree *tree)
{
	struct lk_lease lease;
	struct lk_err err;
	unsigned bad = 0, good = 0;
	pid_t pid = fork();

	if (pid == 0)
		alarm(300);	/* should its parent die */
	for (int64_t i = 1; pid == 0; i++) {
		lease = (struct lk_lease){ i * 1111111111, i * 1111111111 };
		if (lk_lease_renew(tree, &lease, &err) < 0)
			_exit(1);
	}
	for (int i = 0; i < READS; i++) {
		int rc = lk_lease_read(tree, &lease, &err);

		good += rc == 1;
		bad += rc != 1 || (lease.until != lease.deadline && lease.deadline != LK_LEASE_FOREVER);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(good && !bad, "a reader sees whole leases while they are renewed (%u of %u were not)", bad, good);
}

static void check_stop(const struct lk_tree *tree, const char *text, int64_t ms, bool good)
{
	struct lk_err err;
	int64_t stop;

	tap_write(tree->root, "etc/default/LifeKeeper", text, 0644);
	int rc = lk_lease_stop(tree, &stop, &err);
	ok((rc == 0) == good && stop == ms * 1000000, "the deadline after \"%.*s\" is %lld ms",
	   (int)strcspn(text, "\n"), text, (long long)ms);
}

int main(void)
{
	const char *root = tap_tree();
	struct lk_tree tree;
	struct lk_err err;

	if (lk_tree_open(&tree, &err) < 0 || chdir(root) < 0)
		return 99;
	int64_t before = lk_lease_now();
	ok(before > 0 && lk_lease_now() >= before, "the clock goes on");
	check_file(&tree);
	check_damage(&tree);
	check_torn(&tree);
	check_stop(&tree, "", 15000, true);
	check_stop(&tree, "QUORUM_LOSS_DEADLINE=1.5\n", 1500, true);
	check_stop(&tree, "QUORUM_LOSS_DEADLINE=600\n", 600000, true);
	check_stop(&tree, "QUORUM_LOSS_DEADLINE=0.9\n", 15000, false);
	check_stop(&tree, "QUORUM_LOSS_DEADLINE=601\n", 15000, false);
	check_stop(&tree, "QUORUM_LOSS_DEADLINE=x\n", 15000, false);
	lk_tree_close(&tree);
	tap_clean(root);
	return tap_done();
}
