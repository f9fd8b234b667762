/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server of $LKROOT/run/lcm.sock, lk/lcm.h. */
#ifndef LCM_LOCAL_H
#define LCM_LOCAL_H

#include "lk/buf.h"
#include "lk/lcm.h"
#include "world.h"

#define LOCAL_CLIENTS_MAX ENV_SESSIONS_MAX	/* others wait in the backlog */

struct lcm_client {
	struct lcm_client *next;
	struct lcm *lcm;
	struct lcm_source source;
	struct lk_buf in, out;
	size_t sent;			/* of out */
	struct lcm_session *session;	/* NULL: none, or it has ended */
	bool waits;			/* for what net tells of leases */
	uint32_t asked;			/* the number of that question */
	bool over;			/* nothing more is taken; closed when all was sent */
	bool gone;			/* closed at the end of the turn */
	int64_t deadline;		/* for the request, -1 when it has come */
};

/* Listen. 0; -1 with err. */
int local_start(struct lcm *lcm, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);
void local_stop(struct lcm *lcm) LK_NONNULL(1);

/* Queue a message. -1: no memory. */
int local_send(struct lcm_client *client, enum lk_lcm_type type, const struct lk_out *payload)
	LK_NONNULL(1, 3);

/* ---- for a client's session ---- */
/* -1: it has more waiting than credit was given. */
int local_output(struct lcm_client *client, uint8_t stream, const struct lk_piece *data)
	LK_MUST LK_NONNULL(1, 3);
/* The session has ended. */
void local_exit(struct lcm_client *client, uint8_t code) LK_NONNULL(1);
void local_fail(struct lcm_client *client, enum lk_lcm_fail why, const char *text) LK_NONNULL(1, 3);

/* Wait for what can be taken now, close what is over; once at the end of each turn. */
void local_arm(struct lcm *lcm) LK_NONNULL(1);

int64_t local_deadline(const struct lcm *lcm) LK_NONNULL(1);
void local_tick(struct lcm *lcm) LK_NONNULL(1);

#endif
