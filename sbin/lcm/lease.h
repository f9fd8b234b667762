/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lease of this node (lk/grant.h, lk/lease.h) as main sees it: net computes it, main publishes it, answers who asks,
 * and starts lk_quorumloss when it has run out. With storage quorum main also tells net how long the last write of the
 * own object, which lkqwk(8) makes, lets run. In the other modes of quorum there is none.
 */
#ifndef LCM_LEASE_H
#define LCM_LEASE_H

#include "local.h"
#include "net.h"
#include "world.h"

/* What was published in this boot, before net is started. */
void lease_init(struct lcm *lcm) LK_NONNULL(1);

/* What net has to know of it. */
void lease_before(const struct lcm *lcm, struct net_setup *setup) LK_NONNULL(1, 2);

/* The tunables may have changed, and with them lcm->set.quorum, .lease, .stop. True: net must be told. */
bool lease_settings(struct lcm *lcm) LK_NONNULL(1);

/* What this node holds itself to, for others. */
enum lk_holds lease_held(const struct lcm *lcm) LK_NONNULL(1);

/* What net tells. */
void lease_holds(struct lcm_peer *peer, enum lk_holds holds) LK_NONNULL(1);
void lease_take(struct lcm *lcm, const struct bus_lease *lease) LK_NONNULL(1, 2);
void lease_confirms(struct lcm *lcm, const struct bus_confirms *confirms) LK_NONNULL(1, 2);

/* Is there a lease now, and with storage quorum access to the storage, so that what is asked for may be started? */
bool lease_allows(const struct lcm *lcm) LK_NONNULL(1);

/* A client asks: LK_LCM_BAR. False: malformed. The answer follows. */
bool lease_ask(struct lcm_client *client, struct lk_in *in) LK_MUST LK_NONNULL(1, 2);

int64_t lease_deadline(const struct lcm *lcm) LK_NONNULL(1);
void lease_tick(struct lcm *lcm) LK_NONNULL(1);

#endif
