/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz what comes from other nodes. The first byte chooses: a payload, a stream as a connection reads it, a
 * serial line, a slot of a shared disk, a sealed body under a good seal. */
#include "../../sbin/lcm/frame.h"

#include <string.h>

#include "../../sbin/lcm/sealed.h"
#include "fuzz.h"
#include "lk/key.h"
#include "lk/poison.h"

static const uint8_t key[LK_KEY_BYTES] = "the key of this test";
static const struct sealed_with with = { key, "tty", "alpha", "beta" };

/* ---- payloads ---- */

static void check_hello(const uint8_t *data, size_t size)
{
	uint8_t bytes[FRAME_HEAD + FRAME_SMALL_MAX];
	struct lk_in in = LK_IN(data, size);
	struct lk_out out = LK_OUT(bytes);
	struct frame_hello hello;
	struct lk_err err;

	if (frame_get_hello(&in, &hello) != FRAME_HELLO_GOOD)
		return;
	MUST(lk_check_sys(hello.from, &err) == 0 && lk_check_sys(hello.to, &err) == 0);
	MUST(hello.kind <= FRAME_KIND_DATA && hello.view <= FRAME_VIEW_DOWN && hello.incarnation);
	MUST(frame_version(&hello) >= FRAME_VERSION_MIN && frame_version(&hello) <= FRAME_VERSION_MAX);
	frame_put_hello(&out, &hello);
	MUST(!out.failed);
	MUST(hello.version_max > FRAME_VERSION_MAX ||
	     (out.len == FRAME_HEAD + size && !memcmp(bytes + FRAME_HEAD, data, size)));
}

static void check_beat(const uint8_t *data, size_t size)
{
	for (uint8_t version = 1; version <= FRAME_VERSION_MAX + 1; version++) {
		struct lk_in in = LK_IN(data, size);
		struct frame_beat beat;

		if (frame_get_beat(&in, version, &beat))
			MUST(size >= 4 && beat.view <= FRAME_VIEW_DOWN);
	}
}

static void check_reject(const uint8_t *data, size_t size)
{
	char reason[FRAME_REASON_MAX + 1];
	struct lk_in in = LK_IN(data, size);

	if (!frame_get_reject(&in, reason))
		return;
	MUST(strlen(reason) <= FRAME_REASON_MAX);
	for (const char *p = reason; *p; p++)
		MUST((unsigned char)*p >= 0x20 && *p != 0x7f);
}

/* ---- a stream ---- */

struct found {
	unsigned frames;
	uint64_t sum;
	bool refused;
};

static void take(struct frame_stream *stream, struct found *found)
{
	struct lk_in in = LK_IN(stream->payload, stream->len);
	struct frame_hello hello;

	MUST(stream->len <= stream->max);
	if (stream->type == FRAME_HELLO && frame_get_hello(&in, &hello) == FRAME_HELLO_GOOD)
		stream->max = hello.kind == FRAME_KIND_DATA ? FRAME_PAYLOAD_MAX : FRAME_SMALL_MAX;
	found->sum = found->sum * 31 + stream->type;
	for (size_t i = 0; i < stream->len; i++)
		found->sum = found->sum * 31 + stream->payload[i];
	found->frames++;
	frame_stream_next(stream);
}

/* What the TLS layer gives at a time is up to it. */
static struct found read_stream(const uint8_t *data, size_t size, size_t piece)
{
	struct frame_stream stream = { .max = FRAME_SMALL_MAX };
	struct found found = { 0 };

	while (size && !found.refused) {
		uint8_t *at;
		size_t room = frame_stream_room(&stream, &at), n = size < piece ? size : piece;

		MUST(room > 0);
		n = n < room ? n : room;
		memcpy(at, data, n);
		data += n;
		size -= n;
		switch (frame_stream_add(&stream, n)) {
		case 1:
			take(&stream, &found);
			break;
		case -1:
			found.refused = true;
		}
	}
	frame_stream_next(&stream);
	return found;
}

static void check_stream(const uint8_t *data, size_t size)
{
	struct found whole = read_stream(data, size, size ? size : 1), bytes = read_stream(data, size, 1);

	MUST(whole.frames == bytes.frames && whole.sum == bytes.sum && whole.refused == bytes.refused);
}

/* ---- sealed frames ---- */

static void check_line(const uint8_t *data, size_t size)
{
	struct sealed_line line = { .len = 0 };
	struct sealed sealed;
	size_t frames = 0;

	for (size_t at = 0; at < size;) {
		size_t n = sealed_line_add(&line, data + at, size - at);

		MUST(n > 0 && line.len <= sizeof(line.data));
		at += n;
		for (size_t len; (len = sealed_line_frame(&line)) != 0;) {
			bool good = sealed_get(line.data, len, &with, &sealed);

			MUST(len <= line.len && len >= SEALED_HEAD + SEALED_MAC);
			sealed_line_drop(&line, good ? len : 1);
			frames += good ? len : 1;
		}
	}
	MUST(frames + line.garbage + line.len == size);
}

static void check_slot(const uint8_t *data, size_t size)
{
	uint8_t slot[SEALED_SLOT] = { 0 };
	struct sealed sealed;

	memcpy(slot, data, size < sizeof(slot) ? size : sizeof(slot));
	size_t len = sealed_size(slot, sizeof(slot));
	MUST(len == 0 || (len >= SEALED_HEAD + SEALED_MAC && len <= SEALED_MAX));
	if (len && sealed_get(slot, len, &with, &sealed))
		MUST(sealed.version && sealed.incarnation && sealed.view <= FRAME_VIEW_DOWN);
}

static void judge(struct sealed_talk *talk, const struct sealed *sealed)
{
	enum sealed_verdict verdict = sealed_judge(talk, sealed, 5);

	if (verdict == SEALED_FRESH)
		MUST(sealed->heard_incarnation == talk->incarnation && sealed->heard_sequence <= talk->sequence &&
		     sealed->heard_sequence + 5 >= talk->sequence);
	MUST(sealed_judge(talk, sealed, 5) == SEALED_OLD);
}

/* As if the peer had gone mad: any body, well sealed. */
static void check_body(const uint8_t *data, size_t size)
{
	uint8_t bytes[SEALED_MAX];
	struct lk_out out = LK_OUT(bytes);
	size_t len = size < SEALED_BODY_MAX ? size : SEALED_BODY_MAX;
	struct sealed_talk talk = { .incarnation = 0x0101010101010101, .sequence = 0x01010105 };
	struct sealed sealed;

	lk_put_u32(&out, SEALED_MAGIC);
	lk_put_u16(&out, (uint16_t)len);
	lk_put_raw(&out, data, len);
	const struct lk_piece pieces[] = { { "tty", 4 }, { "alpha", 6 }, { "beta", 5 }, { bytes, out.len } };
	uint8_t mac[SEALED_MAC];
	MUST(lk_key_mac(key, pieces, 4, mac) == 0);
	lk_put_raw(&out, mac, sizeof(mac));
	MUST(!out.failed && sealed_size(bytes, out.len) == out.len);
	if (sealed_get(bytes, out.len, &with, &sealed))
		judge(&talk, &sealed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(const uint8_t *data, size_t size) = {
		check_hello, check_beat, check_reject, check_stream, check_line, check_slot, check_body,
	};

	if (size)
		checks[data[0] % (sizeof(checks) / sizeof(*checks))](data + 1, size - 1);
	return 0;
}
