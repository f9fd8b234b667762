/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling the supervisor of a daemon how it is. */
#ifndef LK_READY_H
#define LK_READY_H

#include "lk/attr.h"

/* Send a text such as "READY=1\n" to the socket that NOTIFY_SOCKET names; nothing if there is none. */
void lk_ready_notify(const char *text) LK_NONNULL(1);

#endif
