/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terms of the other systems (lk/grant.h) that heartbeats were confirmed by, on stable storage: run/terms.SYSTEM,
 * replaced as a whole. What net does not know to be there it does not confirm; so a restart, also of the machine, does
 * not make anybody forget how long another system may run. Written only when a system's terms change.
 *
 * Of a system without a file nothing was confirmed. Of a damaged one the longest terms there are count, until that
 * system is heard and has told its own.
 */
#ifndef LCM_TERMS_H
#define LCM_TERMS_H

#include "world.h"

/* What was kept, of a peer that is new here. */
void terms_recall(struct lcm_peer *peer) LK_NONNULL(1);

/* net asks. It is done by a child, for a disk that hangs must not stop us; the answer follows. */
void terms_keep(struct lcm_peer *peer, const struct bus_terms *terms) LK_NONNULL(1, 2);

#endif
