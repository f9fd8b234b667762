/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between net and the helper of a DISK path (net.h, disk_start()), over a SOCK_SEQPACKET pair: a request is
 * the slot to write, an answer is u32 error (errno, or DISK_FOREIGN) and the peer's slot. One request at a
 * time.
 */
#ifndef LCM_DISK_H
#define LCM_DISK_H

#include "sealed.h"

#define DISK_ANSWER (4 + SEALED_SLOT)
#define DISK_FOREIGN 4096	/* the device has other data in the place of the slots: nothing was written */

#endif
