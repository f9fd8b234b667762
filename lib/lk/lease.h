/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Until when this node may run resources: $LKROOT/run/lease, design 3.6.
 *
 * lcm publishes it, lkwatchdog acts upon it: at "deadline" the machine has been ended for certain, by its watchdog
 * or by lkwatchdog itself, whatever hangs and whoever was killed. Who holds a lease (lk/grant.h) publishes
 * deadline = until + stop at each renewal. A deadline is moved earlier or taken away only when nothing is in
 * service here and nothing can come into service before the next renewal.
 *
 * Without the file, or with that of an earlier boot, there is no deadline: a node whose deadline could not be
 * published must not rely on a lease. One that was published stays in force when the file is lost.
 *
 * Times are nanoseconds of CLOCK_BOOTTIME. The file is one page that is written in place: no renewal
 * waits for a directory or needs new space.
 */
#ifndef LK_LEASE_H
#define LK_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "lk/tree.h"

#define LK_LEASE_FILE "run/lease"
#define LK_LEASE_FOREVER INT64_MAX	/* a deadline that never comes: nothing is in service */

struct lk_lease {
	int64_t until;		/* end of the lease by quorum; 0: there was none. For lcm after a restart */
	int64_t deadline;	/* or LK_LEASE_FOREVER */
};

/* Now, on the clock of leases. */
int64_t lk_lease_now(void);

/* Publish. One writer at a time: lcm, but lk_quorumloss from its start to its end, and lkwatchdog when
 * both have ended. 0 or -1; after an error the one before is in force, or none that can be read. */
int lk_lease_renew(const struct lk_tree *tree, const struct lk_lease *lease, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Nothing is in service: no deadline any more, the end of the lease stays. 0 or -1. */
int lk_lease_release(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* This node has no lease any more and needs none: not even one that has run out is left to be seen. Nothing is in
 * service, or others know that it stays so without one (lk/held.h). 0 or -1. */
int lk_lease_forget(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* 1: read; 0: there is none of this boot, *lease is { 0, LK_LEASE_FOREVER }; -3: damaged; -1. */
int lk_lease_read(const struct lk_tree *tree, struct lk_lease *lease, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* The tunable QUORUM_LOSS_DEADLINE, 1 to 600 seconds with decimals: from the end of the lease to the certain end of
 * what it let run. 0; a value that makes no sense is an error (-5, -3, -1), and *stop the default all the same. */
#define LK_LEASE_STOP_MS 15000
int lk_lease_stop(const struct lk_tree *tree, int64_t *stop, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

#endif
