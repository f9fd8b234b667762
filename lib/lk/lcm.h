/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Talking to the communication manager of this node over $LKROOT/run/lcm.sock. A message is a 32-bit
 * length (of what follows), one byte of type and a payload in lk/wire.h encoding; a connection is one
 * request. Only root is served. lk-wire(7) does not cover this socket: its two ends are of one version.
 */
#ifndef LK_LCM_H
#define LK_LCM_H

#include <stdint.h>

#include "lk/grant.h"
#include "lk/lcd.h"
#include "lk/net.h"
#include "lk/sys.h"

#define LK_LCM_SOCKET "run/lcm.sock"
#define LK_LCM_MESSAGE_MAX 70000

enum lk_lcm_type {
	/* to lcm */
	LK_LCM_STATUS = 1,	/* no payload */
	LK_LCM_RUN,		/* text dest, u8 flags (1 merge, 2 has input), u32 limit ms, u16 argc, argc * bytes */
	LK_LCM_INPUT,		/* the bytes; empty: end of input */
	LK_LCM_BAR,		/* u16 n, n * text name: bar these and tell of all; n = 0: only tell */
	/* from lcm */
	LK_LCM_SYSTEM = 64,	/* text name, u8 state, u8 view of us, text why, u64 ms since the change */
	LK_LCM_PATH,		/* text system, text device, text local, text remote, u8 state, u64 comm_downs,
				 * LK_NET_COUNTERS * u64, u32 reader, u32 writer */
	LK_LCM_END,		/* of a status: u8 1 when LCM_AVAIL has been processed */
	LK_LCM_OUTPUT,		/* u8 stream (1, 2), the bytes */
	LK_LCM_EXIT,		/* u8 code: it ran and this is its exit code */
	LK_LCM_FAIL,		/* u8 enum lk_lcm_fail, text */
	LK_LCM_CONFIRM,		/* of the answer to LK_LCM_BAR: text system, u8 flags (1 barred, 2 knows), u64 quiet, u64 needed, u64 age of
				 * what it confirms, its u64 lease, u64 stop; all ns, 0 of the last three: none; u64 incarnation */
	LK_LCM_QUORUM,		/* its end: u8 flags (1 active, 2 valid, 4 lapsed), u64 now, u64 until, u64 deadline,
				 * u64 lease, u64 stop, u32 generation: of these settings, in no other process the same */
};

enum lk_lcm_fail {
	LK_LCM_OUT_OF_SERVICE = 1,	/* no way to that system */
	LK_LCM_LOST,			/* it went down meanwhile; whether the command ended is not known */
	LK_LCM_TIMEOUT,			/* no answer within the limit */
	LK_LCM_UNKNOWN_SYSTEM,
	LK_LCM_BAD_REQUEST,
};

/* A connection, or -1 with errno-like text in err: 472 when lcm does not run. */
int lk_lcm_connect(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Send one message. 0, or -1. */
int lk_lcm_send(int fd, enum lk_lcm_type type, const void *payload, size_t len, struct lk_err *err)
	LK_MUST LK_NONNULL(5);

/* Receive one message into buffer (LK_LCM_MESSAGE_MAX bytes). 1: received, *len is the payload's; 0:
 * the other side has closed; -1; -3 a malformed message. timeout in milliseconds, -1: none; a
 * timeout is -9. */
int lk_lcm_receive(int fd, uint8_t *buffer, enum lk_lcm_type *type, size_t *len, int timeout,
		   struct lk_err *err) LK_MUST LK_NONNULL(2, 3, 4, 6);

/* What lcm knows of systems and paths, as of one moment. Absent rows are UNKNOWN. Memory is the LCD's. */
struct lk_lcm_status {
	bool running;			/* lcm answers; else everything is UNKNOWN */
	const char *why_not;		/* it runs, but something is wrong; NULL: nothing is */
	bool available;			/* LCM_AVAIL has been processed */
	struct lk_lcm_system {
		const char *name, *why;
		enum lk_sys_state state;
		uint64_t since;		/* ms ago */
	} *sys;
	struct lk_lcm_path {
		const char *sys, *device, *local, *remote;
		struct lk_net_status status;
	} *path;
	size_t nsys, npath;
};
/* Ask. 0, also when lcm does not run; -1; -3; -9 no answer in time. */
int lk_lcm_status(struct lk_lcd *lcd, struct lk_lcm_status *status, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* The same as lk_lcm_status(), asked once per LCD and kept with it; NULL when out of memory. */
const struct lk_lcm_status *lk_lcm_known(struct lk_lcd *lcd) LK_NONNULL(1);

/*
 * The lease of this node and what it confirms to others (lk/grant.h), as of one moment, "now" (lk_lease_now()). Memory
 * is the LCD's. A system that lcm does not know of, or not yet, is not among them: it is not quiet.
 */
struct lk_lcm_quorum {
	bool running;			/* lcm answers; else nothing below is set: nobody is quiet, there is no lease */
	bool active;			/* QUORUM_MODE asks for a lease; else "valid" means nothing */
	bool valid;			/* lk_hold_valid(), and published so that the watchdog covers it */
	bool lapsed;			/* a lease has run out and what it let run is not known to have ended */
	int64_t now, until;		/* until: 0: there was no lease yet */
	int64_t deadline;		/* that was published; LK_LEASE_FOREVER: none */
	struct lk_terms terms;		/* of this node */
	uint32_t generation;		/* with another one they may have been others in between */
	struct lk_lcm_confirm {
		const char *name;
		bool barred;		/* what it sends now is not confirmed; set for who was asked to be barred */
		bool knows;		/* the terms of this node, lk_hold_knowing() */
		int64_t quiet;		/* ns since what was confirmed last had come; since the start of lcm if nothing was */
		int64_t needed;		/* lk_terms_quiet() of its terms and ours: it has stopped when quiet >= needed */
		int64_t age;		/* how long ago we sent what it has confirmed; 0: nothing yet */
		struct lk_terms terms;	/* its largest ones that were heard of; 0: none, ours count */
		uint64_t incarnation;	/* of it that was heard last, and no other one since; 0: none, or not certain */
	} *sys;
	size_t nsys;
};

/* What it says of that system, or NULL. */
const struct lk_lcm_confirm *lk_lcm_confirm_of(const struct lk_lcm_quorum *answer, const char *name) LK_NONNULL(1, 2);

/* Bar the systems of the set (bit s: lcd->sys[s], itself is left out) from now on for lk_terms_bar(), and tell. What
 * comes of them meanwhile is never confirmed. It costs one that lives its lease if that is repeated: ask first,
 * bar for a yes only. The times of quiet are as of after the bar. Needs LK_T_SYS. 0, also when lcm does not
 * run; -1; -3; -9 no answer in time. */
int lk_lcm_bar(struct lk_lcd *lcd, uint32_t set, struct lk_lcm_quorum *answer, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 3, 4);

/* Only tell. */
int lk_lcm_quorum(struct lk_lcd *lcd, struct lk_lcm_quorum *answer, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

#endif
