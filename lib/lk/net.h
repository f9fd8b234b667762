/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comm paths as records (spec/core.md 3.8, 5.1). All need LK_T_NET and LK_T_SYS. */
#ifndef LK_NET_H
#define LK_NET_H

#include <stdbool.h>

#include "lk/lcd.h"

/* The path over that device, or NULL; a device is used once on a system. */
struct lk_net *lk_net_find(const struct lk_lcd *lcd, const char *device) LK_NONNULL(1, 2);

/* A literal address as inet_ntop(3) writes it, in the LCD's memory. 0, or -5: not a literal IPv4 or
 * IPv6 address, link-local, multicast or unspecified. */
int lk_net_address(struct lk_lcd *lcd, const char *text, const char **address, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);

/* A device as it is stored: "TCP:1500" for TCP, an absolute path for the others. 0, or -5. */
int lk_net_device(struct lk_lcd *lcd, enum lk_net_type type, const char *text, const char **device,
		  struct lk_err *err) LK_MUST LK_NONNULL(1, 3, 4, 5);

/* Whether the values of a path fit together and its type, without a look at other paths; addresses
 * and device as the functions above make them. 0, or -5. */
int lk_net_check(const struct lk_net *net, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Add a path (at NULL) or replace the row at by new, whose strings are copied. The system is created
 * if it is missing. device NULL and priority 0 stand for the lowest free ones, baud 0 for 9600 on
 * TTY. 0; -4 device or pair of addresses in use; -5 bad value, local system, a rule for DISK; -6 no
 * free port, too many systems. */
int lk_net_put(struct lk_lcd *lcd, struct lk_net *at, const struct lk_net *new, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 3, 4);

/* Forget all paths for which match is true; the number of them. */
unsigned lk_net_drop(struct lk_lcd *lcd, bool (*match)(const struct lk_net *net, const void *arg),
		     const void *arg) LK_NONNULL(1, 2);

/* Sort for listing: bytewise by system, then device. */
void lk_net_sort(struct lk_lcd *lcd) LK_NONNULL(1);

/* What is in force for paths without own values: the tunables LCMHBEATTIME and LCMNUMHBEATS, clipped
 * to their ranges, else 5 s and 3. 0, or -1. */
struct lk_beat {
	unsigned interval;	/* milliseconds */
	unsigned misses;
	bool other;		/* a tunable is out of its range, or no number: something else is in force */
};
int lk_net_beat(const struct lk_tree *tree, struct lk_beat *beat, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* What the communication manager knows of a path; without it UNKNOWN and zeros. It is asked once per LCD. */
enum lk_net_state { LK_NET_ALIVE, LK_NET_DEAD, LK_NET_UNKNOWN };
extern const char *const lk_net_state_names[];
extern const char *const lk_net_counter_names[];	/* of the counters, NULL-terminated */

#define LK_NET_COUNTERS 6
struct lk_net_status {
	enum lk_net_state state;
	pid_t reader, writer;			/* 0: none */
	unsigned long long comm_downs;		/* times it went down and caused a failover */
	unsigned long long counter[LK_NET_COUNTERS];
};
void lk_net_status(struct lk_lcd *lcd, const struct lk_net *net,
		   struct lk_net_status *status) LK_NONNULL(1, 2, 3);

#endif
