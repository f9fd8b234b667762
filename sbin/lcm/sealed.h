/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Heartbeats for media without TLS: a serial line, a shared disk. lk-wire(7).
 *
 *	u32 magic, u16 length of the body, body, 32 bytes of HMAC-SHA256
 *
 * The MAC is made with the key "beat" over the medium, the names of sender and receiver, and all bytes
 * before it: a frame of another pair of systems, of the other direction or of another medium is not good.
 *
 * A frame tells the last frame that its sender got (incarnation and sequence). It is a sign of life only
 * if it tells one of the receiver's last few, so that what was recorded earlier proves nothing. A
 * medium that works in one direction only is therefore dead at both ends.
 */
#ifndef LCM_SEALED_H
#define LCM_SEALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lk/attr.h"
#include "frame.h"
#include "lk/wire.h"

#define SEALED_MAGIC 0x4c4b5053u	/* "LKPS" */
#define SEALED_HEAD 6
#define SEALED_BODY_MAX 120
#define SEALED_MAC 32
#define SEALED_MAX (SEALED_HEAD + SEALED_BODY_MAX + SEALED_MAC)
#define SEALED_SLOT 4096		/* a slot of a shared disk: one frame, then zeros */

struct sealed {
	uint8_t version;
	uint64_t incarnation;
	uint32_t sequence;		/* from 1 on, in one incarnation */
	uint64_t heard_incarnation;	/* of the last frame that the sender got; 0 none */
	uint32_t heard_sequence;
	uint32_t interval;		/* milliseconds */
	uint8_t misses;
	uint8_t view;			/* version 2 */
	struct frame_confirm confirm;	/* version 3 */
};

struct sealed_with {
	const uint8_t *key;		/* LK_KEY_BYTES */
	const char *medium;		/* "tty" or "disk" */
	const char *from, *to;
};

/* 0, or -1 when the MAC cannot be made. */
int sealed_put(struct lk_out *out, const struct sealed *sealed, const struct sealed_with *with)
	LK_MUST LK_NONNULL(1, 2, 3);
/* data is one whole frame. True if it is well-formed and sealed with that. */
bool sealed_get(const uint8_t *data, size_t len, const struct sealed_with *with, struct sealed *sealed)
	LK_MUST LK_NONNULL(1, 3, 4);
/* How long is the frame that begins here? 0: there is none; SEALED_HEAD when len is less than that. */
size_t sealed_size(const uint8_t *data, size_t len) LK_NONNULL(1);

/* What has been sent and got on one path. */
struct sealed_talk {
	uint64_t incarnation;		/* own */
	uint32_t sequence;		/* last one sent */
	uint64_t fresh_incarnation;	/* the last frame that was a sign of life */
	uint32_t fresh_sequence;
	uint64_t heard_incarnation;	/* the last frame that was well sealed, and not older */
	uint32_t heard_sequence;
};

enum sealed_verdict {
	SEALED_FRESH,	/* a sign of life */
	SEALED_HEARD,	/* new, but it does not prove that it was made now */
	SEALED_OLD,	/* has been there before */
};

/* window: how many own frames ago may be the one that the sender tells of. */
enum sealed_verdict sealed_judge(struct sealed_talk *talk, const struct sealed *sealed, uint32_t window)
	LK_NONNULL(1, 2);

/* Frames out of the bytes of a serial line, with whatever else there is between them. */
struct sealed_line {
	uint8_t data[SEALED_MAX];
	size_t len;
	unsigned garbage;		/* bytes thrown away */
};

/* Take bytes; how many of them. Call sealed_line_frame() until it has no more, then the rest. */
size_t sealed_line_add(struct sealed_line *line, const uint8_t *data, size_t len) LK_NONNULL(1, 2);
/* The length of the frame at the beginning of line->data, or 0. Afterwards drop it, or only its first
 * byte if it was none after all: a true one may begin within. */
size_t sealed_line_frame(struct sealed_line *line) LK_NONNULL(1);
void sealed_line_drop(struct sealed_line *line, size_t len) LK_NONNULL(1);

#endif
