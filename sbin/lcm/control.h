/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What net reports, turned into events of the peers' machines, and what these ask for. */
#ifndef LCM_CONTROL_H
#define LCM_CONTROL_H

#include "world.h"

void control_path(struct lcm *lcm, struct lcm_path *path, const struct bus_path_state *state)
	LK_NONNULL(1, 2, 3);
void control_probe(struct lcm_peer *peer, const struct bus_probe *probe) LK_NONNULL(1, 2);
void control_link(struct lcm_peer *peer, const struct bus_link *link) LK_NONNULL(1, 2);
void control_envelope(struct lcm_peer *peer, const struct bus_data *data) LK_NONNULL(1, 2);
void control_told(struct lcm_peer *peer, uint8_t view) LK_NONNULL(1);
/* One of our processes did not run for a while: no safety check may run out because of that. */
void control_stall(struct lcm *lcm, uint32_t ms) LK_NONNULL(1);

/* The paths of a peer, or their states, have changed. */
void control_update(struct lcm_peer *peer) LK_NONNULL(1);
/* comm_up or comm_down was processed. */
void control_handled(struct lcm_peer *peer) LK_NONNULL(1);
/* Is there a way for data, or may there soon be one again? */
bool control_has_way(const struct lcm_peer *peer) LK_NONNULL(1);

/* Set up the channel of a new peer. */
void control_begin(struct lcm_peer *peer) LK_NONNULL(1);

int64_t control_deadline(const struct lcm *lcm) LK_NONNULL(1);
void control_tick(struct lcm *lcm) LK_NONNULL(1);

#endif
