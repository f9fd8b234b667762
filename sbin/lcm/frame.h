/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames that nodes exchange, lk-wire(7). On TCP a frame is the 32-bit length of its payload, one
 * byte of type and the payload, inside TLS 1.3; on TTY and shared-disk paths it is sealed on its own
 * (sealed.h).
 *
 * Every TCP path has two connections, one for heartbeats and one for data, so that a
 * heartbeat never waits behind a file. Both begin with FRAME_HELLO in both directions; until the
 * peer's HELLO was found good nothing else is accepted.
 */
#ifndef LCM_FRAME_H
#define LCM_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "lk/holds.h"
#include "lk/name.h"
#include "lk/wire.h"

#define FRAME_MAGIC 0x4c4b5052u		/* "LKPR" */
#define FRAME_VERSION_MIN 1		/* the versions this node talks; the highest common one is used */
#define FRAME_VERSION_MAX 3
#define FRAME_HEAD 5			/* length and type */
#define FRAME_PAYLOAD_MAX 66000		/* a frame that claims more ends the connection */
#define FRAME_SMALL_MAX 1000		/* the same for HELLO, BEAT and REJECT */
#define FRAME_REASON_MAX 200

enum frame_type {
	FRAME_HELLO = 1,
	FRAME_BEAT = 2,
	FRAME_DATA = 3,		/* an envelope between the privileged processes, envelope.h; opaque here */
	FRAME_REJECT = 4,	/* a text: why the sender closes the connection */
};

enum frame_kind { FRAME_KIND_BEAT, FRAME_KIND_DATA };

/* How one system sees another, as in the heartbeat; also the states of peer.h. */
enum frame_view { FRAME_VIEW_UNKNOWN, FRAME_VIEW_ALIVE, FRAME_VIEW_SUSPECT, FRAME_VIEW_DOWN };

struct frame_hello {
	uint8_t version_min, version_max;
	uint8_t kind;			/* enum frame_kind */
	uint8_t view;			/* enum frame_view; there if the sender talks version 2, else UNKNOWN */
	uint64_t incarnation;		/* of the sender's lcm, random, not 0 */
	uint16_t port;			/* of the path, the same on both sides */
	uint32_t interval;		/* milliseconds between the sender's heartbeats */
	uint8_t misses;
	char from[LK_SYS_MAX + 1], to[LK_SYS_MAX + 1];
};

/* What a heartbeat of version 3 says of leases (lk/grant.h). */
struct frame_confirm {
	uint64_t sent;			/* when, on the sender's clock: a number that grows, its meaning is the sender's */
	uint64_t echo;			/* the newest "sent" of the receiver that the sender confirms; 0 none */
	uint32_t lease, stop;		/* milliseconds, the sender's terms */
	uint8_t holds;			/* enum lk_holds: what it holds itself to */
};
/* The two upper bits of the lease on the wire: no lease is held; QUORUM_MODE asks for none. */
#define FRAME_NO_LEASE 0x80000000u
#define FRAME_WANTS_NONE 0x40000000u

struct frame_beat {
	uint32_t sequence;
	uint8_t view;			/* how the sender sees the receiver; if version 2 is talked, else UNKNOWN */
	struct frame_confirm confirm;	/* if version 3 is talked, else zeros, and nothing is known of a lease */
};
#define FRAME_BEAT_MAX (FRAME_HEAD + 29)

/* Whole frames, with length and type. */
void frame_put_hello(struct lk_out *out, const struct frame_hello *hello) LK_NONNULL(1, 2);
void frame_put_beat(struct lk_out *out, uint8_t version, const struct frame_beat *beat)
	LK_NONNULL(1, 3);
/* A reason that is too long is cut. */
void frame_put_reject(struct lk_out *out, const char *reason) LK_NONNULL(1, 2);
void frame_put_head(struct lk_out *out, enum frame_type type, size_t len) LK_NONNULL(1);

/* Part of the heartbeats, also of the sealed ones. */
void frame_put_confirm(struct lk_out *out, const struct frame_confirm *confirm) LK_NONNULL(1, 2);
struct frame_confirm frame_get_confirm(struct lk_in *in) LK_NONNULL(1);

/* Payloads. What a version above FRAME_VERSION_MAX may have added is skipped. */
enum frame_hello_result {
	FRAME_HELLO_GOOD,
	FRAME_HELLO_VERSION,	/* no version in common: only magic and versions have been read */
	FRAME_HELLO_BAD,
};
enum frame_hello_result frame_get_hello(struct lk_in *in, struct frame_hello *hello)
	LK_MUST LK_NONNULL(1, 2);
bool frame_get_beat(struct lk_in *in, uint8_t version, struct frame_beat *beat)
	LK_MUST LK_NONNULL(1, 3);
/* The reason without control bytes; false when malformed. */
bool frame_get_reject(struct lk_in *in, char reason[static FRAME_REASON_MAX + 1])
	LK_MUST LK_NONNULL(1);

/* The version that both talk, of a good HELLO. */
uint8_t frame_version(const struct frame_hello *hello) LK_NONNULL(1);

/*
 * Frames out of a stream of bytes. The reader asks where the next bytes go and how many at most, puts
 * them there and says so:
 *
 *	size_t room = frame_stream_room(&stream, &at);
 *	ssize_t n = recv(fd, at, room, 0);
 *	switch (frame_stream_add(&stream, n)) {
 *	case 1: ... stream.type, stream.payload, stream.len ...
 *		frame_stream_next(&stream);
 */
struct frame_stream {
	size_t max;			/* of a payload; changes between two frames only */
	size_t have;			/* bytes of this frame, its head included */
	uint8_t head[FRAME_HEAD];
	uint8_t type;			/* these three are good when a frame is complete */
	uint8_t *payload;
	size_t len;
	uint8_t small[FRAME_SMALL_MAX];
};

size_t frame_stream_room(struct frame_stream *stream, uint8_t **at) LK_NONNULL(1, 2);
/* 1 a frame is complete, 0 not yet, -1 it claims more than max, or there is no memory for it. */
int frame_stream_add(struct frame_stream *stream, size_t n) LK_MUST LK_NONNULL(1);
/* Forget the frame; also to release what the stream holds at its end. */
void frame_stream_next(struct frame_stream *stream) LK_NONNULL(1);

#endif
