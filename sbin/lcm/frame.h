/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames that nodes exchange, lk-wire(7). On TCP a frame is a 32-bit length, one byte of type and
 * the payload, inside TLS 1.3; on TTY and shared-disk paths it is sealed on its own (frame_seal).
 *
 * Every TCP path has two connections, one for heartbeats and one for data, so that a
 * heartbeat never waits behind a file. Both begin with FRAME_HELLO in both directions; until the
 * peer's HELLO was found good nothing else is accepted.
 */
#ifndef LCM_FRAME_H
#define LCM_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "lk/name.h"
#include "lk/wire.h"

#define FRAME_MAGIC 0x4c4b5052u		/* "LKPR" */
#define FRAME_VERSION_MIN 1		/* the versions this node talks; the highest common one is used */
#define FRAME_VERSION_MAX 2
#define FRAME_HEAD 5			/* length and type */
#define FRAME_PAYLOAD_MAX 66000		/* a frame that claims more ends the connection */
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
	uint8_t view;			/* enum frame_view; version 2, else FRAME_VIEW_UNKNOWN */
	uint64_t incarnation;		/* of the sender's lcm, random, not 0 */
	uint16_t port;			/* of the path, the same on both sides */
	uint32_t interval;		/* milliseconds between the sender's heartbeats */
	uint8_t misses;
	char from[LK_SYS_MAX + 1], to[LK_SYS_MAX + 1];
};

struct frame_beat {
	uint32_t sequence;
	uint8_t view;			/* how the sender sees the receiver; version 2 */
};

#endif
