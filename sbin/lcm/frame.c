/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frames that nodes exchange: encoding, decoding, and finding them in a stream. */
#include "frame.h"

#include <stdlib.h>
#include <string.h>

#include "lk/poison.h"

/* ---- writing ---- */

void frame_put_head(struct lk_out *out, enum frame_type type, size_t len)
{
	if (len > FRAME_PAYLOAD_MAX)
		out->failed = true;
	lk_put_u32(out, (uint32_t)len);
	lk_put_u8(out, type);
}

/* Hand over what was written to body as a frame. */
static void put_frame(struct lk_out *out, enum frame_type type, const struct lk_out *body)
{
	if (body->failed)
		out->failed = true;
	frame_put_head(out, type, body->len);
	lk_put_raw(out, body->data, body->len);
}

void frame_put_hello(struct lk_out *out, const struct frame_hello *hello)
{
	uint8_t bytes[FRAME_SMALL_MAX];
	struct lk_out body = LK_OUT(bytes);

	lk_put_u32(&body, FRAME_MAGIC);
	lk_put_u8(&body, hello->version_min);
	lk_put_u8(&body, hello->version_max);
	lk_put_u8(&body, hello->kind);
	lk_put_u64(&body, hello->incarnation);
	lk_put_u16(&body, hello->port);
	lk_put_u32(&body, hello->interval);
	lk_put_u8(&body, hello->misses);
	lk_put_text(&body, hello->from);
	lk_put_text(&body, hello->to);
	if (hello->version_max >= 2)
		lk_put_u8(&body, hello->view);
	put_frame(out, FRAME_HELLO, &body);
}

/* An older one takes the bits for a lease of weeks. */
static uint32_t flags_of(uint8_t holds)
{
	switch ((enum lk_holds)holds) {
	case LK_HOLDS_LEAVING: return FRAME_WANTS_NONE;
	case LK_HOLDS_NONE: return FRAME_WANTS_NONE | FRAME_NO_LEASE;
	case LK_HOLDS_UNBOUND: return FRAME_NO_LEASE;
	default: return 0;
	}
}

static enum lk_holds held_by(uint32_t flags)
{
	if (flags & FRAME_NO_LEASE)
		return flags & FRAME_WANTS_NONE ? LK_HOLDS_NONE : LK_HOLDS_UNBOUND;
	return flags & FRAME_WANTS_NONE ? LK_HOLDS_LEAVING : LK_HOLDS_LEASE;
}

void frame_put_confirm(struct lk_out *out, const struct frame_confirm *confirm)
{
	lk_put_u64(out, confirm->sent);
	lk_put_u64(out, confirm->echo);
	lk_put_u32(out, confirm->lease | flags_of(confirm->holds));
	lk_put_u32(out, confirm->stop);
}

void frame_put_beat(struct lk_out *out, uint8_t version, const struct frame_beat *beat)
{
	uint8_t bytes[FRAME_BEAT_MAX];
	struct lk_out body = LK_OUT(bytes);

	lk_put_u32(&body, beat->sequence);
	if (version >= 2)
		lk_put_u8(&body, beat->view);
	if (version >= 3)
		frame_put_confirm(&body, &beat->confirm);
	put_frame(out, FRAME_BEAT, &body);
}

void frame_put_reject(struct lk_out *out, const char *reason)
{
	uint8_t bytes[FRAME_REASON_MAX + 2];
	struct lk_out body = LK_OUT(bytes);
	size_t len = strnlen(reason, FRAME_REASON_MAX);

	lk_put_u16(&body, (uint16_t)len);
	lk_put_raw(&body, reason, len);
	put_frame(out, FRAME_REJECT, &body);
}

/* ---- reading ---- */

static uint8_t get_view(struct lk_in *in)
{
	uint8_t view = lk_get_u8(in);

	if (view > FRAME_VIEW_DOWN)
		in->bad = true;
	return view;
}

static void get_name(struct lk_in *in, char name[static LK_SYS_MAX + 1])
{
	struct lk_err err;

	lk_get_text(in, name, LK_SYS_MAX + 1);
	if (!in->bad && lk_check_sys(name, &err) < 0)
		in->bad = true;
}

/* At the end, or behind it is what a newer version added? */
static bool complete(const struct lk_in *in, uint8_t version)
{
	return lk_get_end(in) || (!in->bad && version > FRAME_VERSION_MAX);
}

enum frame_hello_result frame_get_hello(struct lk_in *in, struct frame_hello *hello)
{
	memset(hello, 0, sizeof(*hello));
	if (lk_get_u32(in) != FRAME_MAGIC)
		return FRAME_HELLO_BAD;
	hello->version_min = lk_get_u8(in);
	hello->version_max = lk_get_u8(in);
	if (in->bad || hello->version_min < 1 || hello->version_min > hello->version_max)
		return FRAME_HELLO_BAD;
	if (hello->version_max < FRAME_VERSION_MIN || hello->version_min > FRAME_VERSION_MAX)
		return FRAME_HELLO_VERSION;
	hello->kind = lk_get_u8(in);
	hello->incarnation = lk_get_u64(in);
	hello->port = lk_get_u16(in);
	hello->interval = lk_get_u32(in);
	hello->misses = lk_get_u8(in);
	get_name(in, hello->from);
	get_name(in, hello->to);
	if (hello->version_max >= 2)
		hello->view = get_view(in);
	if (!complete(in, hello->version_max) || hello->kind > FRAME_KIND_DATA || hello->incarnation == 0)
		return FRAME_HELLO_BAD;
	return FRAME_HELLO_GOOD;
}

struct frame_confirm frame_get_confirm(struct lk_in *in)
{
	struct frame_confirm confirm;

	confirm.sent = lk_get_u64(in);
	confirm.echo = lk_get_u64(in);
	confirm.lease = lk_get_u32(in);
	confirm.holds = (uint8_t)held_by(confirm.lease);
	confirm.lease &= ~(FRAME_NO_LEASE | FRAME_WANTS_NONE);
	confirm.stop = lk_get_u32(in);
	return confirm;
}

bool frame_get_beat(struct lk_in *in, uint8_t version, struct frame_beat *beat)
{
	beat->sequence = lk_get_u32(in);
	beat->view = version >= 2 ? get_view(in) : FRAME_VIEW_UNKNOWN;
	beat->confirm = version >= 3 ? frame_get_confirm(in) : (struct frame_confirm){ 0 };
	return complete(in, version);
}

bool frame_get_reject(struct lk_in *in, char reason[static FRAME_REASON_MAX + 1])
{
	lk_get_text(in, reason, FRAME_REASON_MAX + 1);
	lk_printable(reason);
	return lk_get_end(in);
}

uint8_t frame_version(const struct frame_hello *hello)
{
	return hello->version_max < FRAME_VERSION_MAX ? hello->version_max : FRAME_VERSION_MAX;
}

/* ---- a stream ---- */

size_t frame_stream_room(struct frame_stream *stream, uint8_t **at)
{
	if (stream->have < FRAME_HEAD) {
		*at = stream->head + stream->have;
		return FRAME_HEAD - stream->have;
	}
	*at = stream->payload + (stream->have - FRAME_HEAD);
	return FRAME_HEAD + stream->len - stream->have;
}

/* The head is complete: make room for the payload. */
static bool begin_payload(struct frame_stream *stream)
{
	struct lk_in in = LK_IN(stream->head, FRAME_HEAD);

	stream->len = lk_get_u32(&in);
	stream->type = lk_get_u8(&in);
	if (stream->len > stream->max) {
		stream->len = 0;
		return false;
	}
	stream->payload = stream->len <= sizeof(stream->small) ? stream->small : malloc(stream->len);
	return stream->payload != NULL;
}

int frame_stream_add(struct frame_stream *stream, size_t n)
{
	bool head = stream->have < FRAME_HEAD;

	stream->have += n;
	if (stream->have < FRAME_HEAD)
		return 0;
	if (head && !begin_payload(stream))
		return -1;
	return stream->have == FRAME_HEAD + stream->len;
}

void frame_stream_next(struct frame_stream *stream)
{
	if (stream->payload != stream->small)
		free(stream->payload);
	stream->payload = NULL;
	stream->have = stream->len = 0;
}
