/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions: commands that local clients want to run elsewhere (asking), and commands of others that run here
 * (serving, served.h). A session belongs to a peer and a conversation, not to a path.
 */
#ifndef LCM_SESSION_H
#define LCM_SESSION_H

#include "lk/lcm.h"
#include "world.h"

/* A command of a local client. */
struct lcm_session {
	struct lcm_session *next;
	struct lcm *lcm;
	struct lcm_peer *peer;
	struct lcm_client *client;
	uint32_t id;
	int64_t deadline;		/* -1: none */
	uint32_t credit;		/* what may still be sent as input */
	uint32_t owed;			/* credit for output that the client has taken */
};

struct session_request {
	char dest[LK_SYS_MAX + 1];
	uint8_t flags;			/* enum env_open_flags */
	uint32_t limit;			/* ms, 0: none */
	const uint8_t *argv;		/* count and words, checked, as they go on the wire */
	size_t len;
};

/* Open a session. 0, or the reason why not. */
enum lk_lcm_fail session_open(struct lcm_client *client, const struct session_request *request)
	LK_MUST LK_NONNULL(1, 2);
/* Can it take that much input now? */
bool session_has_room(const struct lcm_session *session, size_t len) LK_NONNULL(1);
void session_input(struct lcm_session *session, const uint8_t *data, size_t len) LK_NONNULL(1);
/* The client has taken output, some of it is still waiting. */
void session_taken(struct lcm_session *session, size_t waiting) LK_NONNULL(1);
/* The client has gone: end the command. */
void session_cancel(struct lcm_session *session) LK_NONNULL(1);

/* Something came from the peer. */
void session_deliver(struct lcm_peer *peer, enum env_type type, struct lk_in *payload) LK_NONNULL(1, 3);
/* The peer is down, or another one: what was asked is lost, what we serve goes on without listeners. */
void session_lose(struct lcm_peer *peer) LK_NONNULL(1);
/* Does the peer owe us answers? */
bool session_any(const struct lcm_peer *peer) LK_NONNULL(1);

int64_t session_deadline(const struct lcm *lcm) LK_NONNULL(1);
void session_tick(struct lcm *lcm) LK_NONNULL(1);

/* A list of words: count and length-prefixed bytes, none with a NUL, at most SESSION_WORDS; the end
 * of in. False: malformed. */
#define SESSION_WORDS 4000
bool session_check_words(struct lk_in in, unsigned *count) LK_NONNULL(2);

#endif
