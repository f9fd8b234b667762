/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that net_create and net_change share, as values of a comm path. */
#ifndef LK_NETOPT_H
#define LK_NETOPT_H

#include "lk/cmd.h"
#include "lk/lcd.h"

#define LK_NETOPT_ADDRESSES \
	{ 'l', LK_OPT_VALUE, "local-ip", "address of this side (TCP)", NULL }, \
	{ 'r', LK_OPT_VALUE, "remote-ip", "address of the other side (TCP)", NULL }
#define LK_NETOPT_NUMBERS \
	{ 'p', LK_OPT_VALUE, "priority", "1 (best) to 99", NULL }, \
	{ 'b', LK_OPT_VALUE, "baud", "baud rate (TTY, default 9600)", NULL }, \
	{ 'i', LK_OPT_VALUE, "seconds", "heartbeat interval, 0.1 to 60", NULL }, \
	{ 'm', LK_OPT_VALUE, "misses", "heartbeats that may be missed, 2 to 99", NULL }

/* The type of option -n into *type, which is left alone without -n. 0, or -5. */
int lk_netopt_type(struct lk_cmd *cmd, enum lk_net_type *type) LK_MUST LK_NONNULL(1, 2);

/* The options -l -r -p -b -i -m, and the device in option letter device, as far as they are given, into
 * net, whose type is set. Strings belong to the LCD. 0, or -5. */
int lk_netopt_take(struct lk_cmd *cmd, struct lk_lcd *lcd, char device, struct lk_net *net)
	LK_MUST LK_NONNULL(1, 2, 4);

/* Exit 2 unless the path has all that its type needs: addresses or a device. */
int lk_netopt_complete(struct lk_cmd *cmd, char device, const struct lk_net *net)
	LK_MUST LK_NONNULL(1, 3);

#endif
