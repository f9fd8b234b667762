/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lcm knows, for those who ask. */
#ifndef LCM_STATUS_H
#define LCM_STATUS_H

#include "local.h"

void status_send(struct lcm_client *client) LK_NONNULL(1);

#endif
